//! The bytes of a terminal, read as they come.
//!
//! The reader polls before each read, and a poll tells as long as anything is unread. Crossterm's own reader waits for
//! changes only, and leaves bytes unread for which it was not told once more.

use std::{
    io,
    os::fd::OwnedFd,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::getpgrp,
    termios::{tcgetattr, tcgetpgrp},
};
use tokio::sync::mpsc;

use super::{Arrival, spawn_reader};
use crate::{
    threads::spawn_thread,
    ui::terminal::{open_terminal, wait_for_hang_up},
};

/// Bytes read at once: what Linux keeps of a terminal's input.
const MAX_CHUNK_BYTES: usize = 4096;

/// How soon it is tried again when nothing can be read.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Bytes that were read together.
pub struct Chunk {
    /// At least one.
    pub bytes: Vec<u8>,
    /// When they were read.
    pub at: Instant,
}

/// Starts the threads that read the terminal and watch whether it is there.
pub fn start_threads(sender: &mpsc::Sender<Arrival>) -> io::Result<()> {
    let terminal = Arc::new(open_terminal()?);
    let (watched, watcher) = (Arc::clone(&terminal), sender.clone());
    spawn_thread("terminal watch", move || {
        wait_for_hang_up(&watched);
        // The receiver is gone when the dashboard was left first.
        let _ = watcher.blocking_send(Arrival::Gone);
    })?;
    spawn_reader(sender.clone(), move |sender| read_chunks(&terminal, sender))
}

/// Hands on what is read, until the terminal is gone or the dashboard was left.
fn read_chunks(terminal: &OwnedFd, sender: &mpsc::Sender<Arrival>) {
    let mut buffer = [0; MAX_CHUNK_BYTES];
    loop {
        // Systems that can't poll a terminal say so at once; then the read waits.
        let _ = poll(&mut [PollFd::new(terminal, PollFlags::IN)], None);
        if sender.is_closed() {
            return;
        }
        // Reading in the background stops the process, and what was typed is meant for the foreground.
        let in_background = tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp());
        if !in_background && let Ok(count @ 1..) = rustix::io::read(terminal, &mut buffer) {
            let chunk = Chunk { bytes: buffer[..count].to_vec(), at: Instant::now() };
            if sender.blocking_send(Arrival::Chunk(chunk)).is_err() {
                return;
            }
        } else if tcgetattr(terminal).is_err() {
            let _ = sender.blocking_send(Arrival::Gone);
            return;
        } else {
            thread::sleep(RETRY_PAUSE);
        }
    }
}
