//! The bar of the screens: their keys and names, the current one highlighted.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    ui::{
        layout::bar::screen_entries,
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws the bar.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let now = app.view().screen;
    for (screen, place, named) in screen_entries(now, area) {
        let lit = screen == now;
        let (key, name) = if lit {
            (theme.filled_area_style(Role::Focus), theme.filled_area_style(Role::Focus))
        } else {
            (theme.style(Role::Key), theme.style(Role::Muted))
        };
        let side = if lit { name } else { theme.style(Role::Muted) };
        let mut row = Row::new(buffer, place, 0).with_ellipsis("");
        row.put(" ", side).put(screen.key().encode_utf8(&mut [0; 4]), key);
        if named {
            row.put(" ", side).put(screen.title(), name);
        }
        row.put(" ", side);
    }
}
