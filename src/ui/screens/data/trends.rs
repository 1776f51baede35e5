//! What the charts show, small, beside the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, ChartFigure, ChartSlot, FigureCurve, FigureTrends, SparklineCell},
    protocol::Unit,
    text::{TextWidth, percent_number, short, thousands},
    ui::{
        layout::{take_bottom, take_left, take_top},
        paint::{Row, cut, number},
        theme::{Role, Theme},
        widgets::canvas::{Canvas, DOTS_ACROSS, DOTS_DOWN, LayerInk, nearest_dot},
    },
};

/// Columns from which on both lines are drawn, each with its name and its number; where there are fewer, that of the
/// tests alone.
const MIN_COLUMNS_WITH_BOTH: u16 = 34;

/// Columns from which on a share has a decimal.
const MIN_COLUMNS_WITH_DECIMALS: u16 = 24;

/// Rows of a chart from which on one of them is for the steps.
const MIN_ROWS_WITH_STEPS: u16 = 5;

/// Columns for the values at the edges, and for the axis.
const GUTTER_COLUMNS: u16 = 6;

/// Columns and rows of the smallest lines that say anything.
const MIN_LINE_CELLS: (u16, u16) = (6, 2);

/// One line of a chart.
#[derive(Clone, Copy)]
struct TrendLine {
    curve: FigureCurve,
    /// What it is called: `raw`, as everywhere for minibatches that are not smoothed.
    name: &'static str,
    role: Role,
    /// Its place in [`FigureTrends::curves`].
    place: usize,
}

/// Draws both charts beside each other: numbers above, lines with their scales below. Their width is the whole planned
/// run.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut rest = area;
    for figure in ChartSlot::ALL.into_iter().filter_map(|slot| app.chart_figure(slot)) {
        let mut place = take_left(&mut rest, area.width.saturating_sub(3) / 2);
        take_left(&mut rest, 3);
        let lines = shown_lines(app, figure, place.width);
        draw_numbers(app, theme, buffer, take_top(&mut place, 1), figure, &lines);
        draw_chart(app, theme, buffer, place, figure, &lines);
    }
}

/// The last step of the charts, where they have no row that says it.
pub fn unlabelled_last_step(app: &App, rows: u16) -> Option<u64> {
    let drawn = rows > MIN_LINE_CELLS.1 && ChartSlot::ALL.into_iter().any(|slot| app.chart_figure(slot).is_some());
    (drawn && rows < MIN_ROWS_WITH_STEPS).then(|| app.data_screen().last_planned_step())
}

/// The lines that are drawn: those that have room for their names, and of these the one of the tests first.
fn shown_lines(app: &App, figure: &ChartFigure, columns: u16) -> Vec<TrendLine> {
    let line = |curve: Option<FigureCurve>, name, role, place| {
        curve.map(|curve| TrendLine { curve, name: if curve.word.is_empty() { "" } else { name }, role, place })
    };
    let raw = line(figure.train, "raw", Role::Train, 0);
    let test = line(figure.test, "test", Role::Test, 1);
    let both: Vec<TrendLine> = raw.into_iter().chain(test).collect();
    let known = |line: &&TrendLine| latest_value(app, line.curve).is_some();
    match both.iter().rev().find(known) {
        Some(line) if columns < MIN_COLUMNS_WITH_BOTH => vec![*line],
        _ if columns < MIN_COLUMNS_WITH_BOTH => both.into_iter().take(1).collect(),
        _ => both,
    }
}

fn latest_value(app: &App, curve: FigureCurve) -> Option<f64> {
    app.run().metrics.curve_track(curve).latest_value(app.run().lineage()).map(|(_, value)| value)
}

