//! Branches: what is kept by step is kept by branch and step, and what was abandoned is no history.

use proptest::prelude::*;

use super::*;
use crate::app::branches::{Branches, RunPosition};
use crate::app::track::MetricTrack;
use crate::protocol::inspection::{LayerView, UnitFigures};
use crate::protocol::{Answer, BranchId, Branching, Finding, Inspection, MetricId, Query, Rewound};

fn branched(branch: u64, parent: u64, at: u64) -> Event {
    let change = Some(Change {
        key: LEARNING_RATE.into(),
        from: Some(Setting::of(1.0)),
        to: Setting::of(branch as f64),
        by: Some(ChangedBy::Viewer),
    });
    Event::Branched(Branching { branch: BranchId(branch), parent: BranchId(parent), at, change })
}

fn loss(app: &App) -> &MetricTrack {
    let curve = app.chart_figure(ChartSlot::First).and_then(|figure| figure.train).unwrap();
    app.run().metrics.curve_track(curve)
}

/// What a random history does.
#[derive(Clone, Debug)]
enum Turn {
    /// Trains this many steps further.
    Train(u64),
    /// Leaves a branch (one of those there are) at a share of its way, in thousandths.
    Branch(usize, u64),
    /// Goes to such a place, without leaving the branch yet.
    GoTo(usize, u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        3 => (1u64..120).prop_map(Turn::Train),
        2 => (any::<usize>(), 0u64..1000).prop_map(|(which, share)| Turn::Branch(which, share)),
        2 => (any::<usize>(), 0u64..=1000).prop_map(|(which, share)| Turn::GoTo(which, share)),
    ];
    prop::collection::vec(turn, 1..14)
}

/// A twin that keeps everything: all that is history of each branch, and the branch it is on.
#[derive(Default)]
struct Twin {
    /// The value at each step from 1 on, of each branch.
    histories: Vec<Vec<f64>>,
    /// How many of them are from another branch.
    taken: Vec<usize>,
    current: usize,
    /// Minibatches completed where it stands.
    stand: usize,
}

impl Twin {
    fn new() -> Self {
        Self { histories: vec![Vec::new()], taken: vec![0], current: 0, stand: 0 }
    }

    fn history(&self) -> &[f64] {
        &self.histories[self.current][..self.stand]
    }

    /// Begins a branch, and gives its number.
    fn branch(&mut self, parent: usize, at: usize) -> u64 {
        self.histories.push(self.histories[parent][..at].to_vec());
        self.taken.push(at);
        (self.current, self.stand) = (self.histories.len() - 1, at);
        self.current as u64
    }

    /// The branches that did something which is no history now, with the number of steps that both have in common.
    fn abandoned(&self) -> Vec<(u64, u64)> {
        let common = |history: &[f64]| history.iter().zip(self.history()).take_while(|(a, b)| a == b).count();
        let branches = (0u64..).zip(self.histories.iter().zip(&self.taken));
        branches
            .filter(|(_, (history, taken))| history.len() > **taken && common(history) < history.len())
            .map(|(branch, (history, _))| (branch, common(history) as u64))
            .collect()
    }
}

/// Plays turns; `train` is told step and value, `branch` the new branch, its parent and where it leaves it, `go_to` a
/// branch and a step.
fn play(
    turns: &[Turn],
    mut train: impl FnMut(u64, f64),
    mut branch: impl FnMut(u64, u64, u64),
    mut go_to: impl FnMut(u64, u64),
) -> Twin {
    let mut twin = Twin::new();
    for turn in turns {
        match *turn {
            Turn::Train(steps) => {
                // As a source does: training on from an earlier step begins a branch.
                if twin.stand < twin.histories[twin.current].len() {
                    let (parent, at) = (twin.current, twin.stand);
                    branch(twin.branch(parent, at), parent as u64, at as u64);
                }
                for _ in 0..steps {
                    let current = twin.current;
                    let history = &mut twin.histories[current];
                    // No two branches give the same value at a step.
                    let value = history.len() as f64 + 1.0 + current as f64 * 10_000.0;
                    history.push(value);
                    twin.stand = history.len();
                    train(twin.stand as u64, value);
                }
            }
            Turn::Branch(which, share) => {
                let parent = which % twin.histories.len();
                let at = twin.histories[parent].len() as u64 * share / 1000;
                branch(twin.branch(parent, at as usize), parent as u64, at);
            }
            Turn::GoTo(which, share) => {
                let branch = which % twin.histories.len();
                let at = twin.histories[branch].len() as u64 * share / 1000;
                (twin.current, twin.stand) = (branch, at as usize);
                go_to(branch as u64, at);
            }
        }
    }
    twin
}

