//! A page of images with what the network makes of each, the selected one large beside it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::chosen;
use crate::{
    app::App,
    protocol::inspection::{self, Judged, Page},
    ui::{
        layout::data::Gallery,
        paint::Row,
        theme::{Role, Theme},
        widgets::picture::{self, Picture, Point},
    },
};

/// Draws the page, of which the first entry has place `first`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, page: &Page, first: usize) {
    let tiles = app.tiles();
    let gallery = Gallery::of(tiles, area);
    let selected = app.selected_entry();
    for (place, entry) in page.entries.iter().take(tiles.count()).enumerate() {
        let tile = gallery.tile(place);
        let text = Rect { y: tile.bottom().saturating_sub(1), height: tile.height.min(1), ..tile };
        let image = Rect { height: tile.height.saturating_sub(1), ..tile };
        let picture = image_of(entry.picture.as_ref()).fit(image.width, image.height);
        picture::draw(buffer, image, &picture, theme);
        let text = Rect { y: (tile.y + picture.cells(1).1).min(text.y), ..text };
        caption(app, theme, buffer, text, entry, first + place == selected);
    }
    if let Some(entry) = page.entries.get(selected.saturating_sub(first)).filter(|_| gallery.side.width > 0) {
        chosen::draw(app, theme, buffer, gallery.side, entry);
    }
}

/// The mark of right or wrong, the predicted class, and how sure it is.
fn caption(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, entry: &Judged, selected: bool) {
    let (mark, role) = verdict(entry, theme);
    let mut row = Row::new(buffer, area, 0).ending(theme.marks().ellipsis);
    let pointer = if selected { theme.marks().pointer } else { mark };
    row.put(pointer, theme.style(if selected { Role::Focus } else { role })).skip(1);
    let confidence = percent(entry.confidence);
    if area.width >= 14 {
        row.put_right(&confidence, theme.style(Role::Muted));
        row.skip_right(1);
    }
    let role = if selected { Role::Selected } else { role };
    row.put(&app.class(entry.predicted), theme.style(role));
}

/// The mark and the meaning of a right or a wrong prediction.
pub fn verdict(entry: &Judged, theme: Theme) -> (&'static str, Role) {
    let marks = theme.marks();
    if entry.predicted == entry.class { (marks.good, Role::Good) } else { (marks.bad, Role::Bad) }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.0} %", share * 100.0) } else { "NaN".into() }
}

/// The image of a sample; empty where there is none, or where its sizes don't fit its pixels.
pub fn image_of(image: Option<&inspection::Picture>) -> Picture {
    let Some(image) = image else { return Picture::new(0, 0, |_, _| Point::Clear) };
    let plane = image.width.checked_mul(image.height).filter(|plane| *plane <= image.pixels.len());
    let Some(plane) = plane else { return Picture::new(0, 0, |_, _| Point::Clear) };
    let planes = if image.channels >= 3 && 3 * plane <= image.pixels.len() { 3 } else { 1 };
    let values: Vec<f32> = image.pixels.iter().take(planes * plane).map(|pixel| f32::from(*pixel) / 255.0).collect();
    match planes {
        3 => Picture::rgb(image.width, image.height, &values),
        _ => Picture::grey(image.width, image.height, &values),
    }
}
