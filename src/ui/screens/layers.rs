//! Every layer over the steps, and the selected one from the inside.

mod map;
mod units;
mod values;

use ratatui::buffer::Buffer;

use crate::{
    app::{App, Panel},
    ui::{layout::Layout, theme::Theme},
};

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    map::draw(app, theme, buffer, layout.panel(Panel::Map));
    values::draw(app, theme, buffer, layout.panel(Panel::Values));
    units::draw(app, theme, buffer, layout.panel(Panel::Units));
}
