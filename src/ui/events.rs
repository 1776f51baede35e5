//! What comes from the keyboard, the mouse and the window, in the words of the app.
//!
//! Reading blocks, so it has a thread of its own, which only hands on what came; another thread watches whether the
//! terminal is still there.

#[cfg(unix)]
mod decoder;
#[cfg(not(unix))]
mod non_unix;
#[cfg(unix)]
mod unix;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use tokio::{sync::mpsc, time::sleep_until};

#[cfg(not(unix))]
use self::non_unix::{self as system, InputDecoder};
#[cfg(unix)]
use self::{decoder::InputDecoder, unix as system};
use crate::{app::Key, threads::spawn_thread};

/// Chunks that may wait to be decoded; the reader waits beyond that.
const MAX_QUEUED_CHUNKS: usize = 16;

/// How often reading is begun, at most; it is begun again after a panic.
const MAX_READER_RUNS: usize = 3;

/// Something that came in.
#[derive(Debug, PartialEq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A button was pressed at a cell.
    Press {
        /// Column from the left.
        x: u16,
        /// Row from the top.
        y: u16,
    },
    /// The wheel was turned at a cell.
    Wheel {
        /// Column from the left.
        x: u16,
        /// Row from the top.
        y: u16,
        /// Away from the person.
        up: bool,
    },
    /// The window has another size, where no signal tells it.
    Resize,
    /// The terminal is gone.
    Gone,
    /// Nothing more can be read, though the terminal is there.
    Unreadable,
}

/// What the threads report.
enum Arrival {
    /// Something was read.
    Chunk(system::Chunk),
    /// The terminal is gone.
    Gone,
    /// The reader panicked for the last time.
    Unreadable,
}

/// Gives what came in, in its order.
pub struct InputReader {
    arrivals: mpsc::Receiver<Arrival>,
    decoder: InputDecoder,
}

impl InputReader {
    /// Starts the two threads; the terminal has to be in raw mode.
    ///
    /// # Errors
    /// When the system gives no thread or no file descriptor.
    pub fn start() -> io::Result<Self> {
        let (sender, arrivals) = mpsc::channel(MAX_QUEUED_CHUNKS);
        system::start_threads(&sender)?;
        Ok(Self { arrivals, decoder: InputDecoder::default() })
    }

    /// One whose reader panics each time.
    #[cfg(test)]
    pub(in crate::ui) fn broken() -> io::Result<Self> {
        let (sender, arrivals) = mpsc::channel(MAX_QUEUED_CHUNKS);
        spawn_reader(sender, |_| panic!("the reader breaks"))?;
        Ok(Self { arrivals, decoder: InputDecoder::default() })
    }

    /// Waits for the next input.
    pub async fn next(&mut self) -> Input {
        loop {
            if let Some(input) = self.decoder.pop() {
                return input;
            }
            let deadline = self.decoder.deadline();
            tokio::select! {
                // First, since what has arrived tells better than this loop's clock whether it came in time.
                biased;
                arrival = self.arrivals.recv() => {
                    if let Some(end) = self.take(arrival.unwrap_or(Arrival::Unreadable)) {
                        return end;
                    }
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now).into()), if deadline.is_some() => {
                    self.decoder.give_up();
                }
            }
        }
    }

    /// The next input, if it is there already.
    pub fn try_next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.decoder.pop() {
                return Some(input);
            }
            let arrival = self.arrivals.try_recv().ok()?;
            if let Some(end) = self.take(arrival) {
                return Some(end);
            }
        }
    }

    fn take(&mut self, arrival: Arrival) -> Option<Input> {
        match arrival {
            Arrival::Chunk(chunk) => self.decoder.push(chunk),
            Arrival::Gone => return Some(Input::Gone),
            Arrival::Unreadable => return Some(Input::Unreadable),
        }
        None
    }
}

/// Starts a thread that runs `read` until it returns, and again after a panic, whose message is kept as those of all
/// other threads are.
fn spawn_reader(
    sender: mpsc::Sender<Arrival>,
    read: impl Fn(&mpsc::Sender<Arrival>) + Send + 'static,
) -> io::Result<()> {
    spawn_thread("terminal input", move || {
        for _ in 0..MAX_READER_RUNS {
            if catch_unwind(AssertUnwindSafe(|| read(&sender))).is_ok() {
                return;
            }
        }
        // The receiver is gone when the dashboard was left first.
        let _ = sender.blocking_send(Arrival::Unreadable);
    })
    .map(drop)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    use super::*;

    fn reader(read: impl Fn(&mpsc::Sender<Arrival>) + Send + 'static) -> InputReader {
        let (sender, arrivals) = mpsc::channel(MAX_QUEUED_CHUNKS);
        spawn_reader(sender, read).unwrap();
        InputReader { arrivals, decoder: InputDecoder::default() }
    }

    fn send(sender: &mpsc::Sender<Arrival>, bytes: &[u8]) {
        let chunk = system::Chunk { bytes: bytes.to_vec(), at: Instant::now() };
        assert!(sender.blocking_send(Arrival::Chunk(chunk)).is_ok());
    }

    /// The next input, which has to come.
    fn next(inputs: &mut InputReader) -> Input {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), inputs.next()).await }).unwrap()
    }

    #[test]
    fn reading_begins_again_after_a_panic() {
        let runs = AtomicUsize::new(0);
        let mut inputs = reader(move |sender| {
            assert!(runs.fetch_add(1, Ordering::SeqCst) > 0, "the reader broke");
            send(sender, b"a");
        });
        assert_eq!(next(&mut inputs), Input::Key(Key::char('a')));
    }

    #[test]
    fn a_reader_that_always_panics_is_reported() {
        assert_eq!(next(&mut InputReader::broken().unwrap()), Input::Unreadable);
    }

    #[test]
    fn a_lone_escape_is_reported_without_another_key() {
        let mut inputs = reader(|sender| {
            send(sender, b"a\x1b");
            // The thread lives on, as one does that reads a terminal.
            while !sender.is_closed() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(next(&mut inputs), Input::Key(Key::char('a')));
        assert_eq!(inputs.try_next(), None);
        assert_eq!(next(&mut inputs), Input::Key(Key::plain(crate::app::Code::Esc)));
    }
}
