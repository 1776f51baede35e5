//! "Go back to step 1,204 of branch 0?"

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::RewindTarget,
    ui::{
        paint::{Row, wrap},
        theme::{Role, Theme},
        widgets::dialog,
    },
};

/// Columns of the box's content.
const DIALOG_COLUMNS: u16 = 52;

/// Draws the question.
pub fn draw(target: &RewindTarget, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let question = wrap(&target.question(), DIALOG_COLUMNS);
    let consequence = wrap(target.consequence(), DIALOG_COLUMNS);
    let height = (question.len() + consequence.len()) as u16 + 3;
    let inside = dialog::draw(buffer, area, "go back?", (DIALOG_COLUMNS, height), theme);
    let lines =
        question.iter().map(|line| (line, Role::Text)).chain(consequence.iter().map(|line| (line, Role::Muted)));
    let mut y = 0;
    for (line, role) in lines {
        Row::new(buffer, inside, y).with_ellipsis(theme.marks().ellipsis).put(line, theme.style(role));
        y += 1;
    }
    let verb = if target.newest { "go there" } else { "go back" };
    for (y, (key, label)) in (y + 1..).zip([("Enter", verb), ("Esc", "stay here")]) {
        let mut row = Row::new(buffer, inside, y);
        row.skip(2).put_left_aligned(key, 7, theme.style(Role::Key)).put(label, theme.style(Role::Text));
    }
}
