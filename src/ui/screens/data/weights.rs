//! Weights as pictures, the selected one large beside the others.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    protocol::inspection::{FilterPictures, TensorSlice},
    text::short,
    ui::{
        layout::{data::Gallery, take_bottom},
        paint::Row,
        theme::{Ramp, Role, Theme},
        widgets::{
            heat,
            picture::{self, CellPicture},
        },
    },
};

/// Draws the page; false if nothing is known yet.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = app.data_screen();
    let Some(shown) = screen.filters() else { return false };
    let filters = shown.answer;
    let gallery = Gallery::of(screen.tiles(), area);
    let selected = screen.selected_entry();
    for (place, (image, picture)) in images(app, &gallery, filters).enumerate() {
        let tile = gallery.tile(place);
        let picture = picture.fit(image.width, image.height);
        picture::draw(buffer, image, &picture, theme);
        let text = Rect { y: tile.y + picture.cells(1).1.min(image.height), height: tile.height.min(1), ..tile };
        let unit = shown.first + place;
        let chosen = unit == selected;
        let mut row = Row::new(buffer, text, 0).ending(theme.marks().ellipsis);
        row.put_cell(if chosen { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put(&unit.to_string(), theme.style(if chosen { Role::Selected } else { Role::Muted }));
    }
    if let Some(filter) = beside(app, &gallery, filters, shown.first) {
        large(theme, buffer, gallery.side, filters, filter, selected);
    }
    true
}

/// The pictures that are drawn, with the room that each has.
pub fn pictures(app: &App, area: Rect) -> Vec<(Rect, CellPicture)> {
    let screen = app.data_screen();
    let Some(shown) = screen.filters() else { return Vec::new() };
    let gallery = Gallery::of(screen.tiles(), area);
    let large = beside(app, &gallery, shown.answer, shown.first);
    let large = large.map(|filter| large_image(gallery.side, shown.answer, filter));
    images(app, &gallery, shown.answer).chain(large).collect()
}

/// The picture of each unit, with the room that it has in its tile.
fn images<'a>(
    app: &App,
    gallery: &'a Gallery,
    filters: &'a FilterPictures,
) -> impl Iterator<Item = (Rect, CellPicture)> + use<'a> {
    let shown = filters.filters.iter().take(app.data_screen().tiles().count()).enumerate();
    shown.map(|(place, filter)| (gallery.image(place), image_of(filters, filter)))
}

/// The unit that is shown large, if there is room.
fn beside<'a>(app: &App, gallery: &Gallery, filters: &'a FilterPictures, first: usize) -> Option<&'a TensorSlice> {
    filters.filters.get(app.data_screen().selected_entry().checked_sub(first)?).filter(|_| gallery.side.width > 0)
}

/// Where the large picture and the words may lie.
fn divide(area: Rect) -> (Rect, Rect) {
    let mut rest = Rect { width: area.width.saturating_sub(2), ..area };
    let words = take_bottom(&mut rest, 2);
    (rest, words)
}

fn large_image(area: Rect, filters: &FilterPictures, filter: &TensorSlice) -> (Rect, CellPicture) {
    (divide(area).0, image_of(filters, filter))
}

fn large(theme: Theme, buffer: &mut Buffer, area: Rect, filters: &FilterPictures, filter: &TensorSlice, unit: usize) {
    let words = divide(area).1;
    let (rest, image) = large_image(area, filters, filter);
    let image = image.fit(rest.width, rest.height);
    picture::draw(buffer, rest, &image, theme);
    let words = Rect { y: (rest.y + image.cells(1).1).min(words.y), ..words };
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, words, 0).ending(theme.marks().ellipsis);
    row.put(&format!("unit {unit}"), theme.style(Role::Strong)).skip(2);
    let shape = filters.shape.map(|size| size.to_string()).join(theme.marks().times);
    row.put(&shape, muted).skip(2);
    let (channels, (_, rows)) = measures(filters, filter);
    if rows < filters.shape[1] {
        row.put(&format!("too large: its first {rows} rows"), theme.style(Role::Watch));
    }
    let largest = heat::size_of_largest(&filter.values);
    let mut row = Row::new(buffer, words, 1).ending(theme.marks().ellipsis);
    if channels == 3 {
        row.put_all(&[("grey is 0, largest ", muted), (&short(largest.into()), theme.style(Role::Text))]);
    } else {
        let (low, high) = (short((-largest).into()), short(largest.into()));
        heat::legend(&mut row, (&low, &high), Ramp::Signed, theme);
        if filters.shape[0] > 1 {
            row.put_all(&[(&format!("channel 0 of {}", filters.shape[0]), muted)]);
        }
    }
}

/// Channels that the picture of a unit shows, three as red, green and blue, otherwise the first; its columns and rows,
/// the first whole rows where not all values are here.
fn measures(filters: &FilterPictures, filter: &TensorSlice) -> (usize, (usize, usize)) {
    let [channels, height, width] = filters.shape;
    let count = filter.values.len();
    let whole = channels.checked_mul(height).and_then(|rows| rows.checked_mul(width)).is_some_and(|all| all <= count);
    (if channels == 3 && whole { 3 } else { 1 }, picture::sides(width, height, count))
}

/// The weights of a unit as a picture.
fn image_of(filters: &FilterPictures, filter: &TensorSlice) -> CellPicture {
    let (channels, (width, height)) = measures(filters, filter);
    let largest = heat::size_of_largest(&filter.values);
    if channels == 3 {
        let scale = if largest > 0.0 { 0.5 / largest } else { 0.0 };
        let values: Vec<f32> = filter.values.iter().map(|value| value * scale + 0.5).collect();
        return CellPicture::rgb(width, height, &values);
    }
    CellPicture::signed(width, height, &filter.values, largest)
}
