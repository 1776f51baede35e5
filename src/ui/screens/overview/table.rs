//! The table of the layers, one row each; where it has the page for itself, a chart each.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, LayerRow, Layers, Panel, ProbedLayer, SparklineCell, SparklineScale},
    protocol::{Health, MetricInfo, MetricValue, Unit},
    text::{TextWidth, percent_number, short, thousands},
    ui::{
        layout::{
            first_row,
            overview::{fitting_layer_count, layer_height},
        },
        paint::{Row, number},
        screens::{hidden_rows_text, title},
        theme::{Role, Theme},
        widgets::sparkline,
    },
};

/// Columns by which the heading of the sparklines may be longer than these.
const HEADING_REACH_COLUMNS: u16 = 2;

/// Widths of the columns; the sparkline takes what is left.
struct TableColumns {
    name: u16,
    shape: u16,
    parameters: u16,
    spark: u16,
    /// One for each quantity that is written as a number.
    values: Vec<u16>,
}

/// Most quantities that are written as numbers.
const MAX_VALUE_COLUMNS: usize = 3;

/// Columns of a share, of the verdict, and of the verdict with its word; each begins with a gap.
const SHARE_COLUMNS: u16 = 6;
const VERDICT_MARK_COLUMNS: u16 = 3;
const VERDICT_COLUMNS: u16 = 9;

/// Columns of the narrowest sparkline that can be read.
const SPARKLINE_COLUMNS: u16 = 12;

/// Columns for the norms at the edges of a layer's chart.
const GUTTER_COLUMNS: u16 = 10;

impl TableColumns {
    fn of(layers: &Layers, theme: Theme, width: u16, hidden: bool) -> Self {
        let rows = layers.rows();
        let widest = |text: &dyn Fn(&LayerRow) -> usize| rows.iter().map(text).max().unwrap_or(0) as u16;
        // A number, and the gap before it.
        let number = if width >= 70 { 9 } else { 7 };
        let quantities = layers.quantities().iter().take(MAX_VALUE_COLUMNS);
        let values: Vec<u16> =
            quantities.map(|quantity| if quantity.unit == Unit::Share { SHARE_COLUMNS } else { number }).collect();
        let verdict = match values.is_empty() {
            true => 0,
            false if width >= 90 => VERDICT_COLUMNS,
            false => VERDICT_MARK_COLUMNS,
        };
        let rest = width.saturating_sub(2 + values.iter().sum::<u16>() + verdict);
        // The title says when there are more rows.
        let least = if hidden { 17 } else { 8 };
        let name = (widest(&|row| row.name.width()) + 2).min(rest / 2).max(least).min(rest);
        let mut columns = Self {
            name,
            shape: (widest(&|row| row.shape.width()) + 2).min(22),
            parameters: (widest(&|row| parameter_count(row, theme).width()) + 2).max(9),
            spark: 0,
            values,
        };
        // Shapes that are unknown take no space.
        if rows.iter().all(|row| row.shape.is_empty()) {
            columns.shape = 0;
        }
        // A sparkline too short to be read gives way to nothing else: first the count goes, then the shape.
        if rest < name + columns.shape + columns.parameters + SPARKLINE_COLUMNS {
            columns.parameters = 0;
        }
        if rest < name + columns.shape + columns.parameters + SPARKLINE_COLUMNS {
            columns.shape = 0;
        }
        if !columns.values.is_empty() {
            columns.spark = rest.saturating_sub(name + columns.shape + columns.parameters);
        }
        columns
    }
}

/// Draws title and rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let rows = app.run().layers.rows();
    let room = fitting_layer_count(app, area);
    let hidden = rows.len().saturating_sub(room);
    let columns = TableColumns::of(&app.run().layers, theme, area.width, hidden > 0);
    let height = layer_height(app, area);
    let width = if height > 1 { area.width.saturating_sub(GUTTER_COLUMNS) } else { columns.spark };
    let (scale, lines) = app.layers_screen().sparklines(usize::from(width));
    draw_heading(app, theme, buffer, area, &columns, (hidden, scale));
    if rows.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let text = "no layers yet: they show once the network is built";
        Row::new(buffer, below, 0).with_ellipsis(theme.marks().ellipsis).skip(2).put(text, theme.style(Role::Muted));
        return;
    }
    let first = first_row(app.view().layers.row, rows.len(), room);
    for (place, (index, row)) in (0..).zip(rows.iter().enumerate().skip(first).take(room)) {
        let selected = app.view().focused_panel() == Panel::Layers && app.view().layers.row == index;
        let area = Rect { y: area.y + 1 + place * height, height, ..area };
        draw_layer_row(app, theme, buffer, area, (row, selected), (scale, &lines[index]), &columns);
    }
}

