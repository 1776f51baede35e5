//! The real binary, run without a terminal.

use std::{
    ffi::OsStr,
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
