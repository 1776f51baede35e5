//! The plane of two-dimensional data: what the network would answer everywhere, and the points it learns from.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{trends, units};
use crate::{
    app::App,
    protocol::inspection::{DecisionBoundary, PlanePoints},
    text::{TextWidth, short, thousands},
    ui::{
        layout::{take_left, take_top},
        paint::{Row, cut},
        theme::{Role, Theme},
    },
};

/// At most one point per this many cells, or the ground could not be seen.
const MIN_CELLS_PER_POINT: usize = 9;

/// Longest name of an axis in columns; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 20;

/// Draws the plane and what stands beside it; false if nothing is known yet.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = app.data_screen();
    let Some(boundary) = screen.decision_boundary() else { return false };
    let room = screen.plane_layout((area.width, area.height));
    let mut rest = area;
    let plane = take_left(&mut rest, room.plane.0);
    let plane = Rect { height: room.plane.1.min(plane.height), ..plane };
    draw_predictions(app, theme, buffer, plane, boundary.answer);
    if let Some(points) = screen.plane_points() {
        draw_points(theme, buffer, plane, points.answer, boundary.answer.wrong.as_deref().unwrap_or_default());
    }
    if room.side == 0 {
        return true;
    }
    take_left(&mut rest, 3);
    trends::draw(app, theme, buffer, take_top(&mut rest, room.charts));
    units::draw(app, theme, buffer, rest, &room);
    true
}

/// How sure the answer in a cell of the grid is, 0 for a mere guess, and which class it is.
fn cell_prediction(boundary: &DecisionBoundary, column: usize, row: usize, classes: usize) -> Option<(usize, f64)> {
    let at = row.checked_mul(boundary.plane.columns)?.checked_add(column)?;
    let class = usize::from(*boundary.classes.get(at)?);
    let confidence = f64::from(*boundary.confidence.get(at)?) / 255.0;
    let guess = 1.0 / classes.max(2) as f64;
    Some((class, ((confidence - guess) / (1.0 - guess)).clamp(0.0, 1.0)))
}

/// The ground: two answers a cell, one above the other.
fn draw_predictions(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, boundary: &DecisionBoundary) {
    let visible = area.intersection(buffer.area);
    let classes = app.run().classes.len();
    // The grid may be one that was asked for in a window of another size.
    let scaled = |place: u16, of: u16, cells: usize| {
        usize::from(place).saturating_mul(cells.min(usize::from(u16::MAX))) / usize::from(of).max(1)
    };
    for (x, y) in (visible.y..visible.bottom()).flat_map(|y| (visible.x..visible.right()).map(move |x| (x, y))) {
        let column = scaled(x - area.x, area.width, boundary.plane.columns);
        let at = |half: u16| {
            let row = scaled(2 * (y - area.y) + half, 2 * area.height, boundary.plane.rows);
            cell_prediction(boundary, column, row, classes)
        };
        let (Some(upper), Some(lower)) = (at(0), at(1)) else { continue };
        let shade = |(class, certainty)| theme.class_ground_color(class, certainty);
        let cell = &mut buffer[(x, y)];
        match (shade(upper), shade(lower)) {
            (Some(above), Some(below)) if above == below || !theme.has_blocks() => cell.set_symbol(" ").set_bg(below),
            (Some(above), Some(below)) => cell.set_symbol("▀").set_fg(above).set_bg(below),
            _ => cell.set_symbol(theme.class_ground_symbol(lower.0, lower.1)),
        };
    }
}

/// The points, each with the mark of its class: of those that are classified correctly as many as leave the ground to
/// be seen, and above them all that are classified wrongly.
fn draw_points(theme: Theme, buffer: &mut Buffer, area: Rect, points: &PlanePoints, wrong: &[usize]) {
    let most = (usize::from(area.width) * usize::from(area.height) / MIN_CELLS_PER_POINT).max(1);
    let every = points.points.len().div_ceil(most).max(1);
    let right = (0..points.points.len()).step_by(every).filter(|place| wrong.binary_search(place).is_err());
    let marked = right.map(|place| (place, true)).chain(wrong.iter().map(|place| (*place, false)));
    for (place, correct) in marked {
        draw_point(theme, buffer, area, points, place, correct);
    }
}

