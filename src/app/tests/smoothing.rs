//! The smoothed line of a chart: what its means are of, and what is read at the cursor.

use super::*;
use crate::app::{Chart, Extent, GhostRun, RecordedAnswer};
use crate::protocol::change::EPOCHS;
use crate::protocol::{BranchId, Branching, Rewound};

#[test]
fn smoothing_cycles_and_can_be_off() {
    let mut app = running();
    let reaches: Vec<Option<u64>> = (0..4)
        .map(|_| {
            type_keys(&mut app, "m");
            app.view().charts.smoothing.reach()
        })
        .collect();
    assert_eq!(reaches, [Some(199), None, Some(9), Some(49)]);
    assert!(app.chart(ChartSlot::First, plot(10)).smoothed.iter().all(Option::is_some));
    type_keys(&mut app, "mm");
    assert!(app.chart(ChartSlot::First, plot(10)).smoothed.iter().all(Option::is_none));
}

#[test]
fn the_mean_at_the_cursor_is_that_around_its_step_in_a_plot_of_any_width() {
    let mut app = running();
    let mean_at = |app: &mut App, step: u64, columns: usize| {
        let fraction = (step - 1) as f64 / 199.0;
        app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }));
        app.chart(ChartSlot::First, plot(columns)).cursor.unwrap().values.mean.unwrap().value
    };
    for columns in [7, 60, 400] {
        for (at, around) in [(20, 1..=39), (100, 51..=149), (200, 151..=200)] {
            let exact = around.clone().map(|step| 2.0 / f64::from(step)).sum::<f64>() / around.count() as f64;
            let mean = mean_at(&mut app, at, columns);
            assert!((mean - exact).abs() < 1e-6, "{at} in {columns} columns: {mean} {exact}");
        }
    }
}

/// The loss of a run that was changed after steps 60 and 133: different after each.
fn loss_at(step: u64) -> f64 {
    f64::from(1 + 2 * u8::from(step > 60) + 4 * u8::from(step > 133)) + (step % 7) as f64 / 100.0
}

/// What such a run of 200 steps tells.
fn changed_twice() -> Vec<Event> {
    let mut events = Vec::new();
    for at in 1..=200 {
        events.push(step(at, loss_at(at)));
        if [60, 133].contains(&at) {
            events.push(changed(at, LEARNING_RATE, 1e-3, 1e-2));
        }
    }
    events
}

/// Puts the cursor on a step of a linear axis, and on another one of a logarithmic axis.
fn put_cursor(app: &mut App, step: u64) {
    let steps = app.shown_steps();
    let fraction = (step - steps.first) as f64 / (steps.length() - 1) as f64;
    app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }));
}

#[test]
fn means_end_where_something_was_changed_or_a_branch_begins() {
    let mut app = fresh();
    let branch = |branch, at| {
        let (branch, parent) = (BranchId(branch), BranchId(0));
        Event::Branched(Branching { branch, parent, at, change: None })
    };
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    tell(&mut app, (1..=50).map(|at| step(at, 1.0)));
    tell(&mut app, [changed(50, LEARNING_RATE, 1.0, 2.0)]);
    tell(&mut app, (51..=70).map(|at| step(at, 1.0)));
    // More epochs change nothing of what is trained.
    tell(&mut app, [changed(70, EPOCHS, 20.0, 25.0)]);
    tell(&mut app, (71..=90).map(|at| step(at, 1.0)));
    tell(&mut app, [changed(90, LEARNING_RATE, 2.0, 3.0), step(91, 1.0)]);
    tell(&mut app, [branch(1, 80), step(81, 1.0)]);
    let run = app.run();
    assert_eq!(run.cuts_on(run.lineage()), [50, 80]);
    assert_eq!(run.cuts_on(&run.branches.abandoned_futures()[0].way), [50, 90]);
    // A branch that begins where something was changed does so before the change.
    tell(&mut app, [branch(2, 50), step(51, 1.0)]);
    let run = app.run();
    assert_eq!(run.cuts_on(run.lineage()), [50]);
    assert!(run.marks_on(run.lineage()).next().is_none());
}

#[test]
fn a_run_laid_over_itself_agrees_in_every_column() {
    let mut ghost = GhostRun::new("itself");
    let mut app = App::new(Settings { ghosts: vec!["runs/itself".into()], ..Settings::default() });
    for event in [hello(&ALL), ready()].into_iter().chain(changed_twice()) {
        tell(&mut app, [event.clone()]);
        ghost.take_event(event);
    }
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder: "runs/itself".into(), ghost: Ok(Box::new(ghost)) }));
    let agree = |app: &App, columns: usize| {
        let chart = app.chart(ChartSlot::First, plot(columns));
        let [itself] = chart.overlays.as_slice() else { panic!("{} overlays", chart.overlays.len()) };
        for (column, (own, itself)) in chart.smoothed.iter().zip(&itself.values).enumerate() {
            let itself = itself.extent.map(|extent| extent.mean);
            let near = own.zip(itself).is_some_and(|(own, itself)| (own - itself).abs() < 1e-9);
            assert!(near || (*own, itself) == (None, None), "{column} of {columns}: {own:?} {itself:?}");
        }
        let Some(cursor) = chart.cursor else { panic!("the cursor is in sight") };
        let mean = cursor.values.mean.map(|mean| mean.value);
        let near = mean.zip(itself.at_cursor).is_some_and(|(own, itself)| (own - itself).abs() < 1e-9);
        assert!(near, "at {}: {mean:?} {:?}", cursor.step, itself.at_cursor);
    };
    // The whole run and a part of it, linear and logarithmic, with every smoothing.
    for keys in ["", "m", "m", "m", "m", "X", "mm"] {
        type_keys(&mut app, keys);
        if app.view().charts.smoothing.reach().is_none() {
            continue;
        }
        for cursor in [1, 20, 60, 61, 100, 133, 134, 200] {
            put_cursor(&mut app, cursor);
            for columns in [1, 7, 13, 60, 67, 199, 200, 400] {
                agree(&app, columns);
            }
        }
    }
}

