//! The logarithmic axis of the steps: every minibatch is in its column, on curves, at the cursor and under the mouse.

use super::*;
use crate::app::{Chart, ChartSlot, Panel, PlotSize, StepAxis, StepRange, ValueScale};

/// A run whose loss is the number of the step.
fn counting(steps: u64) -> App {
    let mut app = App::new(Settings::default());
    app.update(Message::Events(vec![hello(&ALL), ready()]));
    app.update(Message::Events(
        (1..=steps).map(|step| Event::Step(made_up::report(step, step as f64, 0.5, 1e-3))).collect(),
    ));
    app
}

fn chart_of(app: &App) -> Chart {
    app.chart(ChartSlot::First, PlotSize { columns: 120, rows: 12 })
}

#[test]
fn every_minibatch_is_in_its_column() {
    let mut app = counting(2000);
    app.update(Message::Key(Key::char('X')));
    let chart = chart_of(&app);
    let axis = StepAxis { steps: StepRange { first: 1, last: 2000 }, scale: ValueScale::Log };
    assert_eq!(chart.step_axis(), axis);
    let mut seen = 0;
    for (column, shown) in chart.train.iter().enumerate() {
        let Some(extent) = shown.extent else { continue };
        // Its value is the step.
        for step in [extent.min, extent.max] {
            assert_eq!(axis.column_of(step as u64, 120), Some(column));
        }
        seen += (extent.max - extent.min) as usize + 1;
    }
    assert_eq!(seen, 2000);
    // Half of the ratio from 1 to 2,001 lies left of the middle.
    assert!((44..=46).contains(&chart.train[60].extent.unwrap().min.round().to_string().parse::<u64>().unwrap()));
    app.update(Message::Key(Key::char('X')));
    assert_eq!(chart_of(&app).step_scale, ValueScale::Linear);
}

#[test]
fn the_mouse_and_the_keys_find_steps_on_it() {
    let mut app = counting(2000);
    app.update(Message::Key(Key::char('X')));
    let panel = Panel::Chart(ChartSlot::First);
    app.update(Message::Pointer(Pointer::ClickAt { panel, fraction: 0.5 }));
    let cursor = chart_of(&app).cursor.unwrap();
    assert!((44..=46).contains(&cursor.step) && (58..=62).contains(&cursor.column), "{cursor:?}");
    // A key moves it by about as many columns wherever it is.
    let mut columns = Vec::new();
    for fraction in [0.5, 0.9] {
        app.update(Message::Pointer(Pointer::ClickAt { panel, fraction }));
        let before = chart_of(&app).cursor.unwrap().column;
        app.update(Message::Key(Key::plain(Code::Right)));
        columns.push(chart_of(&app).cursor.unwrap().column - before);
    }
    assert!(columns.iter().all(|moved| (1..=6).contains(moved)), "{columns:?}");
}

#[test]
fn it_can_be_typed() {
    let mut app = counting(100);
    for (text, scale) in [("x log", ValueScale::Log), ("x log", ValueScale::Log), ("x linear", ValueScale::Linear)] {
        app.update(Message::Key(Key::char(':')));
        app.update(Message::Paste(text.into()));
        app.update(Message::Key(Key::plain(Code::Enter)));
        assert_eq!(chart_of(&app).step_scale, scale);
    }
}