fn draw_heading(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    columns: &TableColumns,
    (hidden, scale): (usize, SparklineScale),
) {
    let start = area.x + 2 + columns.name;
    let muted = theme.style(Role::Muted);
    let mut row = title(app, theme, buffer, area, Panel::Layers);
    if app.run().layers.rows().is_empty() {
        return;
    }
    let at = app.layers_screen().probed_step().map(|step| format!("@ {} ", thousands(step)));
    let at = at.filter(|at| usize::from(row.position()) + at.len() <= usize::from(start));
    match at {
        Some(at) => row.put(&at, theme.style(Role::Focus)),
        None if hidden > 0 => row.put(&hidden_rows_text(hidden, theme), muted),
        None => &mut row,
    };
    row.skip_to(start);
    if columns.shape > 0 {
        row.put_left_aligned("shape", columns.shape, muted);
    }
    if columns.parameters > 0 {
        row.put_right_aligned("weights", columns.parameters - 2, muted).skip(2);
    }
    let Some(quantity) = app.layers_screen().quantity() else { return };
    // It may reach into the gap before the next column.
    let mut reach = HEADING_REACH_COLUMNS.min(columns.values.first().copied().unwrap_or(0) / 3);
    let room = columns.spark + reach;
    row.put_left_aligned(&sparkline_heading(quantity, scale, room, theme), room, muted);
    for (quantity, width) in app.run().layers.quantities().iter().zip(&columns.values) {
        row.put_right_aligned(quantity.short.as_ref().unwrap_or(&quantity.title), *width - reach, muted);
        reach = 0;
    }
}

/// What the sparklines show, with the values at their edges, which are those of all rows: in as many words as fit.
fn sparkline_heading(quantity: &MetricInfo, scale: SparklineScale, columns: u16, theme: Theme) -> String {
    let title = quantity.title.as_str();
    let Some((low, high)) = scale.edges() else { return title.into() };
    let to = if theme.has_blocks() { "–" } else { ".." };
    let (ends, log) = match scale {
        SparklineScale::Shares => (format!("0{to}100 %"), ""),
        SparklineScale::Log { .. } => ([&two_digits(low), to, &two_digits(high)].concat(), "log "),
    };
    let word = quantity.short.as_deref().unwrap_or(title);
    let whole = [format!("{title}, {log}{ends}"), format!("{word} {log}{ends}"), format!("{log}{ends}")];
    whole.into_iter().find(|text| text.width() <= usize::from(columns)).unwrap_or(ends)
}

/// A positive number with its first two digits.
fn two_digits(value: f64) -> String {
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    short((value / unit).round() * unit)
}

fn draw_layer_row(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (layer, selected): (&LayerRow, bool),
    (scale, line): (SparklineScale, &[SparklineCell]),
    columns: &TableColumns,
) {
    let marks = theme.marks();
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    let name = if selected { theme.style(Role::Selected) } else { text };
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    row.put_left_aligned(&layer.name, columns.name.saturating_sub(1), name).skip(1);
    if columns.shape > 0 {
        row.put_left_aligned(&layer.shape, columns.shape, muted);
    }
    if columns.parameters > 0 {
        row.put_right_aligned(&parameter_count(layer, theme), columns.parameters - 2, muted).skip(2);
    }
    let beside = Rect { x: row.position(), width: columns.spark, height: 1, ..area };
    row.skip(columns.spark);
    if columns.values.is_empty() {
        return;
    }
    let Some(look) = &layer.last_probe else {
        row.put(" no probe yet", muted);
        return;
    };
    // What was seen before a step went wrong says nothing about the weights as they are now.
    let stale = app.run().is_stale(layer);
    draw_values(&mut row, app, theme, layer, (look, stale), columns);
    let (mark, health, word) = verdict_look(look.health, stale, theme);
    // The verdict is on the newest probe, not on what the cursor points at.
    if app.layers_screen().cursor_step().is_some() {
        row.skip(2).put(marks.none, muted);
    } else {
        row.skip(2).put(mark, theme.style(health)).put_all(&[(word, theme.style(health))]);
    }
    let sick = matches!(look.health, Some(Health::Watch | Health::Bad));
    let role = if sick && !stale { health } else { Role::Train };
    if area.height > 1 {
        draw_history(theme, buffer, area, (scale, line), role);
    } else {
        sparkline::draw(buffer, beside, line, role, theme);
    }
}

