//! Rows of cells coloured by a number: more is further from the background.

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::Style,
};

use crate::{
    app::SparklineCell,
    text::short,
    ui::{
        paint::Row,
        theme::{Ramp, Role, Theme},
    },
};

/// Size of the largest finite value.
pub fn size_of_largest<'a>(values: impl IntoIterator<Item = &'a f32>) -> f32 {
    values.into_iter().filter(|value| value.is_finite()).fold(0.0, |largest: f32, value| largest.max(value.abs()))
}

/// Draws one row of cells over the height of `area`, one a column. A cell without a value stays as it is; one that is
/// not a number carries a mark.
pub fn draw(buffer: &mut Buffer, area: Rect, cells: &[SparklineCell], ramp: Ramp, theme: Theme) {
    let visible = area.intersection(buffer.area);
    for y in visible.y..visible.bottom() {
        for (x, cell) in (area.x..visible.right()).zip(cells) {
            let target = &mut buffer[(x, y)];
            match cell {
                SparklineCell::Empty => {}
                SparklineCell::Broken => mark_not_finite(target, theme),
                SparklineCell::Height(height) if height.is_nan() => mark_not_finite(target, theme),
                SparklineCell::Height(height) => match theme.ramp_color(ramp, *height) {
                    Some(color) => {
                        target.set_symbol(" ").set_bg(color);
                    }
                    None => {
                        target.set_symbol(theme.density(ramp, *height));
                    }
                },
            }
        }
    }
}

fn mark_not_finite(cell: &mut Cell, theme: Theme) {
    cell.set_symbol(theme.marks().not_a_number).set_style(theme.style(Role::Bad));
}

/// Draws a vertical line through column `column` of cells that were drawn, in a colour that is seen on each.
pub fn draw_cursor(buffer: &mut Buffer, area: Rect, column: u16, cells: &[SparklineCell], ramp: Ramp, theme: Theme) {
    let visible = area.intersection(buffer.area);
    let x = area.x.saturating_add(column);
    let ink = match cells.get(usize::from(column)) {
        Some(SparklineCell::Height(height)) => Style::new().fg(theme.ramp_text_color(ramp, *height)),
        _ => theme.style(Role::Focus),
    };
    for y in visible.y..visible.bottom() {
        if visible.contains((x, y).into()) {
            buffer[(x, y)].set_symbol(theme.marks().bar).set_style(ink);
        }
    }
}

/// Writes what the colours mean at the right end of a row: the values at both ends and the ramp between them.
pub fn put_legend(row: &mut Row, (low, high): (&str, &str), ramp: Ramp, theme: Theme) {
    const LEGEND_RAMP_COLUMNS: usize = 10;
    let text = format!("{low} {} {high}", " ".repeat(LEGEND_RAMP_COLUMNS));
    if !row.put_right(&text, theme.style(Role::Muted)) {
        return;
    }
    let mut place = row.right_text_row(&text);
    place.put(low, theme.style(Role::Muted)).skip(1);
    for i in 0..LEGEND_RAMP_COLUMNS {
        let share = i as f64 / (LEGEND_RAMP_COLUMNS - 1) as f64;
        match theme.ramp_color(ramp, share) {
            Some(color) => place.put(" ", Style::new().bg(color)),
            None => place.put(theme.density(ramp, share), theme.style(Role::Text)),
        };
    }
    row.reserve_right(2);
}

/// The ends of a legend for numbers.
pub fn color_scale_ends((low, high): (f64, f64)) -> (String, String) {
    (short(low), short(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    const CELLS: [SparklineCell; 5] = [
        SparklineCell::Height(0.0),
        SparklineCell::Height(1.0),
        SparklineCell::Empty,
        SparklineCell::Broken,
        SparklineCell::Height(f64::NAN),
    ];

    fn drawn(depth: ColorDepth, unicode: bool) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 2));
        let area = buffer.area;
        draw(&mut buffer, area, &CELLS, Ramp::Heat, Theme::new(depth, Background::Dark, unicode));
        buffer
    }

    #[test]
    fn little_much_nothing_and_broken_are_told_apart_in_every_depth() {
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None] {
            let buffer = drawn(depth, true);
            let look = |x: u16| (buffer[(x, 1)].bg, buffer[(x, 1)].symbol().to_owned());
            assert_ne!(look(0), look(1), "{depth:?}");
            assert_ne!(look(1), look(2), "{depth:?}");
            assert_eq!(buffer[(3, 1)].symbol(), "×");
            assert_eq!(buffer[(4, 1)].symbol(), "×");
        }
        let plain: String = drawn(ColorDepth::None, false).content()[..5].iter().map(Cell::symbol).collect();
        assert_eq!(plain, ".# xx");
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        for area in [Rect::new(2, 0, 9, 9), Rect::new(7, 7, 3, 3), Rect::new(0, 0, 0, 0)] {
            draw(&mut buffer, area, &CELLS, Ramp::Signed, theme);
            draw_cursor(&mut buffer, area, 1, &CELLS, Ramp::Signed, theme);
            draw_cursor(&mut buffer, area, u16::MAX, &CELLS, Ramp::Signed, theme);
        }
        let mut row = Row::new(&mut buffer, Rect::new(0, 0, 3, 1), 0);
        put_legend(&mut row, ("0", "1"), Ramp::Heat, theme);
    }
}
