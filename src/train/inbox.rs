//! The worker's queue of requests, and the ways to wait at it.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    protocol::{Command, CommandId, Event, Request, RequestLine},
    train::outbox::{Disconnected, Outbox},
};

/// How often an outbox that found no room tries again while the worker waits.
const RETRY_INTERVAL: Duration = Duration::from_millis(16);

/// Requests that are looked at before their turn, at most; the others wait in the channel.
const MAX_WAITING_REQUESTS: usize = 256;

/// What reaches the worker's queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A request, or something that looks like one.
    Line(RequestLine),
    /// Nothing more will be asked, and nobody can resume the run: it trains to its planned end and ends there.
    EndOfRequests,
}

impl From<Request> for Incoming {
    fn from(request: Request) -> Self {
        Self::Line(RequestLine::Request(request))
    }
}

impl Incoming {
    fn is_stop(&self) -> bool {
        self.asks_for(&Command::Stop)
    }

    fn asks_for(&self, wanted: &Command) -> bool {
        matches!(self, Self::Line(RequestLine::Request(Request { command, .. })) if command == wanted)
    }

    /// The number under which it is answered.
    fn id(&self) -> Option<CommandId> {
        match self {
            Self::Line(RequestLine::Request(request)) => Some(request.id),
            Self::Line(RequestLine::Malformed { id, .. }) => Some(*id),
            Self::EndOfRequests => None,
        }
    }
}

/// What waiting brought.
#[derive(Debug)]
pub enum NextRequest {
    /// A request.
    Request(Request),
    /// See [`Incoming::EndOfRequests`].
    EndOfRequests,
    /// The time is up, or what came is answered already.
    Nothing,
    /// The consumer is gone: no request can come any more.
    Gone,
}

/// Requests in the order in which they came.
#[derive(Debug)]
pub struct Inbox {
    channel: Receiver<Incoming>,
    /// Requests whose turn comes before those in the channel: the first ones, and those that were looked at while the
    /// worker was busy. Empties as they are handed out; normally empty.
    waiting: VecDeque<Incoming>,
    /// Requests that were handed out and have no answer yet, and whether each asks to stop. Empties as they are
    /// answered; normally the one that is carried out and those to advance.
    open: Vec<(CommandId, bool)>,
}

impl Inbox {
    /// An inbox at the end of `channel`, with requests that come before those in it.
    pub fn new(channel: Receiver<Incoming>, first: Vec<Request>) -> Self {
        Self { channel, waiting: first.into_iter().map(Incoming::from).collect(), open: Vec::new() }
    }

    /// Whether a stop request waits, or the consumer is gone; leaves all requests in their order.
    pub fn stop_requested(&mut self) -> bool {
        let gone = self.peek_requests();
        gone || self.waiting.iter().any(Incoming::is_stop)
    }

    /// Whether to give up what goes on: a cancel waits, which is taken ahead of its turn and answered as having taken
    /// effect at `step`, or a stop, or the consumer is gone. Leaves all other requests in their order.
    pub fn take_cancel(&mut self, step: u64, outbox: &mut Outbox) -> bool {
        let stop = self.stop_requested();
        let cancel = self.waiting.iter().position(|incoming| incoming.asks_for(&Command::Cancel));
        let Some(id) = cancel.and_then(|at| self.waiting.remove(at)).and_then(|cancel| cancel.id()) else {
            return stop;
        };
        self.answer(id, Ok(step), outbox);
        true
    }

    /// Whether any request waits, or the consumer is gone; leaves all requests in their order.
    pub fn is_waiting(&mut self) -> bool {
        let gone = self.peek_requests();
        gone || !self.waiting.is_empty()
    }

    /// Looks at what waits; true when the consumer is gone.
    fn peek_requests(&mut self) -> bool {
        loop {
            if self.waiting.len() >= MAX_WAITING_REQUESTS {
                break false;
            }
            match self.channel.try_recv() {
                Ok(request) => self.waiting.push_back(request),
                Err(TryRecvError::Empty) => break false,
                Err(TryRecvError::Disconnected) => break true,
            }
        }
    }

    /// Waits for a request without using the processor; wakes with [`NextRequest::Nothing`] only to empty the outbox.
    /// While that is full, only a stop is taken.
    pub fn wait(&mut self, outbox: &mut Outbox) -> NextRequest {
        if let Some(next) = self.wait_for_reader(outbox) {
            return next;
        }
        if let Some(incoming) = self.waiting.pop_front() {
            return self.hand_out(incoming, outbox);
        }
        if outbox.flush_now(Instant::now()).is_err() {
            return NextRequest::Gone;
        }
        let received = if outbox.is_empty() {
            self.channel.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.channel.recv_timeout(RETRY_INTERVAL)
        };
        self.hand_out_received(received, outbox)
    }

