//! How the area of the Data screen is divided: in cells, so that what is asked for has the size at which it is shown.

/// Columns between the plane and what stands beside it.
const GAP_COLUMNS: u16 = 3;

/// Fewest columns in which something can stand beside the plane.
const MIN_SIDE_COLUMNS: u16 = 24;

/// Fewest columns of a unit's map.
const MIN_MAP_COLUMNS: u16 = 6;

/// Cells below the heading of the Data screen in a window of this size, under a banner of `banner` rows.
pub(super) fn area_below_heading((columns, rows): (u16, u16), banner: u16) -> (u16, u16) {
    let margin = if columns >= 100 { 2 } else { 0 };
    let around = 7 + u16::from(rows >= 24) + u16::from(rows >= 30) + banner;
    (columns.saturating_sub(margin), rows.saturating_sub(around))
}

/// Columns and rows of the grid of answers for an area of the window, two answers a cell; where these would be
/// more than `most`, as many as may be asked for in the same ratio.
pub(super) fn boundary_grid_size((columns, rows): (u16, u16), most: usize) -> (usize, usize) {
    let (columns, rows) = (usize::from(columns).max(2), 2 * usize::from(rows).max(1));
    let by = (most as f64 / (columns * rows) as f64).sqrt();
    if by >= 1.0 {
        return (columns, rows);
    }
    let shrunk = |length: usize| ((length as f64 * by) as usize).max(1);
    (shrunk(columns).min(most), shrunk(rows).min((most / shrunk(columns)).max(1)))
}

/// How the plane and what stands beside it share an area. All in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneLayout {
    /// Columns and rows of the plane.
    pub plane: (u16, u16),
    /// Columns beside it; 0 where there is no space.
    pub side: u16,
    /// Rows of the charts there, the numbers above them included.
    pub charts: u16,
    /// Columns and rows of a unit's map.
    pub tile: (u16, u16),
    /// Maps beside each other.
    pub across: usize,
    /// Maps below each other.
    pub down: usize,
}

impl PlaneLayout {
    /// Divides `width` × `height` for a plane `aspect` times as wide as it is high and the maps of `units` units;
    /// `alone` leaves everything to the plane.
    pub fn of((width, height): (u16, u16), aspect: f64, units: usize, alone: bool) -> Self {
        let most = if alone { width } else { width / 2 + width / 20 };
        let columns = ((2.0 * f64::from(height) * aspect).round() as u16).min(most);
        // A wide plane may be drawn a third too high, rather than leave much of the area empty.
        let rows = ((f64::from(columns) / aspect / 2.0 * 4.0 / 3.0).round() as u16).min(height);
        let side = width.saturating_sub(columns + GAP_COLUMNS);
        let side = if alone || side < MIN_SIDE_COLUMNS { 0 } else { side };
        let least = match height {
            0..10 => 2,
            10..20 => 3,
            20..36 => 7,
            _ => 9,
        };
        // Between both stands the title of the maps.
        let (tile, across, down) = unit_map_layout((side, height.saturating_sub(least + 1)), aspect, units);
        // The charts get what the maps leave.
        let needed = units.div_ceil(across.max(1)).min(down);
        let used = u16::try_from(needed).unwrap_or(u16::MAX).saturating_mul(tile.1 + 1);
        let charts = height.saturating_sub(used + 1).min(2 * least).max(least.min(height));
        Self { plane: (columns, rows), side, charts, tile, across, down }
    }

    /// Maps on a page.
    pub fn maps_per_page(&self) -> usize {
        self.across * self.down
    }
}

/// Size of a map, and how many beside and below each other: as large as lets all units be seen. Every map has a row
/// above it and a column after it.
fn unit_map_layout((width, height): (u16, u16), aspect: f64, units: usize) -> ((u16, u16), usize, usize) {
    let mut smallest = ((0, 0), 0, 0);
    for across in 1..=u16::try_from(units).unwrap_or(u16::MAX).min(width / MIN_MAP_COLUMNS) {
        let columns = (width + 1) / across - 1;
        let rows = ((f64::from(columns) / aspect / 2.0).round() as u16).max(1);
        // Few maps in a wide area are as high as it is.
        let highest = height.saturating_sub(1);
        let fitting = ((2.0 * f64::from(highest) * aspect).round() as u16).max(1);
        let (columns, rows) = if rows > highest { (columns.min(fitting), highest) } else { (columns, rows) };
        if columns < MIN_MAP_COLUMNS || rows == 0 {
            break;
        }
        let down = usize::from(height / (rows + 1));
        smallest = ((columns, rows), usize::from(across), down);
        if usize::from(across) * down >= units {
            break;
        }
    }
    smallest
}

/// How an area is divided for pictures of one size, with a large one beside them. All in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileLayout {
    /// Columns for the selected one at the left; 0 where the whole width is a list or pictures only.
    pub side: u16,
    /// Pictures beside each other, at least 1; 1 in a list.
    pub across: usize,
    /// Pictures below each other, or rows of the list, at least 1.
    pub down: usize,
    /// Whether they are pictures.
    pub pictures: bool,
}

