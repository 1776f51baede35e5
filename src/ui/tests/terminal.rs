//! The dashboard on a real pseudo-terminal, and everything that can end it.
//!
//! Each test starts this test binary once more with only [`child`] in it, which shows a dashboard whose source is a
//! thread that counts.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::fixture;
use crate::{
    app::{Exit, Signal as Told},
    protocol::{Command, Event, Request},
    ui::{self, AttentionSignal, PictureProtocol, UiSettings, events::InputReader},
};

/// Says what the child is to do; without it, [`child`] does nothing.
const BEHAVIOUR: &str = "GRADTOP_TEST_CHILD";

/// Long enough on a busy machine; nothing here waits that long when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn child() {
    let Ok(behaviour) = std::env::var(BEHAVIOUR) else { return };
    let (events, mut receiver) = tokio::sync::mpsc::channel(4);
    let (requests, asked) = std::sync::mpsc::channel::<Request>();
    let engine_panics = behaviour == "engine panics";
    let engine_leaves = behaviour == "engine leaves";
    let reader_breaks = behaviour == "reader breaks";
    thread::spawn(move || {
        let send = |events_now: Vec<Event>| events.blocking_send(events_now);
        let _ = send(vec![fixture::hello("made up"), fixture::info(), fixture::controls(1e-3, None)]);
        let _ = send(vec![fixture::state(crate::protocol::RunState::Running, 0, None)]);
        for step in 1.. {
            if engine_leaves && step == 50 {
                return;
            }
            if engine_panics && step == 50 {
                assert!(std::panic::catch_unwind(|| panic!("the engine broke")).is_err());
            }
            if let Ok(Request { command: Command::Stop, id }) = asked.recv_timeout(Duration::from_millis(5)) {
                let _ = send(vec![Event::Applied { id, step }, Event::Stopped { step }]);
                return;
            }
            if send(vec![Event::Step(fixture::report(step))]).is_err() {
                return;
            }
        }
    });
    let send = move |request: Request| {
        if request.command == Command::Pause {
            break_in_the_way_of(&behaviour);
        }
        requests.send(request).map_err(std::io::Error::other)
    };
    let theme = ui::Theme::detect(None, None, |name| std::env::var(name).ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings = UiSettings { fps: 30, theme, pictures: PictureProtocol::Blocks, attention: AttentionSignal::Osc9 };
    let start_reading = || if reader_breaks { InputReader::broken() } else { InputReader::start() };
    let recorded = ui::RecordedRuns::none();
    let shown =
        ui::run::run_with_inputs(fixture::silent(), &mut receiver, send, |_| {}, recorded, settings, start_reading);
    let left = runtime.block_on(shown).unwrap();
    std::process::exit(match left.exit {
        Exit::Asked(_) => 0,
        Exit::Signal(Told::HangUp) => 129,
        Exit::Signal(Told::Interrupt) => 130,
        Exit::Signal(Told::Quit) => 131,
        Exit::Signal(Told::Terminate) => 143,
    });
}

/// Does what no program should.
fn break_in_the_way_of(behaviour: &str) {
    match behaviour {
        "drawing panics" => panic!("the drawing broke"),
        "memory is refused" => std::alloc::handle_alloc_error(std::alloc::Layout::new::<[u8; 1 << 30]>()),
        "a stack overflows" => {
            let _ = thread::spawn(|| overflow(0)).join();
        }
        _ => {}
    }
}

/// Calls itself until the stack is full.
#[allow(unconditional_recursion)]
fn overflow(depth: u64) -> u64 {
    std::hint::black_box([depth; 512])[0] + overflow(depth + 1)
}

/// A dashboard on a pseudo-terminal.
struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    out: Arc<Mutex<Vec<u8>>>,
    /// Stops reading from the terminal, for as long as it is set.
    hold: Arc<AtomicBool>,
    /// Closes the reader's end of the terminal after the next bytes.
    close: Arc<AtomicBool>,
    before: String,
}

impl Session {
    fn start(behaviour: &str) -> Self {
        Self::start_after(behaviour, "")
    }

