//! A chart of train and test over the steps: smallest to largest value a column, so that no spike vanishes.
//!
//! Own work rather than ratatui's `Chart`, which can loop for ever on NaN and joins points across gaps.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

mod overlays;
mod readout;

use super::{
    canvas::{Canvas, DOTS_ACROSS, DOTS_DOWN, Dashes, LayerInk, nearest_dot},
    step_axis,
};
use crate::{
    app::{Chart, CurveEnds, PlotSize, ValueScale},
    protocol::{Better, Unit},
    text::{TextWidth, thousands},
    ui::{
        paint::{self, Row},
        theme::{ColorDepth, Role, Theme},
    },
};

/// Columns for the labels of the values and the axis beside them.
const GUTTER_COLUMNS: u16 = 8;

/// Dashes of the curve of evaluations, as long as the gaps: whole cells, which have one colour.
const TEST_DASHES: Dashes = Dashes { length: 2 * DOTS_ACROSS, period: 4 * DOTS_ACROSS, start: 0 };

/// Columns of dots from one mark of an evaluation to the next, at least.
const MARK_DISTANCE_COLUMNS: usize = 5 * DOTS_ACROSS;

/// Where the parts of a chart lie; depends on nothing but the area, so the mouse can be told where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartFrame {
    /// Title and values.
    pub title: Rect,
    /// The curves.
    pub plot: Rect,
    /// The step axis, of no height where there is no room.
    pub axis: Rect,
    /// Its labels, of no height where there is no room.
    pub labels: Rect,
}

impl ChartFrame {
    /// Divides `area`.
    pub fn of(area: Rect) -> Self {
        let rows = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        let title = area.height.min(1);
        let axis = u16::from(area.height >= 4);
        let labels = u16::from(area.height >= 6);
        let plot = area.height - title - axis - labels;
        let gutter = if area.width >= 3 * GUTTER_COLUMNS { GUTTER_COLUMNS } else { 0 };
        let inside = |rect: Rect| Rect { x: rect.x + gutter, width: rect.width - gutter, ..rect };
        Self {
            title: rows(0, title),
            plot: inside(rows(title, plot)),
            axis: inside(rows(title + plot, axis)),
            labels: inside(rows(title + plot + axis, labels)),
        }
    }

    /// The size of plot to ask the model for.
    pub fn plot_size(&self) -> PlotSize {
        PlotSize { columns: usize::from(self.plot.width) * DOTS_ACROSS, rows: self.plot.height }
    }

    /// Place of column `x` along the step axis, 0 at its left end and 1 at its right.
    pub fn step_fraction(&self, x: u16) -> f64 {
        let width = f64::from(self.plot.width.max(1));
        ((f64::from(x) - f64::from(self.plot.x) + 0.5) / width).clamp(0.0, 1.0)
    }
}

/// What the title says beside the values.
#[derive(Clone, Copy, Debug)]
pub struct ChartHeading<'a> {
    /// Whether the panel is focused.
    pub focused: bool,
    /// Scale, smoothing, window: `log · smooth 0.98`.
    pub settings: &'a str,
}

/// Draws `chart`, which was made with [`ChartFrame::plot_size`], into `area`.
pub fn draw(buffer: &mut Buffer, area: Rect, chart: &Chart, heading: &ChartHeading, theme: Theme) {
    let frame = ChartFrame::of(area);
    draw_title(buffer, frame.title, chart, heading, theme);
    if frame.plot.is_empty() {
        return;
    }
    draw_value_axis(buffer, area, &frame, chart, theme);
    draw_steps_below(buffer, &frame, chart, theme);
    draw_vertical_lines(buffer, &frame, chart, theme);
    draw_curves(buffer, &frame, chart, theme);
    draw_event_symbols(buffer, &frame, chart, theme);
    overlays::draw_names(buffer, frame.plot, chart, theme);
    if let Some(note) = &chart.note {
        paint::draw_note(buffer, frame.plot, note, theme.style(Role::Muted));
    }
}

