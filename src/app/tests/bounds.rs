//! What is kept is bounded, however long the run and whatever it tells.

use super::branching::{branched, loss};
use super::*;
use crate::protocol::MetricId;

#[test]
fn memory_stays_bounded_however_long_the_run() {
    let mut app = running();
    let mut at = 200;
    let mut go_on = |app: &mut App, steps: u64| {
        for _ in 0..steps {
            at += 1;
            tell(app, [step(at, 1.0), changed(at, "lr", 1.0, 2.0), evaluation(at, 1.0, 0.5)]);
        }
    };
    go_on(&mut app, 30_000);
    let before = app.watched().memory_bytes();
    go_on(&mut app, 60_000);
    // Two more levels in each of five series, and their list.
    assert!(
        app.watched().memory_bytes() <= before + 5 * 2 * 2048 * 32 + (8 << 10),
        "{before} → {}",
        app.watched().memory_bytes()
    );
    assert!(app.watched().memory_bytes() < 6 << 20);
    assert!(app.run().marks.len() <= 1024);
}

#[test]
fn an_event_of_any_size_is_cut_to_what_can_be_shown() {
    let mut app = running();
    let long = "very ".repeat(1_000_000);
    tell(&mut app, [Event::Failed(Failure { step: 1, what: long.clone(), advice: "\u{1b}[2J".repeat(100_000) })]);
    let failure = app.live().failure.clone().unwrap();
    assert!(failure.what.len() < 1000 && failure.advice.len() < 1000);
    assert!(failure.what.starts_with("very very") && failure.what.ends_with('…'));
}

#[test]
fn a_thousand_branches_stay_bounded() {
    let mut app = running();
    for branch in 1..=2000 {
        let at = app.run().step;
        tell(&mut app, [branched(branch, branch - 1, at), step(at + 1, 1.0)]);
    }
    assert_eq!(app.run().branches.count(), 512);
    assert_eq!(app.run().step, 2200);
    assert!(loss(&app).latest_value(app.run().lineage()).is_some());
    assert!(app.watched().memory_bytes() < 8 << 20, "{}", app.watched().memory_bytes());
    // Those that lead nowhere are forgotten first.
    let mut app = running();
    for branch in 1..=2000 {
        tell(&mut app, [branched(branch, 0, 100), step(101, branch as f64)]);
    }
    let run = app.run();
    assert_eq!(
        loss(&app).value_at(run.lineage(), 100).and_then(|(_, column)| column.extent).map(|extent| extent.mean as f32),
        Some(0.02)
    );
    assert_eq!(loss(&app).latest_value(run.lineage()), Some((101, 2000.0)));
}

#[test]
fn a_thousand_metrics_of_ten_thousand_steps_fit_64_mib() {
    let mut app = fresh();
    let metrics: Vec<MetricInfo> = (0..1000).map(|id| MetricInfo::new(id, &format!("group/{id}"), "")).collect();
    tell(&mut app, [hello(&ALL), Event::Ready(Box::new(RunInfo { metrics, ..RunInfo::default() }))]);
    let report = |at: u64| {
        let values = (0..1000).map(|id| MetricValue(MetricId(id), at as f64)).collect();
        Event::Step(StepReport { step: at, values, ..StepReport::default() })
    };
    for at in 1..=10_000 {
        tell(&mut app, [report(at)]);
    }
    let before = app.watched().memory_bytes();
    assert!(before < 64 << 20, "{} MiB", before >> 20);
    // One that is shown grows from then on.
    let fine = |app: &App| app.chart(ChartSlot::First, plot(4000)).train.iter().filter(|c| c.extent.is_some()).count();
    assert!(fine(&app) > 1000, "what is shown from the beginning is sharp");
    type_keys(&mut app, "vvvvv");
    for at in 10_001..=20_000 {
        tell(&mut app, [report(at)]);
    }
    type_keys(&mut app, "zz");
    assert!(
        app.watched().memory_bytes() > before && app.watched().memory_bytes() < 64 << 20,
        "{} MiB",
        app.watched().memory_bytes() >> 20
    );
    assert!(fine(&app) > 1000, "{}", fine(&app));
}