    /// Starts the dashboard after a command of the shell.
    fn start_after(behaviour: &str, command: &str) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 30, cols: 100, ..PtySize::default() }).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let mut shell = CommandBuilder::new("/bin/sh");
        shell.arg("-c");
        let name = "ui::tests::terminal::child";
        let program = std::env::current_exe().unwrap();
        shell.arg(format!("{command} exec '{}' {name} --exact --nocapture --test-threads=1", program.display()));
        for (name, value) in
            [(BEHAVIOUR, behaviour), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("RUST_BACKTRACE", "0")]
        {
            shell.env(name, value);
        }
        let child = pair.slave.spawn_command(shell).unwrap();
        let out = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let copy = Arc::clone(&out);
        let (hold, close) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (held, done) = (Arc::clone(&hold), Arc::clone(&close));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                while held.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                if done.load(Ordering::SeqCst) {
                    return;
                }
                copy.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..count]);
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { master: Some(pair.master), writer: Some(writer), child, out, hold, close, before }
    }

    fn output(&self) -> Vec<u8> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn press(&mut self, keys: &str) {
        self.writer.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap()
    }

    /// The screen after everything so far.
    fn screen(&self, rows: u16, columns: u16) -> String {
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(&self.output());
        parser.screen().contents()
    }

    fn wait_for(&self, word: &str) {
        self.wait_until(word, |screen| screen.contains(word));
    }

    fn wait_until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !condition(&self.screen(30, 100)) {
            assert!(start.elapsed() < PATIENCE, "no {what} on\n{}", self.screen(30, 100));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Exit status, and how long it took.
    fn end(&mut self) -> (u32, Duration) {
        let (status, took) = self.end_status();
        (status.exit_code(), took)
    }

    /// How it ended, and how long it took.
    fn end_status(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What was written last is still on its way to the reader.
                thread::sleep(Duration::from_millis(50));
                return (status, start.elapsed());
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().unwrap();
        panic!("still there");
    }

    /// Fails unless the terminal is as it was found.
    fn assert_restored(&self) {
        assert_eq!(format!("{:?}", self.master.as_ref().unwrap().get_termios()), self.before);
        let mut parser = vt100::Parser::new(30, 100, 0);
        parser.process(&self.output());
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

#[test]
fn quitting_leaves_the_terminal_as_it_was() {
    let mut session = Session::start("");
    session.wait_for("● running");
    session.press("q");
    session.wait_for("stop and quit");
    session.press("y");
    assert_eq!(session.end().0, 0);
    session.assert_restored();
}

#[test]
fn signals_end_it_with_128_plus_their_number() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::HUP, 129)] {
        let mut session = Session::start("");
        session.wait_for("● running");
        session.signal(signal);
        assert_eq!(session.end().0, status, "{signal:?}");
        session.assert_restored();
    }
}

#[test]
fn a_panic_while_drawing_is_read_on_a_sane_screen() {
    let mut session = Session::start("drawing panics");
    session.wait_for("● running");
    session.press(" ");
    assert_eq!(session.end().0, 101);
    session.assert_restored();
    let screen = session.screen(30, 100);
    assert!(screen.contains("the drawing broke"), "{screen}");
}

#[test]
fn a_crash_leaves_the_terminal_as_it_was_and_says_what_it_was() {
    for (behaviour, signal, name, words) in [
        ("memory is refused", None, "Aborted", "as when the system refuses memory"),
        // Rust's own handler says it, and aborts.
        ("a stack overflows", None, "Aborted", "has overflowed its stack"),
        ("", Some(Signal::SEGV), "Segmentation fault", "ended by SIGSEGV"),
        ("", Some(Signal::ABORT), "Aborted", "aborted (SIGABRT)"),
        ("", Some(Signal::XFSZ), "File size limit exceeded", "the limit of a file's size"),
        ("", Some(Signal::USR1), "User defined signal 1", "ended by SIGUSR1"),
    ] {
        let mut session = Session::start_after(behaviour, "ulimit -c 0;");
        session.wait_for("● running");
        match signal {
            Some(signal) => session.signal(signal),
            None => session.press(" "),
        }
        let ended = session.end_status().0;
        assert_eq!(ended.signal(), Some(name), "{behaviour} {signal:?}: {ended:?}");
        session.assert_restored();
        let screen = session.screen(30, 100);
        assert!(screen.contains(words), "{behaviour} {signal:?}: {screen}");
    }
}