/// The quantities as numbers: at the cursor, where there is one, else of the newest probe.
fn draw_values(
    row: &mut Row,
    app: &App,
    theme: Theme,
    layer: &LayerRow,
    (look, stale): (&ProbedLayer, bool),
    columns: &TableColumns,
) {
    let screen = app.layers_screen();
    let cursor = screen.cursor_step();
    let role = if stale && cursor.is_none() { Role::Muted } else { Role::Text };
    for (place, (quantity, width)) in app.run().layers.quantities().iter().zip(&columns.values).enumerate() {
        // Where only a summary of the steps around the cursor is left, their mean.
        let known = match cursor {
            Some(step) => screen.value_at(layer, place, step).and_then(|column| match column.extent {
                Some(extent) => Some((extent.mean, if extent.min < extent.max { "~" } else { "" })),
                None => column.broken.then_some((f64::NAN, "")),
            }),
            None => MetricValue::find(&look.values, quantity.id).map(|value| (value, "")),
        };
        let text = known.map(|(value, about)| match quantity.unit {
            Unit::Share => format!("{about}{} %", percent_number(value, 0)),
            _ => format!("{about}{}", number(value, width - 1 - about.len() as u16)),
        });
        match text {
            Some(text) => row.put_right_aligned(&text, *width, theme.style(role)),
            None => row.put_right_aligned(theme.marks().none, *width, theme.style(Role::Muted)),
        };
    }
}

/// Mark, role and word of a layer's verdict; a `stale` one has none that counts.
fn verdict_look(health: Option<Health>, stale: bool, theme: Theme) -> (&'static str, Role, &'static str) {
    let none = theme.marks().none;
    match health {
        _ if stale => (none, Role::Muted, " old"),
        None | Some(Health::Unknown) => (none, Role::Muted, ""),
        Some(verdict @ Health::Good) => (theme.health_mark(verdict), Theme::health_role(verdict), ""),
        Some(verdict @ Health::Watch) => (theme.health_mark(verdict), Theme::health_role(verdict), " watch"),
        Some(verdict @ Health::Bad) => (theme.health_mark(verdict), Theme::health_role(verdict), " bad"),
    }
}

/// Number of a layer's trained values.
fn parameter_count(layer: &LayerRow, theme: Theme) -> String {
    layer.parameters.map_or_else(|| theme.marks().none.into(), thousands)
}

/// The shown quantity over the whole width below a layer's row, with the values at its edges.
fn draw_history(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (scale, line): (SparklineScale, &[SparklineCell]),
    role: Role,
) {
    // The last row is a gap.
    let chart = Rect {
        x: area.x + GUTTER_COLUMNS,
        y: area.y + 1,
        width: area.width.saturating_sub(GUTTER_COLUMNS),
        height: area.height.saturating_sub(2),
    };
    let muted = theme.style(Role::Muted);
    let bar = if theme.has_blocks() { "│" } else { "|" };
    for y in 1..=chart.height {
        Row::new(buffer, area, y).skip(GUTTER_COLUMNS - 1).put(bar, theme.style(Role::Faint));
    }
    if let Some((low, high)) = scale.edges() {
        Row::new(buffer, area, 1).put_right_aligned(&number(high, GUTTER_COLUMNS - 2), GUTTER_COLUMNS - 1, muted);
        if chart.height > 1 {
            Row::new(buffer, area, chart.height).put_right_aligned(
                &number(low, GUTTER_COLUMNS - 2),
                GUTTER_COLUMNS - 1,
                muted,
            );
        }
    }
    sparkline::draw(buffer, chart, line, role, theme);
}
