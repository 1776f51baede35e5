//! The sample that is followed: what it is, what the network takes it for, how it looks.

use ratatui::{buffer::Buffer, layout::Rect};

mod columns;
mod plane;

use super::numbers;
use crate::{
    app::{App, Panel, SampleTrace, SparklineCell},
    protocol::inspection::{PassKind, SplitName, Trace},
    text::{TextWidth, percent_number, short, thousands},
    ui::{
        layout::inspect::SampleFrame,
        paint::{Row, number},
        screens::title,
        theme::{Role, Theme},
        widgets::{picture::CellPicture, sparkline},
    },
};

/// Columns before the value of a fact.
const FACT_COLUMNS: usize = 9;

/// Draws the panel.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &SampleTrace<'_>) {
    let trace = tracing.trace;
    let frame = SampleFrame::of(area);
    let mut row = title(app, theme, buffer, frame.title, Panel::Sample);
    let place = match trace.pass {
        PassKind::Minibatch { .. } => format!("row {} of {}", trace.sample.row, thousands(trace.batch as u64)),
        PassKind::Evaluation | PassKind::Unknown => "alone".into(),
    };
    row.put_all(&[(&place, theme.style(Role::Text)), ("  ", theme.style(Role::Muted))]);
    let part = if trace.sample.split == SplitName::Train { "train" } else { "test" };
    row.put_all(&[(&format!("{part} {}", thousands(trace.sample.index as u64)), theme.style(Role::Muted))]);
    draw_facts(app, theme, buffer, frame.facts, trace);
    match image_placement(area, trace) {
        Some((room, image)) => drop(numbers::draw_picture(buffer, room, &image, theme)),
        None if plane::draw(app, theme, buffer, indented_area(frame.picture), &trace.sample.input) => {}
        None if app.run().columns.is_empty() => draw_values(theme, buffer, frame.picture, trace),
        None => columns::draw(&app.run().columns, theme, buffer, indented_area(frame.picture), &trace.sample.input),
    }
    draw_losses(theme, buffer, frame.losses, trace);
}

fn draw_facts(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, trace: &Trace) {
    let marks = theme.marks();
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let width = usize::from(area.width);
    let mut put = |y: u16, label: &str, value: &str, role: Role, after: &str| {
        let mut row = Row::new(buffer, area, y).with_ellipsis(marks.ellipsis);
        row.skip(2).put_left_aligned(label, FACT_COLUMNS as u16 - 2, muted);
        row.put_right(after, text);
        row.put_left_aligned(value, row.free().saturating_sub(1), theme.style(role));
    };
    put(0, "truth", &app.run().class_name(trace.sample.class), Role::Strong, "");
    // Where it stands in the files, if there is room for that.
    let origin = trace.sample.origin.as_deref().unwrap_or_default();
    let beside = |value: &str| if FACT_COLUMNS + value.width() + 1 + origin.width() <= width { origin } else { "" };
    let Some(loss) = &trace.loss else {
        put(1, "guess", "not computed yet", Role::Faint, "");
        put(2, "loss", marks.none, Role::Faint, beside(marks.none));
        return;
    };
    let right = loss.predicted == trace.sample.class && !loss.loss.is_nan();
    let (mark, role) = if right { (marks.good, Role::Good) } else { (marks.bad, Role::Bad) };
    let confidence = loss.probabilities.get(loss.predicted).map_or(f64::NAN, |p| f64::from(*p));
    let guess = format!("{mark} {}", app.run().class_name(loss.predicted));
    put(1, "guess", &guess, role, &format!("{} %", percent_number(confidence, 0)));
    let value = short(loss.loss);
    put(2, "loss", &value, Role::Text, beside(&value));
}

/// The image that is drawn in the panel `area`, with the room that it has.
pub fn image_placement(area: Rect, trace: &Trace) -> Option<(Rect, CellPicture)> {
    let stored = trace.sample.picture.as_ref()?;
    Some((indented_area(SampleFrame::of(area).picture), CellPicture::of_stored(stored)))
}

/// What lies below the letters of the title.
fn indented_area(area: Rect) -> Rect {
    Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area }
}

/// The values that the network reads, where they are no image.
fn draw_values(theme: Theme, buffer: &mut Buffer, area: Rect, trace: &Trace) {
    let area = indented_area(area);
    let values = &trace.sample.input.values;
    let count: usize = trace.sample.input.shape.iter().copied().fold(1, usize::saturating_mul);
    let shown = usize::from(area.height).min(8);
    for (y, (i, value)) in (0..).zip(values.iter().enumerate().take(shown)) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(&format!("x[{i}]"), 7, theme.style(Role::Muted));
        row.put_right_aligned(&number(f64::from(*value), 9), 10, theme.style(Role::Text));
    }
    if count > shown && usize::from(area.height) > shown {
        let text = format!("{} {} more", theme.marks().ellipsis, thousands((count - shown) as u64));
        Row::new(buffer, area, shown as u16).put(&text, theme.style(Role::Muted));
    }
}

/// The losses of all rows, so that one sees where the hard ones are; the sample's own is lit.
fn draw_losses(theme: Theme, buffer: &mut Buffer, area: Rect, trace: &Trace) {
    if area.height < 2 || trace.losses.len() < 2 || trace.pass == PassKind::Evaluation {
        return;
    }
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.skip(2).put_all(&[("losses of the minibatch", muted)]);
    let bars = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height - 1 };
    let (width, count) = (usize::from(bars.width).max(1), trace.losses.len());
    let wide = (width / count).clamp(1, 2);
    let column_of = |row: usize| if count <= width { row * wide } else { row * width / count };
    let finite = trace.losses.iter().filter(|loss| loss.is_finite());
    let full = finite.fold(f32::MIN_POSITIVE, |full, loss| full.max(*loss));
    let mut cells = vec![SparklineCell::Empty; width];
    for (row, loss) in trace.losses.iter().enumerate() {
        let Some(cell) = cells.get_mut(column_of(row)) else { break };
        let height = f64::from(loss / full);
        *cell = match cell {
            _ if !loss.is_finite() => SparklineCell::Broken,
            SparklineCell::Broken => SparklineCell::Broken,
            SparklineCell::Height(before) => SparklineCell::Height(before.max(height)),
            SparklineCell::Empty => SparklineCell::Height(height.max(0.0)),
        };
    }
    sparkline::draw(buffer, bars, &cells, Role::TrainRaw, theme);
    if matches!(trace.pass, PassKind::Minibatch { .. }) && trace.sample.row < count {
        let own = column_of(trace.sample.row);
        if let Some(cell) = cells.get(own) {
            let place = Rect { x: bars.x + own as u16, width: 1, ..bars };
            sparkline::draw(buffer, place, &[*cell], Role::Focus, theme);
        }
    }
}
