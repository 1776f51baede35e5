//! Pictures in half blocks: two points a cell, one above the other, each about as high as it is wide.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    protocol::inspection,
    ui::theme::{Ramp, Rgb, Theme, luminance},
};

/// A point of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PicturePoint {
    /// Nothing: the background stays.
    Clear,
    /// A number on a ramp, 0 to 1; NaN shows as [`PicturePoint::Clear`].
    Level(Ramp, f64),
    /// A colour of an image.
    Color(Rgb),
}

/// A rectangle of points.
#[derive(Clone, Debug, PartialEq)]
pub struct CellPicture {
    width: usize,
    height: usize,
    points: Vec<PicturePoint>,
}

impl CellPicture {
    /// A picture whose point in column `x` and row `y` is `point(x, y)`.
    pub fn new(width: usize, height: usize, point: impl Fn(usize, usize) -> PicturePoint) -> Self {
        let points = (0..width * height).map(|i| point(i % width, i / width)).collect();
        Self { width, height, points }
    }

    /// Grey values from 0 to 1, row by row; what is missing stays clear.
    pub fn grey(width: usize, height: usize, values: &[f32]) -> Self {
        Self::new(width, height, |x, y| {
            point_of_value(values, y * width + x, |value| PicturePoint::Level(Ramp::Grey, value))
        })
    }

    /// Planes of red, green and blue from 0 to 1, each row by row; what is missing stays clear.
    pub fn rgb(width: usize, height: usize, planes: &[f32]) -> Self {
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        Self::new(width, height, |x, y| {
            let at = |plane: usize| planes.get((plane * height + y) * width + x).copied();
            match (at(0), at(1), at(2)) {
                (Some(red), Some(green), Some(blue)) => PicturePoint::Color((byte(red), byte(green), byte(blue))),
                _ => PicturePoint::Clear,
            }
        })
    }

    /// Numbers of both signs, row by row: 0 in the middle of the ramp, `largest` in size at its ends.
    pub fn signed(width: usize, height: usize, values: &[f32], largest: f32) -> Self {
        let largest = if largest.is_finite() && largest > 0.0 { f64::from(largest) } else { 1.0 };
        Self::new(width, height, |x, y| {
            point_of_value(values, y * width + x, |value| {
                PicturePoint::Level(Ramp::Signed, value / largest / 2.0 + 0.5)
            })
        })
    }

    /// A stored image as it looks, as far as its pixels go.
    pub fn of_stored(image: &inspection::SamplePicture) -> Self {
        let planes = if image.channels >= 3 { 3 } else { 1 };
        let (width, height) = image_sides(image.width, image.height, image.pixels.len() / planes);
        let values: Vec<f32> = image.pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
        if planes == 3 { Self::rgb(width, height, &values) } else { Self::grey(width, height, &values) }
    }

    /// Columns and rows of points.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The cells that the picture fills when each of its points is `zoom` points wide.
    pub fn cells(&self, zoom: usize) -> (u16, u16) {
        let cells = |points: usize| u16::try_from(points).unwrap_or(u16::MAX);
        (cells(self.width * zoom), cells((self.height * zoom).div_ceil(2)))
    }

    /// The largest whole zoom at which the picture has room in `width` × `height` cells; 0 where it must shrink.
    pub fn max_zoom(&self, width: u16, height: u16) -> usize {
        let room = |cells: u16, points: usize| usize::from(cells) / points.max(1);
        room(width, self.width).min(room(height.saturating_mul(2), self.height))
    }

    /// The picture made as large as `width` × `height` cells allow without bending it: enlarged by a whole number, or
    /// shrunk by taking the mean of the points that fall together.
    #[must_use]
    pub fn fit_into(&self, width: u16, height: u16) -> Self {
        let zoom = self.max_zoom(width, height);
        if zoom > 0 {
            return Self::new(self.width * zoom, self.height * zoom, |x, y| self.at(x / zoom, y / zoom));
        }
        let room = (usize::from(width), usize::from(height) * 2);
        let by = (room.0 as f64 / self.width as f64).min(room.1 as f64 / self.height as f64);
        let shrunk = |points: usize, room: usize| ((points as f64 * by).round() as usize).clamp(1, room.max(1));
        if room.0 == 0 || room.1 == 0 {
            return Self::new(0, 0, |_, _| PicturePoint::Clear);
        }
        self.shrunk_to(shrunk(self.width, room.0), shrunk(self.height, room.1))
    }

