//! A bar with its text inside.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::text::TextWidth;
use crate::ui::{
    paint::Row,
    theme::{Role, Theme},
};

/// Draws the bar into the first row of `area`; `fraction` is cut to 0..1, and one that isn't known leaves the bar
/// empty. `role` is the meaning of its colour.
pub fn draw(buffer: &mut Buffer, area: Rect, fraction: Option<f64>, text: &str, role: Role, theme: Theme) {
    let fraction = fraction.filter(|value| value.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0);
    let width = usize::from(area.width);
    let filled = (fraction * width as f64).round() as usize;
    let text = if text.width() <= width { text } else { "" };
    let start = (width - text.width()) / 2;
    Row::new(buffer, area, 0).skip(start as u16).put(text, theme.style(Role::Text));
    let visible = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
    let text = start..start + text.width();
    for x in visible.x..visible.right() {
        let cell = &mut buffer[(x, visible.y)];
        let column = usize::from(x - area.x);
        if column < filled {
            cell.set_style(theme.filled_area_style(role));
        } else if !text.contains(&column) {
            cell.set_symbol(theme.marks().rule).set_style(theme.style(Role::Faint));
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    #[test]
    fn any_fraction_and_width_are_drawn() {
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        for width in 0..20 {
            for fraction in [None, Some(f64::NAN), Some(-1.0), Some(0.5), Some(7.0)] {
                let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
                let area = buffer.area;
                draw(&mut buffer, area, fraction, " 50 % ", Role::Train, theme);
            }
        }
    }

    #[test]
    fn the_filled_part_is_seen_without_colour() {
        let theme = Theme::new(ColorDepth::None, Background::Dark, true);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        let area = buffer.area;
        draw(&mut buffer, area, Some(0.5), "50 %", Role::Train, theme);
        let reversed = buffer.content().iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
        assert_eq!(reversed, 5);
    }
}