fn draw_title(buffer: &mut Buffer, area: Rect, chart: &Chart, heading: &ChartHeading, theme: Theme) {
    let marks = theme.marks();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    let (pointer, role) = if heading.focused { (marks.pointer, Role::Focus) } else { (" ", Role::Strong) };
    row.put(pointer, theme.style(Role::Focus)).skip(1).put(&chart.title, theme.style(role)).skip(2);
    readout::draw(&mut row, chart, theme);
    if row.free() > heading.settings.width() as u16 + 1 {
        row.put_right(heading.settings, theme.style(Role::Muted));
    }
}

fn draw_value_axis(buffer: &mut Buffer, area: Rect, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    let gutter = frame.plot.x - area.x;
    if gutter == 0 {
        return;
    }
    let labels = Rect { width: gutter, ..area };
    let (plain, tick) = if theme.has_blocks() { ("│", "┤") } else { ("|", "+") };
    for y in 0..frame.plot.height {
        Row::new(buffer, labels, 1 + y).skip(gutter - 1).put(plain, theme.style(Role::Faint));
    }
    for value in chart.axis.ticks(&chart.unit) {
        let y = frame.plot.height.saturating_sub(1 + value.cell);
        let mut row = Row::new(buffer, labels, 1 + y).with_ellipsis(theme.marks().ellipsis);
        row.put_right_aligned(&value.label, gutter - 1, theme.style(Role::Muted)).put(tick, theme.style(Role::Faint));
    }
}

fn draw_steps_below(buffer: &mut Buffer, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    let corner = if theme.has_blocks() { "╰" } else { "+" };
    if frame.axis.height > 0 && frame.axis.x > 0 {
        let left = Rect { x: frame.axis.x - 1, width: 1, ..frame.axis };
        Row::new(buffer, left, 0).put(corner, theme.style(Role::Faint));
    }
    if frame.labels.x >= GUTTER_COLUMNS {
        let left = Rect { x: frame.labels.x - GUTTER_COLUMNS, width: GUTTER_COLUMNS - 1, ..frame.labels };
        Row::new(buffer, left, 0).put_right_aligned("step", GUTTER_COLUMNS - 1, theme.style(Role::Muted));
    }
    step_axis::draw_step_axis(buffer, frame.axis, frame.labels, chart.step_axis(), theme);
}

/// Lines from top to bottom, drawn before the curves so that these stay whole.
fn draw_vertical_lines(buffer: &mut Buffer, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    let mut line = |column: usize, symbol: &str, role: Role| {
        for y in 0..frame.plot.height {
            // Underlined text is told apart without colour; an underlined line would look like a ladder.
            let style = theme.style(role).remove_modifier(Modifier::UNDERLINED);
            Row::new(buffer, frame.plot, y).skip((column / DOTS_ACROSS) as u16).put(symbol, style);
        }
    };
    for column in chart.marks.iter().flat_map(|mark| mark.columns.iter().copied()) {
        line(column, theme.marks().cursor, Role::Change);
    }
    if let Some(cursor) = &chart.cursor {
        line(cursor.column, theme.marks().bar, Role::Focus);
    }
}

/// Draws every minibatch, the curves laid over the chart above it, then the smoothed curve, and above all the evaluations
/// with gaps, so that a curve which they hide shows through.
fn draw_curves(buffer: &mut Buffer, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    let mut canvas = Canvas::new(frame.plot.width, frame.plot.height);
    draw_samples(&mut canvas, chart);

    for overlay in &chart.overlays {
        canvas.next_layer();
        overlays::draw_curve(&mut canvas, &chart.axis, overlay);
    }

    canvas.next_layer();
    canvas.set_dashes(None);
    let broken = |x: usize| chart.train.get(x).is_some_and(|column| column.broken);
    let smoothed = chart.smoothed.iter().enumerate().map(|(x, value)| (*value, broken(x)));
    join_points(&mut canvas, chart, smoothed, chart.smoothed_ends);

    canvas.next_layer();
    canvas.set_dashes(Some(TEST_DASHES));
    let test = chart.test.iter().map(|column| (column.extent.map(|extent| extent.mean), column.broken));
    join_points(&mut canvas, chart, test, chart.test_ends);

    if has_dot_marks(theme) {
        canvas.set_dashes(None);
        for (x, y) in mark_places(chart, frame.plot.height) {
            draw_mark(&mut canvas, x, y);
        }
    }

    let raw = if chart.smoothed.iter().all(Option::is_none) { Role::Train } else { Role::TrainRaw };
    let ink = |role, ascii| LayerInk { style: theme.style(role), ascii };
    let overlays = chart.overlays.iter().map(|overlay| overlays::ink(overlay, theme));
    let inks: Vec<LayerInk> =
        [ink(raw, ".")].into_iter().chain(overlays).chain([ink(Role::Train, "*"), ink(Role::Test, "-")]).collect();
    canvas.draw(buffer, frame.plot, &inks, theme.has_blocks());
}

