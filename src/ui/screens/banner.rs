//! How a run ended, why it paused by itself or can't go on, and what to do next.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    protocol::Health,
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws the banner into as many rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let Some(banner) = app.banner() else { return };
    let marks = theme.marks();
    let (mark, role) = match banner.health {
        Health::Good => (marks.good, Role::Good),
        Health::Watch => (marks.watch, Role::Watch),
        Health::Unknown => (marks.dot, Role::Strong),
        Health::Bad => (marks.bad, Role::Bad),
    };
    Row::new(buffer, area, 0).put(mark, theme.style(role));
    for (y, (line, strong)) in (0..).zip(banner.lines(area.width)) {
        let role = if strong { role } else { Role::Text };
        Row::new(buffer, area, y).with_ellipsis(marks.ellipsis).skip(2).put(&line, theme.style(role));
    }
}
