//! The keys that matter now, as many as there is room for.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::FooterItem,
    text::TextWidth,
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Columns between two items, where all of them fit and where they don't.
const WIDE_GAP_COLUMNS: usize = 3;
const NARROW_GAP_COLUMNS: usize = 2;

/// Draws the most important of `items`, which come in that order, into the first row of `area`.
pub fn draw(buffer: &mut Buffer, area: Rect, items: &[FooterItem], theme: Theme) {
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    let keys = |item: &FooterItem| if theme.has_blocks() { item.keys.clone() } else { spell_keys(&item.keys) };
    let width = |item: &FooterItem| keys(item).width() + 1 + item.label.width();
    let all: usize = items.iter().map(|item| width(item) + WIDE_GAP_COLUMNS).sum();
    // The gaps give way before the keys do.
    let gap = if all <= usize::from(row.free()) + WIDE_GAP_COLUMNS { WIDE_GAP_COLUMNS } else { NARROW_GAP_COLUMNS };
    for item in items {
        if width(item) > usize::from(row.free()) {
            return;
        }
        let (key, label) = if item.available { (Role::Key, Role::Muted) } else { (Role::Faint, Role::Faint) };
        row.put(&keys(item), theme.style(key)).skip(1).put(item.label, theme.style(label)).skip(gap as u16);
    }
}

/// Names of the keys without arrows.
pub fn spell_keys(keys: &str) -> String {
    [("←", "Left"), ("→", "Right"), ("↑", "Up"), ("↓", "Down")]
        .into_iter()
        .fold(keys.to_owned(), |text, (arrow, name)| text.replace(arrow, name))
}