/// Whether evaluations are marked by dots, whose height is exact, rather than by a symbol, which has the height of its
/// row. Without colours dots would be lost among those of the curves.
fn has_dot_marks(theme: Theme) -> bool {
    theme.has_symbols() && theme.depth != ColorDepth::None
}

/// The dots of the evaluations that are marked, from the newest on: where they are dense, marks would hide all curves.
fn mark_places(chart: &Chart, rows: u16) -> Vec<(usize, usize)> {
    let mut taken: Option<usize> = None;
    let mut places = Vec::new();
    for (x, column) in chart.test.iter().enumerate().rev() {
        let row = column.extent.and_then(|extent| dot_row(chart, rows, extent.mean));
        if let Some(y) = row.filter(|_| taken.is_none_or(|taken| taken - x >= MARK_DISTANCE_COLUMNS)) {
            taken = Some(x);
            places.push((x, y));
        }
    }
    places
}

/// Draws a diamond of dots around a dot.
fn draw_mark(canvas: &mut Canvas, x: usize, y: usize) {
    canvas.draw_vertical(x, y.saturating_sub(1), y + 1);
    canvas.draw_vertical(x + 1, y, y);
    if let Some(left) = x.checked_sub(1) {
        canvas.draw_vertical(left, y, y);
    }
}

/// The row of dots that a value lies in, from the top.
fn dot_row(chart: &Chart, rows: u16, value: f64) -> Option<usize> {
    let bottom = (usize::from(rows) * DOTS_DOWN).saturating_sub(1);
    Some(nearest_dot((1.0 - chart.axis.height(value)?) * bottom as f64))
}

/// Every minibatch: from the smallest to the largest value of each column.
fn draw_samples(canvas: &mut Canvas, chart: &Chart) {
    let rows = canvas.rows();
    let place = |value: f64| dot_row(chart, rows, value);
    let mut before = chart.train_ends.left.and_then(place).map(|y| (0, y, y));
    for (x, column) in chart.train.iter().enumerate() {
        if let Some((top, low)) = column.extent.and_then(|extent| Some((place(extent.max)?, place(extent.min)?))) {
            canvas.draw_vertical(x, top, low);
            // Neighbours that don't touch are joined, at the ends that face each other.
            if let Some((x0, top0, low0)) = before {
                let (from, to) = if low < top0 { (top0, low) } else { (low0.min(low), top.max(low0.min(low))) };
                canvas.draw_line((x0, from), (x, to));
            }
            before = Some((x, top, low));
        }
        if column.broken {
            before = None;
        }
    }
    if let Some(((x, y, _), right)) = before.zip(chart.train_ends.right.and_then(place)) {
        canvas.draw_line((x, y), (chart.train.len() - 1, right));
    }
}

/// Joins values by straight lines, also to where the curve crosses the edges, but not across a broken column.
fn join_points(
    canvas: &mut Canvas,
    chart: &Chart,
    values: impl ExactSizeIterator<Item = (Option<f64>, bool)>,
    ends: CurveEnds,
) {
    let (rows, last) = (canvas.rows(), values.len().saturating_sub(1));
    let place = |value: Option<f64>| dot_row(chart, rows, value?);
    let mut before = place(ends.left).map(|y| (0, y));
    for (x, (value, broken)) in values.enumerate() {
        if let Some(y) = place(value) {
            canvas.draw_line(before.unwrap_or((x, y)), (x, y));
            before = Some((x, y));
        }
        if broken {
            before = None;
        }
    }
    if let Some((before, right)) = before.zip(place(ends.right)) {
        canvas.draw_line(before, (last, right));
    }
}

