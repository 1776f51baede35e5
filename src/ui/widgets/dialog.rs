//! A box in the middle of the screen, over what was there.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    widgets::{Clear, Widget},
};

use crate::ui::{
    paint::{Row, centered},
    theme::{Role, Theme},
};

/// Rows of the frame.
pub const FRAME_ROWS: u16 = 2;

/// Clears a box for `width` × `height` cells of content in the middle of `area`, draws its frame, and gives the
/// inside.
pub fn draw(buffer: &mut Buffer, area: Rect, title: &str, (width, height): (u16, u16), theme: Theme) -> Rect {
    let area = area.intersection(buffer.area);
    let outside = centered(area, width.saturating_add(4), height.saturating_add(FRAME_ROWS));
    Clear.render(outside, buffer);
    if outside.width < 2 || outside.height < 2 {
        return Rect { width: 0, height: 0, ..outside };
    }
    let [top_left, top_right, bottom_left, bottom_right, rule, bar] =
        if theme.has_blocks() { ["╭", "╮", "╰", "╯", "─", "│"] } else { ["+", "+", "+", "+", "-", "|"] };
    let style = theme.style(Role::Muted);
    for y in 0..outside.height {
        let mut row = Row::new(buffer, outside, y).with_ellipsis(theme.marks().ellipsis);
        if y == 0 {
            row.put_right(top_right, style);
            row.put(top_left, style).put(rule, style).put(&format!(" {title} "), theme.style(Role::Strong));
            row.fill(rule, style);
        } else if y + 1 == outside.height {
            row.put_right(bottom_right, style);
            row.put(bottom_left, style).fill(rule, style);
        } else {
            row.put_right(bar, style);
            row.put(bar, style);
        }
    }
    outside.inner(Margin { horizontal: 2, vertical: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    #[test]
    fn a_dialog_fits_into_any_screen() {
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        for (width, height) in [(0, 0), (1, 1), (2, 2), (3, 9), (80, 24)] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            let area = buffer.area;
            let inside = draw(&mut buffer, area, "title", (20, 5), theme);
            assert_eq!(area.intersection(inside).area(), inside.area());
        }
    }
}