/// Plays turns into a track of this capacity.
fn tracked(turns: &[Turn], capacity: usize) -> (MetricTrack, Branches, Twin) {
    let branches = std::cell::RefCell::new(Branches::default());
    let mut track = MetricTrack::with_capacity(capacity);
    let twin = play(
        turns,
        |step, value| {
            branches.borrow_mut().reach_step(step);
            track.push(branches.borrow().lineage().newest_stretch(), step, value, 1.0);
        },
        |branch, parent, at| {
            let branching = Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: None };
            branches.borrow_mut().begin_branch(&branching).unwrap();
        },
        |branch, step| branches.borrow_mut().go_to(Rewound { branch: BranchId(branch), step }).unwrap(),
    );
    (track, branches.into_inner(), twin)
}

proptest! {
    /// With everything still there, the current branch is exactly its history, whatever was abandoned.
    #[test]
    fn a_track_along_the_way_to_the_current_branch_is_its_history(turns in turns(), count in 1usize..60) {
        let (track, branches, twin) = tracked(&turns, 4096);
        let (lineage, history) = (branches.lineage(), twin.history());
        let newest = history.last().map(|value| (history.len() as u64, *value));
        prop_assert_eq!(track.latest_value(lineage), newest);
        for (step, value) in (1u64..).zip(history) {
            let at = track.value_at(lineage, step).and_then(|column| column.extent);
            prop_assert_eq!(at.map(|extent| (extent.min, extent.max)), Some((*value, *value)));
        }
        let steps = StepRange { first: 1, last: history.len().max(1) as u64 };
        for (column, shown) in track.columns(lineage, steps, count).iter().enumerate() {
            let inside = (1u64..).zip(history).filter(|(step, _)| steps.column_of(*step, count) == Some(column));
            let (low, high) = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, value)| {
                (low.min(*value), high.max(*value))
            });
            prop_assert_eq!(shown.extent.map(|extent| (extent.min, extent.max)), (low <= high).then_some((low, high)));
        }
        // The mean goes on over the place where a branch leaves another one.
        let smoothed = track.smoothed_columns(lineage, steps, history.len().max(1), 4);
        for (at, smoothed) in (0..history.len()).zip(smoothed) {
            let reach = at.min(4);
            let around = &history[at - reach..(at + reach + 1).min(history.len())];
            let exact = around.iter().sum::<f64>() / around.len() as f64;
            prop_assert!(smoothed.is_some_and(|smoothed| (smoothed - exact).abs() <= 1e-3 * exact.abs().max(1.0)));
        }
        for step in 0..=history.len() as u64 + 1 {
            let value = |at: u64| history.get((at as usize).wrapping_sub(1)).map(|value| (at, *value));
            prop_assert_eq!(track.before(lineage, step), step.checked_sub(1).and_then(|at| value(at.min(history.len() as u64))));
            prop_assert_eq!(track.after(lineage, step), value(step + 1));
        }
    }

    /// Where the past is only a summary, nothing is shown that is not history, and what is recent is exact.
    #[test]
    fn a_summary_never_shows_an_abandoned_future(turns in turns(), capacity in 2usize..24, count in 1usize..60) {
        let (track, branches, twin) = tracked(&turns, capacity);
        let (lineage, history) = (branches.lineage(), twin.history());
        let steps = StepRange { first: 1, last: history.len().max(1) as u64 };
        for column in track.columns(lineage, steps, count) {
            if let Some(extent) = column.extent {
                prop_assert!(history.contains(&extent.min) && history.contains(&extent.max), "{extent:?}");
            }
        }
        for step in 1..=history.len() as u64 {
            if let Some(extent) = track.value_at(lineage, step).and_then(|column| column.extent) {
                prop_assert!(history.contains(&extent.min) && history.contains(&extent.max), "{step}: {extent:?}");
            }
        }
        let smoothed = track.smoothed_columns(lineage, steps, count, 9);
        let bounds = history.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        for value in smoothed.into_iter().flatten() {
            prop_assert!((bounds.0 - 1.0..=bounds.1 + 1.0).contains(&value), "{value} is outside of {bounds:?}");
        }
    }

    /// Marks and findings, and what is drawn of them, follow the branch as well.
    #[test]
    fn the_dashboard_shows_the_history_of_the_current_branch(turns in turns()) {
        let mut app = fresh();
        tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
        let events = std::cell::RefCell::new(Vec::new());
        let twin = play(
            &turns,
            |at, value| {
                events.borrow_mut().push(step(at, value));
                // Something to remember at every tenth step, which tells the branch by its value.
                if at % 10 == 0 {
                    events.borrow_mut().push(changed(at, "mark", value, value));
                }
            },
            |branch, parent, at| events.borrow_mut().push(branched(branch, parent, at)),
            |branch, step| events.borrow_mut().push(Event::Rewound(Rewound { branch: BranchId(branch), step })),
        );
        tell(&mut app, events.into_inner());
        let (run, history) = (app.run(), twin.history());
        let futures = run.branches.abandoned_futures();
        let abandoned = twin.abandoned();
        prop_assert_eq!(futures.len() + run.branches.undrawn_futures(), abandoned.len());
        for future in futures {
            prop_assert!(abandoned.contains(&(future.branch.0, future.fork)), "{:?} of {:?}", future, abandoned);
        }
        prop_assert_eq!(run.step, history.len() as u64);
        prop_assert_eq!(run.branches.count(), twin.histories.len());
        prop_assert_eq!(loss(&app).latest_value(run.lineage()).map(|(_, value)| value), history.last().copied());
        let marks: Vec<(u64, f64)> = run
            .marks
            .iter()
            .filter(|mark| mark.change.key == "mark" && run.lineage().contains(mark.at))
            .map(|mark| (mark.at.step, mark.change.to.number().unwrap()))
            .collect();
        let expected: Vec<(u64, f64)> =
            (1u64..).zip(history.iter().copied()).filter(|(step, _)| step % 10 == 0).collect();
        prop_assert_eq!(marks, expected);
    }
}

