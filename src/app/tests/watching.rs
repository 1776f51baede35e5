//! Looking without touching: freeze, zoom, cursor, scales, layers, findings.

use super::*;
use crate::protocol::Finding;

#[test]
fn a_frozen_display_stands_still_and_loses_nothing() {
    let mut app = running();
    type_keys(&mut app, "f");
    tell(&mut app, (201..=300).map(|at| step(at, if at == 250 { 99.0 } else { 0.1 })));
    assert_eq!((app.watched().frozen_step(), app.run().step, app.live().step), (Some(200), 200, 300));
    assert_eq!((app.header().step, app.header().frozen_step), (300, Some(200)), "the header stays live");
    assert_eq!(app.chart(ChartSlot::First, plot(100)).steps.last, 200);
    assert_eq!(sent(&type_keys(&mut app, " ")), [Command::Pause], "and the keys work on the run, not on the picture");
    type_keys(&mut app, "f");
    let chart = app.chart(ChartSlot::First, plot(100));
    assert_eq!((app.watched().frozen_step(), chart.steps.last), (None, 300));
    let spike = chart.train.iter().filter_map(|column| column.extent).any(|extent| extent.max == 99.0);
    assert!(spike, "what came meanwhile is there");
}

#[test]
fn zooming_in_follows_the_newest_steps_and_out_ends_at_the_whole_run() {
    let mut app = running();
    assert_eq!(app.shown_steps(), StepRange { first: 1, last: 200 });
    type_keys(&mut app, "z");
    assert_eq!(app.shown_steps(), StepRange { first: 101, last: 200 });
    tell(&mut app, [step(201, 0.1)]);
    assert_eq!(app.shown_steps(), StepRange { first: 102, last: 201 });
    type_keys(&mut app, "zzzzzzzzzzz");
    assert_eq!(app.shown_steps().length(), 10);
    type_keys(&mut app, "ZZZZZZZZZZZ");
    assert_eq!(app.view().charts.window, StepWindow::Whole);
    type_keys(&mut app, "zz");
    press(&mut app, Key::plain(Code::Left));
    type_keys(&mut app, "0");
    assert_eq!((app.view().charts.window, app.view().charts.cursor), (StepWindow::Whole, None));
}

#[test]
fn the_cursor_reads_values_and_takes_the_window_along() {
    let mut app = running();
    tell(&mut app, [evaluation(100, 0.7, 0.75)]);
    press(&mut app, Key::plain(Code::Left));
    assert_eq!(app.view().charts.cursor, Some(200), "it appears at the newest step");
    press(&mut app, Key::plain(Code::Right));
    assert_eq!(app.view().charts.cursor, Some(200), "and does not leave the run");
    type_keys(&mut app, "zz");
    for _ in 0..80 {
        press(&mut app, Key::plain(Code::Left));
    }
    assert_eq!(app.view().charts.cursor, Some(120));
    assert!(app.shown_steps().contains(120) && app.shown_steps().length() == 50, "{:?}", app.shown_steps());
    let readout = app.chart(ChartSlot::First, plot(50)).cursor.unwrap();
    let exact = f64::from((2.0f64 / 120.0) as f32);
    assert_eq!(readout.values.train.and_then(|column| column.extent).map(|extent| extent.mean), Some(exact));
    assert_eq!((readout.values.test, readout.step), (Some(f64::from(0.7f32)), 120));
    for _ in 0..30 {
        press(&mut app, Key::shift(Code::Left));
    }
    assert_eq!((app.view().charts.cursor, app.shown_steps().first), (Some(1), 1));
    press(&mut app, Key::plain(Code::Esc));
    assert_eq!(app.view().charts.cursor, None);
}

#[test]
fn zooming_near_the_end_keeps_the_newest_steps_in_sight() {
    let mut app = running();
    for _ in 0..9 {
        press(&mut app, Key::plain(Code::Left));
    }
    assert_eq!(app.view().charts.cursor, Some(160));
    type_keys(&mut app, "z");
    assert_eq!(app.shown_steps(), StepRange { first: 101, last: 200 });
    type_keys(&mut app, "z");
    let steps = app.shown_steps();
    assert!(steps.contains(160) && steps.length() == 50, "the cursor stays in sight: {steps:?}");
}

