//! A line that is being typed, with its cursor kept in sight.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    text::{Safe, TextWidth},
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws `prompt` and the text before and after the cursor into the first row of `area`.
pub fn draw(buffer: &mut Buffer, area: Rect, prompt: &str, (before, after): (&str, &str), theme: Theme) {
    let marks = theme.marks();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    row.put(prompt, theme.style(Role::Key));
    // One column stays for the cursor.
    let room = usize::from(row.free().saturating_sub(1));
    row.put(&text_tail(before, room), theme.style(Role::Text));
    let mut clusters = after.graphemes(true);
    let under = clusters.next().map_or_else(|| " ".to_string(), |cluster| Safe(cluster).to_string());
    row.put(&under, theme.style(Role::Text).add_modifier(Modifier::REVERSED));
    // `Safe` shortens what is far too long to be seen here anyway.
    row.put(&Safe(clusters.as_str()).to_string(), theme.style(Role::Text));
}

/// The end of `text` in at most `width` columns, made harmless.
fn text_tail(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut kept: Vec<String> = Vec::new();
    for cluster in text.graphemes(true).rev() {
        let shown = Safe(cluster).to_string();
        used += shown.width();
        if used > width {
            break;
        }
        kept.push(shown);
    }
    kept.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn(width: u16, halves: (&str, &str)) -> (String, Option<u16>) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        let area = buffer.area;
        draw(&mut buffer, area, ":", halves, Theme::new(ColorDepth::None, Background::Dark, true));
        let reversed = (0..width).find(|x| buffer[(*x, 0)].modifier.contains(Modifier::REVERSED));
        (buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect(), reversed)
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        assert_eq!(drawn(8, ("lr 1", "")), (":lr 1   ".into(), Some(5)));
        assert_eq!(drawn(8, ("lr", " 1")), (":lr 1   ".into(), Some(3)));
        assert_eq!(drawn(8, ("a long line", "")), (":g line ".into(), Some(7)));
        assert_eq!(drawn(1, ("abc", "")), (":".into(), None));
        assert_eq!(drawn(0, ("abc", "")), (String::new(), None));
    }
}
