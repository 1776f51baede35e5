//! The bar of the screens: their keys and names, the one in hand lit.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Screen},
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Columns between two entries.
const GAP: u16 = 1;

/// Columns of the bar where only the screen in hand is named.
pub const NARROW: u16 = 24;

/// Columns of a key and a name, with a column on each side for the light.
fn named(screen: Screen) -> u16 {
    screen.title().len() as u16 + 4
}

/// Where each screen's entry lies in `area`, and whether it is named.
fn places(now: Screen, area: Rect) -> impl Iterator<Item = (Screen, Rect, bool)> {
    let all: u16 = Screen::ALL.into_iter().map(|screen| named(screen) + GAP).sum();
    let mut x = area.x;
    Screen::ALL.into_iter().map(move |screen| {
        let name = all <= area.width + GAP || screen == now;
        let width = if name { named(screen) } else { 3 };
        let place = Rect { x, width, ..area }.intersection(area);
        x = x.saturating_add(width + GAP);
        (screen, place, name)
    })
}

/// The screen whose entry is at `(x, y)`, if it is not the one in hand.
pub fn under(now: Screen, area: Rect, (x, y): (u16, u16)) -> Option<Screen> {
    let (screen, ..) = places(now, area).find(|(_, place, _)| place.contains((x, y).into()))?;
    (screen != now).then_some(screen)
}

/// Draws the bar.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let now = app.view().screen;
    for (screen, place, named) in places(now, area) {
        let lit = screen == now;
        let (key, name) = if lit {
            (theme.fill(Role::Focus), theme.fill(Role::Focus))
        } else {
            (theme.style(Role::Key), theme.style(Role::Muted))
        };
        let side = if lit { name } else { theme.style(Role::Muted) };
        let mut row = Row::new(buffer, place, 0).ending("");
        row.put(" ", side).put(screen.key().encode_utf8(&mut [0; 4]), key);
        if named {
            row.put(" ", side).put(screen.title(), name);
        }
        row.put(" ", side);
    }
}
