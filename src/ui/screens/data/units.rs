//! What each unit of a layer has learned: small maps of the plane.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, PlaneLayout},
    text::short,
    ui::{
        layout::take_top,
        paint::{Row, draw_note},
        theme::{Ramp, Role, Theme},
        widgets::{
            heat,
            picture::{self, CellPicture, PicturePoint},
        },
    },
};

/// Draws title and maps.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, room: &PlaneLayout) {
    let screen = app.data_screen();
    let mut rest = area;
    let title = take_top(&mut rest, 1);
    let Some((place, link)) = screen.plane_layer() else { return };
    let (muted, marks) = (theme.style(Role::Muted), theme.marks());
    let shown = screen.unit_maps();
    let count = room.maps_per_page();
    let first = screen.first_unit_on_page(count);
    // One scale for all, so that the maps can be compared.
    let largest =
        shown.as_ref().map(|shown| heat::size_of_largest(shown.answer.units.iter().flat_map(|unit| &unit.values)));
    {
        let mut row = Row::new(buffer, title, 0).with_ellipsis(marks.ellipsis);
        let named = format!("layer {}", link.title());
        row.put(&named, theme.style(Role::Strong)).skip(2);
        put_scale(&mut row, theme, largest);
        let of = format!("{}/{}", place + 1, screen.plane_layers().len());
        let keys = if theme.has_blocks() { " ↑↓" } else { " Up Down" };
        row.put_all(&[(&of, muted), (keys, theme.style(Role::Key)), ("  ", muted)]);
        let units = screen.plane_unit_count();
        if units > count && count > 0 {
            let last = (first + count).min(units);
            row.put_all(&[(&format!("units {first}{}{} of {units}", '-', last - 1), muted)]);
        } else {
            row.put_all(&[(&format!("{units} units"), muted)]);
        }
    }
    let Some(shown) = shown.filter(|_| count > 0) else {
        draw_note(buffer, rest, "what each unit does will show here", muted);
        return;
    };
    let maps = shown.answer;
    let largest = largest.filter(|largest| *largest > 0.0).map_or(1.0, f64::from);
    let (columns, rows) = (usize::from(room.tile.0), usize::from(room.tile.1) * 2);
    for (at, (unit, map)) in maps.units.iter().enumerate().skip(first).take(count).enumerate() {
        let (x, y) = ((at % room.across) as u16 * (room.tile.0 + 1), (at / room.across) as u16 * (room.tile.1 + 1));
        let tile = Rect { x: rest.x + x, y: rest.y + y, width: room.tile.0, height: room.tile.1 + 1 };
        let tile = tile.intersection(rest);
        Row::new(buffer, tile, 0).put(&unit.to_string(), muted);
        let scaled = |place: usize, of: usize, cells: usize| place.saturating_mul(cells.min(1 << 16)) / of.max(1);
        let picture = CellPicture::new(columns, rows, |x, y| {
            let (x, y) = (scaled(x, columns, maps.plane.columns), scaled(y, rows, maps.plane.rows));
            let at = y.checked_mul(maps.plane.columns).and_then(|at| at.checked_add(x));
            match at.and_then(|at| map.values.get(at)).filter(|value| value.is_finite()) {
                Some(value) => PicturePoint::Level(Ramp::Signed, f64::from(*value) / largest / 2.0 + 0.5),
                None => PicturePoint::Clear,
            }
        });
        let below = Rect { y: tile.y + 1, height: tile.height.saturating_sub(1), ..tile };
        picture::draw(buffer, below, &picture, theme);
    }
}

/// What the colours of all maps stand for: the ramp with its ends, or the ends alone where there is no room for it.
fn put_scale(row: &mut Row, theme: Theme, largest: Option<f32>) {
    let Some(largest) = largest else { return };
    let (low, high) = (short((-largest).into()), short(largest.into()));
    let free = row.free();
    heat::put_legend(row, (&low, &high), Ramp::Signed, theme);
    if row.free() == free {
        row.put_right(&format!("{low} to {high}"), theme.style(Role::Muted));
        row.reserve_right(2);
    }
}