#[test]
fn arrows_lead_from_a_chart_to_the_layers() {
    let mut app = running();
    press(&mut app, Key::plain(Code::Down));
    assert_eq!((app.view().focused_panel(), app.view().layers.row), (Panel::Layers, 0));
    press(&mut app, Key::plain(Code::Down));
    assert_eq!((app.view().focused_panel(), app.view().layers.row), (Panel::Layers, 1));
}

#[test]
fn a_probe_from_before_a_broken_step_is_stale() {
    let mut app = running();
    let look = |at| {
        let Event::Step(report) = step(at, 0.5) else { unreachable!() };
        Event::Step(StepReport { layers: probes(&[(0, 1.0)]), ..report })
    };
    let stale = |app: &App| app.run().is_stale(&app.run().layers.rows()[0]);
    tell(&mut app, [look(201)]);
    assert!(!stale(&app));
    tell(&mut app, [step(202, f64::NAN)]);
    assert!(stale(&app));
    tell(&mut app, [look(203)]);
    assert!(!stale(&app));
}

#[test]
fn the_wheel_zooms_under_the_pointer_and_a_click_sets_the_cursor() {
    let mut app = running();
    app.update(Message::Pointer(Pointer::Wheel { panel: Panel::Chart(ChartSlot::First), fraction: 0.25, up: true }));
    assert_eq!(app.shown_steps(), StepRange { first: 11, last: 170 });
    app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::Second), fraction: 0.5 }));
    assert_eq!((app.view().charts.cursor, app.view().focused_panel()), (Some(91), Panel::Chart(ChartSlot::Second)));
    app.update(Message::Pointer(Pointer::ClickRow { panel: Panel::Layers, row: 1 }));
    assert_eq!((app.view().layers.row, app.view().focused_panel()), (1, Panel::Layers));
    app.update(Message::Pointer(Pointer::ClickRow { panel: Panel::Layers, row: 77 }));
    app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction: f64::NAN }));
    assert_eq!((app.view().layers.row, app.view().charts.cursor), (1, Some(91)));
    assert_eq!(press(&mut app, Key::char('M')), [Effect::CaptureMouse(false)]);
    assert!(notice(&app).starts_with("mouse given to the terminal"));
}

#[test]
fn the_log_scale_is_refused_where_nothing_is_positive() {
    let mut app = running();
    type_keys(&mut app, "l");
    assert_eq!(app.chart(ChartSlot::First, plot(50)).axis.scale, ValueScale::Log);
    type_keys(&mut app, "l");
    assert_eq!(app.chart(ChartSlot::First, plot(50)).axis.scale, ValueScale::Linear);
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0), step(1, 0.0), step(2, f64::NAN), step(3, -1.0)]);
    type_keys(&mut app, "l");
    assert_eq!(
        (app.view().charts.scale(ChartSlot::First), notice(&app).contains("positive values")),
        (ValueScale::Linear, true)
    );
}

#[test]
fn charts_have_sane_axes_whatever_they_show() {
    let cases: [&[f64]; 9] = [
        &[],
        &[f64::NAN],
        &[0.0],
        &[0.0, 0.0],
        &[2.3],
        &[-1.0, -1.0],
        &[f64::INFINITY, 1.0, f64::NEG_INFINITY],
        &[1e-300, 1e300],
        &[1e9, 1e9 + 64.0],
    ];
    for values in cases {
        let mut app = fresh();
        tell(&mut app, [ready()]);
        tell(&mut app, (1u64..).zip(values).map(|(at, value)| step(at, *value)));
        for key in ["", "l", "m"] {
            type_keys(&mut app, key);
            let chart = app.chart(ChartSlot::First, plot(40));
            let extents = chart.train.iter().filter_map(|column| column.extent);
            for height in extents.flat_map(|extent| [chart.axis.height(extent.min), chart.axis.height(extent.max)]) {
                assert!(height.is_some_and(|height| (0.0..=1.0).contains(&height)), "{values:?}: {height:?}");
            }
            for (ticks, most, cells) in [(chart.axis.ticks(&chart.unit), 6, 12), (chart.steps.ticks(6, 20), 6, 20)] {
                assert!(ticks.len() <= most && ticks.iter().all(|tick| tick.cell < cells), "{ticks:?}");
            }
            assert_eq!(chart.train.len(), 40);
        }
        let broken = app.chart(ChartSlot::First, plot(40)).train.iter().any(|column| column.broken);
        assert_eq!(broken, values.iter().any(|value| !value.is_finite()));
    }
}