fn draw_numbers(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &ChartFigure, lines: &[TrendLine]) {
    let text = |curve: FigureCurve| match latest_value(app, curve) {
        None => theme.marks().none.into(),
        Some(value) if figure.unit != Unit::Share || !value.is_finite() => short(value),
        Some(value) if area.width >= MIN_COLUMNS_WITH_DECIMALS => format!("{} %", percent_number(value, 1)),
        Some(value) => format!("{} %", percent_number(value, 0)),
    };
    // The newest test carries this mark in the chart, where there are two lines.
    let mark = |line: &TrendLine| line.role == Role::Test && lines.len() > 1;
    let pieces: Vec<(String, Role)> = lines
        .iter()
        .flat_map(|line| {
            let mark = if mark(line) { [theme.marks().point, " "].concat() } else { String::new() };
            let name = if line.name.is_empty() { String::new() } else { [line.name, " "].concat() };
            [([" ", &mark].concat(), line.role), (name, Role::Muted), (text(line.curve), line.role)]
        })
        .collect();
    let columns: usize = pieces.iter().map(|(text, _)| text.width()).sum();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    // The name of the figure gives way before the numbers do.
    let title = cut(&figure.title, row.free().saturating_sub(columns as u16), theme.marks().ellipsis);
    row.put(&title, theme.style(Role::Strong));
    for (text, role) in &pieces {
        row.put(text, theme.style(*role));
    }
}

/// The lines, with the values of their edges at the left and the steps below where there is a row for them.
fn draw_chart(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, figure: &ChartFigure, lines: &[TrendLine]) {
    let mut place = area;
    let steps = take_bottom(&mut place, u16::from(area.height + 1 >= MIN_ROWS_WITH_STEPS));
    let gutter = take_left(&mut place, GUTTER_COLUMNS);
    if place.width < MIN_LINE_CELLS.0 || place.height < MIN_LINE_CELLS.1 {
        return;
    }
    let trends = app.data_screen().figure_trends(figure, usize::from(place.width) * DOTS_ACROSS);
    let end = |value: f64| match figure.unit {
        Unit::Share => format!("{:.0} %", value * 100.0),
        _ => number(value, GUTTER_COLUMNS - 1),
    };
    let (muted, faint) = (theme.style(Role::Muted), theme.style(Role::Faint));
    let (tick, bar) = if theme.has_blocks() { ("┤", "│") } else { ("+", "|") };
    for y in 0..gutter.height {
        let label = match y {
            0 => end(trends.full),
            _ if y + 1 == gutter.height => end(0.0),
            _ => String::new(),
        };
        let mut row = Row::new(buffer, gutter, y);
        row.put_right_aligned(&label, gutter.width - 1, muted).put(if label.is_empty() { bar } else { tick }, faint);
    }
    let mut row = Row::new(buffer, Rect { x: gutter.x, ..steps }, 0);
    row.put_right(&thousands(trends.steps.1), muted);
    row.put_right_aligned("step 1", GUTTER_COLUMNS, muted);
    draw_trend_lines(theme, buffer, place, &trends, lines);
}

/// The line of the tests and, above it, that of the minibatches: the former shows where the two part, and ends in a mark.
fn draw_trend_lines(theme: Theme, buffer: &mut Buffer, area: Rect, trends: &FigureTrends, lines: &[TrendLine]) {
    let mut canvas = Canvas::new(area.width, area.height);
    let Some(bottom) = canvas.height().checked_sub(1) else { return };
    let mut inks = Vec::new();
    let mut last = None;
    for line in lines.iter().rev() {
        let mut before = None;
        for (x, spark) in trends.curves[line.place].iter().enumerate() {
            let SparklineCell::Height(height) = spark else {
                before = None;
                continue;
            };
            // Both ends are at the middle of the rows of their labels.
            let span = bottom.saturating_sub(DOTS_DOWN - 1) as f64;
            let rise = (DOTS_DOWN - 1) as f64 / 2.0 + height.clamp(0.0, 1.0) * span;
            let at = (x, bottom - nearest_dot(rise).min(bottom));
            canvas.draw_line(before.unwrap_or(at), at);
            before = Some(at);
            if line.role == Role::Test && lines.len() > 1 {
                last = before;
            }
        }
        let ascii = if line.role == Role::Test { "*" } else { "." };
        inks.push(LayerInk { style: theme.style(line.role), ascii });
        canvas.next_layer();
    }
    canvas.draw(buffer, area, &inks, theme.has_blocks());
    if let Some((x, y)) = last {
        let mark =
            Rect { x: area.x + (x / DOTS_ACROSS) as u16, y: area.y + (y / DOTS_DOWN) as u16, width: 1, height: 1 };
        Row::new(buffer, mark, 0).put(theme.marks().point, theme.style(Role::Test));
    }
}
