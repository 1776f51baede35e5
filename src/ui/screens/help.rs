//! The help, made from the same table as the keys.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use crate::{
    app::App,
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::{dialog, footer::spell},
    },
};

/// One row of the help.
enum Entry {
    Blank,
    Title(&'static str),
    Line { keys: String, text: &'static str, unavailable: Option<&'static str> },
}

/// Draws the help over the screen, from line `scroll` on as far as there are more lines.
pub fn draw(app: &App, scroll: usize, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut entries = Vec::new();
    for section in app.help() {
        if !entries.is_empty() {
            entries.push(Entry::Blank);
        }
        entries.push(Entry::Title(section.title));
        entries.extend(section.lines.into_iter().map(|line| Entry::Line {
            keys: if theme.unicode { line.keys } else { spell(&line.keys) },
            text: line.text,
            unavailable: line.unavailable,
        }));
    }
    let keys = entries.iter().map(|entry| match entry {
        Entry::Line { keys, .. } => keys.width(),
        _ => 0,
    });
    let keys = keys.max().unwrap_or(0).min(28) as u16 + 2;
    let height = area.height.saturating_sub(4).min(entries.len() as u16);
    let title = format!("help {} arrows scroll, Esc closes", theme.marks().dot);
    let inside = dialog::draw(buffer, area, &title, (area.width.saturating_sub(4).min(96), height), theme);
    let room = usize::from(inside.height);
    let first = scroll.min(entries.len().saturating_sub(room));
    for (y, entry) in (0..).zip(entries.iter().skip(first).take(room)) {
        let mut row = Row::new(buffer, inside, y).ending(theme.marks().ellipsis);
        match entry {
            Entry::Blank => {}
            Entry::Title(title) => {
                row.put(title, theme.style(Role::Strong));
            }
            Entry::Line { keys: names, text, unavailable } => {
                let (key, role) =
                    if unavailable.is_some() { (Role::Faint, Role::Muted) } else { (Role::Key, Role::Text) };
                row.put_cell(names, keys, theme.style(key)).put(text, theme.style(role));
                if let Some(reason) = unavailable {
                    row.skip(1).put(&format!("({reason})"), theme.style(Role::Muted));
                }
            }
        }
    }
    more(buffer, inside, (first, room, entries.len()), theme);
}

/// Says at the frame that there is more above or below.
fn more(buffer: &mut Buffer, inside: Rect, (first, room, count): (usize, usize, usize), theme: Theme) {
    let last = (first + room).min(count);
    if inside.is_empty() || room >= count {
        return;
    }
    let below = Rect { y: inside.bottom(), height: 1, ..inside };
    let text = format!(" {}{}{last} of {count} ", first + 1, theme.marks().none);
    Row::new(buffer, below, 0).put_right(&text, theme.style(Role::Muted));
}
