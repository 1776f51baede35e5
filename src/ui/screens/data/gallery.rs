//! A page of images with what the network makes of each, the selected one large beside it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    chosen,
    entry::{image_of, is_correct, percent, put_guess, verdict_mark},
};
use crate::{
    app::App,
    protocol::inspection::{ClassifiedSample, SamplePage},
    ui::{
        layout::data::GalleryFrame,
        paint::Row,
        theme::{Role, Theme},
        widgets::picture::{self, CellPicture},
    },
};

/// Columns from which on a mistake's caption has both classes and the confidence.
const MIN_COLUMNS_WITH_ALL: u16 = 26;

/// Draws the page, of which the first entry has place `first`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, page: &SamplePage, first: usize) {
    let screen = app.data_screen();
    let gallery = GalleryFrame::of(screen.tile_layout(), area);
    let selected = screen.selected_entry();
    let images = tile_images(app, &gallery, page);
    for (place, (entry, (image, picture))) in page.entries.iter().zip(images).enumerate() {
        let picture = picture.fit_into(image.width, image.height);
        picture::draw(buffer, image, &picture, theme);
        let tile = gallery.tile_area(place);
        let text = Rect { y: tile.bottom().saturating_sub(1), height: tile.height.min(1), ..tile };
        let text = Rect { y: (tile.y + picture.cells(1).1).min(text.y), ..text };
        draw_caption(app, theme, buffer, text, entry, first + place == selected);
    }
    if let Some(entry) = enlarged_sample(app, &gallery, page, first) {
        chosen::draw(app, theme, buffer, gallery.side, entry);
    }
}

/// The pictures that are drawn, with the room that each has.
pub fn pictures(app: &App, area: Rect, page: &SamplePage, first: usize) -> Vec<(Rect, CellPicture)> {
    let gallery = GalleryFrame::of(app.data_screen().tile_layout(), area);
    let large = enlarged_sample(app, &gallery, page, first).map(|entry| chosen::image_placement(gallery.side, entry));
    tile_images(app, &gallery, page).chain(large).collect()
}

/// The picture of each entry, with the room that it has in its tile.
fn tile_images<'a>(
    app: &App,
    gallery: &'a GalleryFrame,
    page: &'a SamplePage,
) -> impl Iterator<Item = (Rect, CellPicture)> + use<'a> {
    let entries = page.entries.iter().take(app.data_screen().tile_layout().entries_per_page()).enumerate();
    entries.map(|(place, entry)| (gallery.image_area(place), image_of(entry)))
}

/// The entry that is shown large, if there is room.
fn enlarged_sample<'a>(
    app: &App,
    gallery: &GalleryFrame,
    page: &'a SamplePage,
    first: usize,
) -> Option<&'a ClassifiedSample> {
    page.entries.get(app.data_screen().selected_entry().checked_sub(first)?).filter(|_| gallery.side.width > 0)
}

/// The mark of right or wrong, the predicted class and how sure that is, and of a mistake the true class instead of the
/// latter where there is no room for both.
fn draw_caption(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, entry: &ClassifiedSample, selected: bool) {
    let (mark, role) = verdict_mark(entry, theme);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    let pointer = if selected { theme.marks().pointer } else { mark };
    row.put(pointer, theme.style(if selected { Role::Focus } else { role })).skip(1);
    if area.width >= if is_correct(entry) { 14 } else { MIN_COLUMNS_WITH_ALL } {
        row.put_right(&percent(entry.confidence), theme.style(Role::Muted));
        row.reserve_right(1);
    }
    let role = if selected { Role::Selected } else { role };
    let columns = row.free();
    put_guess(&mut row, app, entry, theme, columns, role);
}