    /// The picture with `columns` and `rows`, at most as many as it has: points that fall together become their
    /// mean.
    #[must_use]
    pub fn shrunk_to(&self, columns: usize, rows: usize) -> Self {
        let part = |i: usize, of: usize, points: usize| (i * points / of)..((i + 1) * points).div_ceil(of);
        Self::new(columns, rows, |x, y| {
            let xs = part(x, columns, self.width);
            mean_point(
                part(y, rows, self.height).flat_map(|y| xs.clone().map(move |x| (x, y))).map(|(x, y)| self.at(x, y)),
            )
        })
    }

    /// The point in column `x` and row `y`; clear beyond the picture.
    pub fn at(&self, x: usize, y: usize) -> PicturePoint {
        let inside = x < self.width && y < self.height;
        if inside { self.points[y * self.width + x] } else { PicturePoint::Clear }
    }
}

/// The first whole rows of an image that `values` values can fill, as columns and rows.
pub fn image_sides(width: usize, height: usize, values: usize) -> (usize, usize) {
    let width = width.min(values);
    (width, height.min(values / width.max(1)))
}

fn point_of_value(values: &[f32], at: usize, point: impl Fn(f64) -> PicturePoint) -> PicturePoint {
    values.get(at).filter(|value| !value.is_nan()).map_or(PicturePoint::Clear, |value| point((*value).into()))
}

/// The mean of points of one kind; of several kinds, that of the first.
fn mean_point(points: impl Iterator<Item = PicturePoint>) -> PicturePoint {
    let (mut levels, mut colors) = ((None, 0.0, 0usize), ((0u32, 0u32, 0u32), 0u32));
    for point in points {
        match point {
            PicturePoint::Level(ramp, level) if !level.is_nan() => {
                levels = (levels.0.or(Some(ramp)), levels.1 + level, levels.2 + 1);
            }
            PicturePoint::Color((red, green, blue)) => {
                let ((r, g, b), count) = colors;
                colors = ((r + u32::from(red), g + u32::from(green), b + u32::from(blue)), count + 1);
            }
            _ => {}
        }
    }
    match (levels, colors) {
        ((Some(ramp), sum, count), _) => PicturePoint::Level(ramp, sum / count as f64),
        (_, ((red, green, blue), count @ 1..)) => {
            let byte = |sum: u32| (sum / count) as u8;
            PicturePoint::Color((byte(red), byte(green), byte(blue)))
        }
        _ => PicturePoint::Clear,
    }
}

/// Draws the picture as it is, from the upper left corner of `area`, and cuts it there. Without colours each cell
/// shows by its density how bright its two points are together; for good pictures show [`CellPicture::fit_into`].
pub fn draw(buffer: &mut Buffer, area: Rect, picture: &CellPicture, theme: Theme) {
    let visible = area.intersection(buffer.area);
    for y in visible.y..visible.bottom() {
        let row = usize::from(y - area.y) * 2;
        if row >= picture.height {
            return;
        }
        for x in visible.x..visible.right().min(area.x.saturating_add(picture.width.min(2000) as u16)) {
            let column = usize::from(x - area.x);
            let (upper, lower) = (picture.at(column, row), picture.at(column, row + 1));
            let cell = &mut buffer[(x, y)];
            let (above, below) = (point_color(upper, theme), point_color(lower, theme));
            match (above, below) {
                (Some(above), Some(below)) if above == below => cell.set_symbol(" ").set_bg(above),
                (Some(above), Some(below)) if theme.has_blocks() => {
                    cell.set_symbol("▀").set_style(Style::new().fg(above).bg(below))
                }
                (Some(above), None) if theme.has_blocks() => cell.set_symbol("▀").set_fg(above),
                (None, Some(below)) if theme.has_blocks() => cell.set_symbol("▄").set_fg(below),
                (Some(_), _) | (_, Some(_)) => match point_color(mean_point([upper, lower].into_iter()), theme) {
                    Some(both) => cell.set_symbol(" ").set_bg(both),
                    None => continue,
                },
                (None, None) => match point_symbol(mean_point([upper, lower].into_iter()), theme) {
                    Some(symbol) => cell.set_symbol(symbol),
                    None => continue,
                },
            };
        }
    }
}

fn point_color(point: PicturePoint, theme: Theme) -> Option<ratatui::style::Color> {
    match point {
        PicturePoint::Clear => None,
        PicturePoint::Level(ramp, level) => theme.ramp_color(ramp, level),
        PicturePoint::Color(rgb) => theme.point(rgb),
    }
}

