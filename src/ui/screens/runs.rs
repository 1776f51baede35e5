//! The branches of the run, what was done to it, and other recorded runs.

mod recorded;
mod tree;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Panel},
    text::thousands,
    ui::{
        layout::{Layout, list_rows},
        paint::Row,
        screens::{hidden_rows_text, title},
        theme::{Role, Theme},
    },
};

/// Columns of a step.
const STEP_COLUMNS: u16 = 10;

/// Columns of the name of a branch beside what was done on it.
const BRANCH_COLUMNS: u16 = 12;

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    tree::draw(app, theme, buffer, layout.panel(Panel::Branches));
    draw_ledger(app, theme, buffer, layout.panel(Panel::Ledger));
    recorded::draw(app, theme, buffer, layout.panel(Panel::Recorded));
}

/// Draws what was done to the run.
fn draw_ledger(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (rows, first) = app.runs_screen().ledger();
    let (muted, room) = (theme.style(Role::Muted), list_rows(area));
    let mut heading = title(app, theme, buffer, area, Panel::Ledger);
    if rows.len() > first + room {
        heading.put_right(&hidden_rows_text(rows.len() - first - room, theme), muted);
    }
    if rows.is_empty() {
        Row::new(buffer, area, 1).with_ellipsis(theme.marks().ellipsis).skip(2).put("nothing so far", muted);
    }
    for (y, entry) in (1..).zip(rows.iter().skip(first).take(room)) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        row.skip(2).put_right_aligned(&thousands(entry.step), STEP_COLUMNS - 2, muted).skip(2);
        row.put_left_aligned(&entry.branch, BRANCH_COLUMNS, muted).skip(1).put(&entry.text, theme.style(Role::Text));
    }
}
