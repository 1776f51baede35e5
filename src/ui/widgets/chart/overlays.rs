//! Curves laid over a chart: faint, each with a colour, dashes and a name of its own.

use ratatui::{buffer::Buffer, layout::Rect};

use super::super::canvas::{Canvas, DOTS_ACROSS, DOTS_DOWN, Dashes, LayerInk, nearest_dot};
use crate::{
    app::{Chart, OVERLAY_LOOKS, Overlay, ValueAxis},
    text::TextWidth,
    ui::{paint::Row, theme::Theme},
};

/// Cells of a dash, and from one dash to the next, of each look. None is like that of the evaluations.
const DASH_CELLS: [(usize, usize); OVERLAY_LOOKS] = [
    (3, 4),
    (1, 2),
    (5, 6),
    (1, 3),
    (2, 3),
    (4, 6),
    (1, 4),
    (3, 6),
    (1, 5),
    (3, 5),
    (2, 6),
    (6, 8),
    (2, 5),
    (4, 5),
    (1, 6),
    (7, 8),
];

/// What stands for the dots of each look where there is no braille.
const ASCII_DOTS: [&str; OVERLAY_LOOKS] =
    ["~", "=", ";", "%", "&", "'", "$", ",", "\"", "<", ">", "(", ")", "@", "!", "#"];

/// Rows that a name may be away from the end of its curve.
const MAX_NAME_DISTANCE_ROWS: u16 = 3;

/// Columns that it may end before it, where the cursor or another curve is in the way.
const MAX_NAME_DISTANCE_COLUMNS: u16 = 10;

/// The dashes of a curve, the first of them where it begins: where it leaves the chart's own, it is never in a gap.
pub(super) fn dashes(overlay: &Overlay) -> Dashes {
    let (length, period) = DASH_CELLS[overlay.look % DASH_CELLS.len()];
    let first = overlay.values.iter().position(|column| column.extent.is_some());
    let start = first.filter(|_| overlay.ends.left.is_none()).unwrap_or(0) / DOTS_ACROSS * DOTS_ACROSS;
    Dashes { length: length * DOTS_ACROSS, period: period * DOTS_ACROSS, start }
}

/// How the dots of a curve look.
pub(super) fn ink(overlay: &Overlay, theme: Theme) -> LayerInk {
    LayerInk { style: theme.overlay_style(overlay.look), ascii: ASCII_DOTS[overlay.look % ASCII_DOTS.len()] }
}

/// Draws a curve as far as the axis shows its values: one that leaves the plot ends at its edge.
pub(super) fn draw_curve(canvas: &mut Canvas, axis: &ValueAxis, overlay: &Overlay) {
    canvas.set_dashes(Some(dashes(overlay)));
    let last = overlay.values.len().saturating_sub(1);
    let bottom = canvas.height().saturating_sub(1) as f64;
    let point = |x: usize, value: f64| Some((x, (1.0 - axis.height_beyond(value)?) * bottom));
    let mut before = overlay.ends.left.and_then(|value| point(0, value));
    for (x, column) in overlay.values.iter().enumerate() {
        if let Some(here) = column.extent.and_then(|extent| point(x, extent.drawn_value())) {
            canvas.draw_line_clipped(before.unwrap_or(here), here);
            before = Some(here);
        }
        if column.broken {
            before = None;
        }
    }
    if let Some((before, end)) = before.zip(overlay.ends.right.and_then(|value| point(last, value))) {
        canvas.draw_line_clipped(before, end);
    }
}

/// The cell in which a value lies, if the axis shows it.
fn cell_of(axis: &ValueAxis, plot: Rect, x: usize, value: f64) -> Option<(u16, u16)> {
    let height = axis.height_beyond(value).filter(|height| (0.0..=1.0).contains(height))?;
    let bottom = (usize::from(plot.height) * DOTS_DOWN).saturating_sub(1);
    let y = nearest_dot((1.0 - height) * bottom as f64) / DOTS_DOWN;
    Some(((x / DOTS_ACROSS) as u16, y as u16))
}

