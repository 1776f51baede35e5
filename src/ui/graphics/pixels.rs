//! From the points of a picture to the pixels of the cells that it fills.

use super::{CellSize, PlacedPicture};
use crate::ui::{
    theme::{Rgb, Theme},
    widgets::picture::PicturePoint,
};

/// A cell where the terminal doesn't say how large it is.
const ASSUMED_CELL_PIXELS: CellSize = (8, 16);

/// The largest cell for which a picture is sent that the terminal scales itself. Its smoothing then blurs a fraction of
/// a point, and a dense screen gets no more bytes than another.
const MAX_CELL_PIXELS: CellSize = (12, 24);

/// Pixels in rows from the top, of which many are the same: each point of a picture is a rectangle of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    /// The colours of the points, row by row; `None` is the background.
    pub points: Vec<Option<Rgb>>,
    /// Columns and rows of points.
    size: (usize, usize),
    /// Rows of pixels from the top that the points fill; the others are background.
    filled: usize,
}

impl Pixels {
    /// The pixels of a picture for a terminal that scales them to the cells.
    pub fn scaled_by_terminal(placed: &PlacedPicture, theme: Theme, cell: Option<CellSize>) -> Self {
        let (width, height) = cell.unwrap_or(ASSUMED_CELL_PIXELS);
        Self::scaled_to_cells(placed, theme, (width.min(MAX_CELL_PIXELS.0), height.min(MAX_CELL_PIXELS.1)))
    }

    /// The pixels of a picture on cells of this size. Where there are more points than pixels, those that fall together
    /// become their mean.
    pub fn scaled_to_cells(placed: &PlacedPicture, theme: Theme, cell: CellSize) -> Self {
        let (cell_width, cell_height) = (usize::from(cell.0), usize::from(cell.1));
        let width = usize::from(placed.area.width) * cell_width;
        let height = usize::from(placed.area.height) * cell_height;
        let filled = (placed.halves * cell_height).div_ceil(2).min(height);
        let (columns, rows) = placed.picture().size();
        let size = (columns.min(width), rows.min(filled));
        let picture = placed.picture().shrunk_to(size.0, size.1);
        let points = (0..size.0 * size.1).map(|i| point_color(picture.at(i % size.0, i / size.0), theme)).collect();
        Self { width, height, points, size, filled }
    }

    /// What each pixel has of what the points have; `background` where there is no point.
    pub fn spread_points<T: Copy>(&self, points: &[T], background: T) -> Vec<T> {
        let mut pixels: Vec<T> = Vec::with_capacity(self.width * self.height);
        let (columns, rows) = self.size;
        let mut before = None;
        for y in 0..self.filled {
            let row = y * rows / self.filled;
            if before.replace(row) == Some(row) {
                pixels.extend_from_within(pixels.len() - self.width..);
            } else {
                let points = &points[row * columns..][..columns];
                pixels.extend((0..self.width).map(|x| points[x * columns / self.width]));
            }
        }
        pixels.resize(self.width * self.height, background);
        pixels
    }
}

fn point_color(point: PicturePoint, theme: Theme) -> Option<Rgb> {
    match point {
        PicturePoint::Clear => None,
        PicturePoint::Level(_, level) if level.is_nan() => None,
        PicturePoint::Level(ramp, level) => Some(theme.ramp_rgb(ramp, level)),
        PicturePoint::Color(rgb) => Some(rgb),
    }
}
