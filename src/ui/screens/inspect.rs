//! One sample on its way through the network and back.

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
    let area = layout.panel(Panel::Chain);
    title(app, theme, buffer, area, Panel::Chain);
    note(
        buffer,
        area,
        "the network as a chain will show here, with the values and errors of one sample",
        theme.style(Role::Muted),
    );
}