fn draw_point(theme: Theme, buffer: &mut Buffer, area: Rect, points: &PlanePoints, place: usize, correct: bool) {
    let (Some(point), Some(class)) = (points.points.get(place), points.classes.get(place)) else { return };
    let cell_at = |value: f32, [low, high]: [f64; 2], cells: u16| {
        let share = (f64::from(value) - low) / (high - low);
        (share.is_finite() && (0.0..1.0).contains(&share)).then(|| (share * f64::from(cells)) as u16)
    };
    let (Some(column), Some(row)) = (cell_at(point[0], points.x, area.width), cell_at(point[1], points.y, area.height))
    else {
        return;
    };
    let (x, y) = (area.x + column, area.bottom() - 1 - row);
    if area.intersection(buffer.area).contains((x, y).into()) {
        let class = usize::from(*class);
        let cell = &mut buffer[(x, y)];
        // One ground for the whole cell, so that the mark stands on it.
        cell.set_symbol(theme.class_mark(class, correct)).set_fg(theme.class_color(class));
        cell.modifier |= Modifier::BOLD;
        if let Some(paper) = theme.class_mark_background(class, correct) {
            cell.set_bg(paper);
        }
    }
}

/// Which mark is which class, how many points are classified wrongly, and what the axes are, from the left of `row`.
pub fn draw_class_legend(app: &App, theme: Theme, row: &mut Row) {
    let points = app.data_screen().plane_points().map(|shown| shown.answer);
    let known = points.and_then(|points| points.classes.iter().max());
    let classes = app.run().classes.len().max(known.map_or(0, |class| usize::from(*class) + 1));
    for class in 0..classes.min(16) {
        let style = Style::new().fg(theme.class_color(class));
        let pieces = [
            (theme.class_mark(class, true), style),
            (" ", style),
            (&app.run().class_name(class), theme.style(Role::Text)),
        ];
        if !row.put_all(&pieces) {
            return;
        }
        row.skip(2);
    }
    let wrong = app.data_screen().decision_boundary().and_then(|shown| shown.answer.wrong.as_ref());
    if let Some((points, wrong)) = points.zip(wrong) {
        let names = axis_names(app, theme).map(|name| name.width() as u16);
        put_wrong_points(
            theme,
            row,
            wrong.partition_point(|place| *place < points.points.len()),
            points.points.len(),
            names[0] + names[1] + 8,
        );
    }
    put_axes(app, theme, row);
}

/// How a point looks that is classified wrongly, and how many there are, in as many words as leave `after` columns, or
/// else in the fewest.
fn put_wrong_points(theme: Theme, row: &mut Row, wrong: usize, points: usize, after: u16) {
    let marks = if theme.has_symbols() {
        [theme.class_mark(0, false), theme.class_mark(1, false)].concat()
    } else {
        "capital:".into()
    };
    let count = format!(" {} of {}", thousands(wrong as u64), thousands(points as u64));
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let all = [" training points shown are wrong", " shown are wrong", " wrong"];
    let columns = |words: &str| marks.width() + count.width() + words.width() + usize::from(after);
    let words = all.into_iter().find(|words| columns(words) <= usize::from(row.free())).unwrap_or(" wrong");
    if row.put_all(&[(&marks, text), (&count, text), (words, muted)]) {
        row.skip(2);
    }
}

/// What the columns are called that lie across the plane and up.
fn axis_names(app: &App, theme: Theme) -> [String; 2] {
    let name = |place: usize| app.run().columns.name(place).unwrap_or(["x", "y"][place]);
    [0, 1].map(|place| cut(name(place), MAX_NAME_COLUMNS, theme.marks().ellipsis).into_owned())
}

/// What lies across the plane and what lies up, with their ends, if there is room: `→ alcohol 11.0 to 14.8`. Where the
/// columns of the data have units of their own the ends are in these.
fn put_axes(app: &App, theme: Theme, row: &mut Row) {
    let Some(points) = app.data_screen().plane_points().map(|shown| shown.answer) else { return };
    let (right, above) = if theme.has_blocks() { ("→ ", "↑ ") } else { ("across: ", "up: ") };
    let ends = |place: usize, edges: [f64; 2]| {
        let [low, high] =
            edges.map(|value| app.run().columns.value_in_file(place, value).unwrap_or_else(|| short(value)));
        format!(" {low} to {high}")
    };
    let [across, up] = axis_names(app, theme);
    let (x, y) = (ends(0, points.x), ends(1, points.y));
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let fits = row.put_all(&[
        (right, muted),
        (&across, text),
        (&x, muted),
        ("  ", muted),
        (above, muted),
        (&up, text),
        (&y, muted),
    ]);
    if !fits && !row.put_all(&[(right, muted), (&across, text), ("  ", muted), (above, muted), (&up, text)]) {
        return;
    }
    row.skip(2);
}
