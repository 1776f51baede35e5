//! The dashboard of the real binary in a real terminal, driven by keys and signals as a person would.

use std::{fmt::Write as _, fs, path::PathBuf, thread, time::Duration};

use tempfile::TempDir;

use super::terminal::{Session, number_after};

/// A network whose step never takes long: leaving in a hurry waits for one, but not for ever.
const QUICK_STEPS: [&str; 6] =
    ["--set", "data.source=xor", "--set", "data.samples=40", "--set", "model.layers=linear 2"];

/// The step at which the dashboard says it is paused, once it does.
fn paused(session: &Session) -> u64 {
    let screen = session.wait_for("paused @ ");
    number_after(&screen, "paused @ ").unwrap()
}

fn running(arguments: &[&str]) -> Session {
    let session = Session::start(arguments, &[]);
    session.wait_for("running");
    session
}

#[test]
fn pause_step_change_the_rate_resume_and_quit() {
    let mut session = running(&[]);
    session.wait_for("paced");
    session.press(" ");
    let at = paused(&session);
    #[cfg(target_os = "linux")]
    {
        // What was begun before the pause may still take its time in the first second.
        let used = [(); 3].map(|()| {
            let before = session.processor_seconds();
            thread::sleep(Duration::from_secs(1));
            session.processor_seconds() - before
        });
        assert!(
            used.iter().any(|used| *used <= 0.05),
            "a paused dashboard uses processor time: {used:?} s in a second"
        );
    }
    assert_eq!(paused(&session), at, "a paused run stands still");

    session.press("s");
    session.wait_for(&format!("paused @ {}", at + 1));
    session.press("sss");
    session.wait_for(&format!("paused @ {}", at + 4));

    session.press("+");
    session.wait_for("lr 0.00125");
    session.press("-");
    session.wait_for("lr 0.001 ");
    session.press("L");
    session.press("abc\r");
    session.wait_for("not a number");
    session.press("\u{1b}");
    session.wait("the prompt to close", |screen| !screen.contains("not a number"));
    session.press(":lr 5e-4\r");
    session.wait_for("lr 5e-4");
    session.press(" ");
    session.wait("the run to go on", |screen| screen.contains("running"));
    session.press("q");
    session.wait_for("keep this run?");
    session.press("n");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_finished_run_stays_until_it_is_left() {
    let mut session = Session::start(&["train", "--steps", "40"], &[]);
    session.wait_for("finished");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

/// Names of the folders of runs in `place`, and of those that are unsaved.
fn recorded_runs(place: &TempDir) -> [Vec<String>; 2] {
    [place.path().to_path_buf(), place.path().join(".unsaved")].map(|folder| {
        let names = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.to_str().unwrap().to_owned()).filter(|name| !name.starts_with('.')).collect()
    })
}

#[test]
fn an_unsaved_run_is_kept_or_deleted_as_the_person_says() {
    let place = TempDir::new().unwrap();
    let setting = format!("run.directory={:?}", place.path().to_str().unwrap());
    let start = || running(&[&["--set", &setting], &QUICK_STEPS[..]].concat());
    // Neither a hurry nor a signal deletes anything.
    let mut session = start();
    session.press("\u{3}\u{3}");
    assert_eq!(session.end(), 0);
    let mut session = start();
    session.press("q");
    session.wait_for("keep this run?");
    session.signal("HUP");
    assert_eq!(session.end(), 129);
    let [kept, unsaved] = recorded_runs(&place);
    assert_eq!((kept.len(), unsaved.len()), (0, 2), "{unsaved:?}");
    let mut session = start();
    session.press("w");
    session.wait_for("saved at step");
    session.press("q");
    session.wait_for("keep this run?");
    session.press("n");
    assert_eq!(session.end(), 0);
    session.wait_for("deleted    ");
    assert_eq!(recorded_runs(&place), [kept, unsaved.clone()]);
    let mut session = start();
    session.press("q");
    session.wait_for("keep this run?");
    session.press("\r");
    assert_eq!(session.end(), 0);
    session.wait_for("gradtop open");
    let [kept, still_unsaved] = recorded_runs(&place);
    assert_eq!((kept.len(), still_unsaved), (1, unsaved));

    let mut session = Session::start(&["open", &kept[0], "--directory", place.path().to_str().unwrap()], &[]);
    session.wait_for("recorded @ ");
    session.press("3");
    session.wait_for("a recorded run can't be asked");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    for (signal, status) in [("TERM", 143), ("INT", 130), ("QUIT", 131), ("HUP", 129)] {
        let mut session = running(&[]);
        session.signal(signal);
        assert_eq!(session.end(), status, "{signal}");
        session.assert_restored();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_suspended_dashboard_gives_the_terminal_back_and_takes_it_again() {
    let mut session = running(&[]);
    // Two times, because the second needs what the first put back.
    for _ in 0..2 {
        session.signal("TSTP");
        session.wait_until("the process to stop", || session.process_state() == 'T');
        session.assert_restored();
        session.resize(100, 30);
        session.signal("CONT");
        session.wait("the dashboard to come back", |screen| screen.contains("running") && screen.lines().count() <= 30);
    }
    session.press("qn");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_panic_of_the_engine_leaves_the_screen_alive() {
    let mut session = Session::start(&["train"], &[("GRADTOP_PANIC_AT_STEP", "20")]);
    let screen = session.wait_for("injected at step 20");
    assert!(screen.contains("failed"), "{screen}");
    session.press("?");
    session.wait_for("arrows scroll");
    session.press("\u{1b}");
    session.wait("the help to close", |screen| !screen.contains("arrows scroll"));
    session.press("q");
    assert_eq!(session.end(), 1);
    session.assert_restored();
    assert!(session.text().contains("injected at step 20"));
}

#[test]
fn a_panic_while_drawing_restores_the_terminal_and_tells_what_happened() {
    let mut session = Session::start(&["train"], &[("GRADTOP_PANIC_AT_FRAME", "5")]);
    assert_eq!(session.end(), 101);
    session.assert_restored();
    session.wait_for("injected at frame 5");
}

#[test]
fn what_is_pasted_is_never_a_key() {
    let mut session = running(&QUICK_STEPS);
    session.press("\u{1b}[200~qy q\r:quit\r\u{3}\u{1b}[201~");
    // What follows a paste at once is taken for a part of it.
    thread::sleep(Duration::from_millis(500));
    session.press("f");
    session.wait_for("display frozen");
    session.press("f");
    session.press("\u{3}\u{3}");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_dumb_terminal_gets_no_dashboard() {
    let mut session = Session::start(&["train", "--steps", "5"], &[("TERM", "dumb")]);
    session.wait_for("weights    sha256");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn sizes_down_to_nothing_are_survived() {
    let mut session = running(&[]);
    for (columns, rows) in [(1, 1), (300, 100), (2, 50), (59, 17), (80, 24)] {
        session.resize(columns, rows);
        thread::sleep(Duration::from_millis(50));
    }
    session.wait_for("running");
    session.press("qn");
    assert_eq!(session.end(), 0);
}

/// Rows and columns of numbers of a large table.
const LARGE_TABLE: (usize, usize) = (270_000, 20);

/// A table of 40 MB with three classes.
fn write_large_table(folder: &TempDir) -> PathBuf {
    let (rows, columns) = LARGE_TABLE;
    let mut part = String::new();
    for row in 0..rows / 100 {
        for column in 0..columns {
            let _ = write!(part, "{}.{:04},", row % 7, (row * 37 + column * 1009) % 10_000);
        }
        let _ = writeln!(part, "{}", row % 3);
    }
    let path = folder.path().join("large.csv");
    fs::write(&path, part.repeat(100)).unwrap();
    path
}

#[test]
fn reading_a_large_table_shows_how_far_it_is_and_can_be_left() {
    let folder = TempDir::new().unwrap();
    let path = write_large_table(&folder);
    let mut session = Session::start(&["train", "--data", path.to_str().unwrap()], &[]);
    let screen = session.wait_for("reading ");
    assert!(screen.contains("loading") && !screen.contains("running"), "{screen}");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
    assert!(!session.text().contains("weights"), "{}", session.text());
}

#[test]
#[cfg(target_os = "linux")]
fn a_large_table_takes_little_more_memory_than_its_numbers() {
    let folder = TempDir::new().unwrap();
    let path = write_large_table(&folder);
    let arguments = ["train", "--layers", "linear classes", "--steps", "10", "--data", path.to_str().unwrap()];
    let mut session = Session::start(&arguments, &[]);
    session.wait_for("finished");
    // The numbers, as many again for safety, and what the program takes on a small table.
    let numbers = 4 * (LARGE_TABLE.0 * LARGE_TABLE.1) as u64;
    let peak = session.peak_memory();
    assert!(peak < 2 * numbers + 30_000_000, "{peak} bytes for {numbers} bytes of numbers");
    session.press("q");
    assert_eq!(session.end(), 0);
}
