//! The thread that writes to the terminal, so that a terminal that is not read never blocks the event loop.
//!
//! At most one frame is under way; while it is, the loop draws nothing, so memory stays bounded and the next frame
//! shows the newest state. Signals are handled even while a write is stuck.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::threads::spawn_thread;

/// Bytes given to the operating system at once; between two of these a frame can be abandoned.
const MAX_CHUNK_BYTES: usize = 4096;

/// The control character that makes a terminal forget the sequence it is reading.
const CANCEL_BYTE: u8 = 0x18;

/// Sends bytes to standard output from a thread of its own.
#[derive(Clone)]
pub struct Output {
    queue: SyncSender<Vec<u8>>,
    shared: Arc<SharedProgress>,
}

#[derive(Default)]
struct SharedProgress {
    progress: Mutex<OutputProgress>,
    changed: Condvar,
    idle: Notify,
}

#[derive(Default)]
struct OutputProgress {
    busy: bool,
    abandoned: bool,
    broken: bool,
}

impl SharedProgress {
    fn lock(&self) -> MutexGuard<'_, OutputProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start() -> io::Result<Self> {
        Self::start_with(io::stdout())
    }

    fn start_with(writer: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, frames) = sync_channel(1);
        let shared = Arc::new(SharedProgress::default());
        let theirs = Arc::clone(&shared);
        spawn_thread("terminal output", move || write_frames(&frames, &theirs, writer))?;
        Ok(Self { queue, shared })
    }

    /// Takes `bytes` if nothing is under way; otherwise gives `false` and drops them.
    pub fn try_send(&self, bytes: Vec<u8>) -> bool {
        let mut progress = self.shared.lock();
        if progress.busy || progress.broken {
            return false;
        }
        // The queue holds one frame and the thread is idle, so this never blocks.
        progress.busy = self.queue.try_send(bytes).is_ok();
        progress.busy
    }

    /// Whether a frame is being written.
    pub fn is_busy(&self) -> bool {
        self.shared.lock().busy
    }

    /// Whether writing failed, as it does once the terminal is gone.
    pub fn is_broken(&self) -> bool {
        self.shared.lock().broken
    }

    /// Completes when a frame was written, or at once if that happened since the last call.
    pub async fn written(&self) {
        self.shared.idle.notified().await;
    }

    /// Writes `bytes` after what is under way, which is given up after `patience`; `false` if it is not read even
    /// then.
    pub fn write_with_timeout(&self, mut bytes: Vec<u8>, patience: Duration) -> bool {
        if !self.wait_until_idle(patience) {
            // The frame may have been cut in the middle of a sequence; this ends it.
            bytes.insert(0, CANCEL_BYTE);
            self.shared.lock().abandoned = true;
            super::system::discard_output();
            let idle = self.wait_until_idle(patience);
            self.shared.lock().abandoned = false;
            if !idle {
                return false;
            }
        }
        self.try_send(bytes) && self.wait_until_idle(patience)
    }

    fn wait_until_idle(&self, patience: Duration) -> bool {
        let progress = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(progress, patience, |progress| progress.busy);
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !progress.busy
    }
}

fn write_frames(frames: &Receiver<Vec<u8>>, shared: &SharedProgress, mut writer: impl Write) {
    while let Ok(frame) = frames.recv() {
        let mut result = Ok(());
        for chunk in frame.chunks(MAX_CHUNK_BYTES) {
            result = writer.write_all(chunk);
            if result.is_err() || shared.lock().abandoned {
                break;
            }
        }
        let result = result.and_then(|()| writer.flush());
        let mut progress = shared.lock();
        progress.busy = false;
        progress.broken |= result.is_err();
        drop(progress);
        shared.changed.notify_all();
        shared.idle.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that reads nothing until it is told to.
    #[derive(Clone, Default)]
    struct Stuck(Arc<Unread>);

    #[derive(Default)]
    struct Unread {
        /// Whether it reads, and what it has read.
        state: Mutex<(bool, Vec<u8>)>,
        changed: Condvar,
    }

    impl Stuck {
        fn read(&self) {
            self.0.state.lock().unwrap().0 = true;
            self.0.changed.notify_all();
        }
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.changed.wait_while(self.0.state.lock().unwrap(), |state| !state.0).unwrap();
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_terminal_takes_one_frame_and_blocks_no_caller() {
        let stuck = Stuck::default();
        let output = Output::start_with(stuck.clone()).unwrap();
        assert!(output.try_send(b"one".to_vec()));
        assert!(!output.try_send(b"two".to_vec()), "a second frame must wait");
        assert!(output.is_busy());
        stuck.read();
        assert!(output.wait_until_idle(Duration::from_secs(5)));
        assert!(output.try_send(b"three".to_vec()));
        assert!(output.wait_until_idle(Duration::from_secs(5)));
        assert_eq!(stuck.0.state.lock().unwrap().1, b"onethree");
    }

    #[test]
    fn insisting_gives_up_after_its_patience() {
        let output = Output::start_with(Stuck::default()).unwrap();
        assert!(output.try_send(b"one".to_vec()));
        assert!(!output.write_with_timeout(b"leave".to_vec(), Duration::from_millis(10)));
    }

    #[test]
    fn a_closed_terminal_is_noticed() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::BrokenPipe))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Output::start_with(Closed).unwrap();
        assert!(output.try_send(b"one".to_vec()));
        assert!(output.wait_until_idle(Duration::from_secs(5)));
        assert!(output.is_broken() && !output.try_send(b"two".to_vec()));
    }
}
