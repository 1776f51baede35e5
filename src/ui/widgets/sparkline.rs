//! A row of eighth blocks, one value a column.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::SparklineCell,
    ui::theme::{Role, Theme},
};

const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII_BLOCKS: [&str; 8] = ["_", ".", "-", "=", "+", "*", "%", "#"];

/// Draws `values` over the height of `area`, from its left end. A column without a value stays as it is; one that is
/// not a number carries a mark at the bottom.
pub fn draw(buffer: &mut Buffer, area: Rect, values: &[SparklineCell], role: Role, theme: Theme) {
    let visible = area.intersection(buffer.area);
    if visible.is_empty() {
        return;
    }
    let rows = usize::from(area.height);
    let blocks = if theme.has_blocks() { BLOCKS } else { ASCII_BLOCKS };
    for (x, value) in (area.x..visible.right()).zip(values) {
        let (eighths, role) = match value {
            SparklineCell::Empty => continue,
            SparklineCell::Broken => (1, Role::Bad),
            SparklineCell::Height(height) => {
                (((height.clamp(0.0, 1.0) * 8.0 * rows as f64) as usize).min(8 * rows - 1) + 1, role)
            }
        };
        for (y, row) in (area.y..area.bottom()).rev().zip(0..eighths.div_ceil(8)) {
            if !visible.contains((x, y).into()) {
                continue;
            }
            let symbol = match value {
                SparklineCell::Broken => theme.marks().not_a_number,
                _ => blocks[(eighths - row * 8).min(8) - 1],
            };
            buffer[(x, y)].set_symbol(symbol).set_style(theme.style(role));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn(width: u16, values: &[SparklineCell]) -> String {
        drawn_over(width, 1, values)
    }

    fn drawn_over(width: u16, height: u16, values: &[SparklineCell]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        draw(&mut buffer, area, values, Role::Train, theme);
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn heights_gaps_and_breaks_are_told_apart() {
        let values = [0.0, 0.49, 1.0, f64::NAN, 7.0].map(SparklineCell::Height);
        assert_eq!(drawn(5, &values), "▁▄█▁█");
        assert_eq!(drawn(3, &[SparklineCell::Height(1.0), SparklineCell::Empty, SparklineCell::Broken]), "█ ×");
        assert_eq!(drawn(0, &values), "");
    }

    #[test]
    fn several_rows_make_heights_finer() {
        let values =
            [SparklineCell::Height(0.0), SparklineCell::Height(0.5), SparklineCell::Height(1.0), SparklineCell::Broken];
        assert_eq!(drawn_over(4, 2, &values), " ▁█ ▁██×");
        assert_eq!(drawn_over(4, 0, &values), "");
    }
}