#[test]
fn a_branch_goes_on_from_its_step_and_leaves_the_rest_behind() {
    let mut app = running();
    let finding = |step, what: &str| {
        Event::Finding(Finding {
            step,
            health: Health::Bad,
            layer: None,
            what: what.into(),
            advice: String::new(),
            trouble: None,
        })
    };
    let view = LayerView {
        layer: 0,
        minibatch: 1,
        parameters: Vec::new(),
        activations: None,
        errors: None,
        units: UnitFigures::default(),
    };
    let look = |step| {
        let (query, answer) = (Query::Layer { layer: 0 }, Answer::Layer(view.clone()));
        Event::Inspection(Box::new(Inspection { step, query, answer }))
    };
    let probed = |at| {
        let Event::Step(report) = step(at, 0.5) else { unreachable!() };
        Event::Step(StepReport { layers: probes(&[(0, 1.0)]), ..report })
    };
    tell(&mut app, [look(120), probed(201), look(201), finding(201, "too high"), step(202, f64::NAN)]);
    assert!(app.run().is_stale(&app.run().layers.rows()[0]));
    tell(&mut app, [branched(1, 0, 150), step(151, 9.0)]);
    let run = app.run();
    assert_eq!((run.step, run.branches.current_branch()), (151, BranchId(1)));
    assert_eq!(
        loss(&app).value_at(run.lineage(), 150).and_then(|column| column.extent).map(|extent| extent.mean as f32),
        Some(2.0 / 150.0)
    );
    assert_eq!(loss(&app).latest_value(run.lineage()), Some((151, 9.0)));
    assert!(run.layers.rows()[0].last_probe.is_none(), "what the probe saw later is of another branch");
    assert!(run.answers.answer_to(&Query::Layer { layer: 0 }).is_none());
    assert!(run.answers.layer_history(run.lineage(), 0).is_none(), "the newest answer is of another branch");
    let findings: Vec<bool> = run.findings.iter().map(|row| run.lineage().contains(row.at)).collect();
    assert_eq!(findings, [false], "it is kept with its place");
    assert_eq!(app.header().epoch, Some(151.0 / 157.0));
    // The step that went wrong is no history, so a new look is fresh, also at an earlier step.
    tell(&mut app, [probed(152), look(152)]);
    assert!(!app.run().is_stale(&app.run().layers.rows()[0]));
    let snapshots = app.run().answers.layer_history(app.run().lineage(), 0).unwrap().snapshots;
    assert_eq!(snapshots.iter().map(|snapshot| snapshot.step).collect::<Vec<_>>(), [120, 152]);
    let chart = app.chart(ChartSlot::First, plot(80));
    assert_eq!((chart.steps.last, chart.train.iter().any(|column| column.broken)), (202, false));
    assert_eq!(chart.marks.len(), 1, "the change that made the branch");
}

#[test]
fn branches_that_make_no_sense_are_left_out_and_said_once() {
    let mut app = running();
    tell(&mut app, [branched(0, 0, 10), branched(1, 0, 50), branched(1, 0, 20)]);
    assert_eq!((app.run().step, app.run().branches.current_branch()), (50, BranchId(1)));
    let findings: Vec<u64> = app.run().findings.iter().map(|row| row.times).collect();
    assert_eq!(findings.iter().sum::<u64>(), 2);
}

