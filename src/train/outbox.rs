//! The worker's one ordered queue of events on their way to a consumer that may be slow.

use std::{
    collections::VecDeque,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{Sender, error::TrySendError};

use crate::protocol::Event;

/// Samples (step reports) that may wait; above it every second one is left out.
const WAITING_SAMPLES: usize = 4096;

/// Samples travel together at most this often, so that a fast engine doesn't wake its consumer at every step.
const BATCHING: Duration = Duration::from_millis(16);

/// Ordered events that wait for room in the channel. Only samples are ever left out, evenly, and counted.
#[derive(Debug)]
pub struct Outbox {
    channel: Sender<Vec<Event>>,
    waiting: VecDeque<Event>,
    samples: usize,
    /// Inspections among what waits.
    inspections: usize,
    thinned: u64,
    thinned_told: u64,
    urgent: bool,
    sent: Instant,
}

/// The consumer is gone; nothing can be delivered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected;

impl Outbox {
    /// An empty outbox in front of `channel`.
    pub fn new(channel: Sender<Vec<Event>>) -> Self {
        Self {
            channel,
            waiting: VecDeque::new(),
            samples: 0,
            inspections: 0,
            thinned: 0,
            thinned_told: 0,
            urgent: false,
            sent: Instant::now(),
        }
    }

    /// Adds an event behind the others.
    pub fn push(&mut self, event: Event) {
        match (&event, self.waiting.back_mut()) {
            (Event::Loading(_), Some(last @ Event::Loading(_))) => {
                *last = event;
                return;
            }
            _ if is_sample(&event) => self.samples += 1,
            _ => {
                self.inspections += usize::from(matches!(event, Event::Inspection(_)));
                self.urgent = true;
            }
        }
        self.waiting.push_back(event);
        if self.samples > WAITING_SAMPLES {
            self.thin();
        }
    }

    /// Whether nothing waits for room or for company.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether an inspection waits, so that the consumer had better not be given another of the same.
    pub fn holds_inspections(&self) -> bool {
        self.inspections > 0
    }

    /// Sends what waits if the channel has room: at once when it holds more than samples, else every 16 ms.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn flush(&mut self, now: Instant) -> Result<(), Disconnected> {
        if self.waiting.is_empty() || !(self.urgent || now.duration_since(self.sent) >= BATCHING) {
            return Ok(());
        }
        self.flush_now(now)
    }

    /// Sends what waits if the channel has room, samples too.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn flush_now(&mut self, now: Instant) -> Result<(), Disconnected> {
        if self.waiting.is_empty() {
            return if self.channel.is_closed() { Err(Disconnected) } else { Ok(()) };
        }
        let permit = match self.channel.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Ok(()),
            Err(TrySendError::Closed(())) => return Err(Disconnected),
        };
        if self.thinned > self.thinned_told {
            self.thinned_told = self.thinned;
            self.waiting.push_back(Event::Thinned { total: self.thinned });
        }
        permit.send(self.waiting.drain(..).collect());
        (self.samples, self.inspections) = (0, 0);
        self.urgent = false;
        self.sent = now;
        Ok(())
    }

    /// Sends all that waits, waiting at most `patience` for room.
    pub fn deliver(&mut self, patience: Duration) {
        let start = Instant::now();
        while !self.is_empty() && self.flush_now(Instant::now()).is_ok() && start.elapsed() < patience {
            if !self.is_empty() {
                thread::sleep(BATCHING);
            }
        }
    }

    /// Leaves out one of every two neighbouring samples, so that what remains still spans the whole time: never one that
    /// tells more than the other.
    fn thin(&mut self) {
        let mut left_out = Vec::new();
        let mut first: Option<(usize, u8)> = None;
        for (place, event) in self.waiting.iter().enumerate() {
            let Some(worth) = worth(event) else { continue };
            first = match first {
                None => Some((place, worth)),
                Some((earlier, other)) => {
                    left_out.push(if worth > other { earlier } else { place });
                    None
                }
            };
        }
        let mut left_out = left_out.into_iter().peekable();
        let mut place = 0;
        let before = self.waiting.len();
        self.waiting.retain(|_| {
            let keep = left_out.next_if_eq(&place).is_none();
            place += 1;
            keep
        });
        let gone = before - self.waiting.len();
        self.samples -= gone;
        self.thinned += gone as u64;
    }
}

fn is_sample(event: &Event) -> bool {
    worth(event).is_some()
}

/// How much a sample tells; `None` for what is never left out.
fn worth(event: &Event) -> Option<u8> {
    match event {
        Event::Step(report) if !report.loss.is_finite() => Some(2),
        Event::Step(report) => Some(u8::from(report.probe.is_some())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Probe, StepReport};

    fn step(step: u64) -> Event {
        Event::Step(StepReport {
            step,
            epoch: 0.0,
            loss: 1.0,
            accuracy: 0.0,
            lr: 0.1,
            effective_lr: 0.1,
            samples_per_second: 0.0,
            probe: None,
        })
    }

    fn probed(at: u64) -> Event {
        let Event::Step(mut report) = step(at) else { unreachable!() };
        report.probe = Some(Probe { gradient_norm: 1.0, layers: Vec::new() });
        Event::Step(report)
    }

    #[test]
    fn a_consumer_that_never_reads_bounds_memory_and_loses_no_change() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(Event::Stopped { step: 0 });
        outbox.flush(Instant::now()).unwrap();
        let total = 200_000;
        for i in 1..=total {
            outbox.push(if i % 10 == 0 { probed(i) } else { step(i) });
            if i % 1000 == 0 {
                outbox.push(Event::Intervention { step: i, what: i.to_string() });
            }
            outbox.flush(Instant::now()).unwrap();
        }
        assert!(outbox.waiting.len() <= WAITING_SAMPLES + 200, "{}", outbox.waiting.len());
        assert_eq!(receiver.try_recv().unwrap().len(), 1);
        outbox.flush_now(Instant::now()).unwrap();
        let events = receiver.try_recv().unwrap();
        let interventions = events.iter().filter(|event| matches!(event, Event::Intervention { .. })).count();
        assert_eq!(interventions, 200);
        let samples = events.iter().filter(|event| is_sample(event)).count() as u64;
        assert!(samples > 1000, "{samples}");
        assert_eq!(events.last(), Some(&Event::Thinned { total: total - samples }));
        let steps: Vec<u64> = events
            .iter()
            .filter_map(|event| if let Event::Step(report) = event { Some(report.step) } else { None })
            .collect();
        assert!(steps.is_sorted() && steps[0] < 1000);
        let probes = events.iter().filter(|event| worth(event) == Some(1)).count() as u64;
        assert!(probes > samples / 4, "{probes} of {samples}");
    }

    #[test]
    fn a_consumer_that_left_is_noticed() {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        drop(receiver);
        outbox.push(Event::Stopped { step: 0 });
        assert_eq!(outbox.flush(Instant::now()), Err(Disconnected));
        assert_eq!(outbox.waiting.len(), 1);
    }

    #[test]
    fn samples_travel_together_but_changes_at_once() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
        let mut outbox = Outbox::new(sender);
        let start = outbox.sent;
        outbox.push(step(1));
        outbox.flush(start + BATCHING / 2).unwrap();
        assert!(receiver.try_recv().is_err());
        outbox.flush(start + BATCHING).unwrap();
        assert_eq!(receiver.try_recv().unwrap(), [step(1)]);
        outbox.push(step(2));
        outbox.push(Event::Stopped { step: 2 });
        outbox.flush(start + BATCHING).unwrap();
        assert_eq!(receiver.try_recv().unwrap().len(), 2);
    }
}
