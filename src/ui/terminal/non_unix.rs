//! The same as on Unix for systems without its terminals: no job control, no hang-up, Ctrl-C as the one signal.

// The shape is that of the Unix module, so that callers need no `cfg`.
#![allow(clippy::unused_self, clippy::unused_async)]

use std::io;

use super::signals::CaughtSignal;

/// The terminal's modes as they were found.
pub struct Modes;

impl Modes {
    /// Switches to raw mode and remembers what was there before. What a crash leaves behind is the console's to clear.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn enter_raw_mode(_leave_sequence: Vec<u8>) -> io::Result<Self> {
        crossterm::terminal::enable_raw_mode().map(|()| Self)
    }

    /// Switches to raw mode once more.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn reenter_raw_mode(&self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn restore(&self) -> io::Result<()> {
        crossterm::terminal::disable_raw_mode()
    }
}

/// There is no queue to discard.
pub fn discard_output() {}

/// Threads have no such class.
pub fn use_batch_scheduling() {}

/// A console has no jobs.
pub fn is_in_foreground() -> bool {
    true
}

/// A console has no jobs.
pub fn wait_for_foreground() {}

/// Does nothing; see [`is_in_foreground`].
pub fn stop_in_background() {}

/// Nothing could bring a stopped process back.
pub fn can_suspend() -> bool {
    false
}

/// Does nothing; see [`can_suspend`].
pub fn stop_process(_job: bool) {}

/// Listens to Ctrl-C sent from outside.
pub struct Signals;

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// Never.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// The next signal.
    pub async fn next(&mut self) -> CaughtSignal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => CaughtSignal::End(2),
            Err(_) => std::future::pending().await,
        }
    }

    /// There are none.
    pub async fn forget_suspensions(&mut self) {}
}
