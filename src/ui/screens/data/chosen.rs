//! The selected sample, large, with truth, prediction and confidence.

use ratatui::{buffer::Buffer, layout::Rect};

use super::entry::{image_of, is_correct, percent, predicted_name, put_guess, verdict_mark};
use crate::{
    app::App,
    protocol::inspection::{ClassifiedSample, SplitName},
    text::{short, thousands},
    ui::{
        layout::take_bottom,
        paint::Row,
        theme::{Role, Theme},
        widgets::{
            picture::{self, CellPicture},
            progress,
        },
    },
};

/// Columns left free at the right.
const RIGHT_GAP_COLUMNS: u16 = 2;

/// Columns of the names before the values.
const NAME_COLUMNS: u16 = 12;

/// Draws image and words.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, entry: &ClassifiedSample) {
    let (_, words, table) = divide_area(area);
    let (rest, image) = image_placement(area, entry);
    let image = image.fit_into(rest.width, rest.height);
    picture::draw(buffer, rest, &image, theme);
    let below = (rest.y + image.cells(1).1 + u16::from(table)).min(words.y);
    let words = Rect { y: below, ..words };
    if table { draw_table(app, theme, buffer, words, entry) } else { draw_short_text(app, theme, buffer, words, entry) }
}

/// The image that is drawn, with the room that it has.
pub fn image_placement(area: Rect, entry: &ClassifiedSample) -> (Rect, CellPicture) {
    (divide_area(area).0, image_of(entry))
}

/// Where the image and the words may lie, and whether these are a table.
fn divide_area(area: Rect) -> (Rect, Rect, bool) {
    let mut rest = Rect { width: area.width.saturating_sub(RIGHT_GAP_COLUMNS), ..area };
    // In a low window the words are two rows; elsewhere they are a table.
    let table = area.height >= 22;
    let words = take_bottom(&mut rest, if table { 8 } else { 2 });
    (rest, words, table)
}

fn draw_table(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, entry: &ClassifiedSample) {
    let (mark, role) = verdict_mark(entry, theme);
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let part = if app.view().data.split == SplitName::Test { "test" } else { "training" };
    let truth = match (is_correct(entry), theme.has_blocks()) {
        (true, _) => "truth",
        (false, true) => "→ truth",
        (false, false) => "> truth",
    };
    let rows = [
        ("sample", format!("{part} {}", thousands(entry.index as u64)), text),
        ("prediction", format!("{mark} {}", predicted_name(app, entry)), theme.style(role)),
        (truth, app.run().class_name(entry.class), theme.style(Role::Strong)),
        ("loss", short(entry.loss), text),
        ("confidence", percent(entry.confidence), text),
    ];
    for (y, (name, value, style)) in (0..).zip(&rows) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(name, NAME_COLUMNS, muted).put(value, *style);
    }
    let bar = Rect { y: area.y + rows.len() as u16, height: 1, ..area };
    if bar.y < area.bottom() {
        progress::draw(buffer, bar, Some(entry.confidence), "", role, theme);
    }
}

fn draw_short_text(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, entry: &ClassifiedSample) {
    let (mark, role) = verdict_mark(entry, theme);
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.put(mark, theme.style(role)).skip(1);
    let columns = row.free();
    put_guess(&mut row, app, entry, theme, columns, role);
    let mut row = Row::new(buffer, area, 1).with_ellipsis(theme.marks().ellipsis);
    row.put_right(&format!("{} sure", percent(entry.confidence)), muted);
    row.reserve_right(1).put(&format!("its loss {}", short(entry.loss)), muted);
}
