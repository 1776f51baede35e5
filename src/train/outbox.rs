//! The worker's one ordered queue of events on their way to a consumer that may be slow.

use std::{
    collections::VecDeque,
    mem::discriminant,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{Sender, error::TrySendError};

use crate::protocol::{Event, MetricValue};

/// Samples (reports of minibatches and evaluations) that may wait; above it every second one is left out, or the source
/// waits.
const MAX_WAITING_SAMPLES: usize = 4096;

/// Other events that may wait; above it those that a later one replaces are left out, or the source waits.
const MAX_WAITING_OTHERS: usize = 4096;

/// Samples travel together at most this often, so that a fast engine doesn't wake its consumer at every step.
const BATCH_INTERVAL: Duration = Duration::from_millis(16);

/// What becomes of events that the consumer does not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// The source never waits: samples are left out evenly and counted, then what a later event replaces, and in the
    /// end the consumer is given up.
    #[default]
    Thin,
    /// Nothing is left out: the source waits until the consumer has taken what is there.
    Wait,
}

/// Ordered events that wait for room in the channel, never more than a bound.
#[derive(Debug)]
pub struct Outbox {
    channel: Sender<Vec<Event>>,
    delivery: Delivery,
    /// Events in their order. Empties whenever the channel has room; normally the samples of the last 16 ms.
    waiting: VecDeque<Event>,
    /// Samples among what waits. 0 when that was sent.
    samples: usize,
    /// Inspections among what waits. 0 when that was sent, and unless a viewer watches.
    inspections: usize,
    /// Samples left out since the start. Never decreases; 0 unless the consumer is slow.
    thinned: u64,
    /// How many of them were reported to the consumer. Catches up with `thinned` at the next sending.
    thinned_reported: u64,
    /// Whether more than samples wait, so that sending is not put off. False when they were sent.
    urgent: bool,
    /// Whether the consumer was given up. Stays so; normally false.
    given_up: bool,
    /// When events were last sent.
    sent: Instant,
}

/// The consumer is gone, or was given up; no event can be delivered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected;

/// Events of a run's history that are sent at once.
const MAX_HISTORY_BATCH: usize = 1024;

impl Outbox {
    /// An empty outbox at the start of `channel`.
    pub fn new(channel: Sender<Vec<Event>>, delivery: Delivery) -> Self {
        Self {
            channel,
            delivery,
            waiting: VecDeque::new(),
            samples: 0,
            inspections: 0,
            thinned: 0,
            thinned_reported: 0,
            urgent: false,
            given_up: false,
            sent: Instant::now(),
        }
    }

