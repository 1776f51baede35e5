//! The threads of the dashboard.

use std::{io, thread};

/// Starts a thread that nothing waits for; `name` says what it does, on the screen too when there is none to be had.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(|error| {
        let text = format!("no thread for the {name}: {error}; `ulimit -u` says how many a user may have");
        io::Error::new(error.kind(), text)
    })
}
