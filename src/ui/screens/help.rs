//! The help, made from the same table as the keys.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, HelpLine},
    text::TextWidth,
    ui::{
        paint::{Row, wrap},
        theme::{Role, Theme},
        widgets::{dialog, footer::spell_keys},
    },
};

/// Widest help in columns: longer lines are hard to read.
const MAX_HELP_COLUMNS: u16 = 110;

/// One row of the help.
enum HelpRow {
    Blank,
    Title(&'static str),
    /// Keys in a column of their own and a line of text after it; both empty where the other goes on.
    Line {
        keys: String,
        column: u16,
        text: String,
        available: bool,
    },
}

/// Draws the help over the screen, from line `scroll` on as far as there are more lines.
pub fn draw(app: &App, scroll: usize, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let width = area.width.saturating_sub(4).min(MAX_HELP_COLUMNS);
    let mut entries = Vec::new();
    for section in app.help_sections() {
        if !entries.is_empty() {
            entries.push(HelpRow::Blank);
        }
        entries.push(HelpRow::Title(section.title));
        section_rows(section.lines, width, theme, &mut entries);
    }
    let height = area.height.saturating_sub(4).min(entries.len() as u16);
    let title = format!("help {} arrows scroll, Esc closes", theme.marks().dot);
    let inside = dialog::draw(buffer, area, &title, (width, height), theme);
    let room = usize::from(inside.height);
    let first = scroll.min(entries.len().saturating_sub(room));
    for (y, entry) in (0..).zip(entries.iter().skip(first).take(room)) {
        let mut row = Row::new(buffer, inside, y).with_ellipsis(theme.marks().ellipsis);
        match entry {
            HelpRow::Blank => {}
            HelpRow::Title(title) => {
                row.put(title, theme.style(Role::Strong));
            }
            HelpRow::Line { keys, column, text, available } => {
                let (key, role) = if *available { (Role::Key, Role::Text) } else { (Role::Faint, Role::Muted) };
                row.put_left_aligned(keys, *column, theme.style(key)).put(text, theme.style(role));
            }
        }
    }
    draw_scroll_marks(buffer, inside, (first, room, entries.len()), theme);
}

/// The lines of one section in `width` columns, its keys in a column as narrow as they allow.
fn section_rows(section: Vec<HelpLine>, width: u16, theme: Theme, entries: &mut Vec<HelpRow>) {
    let spelled = |keys: String| if theme.has_blocks() { keys } else { spell_keys(&keys) };
    let section: Vec<HelpLine> =
        section.into_iter().map(|line| HelpLine { keys: spelled(line.keys), ..line }).collect();
    let widest = section.iter().map(|line| line.keys.width()).max().unwrap_or(0);
    let column = (widest as u16 + 2).min(width / 2);
    for line in section {
        let available = line.unavailable.is_none();
        let text = match line.unavailable {
            Some(reason) => format!("{} ({reason})", line.text),
            None => line.text.to_owned(),
        };
        let mut keys = Some(line.keys);
        for text in wrap(&text, width.saturating_sub(column)) {
            entries.push(HelpRow::Line { keys: keys.take().unwrap_or_default(), column, text, available });
        }
    }
}

/// Says at the frame that there is more above or below.
fn draw_scroll_marks(buffer: &mut Buffer, inside: Rect, (first, room, count): (usize, usize, usize), theme: Theme) {
    let last = (first + room).min(count);
    if inside.is_empty() || room >= count {
        return;
    }
    let below = Rect { y: inside.bottom(), height: 1, ..inside };
    let text = format!(" {}{}{last} of {count} ", first + 1, theme.marks().none);
    Row::new(buffer, below, 0).put_right(&text, theme.style(Role::Muted));
}