#[test]
fn ticks_are_round_and_told_apart() {
    let mut app = running();
    let labels = |ticks: Vec<AxisTick>| ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>();
    let values = |app: &App, slot: ChartSlot| {
        let chart = app.chart(slot, plot(50));
        labels(chart.axis.ticks(&chart.unit))
    };
    assert_eq!(values(&app, ChartSlot::First), ["0.0", "0.4", "0.8", "1.2", "1.6", "2.0"]);
    assert_eq!(labels(app.shown_steps().ticks(5, 50)), ["50", "100", "150", "200"]);
    assert_eq!(values(&app, ChartSlot::Second), ["46 %", "48 %", "50 %", "52 %", "54 %", "56 %"]);
    type_keys(&mut app, "l");
    assert_eq!(values(&app, ChartSlot::First), ["0.01", "0.1", "1"]);
}

#[test]
fn interventions_leave_marks_and_empty_charts_say_what_fills_them() {
    let mut app = fresh();
    assert!(app.chart(ChartSlot::First, plot(10)).note.is_some(), "before the source tells what it measures");
    tell(&mut app, [hello(&ALL), ready(), controls(1e-3, None), state(RunState::Running, 0)]);
    assert!(app.chart(ChartSlot::First, plot(10)).note.is_some_and(|note| note.starts_with("nothing yet")));
    tell(&mut app, [step(1, 2.0)]);
    let first = app.chart(ChartSlot::First, plot(10));
    assert_eq!((first.note, first.first_test), (None, Some(100)));
    tell(&mut app, (2..=100).map(|at| step(at, 1.0)));
    tell(&mut app, [changed(50, LEARNING_RATE, 1e-3, 5e-4), evaluation(100, 0.7, 0.75)]);
    let chart = app.chart(ChartSlot::Second, plot(10));
    assert_eq!((chart.first_test, chart.latest.test), (None, Some(0.75)));
    assert_eq!(chart.marks, [ChartMark { column: 4, columns: vec![4], step: 50, text: "lr 0.001 → 5e-4".into() }]);
    let tested: Vec<usize> = (0..10).filter(|at| chart.test[*at].extent.is_some()).collect();
    assert_eq!(tested, [9], "train and test share the step axis");
}

#[test]
fn layers_with_parameters_get_rows_and_sparklines() {
    let mut app = running();
    for at in 201..=220u64 {
        let Event::Step(mut report) = step(at, 0.5) else { unreachable!() };
        report.layers = probes(&[(0, 10f64.powi((at % 4) as i32)), (3, if at == 210 { f64::NAN } else { 1.0 })]);
        tell(&mut app, [Event::Step(report)]);
    }
    let rows = app.run().layers.rows();
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["0 linear → relu", "3 linear"]);
    assert_eq!((rows[0].shape.as_str(), rows[0].parameters), ("784 → 256", Some(200_960)));
    let look = rows[0].last_probe.as_ref().unwrap();
    let values: Vec<f64> = look.values.iter().map(|value| value.1).collect();
    assert_eq!((look.at.step, &values[1..]), (220, &[0.001, 0.25][..]));
    assert!(rows[1].track(2).is_some_and(|dead| dead.latest_value(app.run().lineage()).is_none()));
    let (scale, lines) = app.layers_screen().sparklines(220);
    let edges = scale.edges().unwrap();
    assert!((edges.0 - 1.0).abs() < 1e-9 && (edges.1 - 1000.0).abs() < 1e-9, "{edges:?}");
    let (sparks, flat) = (&lines[0], &lines[1]);
    assert_eq!([sparks[202], sparks[203]], [SparklineCell::Height(1.0), SparklineCell::Height(0.0)]);
    // Equal values are equally high in every row: 1 in both is at the bottom.
    assert_eq!([flat[200], flat[209]], [SparklineCell::Height(0.0), SparklineCell::Broken]);
    assert_eq!((sparks[203], flat[203]), (flat[203], SparklineCell::Height(0.0)));
    assert_eq!(sparks[..200], [SparklineCell::Empty; 200]);
}