    /// Waits for a request until `due`; `None` is at once. While the outbox is full, only a stop is taken, and
    /// [`NextRequest::Nothing`] comes early.
    pub fn wait_until(&mut self, due: Option<Instant>, outbox: &mut Outbox) -> NextRequest {
        if let Some(next) = self.wait_for_reader(outbox) {
            return next;
        }
        match (self.waiting.pop_front(), due) {
            (Some(incoming), _) => self.hand_out(incoming, outbox),
            (None, Some(due)) => self.receive_until(due, outbox),
            (None, None) => match self.channel.try_recv() {
                Ok(incoming) => self.hand_out(incoming, outbox),
                Err(TryRecvError::Empty) => NextRequest::Nothing,
                Err(TryRecvError::Disconnected) => NextRequest::Gone,
            },
        }
    }

    /// Gives the reader of a full outbox a moment, or finds a stop; `None` as soon as the outbox is not full.
    ///
    /// A stop is taken ahead of its turn. Other requests wait, since their answers would only make the outbox longer: a
    /// client that asks without reading is bounded by the channel.
    fn wait_for_reader(&mut self, outbox: &mut Outbox) -> Option<NextRequest> {
        if !outbox.is_full() {
            return None;
        }
        if outbox.flush_now(Instant::now()).is_err() {
            return Some(NextRequest::Gone);
        }
        if !outbox.is_full() {
            return None;
        }
        let gone = self.peek_requests();
        let stop = self.waiting.iter().position(Incoming::is_stop);
        if let Some(stop) = stop.and_then(|at| self.waiting.remove(at)) {
            return Some(self.hand_out(stop, outbox));
        }
        if gone && self.waiting.is_empty() {
            return Some(NextRequest::Gone);
        }
        thread::sleep(RETRY_INTERVAL);
        Some(NextRequest::Nothing)
    }

