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
const MAX_SAMPLES: usize = 4096;

/// Other events that may wait; above it those that a later one replaces are left out, or the source waits.
const MAX_OTHERS: usize = 4096;

/// Samples travel together at most this often, so that a fast engine doesn't wake its consumer at every step.
const BATCHING: Duration = Duration::from_millis(16);

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
    waiting: VecDeque<Event>,
    samples: usize,
    /// Inspections among what waits.
    inspections: usize,
    thinned: u64,
    thinned_told: u64,
    urgent: bool,
    given_up: bool,
    sent: Instant,
}

/// The consumer is gone, or was given up; nothing can be delivered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected;

impl Outbox {
    /// An empty outbox in front of `channel`.
    pub fn new(channel: Sender<Vec<Event>>, delivery: Delivery) -> Self {
        Self {
            channel,
            delivery,
            waiting: VecDeque::new(),
            samples: 0,
            inspections: 0,
            thinned: 0,
            thinned_told: 0,
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
            if self.samples > MAX_SAMPLES {
                self.thin();
            }
            if self.others() > MAX_OTHERS {
                self.coalesce();
            }
        }
    }

    /// Events among what waits that are no samples.
    fn others(&self) -> usize {
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
        self.delivery == Delivery::Wait && (self.samples >= MAX_SAMPLES || self.others() >= MAX_OTHERS)
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
        let due = self.urgent || now.duration_since(self.sent) >= BATCHING;
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
        if self.thinned > self.thinned_told {
            self.thinned_told = self.thinned;
            // Before the others, since nothing may follow a `Stopped` among them.
            self.waiting.push_front(Event::Thinned { total: self.thinned });
        }
        permit.send(self.waiting.drain(..).collect());
        (self.samples, self.inspections) = (0, 0);
        self.urgent = false;
        self.sent = now;
        Ok(())
    }

    /// Sends all that waits. A consumer that gets everything is waited for until it is gone, any other one for at most
    /// `patience`.
    pub fn deliver(&mut self, patience: Duration) {
        let start = Instant::now();
        let patient = |delivery| delivery == Delivery::Wait || start.elapsed() < patience;
        while !self.is_empty() && self.flush_now(Instant::now()).is_ok() && patient(self.delivery) {
            if !self.is_empty() {
                thread::sleep(BATCHING);
            }
        }
    }

