//! Signals in the words of the event loop.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaughtSignal {
    /// Stop cleanly, then exit with 128 plus this number.
    End(i32),
    /// Give the terminal back and stop.
    Suspend,
    /// The process was stopped and goes on.
    Resume,
    /// The window has another size.
    Resize,
}
