//! Branches: what is kept by step is kept by branch and step, and what was abandoned is no history.

use super::*;
use crate::app::branches::{Branches, RunPosition};
use crate::app::track::MetricTrack;
use crate::protocol::inspection::{LayerView, UnitFigures};
use crate::protocol::{Answer, BranchId, Branching, Finding, Inspection, Query, Rewound};

pub(super) fn branched(branch: u64, parent: u64, at: u64) -> Event {
    let change = Some(Change {
        key: LEARNING_RATE.into(),
        from: Some(Setting::of(1.0)),
        to: Setting::of(branch as f64),
        by: Some(ChangedBy::Viewer),
    });
    Event::Branched(Branching { branch: BranchId(branch), parent: BranchId(parent), at, change })
}

pub(super) fn loss(app: &App) -> &MetricTrack {
    let curve = app.chart_figure(ChartSlot::First).and_then(|figure| figure.train).unwrap();
    app.run().metrics.curve_track(curve)
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
        loss(&app).value_at(run.lineage(), 150).and_then(|(_, column)| column.extent).map(|extent| extent.mean as f32),
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
    let at =
        |step| loss(&app).value_at(run.lineage(), step).and_then(|(_, column)| column.extent).map(|extent| extent.mean);
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

#[test]
fn the_best_of_a_branch_is_of_what_came_after_the_first_parting() {
    let mut app = running();
    tell(&mut app, [evaluation(157, 0.2, 0.99), evaluation(200, 0.6, 0.75)]);
    let best = |app: &mut App| -> Vec<(Option<f32>, bool)> {
        let (tree, _) = app.runs_screen().branches();
        let accuracy = tree.figures.iter().position(|figure| figure.title == "test accuracy").unwrap();
        let results = tree.rows.iter().map(|row| row.results[accuracy]);
        results.map(|result| (result.best.map(|best| best as f32), result.is_best_of_all)).collect()
    };
    assert_eq!(best(&mut app), [(Some(0.99), false)]);
    tell(&mut app, [branched(1, 0, 180), step(181, 0.3), evaluation(190, 0.5, 0.8), evaluation(199, 0.4, 0.7)]);
    // The 0.99 was reached on the way to both.
    assert_eq!(best(&mut app), [(Some(0.75), false), (Some(0.8), true)]);
}

#[test]
fn an_abandoned_future_is_named_with_what_was_changed_on_it() {
    let name = |app: &App| app.chart(ChartSlot::First, plot(80)).overlays[0].name.clone();
    let mut app = running();
    tell(&mut app, [changed(150, LEARNING_RATE, 1e-3, 1e-2), step(201, 1.0)]);
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 150, change: None })]);
    tell(&mut app, [step(151, 1.0)]);
    assert_eq!(name(&app), "branch 0 · lr 0.01");
    // What both have in common is no difference.
    let mut app = running();
    tell(&mut app, [changed(150, LEARNING_RATE, 1e-3, 1e-2), step(201, 1.0)]);
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 160, change: None })]);
    tell(&mut app, [step(161, 1.0)]);
    assert_eq!(name(&app), "branch 0");
}

#[test]
fn it_is_said_that_a_curve_is_hidden() {
    let mut app = running();
    tell(&mut app, [branched(1, 0, 180), step(181, 0.3)]);
    type_keys(&mut app, "5o");
    assert_eq!(notice(&app), "branch 1 is the run's own curve");
    press(&mut app, Key::plain(Code::Up));
    type_keys(&mut app, "o");
    assert_eq!(notice(&app), "the curve of branch 0 is hidden; o shows it again");
}

#[test]
fn a_branch_that_begins_at_the_newest_step_keeps_what_was_changed_there() {
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    tell(&mut app, (1..=40).map(|at| step(at, 1.0)));
    tell(&mut app, [changed(40, LEARNING_RATE, 1e-3, 1e-2)]);
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 40, change: None })]);
    tell(&mut app, (41..=60).map(|at| step(at, 1.0)));
    let marks = |app: &App| app.run().marks_on(app.run().lineage()).map(|mark| mark.at.step).collect::<Vec<_>>();
    assert_eq!(marks(&app), [40]);
    // Also when the branch that it left goes on.
    tell(&mut app, [Event::Rewound(Rewound { branch: BranchId(0), step: 40 })]);
    tell(&mut app, (41..=50).map(|at| step(at, 1.0)));
    tell(&mut app, [Event::Rewound(Rewound { branch: BranchId(1), step: 60 })]);
    assert_eq!(marks(&app), [40]);
    assert!(app.chart(ChartSlot::First, plot(80)).overlays[0].marks.is_empty());
}
