//! The keys that matter now, as many as there is room for.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use crate::{
    app::FooterItem,
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws the most important of `items`, which come in that order, into the first row of `area`.
pub fn draw(buffer: &mut Buffer, area: Rect, items: &[FooterItem], theme: Theme) {
    let mut row = Row::new(buffer, area, 0).ending(theme.marks().ellipsis);
    for item in items {
        let keys = if theme.unicode { item.keys.clone() } else { spell(&item.keys) };
        let width = keys.width() + 1 + item.label.width();
        if width > usize::from(row.free()) {
            return;
        }
        let (key, label) = if item.available { (Role::Key, Role::Muted) } else { (Role::Faint, Role::Faint) };
        row.put(&keys, theme.style(key)).skip(1).put(item.label, theme.style(label)).skip(3);
    }
}

/// Names of the keys without arrows.
pub fn spell(keys: &str) -> String {
    [("←", "Left"), ("→", "Right"), ("↑", "Up"), ("↓", "Down")]
        .into_iter()
        .fold(keys.to_owned(), |text, (arrow, name)| text.replace(arrow, name))
}