#[test]
fn findings_are_newest_first_and_told_once() {
    let mut app = running();
    let finding = |step, layer, what: &str| {
        Event::Finding(Finding {
            step,
            health: Health::Watch,
            layer,
            what: what.into(),
            advice: "lower it".into(),
            trouble: None,
        })
    };
    tell(
        &mut app,
        [finding(1, Some(0), "60 % dead"), finding(2, None, "loss rises"), finding(3, Some(0), "61.5 % dead")],
    );
    let told: Vec<(u64, String, u64)> =
        app.run().findings.iter().map(|row| (row.at.step, row.what.clone(), row.times)).collect();
    assert_eq!(told, [(3, "61.5 % dead".into(), 2), (2, "loss rises".into(), 1)]);
    tell(&mut app, (0u8..200).map(|i| finding(9, None, &"x".repeat(i.into()))));
    assert_eq!(app.run().findings.len(), 64);
}

#[test]
fn header_tells_progress_and_what_remains() {
    let header = running().header();
    assert_eq!((header.step, header.total_steps, header.phase), (200, Some(3140), RunPhase::Running));
    assert_eq!((header.total_epochs, header.remaining), (Some(20.0), Some(294.0)));
    let empty = fresh().header();
    assert_eq!(
        (empty.phase, empty.progress, empty.remaining, empty.run.as_str()),
        (RunPhase::Loading, None, None, "fashion")
    );
}

#[test]
fn notices_go_away_by_themselves() {
    let mut app = running();
    tick(&mut app, 10);
    app.update(Message::ScreenSaved(Err("disk full".into())));
    assert_eq!(
        (notice(&app).as_str(), app.next_deadline()),
        ("screen not saved: disk full", Some(Duration::from_secs(16)))
    );
    let before = app.revision();
    tick(&mut app, 15);
    assert_eq!((app.revision(), app.notices().iter().count()), (before, 1));
    tick(&mut app, 16);
    assert_eq!((app.revision(), app.notices().iter().count(), app.next_deadline()), (before + 1, 0, None));
    type_keys(&mut app, "0");
    assert_eq!(notice(&app), "this is the whole run", "a key without a visible effect says so");
}

#[test]
fn nothing_is_drawn_again_without_a_change() {
    let mut app = running();
    let before = app.revision();
    app.update(Message::Paste("pasted".into()));
    app.update(Message::Key(Key::char('%')));
    app.update(Message::Events(Vec::new()));
    app.update(Message::Resize { columns: 80, rows: 24 });
    assert_eq!(app.revision(), before);
    app.update(Message::Resize { columns: 81, rows: 24 });
    assert_eq!((app.revision(), app.size()), (before + 1, (81, 24)));
}

#[test]
fn the_heat_map_has_a_row_a_layer_and_reads_the_cursor() {
    let mut app = running();
    let look = |at: u64, norm: f64| {
        let Event::Step(report) = step(at, 0.5) else { unreachable!() };
        Event::Step(StepReport { layers: probes(&[(0, norm), (3, 1.0)]), ..report })
    };
    tell(&mut app, [look(210, 0.01), look(220, f64::NAN), look(230, 10.0)]);
    let map = app.layers_screen().heat_map(46);
    assert_eq!(map.rows.len(), 2);
    assert_eq!(map.ends.map(|(low, high)| (low as f32, high as f32)), Some((0.01, 10.0)));
    let broken = map.rows[0].cells.iter().filter(|cell| **cell == SparklineCell::Broken).count();
    assert_eq!((broken, map.rows[0].cells[0]), (1, SparklineCell::Empty));
    assert_eq!(map.rows[0].value.and_then(|value| value.extent).map(|extent| extent.max), Some(10.0));
    type_keys(&mut app, "2v");
    assert_eq!(app.layers_screen().quantity().map(|quantity| quantity.title.as_str()), Some("update / weight"));
    type_keys(&mut app, "v");
    assert_eq!(app.layers_screen().heat_map(46).rows[1].value, None, "without a rectifier nothing is dead");
    type_keys(&mut app, "vv");
    app.update(Message::Pointer(Pointer::ClickCell { panel: Panel::Map, row: 1, fraction: 210.0 / 230.0 }));
    assert_eq!((app.view().layers.row, app.view().charts.cursor), (1, Some(210)));
    let map = app.layers_screen().heat_map(46);
    assert_eq!(map.rows[0].value.and_then(|value| value.extent).map(|extent| extent.max as f32), Some(0.01));
    assert_eq!(map.cursor.map(|(_, step)| step), Some(210));
}
