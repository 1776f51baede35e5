//! The channels of the selected layer as pictures: what the sample is there, and the error that comes back.

use ratatui::{buffer::Buffer, layout::Rect};

use super::symbols::displayable_equation;
use crate::{
    app::App,
    protocol::inspection::{FeatureMap, FeatureMaps},
    text::thousands,
    ui::{
        layout::{take_bottom, take_left, take_top},
        paint::{Row, draw_note, number},
        theme::{Role, Theme},
        widgets::{
            heat,
            picture::{self, CellPicture, image_sides},
        },
    },
};

/// Columns for a channel's number and range.
const LABEL_COLUMNS: u16 = 17;

/// Columns of a number of the range, at most.
const RANGE_NUMBER_COLUMNS: u16 = 6;

/// Columns of a picture that is made smaller, at least.
const MIN_PICTURE_COLUMNS: u16 = 8;

/// Channels for which there should be room, at least.
const MIN_SHOWN_CHANNELS: usize = 6;

/// Columns between two pictures.
const GAP_COLUMNS: u16 = 1;

/// Columns from which forward and backward stand side by side.
const MIN_SIDE_BY_SIDE_COLUMNS: u16 = 2 * LABEL_COLUMNS + 2;

/// How pictures are laid out in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MapTiles {
    /// Columns and rows of a picture.
    picture: (u16, u16),
    /// Columns of a tile, its gap included.
    width: u16,
    /// Tiles side by side, and one above the other.
    across: u16,
    down: u16,
}

impl MapTiles {
    /// The largest pictures of `height` × `width` values of which `count` fit into `area`. Where that would make them
    /// too small, as large ones as leave room for some, else as many as fit.
    fn of(area: (u16, u16), [height, width]: [usize; 2], count: usize) -> Self {
        let with = |columns: u16| {
            let rows = usize::from(columns).saturating_mul(height).div_ceil(width.max(1).saturating_mul(2));
            let rows = rows.clamp(1, usize::from(u16::MAX - 1)) as u16;
            let tile = columns.max(LABEL_COLUMNS) + GAP_COLUMNS;
            let (across, down) = ((area.0 + GAP_COLUMNS) / tile, area.1 / (rows + 1));
            Self { picture: (columns, rows), width: tile, across, down }
        };
        let fitting = |columns: usize| u16::try_from(columns).ok().filter(|columns| (1..=area.0).contains(columns));
        let enlarged = (1..).map_while(|zoom: usize| fitting(width.checked_mul(zoom)?));
        // Whole parts of the columns keep the means even.
        let parts = [2, 4, 8].into_iter().filter_map(|part| fitting(width / part));
        let mut sizes: Vec<u16> = enlarged.chain(parts.filter(|columns| *columns >= MIN_PICTURE_COLUMNS)).collect();
        sizes.sort_unstable();
        let tiles: Vec<Self> = sizes.into_iter().rev().map(with).collect();
        let enough = |wanted: usize| tiles.iter().find(|tiles| tiles.count() >= wanted).copied();
        let most = tiles.iter().copied().max_by_key(Self::count).filter(|tiles| tiles.count() > 0);
        enough(count).or(enough(MIN_SHOWN_CHANNELS)).or(most).unwrap_or_else(|| with(area.0.clamp(1, LABEL_COLUMNS)))
    }

    /// Pictures that fit.
    fn count(&self) -> usize {
        usize::from(self.across) * usize::from(self.down)
    }

    /// The place of a tile in `area`: its label above its picture.
    fn place(&self, area: Rect, tile: usize) -> Rect {
        let (x, y) = (tile % usize::from(self.across), tile / usize::from(self.across));
        let (width, height) = (self.width - GAP_COLUMNS, self.picture.1 + 1);
        Rect { x: area.x + x as u16 * self.width, y: area.y + y as u16 * height, width, height }
    }
}

/// Draws as many channels as fit, forward and backward.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let Some(maps) = app.inspect_screen().feature_maps() else {
        draw_note(buffer, area, "looking at the channels…", theme.style(Role::Muted));
        return;
    };
    let mut rest = area;
    let caption = take_bottom(&mut rest, 1);
    let (one, other) = if area.width >= MIN_SIDE_BY_SIDE_COLUMNS {
        let half = (area.width - 2) / 2;
        let one = take_left(&mut rest, half);
        take_left(&mut rest, 2);
        (one, Rect { width: half.min(rest.width), ..rest })
    } else {
        let half = rest.height / 2;
        (take_top(&mut rest, half), Rect { height: half.min(rest.height), ..rest })
    };
    let below_heading = |area: Rect| Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let inside = below_heading(one);
    let wanted = maps.total.saturating_sub(maps.first).max(1);
    let tiles = MapTiles::of((inside.width, inside.height), maps.shape, wanted);
    let sides = [(one, "y, forward", &maps.forward), (other, "∂L/∂y, backward", &maps.backward)];
    for (area, heading, channels) in sides {
        let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
        row.put(&displayable_equation(heading, theme), theme.style(Role::Text));
        if channels.is_empty() {
            draw_note(buffer, below_heading(area), "not computed yet", theme.style(Role::Faint));
        }
        for (tile, map) in channels.iter().take(tiles.count()).enumerate() {
            draw_map(theme, buffer, tiles.place(below_heading(area), tile), maps, (maps.first + tile, map), tiles);
        }
    }
    draw_caption(theme, buffer, caption, maps, tiles.count());
}