/// Marks on each curve where something was changed, and writes its name near its end, where nothing else is; with its
/// value at the cursor.
pub(super) fn draw_names(buffer: &mut Buffer, plot: Rect, chart: &Chart, theme: Theme) {
    for overlay in &chart.overlays {
        let style = theme.overlay_style(overlay.look);
        for x in &overlay.marks {
            let value = overlay.values.get(*x).and_then(|column| column.extent);
            if let Some((x, y)) = value.and_then(|value| cell_of(&chart.axis, plot, *x, value.drawn_value())) {
                Row::new(buffer, plot, y).skip(x).put(theme.marks().intervention, style);
            }
        }
    }
    for overlay in &chart.overlays {
        let Some(end) = end_of_curve(overlay, &chart.axis, plot) else { continue };
        let named = |name: &str| {
            let value = overlay.at_cursor.map(|value| format!(": {}", chart.unit.format_value(value)));
            [name, value.as_deref().unwrap_or_default()].concat()
        };
        let texts = [named(&overlay.name), named(&overlay.short), overlay.short.clone()];
        let place =
            texts.into_iter().find_map(|text| Some((free_place(buffer, plot, end, text.width() as u16)?, text)));
        if let Some(((x, y), text)) = place {
            Row::new(buffer, plot, y).skip(x).put(&text, theme.overlay_style(overlay.look));
        }
    }
}

/// The last cell in which a curve can be seen.
fn end_of_curve(overlay: &Overlay, axis: &ValueAxis, plot: Rect) -> Option<(u16, u16)> {
    let right = overlay.ends.right.and_then(|value| Some((overlay.values.len().checked_sub(1)?, value)));
    let values = overlay.values.iter().enumerate().rev();
    let values = values.filter_map(|(x, column)| Some((x, column.extent?.drawn_value())));
    right.into_iter().chain(values).find_map(|(x, value)| cell_of(axis, plot, x, value))
}

/// The free place of so many cells that is nearest to a cell: after it in its row, or in a row above or below up to it or a
/// little before.
fn free_place(buffer: &Buffer, plot: Rect, (x, y): (u16, u16), width: u16) -> Option<(u16, u16)> {
    // With a blank to either side, as far as the plot goes.
    let is_free = |x: u16, y: u16| {
        let cells = (x.saturating_sub(1)..(x + width + 1).min(plot.width)).map(|x| (plot.x + x, plot.y + y));
        cells.into_iter().all(|place| buffer.cell(place).is_some_and(|cell| cell.symbol() == " "))
    };
    let fits = |x: u16, y: u16| y < plot.height && x + width <= plot.width && is_free(x, y);
    let after = (x.saturating_add(2), y);
    if width == 0 || width > plot.width {
        return None;
    }
    let up_to = (x + 1).saturating_sub(width).min(plot.width - width);
    let rows = || (1..=MAX_NAME_DISTANCE_ROWS).flat_map(|rows| [y.checked_sub(rows), y.checked_add(rows)]).flatten();
    let beside = rows().flat_map(|y| [(up_to, y), (x.min(plot.width - width), y)]);
    let before =
        (1..=MAX_NAME_DISTANCE_COLUMNS.min(up_to)).flat_map(|columns| rows().map(move |y| (up_to - columns, y)));
    [after].into_iter().chain(beside).chain(before).find(|(x, y)| fits(*x, *y))
}

#[cfg(test)]
mod tests {
    use super::super::TEST_DASHES;
    use super::*;

    /// A plot of four rows of dots, and its free place for a name of three cells whose curve ends in column 5 of row 1.
    fn place_of_name(rows: [&str; 4]) -> Option<(u16, u16)> {
        let plot = Rect::new(0, 0, rows[0].len() as u16, 4);
        let mut buffer = Buffer::empty(plot);
        for (y, row) in (0u16..).zip(rows) {
            buffer.set_string(0, y, row, ratatui::style::Style::default());
        }
        free_place(&buffer, plot, (5, 1), 3)
    }

    #[test]
    fn a_name_stands_where_nothing_else_is() {
        let free = ["          ", "......    ", "          ", "          "];
        assert_eq!(place_of_name(free), Some((7, 1)), "after its end");
        // A cursor line, or another curve, stands in the way there.
        let cursor = ["        | ", "......  | ", "        | ", "        | "];
        assert_eq!(place_of_name(cursor), Some((3, 0)), "above, up to its end");
        let at_its_end = ["     |    ", "......    ", "     |    ", "     |    "];
        assert_eq!(place_of_name(at_its_end), Some((7, 1)));
        let both = ["     |  | ", "......  | ", "     |  | ", "     |  | "];
        assert_eq!(place_of_name(both), Some((1, 0)), "a little before");
        assert_eq!(place_of_name(["..........", "..........", "..........", ".........."]), None);
    }

    #[test]
    fn each_look_has_dashes_and_dots_of_its_own() {
        for look in 0..OVERLAY_LOOKS {
            let (length, period) = DASH_CELLS[look];
            assert!((length * DOTS_ACROSS, period * DOTS_ACROSS) != (TEST_DASHES.length, TEST_DASHES.period));
            assert!(length < period && !DASH_CELLS[..look].contains(&DASH_CELLS[look]), "{look}");
            assert!(!ASCII_DOTS[..look].contains(&ASCII_DOTS[look]), "{look}");
        }
    }
}
