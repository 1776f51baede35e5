//! What can be done about a trouble of the training, in a box over the screen. The keys of the screen go on to work.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::TroubleOffer,
    text::{thousands, wrap},
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::dialog,
    },
};

/// Columns of the box's content, at most.
const MAX_COLUMNS: u16 = 76;

/// Rows of what happened, at most.
const MAX_WHAT_ROWS: usize = 4;

/// Columns of the keys.
const KEY_COLUMNS: u16 = 5;

/// Draws what is offered at the lower end of an area, where it hides the least of the charts.
pub fn draw(offer: &TroubleOffer, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let width = area.width.saturating_sub(4).min(MAX_COLUMNS);
    let mut what = wrap(&offer.what, width);
    what.truncate(MAX_WHAT_ROWS);
    let missing: Vec<String> = offer.missing.iter().flat_map(|line| wrap(line, width)).collect();
    let height = what.len() + 1 + offer.remedies.len() + missing.len();
    let title = format!("trouble at step {}", thousands(offer.step));
    let lower = (height as u16).saturating_add(dialog::FRAME_ROWS).min(area.height);
    let area = Rect { y: area.bottom() - lower, height: lower, ..area };
    let inside = dialog::draw(buffer, area, &title, (width, height as u16), theme);
    let ellipsis = theme.marks().ellipsis;
    let mut row = 0;
    for line in &what {
        Row::new(buffer, inside, row).with_ellipsis(ellipsis).put(line, theme.style(Role::Bad));
        row += 1;
    }
    row += 1;
    for (key, text) in &offer.remedies {
        let mut line = Row::new(buffer, inside, row).with_ellipsis(ellipsis);
        line.put_left_aligned(key, KEY_COLUMNS, theme.style(Role::Key)).put(text, theme.style(Role::Text));
        row += 1;
    }
    for line in &missing {
        Row::new(buffer, inside, row).with_ellipsis(ellipsis).put(line, theme.style(Role::Muted));
        row += 1;
    }
}
