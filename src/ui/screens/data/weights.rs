//! Weights as pictures, the selected one large beside the others.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    protocol::inspection::{FilterPictures, TensorSlice},
    text::short,
    ui::{
        layout::{data::GalleryFrame, take_bottom},
        paint::Row,
        theme::{Ramp, Role, Theme},
        widgets::{
            heat,
            picture::{self, CellPicture},
        },
    },
};

/// Columns of a tile from which on it says its largest weight.
const MIN_COLUMNS_WITH_SCALE: u16 = 12;

/// Draws the page; false if nothing is known yet.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = app.data_screen();
    let Some(shown) = screen.filter_pictures() else { return false };
    let filters = shown.answer;
    let gallery = GalleryFrame::of(screen.tile_layout(), area);
    let selected = screen.selected_entry();
    for (place, (image, picture)) in tile_images(app, &gallery, filters).enumerate() {
        let tile = gallery.tile_area(place);
        let picture = picture.fit_into(image.width, image.height);
        picture::draw(buffer, image, &picture, theme);
        let text = Rect { y: tile.y + picture.cells(1).1.min(image.height), height: tile.height.min(1), ..tile };
        let unit = shown.first + place;
        let chosen = unit == selected;
        let mut row = Row::new(buffer, text, 0).with_ellipsis(theme.marks().ellipsis);
        if let Some(filter) = filters.filters.get(place).filter(|_| text.width >= MIN_COLUMNS_WITH_SCALE) {
            let largest = short(heat::size_of_largest(&filter.values).into());
            row.put_right(&[theme.marks().plus_minus, &largest].concat(), theme.style(Role::Muted));
        }
        row.put_left_aligned(if chosen { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put(&unit.to_string(), theme.style(if chosen { Role::Selected } else { Role::Muted }));
    }
    if let Some(filter) = enlarged_filter(app, &gallery, filters, shown.first) {
        draw_enlarged(theme, buffer, gallery.side, filters, filter, selected);
    }
    true
}

/// The pictures that are drawn, with the room that each has.
pub fn pictures(app: &App, area: Rect) -> Vec<(Rect, CellPicture)> {
    let screen = app.data_screen();
    let Some(shown) = screen.filter_pictures() else { return Vec::new() };
    let gallery = GalleryFrame::of(screen.tile_layout(), area);
    let large = enlarged_filter(app, &gallery, shown.answer, shown.first);
    let large = large.map(|filter| large_image(gallery.side, shown.answer, filter));
    tile_images(app, &gallery, shown.answer).chain(large).collect()
}

/// The picture of each unit, with the room that it has in its tile.
fn tile_images<'a>(
    app: &App,
    gallery: &'a GalleryFrame,
    filters: &'a FilterPictures,
) -> impl Iterator<Item = (Rect, CellPicture)> + use<'a> {
    let shown = filters.filters.iter().take(app.data_screen().tile_layout().entries_per_page()).enumerate();
    shown.map(|(place, filter)| (gallery.image_area(place), image_of(filters, filter)))
}

/// The unit that is shown large, if there is room.
fn enlarged_filter<'a>(
    app: &App,
    gallery: &GalleryFrame,
    filters: &'a FilterPictures,
    first: usize,
) -> Option<&'a TensorSlice> {
    filters.filters.get(app.data_screen().selected_entry().checked_sub(first)?).filter(|_| gallery.side.width > 0)
}

/// Where the large picture and the words may lie.
fn divide_area(area: Rect) -> (Rect, Rect) {
    let mut rest = Rect { width: area.width.saturating_sub(2), ..area };
    let words = take_bottom(&mut rest, 2);
    (rest, words)
}

fn large_image(area: Rect, filters: &FilterPictures, filter: &TensorSlice) -> (Rect, CellPicture) {
    (divide_area(area).0, image_of(filters, filter))
}

fn draw_enlarged(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    filters: &FilterPictures,
    filter: &TensorSlice,
    unit: usize,
) {
    let words = divide_area(area).1;
    let (rest, image) = large_image(area, filters, filter);
    let image = image.fit_into(rest.width, rest.height);
    picture::draw(buffer, rest, &image, theme);
    let words = Rect { y: (rest.y + image.cells(1).1).min(words.y), ..words };
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, words, 0).with_ellipsis(theme.marks().ellipsis);
    row.put(&format!("unit {unit}"), theme.style(Role::Strong)).skip(2);
    let shape = filters.shape.map(|size| size.to_string()).join(theme.marks().times);
    row.put(&shape, muted).skip(2);
    let (channels, (_, rows)) = picture_dimensions(filters, filter);
    if rows < filters.shape[1] {
        row.put(&format!("too large: its first {rows} rows"), theme.style(Role::Watch));
    }
    let largest = heat::size_of_largest(&filter.values);
    let mut row = Row::new(buffer, words, 1).with_ellipsis(theme.marks().ellipsis);
    if channels == 3 {
        row.put_all(&[("grey is 0, largest ", muted), (&short(largest.into()), theme.style(Role::Text))]);
    } else {
        let (low, high) = (short((-largest).into()), short(largest.into()));
        heat::put_legend(&mut row, (&low, &high), Ramp::Signed, theme);
        if filters.shape[0] > 1 {
            row.put_all(&[(&format!("channel 0 of {}", filters.shape[0]), muted)]);
        }
    }
}

/// Channels that the picture of a unit shows, three as red, green and blue, otherwise the first; its columns and rows,
/// the first whole rows where not all values are here.
fn picture_dimensions(filters: &FilterPictures, filter: &TensorSlice) -> (usize, (usize, usize)) {
    let [channels, height, width] = filters.shape;
    let count = filter.values.len();
    let whole = channels.checked_mul(height).and_then(|rows| rows.checked_mul(width)).is_some_and(|all| all <= count);
    (if channels == 3 && whole { 3 } else { 1 }, picture::image_sides(width, height, count))
}

/// The weights of a unit as a picture.
fn image_of(filters: &FilterPictures, filter: &TensorSlice) -> CellPicture {
    let (channels, (width, height)) = picture_dimensions(filters, filter);
    let largest = heat::size_of_largest(&filter.values);
    if channels == 3 {
        let scale = if largest > 0.0 { 0.5 / largest } else { 0.0 };
        let values: Vec<f32> = filter.values.iter().map(|value| value * scale + 0.5).collect();
        return CellPicture::rgb(width, height, &values);
    }
    CellPicture::signed(width, height, &filter.values, largest)
}