#[test]
fn what_is_read_at_the_cursor_in_the_old_part_of_a_long_run_is_of_the_steps_around_it() {
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    // Read before the branch as well, and on the abandoned future.
    tell(&mut app, (1..=100_000).map(|at| step(at, at as f64)));
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 50_000, change: None })]);
    tell(&mut app, (50_001..=100_000).map(|at| step(at, at as f64 + 0.5)));
    for at in [3_007, 40_013, 61_234, 99_990] {
        let chart_at = |app: &mut App| {
            put_cursor(app, at);
            app.chart(ChartSlot::First, plot(100))
        };
        let chart = chart_at(&mut app);
        let values = chart.cursor.unwrap().values;
        let mean = values.mean.unwrap().value;
        // Of buckets of 64 steps and less.
        assert!((mean - at as f64).abs() < 20.0, "{at}: {mean}");
        assert_eq!(values.earlier[0], None, "there are samples around it");
        let extent = values.train.unwrap().extent.unwrap();
        assert!(extent.min - 0.5 <= at as f64 && at as f64 <= extent.max + 0.5, "{at}: {extent:?}");
        let future = chart.overlays[0].at_cursor;
        assert_eq!(future.is_some(), at > 50_000, "{at}");
        assert!(future.is_none_or(|future| (future - at as f64).abs() < 20.0), "{at}: {future:?}");
    }
    // A summary that goes over the fork is of neither curve.
    for at in [49_990, 50_000] {
        put_cursor(&mut app, at);
        let chart = app.chart(ChartSlot::First, plot(100));
        assert_eq!(chart.overlays[0].at_cursor, None, "{at}");
        let mean = chart.cursor.unwrap().values.mean.unwrap().value;
        assert!((mean - at as f64).abs() < 70.0, "{at}: {mean}");
    }
}

#[test]
fn a_cursor_out_of_sight_is_read_nowhere() {
    let mut app = running();
    tell(&mut app, [Event::Rewound(Rewound { branch: BranchId(0), step: 120 })]);
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 120, change: None })]);
    tell(&mut app, (121..=200).map(|at| step(at, 0.25)));
    let values = |chart: &Chart| (chart.cursor.is_some(), chart.overlays[0].at_cursor.is_some());
    put_cursor(&mut app, 190);
    type_keys(&mut app, "zzz");
    assert_eq!(values(&app.chart(ChartSlot::First, plot(60))), (true, true));
    // The window moves on with the run, and still shows some of the abandoned future.
    tell(&mut app, (201..=215).map(|at| step(at, 0.25)));
    assert_eq!((app.shown_steps().first, app.view().charts.cursor), (191, Some(190)));
    assert_eq!(values(&app.chart(ChartSlot::First, plot(60))), (false, false));
}

/// The run goes back before a change, trains on as before, and over to where it was: what it did meanwhile shows nothing of
/// the change.
#[test]
fn a_curve_laid_over_the_chart_has_nothing_of_what_the_run_did_instead() {
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    tell(&mut app, (1..=254).map(|at| step(at, 0.5)));
    tell(&mut app, [changed(254, LEARNING_RATE, 1e-3, 0.05)]);
    tell(&mut app, (255..=400).map(|at| step(at, 50.0)));
    tell(&mut app, [Event::Rewound(Rewound { branch: BranchId(0), step: 254 })]);
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 254, change: None })]);
    tell(&mut app, (255..=400).map(|at| step(at, 0.5)));
    tell(&mut app, [Event::Rewound(Rewound { branch: BranchId(0), step: 400 })]);
    for keys in ["", "mm"] {
        type_keys(&mut app, keys);
        for columns in [7, 13, 60, 67, 400] {
            let chart = app.chart(ChartSlot::First, plot(columns));
            let values = chart.overlays[0].values.iter().filter_map(|column| column.extent).map(Extent::drawn_value);
            assert!(values.clone().count() > columns / 4);
            assert!(values.fold(0.0, f64::max) < 0.51, "{columns} columns: {:?}", chart.overlays[0].values);
        }
    }
}

#[test]
fn a_curve_that_parts_out_of_sight_comes_from_where_it_parted() {
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    // Nothing is reported between steps 20 and 60.
    tell(&mut app, (1..=20).chain(60..=100).map(|at| step(at, 1.0)));
    tell(&mut app, [Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at: 20, change: None })]);
    tell(&mut app, (21..=100).map(|at| step(at, 5.0)));
    type_keys(&mut app, "mm");
    app.view.charts.window = StepWindow::Fixed(StepRange { first: 41, last: 65 });
    app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction: 0.0 }));
    let chart = app.chart(ChartSlot::First, plot(60));
    assert_eq!((chart.steps.first, chart.overlays[0].ends.left), (41, Some(1.0)));
    // It was measured last before the curves parted.
    assert_eq!(chart.overlays[0].at_cursor, None);
}

#[test]
fn no_line_goes_over_what_was_no_number_to_the_edge() {
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
    tell(&mut app, (1..=100).map(|at| step(at, if at == 22 || at == 40 { f64::NAN } else { at as f64 })));
    app.view.charts.window = StepWindow::Fixed(StepRange { first: 22, last: 40 });
    let chart = app.chart(ChartSlot::First, plot(60));
    assert!(chart.train[0].broken);
    assert_eq!(chart.train_ends.values().chain(chart.smoothed_ends.values()).count(), 0);
}
