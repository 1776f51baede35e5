//! The samples, what the network makes of them, and what it has learned.

use ratatui::buffer::Buffer;

use super::title;
use crate::{
    app::{App, Panel},
    ui::{
        layout::Layout,
        paint::note,
        theme::{Role, Theme},
    },
};

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    let area = layout.panel(Panel::Samples);
    title(app, theme, buffer, area, Panel::Samples);
    note(buffer, area, "the samples will show here, with truth and prediction", theme.style(Role::Muted));
}