#[test]
fn a_branch_that_leaves_an_unknown_one_has_no_past() {
    let mut app = running();
    tell(&mut app, [branched(9, 7, 120), step(121, 4.0)]);
    let run = app.run();
    assert_eq!((run.step, run.branches.current_branch()), (121, BranchId(9)));
    assert_eq!(loss(&app).latest_value(run.lineage()), Some((121, 4.0)));
    assert_eq!(loss(&app).value_at(run.lineage(), 120), None);
    assert!(run.findings.iter().any(|row| row.what == "branch 9 leaves branch 7, which is not known here"));
}

#[test]
fn going_back_to_one_step_again_and_again_keeps_what_was_before() {
    let mut app = running();
    for branch in 1..=600 {
        tell(&mut app, [branched(branch, branch - 1, 100)]);
    }
    tell(&mut app, [step(101, 7.0)]);
    let run = app.run();
    assert_eq!(run.lineage().stretches().len(), 2);
    let at = |step| loss(&app).value_at(run.lineage(), step).and_then(|column| column.extent).map(|extent| extent.mean);
    assert_eq!((at(100).map(|value| value as f32), at(101)), (Some(0.02), Some(7.0)));
}

#[test]
fn an_id_that_was_forgotten_and_is_used_again_is_another_branch() {
    let mut branches = Branches::default();
    let mut begin = |branch, parent, at| {
        let branching = Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: None };
        branches.begin_branch(&branching).unwrap();
        while branches.exceeds_limit() {
            branches.forget_oldest();
        }
    };
    for branch in 1..=600 {
        begin(branch, branch - 1, branch * 10);
    }
    // Branch 89 still leaves the old branch 88.
    begin(88, 600, 6005);
    let way: Vec<u64> = branches.lineage().stretches().iter().map(|stretch| stretch.branch.0).collect();
    assert_eq!(way.last(), Some(&88));
    assert!(way[..way.len() - 1].is_sorted(), "{way:?}");
}

#[test]
fn a_place_that_is_no_history_any_more_is_not_looked_at() {
    let mut app = running();
    type_keys(&mut app, "++");
    press(&mut app, Key::plain(Code::Left));
    let (cursor, steps) = (app.view().charts.cursor.unwrap(), app.shown_steps());
    tell(&mut app, [branched(1, 0, steps.first - 1), step(steps.first, 0.5)]);
    assert!(cursor > app.run().step);
    assert_eq!((app.view().charts.cursor, app.shown_steps().last), (None, 200));
    tell(&mut app, [Event::BranchDeleted { branch: BranchId(0) }]);
    assert_eq!(app.run().branches.count(), 2, "the run comes from it");
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
        loss(&app).value_at(run.lineage(), 100).and_then(|column| column.extent).map(|extent| extent.mean as f32),
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

#[test]
fn what_this_version_does_not_know_is_counted_in_one_finding() {
    let mut app = running();
    let unknown = |at| {
        let answer = Answer::Unknown;
        Event::Inspection(Box::new(Inspection { step: at, query: Query::Points, answer }))
    };
    tell(&mut app, [Event::Unknown, unknown(3), Event::Unknown, state(RunState::Unknown, 201)]);
    let rows: Vec<(u64, bool)> =
        app.run().findings.iter().map(|row| (row.times, row.what.contains("doesn't understand"))).collect();
    assert_eq!(rows, [(4, true)]);
    assert_eq!((app.run().state, app.run().step), (RunState::Running, 201), "the rest of a message counts");
    let Event::Hello(later) = hello(&[Capability::Pause, Capability::Unknown]) else { unreachable!() };
    let mut app = fresh();
    tell(&mut app, [Event::Hello(Hello { protocol: PROTOCOL_VERSION + 1, ..later })]);
    assert_eq!(app.run().capabilities.as_deref(), Some(&[Capability::Pause][..]));
    assert!(app.run().findings.iter().any(|row| row.advice.contains("update gradtop")));
}

#[test]
fn positions_lie_on_a_way_or_beside_it() {
    let mut branches = Branches::default();
    let mut begin = |branch, parent, at| {
        branches
            .begin_branch(&Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: None })
            .unwrap();
    };
    begin(1, 0, 100);
    begin(2, 1, 100);
    begin(3, 2, 50);
    let on = |branch, step| branches.lineage().contains(RunPosition { branch: BranchId(branch), step });
    assert!(on(0, 50) && on(3, 50) && on(3, 51));
    assert!(!on(0, 51) && !on(1, 100) && !on(2, 100) && !on(3, 49));
}