/// What stands for a point where there are no colours.
fn point_symbol(point: PicturePoint, theme: Theme) -> Option<&'static str> {
    match point {
        PicturePoint::Level(ramp, level) if !level.is_nan() => Some(theme.density(ramp, level)),
        PicturePoint::Color(rgb) => Some(theme.density(Ramp::Grey, luminance(rgb))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn((width, height): (u16, u16), picture: &CellPicture, theme: Theme) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        draw(&mut buffer, area, picture, theme);
        buffer
    }

    fn symbols(buffer: &Buffer) -> String {
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    const TRUE: Theme = Theme::new(ColorDepth::True, Background::Dark, true);

    #[test]
    fn two_points_share_a_cell() {
        let picture = CellPicture::grey(2, 3, &[0.0, 1.0, 1.0, 1.0, 1.0]);
        let buffer = drawn((3, 2), &picture, TRUE);
        assert_eq!(symbols(&buffer), "▀  ▀  ");
        assert_eq!(buffer[(0, 0)].bg, theme_color(1.0));
        assert_eq!((buffer[(1, 0)].bg, buffer[(0, 1)].fg), (theme_color(1.0), theme_color(1.0)));
    }

    fn theme_color(level: f64) -> ratatui::style::Color {
        TRUE.ramp_color(Ramp::Grey, level).unwrap()
    }

    #[test]
    fn without_colours_density_tells() {
        let picture = CellPicture::grey(2, 2, &[0.0, 1.0, 0.0, 1.0]);
        assert_eq!(symbols(&drawn((2, 1), &picture, Theme::new(ColorDepth::None, Background::Dark, true))), " █");
        let signed = CellPicture::signed(3, 2, &[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0], 1.0);
        assert_eq!(symbols(&drawn((3, 1), &signed, Theme::new(ColorDepth::None, Background::Dark, false))), "= #");
        let ascii = Theme::new(ColorDepth::True, Background::Dark, false);
        assert!(symbols(&drawn((2, 2), &CellPicture::grey(2, 3, &[0.0, 1.0, 1.0, 0.5, 0.1, 1.0]), ascii)).is_ascii());
    }

    #[test]
    fn a_picture_keeps_its_shape() {
        let picture = CellPicture::grey(28, 28, &[0.5; 28 * 28]);
        assert_eq!(picture.fit_into(60, 30).size(), (56, 56));
        assert_eq!(picture.fit_into(30, 14).size(), (28, 28));
        assert_eq!(picture.fit_into(14, 30).size(), (14, 14));
        assert_eq!(picture.fit_into(0, 30).size(), (0, 0));
        assert_eq!(picture.cells(1), (28, 14));
        let spot = CellPicture::rgb(4, 4, &[1.0; 48]).fit_into(2, 1);
        assert_eq!(spot.points, [PicturePoint::Color((255, 255, 255)); 4]);
    }

    #[test]
    fn any_values_at_any_size_are_drawn() {
        let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -3.0, 0.0, 1.0, 7.0];
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None] {
            for size in [(0, 0), (1, 1), (3, 9), (40, 2)] {
                for picture in [
                    CellPicture::grey(3, 3, &values),
                    CellPicture::rgb(2, 2, &values),
                    CellPicture::signed(7, 2, &values, f32::NAN),
                    CellPicture::grey(0, 0, &[]),
                    CellPicture::grey(0, 5, &[]),
                ] {
                    let theme = Theme::new(depth, Background::Light, true);
                    drawn(size, &picture, theme);
                    drawn(size, &picture.fit_into(size.0, size.1), theme);
                }
            }
        }
    }

    #[test]
    fn a_stored_image_is_shown_as_far_as_its_pixels_go() {
        let size = |channels, height, width, pixels| {
            let image = inspection::SamplePicture { channels, height, width, pixels: vec![9; pixels] };
            CellPicture::of_stored(&image).size()
        };
        assert_eq!(size(1, 28, 28, 784), (28, 28));
        assert_eq!(size(3, 32, 32, 3072), (32, 32));
        assert_eq!(size(1, 28, 28, 300), (28, 10));
        assert_eq!(size(3, 32, 32, 999), (32, 10));
        assert_eq!(size(usize::MAX, usize::MAX, usize::MAX, 1), (0, 0));
    }
}
