//! Values as strips of colours and as pictures.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::SparklineCell,
    protocol::inspection::TensorSlice,
    ui::{
        theme::{Ramp, Theme},
        widgets::{
            heat,
            picture::{self, CellPicture},
        },
    },
};

/// Draws numbers of both signs from left to right, each as wide as there is room for; of several numbers in a column
/// the one of largest size.
pub fn draw_strip(buffer: &mut Buffer, area: Rect, values: &[f32], theme: Theme) {
    let full = heat::size_of_largest(values);
    let width = usize::from(area.width);
    // Whole columns a value, so that neighbours are of one width.
    let wide = if values.is_empty() { 1 } else { (width / values.len()).max(1) };
    let shown = if values.len() <= width { values.len() * wide } else { width };
    let cells: Vec<SparklineCell> = (0..shown)
        .map(|column| {
            let range = if values.len() <= width {
                column / wide..column / wide + 1
            } else {
                column * values.len() / width..((column + 1) * values.len()).div_ceil(width)
            };
            let values = values.get(range).unwrap_or_default();
            if values.iter().any(|value| !value.is_finite()) {
                return SparklineCell::Broken;
            }
            let largest = values.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
            largest.map_or(SparklineCell::Empty, |value| {
                let share = if full > 0.0 { f64::from(value / full) } else { 0.0 };
                SparklineCell::Height(share / 2.0 + 0.5)
            })
        })
        .collect();
    heat::draw(buffer, area, &cells, Ramp::Signed, theme);
}

/// Channel `channel` of an image of numbers of both signs; `None` for what is no image.
pub fn channel_picture(values: &TensorSlice, channel: usize) -> Option<CellPicture> {
    let &[channels, height, width] = values.kept.as_slice() else { return None };
    let area = height.checked_mul(width).filter(|area| *area > 1)?;
    let first = channel.checked_mul(area)?;
    let plane = values.values.get(first..first.checked_add(area)?)?;
    (channel < channels).then(|| CellPicture::signed(width, height, plane, heat::size_of_largest(plane)))
}

/// Draws a picture as large as there is room for, and gives the cells that it took.
pub fn draw_picture(buffer: &mut Buffer, area: Rect, shown: &CellPicture, theme: Theme) -> Rect {
    let fitted = shown.fit_into(area.width, area.height);
    let (width, height) = fitted.cells(1);
    let place = Rect { width: width.min(area.width), height: height.min(area.height), ..area };
    picture::draw(buffer, place, &fitted, theme);
    place
}
