//! Loss and accuracy so far, small, beside the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Metric},
    text::short,
    ui::{
        layout::take_left,
        paint::Row,
        theme::{Role, Theme},
        widgets::sparkline,
    },
};

/// Draws both beside each other: numbers above, blocks below. Their width is the whole planned run.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut rest = area;
    for metric in [Metric::Loss, Metric::Accuracy] {
        let place = take_left(&mut rest, area.width.saturating_sub(3) / 2);
        take_left(&mut rest, 3);
        trend(app, theme, buffer, place, metric);
    }
}

fn trend(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, metric: Metric) {
    let curves = app.run().curves(metric);
    let text = |value: f64| match metric {
        Metric::Loss => short(value),
        Metric::Accuracy if value.is_finite() => format!("{:.1} %", value * 100.0),
        Metric::Accuracy => short(value),
    };
    let name = if metric == Metric::Loss { "loss" } else { "accuracy" };
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, 0).ending(theme.marks().ellipsis);
    row.put(name, theme.style(Role::Strong)).skip(1);
    let none = || theme.marks().none.into();
    let latest = |series: &crate::app::Series| series.latest().map_or_else(none, |(_, value)| text(value));
    let (train, test) = (latest(&curves.train), latest(&curves.test));
    let pieces = [("train ", muted), (train.as_str(), theme.style(Role::Train)), ("  test ", muted)];
    if !row.put_all(&[pieces[0], pieces[1], pieces[2], (&test, theme.style(Role::Test))]) {
        row.put_all(&[(&train, theme.style(Role::Train))]);
        row.skip(1).put_all(&[(&test, theme.style(Role::Test))]);
    }
    // A blank row below keeps the blocks from what follows.
    let blocks = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    sparkline::draw(buffer, blocks, &app.trend(metric, usize::from(area.width)), Role::Train, theme);
}