    fn receive_until(&mut self, due: Instant, outbox: &mut Outbox) -> NextRequest {
        loop {
            let now = Instant::now();
            if outbox.flush(now).is_err() {
                return NextRequest::Gone;
            }
            let left = due.saturating_duration_since(now);
            let wait = if outbox.is_empty() { left } else { left.min(RETRY_INTERVAL) };
            match self.channel.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) if wait < left => {}
                received => return self.hand_out_received(received, outbox),
            }
        }
    }

    fn hand_out_received(&mut self, received: Result<Incoming, RecvTimeoutError>, outbox: &mut Outbox) -> NextRequest {
        match received {
            Ok(incoming) => self.hand_out(incoming, outbox),
            Err(RecvTimeoutError::Timeout) => NextRequest::Nothing,
            Err(RecvTimeoutError::Disconnected) => NextRequest::Gone,
        }
    }

    /// Gives out a request, which stays open until it is answered. What is malformed is answered here.
    fn hand_out(&mut self, incoming: Incoming, outbox: &mut Outbox) -> NextRequest {
        match incoming {
            Incoming::Line(RequestLine::Request(request)) => {
                self.open.push((request.id, request.command == Command::Stop));
                NextRequest::Request(request)
            }
            Incoming::Line(RequestLine::Malformed { id, problem }) => {
                outbox.push(Event::Rejected { id, reason: problem });
                NextRequest::Nothing
            }
            Incoming::EndOfRequests => NextRequest::EndOfRequests,
        }
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
        let waiting = self.waiting.drain(..).filter_map(|incoming| Some((incoming.id()?, incoming.is_stop())));
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
                NextRequest::EndOfRequests | NextRequest::Request(Request { command: Command::Stop, .. }) => {
                    return Ok(());
                }
                NextRequest::Request(Request { id, .. }) => {
                    self.answer(id, Err("the run has failed; only a stop is possible".into()), outbox);
                }
                NextRequest::Nothing => {}
                NextRequest::Gone => return Err(Disconnected),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};

    use tokio::sync::mpsc;

    use super::*;
    use crate::{protocol::made_up, train::outbox::Delivery};

    /// An inbox, and a full outbox whose reader has not taken the first event.
    struct Desk {
        ask: SyncSender<Incoming>,
        inbox: Inbox,
        outbox: Outbox,
        reader: mpsc::Receiver<Vec<Event>>,
    }

    impl Desk {
        fn full() -> Self {
            let (ask, requests) = sync_channel(16);
            let (sender, reader) = mpsc::channel(1);
            let mut outbox = Outbox::new(sender, Delivery::Wait);
            outbox.push(Event::Stopped { step: 0 });
            outbox.flush_now(Instant::now()).unwrap();
            let mut step = 0;
            while !outbox.is_full() {
                step += 1;
                outbox.push(Event::Step(made_up::report(step, 1.0, 0.5, 0.1)));
            }
            Self { ask, inbox: Inbox::new(requests, Vec::new()), outbox, reader }
        }

        fn ask(&self, id: u64, command: Command) {
            self.ask.send(Request { id: CommandId(id), command }.into()).unwrap();
        }

        fn until(&mut self) -> NextRequest {
            self.inbox.wait_until(None, &mut self.outbox)
        }

        fn wait(&mut self) -> NextRequest {
            self.inbox.wait(&mut self.outbox)
        }
    }

    /// Id of the request that came, if one did.
    fn id(next: &NextRequest) -> Option<u64> {
        if let NextRequest::Request(request) = next { Some(request.id.0) } else { None }
    }

    #[test]
    fn a_full_outbox_that_the_reader_empties_meanwhile_ends_the_waiting() {
        let mut desk = Desk::full();
        assert!(matches!(desk.until(), NextRequest::Nothing));
        assert!(desk.outbox.is_full());
        desk.reader.try_recv().unwrap();
        // No request comes and nothing is left to send: waiting for a request here would never end.
        assert!(matches!(desk.until(), NextRequest::Nothing));
        assert!(desk.outbox.is_empty());
    }

    #[test]
    fn requests_wait_while_the_outbox_is_full() {
        let mut desk = Desk::full();
        desk.ask(1, Command::Evaluate);
        desk.ask(2, Command::Evaluate);
        assert!(matches!(desk.until(), NextRequest::Nothing));
        assert!(matches!(desk.wait(), NextRequest::Nothing));
        desk.reader.try_recv().unwrap();
        assert_eq!(id(&desk.until()), Some(1));
        assert_eq!(id(&desk.wait()), Some(2));
    }

    #[test]
    fn a_stop_overtakes_requests_that_wait_for_the_reader() {
        let mut desk = Desk::full();
        desk.ask(1, Command::Evaluate);
        desk.ask(2, Command::Stop);
        assert_eq!(id(&desk.wait()), Some(2));
        // Both are answered, the one that waited with the reason.
        let before = desk.outbox.len();
        desk.inbox.answer_all(0, "the run has stopped", &mut desk.outbox);
        assert_eq!(desk.outbox.len(), before + 2);
    }

    #[test]
    fn a_cancel_is_taken_ahead_of_its_turn_and_nothing_else_is() {
        let mut desk = Desk::full();
        desk.reader.try_recv().unwrap();
        desk.outbox.flush_now(Instant::now()).unwrap();
        desk.ask(1, Command::Evaluate);
        assert!(!desk.inbox.take_cancel(7, &mut desk.outbox));
        desk.ask(2, Command::Cancel);
        desk.ask(3, Command::Pause);
        assert!(desk.inbox.take_cancel(7, &mut desk.outbox));
        assert!(!desk.inbox.take_cancel(7, &mut desk.outbox), "it was taken");
        desk.reader.try_recv().unwrap();
        desk.outbox.flush_now(Instant::now()).unwrap();
        assert_eq!(desk.reader.try_recv().unwrap(), [Event::Applied { id: CommandId(2), step: 7 }]);
        assert_eq!([id(&desk.until()), id(&desk.until())], [Some(1), Some(3)]);
        desk.ask(4, Command::Stop);
        assert!(desk.inbox.take_cancel(7, &mut desk.outbox));
        assert_eq!(id(&desk.until()), Some(4), "a stop stays, to be carried out");
    }

    #[test]
    fn a_reader_that_leaves_a_full_outbox_is_noticed() {
        let mut desk = Desk::full();
        desk.reader.close();
        assert!(matches!(desk.until(), NextRequest::Gone));
        let mut desk = Desk::full();
        drop(desk.ask);
        assert!(matches!(desk.inbox.wait(&mut desk.outbox), NextRequest::Gone));
    }

    #[test]
    fn a_failed_run_refuses_nothing_while_the_outbox_is_full() {
        let mut desk = Desk::full();
        let before = desk.outbox.len();
        for id in 0..10 {
            desk.ask(id, Command::Pause);
        }
        desk.ask(10, Command::Stop);
        desk.inbox.wait_for_stop(&mut desk.outbox).unwrap();
        assert_eq!(desk.outbox.len(), before);
    }
}