    /// Adds an event after the others.
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
        if self.delivery == Delivery::Thin {
            if self.samples > MAX_WAITING_SAMPLES {
                self.thin_samples();
            }
            if self.other_events() > MAX_WAITING_OTHERS {
                self.drop_replaced();
            }
        }
    }

    /// Sends what waits and then the history of a run, none of which is thinned, and waits for the consumer to take it.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn send_history(&mut self, history: Vec<Event>) -> Result<(), Disconnected> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        (self.samples, self.inspections, self.urgent) = (0, 0, false);
        let mut events = waiting.chain(history);
        loop {
            let batch: Vec<Event> = events.by_ref().take(MAX_HISTORY_BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            self.channel.blocking_send(batch).map_err(|_| Disconnected)?;
        }
    }

    /// Events among what waits that are no samples.
    fn other_events(&self) -> usize {
        self.waiting.len() - self.samples
    }

    /// Whether nothing waits for room or for company.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Number of events that wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the source has to wait before it does more that it would have to report.
    pub fn is_full(&self) -> bool {
        self.delivery == Delivery::Wait
            && (self.samples >= MAX_WAITING_SAMPLES || self.other_events() >= MAX_WAITING_OTHERS)
    }

    /// Whether the consumer was given up, because it took nothing while more changed than can be kept.
    pub fn has_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether an inspection waits, so that the consumer had better not be given another of the same.
    pub fn holds_inspections(&self) -> bool {
        self.inspections > 0
    }

    /// Sends what waits if the channel has room: at once when it holds more than samples, else every 16 ms.
    ///
    /// # Errors
    /// When the consumer is gone or was given up.
    pub fn flush(&mut self, now: Instant) -> Result<(), Disconnected> {
        let due = self.urgent || now.duration_since(self.sent) >= BATCH_INTERVAL;
        if !self.given_up && (self.waiting.is_empty() || !due) {
            return Ok(());
        }
        self.flush_now(now)
    }

    /// Sends what waits if the channel has room, samples too.
    ///
    /// # Errors
    /// When the consumer is gone or was given up.
    pub fn flush_now(&mut self, now: Instant) -> Result<(), Disconnected> {
        if self.waiting.is_empty() || self.given_up {
            return if self.given_up || self.channel.is_closed() { Err(Disconnected) } else { Ok(()) };
        }
        let permit = match self.channel.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Ok(()),
            Err(TrySendError::Closed(())) => return Err(Disconnected),
        };
        if self.thinned > self.thinned_reported {
            self.thinned_reported = self.thinned;
            // Before the others, since nothing may follow a `Stopped` among them.
            self.waiting.push_front(Event::Thinned { total: self.thinned });
        }
        permit.send(self.waiting.drain(..).collect());
        (self.samples, self.inspections) = (0, 0);
        self.urgent = false;
        self.sent = now;
        Ok(())
    }

    /// Sends all that waits, and waits for the consumer to take it or to leave: the training has ended, so that nothing
    /// is held up, and how it ended is among it.
    pub fn deliver(&mut self) {
        while !self.is_empty() && self.flush_now(Instant::now()).is_ok() {
            if !self.is_empty() {
                thread::sleep(BATCH_INTERVAL);
            }
        }
    }

    /// Leaves out every second sample, so that the others still span the whole time: of two neighbours the one
    /// that is worth less.
    fn thin_samples(&mut self) {
        let mut left_out = Vec::new();
        let mut first: Option<(usize, SampleWorth)> = None;
        for (place, event) in self.waiting.iter().enumerate() {
            let Some(worth) = sample_worth(event) else { continue };
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

    /// Leaves out what a later event of its kind replaces. Where that is not half of it, the consumer is given up: it
    /// has taken nothing while thousands of changes were made.
    fn drop_replaced(&mut self) {
        let mut kept: Vec<Event> = Vec::with_capacity(self.waiting.len());
        let mut later: Vec<usize> = Vec::new();
        for event in std::mem::take(&mut self.waiting).into_iter().rev() {
            if later.iter().any(|&at| replaces(&kept[at], &event)) {
                continue;
            }
            if replaces(&event, &event) {
                later.push(kept.len());
            }
            kept.push(event);
        }
        kept.reverse();
        self.waiting = kept.into();
        self.inspections = self.waiting.iter().filter(|event| matches!(event, Event::Inspection(_))).count();
        if self.other_events() > MAX_WAITING_OTHERS / 2 {
            self.waiting.clear();
            (self.samples, self.inspections, self.given_up) = (0, 0, true);
        }
    }
}

/// Whether `later` replaces `earlier`. An event that replaces itself replaces all earlier ones of its kind.
fn replaces(later: &Event, earlier: &Event) -> bool {
    match (later, earlier) {
        (Event::Inspection(later), Event::Inspection(earlier)) => {
            discriminant(&later.query) == discriminant(&earlier.query)
        }
        (Event::State(_), Event::State(_))
        | (Event::Controls(_), Event::Controls(_))
        | (Event::Phase(_), Event::Phase(_))
        | (Event::Loading(_), Event::Loading(_))
        | (Event::RangeTest(_), Event::RangeTest(_))
        | (Event::Rewinding(_), Event::Rewinding(_))
        | (Event::Thinned { .. }, Event::Thinned { .. }) => true,
        _ => false,
    }
}

fn is_sample(event: &Event) -> bool {
    sample_worth(event).is_some()
}

/// How much a sample is worth to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SampleWorth {
    Minibatch,
    /// With a look at the layers.
    Probe,
    Evaluation,
    /// With a value that is not finite.
    Broken,
}

/// How much an event is worth as a sample; `None` for what is no sample.
fn sample_worth(event: &Event) -> Option<SampleWorth> {
    let broken = |values: &[MetricValue]| values.iter().any(|value| !value.1.is_finite());
    match event {
        Event::Step(report) if broken(&report.values) => Some(SampleWorth::Broken),
        Event::Evaluation(evaluation) if broken(&evaluation.values) => Some(SampleWorth::Broken),
        Event::Evaluation(_) => Some(SampleWorth::Evaluation),
        Event::Step(report) if !report.layers.is_empty() => Some(SampleWorth::Probe),
        Event::Step(_) => Some(SampleWorth::Minibatch),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
