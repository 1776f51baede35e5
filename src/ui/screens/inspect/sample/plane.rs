//! A sample of two numbers in its plane, among points of the training data.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use crate::{
    app::App,
    protocol::inspection::{PlanePoints, TensorSlice},
    text::TextWidth,
    ui::{
        layout::{take_bottom, take_left, take_top},
        paint::{Row, cut, number},
        theme::{Role, Theme},
    },
};

/// Columns of the numbers at the upright axis, at most.
const MAX_AXIS_COLUMNS: u16 = 8;

/// Fewest columns and rows in which the plane says anything.
const MIN_PLANE_CELLS: (u16, u16) = (12, 3);

/// Rows of the whole from which the two numbers have a line each.
const MIN_ROWS_FOR_TWO_LINES: u16 = 9;

/// At most one point per this many cells, or the sample could not be seen among them.
const MIN_CELLS_PER_POINT: usize = 5;

/// Draws the values above the plane; false if there is no room or the points are not known.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, input: &TensorSlice) -> bool {
    let (Some(points), &[x, y]) = (app.inspect_screen().plane_points(), input.values.as_slice()) else { return false };
    let mut rest = area;
    let values = take_top(&mut rest, if area.height < MIN_ROWS_FOR_TWO_LINES { 1 } else { 2 });
    let axis = take_bottom(&mut rest, 1);
    let in_units = |place: usize, value: f64| {
        let told = app.run().columns.value_in_file(place, value).filter(|text| text.width() <= 12);
        told.unwrap_or_else(|| number(value, MAX_AXIS_COLUMNS))
    };
    let edges = [in_units(1, points.y[1]), in_units(1, points.y[0])];
    let scale = (edges.iter().map(|edge| edge.width()).max().unwrap_or(0) as u16).min(MAX_AXIS_COLUMNS) + 1;
    let upright = take_left(&mut rest, scale);
    if rest.width < MIN_PLANE_CELLS.0 || rest.height < MIN_PLANE_CELLS.1 {
        return false;
    }
    let cell = |value: f32, [low, high]: [f64; 2], cells: u16| {
        let share = (f64::from(value) - low) / (high - low);
        (share.is_finite() && (0.0..=1.0).contains(&share)).then(|| ((share * f64::from(cells)) as u16).min(cells - 1))
    };
    let place = |[x, y]: [f32; 2]| {
        let (column, row) = (cell(x, points.x, rest.width)?, cell(y, points.y, rest.height)?);
        Some((rest.x + column, rest.bottom() - 1 - row))
    };
    draw_points(theme, buffer, rest, points, place);
    let own = place([x, y]);
    if let Some(own) = own {
        draw_own(theme, buffer, rest, own);
    }
    let beyond = own.is_none();
    draw_values(app, theme, buffer, values, &[0, 1].map(|axis| in_units(axis, [x, y][axis].into())), beyond);
    draw_axes(
        theme,
        buffer,
        (upright, axis, scale),
        [&edges[0], &edges[1]],
        [0, 1].map(|i| in_units(0, points.x[i])),
        &axis_name(app, 0),
    );
    true
}

/// Both numbers by their names, each in a line of its own if there are two.
fn draw_values(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, values: &[String; 2], beyond: bool) {
    let ellipsis = theme.marks().ellipsis;
    let mut row = Row::new(buffer, area, 0).with_ellipsis(ellipsis);
    for (axis, value) in values.iter().enumerate() {
        if axis == 1 && area.height > 1 {
            row = Row::new(buffer, area, 1).with_ellipsis(ellipsis);
        }
        let room = if area.height > 1 { area.width / 2 } else { area.width / 4 };
        row.put(&cut(&axis_name(app, axis), room, ellipsis), theme.style(Role::Muted)).skip(1);
        row.put(value, theme.style(Role::Strong)).skip(2);
        if beyond && axis == 0 && area.height > 1 {
            row.put("beyond the plane", theme.style(Role::Watch));
        }
    }
}

/// The name of a column of the data, or else its symbol.
fn axis_name(app: &App, axis: usize) -> String {
    app.run().columns.name(axis).map_or_else(|| format!("x[{axis}]"), Into::into)
}

/// Points of the training data by their classes, faint enough for the sample to stand out.
fn draw_points(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    points: &PlanePoints,
    place: impl Fn([f32; 2]) -> Option<(u16, u16)>,
) {
    let visible = area.intersection(buffer.area);
    let most = (usize::from(area.width) * usize::from(area.height) / MIN_CELLS_PER_POINT).max(1);
    let every = points.points.len().div_ceil(most).max(1);
    for (point, class) in points.points.iter().zip(&points.classes).step_by(every) {
        let Some(at) = place(*point).filter(|at| visible.contains((*at).into())) else { continue };
        let class = usize::from(*class);
        buffer[at].set_symbol(theme.class_mark(class, true)).set_fg(theme.class_color(class));
    }
}

/// The sample: where two thin lines cross.
fn draw_own(theme: Theme, buffer: &mut Buffer, area: Rect, (x, y): (u16, u16)) {
    let visible = area.intersection(buffer.area);
    let (across, upright, mark) = if theme.has_blocks() { ("─", "│", "╋") } else { ("-", "|", "+") };
    let row = (visible.x..visible.right()).map(|x| ((x, y), across));
    let column = (visible.y..visible.bottom()).map(|y| ((x, y), upright));
    for (at, symbol) in row.chain(column).filter(|(at, _)| visible.contains((*at).into())) {
        if buffer[at].symbol() == " " {
            buffer[at].set_symbol(symbol).set_style(theme.style(Role::Faint));
        }
    }
    if visible.contains((x, y).into()) {
        buffer[(x, y)].set_symbol(mark).set_style(theme.style(Role::Focus).add_modifier(Modifier::BOLD));
    }
}

/// The numbers at the edges of the plane, in the units of the data.
fn draw_axes(
    theme: Theme,
    buffer: &mut Buffer,
    (upright, axis, scale): (Rect, Rect, u16),
    [top, bottom]: [&str; 2],
    [left, right]: [String; 2],
    name: &str,
) {
    let muted = theme.style(Role::Muted);
    let ellipsis = theme.marks().ellipsis;
    for (line, text) in [(0, top), (upright.height.saturating_sub(1), bottom)] {
        Row::new(buffer, upright, line).with_ellipsis(ellipsis).put_right_aligned(text, scale - 1, muted);
    }
    let mut row = Row::new(buffer, axis, 0).with_ellipsis(ellipsis);
    row.skip(scale).put(&left, muted);
    row.put_right(&right, muted);
    let arrow = theme.marks().arrow;
    let middle = format!("{} {arrow}", cut(name, 10, ellipsis));
    let spare = row.free().saturating_sub(middle.width() as u16);
    row.reserve_right(1).skip(spare / 2);
    row.put_all(&[(&middle, muted)]);
}
