//! The heat map of the layers over the steps.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Column, HeatMap, HeatRow, Panel, StepAxis},
    protocol::Unit,
    text::{percent_number, thousands},
    ui::{
        layout::layers::{MapFrame, VALUE_COLUMNS},
        paint::{Row, draw_note, number},
        screens::title,
        theme::{Ramp, Role, Theme},
        widgets::{heat, step_axis},
    },
};

/// Draws title, rows and axis.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let frame = MapFrame::of(app, area);
    let map = app.layers_screen().heat_map(usize::from(frame.cells.width));
    draw_heading(app, theme, buffer, &frame, &map);
    if map.rows.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
        draw_note(buffer, below, "no layers yet: they show once the network is built", theme.style(Role::Muted));
        return;
    }
    for (place, (index, row)) in (0..).zip(map.rows.iter().enumerate().skip(frame.first).take(frame.count)) {
        let selected = index == app.view().layers.row.min(map.rows.len() - 1);
        draw_layer_row(theme, buffer, &frame, place, row, &map, selected);
    }
    if map.ends.is_none() {
        draw_note(buffer, frame.cells, &empty_map_note(app, &map), theme.style(Role::Muted));
    }
    step_axis::draw_step_axis(buffer, frame.axis, frame.labels, StepAxis::linear(map.steps), theme);
    let label = Rect { width: frame.names.width.saturating_sub(1), x: frame.names.x, ..frame.labels };
    Row::new(buffer, label, 0).put_right("step", theme.style(Role::Muted));
}

fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, frame: &MapFrame, map: &HeatMap) {
    let muted = theme.style(Role::Muted);
    let hidden = map.rows.len() - frame.count.min(map.rows.len());
    let mut row = title(app, theme, buffer, frame.title, Panel::Map);
    let shares = shown_unit(map) == &Unit::Share;
    if let Some(quantity) = &map.quantity {
        row.put(&quantity.title, theme.style(Role::Train)).skip(2);
    }
    if let Some(ends) = map.ends {
        let (low, high) = if shares { ("0 %".into(), "100 %".into()) } else { heat::color_scale_ends(ends) };
        heat::put_legend(&mut row, (&low, &high), Ramp::Heat, theme);
        row.reserve_right(1);
    }
    if let (Some((_, cursor)), Some(selected)) = (map.cursor, map.rows.get(app.view().layers.row)) {
        let step = format!("step {}  ", thousands(map.probed.unwrap_or(cursor)));
        let value = format_value(shown_unit(map), selected.value, theme, VALUE_COLUMNS - 1);
        row.put_all(&[(&step, theme.style(Role::Focus)), (&value, theme.style(Role::Strong)), ("  ", muted)]);
        row.put_all(&[(&selected.name, theme.style(Role::Text)), ("  ", muted)]);
    } else if map.quantity.is_some() && !shares {
        row.put_all(&[("log scale", muted), ("  ", muted)]);
    }
    if let Some(probed) = map.probed.filter(|_| map.cursor.is_none()) {
        row.put_all(&[("values of step ", muted), (&thousands(probed), muted), ("  ", muted)]);
    }
    if hidden > 0 {
        let more = format!("{} {hidden} more", theme.marks().ellipsis);
        row.put_all(&[(&more, muted)]);
    }
}

fn draw_layer_row(
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
    let mut line = Row::new(buffer, band(frame.names), middle).with_ellipsis(theme.marks().ellipsis);
    let role = if selected { Role::Selected } else { Role::Text };
    line.put_left_aligned(if selected { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
    line.put_left_aligned(&row.name, frame.names.width.saturating_sub(3), theme.style(role));
    let cells = band(frame.cells);
    heat::draw(buffer, cells, &row.cells, Ramp::Heat, theme);
    if let Some((column, _)) = map.cursor {
        heat::draw_cursor(buffer, cells, column as u16, &row.cells, Ramp::Heat, theme);
    }
    let value = format_value(shown_unit(map), row.value, theme, frame.values.width.saturating_sub(1));
    let role = match row.value {
        Some(Column { broken: true, .. }) => Role::Bad,
        Some(_) => Role::Text,
        None => Role::Muted,
    };
    Row::new(buffer, band(frame.values), middle).put_right_aligned(&value, frame.values.width, theme.style(role));
}

/// A value of a quantity; of several steps the largest, as in the cells.
fn format_value(unit: &Unit, value: Option<Column>, theme: Theme, width: u16) -> String {
    match value {
        Some(Column { broken: true, .. }) => "NaN".into(),
        None | Some(Column { extent: None, .. }) => theme.marks().none.into(),
        Some(Column { extent: Some(extent), .. }) => match unit {
            Unit::Share => format!("{} %", percent_number(extent.max, 0)),
            Unit::None | Unit::Named(_) => number(extent.max, width),
        },
    }
}

/// What the shown values count.
fn shown_unit(map: &HeatMap) -> &Unit {
    map.quantity.as_ref().map_or(&Unit::None, |quantity| &quantity.unit)
}

/// What will fill the map, or why nothing does.
fn empty_map_note(app: &App, map: &HeatMap) -> String {
    let Some(quantity) = &map.quantity else { return "this source measures nothing of its layers".into() };
    let rows = app.run().layers.rows();
    if rows.iter().all(|row| row.last_probe.is_none()) {
        return "nothing yet: the first look at the layers will show here".into();
    }
    match quantity.unit {
        Unit::Share if map.rows.iter().all(|row| row.value.is_none()) => {
            format!("{}: not measured for any layer", quantity.title)
        }
        Unit::Share => format!("no layer here has {}", quantity.title),
        Unit::None | Unit::Named(_) => "nothing above 0 in sight".into(),
    }
}