#[test]
fn a_crash_in_a_terminal_that_is_not_read_ends_all_the_same() {
    let mut session = Session::start_after("", "ulimit -c 0;");
    session.wait_for("● running");
    session.hold.store(true, Ordering::SeqCst);
    // Enough frames to fill what the system keeps for the terminal.
    thread::sleep(Duration::from_secs(3));
    session.signal(Signal::SEGV);
    let ended = session.end_status().0;
    session.hold.store(false, Ordering::SeqCst);
    assert_eq!(ended.signal(), Some("Segmentation fault"));
    assert_eq!(format!("{:?}", session.master.as_ref().unwrap().get_termios()), session.before);
}

#[test]
fn a_panic_of_the_engine_stays_off_the_live_screen() {
    let mut session = Session::start("engine panics");
    session.wait_until("step after 50", |screen| (60..999).any(|step| screen.contains(&format!("step {step} /"))));
    assert!(!String::from_utf8_lossy(&session.output()).contains("the engine broke"));
    session.press("q");
    session.wait_for("stop and quit");
    session.press("y");
    assert_eq!(session.end().0, 0);
    session.assert_restored();
    assert!(session.screen(30, 100).contains("the engine broke"));
}

#[test]
fn a_dashboard_without_keys_ends_and_says_so() {
    let mut session = Session::start("reader breaks");
    assert_eq!(session.end().0, 101);
    session.assert_restored();
    let screen = session.screen(30, 100);
    assert!(screen.contains("no key can be read") && screen.contains("the reader breaks"), "{screen}");
}

#[test]
fn a_run_that_breaks_calls_once() {
    let mut session = Session::start("engine leaves");
    session.wait_for("✗ failed");
    session.press("?");
    session.wait_for("arrows scroll");
    session.press("q");
    session.press("q");
    assert_eq!(session.end().0, 0);
    let output = String::from_utf8_lossy(&session.output()).into_owned();
    let call = "\u{1b}]9;gradtop: made up failed at step 49: the training stopped unexpectedly\u{7}";
    assert_eq!(output.matches(call).count(), 1, "{output:?}");
}

#[test]
fn it_ends_when_the_terminal_is_gone() {
    for command in ["", "trap '' HUP;"] {
        let mut session = Session::start_after("", command);
        session.wait_for("● running");
        session.writer = None;
        session.master = None;
        session.close.store(true, Ordering::SeqCst);
        let (status, took) = session.end();
        assert_eq!((status, took < Duration::from_secs(3)), (129, true), "{took:?} after {command:?}");
    }
}

#[test]
fn a_terminal_that_is_not_read_can_still_be_left() {
    let mut session = Session::start("");
    session.wait_for("● running");
    session.hold.store(true, Ordering::SeqCst);
    // Enough frames to fill what the system keeps for the terminal.
    thread::sleep(Duration::from_secs(3));
    session.signal(Signal::TERM);
    let (status, took) = session.end();
    session.hold.store(false, Ordering::SeqCst);
    assert_eq!((status, took < Duration::from_secs(3)), (143, true), "{took:?}");
    thread::sleep(Duration::from_millis(300));
    session.assert_restored();
}

#[test]
fn it_stops_and_comes_back_at_another_size() {
    let mut session = Session::start("");
    session.wait_for("● running");
    session.signal(Signal::TSTP);
    let stopped = waitpid(Some(session.pid()), WaitOptions::UNTRACED).unwrap().unwrap().1;
    assert!(stopped.stopped(), "{stopped:?}");
    thread::sleep(Duration::from_millis(50));
    session.assert_restored();
    let size = PtySize { rows: 40, cols: 130, ..PtySize::default() };
    session.master.as_ref().unwrap().resize(size).unwrap();
    session.out.lock().unwrap().clear();
    session.signal(Signal::CONT);
    let start = Instant::now();
    while !session.screen(40, 130).lines().nth(39).is_some_and(|line| line.contains("Space pause")) {
        assert!(start.elapsed() < PATIENCE, "{}", session.screen(40, 130));
        thread::sleep(Duration::from_millis(10));
    }
    session.signal(Signal::TERM);
    assert_eq!(session.end().0, 143);
    session.assert_restored();
}