    /// Leaves out one of every two neighbouring samples, so that what remains still spans the whole time: never one that
    /// tells more than the other.
    fn thin(&mut self) {
        let mut left_out = Vec::new();
        let mut first: Option<(usize, SampleWorth)> = None;
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

    /// Leaves out what a later event of its kind replaces. Where that is not half of it, the consumer is given up: it
    /// has taken nothing while thousands of changes were made.
    fn coalesce(&mut self) {
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
        if self.others() > MAX_OTHERS / 2 {
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
        | (Event::Thinned { .. }, Event::Thinned { .. }) => true,
        _ => false,
    }
}

fn is_sample(event: &Event) -> bool {
    worth(event).is_some()
}

/// How much a sample tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SampleWorth {
    Minibatch,
    /// With a look at the layers.
    Probe,
    Evaluation,
    /// With a value that is not finite.
    Broken,
}

/// How much a sample tells; `None` for what is no sample.
fn worth(event: &Event) -> Option<SampleWorth> {
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
mod tests {
    use super::*;
    use crate::protocol::{
        Change, ChangedBy, Controls, Health, Inspection, LEARNING_RATE, MetricId, Query, RunState, Setting,
        StateChange, StepReport, made_up,
    };

    fn step(step: u64) -> Event {
        Event::Step(made_up::report(step, 1.0, 0.0, 0.1))
    }

    fn probed(step: u64) -> Event {
        let layers = vec![made_up::probe(0, [Some(1.0), None, None], Health::Good)];
        Event::Step(StepReport { layers, ..made_up::report(step, 1.0, 0.0, 0.1) })
    }

    fn changed(step: u64) -> Event {
        let (from, to) = (Setting::Count(step), Setting::Count(step + 1));
        let change = Change { key: LEARNING_RATE.into(), from: Some(from), to, by: Some(ChangedBy::Viewer) };
        Event::Changed { step, change }
    }

    /// An outbox whose consumer has not taken the first event.
    fn blocked(delivery: Delivery) -> (Outbox, tokio::sync::mpsc::Receiver<Vec<Event>>) {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender, delivery);
        outbox.push(Event::Stopped { step: 0 });
        outbox.flush(Instant::now()).unwrap();
        (outbox, receiver)
    }

    #[test]
    fn a_consumer_that_never_reads_bounds_memory_and_loses_no_change() {
        let (mut outbox, mut receiver) = blocked(Delivery::Thin);
        let total = 200_000;
        for i in 1..=total {
            outbox.push(if i % 10 == 0 { probed(i) } else { step(i) });
            if i % 1000 == 0 {
                outbox.push(changed(i));
            }
            outbox.flush(Instant::now()).unwrap();
        }
        assert!(outbox.waiting.len() <= MAX_SAMPLES + 200, "{}", outbox.waiting.len());
        assert_eq!(receiver.try_recv().unwrap().len(), 1);
        outbox.flush_now(Instant::now()).unwrap();
        let events = receiver.try_recv().unwrap();
        let changes = events.iter().filter(|event| matches!(event, Event::Changed { .. })).count();
        assert_eq!(changes, 200);
        let samples = events.iter().filter(|event| is_sample(event)).count() as u64;
        assert!(samples > 1000, "{samples}");
        assert_eq!(events.first(), Some(&Event::Thinned { total: total - samples }));
        let steps: Vec<u64> = events
            .iter()
            .filter_map(|event| if let Event::Step(report) = event { Some(report.step) } else { None })
            .collect();
        assert!(steps.is_sorted() && steps[0] < 1000);
        let probes = events.iter().filter(|event| worth(event) == Some(SampleWorth::Probe)).count() as u64;
        assert!(probes > samples / 4, "{probes} of {samples}");
    }

    #[test]
    fn of_states_and_answers_that_nobody_takes_the_newest_stay() {
        let (mut outbox, mut receiver) = blocked(Delivery::Thin);
        for step in 1..=100_000 {
            outbox.push(Event::State(StateChange { state: RunState::Running, step, reason: None }));
            outbox.push(Event::Controls(Controls { total_steps: Some(step), ..Controls::default() }));
            for query in [Query::Points, Query::Layer { layer: step as usize % 7 }] {
                let answer = crate::protocol::Answer::Nothing { reason: "none".into() };
                outbox.push(Event::Inspection(Box::new(Inspection { step, query, answer })));
            }
            outbox.push(made_up_evaluation(step));
            assert!(outbox.waiting.len() <= MAX_SAMPLES + MAX_OTHERS + 1, "{}", outbox.waiting.len());
        }
        receiver.try_recv().unwrap();
        outbox.flush_now(Instant::now()).unwrap();
        let events = receiver.try_recv().unwrap();
        let newest = |wanted: &dyn Fn(&Event) -> Option<u64>| events.iter().rev().find_map(wanted);
        assert_eq!(
            newest(&|event| if let Event::State(change) = event { Some(change.step) } else { None }),
            Some(100_000)
        );
        assert_eq!(newest(&|event| if let Event::Controls(c) = event { c.total_steps } else { None }), Some(100_000));
        assert_eq!(newest(&|event| if let Event::Inspection(i) = event { Some(i.step) } else { None }), Some(100_000));
        assert!(matches!(events.first(), Some(Event::Thinned { total: 90_000.. })));
    }

    #[test]
    fn nothing_follows_the_end_of_a_run_that_was_thinned() {
        let (mut outbox, mut receiver) = blocked(Delivery::Thin);
        (1..=MAX_SAMPLES as u64 + 1).for_each(|number| outbox.push(step(number)));
        outbox.push(Event::Stopped { step: 9 });
        receiver.try_recv().unwrap();
        outbox.flush_now(Instant::now()).unwrap();
        let events = receiver.try_recv().unwrap();
        assert!(events.iter().any(|event| matches!(event, Event::Thinned { .. })));
        assert_eq!(events.last(), Some(&Event::Stopped { step: 9 }));
    }

    #[test]
    fn who_waits_delivers_everything_beyond_all_patience() {
        let (mut outbox, mut receiver) = blocked(Delivery::Wait);
        outbox.push(Event::Stopped { step: 1 });
        let delivered = thread::spawn(move || {
            outbox.deliver(Duration::ZERO);
            outbox.is_empty()
        });
        thread::sleep(5 * BATCHING);
        assert_eq!(receiver.blocking_recv(), Some(vec![Event::Stopped { step: 0 }]));
        assert_eq!(receiver.blocking_recv(), Some(vec![Event::Stopped { step: 1 }]));
        assert!(delivered.join().unwrap());
    }

    fn made_up_evaluation(step: u64) -> Event {
        Event::Evaluation(made_up::evaluation(step, 1.0, 0.5))
    }

    #[test]
    fn a_consumer_that_takes_nothing_while_thousands_of_changes_are_made_is_given_up() {
        let (mut outbox, mut receiver) = blocked(Delivery::Thin);
        let mut flushed = Ok(());
        for step in 0..10_000 {
            outbox.push(changed(step));
            flushed = flushed.and(outbox.flush(Instant::now()));
            assert!(outbox.waiting.len() <= MAX_OTHERS, "{}", outbox.waiting.len());
        }
        assert_eq!((flushed, outbox.has_given_up()), (Err(Disconnected), true));
        receiver.try_recv().unwrap();
        assert_eq!(outbox.flush_now(Instant::now()), Err(Disconnected), "it stays given up");
    }

    #[test]
    fn who_waits_loses_nothing_and_is_full_at_its_bound() {
        let (mut outbox, mut receiver) = blocked(Delivery::Wait);
        let mut pushed = 0;
        while !outbox.is_full() {
            pushed += 1;
            outbox.push(if pushed % 50 == 0 { changed(pushed) } else { step(pushed) });
            assert!(pushed <= MAX_SAMPLES as u64 * 2, "it is never full");
        }
        assert_eq!(receiver.try_recv().unwrap().len(), 1);
        outbox.flush_now(Instant::now()).unwrap();
        assert!(!outbox.is_full());
        assert_eq!(receiver.try_recv().unwrap().len() as u64, pushed);
        // Changes alone fill it too.
        (0..MAX_OTHERS as u64).for_each(|step| outbox.push(changed(step)));
        assert!(outbox.is_full() && !outbox.has_given_up());
    }

    #[test]
    fn what_is_broken_is_worth_most() {
        let mut report = made_up::report(1, f64::NAN, 0.5, 0.1);
        assert_eq!(worth(&Event::Step(report.clone())), Some(SampleWorth::Broken));
        report.values.retain(|value| value.0 != MetricId(0));
        assert_eq!(worth(&Event::Step(report)), Some(SampleWorth::Minibatch));
        assert!(SampleWorth::Broken > SampleWorth::Evaluation && SampleWorth::Evaluation > SampleWorth::Probe);
    }

    #[test]
    fn a_consumer_that_left_is_noticed() {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let mut outbox = Outbox::new(sender, Delivery::Thin);
        drop(receiver);
        outbox.push(Event::Stopped { step: 0 });
        assert_eq!(outbox.flush(Instant::now()), Err(Disconnected));
        assert_eq!(outbox.waiting.len(), 1);
    }

    #[test]
    fn samples_travel_together_but_changes_at_once() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
        let mut outbox = Outbox::new(sender, Delivery::Thin);
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
