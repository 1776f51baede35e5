//! The worker's queue of requests, and the ways to wait at it.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    time::{Duration, Instant},
};

use crate::{
    protocol::{Command, Event, Request},
    train::outbox::{Disconnected, Outbox},
};

/// How often an outbox that found no room tries again while the worker waits.
const RETRY: Duration = Duration::from_millis(16);

/// What waiting brought.
#[derive(Debug)]
pub enum Next {
    /// A request.
    Request(Request),
    /// The time is up.
    Nothing,
    /// Nobody can ask for anything any more.
    Gone,
}

/// Requests in the order in which they came.
#[derive(Debug)]
pub struct Inbox {
    channel: Receiver<Request>,
    /// Requests that were looked at while the worker was busy.
    seen: VecDeque<Request>,
}

impl Inbox {
    /// An inbox behind `channel`.
    pub fn new(channel: Receiver<Request>) -> Self {
        Self { channel, seen: VecDeque::new() }
    }

    /// Whether a stop request waits, or nobody is there to ask; leaves all requests in their order.
    pub fn stop_requested(&mut self) -> bool {
        let gone = loop {
            match self.channel.try_recv() {
                Ok(request) => self.seen.push_back(request),
                Err(TryRecvError::Empty) => break false,
                Err(TryRecvError::Disconnected) => break true,
            }
        };
        gone || self.seen.iter().any(|request| request.command == Command::Stop)
    }

    /// Waits for a request without using the processor; wakes with [`Next::Nothing`] only to empty the outbox.
    pub fn wait(&mut self, outbox: &mut Outbox) -> Next {
        if let Some(request) = self.seen.pop_front() {
            return Next::Request(request);
        }
        if outbox.flush_now(Instant::now()).is_err() {
            return Next::Gone;
        }
        if outbox.is_empty() { self.channel.recv().map_or(Next::Gone, Next::Request) } else { self.receive(RETRY) }
    }

    /// Waits for a request until `due`; `None` is at once.
    pub fn until(&mut self, due: Option<Instant>, outbox: &mut Outbox) -> Next {
        if let Some(request) = self.seen.pop_front() {
            return Next::Request(request);
        }
        let Some(due) = due else {
            return match self.channel.try_recv() {
                Ok(request) => Next::Request(request),
                Err(TryRecvError::Empty) => Next::Nothing,
                Err(TryRecvError::Disconnected) => Next::Gone,
            };
        };
        loop {
            let now = Instant::now();
            if outbox.flush(now).is_err() {
                return Next::Gone;
            }
            let left = due.saturating_duration_since(now);
            let wait = if outbox.is_empty() { left } else { left.min(RETRY) };
            match self.receive(wait) {
                Next::Nothing if wait < left => {}
                next => return next,
            }
        }
    }

    fn receive(&mut self, wait: Duration) -> Next {
        match self.channel.recv_timeout(wait) {
            Ok(request) => Next::Request(request),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Gone,
        }
    }

    /// Refuses everything until a stop request comes.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn wait_for_stop(&mut self, outbox: &mut Outbox) -> Result<(), Disconnected> {
        loop {
            match self.wait(outbox) {
                Next::Request(Request { command: Command::Stop, id }) => {
                    outbox.push(Event::Applied { id, step: 0 });
                    return Ok(());
                }
                Next::Request(Request { id, .. }) => {
                    outbox.push(Event::Rejected { id, reason: "the run has failed; only a stop is possible".into() });
                }
                Next::Nothing => {}
                Next::Gone => return Err(Disconnected),
            }
        }
    }
}
