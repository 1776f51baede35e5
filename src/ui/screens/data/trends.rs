//! Loss and accuracy so far, small, beside the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Metric, Series, Spark},
    text::short,
    ui::{
        layout::take_left,
        paint::Row,
        theme::{Role, Theme},
        widgets::canvas::{ACROSS, Canvas, Ink},
    },
};

/// Columns from which on the numbers carry their names, and from which on a decimal.
const NAMED: u16 = 34;
const EXACT: u16 = 24;

/// Draws both beside each other: numbers above, lines below. Their width is the whole planned run.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut rest = area;
    for metric in [Metric::Loss, Metric::Accuracy] {
        let place = take_left(&mut rest, area.width.saturating_sub(3) / 2);
        take_left(&mut rest, 3);
        numbers(app, theme, buffer, place, metric);
        // A blank row keeps the lines from what follows, where there is room for one.
        let blank = u16::from(place.height > 4);
        let lines = Rect { y: place.y + 1, height: place.height.saturating_sub(1 + blank), ..place };
        trends(app, theme, buffer, lines, metric);
    }
}

fn numbers(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, metric: Metric) {
    let curves = app.run().curves(metric);
    let text = |series: &Series| match series.latest() {
        None => theme.marks().none.into(),
        Some((_, value)) if metric == Metric::Loss || !value.is_finite() => short(value),
        Some((_, value)) if area.width >= EXACT => format!("{:.1} %", value * 100.0),
        Some((_, value)) => format!("{:.0} %", value * 100.0),
    };
    let (train, test) = (text(&curves.train), text(&curves.test));
    let name = if metric == Metric::Loss { "loss" } else { "accuracy" };
    let (train_style, test_style) = (theme.style(Role::Train), theme.style(Role::Test));
    let mut row = Row::new(buffer, area, 0).ending(theme.marks().ellipsis);
    row.put(name, theme.style(Role::Strong)).skip(1);
    if area.width >= NAMED {
        row.put_all(&[("train ", theme.style(Role::Muted)), (&train, train_style)]);
        row.skip(1).put_all(&[("test ", theme.style(Role::Muted)), (&test, test_style)]);
    } else {
        row.put_all(&[(&train, train_style)]);
        row.skip(1).put_all(&[(&test, test_style)]);
    }
}

/// The line of the tests and, above it, that of the minibatches: the former shows where the two part.
fn trends(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, metric: Metric) {
    let mut canvas = Canvas::new(area.width, area.height);
    let Some(bottom) = canvas.height().checked_sub(1) else { return };
    let [train, test] = app.trends(metric, usize::from(area.width) * ACROSS);
    for heights in [test, train] {
        let mut before = None;
        for (x, spark) in heights.iter().enumerate() {
            let Spark::Height(height) = spark else {
                before = None;
                continue;
            };
            let at = (x, bottom - (height.clamp(0.0, 1.0) * bottom as f64).round() as usize);
            canvas.line(before.unwrap_or(at), at);
            before = Some(at);
        }
        canvas.next_layer();
    }
    let inks = [(Role::Test, "*"), (Role::Train, ".")].map(|(role, ascii)| Ink { style: theme.style(role), ascii });
    canvas.draw(buffer, area, &inks, theme.unicode);
}