impl TileLayout {
    /// Divides `width` × `height` for pictures of `picture` points, or for a list; `alone` leaves everything to them.
    pub fn of((width, height): (u16, u16), picture: Option<(usize, usize)>, alone: bool) -> Self {
        let Some((columns, rows)) = picture else {
            return Self { side: 0, across: 1, down: usize::from(height.saturating_sub(1)).max(1), pictures: false };
        };
        let side = match width {
            _ if alone => 0,
            0..90 => 30,
            90..150 => 36,
            _ => 60,
        };
        let room = (usize::from(width.saturating_sub(side)), usize::from(height));
        // A gap of two columns after each and a row of text below; `missing` columns and rows may be missing in all.
        let fit = |shrink: usize, missing: (usize, usize)| {
            let (columns, rows) = (columns.div_ceil(shrink), rows.div_ceil(2 * shrink));
            (((room.0 + missing.0) / (columns + 2)).max(1), ((room.1 + missing.1) / (rows + 1)).max(1))
        };
        let (across, down) = match fit(1, (0, 0)) {
            (across, down) if across * down >= 15 || columns < 20 => (across, down),
            _ => fit(2, (4, 2)),
        };
        Self { side, across, down, pictures: true }
    }

    /// Entries on a page.
    pub fn entries_per_page(&self) -> usize {
        (self.across * self.down).clamp(1, 512)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_plane_is_square_and_all_units_are_seen() {
        for (columns, rows) in [(200, 60), (120, 36), (80, 24)] {
            let room = area_below_heading((columns, rows), 0);
            let divided = PlaneLayout::of(room, 1.0, 16, false);
            assert_eq!(divided.plane, (2 * room.1, room.1));
            assert!(divided.maps_per_page() >= 16 && divided.tile.0 >= 6, "{divided:?}");
            assert!(divided.across * usize::from(divided.tile.0 + 1) <= usize::from(divided.side + 1), "{divided:?}");
            let maps = 16_usize.div_ceil(divided.across) * usize::from(divided.tile.1 + 1);
            let below = usize::from(divided.charts + 1) + maps;
            assert!(below <= usize::from(room.1), "{divided:?}");
        }
    }

    #[test]
    fn few_units_are_seen_at_every_size() {
        for size in [(80, 24), (120, 36), (140, 36), (160, 40), (200, 40), (200, 60), (480, 135)] {
            for units in [1, 2, 3] {
                for aspect in [0.5, 1.0, 2.0] {
                    let (width, height) = area_below_heading(size, 0);
                    let divided = PlaneLayout::of((width, height), aspect, units, false);
                    let (columns, rows) = (f64::from(divided.tile.0), f64::from(divided.tile.1));
                    assert!(divided.maps_per_page() >= units, "{size:?} {units} {aspect}: {divided:?}");
                    assert!((columns / aspect / 2.0 - rows).abs() <= 1.0, "{size:?} {units} {aspect}: {divided:?}");
                    assert!(divided.tile.1 + 1 + divided.charts < height, "{size:?} {units} {aspect}: {divided:?}");
                }
            }
        }
    }

    #[test]
    fn a_grid_that_is_too_fine_is_shrunk_in_its_ratio() {
        assert_eq!(boundary_grid_size((54, 27), 40_000), (54, 54));
        assert_eq!(boundary_grid_size((400, 200), 40_000), (200, 200));
        assert_eq!(boundary_grid_size((0, 0), 40_000), (2, 2));
        for size in [(u16::MAX, 1), (1, u16::MAX), (u16::MAX, u16::MAX)] {
            let (columns, rows) = boundary_grid_size(size, 40_000);
            assert!((1..=40_000).contains(&(columns * rows)), "{size:?}: {columns}, {rows}");
        }
    }

    #[test]
    fn a_wide_plane_leaves_room_beside_it() {
        let divided = PlaneLayout::of((118, 27), 2.0, 8, false);
        assert!(divided.plane.0 <= 64 && divided.side >= 50, "{divided:?}");
        assert_eq!(PlaneLayout::of((118, 27), 2.0, 8, true).side, 0);
    }

    #[test]
    fn any_room_is_divided() {
        for width in 0..130 {
            for height in 0..50 {
                for aspect in [0.25, 1.0, 4.0] {
                    for units in [0, 1, 64] {
                        let divided = PlaneLayout::of((width, height), aspect, units, false);
                        assert!(divided.plane.0 <= width && divided.plane.1 <= height, "{divided:?}");
                    }
                }
                for picture in [None, Some((28, 28)), Some((0, 0)), Some((64, 1))] {
                    assert!(TileLayout::of((width, height), picture, false).entries_per_page() > 0);
                }
            }
        }
    }

    #[test]
    fn pages_of_images_show_enough_at_every_size() {
        let count =
            |size, picture| TileLayout::of(area_below_heading(size, 0), Some(picture), false).entries_per_page();
        assert_eq!([(200, 60), (120, 36), (80, 24)].map(|size| count(size, (28, 28))), [48, 15, 6]);
        assert_eq!([(200, 60), (120, 36), (80, 24)].map(|size| count(size, (32, 32))), [35, 12, 6]);
    }
}