/// A channel's number and range above its picture.
fn draw_map(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    maps: &FeatureMaps,
    (channel, map): (usize, &FeatureMap),
    tiles: MapTiles,
) {
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.put(&channel.to_string(), theme.style(Role::Strong)).skip(1);
    let range = [map.minimum, map.maximum].map(|value| number(value, RANGE_NUMBER_COLUMNS));
    let broken = !(map.minimum.is_finite() && map.maximum.is_finite());
    let role = if broken { Role::Bad } else { Role::Muted };
    row.put(&range.join(if theme.has_blocks() { "…" } else { ".." }), theme.style(role));
    let place = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let image = map_picture(map, maps.shape).fit_into(tiles.picture.0, tiles.picture.1);
    picture::draw(buffer, place, &image, theme);
}

/// Grey where nothing is negative, else both signs around 0; scaled to the channel's own largest value.
fn map_picture(map: &FeatureMap, [height, width]: [usize; 2]) -> CellPicture {
    let (columns, rows) = image_sides(width, height, map.values.len());
    let largest = heat::size_of_largest(&map.values);
    if map.minimum >= 0.0 {
        let scale = if largest > 0.0 { 1.0 / largest } else { 0.0 };
        let values: Vec<f32> = map.values.iter().map(|value| value * scale).collect();
        return CellPicture::grey(columns, rows, &values);
    }
    CellPicture::signed(columns, rows, &map.values, largest)
}

/// Which channels are shown, and how.
fn draw_caption(theme: Theme, buffer: &mut Buffer, area: Rect, maps: &FeatureMaps, room: usize) {
    let known = maps.forward.len().max(maps.backward.len()).min(room);
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    let last = (maps.first + known).saturating_sub(1);
    let which = format!("channels {} to {}", maps.first, last.max(maps.first));
    row.put(&which, text).put(&format!(" of {}", thousands(maps.total as u64)), muted).skip(2);
    if known < maps.total {
        row.put_all(&[("PgUp PgDn", theme.style(Role::Key)), (" shows others", muted)]);
        row.skip(2);
    }
    row.put_all(&[("each is scaled to its own largest value", muted)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_as_large_as_all_of_them_have_room() {
        // 16 channels of 8 × 8 in 100 × 40 cells: five tiles of 17 columns in a row, four rows of ten.
        let tiles = MapTiles::of((100, 40), [8, 8], 16);
        assert_eq!((tiles.picture, tiles.across, tiles.down), ((16, 8), 5, 4));
        assert_eq!(MapTiles::of((100, 40), [8, 8], 1).picture, (72, 36));
        // 512 channels fit in no way, so that pictures are large and some are shown.
        let many = MapTiles::of((100, 40), [8, 8], 512);
        assert_eq!((many.picture.0, many.count()), (32, 6));
        // Where not even some have room, as many as fit.
        let few = MapTiles::of((37, 10), [32, 32], 16);
        assert_eq!((few.picture, few.count()), ((8, 4), 4));
        for (width, height) in [(1, 1), (17, 3), (200, 2), (3, 200)] {
            for shape in [[1, 1], [32, 32], [64, 1], [1, 64], [0, 0], [usize::MAX / 4, 3]] {
                MapTiles::of((width, height), shape, 9);
            }
        }
    }

    #[test]
    fn tiles_lie_beside_each_other() {
        let area = Rect::new(3, 5, 60, 30);
        let tiles = MapTiles::of((area.width, area.height), [8, 8], 9);
        assert!(tiles.count() >= 9);
        let places: Vec<Rect> = (0..tiles.count()).map(|tile| tiles.place(area, tile)).collect();
        for (i, place) in places.iter().enumerate() {
            assert_eq!(area.union(*place), area, "{place:?}");
            assert!(places[..i].iter().all(|other| other.intersection(*place).is_empty()), "{place:?}");
        }
    }
}
