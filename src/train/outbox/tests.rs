use super::*;
use crate::nn::kernels::allocations::{peak_bytes, start_peak};
use crate::protocol::{
    Change, ChangedBy, Controls, Health, Inspection, LEARNING_RATE, MetricId, Query, RunState, Setting, StateChange,
    StepReport, made_up,
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
    let before = start_peak();
    for i in 1..=total {
        outbox.push(if i % 10 == 0 { probed(i) } else { step(i) });
        if i % 1000 == 0 {
            outbox.push(changed(i));
        }
        outbox.flush(Instant::now()).unwrap();
    }
    assert!(outbox.waiting.len() <= MAX_WAITING_SAMPLES + 200, "{}", outbox.waiting.len());
    // A queue that grows has room for twice as many beside the old ones, and the probes hold something. All events would
    // be 49 times as many.
    let (taken, event) = ((peak_bytes() - before) as usize, size_of::<Event>());
    assert!(taken < 5 * MAX_WAITING_SAMPLES * event, "{taken} bytes");
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
    let probes = events.iter().filter(|event| sample_worth(event) == Some(SampleWorth::Probe)).count() as u64;
    assert!(probes > samples / 4, "{probes} of {samples}");
}

#[test]
fn of_states_and_answers_that_are_not_taken_the_newest_stay() {
    let (mut outbox, mut receiver) = blocked(Delivery::Thin);
    for step in 1..=100_000 {
        outbox.push(Event::State(StateChange { state: RunState::Running, step, reason: None }));
        outbox.push(Event::Controls(Controls { total_steps: Some(step), ..Controls::default() }));
        for query in [Query::Points, Query::Layer { layer: step as usize % 7 }] {
            let answer = crate::protocol::Answer::Nothing { reason: "none".into() };
            outbox.push(Event::Inspection(Box::new(Inspection { step, query, answer })));
        }
        outbox.push(made_up_evaluation(step));
        assert!(outbox.waiting.len() <= MAX_WAITING_SAMPLES + MAX_WAITING_OTHERS + 1, "{}", outbox.waiting.len());
    }
    receiver.try_recv().unwrap();
    outbox.flush_now(Instant::now()).unwrap();
    let events = receiver.try_recv().unwrap();
    let newest = |wanted: &dyn Fn(&Event) -> Option<u64>| events.iter().rev().find_map(wanted);
    assert_eq!(newest(&|event| if let Event::State(change) = event { Some(change.step) } else { None }), Some(100_000));
    assert_eq!(newest(&|event| if let Event::Controls(c) = event { c.total_steps } else { None }), Some(100_000));
    assert_eq!(newest(&|event| if let Event::Inspection(i) = event { Some(i.step) } else { None }), Some(100_000));
    assert!(matches!(events.first(), Some(Event::Thinned { total: 90_000.. })));
}

#[test]
fn nothing_follows_the_end_of_a_run_that_was_thinned() {
    let (mut outbox, mut receiver) = blocked(Delivery::Thin);
    (1..=MAX_WAITING_SAMPLES as u64 + 1).for_each(|number| outbox.push(step(number)));
    outbox.push(Event::Stopped { step: 9 });
    receiver.try_recv().unwrap();
    outbox.flush_now(Instant::now()).unwrap();
    let events = receiver.try_recv().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Thinned { .. })));
    assert_eq!(events.last(), Some(&Event::Stopped { step: 9 }));
}

#[test]
fn the_end_waits_for_the_consumer_to_take_it_or_to_leave() {
    for delivery in [Delivery::Wait, Delivery::Thin] {
        let deliver = || {
            let (mut outbox, receiver) = blocked(delivery);
            outbox.push(Event::Stopped { step: 1 });
            let delivered = thread::spawn(move || {
                outbox.deliver();
                outbox.is_empty()
            });
            thread::sleep(5 * BATCH_INTERVAL);
            assert!(!delivered.is_finished());
            (delivered, receiver)
        };
        let (delivered, mut receiver) = deliver();
        assert_eq!(receiver.blocking_recv(), Some(vec![Event::Stopped { step: 0 }]));
        assert_eq!(receiver.blocking_recv(), Some(vec![Event::Stopped { step: 1 }]));
        assert!(delivered.join().unwrap());
        let (delivered, receiver) = deliver();
        drop(receiver);
        assert!(!delivered.join().unwrap());
    }
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
        assert!(outbox.waiting.len() <= MAX_WAITING_OTHERS, "{}", outbox.waiting.len());
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
        assert!(pushed <= MAX_WAITING_SAMPLES as u64 * 2, "it is never full");
    }
    assert_eq!(receiver.try_recv().unwrap().len(), 1);
    outbox.flush_now(Instant::now()).unwrap();
    assert!(!outbox.is_full());
    assert_eq!(receiver.try_recv().unwrap().len() as u64, pushed);
    // Changes alone fill it too.
    (0..MAX_WAITING_OTHERS as u64).for_each(|step| outbox.push(changed(step)));
    assert!(outbox.is_full() && !outbox.has_given_up());
}

#[test]
fn what_is_broken_is_worth_most() {
    let mut report = made_up::report(1, f64::NAN, 0.5, 0.1);
    assert_eq!(sample_worth(&Event::Step(report.clone())), Some(SampleWorth::Broken));
    report.values.retain(|value| value.0 != MetricId(0));
    assert_eq!(sample_worth(&Event::Step(report)), Some(SampleWorth::Minibatch));
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
    outbox.flush(start + BATCH_INTERVAL / 2).unwrap();
    assert!(receiver.try_recv().is_err());
    outbox.flush(start + BATCH_INTERVAL).unwrap();
    assert_eq!(receiver.try_recv().unwrap(), [step(1)]);
    outbox.push(step(2));
    outbox.push(Event::Stopped { step: 2 });
    outbox.flush(start + BATCH_INTERVAL).unwrap();
    assert_eq!(receiver.try_recv().unwrap().len(), 2);
}
