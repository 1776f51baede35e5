//! What each unit of the selected layer comes to: one column a unit.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Panel, SparklineCell, UnitStrip, UnitStrips},
    text::{percent_number, thousands},
    ui::{
        layout::layers::UnitsFrame,
        paint::{Row, draw_note, number},
        screens::title,
        theme::{Ramp, Role, Theme},
        widgets::{heat, sparkline},
    },
};

/// Draws title and figures.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let units = match app.layers_screen().unit_strips() {
        Ok(units) => units,
        Err(reason) => {
            title(app, theme, buffer, area, Panel::Units);
            let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
            draw_note(buffer, below, &reason, theme.style(Role::Muted));
            return;
        }
    };
    let frame = UnitsFrame::of(area, &units);
    draw_heading(app, theme, buffer, &frame, &units);
    let room = usize::from(frame.strips.height / frame.tall);
    for (place, strip) in (0..).zip(units.strips.iter().take(room)) {
        draw_strip(theme, buffer, &frame, place, strip, units.selected);
    }
}

fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, frame: &UnitsFrame, units: &UnitStrips) {
    let known = units.unit_count();
    let muted = theme.style(Role::Muted);
    let mut row = title(app, theme, buffer, frame.title, Panel::Units);
    let count = format!("{} {}s", thousands(units.count as u64), units.word);
    row.put(&count, theme.style(Role::Text)).skip(2);
    let right = units.selected.map_or_else(|| "largest".into(), |unit| format!("{} {unit}", units.word));
    row.put_right(&right, theme.style(if units.selected.is_some() { Role::Focus } else { Role::Muted }));
    row.reserve_right(2);
    if units.strips.iter().any(|strip| strip.signed) {
        let least = if theme.has_symbols() { "−" } else { "-" };
        heat::put_legend(&mut row, (least, "+"), Ramp::Signed, theme);
    }
    if known < units.count {
        row.put_all(&[(&format!("the first {} are shown", thousands(known as u64)), muted), ("  ", muted)]);
    }
    let hidden = units.strips.len().saturating_sub(usize::from(frame.strips.height / frame.tall));
    if hidden > 0 {
        row.put_all(&[(&format!("{} {hidden} more, e expands", theme.marks().ellipsis), muted)]);
    } else if app.view().focused_panel() == Panel::Units && units.selected.is_none() && known > 0 {
        let keys = if theme.has_blocks() { "← → choose one" } else { "Left and Right choose one" };
        row.put_all(&[(keys, muted)]);
    }
}

fn draw_strip(
    theme: Theme,
    buffer: &mut Buffer,
    frame: &UnitsFrame,
    place: u16,
    strip: &UnitStrip,
    selected: Option<usize>,
) {
    let band = |rect: Rect| Rect { y: rect.y + place * frame.tall, height: frame.tall, ..rect };
    let middle = (frame.tall - 1) / 2;
    let name = if theme.has_symbols() { &strip.title } else { ascii_title(&strip.title) };
    Row::new(buffer, band(frame.names), middle).skip(2).put(name, theme.style(Role::Muted));
    let finite = strip.values.iter().filter(|value| value.is_finite());
    let largest = finite.fold(0f32, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
    let mut area = band(frame.strips);
    if frame.tall > 1 && !strip.signed {
        // Bars that touch those above could not be told from them.
        area.y += 1;
        area.height -= 1;
    }
    let full = if strip.share { 1.0 } else { f64::from(largest.abs()) };
    let cells: Vec<SparklineCell> =
        (0..usize::from(area.width)).map(|column| strip_cell(frame, column, strip, full)).collect();
    if strip.signed {
        heat::draw(buffer, area, &cells, Ramp::Signed, theme);
    } else {
        sparkline::draw(buffer, area, &cells, Role::Train, theme);
    }
    if let Some(unit) = selected {
        highlight_unit(buffer, area, frame, unit, theme);
    }
    let value = selected.map_or(largest, |unit| strip.values.get(unit).copied().unwrap_or(f32::NAN));
    let role = if value.is_finite() { Role::Text } else { Role::Bad };
    let text = if strip.share && value.is_finite() {
        format!("{} %", percent_number(value.into(), 0))
    } else {
        number(value.into(), frame.values.width.saturating_sub(1))
    };
    Row::new(buffer, band(frame.values), middle).put_right_aligned(&text, frame.values.width, theme.style(role));
}

/// One column: of several units in it, the one that is largest in size.
fn strip_cell(frame: &UnitsFrame, column: usize, strip: &UnitStrip, full: f64) -> SparklineCell {
    let units = frame.units_at(column);
    let values = strip.values.get(units.start.min(strip.values.len())..units.end.min(strip.values.len()));
    let values = values.unwrap_or_default();
    if values.iter().any(|value| !value.is_finite()) {
        return SparklineCell::Broken;
    }
    let largest = values.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    let Some(largest) = largest.map(f64::from) else { return SparklineCell::Empty };
    let share = if full > 0.0 { largest / full } else { 0.0 };
    match strip.signed {
        true => SparklineCell::Height(share / 2.0 + 0.5),
        false if largest > 0.0 => SparklineCell::Height(share),
        false => SparklineCell::Empty,
    }
}

/// Marks the column in the middle of the selected unit, and lights its bar.
fn highlight_unit(buffer: &mut Buffer, area: Rect, frame: &UnitsFrame, unit: usize, theme: Theme) {
    let visible = area.intersection(buffer.area);
    let columns: Vec<u16> =
        (visible.x..visible.right()).filter(|x| frame.units_at(usize::from(*x - area.x)).contains(&unit)).collect();
    for (i, x) in columns.iter().enumerate() {
        for y in visible.y..visible.bottom() {
            let cell = &mut buffer[(*x, y)];
            if cell.symbol() != " " {
                cell.set_fg(theme.color(Role::Focus));
            } else if i == columns.len() / 2 {
                cell.set_symbol(theme.marks().bar).set_style(theme.style(Role::Focus));
            }
        }
    }
}

/// Names without Greek letters.
fn ascii_title(title: &str) -> &str {
    match title {
        "γ" => "gamma",
        "β" => "beta",
        title => title,
    }
}
