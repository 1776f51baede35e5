//! The worker's queue of requests, and the ways to wait at it.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    time::{Duration, Instant},
};

use crate::{
    protocol::{Command, CommandId, Event, Request},
    train::outbox::{Disconnected, Outbox},
};

/// How often an outbox that found no room tries again while the worker waits.
const RETRY: Duration = Duration::from_millis(16);

/// Requests that are looked at ahead of their turn, at most; the others wait in the channel.
const LOOK_AHEAD: usize = 256;

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
    /// Requests that were handed out and have no answer yet, and whether each asks to stop.
    open: Vec<(CommandId, bool)>,
}

impl Inbox {
    /// An inbox behind `channel`.
    pub fn new(channel: Receiver<Request>) -> Self {
        Self { channel, seen: VecDeque::new(), open: Vec::new() }
    }

    /// Whether a stop request waits, or nobody is there to ask; leaves all requests in their order.
    pub fn stop_requested(&mut self) -> bool {
        let gone = self.look();
        gone || self.seen.iter().any(|request| request.command == Command::Stop)
    }

    /// Whether any request waits, or nobody is there to ask; leaves all requests in their order.
    pub fn is_waiting(&mut self) -> bool {
        let gone = self.look();
        gone || !self.seen.is_empty()
    }

    /// Looks at what waits; true when nobody is there to ask.
    fn look(&mut self) -> bool {
        loop {
            if self.seen.len() >= LOOK_AHEAD {
                break false;
            }
            match self.channel.try_recv() {
                Ok(request) => self.seen.push_back(request),
                Err(TryRecvError::Empty) => break false,
                Err(TryRecvError::Disconnected) => break true,
            }
        }
    }

    /// Waits for a request without using the processor; wakes with [`Next::Nothing`] only to empty the outbox.
    pub fn wait(&mut self, outbox: &mut Outbox) -> Next {
        let next = if let Some(request) = self.seen.pop_front() {
            Next::Request(request)
        } else if outbox.flush_now(Instant::now()).is_err() {
            Next::Gone
        } else if outbox.is_empty() {
            self.channel.recv().map_or(Next::Gone, Next::Request)
        } else {
            self.receive(RETRY)
        };
        self.handed_out(next)
    }

    /// Waits for a request until `due`; `None` is at once.
    pub fn until(&mut self, due: Option<Instant>, outbox: &mut Outbox) -> Next {
        let next = match (self.seen.pop_front(), due) {
            (Some(request), _) => Next::Request(request),
            (None, Some(due)) => self.receive_until(due, outbox),
            (None, None) => match self.channel.try_recv() {
                Ok(request) => Next::Request(request),
                Err(TryRecvError::Empty) => Next::Nothing,
                Err(TryRecvError::Disconnected) => Next::Gone,
            },
        };
        self.handed_out(next)
    }

    fn receive_until(&self, due: Instant, outbox: &mut Outbox) -> Next {
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

    fn receive(&self, wait: Duration) -> Next {
        match self.channel.recv_timeout(wait) {
            Ok(request) => Next::Request(request),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Gone,
        }
    }

    fn handed_out(&mut self, next: Next) -> Next {
        if let Next::Request(request) = &next {
            self.open.push((request.id, request.command == Command::Stop));
        }
        next
    }

    /// Answers a request: the step at which it took effect, or why it did not.
    pub fn answer(&mut self, id: CommandId, answer: Result<u64, String>, outbox: &mut Outbox) {
        self.open.retain(|(open, _)| *open != id);
        outbox.push(match answer {
            Ok(step) => Event::Applied { id, step },
            Err(reason) => Event::Rejected { id, reason },
        });
    }

    /// Answers everything that has no answer yet: a stop took effect at `step`, all else did not, for `reason`.
    pub fn answer_all(&mut self, step: u64, reason: &str, outbox: &mut Outbox) {
        self.stop_requested();
        let waiting = self.seen.drain(..).map(|request| (request.id, request.command == Command::Stop));
        for (id, stop) in self.open.drain(..).chain(waiting) {
            outbox.push(if stop { Event::Applied { id, step } } else { Event::Rejected { id, reason: reason.into() } });
        }
    }

    /// Refuses everything until a stop request comes.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn wait_for_stop(&mut self, outbox: &mut Outbox) -> Result<(), Disconnected> {
        loop {
            match self.wait(outbox) {
                Next::Request(Request { command: Command::Stop, .. }) => return Ok(()),
                Next::Request(Request { id, .. }) => {
                    self.answer(id, Err("the run has failed; only a stop is possible".into()), outbox);
                }
                Next::Nothing => {}
                Next::Gone => return Err(Disconnected),
            }
        }
    }
}
