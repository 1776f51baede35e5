//! Weights as pictures, the selected one large beside the others.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::App,
    protocol::inspection::{Extract, Filters},
    text::short,
    ui::{
        layout::{data::Gallery, take_bottom},
        paint::Row,
        theme::{Ramp, Role, Theme},
        widgets::{
            heat,
            picture::{self, Picture, Point},
        },
    },
};

/// Draws the page; false if nothing is known yet.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let Some(shown) = app.filters() else { return false };
    let (filters, tiles) = (shown.answer, app.tiles());
    let gallery = Gallery::of(tiles, area);
    let selected = app.selected_entry();
    for (place, filter) in filters.filters.iter().take(tiles.count()).enumerate() {
        let tile = gallery.tile(place);
        let image = Rect { height: tile.height.saturating_sub(1), ..tile };
        let picture = image_of(filters, filter).fit(image.width, image.height);
        picture::draw(buffer, image, &picture, theme);
        let text = Rect { y: tile.y + picture.cells(1).1.min(image.height), height: tile.height.min(1), ..tile };
        let unit = shown.first + place;
        let chosen = unit == selected;
        let mut row = Row::new(buffer, text, 0).ending(theme.marks().ellipsis);
        row.put_cell(if chosen { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put(&unit.to_string(), theme.style(if chosen { Role::Selected } else { Role::Muted }));
    }
    let filter = filters.filters.get(selected.saturating_sub(shown.first));
    if let Some(filter) = filter.filter(|_| gallery.side.width > 0) {
        large(theme, buffer, gallery.side, filters, filter, selected);
    }
    true
}

fn large(theme: Theme, buffer: &mut Buffer, area: Rect, filters: &Filters, filter: &Extract, unit: usize) {
    let mut rest = Rect { width: area.width.saturating_sub(2), ..area };
    let words = take_bottom(&mut rest, 2);
    let image = image_of(filters, filter).fit(rest.width, rest.height);
    picture::draw(buffer, rest, &image, theme);
    let words = Rect { y: (rest.y + image.cells(1).1).min(words.y), ..words };
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, words, 0).ending(theme.marks().ellipsis);
    row.put(&format!("unit {unit}"), theme.style(Role::Strong)).skip(2);
    let shape = filters.shape.map(|size| size.to_string()).join(theme.marks().times);
    row.put(&shape, muted).skip(2);
    let largest = largest(filter);
    let mut row = Row::new(buffer, words, 1).ending(theme.marks().ellipsis);
    if channels(filters) == 3 {
        row.put_all(&[("grey is 0, largest ", muted), (&short(largest.into()), theme.style(Role::Text))]);
    } else {
        let (low, high) = (short((-largest).into()), short(largest.into()));
        heat::legend(&mut row, (&low, &high), Ramp::Signed, theme);
        if filters.shape[0] > 1 {
            row.put_all(&[(&format!("channel 0 of {}", filters.shape[0]), muted)]);
        }
    }
}

/// Channels that a picture shows: three as red, green and blue, otherwise the first.
fn channels(filters: &Filters) -> usize {
    if filters.shape[0] == 3 { 3 } else { 1 }
}

/// The weight of the largest size.
fn largest(filter: &Extract) -> f32 {
    let finite = filter.values.iter().filter(|value| value.is_finite());
    finite.fold(0f32, |largest, value| largest.max(value.abs()))
}

/// The weights of a unit as a picture; empty where its sizes don't fit its values.
fn image_of(filters: &Filters, filter: &Extract) -> Picture {
    let [_, height, width] = filters.shape;
    let plane = height.checked_mul(width).filter(|plane| *plane <= filter.values.len());
    let Some(plane) = plane else { return Picture::new(0, 0, |_, _| Point::Clear) };
    let largest = largest(filter);
    if channels(filters) == 3 && 3 * plane <= filter.values.len() {
        let scale = if largest > 0.0 { 0.5 / largest } else { 0.0 };
        let values: Vec<f32> = filter.values.iter().map(|value| value * scale + 0.5).collect();
        return Picture::rgb(width, height, &values);
    }
    Picture::signed(width, height, &filter.values[..plane], largest)
}
