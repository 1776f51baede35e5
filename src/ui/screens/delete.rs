//! "Delete this branch?"

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    protocol::BranchId,
    text::{cut, thousands},
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::dialog,
    },
};

/// Columns of the box's content.
const DIALOG_COLUMNS: u16 = 52;

/// Draws the question; `yes`: that answer is chosen.
pub fn draw(app: &App, (branch, yes): (BranchId, bool), theme: Theme, buffer: &mut Buffer, area: Rect) {
    let marks = theme.marks();
    let inside = dialog::draw(buffer, area, "delete this branch?", (DIALOG_COLUMNS, 5), theme);
    if let Some(branch) = app.run().branches.branch(branch) {
        let end = format!(", up to step {}.", thousands(branch.tip));
        let title = branch.title();
        let name = cut(&title, DIALOG_COLUMNS.saturating_sub(end.len() as u16), marks.ellipsis);
        Row::new(buffer, inside, 0).put(&name, theme.style(Role::Text)).put(&end, theme.style(Role::Text));
    }
    Row::new(buffer, inside, 1).put("Branches that come from it go with it.", theme.style(Role::Muted));
    for (y, key, label, chosen) in [(3, "y", "delete it", yes), (4, "Esc", "keep it", !yes)] {
        let mut row = Row::new(buffer, inside, y).with_ellipsis(marks.ellipsis);
        row.put_left_aligned(if chosen { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put_left_aligned(key, 5, theme.style(Role::Key));
        row.put(&format!(" {label} "), theme.style(if chosen { Role::Selected } else { Role::Text }));
    }
}
