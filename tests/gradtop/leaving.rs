//! Leaving while the engine is busy, the dashboard of a job in the background, and ends that are no terminals.

use std::{
    io::{self, Read},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::terminal::Session;

/// A run that goes on for long, in steps that are quick unless a stall is injected.
const ARGUMENTS: [&str; 10] = [
    "train",
    "--set",
    "data.source=xor",
    "--set",
    "data.samples=40",
    "--set",
    "model.layers=linear 2",
    "--set",
    "run.epochs=1000000",
    "--no-record",
];

/// [`ARGUMENTS`] for the shell.
fn shell_words() -> String {
    ARGUMENTS.map(|argument| format!("'{argument}'")).join(" ")
}

/// Two seconds is what leaving may take, and three what it took when two limits followed each other.
const LEAVING_LIMIT: Duration = Duration::from_millis(2900);

/// Starts a run that then takes ten minutes for what `stall` says, and waits until it does.
fn stalled(stall: &str) -> Session {
    let arguments = if stall == "save" { &ARGUMENTS[..9] } else { &ARGUMENTS[..] };
    let session = Session::start(arguments, &[("GRADTOP_STALL_AT", stall)]);
    wait_for_stall(&session, if stall == "load" { "loading" } else { "running" });
    session
}

/// Waits until the dashboard shows this state, and a little: the fourth step, which stalls, comes milliseconds later.
fn wait_for_stall(session: &Session, state: &str) {
    session.wait_for(state);
    thread::sleep(Duration::from_millis(500));
}

#[test]
fn signals_end_it_in_two_seconds_whatever_the_engine_does() {
    for (stall, signal, status) in [("load", "TERM", 143), ("step", "HUP", 129), ("save", "QUIT", 131)] {
        let mut session = stalled(stall);
        session.signal(signal);
        assert_eq!(session.end_within(LEAVING_LIMIT), status, "{signal} at {stall}");
        session.assert_restored();
    }
}

#[test]
fn the_second_signal_ends_it_at_once() {
    // The status is that of the signal that ended it: not the first one, whose time came to its end. On a busy machine
    // that time may be over before the second one is sent.
    let ended_at_once = (0..4).any(|_| {
        let mut session = stalled("step");
        session.signal("TERM");
        session.wait_until("the dashboard to leave", || !session.shows_dashboard());
        session.signal("INT");
        let status = session.end();
        session.assert_restored();
        assert!([130, 143].contains(&status), "{status}");
        status == 130
    });
    assert!(ended_at_once);
}

#[test]
fn control_c_twice_waits_for_no_step() {
    let mut session = stalled("step");
    session.press("\u{3}");
    session.wait_for("stop and quit");
    session.press("\u{3}");
    assert_eq!(session.end_within(LEAVING_LIMIT), 130);
    session.assert_restored();
}

#[test]
fn it_ends_with_its_terminal_also_in_the_middle_of_a_step() {
    for prefix in ["", "trap '' HUP; "] {
        let line = format!("{prefix}exec \"$GRADTOP\" {}", shell_words());
        let mut session = Session::start_shell(&line, &[("GRADTOP_STALL_AT", "step")]);
        wait_for_stall(&session, "running");
        session.close_terminal();
        assert_eq!(session.end_within(LEAVING_LIMIT), 129, "{prefix}");
    }
}

#[test]
fn a_headless_run_ends_in_the_middle_of_a_step() {
    for (style, signal, status) in [("--headless", "TERM", 143), ("--json", "INT", 130)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradtop"))
            .args(ARGUMENTS)
            .args([style, "--set", "run.evaluate_every=1"])
            .env("GRADTOP_STALL_AT", "step")
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Something of the run is read; the fourth step, which stalls, comes milliseconds later.
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut [0; 200]).unwrap();
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        thread::sleep(Duration::from_millis(500));
        let sent = Instant::now();
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(status), "{style}");
        assert!(sent.elapsed() < LEAVING_LIMIT, "{style}: {:?}", sent.elapsed());
    }
}

/// State of a process, as one letter; `None` when there is none that is not dead.
#[cfg(target_os = "linux")]
fn state_of(process: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next().filter(|state| *state != 'Z')
}

/// A shell with a dashboard in the background, once that is stopped; and its process.
#[cfg(target_os = "linux")]
fn in_background(then: &str) -> (Session, String) {
    let line = format!("set -m; \"$GRADTOP\" {} & echo job $! is started; read x; {then}", shell_words());
    let session = Session::start_shell(&line, &[]);
    let screen = session.wait_for(" is started");
    let process = screen.split("job ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    session.wait_until("the job to stop", || state_of(&process) == Some('T'));
    assert!(!session.raw_output().contains('\u{1b}'), "{:?}", session.raw_output());
    (session, process)
}

#[test]
#[cfg(target_os = "linux")]
fn in_the_background_it_waits_for_the_terminal_and_signals_end_it() {
    for signal in ["TERM", "HUP"] {
        let (session, process) = in_background("");
        // As `timeout` does, and shells with a job that is stopped.
        for signal in [signal, "CONT"] {
            assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
        }
        session.wait_until("the job to end", || state_of(&process).is_none());
        assert!(!session.raw_output().contains('\u{1b}'), "{:?}", session.raw_output());
        session.assert_restored();
    }
    let (mut session, process) = in_background("fg; echo status $?");
    // Without the terminal it goes on waiting.
    assert!(Command::new("kill").args(["-s", "CONT", &process]).status().unwrap().success());
    session.wait_until("the job to stop again", || state_of(&process) == Some('T'));
    session.press("\n");
    session.wait_for("running");
    session.press("\u{3}\u{3}");
    session.wait_for("status 0");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
#[cfg(target_os = "linux")]
fn a_time_limit_ends_it_although_that_puts_it_into_the_background() {
    for arguments in [&shell_words(), ""] {
        let line = format!("timeout 1 \"$GRADTOP\" {arguments}; echo status $?");
        let mut session = Session::start_shell(&line, &[]);
        session.wait_for("status 124");
        assert_eq!(session.end(), 0);
        session.assert_restored();
    }
}

#[test]
fn where_no_screen_can_be_there_is_none() {
    let run = format!("\"$GRADTOP\" {} --steps 5", shell_words());
    for (line, name) in [
        (format!("{run} </dev/null"), "xterm"),
        (format!("{run} | cat"), "xterm"),
        (run.clone(), "dumb"),
        (run.clone(), ""),
        (format!("unset TERM; {run}"), ""),
    ] {
        let mut session = Session::start_shell(&line, &[("TERM", name)]);
        session.wait_for("weights    sha256");
        assert_eq!(session.end(), 0, "{line}");
        // No mode was switched on, not for a moment either.
        let output = session.raw_output();
        assert!(!output.contains("\u{1b}[?"), "{line}: {output:?}");
    }
}