/// Symbols above the curves: evaluations, measurements that were not numbers, changes.
fn draw_event_symbols(buffer: &mut Buffer, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    let symbols = theme.marks();
    if !has_dot_marks(theme) {
        for (x, y) in mark_places(chart, frame.plot.height) {
            // The cell of the line's dot, so that the mark lies on it.
            let (y, column) = ((y / DOTS_DOWN) as u16, (x / DOTS_ACROSS) as u16);
            Row::new(buffer, frame.plot, y).skip(column).put(symbols.point, theme.style(Role::Test));
        }
    }
    draw_event_labels(buffer, frame, chart, theme);
    let broken =
        chart.train.iter().zip(&chart.test).enumerate().filter(|(_, (train, test))| train.broken || test.broken);
    for (x, _) in broken {
        let style = theme.style(Role::Bad);
        Row::new(buffer, frame.plot, 0).skip((x / DOTS_ACROSS) as u16).put(symbols.not_a_number, style);
    }
    for column in chart.marks.iter().flat_map(|mark| mark.columns.iter().copied()) {
        let style = theme.style(Role::Change);
        Row::new(buffer, frame.axis, 0).skip((column / DOTS_ACROSS) as u16).put(symbols.intervention, style);
    }
}

/// Writes what was changed beside the marks, the newest first, in the row that curves leave soonest, and above what
/// they still have there. Where a label goes depends on nothing that moves from frame to frame.
fn draw_event_labels(buffer: &mut Buffer, frame: &ChartFrame, chart: &Chart, theme: Theme) {
    if frame.plot.width < 16 || frame.plot.height < 4 {
        return;
    }
    // What is the better the higher rises; anything else is thought to fall.
    let y = if chart.better == Better::Higher { frame.plot.height - 1 } else { 0 };
    let mut taken: Vec<(u16, u16)> = Vec::new();
    for mark in chart.marks.iter().rev() {
        let column = (mark.column / DOTS_ACROSS) as u16;
        let (left, right) = (column, frame.plot.width.saturating_sub(column + 1));
        let width = mark.text.width() as u16;
        let (start, width) = if width <= right || right >= left {
            (column + 1, width.min(right))
        } else {
            (column.saturating_sub(width), width.min(left))
        };
        let end = start + width;
        if width < 4 || taken.iter().any(|(from, to)| start <= *to && *from <= end) {
            continue;
        }
        let mut row = Row::new(buffer, frame.plot, y).with_ellipsis(theme.marks().ellipsis);
        row.skip(start).put_left_aligned(&mark.text, width, theme.style(Role::Change));
        taken.push((start, end));
    }
}

/// What a title says about unit, scale and smoothing; `refused`: a logarithmic scale was asked for but can't be had.
pub fn chart_settings_text(chart: &Chart, refused: bool, theme: Theme) -> String {
    let scale = match (chart.axis.scale, refused) {
        (ValueScale::Log, _) => "log",
        (ValueScale::Linear, true) => "no log: nothing above 0",
        (ValueScale::Linear, false) => "",
    };
    let around = theme.marks().plus_minus;
    let smoothing = chart.smoothing.map(|smoothing| match smoothing.reach() {
        Some(reach) => format!("smooth {around}{reach}"),
        None => "not smoothed".into(),
    });
    let smoothing = smoothing.unwrap_or_default();
    let unit = if let Unit::Named(unit) = &chart.unit { unit } else { "" };
    let dot = format!(" {} ", theme.marks().dot);
    let undrawn = match chart.undrawn {
        0 => String::new(),
        1 => "1 branch not drawn".into(),
        more => format!("{} branches not drawn", thousands(more as u64)),
    };
    let parts = [&undrawn, unit, scale, &smoothing].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    parts.join(&dot)
}

#[cfg(test)]
mod tests;
