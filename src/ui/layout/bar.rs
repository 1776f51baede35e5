//! Where the screens' entries lie in their bar.

use ratatui::layout::Rect;

use crate::app::Screen;

/// Columns between two entries.
const ENTRY_GAP_COLUMNS: u16 = 1;

/// Columns of the bar where only the current screen is named.
pub const MAX_NARROW_BAR_COLUMNS: u16 = 28;

/// Columns of a key and a name, with a column on each side that is highlighted with them.
fn named_entry_columns(screen: Screen) -> u16 {
    screen.title().len() as u16 + 4
}

/// Where each screen's entry lies in `area`, and whether it is named.
pub fn screen_entries(now: Screen, area: Rect) -> impl Iterator<Item = (Screen, Rect, bool)> {
    let all: u16 = Screen::ALL.into_iter().map(|screen| named_entry_columns(screen) + ENTRY_GAP_COLUMNS).sum();
    let mut x = area.x;
    Screen::ALL.into_iter().map(move |screen| {
        let name = all <= area.width + ENTRY_GAP_COLUMNS || screen == now;
        let width = if name { named_entry_columns(screen) } else { 3 };
        let place = Rect { x, width, ..area }.intersection(area);
        x = x.saturating_add(width + ENTRY_GAP_COLUMNS);
        (screen, place, name)
    })
}

/// The screen whose entry is at `(x, y)`, if it is not the current one.
pub fn screen_under(now: Screen, area: Rect, (x, y): (u16, u16)) -> Option<Screen> {
    let (screen, ..) = screen_entries(now, area).find(|(_, place, _)| place.contains((x, y).into()))?;
    (screen != now).then_some(screen)
}
