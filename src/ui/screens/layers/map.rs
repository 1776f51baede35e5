//! The heat map of the layers over the steps.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Column, HeatMap, HeatRow, Panel, Quantity},
    text::thousands,
    ui::{
        layout::layers::{MapFrame, VALUE},
        paint::{Row, note, number},
        screens::title,
        theme::{Ramp, Role, Theme},
        widgets::{heat, steps},
    },
};

/// Draws title, rows and axis.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let frame = MapFrame::of(app, area);
    let map = app.heat_map(usize::from(frame.cells.width));
    heading(app, theme, buffer, &frame, &map);
    if map.rows.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
        note(buffer, below, "no layers yet: they show once the network is built", theme.style(Role::Muted));
        return;
    }
    for (place, (index, row)) in (0..).zip(map.rows.iter().enumerate().skip(frame.first).take(frame.count)) {
        let selected = index == app.view().layer.min(map.rows.len() - 1);
        layer(theme, buffer, &frame, place, row, &map, selected);
    }
    if map.ends.is_none() {
        note(buffer, frame.cells, &nothing(app, map.quantity), theme.style(Role::Muted));
    }
    steps::draw(buffer, frame.axis, frame.labels, map.steps, theme);
    let label = Rect { width: frame.names.width.saturating_sub(1), x: frame.names.x, ..frame.labels };
    Row::new(buffer, label, 0).put_right("step", theme.style(Role::Muted));
}

fn heading(app: &App, theme: Theme, buffer: &mut Buffer, frame: &MapFrame, map: &HeatMap) {
    let muted = theme.style(Role::Muted);
    let hidden = map.rows.len() - frame.count.min(map.rows.len());
    let mut row = title(app, theme, buffer, frame.title, Panel::Map);
    row.put(map.quantity.title(), theme.style(Role::Train)).skip(2);
    if let Some(ends) = map.ends {
        let (low, high) = match map.quantity {
            Quantity::Dead => ("0 %".into(), "100 %".into()),
            _ => heat::ends(ends),
        };
        heat::legend(&mut row, (&low, &high), Ramp::Heat, theme);
        row.skip_right(1);
    }
    if let (Some((_, step)), Some(selected)) = (map.cursor, map.rows.get(app.view().layer)) {
        let step = format!("step {}  ", thousands(step));
        let value = text(map.quantity, selected.value, theme, VALUE - 1);
        row.put_all(&[(&step, theme.style(Role::Focus)), (&value, theme.style(Role::Strong)), ("  ", muted)]);
        row.put_all(&[(&selected.name, theme.style(Role::Text)), ("  ", muted)]);
    } else if map.quantity != Quantity::Dead {
        row.put_all(&[("log scale", muted), ("  ", muted)]);
    }
    if hidden > 0 {
        let more = format!("{} {hidden} more", theme.marks().ellipsis);
        row.put_all(&[(&more, muted)]);
    }
}

fn layer(
    theme: Theme,
    buffer: &mut Buffer,
    frame: &MapFrame,
    place: u16,
    row: &HeatRow,
    map: &HeatMap,
    selected: bool,
) {
    let band = |rect: Rect| Rect { y: rect.y + place * frame.tall, height: frame.tall, ..rect };
    // The name stands beside the middle of its row.
    let middle = (frame.tall - 1) / 2;
    let mut line = Row::new(buffer, band(frame.names), middle).ending(theme.marks().ellipsis);
    let role = if selected { Role::Selected } else { Role::Text };
    line.put_cell(if selected { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
    line.put_cell(&row.name, frame.names.width.saturating_sub(3), theme.style(role));
    let cells = band(frame.cells);
    heat::draw(buffer, cells, &row.cells, Ramp::Heat, theme);
    if let Some((column, _)) = map.cursor {
        heat::cursor(buffer, cells, column as u16, &row.cells, Ramp::Heat, theme);
    }
    let value = text(map.quantity, row.value, theme, frame.values.width.saturating_sub(1));
    let role = match row.value {
        Some(Column { broken: true, .. }) => Role::Bad,
        Some(_) => Role::Text,
        None => Role::Muted,
    };
    Row::new(buffer, band(frame.values), middle).put_flush(&value, frame.values.width, theme.style(role));
}

/// A value of a quantity; of several steps the largest, as in the cells.
fn text(quantity: Quantity, value: Option<Column>, theme: Theme, width: u16) -> String {
    match value {
        Some(Column { broken: true, .. }) => "NaN".into(),
        None | Some(Column { extent: None, .. }) => theme.marks().none.into(),
        Some(Column { extent: Some(extent), .. }) => match quantity {
            Quantity::Dead => format!("{:.0} %", extent.max * 100.0),
            Quantity::Gradient | Quantity::Update => number(extent.max, width),
        },
    }
}

/// What will fill the map, or why nothing does.
fn nothing(app: &App, quantity: Quantity) -> String {
    let seen = app.run().layers.rows().iter().any(|row| row.probe.is_some());
    match quantity {
        Quantity::Dead if seen => "no layer here has a rectifier behind it, so no unit can be dead".into(),
        _ if seen => "nothing above 0 in sight".into(),
        _ => "nothing yet: the first look at the layers will show here".into(),
    }
}
