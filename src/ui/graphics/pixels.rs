//! From the points of a picture to the pixels of the cells that it fills.

use super::{CellSize, Placed};
use crate::ui::{
    theme::{Rgb, Theme},
    widgets::picture::{Picture, Point},
};

/// A cell where the terminal doesn't say how large it is.
const ASSUMED: CellSize = (8, 16);

/// The largest cell for which a picture is sent that the terminal scales itself. Its smoothing then blurs a fraction of
/// a point, and a dense screen gets no more bytes than another.
const LARGEST: CellSize = (12, 24);

/// Pixels in rows from the top; `None` is the background.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub colors: Vec<Option<Rgb>>,
}

impl Pixels {
    /// The pixels of a picture for a terminal that scales them to the cells.
    pub fn scaled_by_terminal(placed: &Placed, theme: Theme, cell: Option<CellSize>) -> Self {
        let (width, height) = cell.unwrap_or(ASSUMED);
        Self::exact(placed, theme, (width.min(LARGEST.0), height.min(LARGEST.1)))
    }

    /// The pixels of a picture on cells of this size. Each point becomes a rectangle with sharp edges; where there are
    /// more points than pixels, those that fall together become their mean.
    pub fn exact(placed: &Placed, theme: Theme, cell: CellSize) -> Self {
        let (cell_width, cell_height) = (usize::from(cell.0), usize::from(cell.1));
        let width = usize::from(placed.area.width) * cell_width;
        let height = usize::from(placed.area.height) * cell_height;
        let filled = (placed.halves * cell_height).div_ceil(2).min(height);
        let picture = placed.picture().scaled(width, filled);
        let colors = (0..width * height).map(|i| color(&picture, i % width, i / width, theme)).collect();
        Self { width, height, colors }
    }
}

fn color(picture: &Picture, x: usize, y: usize, theme: Theme) -> Option<Rgb> {
    match picture.at(x, y) {
        Point::Clear => None,
        Point::Level(_, level) if level.is_nan() => None,
        Point::Level(ramp, level) => Some(theme.ramp_rgb(ramp, level)),
        Point::Color(rgb) => Some(rgb),
    }
}
