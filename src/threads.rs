//! Threads, and what is said where the system gives none.

use std::{
    io,
    thread::{self, JoinHandle},
};

/// Starts a thread; `name` says what it is for, also to a person whose system gives no thread for it.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(|error| {
        let text = format!("no thread for the {name}: {error}; `ulimit -u` says how many a user may have");
        io::Error::new(error.kind(), text)
    })
}
