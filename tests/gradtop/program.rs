//! The real binary, run without a terminal.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What a command gives.
pub fn gradtop<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The exit status and standard error of a command that prints nothing else.
pub fn complaint(arguments: &[&str]) -> (i32, String) {
    let output = gradtop(arguments);
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A command in a folder, not started yet.
pub fn command_in(place: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradtop"));
    command.args(words).current_dir(place).stdin(Stdio::null());
    command
}

/// What a command gives in a folder.
pub fn gradtop_in(place: &Path, words: &[&str]) -> Output {
    command_in(place, words).output().unwrap()
}

/// What a command prints that succeeds.
pub fn output_in(place: &Path, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = gradtop_in(place, words);
    assert!(status.success(), "{words:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// What a command complains about that is used wrongly.
pub fn refusal_in(place: &Path, words: &[&str]) -> String {
    let Output { status, stderr, .. } = gradtop_in(place, words);
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{words:?}: {text}");
    text
}
