//! Few file descriptors and few threads: it works, or what is missing is said; never a dashboard without keys.

use super::{
    keys::{ARGUMENTS, assert_answers},
    program::command_in,
    terminal::Session,
};

#[test]
fn few_file_descriptors_are_enough_or_are_said() {
    let limits = [5, 9, 13, 16, 19, 21, 24];
    let works = limits.map(|limit| {
        let mut session = Session::start_limited(&format!("ulimit -n {limit}"), &ARGUMENTS);
        session.wait("a dashboard or a reason", |screen| screen.contains("running") || screen.contains("ulimit -n"));
        let works = session.text().contains("running");
        if works {
            assert_answers(&mut session, false);
        } else {
            assert_eq!(session.end(), 1);
            assert!(!session.text().contains("panicked"), "{limit}: {}", session.text());
            session.assert_restored();
        }
        works
    });
    assert!(!works[0] && works[6], "5 are too few, 24 are enough: {works:?}");
}

#[test]
fn a_thread_that_the_system_refuses_is_said() {
    // No system has memory for the stack of such a thread.
    let mut command = command_in(env!("CARGO_TARGET_TMPDIR").as_ref(), &ARGUMENTS);
    let output = command.env("RUST_MIN_STACK", "1000000000000000").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("gradtop: no thread for the signals: ") && text.contains("`ulimit -u`"), "{text}");
}
