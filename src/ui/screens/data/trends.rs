//! What the charts show, small, beside the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, ChartFigure, ChartSlot, FigureCurve, SparklineCell},
    protocol::Unit,
    text::short,
    ui::{
        layout::take_left,
        paint::Row,
        theme::{Role, Theme},
        widgets::canvas::{Canvas, DOTS_ACROSS, LayerInk},
    },
};

/// Columns from which on the numbers carry their names, and from which on a decimal.
const MIN_COLUMNS_WITH_NAMES: u16 = 34;
const MIN_COLUMNS_WITH_DECIMALS: u16 = 24;

/// Draws both beside each other: numbers above, lines below. Their width is the whole planned run.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut rest = area;
    for figure in ChartSlot::ALL.into_iter().filter_map(|slot| app.chart_figure(slot)) {
        let place = take_left(&mut rest, area.width.saturating_sub(3) / 2);
        take_left(&mut rest, 3);
        draw_numbers(app, theme, buffer, place, figure);
        // A blank row keeps the lines from what follows, where there is room for one.
        let blank = u16::from(place.height > 4);
        let lines = Rect { y: place.y + 1, height: place.height.saturating_sub(1 + blank), ..place };
        draw_trend_lines(app, theme, buffer, lines, figure);
    }
}

fn draw_numbers(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &ChartFigure) {
    let run = app.run();
    let text = |curve: Option<FigureCurve>| match curve
        .and_then(|curve| run.metrics.curve_track(curve).latest_value(run.lineage()))
    {
        None => theme.marks().none.into(),
        Some((_, value)) if figure.unit != Unit::Share || !value.is_finite() => short(value),
        Some((_, value)) if area.width >= MIN_COLUMNS_WITH_DECIMALS => format!("{:.1} %", value * 100.0),
        Some((_, value)) => format!("{:.0} %", value * 100.0),
    };
    let curves = [(figure.train, Role::Train), (figure.test, Role::Test)];
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.put(&figure.title, theme.style(Role::Strong));
    for (curve, role) in curves.into_iter().filter(|(curve, _)| curve.is_some()) {
        row.skip(1);
        let word = curve.map_or("", |curve| curve.word);
        if area.width >= MIN_COLUMNS_WITH_NAMES && !word.is_empty() {
            row.put_all(&[(&format!("{word} "), theme.style(Role::Muted)), (&text(curve), theme.style(role))]);
        } else {
            row.put_all(&[(&text(curve), theme.style(role))]);
        }
    }
}

/// The line of the tests and, above it, that of the minibatches: the former shows where the two part.
fn draw_trend_lines(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &ChartFigure) {
    let mut canvas = Canvas::new(area.width, area.height);
    let Some(bottom) = canvas.height().checked_sub(1) else { return };
    let [train, test] = app.data_screen().figure_trends(figure, usize::from(area.width) * DOTS_ACROSS);
    for heights in [test, train] {
        let mut before = None;
        for (x, spark) in heights.iter().enumerate() {
            let SparklineCell::Height(height) = spark else {
                before = None;
                continue;
            };
            let at = (x, bottom - (height.clamp(0.0, 1.0) * bottom as f64).round() as usize);
            canvas.draw_line(before.unwrap_or(at), at);
            before = Some(at);
        }
        canvas.next_layer();
    }
    let inks =
        [(Role::Test, "*"), (Role::Train, ".")].map(|(role, ascii)| LayerInk { style: theme.style(role), ascii });
    canvas.draw(buffer, area, &inks, theme.has_blocks());
}
