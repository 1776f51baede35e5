//! One sample on its way through the network and back.

mod chain;
mod gradients;
mod layer;
mod loss;
mod maps;
mod numbers;
mod sample;
mod symbols;
mod update;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Panel},
    ui::{
        layout::Layout,
        paint::draw_note,
        theme::{Role, Theme},
        widgets::picture::CellPicture,
    },
};

/// The pictures that [`draw`] draws and that matter most point by point, with the room that each has.
pub fn pictures(app: &App, layout: &Layout) -> Vec<(Rect, CellPicture)> {
    let area = layout.panel(Panel::Sample);
    let image = app
        .inspect_screen()
        .sample_trace()
        .ok()
        .filter(|_| !area.is_empty())
        .and_then(|tracing| sample::image_placement(area, tracing.trace));
    image.into_iter().collect()
}

/// Draws the panels that have a place in `layout`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    chain::draw(app, theme, buffer, layout.panel(Panel::Chain));
    let panels = [Panel::Sample, Panel::Layer, Panel::Gradients].map(|panel| (panel, layout.panel(panel)));
    match app.inspect_screen().sample_trace() {
        Ok(tracing) => {
            for (panel, area) in panels.into_iter().filter(|(_, area)| !area.is_empty()) {
                match panel {
                    Panel::Sample => sample::draw(app, theme, buffer, area, &tracing),
                    Panel::Gradients => gradients::draw(app, theme, buffer, area, &tracing),
                    _ => layer::draw(app, theme, buffer, area, &tracing, layout.panel(Panel::Gradients)),
                }
            }
        }
        Err(reason) => {
            let places = panels.into_iter().map(|(_, area)| area).filter(|area| !area.is_empty());
            if let Some(whole) = places.reduce(Rect::union) {
                draw_note(buffer, whole, &reason, theme.style(Role::Muted));
            }
        }
    }
}
