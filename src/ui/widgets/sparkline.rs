//! A row of eighth blocks, one value a column.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::Spark,
    ui::theme::{Role, Theme},
};

const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", ".", "-", "=", "+", "*", "%", "#"];

/// Draws `values` into the first row of `area`, from its left end. A column without a value stays as it is; one that
/// is not a number carries a mark.
pub fn draw(buffer: &mut Buffer, area: Rect, values: &[Spark], role: Role, theme: Theme) {
    let visible = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
    let blocks = if theme.unicode { BLOCKS } else { ASCII };
    for (x, value) in (area.x..visible.right()).zip(values) {
        let (symbol, role) = match value {
            Spark::Empty => continue,
            Spark::Broken => (theme.marks().not_a_number, Role::Bad),
            Spark::Height(height) => (blocks[((height.clamp(0.0, 1.0) * 8.0) as usize).min(7)], role),
        };
        if visible.contains((x, area.y).into()) {
            buffer[(x, area.y)].set_symbol(symbol).set_style(theme.style(role));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, Depth};

    fn drawn(width: u16, values: &[Spark]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        let area = buffer.area;
        let theme = Theme::new(Depth::True, Background::Dark, true);
        draw(&mut buffer, area, values, Role::Train, theme);
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn heights_gaps_and_breaks_are_told_apart() {
        let values = [0.0, 0.49, 1.0, f64::NAN, 7.0].map(Spark::Height);
        assert_eq!(drawn(5, &values), "▁▄█▁█");
        assert_eq!(drawn(3, &[Spark::Height(1.0), Spark::Empty, Spark::Broken]), "█ ×");
        assert_eq!(drawn(0, &values), "");
    }
}
