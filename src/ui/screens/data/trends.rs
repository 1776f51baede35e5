//! What the charts show, small, beside the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, ChartSlot, Curve, Figure, SparklineCell},
    protocol::Unit,
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
    for figure in ChartSlot::ALL.into_iter().filter_map(|slot| app.figure(slot)) {
        let place = take_left(&mut rest, area.width.saturating_sub(3) / 2);
        take_left(&mut rest, 3);
        numbers(app, theme, buffer, place, figure);
        // A blank row keeps the lines from what follows, where there is room for one.
        let blank = u16::from(place.height > 4);
        let lines = Rect { y: place.y + 1, height: place.height.saturating_sub(1 + blank), ..place };
        trends(app, theme, buffer, lines, figure);
    }
}

fn numbers(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &Figure) {
    let run = app.run();
    let text = |curve: Option<Curve>| match curve.and_then(|curve| run.metrics.track(curve).latest(run.lineage())) {
        None => theme.marks().none.into(),
        Some((_, value)) if figure.unit != Unit::Share || !value.is_finite() => short(value),
        Some((_, value)) if area.width >= EXACT => format!("{:.1} %", value * 100.0),
        Some((_, value)) => format!("{:.0} %", value * 100.0),
    };
    let curves = [(figure.train, Role::Train), (figure.test, Role::Test)];
    let mut row = Row::new(buffer, area, 0).ending(theme.marks().ellipsis);
    row.put(&figure.title, theme.style(Role::Strong));
    for (curve, role) in curves.into_iter().filter(|(curve, _)| curve.is_some()) {
        row.skip(1);
        let word = curve.map_or("", |curve| curve.word);
        if area.width >= NAMED && !word.is_empty() {
            row.put_all(&[(&format!("{word} "), theme.style(Role::Muted)), (&text(curve), theme.style(role))]);
        } else {
            row.put_all(&[(&text(curve), theme.style(role))]);
        }
    }
}

/// The line of the tests and, above it, that of the minibatches: the former shows where the two part.
fn trends(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &Figure) {
    let mut canvas = Canvas::new(area.width, area.height);
    let Some(bottom) = canvas.height().checked_sub(1) else { return };
    let [train, test] = app.data_screen().trends(figure, usize::from(area.width) * ACROSS);
    for heights in [test, train] {
        let mut before = None;
        for (x, spark) in heights.iter().enumerate() {
            let SparklineCell::Height(height) = spark else {
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
