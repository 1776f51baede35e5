//! The table of the layers, one row each.

use ratatui::{buffer::Buffer, layout::Rect};

use super::overview::title;
use crate::{
    app::{App, LayerRow, Panel},
    protocol::Health,
    text::{short, thousands},
    ui::{
        layout::{first_row, list_rows},
        paint::Row,
        theme::{Role, Theme},
        widgets::sparkline,
    },
};

/// Widths of the columns; the sparkline takes what is left.
struct Columns {
    name: u16,
    shape: u16,
    parameters: u16,
    spark: u16,
}

/// Columns of a number, of the dead units and of the health mark, the same in every window.
const NUMBER: u16 = 8;
const DEAD: u16 = 6;
const HEALTH: u16 = 9;

impl Columns {
    fn of(rows: &[LayerRow], width: u16) -> Self {
        use unicode_width::UnicodeWidthStr;
        let widest = |text: &dyn Fn(&LayerRow) -> usize| rows.iter().map(text).max().unwrap_or(0) as u16;
        let health = if width >= 90 { HEALTH } else { 4 };
        let rest = width.saturating_sub(2 * NUMBER + DEAD + health + 2);
        let name = (widest(&|row| row.name.width()) + 2).min(rest * 2 / 5);
        let shape = (widest(&|row| row.shape.width()) + 2).min(22);
        let parameters = (widest(&|row| thousands(row.parameters).len()) + 2).max(8);
        let mut spark = rest.saturating_sub(name + shape + parameters);
        let (mut shape, mut parameters) = (shape, parameters);
        // A sparkline too short to be read gives way to nothing else: first the count goes, then the shape.
        for column in [&mut parameters, &mut shape] {
            if spark < 12 {
                spark += std::mem::take(column);
            }
        }
        Self { name, shape, parameters, spark }
    }
}

/// Draws title and rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let rows = app.run().layers.rows();
    let columns = Columns::of(rows, area.width);
    heading(app, theme, buffer, area, &columns);
    if rows.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let text = "no layers yet: they show once the network is built";
        Row::new(buffer, below, 0).ending(theme.marks().ellipsis).skip(2).put(text, theme.style(Role::Muted));
        return;
    }
    let room = list_rows(area);
    let first = first_row(app.view().layer, rows.len(), room);
    for (place, (index, row)) in (1..).zip(rows.iter().enumerate().skip(first).take(room)) {
        let selected = app.view().focus() == Panel::Layers && app.view().layer == index;
        layer(app, theme, buffer, (area, place), row, selected, &columns);
    }
}

fn heading(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, columns: &Columns) {
    let start = area.x + 2 + columns.name;
    let muted = theme.style(Role::Muted);
    let mut row = title(app, theme, buffer, area, Panel::Layers);
    if app.run().layers.rows().is_empty() {
        return;
    }
    row.skip_to(start);
    if columns.shape > 0 {
        row.put_cell("shape", columns.shape, muted);
    }
    if columns.parameters > 0 {
        row.put_flush("weights", columns.parameters - 2, muted).skip(2);
    }
    let title = if columns.spark > 25 { "gradient norm, log scale" } else { "gradient norm" };
    row.put_cell(title, columns.spark.saturating_sub(1), muted).skip(1);
    row.put_flush("norm", NUMBER - 1, muted).put_flush("upd/w", NUMBER, muted).put_flush("dead", DEAD, muted);
}

fn layer(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    (area, place): (Rect, u16),
    layer: &LayerRow,
    selected: bool,
    columns: &Columns,
) {
    let marks = theme.marks();
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let mut row = Row::new(buffer, area, place).ending(marks.ellipsis);
    let name = if selected { theme.style(Role::Selected) } else { text };
    row.put_cell(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    row.put_cell(&layer.name, columns.name.saturating_sub(1), name).skip(1);
    if columns.shape > 0 {
        row.put_cell(&layer.shape, columns.shape, muted);
    }
    if columns.parameters > 0 {
        row.put_flush(&thousands(layer.parameters), columns.parameters - 2, muted).skip(2);
    }
    let spark = Rect { x: row.position(), y: area.y + place, width: columns.spark.saturating_sub(1), height: 1 };
    row.skip(columns.spark);
    let Some((_, probe)) = &layer.probe else {
        row.put("no probe yet", muted);
        return;
    };
    let health = Theme::health(probe.health);
    row.put_flush(&short(probe.gradient_norm), NUMBER - 1, text);
    row.put_flush(&short(probe.update_ratio()), NUMBER, text);
    let dead = probe.dead.map_or_else(|| marks.none.into(), |share| format!("{:.0} %", share * 100.0));
    row.put_flush(&dead, DEAD, if probe.dead.is_some() { text } else { muted }).skip(2);
    row.put(theme.health_mark(probe.health), theme.style(health));
    let word = match probe.health {
        Health::Good => "",
        Health::Watch => " watch",
        Health::Bad => " bad",
    };
    row.put_all(&[(word, theme.style(health))]);
    let values = layer.sparkline(app.steps(), usize::from(spark.width));
    let role = if probe.health == Health::Good { Role::Train } else { health };
    sparkline::draw(buffer, spark, &values, role, theme);
}
