//! An image as text: two pixels in one character, above each other.

use std::fmt::Write as _;

use gradtop::{
    dataset::{ChannelSummary, Dataset},
    text::Safe,
};

/// Widest that an image is drawn, in columns.
const MAX_PICTURE_COLUMNS: usize = 64;

/// Characters from dark to bright.
const BRIGHTNESS_CHARACTERS: &[u8] = b" .:-=+*#%@";

/// What an image is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureInk {
    /// Half blocks in 24-bit colours.
    True,
    /// Half blocks in the 256 colours of xterm.
    Indexed,
    /// ASCII, without any colour.
    Ascii {
        /// Whether the ground is bright, so that dark pixels need the dense characters.
        light_ground: bool,
    },
}

/// Pixels with three colours, 0 to 255, as many as are drawn.
pub struct DrawnPicture {
    columns: usize,
    pixels: Vec<[u8; 3]>,
}

/// Columns that an image of `width` pixels takes where there are `columns` columns.
pub fn picture_columns(width: usize, columns: usize) -> usize {
    width.div_ceil(pixels_per_point(width, columns))
}

/// Pixels in both directions that become one.
fn pixels_per_point(width: usize, columns: usize) -> usize {
    width.div_ceil(columns.clamp(1, MAX_PICTURE_COLUMNS))
}

/// The values that are drawn black and white: those of pixels, of shares, or else the least and the largest there are.
pub fn value_range(channels: &[ChannelSummary]) -> (f64, f64) {
    let least = channels.iter().map(|channel| channel.min).fold(f64::INFINITY, f64::min);
    let most = channels.iter().map(|channel| channel.max).fold(f64::NEG_INFINITY, f64::max);
    match (least, most) {
        (0.0.., ..=1.0) => (0.0, 1.0),
        (0.0.., ..=255.0) => (0.0, 255.0),
        other => other,
    }
}

/// A class's name in exactly `width` columns.
pub fn picture_title(class: &str, width: usize) -> String {
    let name: String = Safe(class).to_string().chars().take(width).collect();
    format!("{name:width$}")
}

impl DrawnPicture {
    /// A training image in at most `columns` columns; `range` is drawn from black to white.
    pub fn new(data: &Dataset, sample: u32, range: (f64, f64), columns: usize) -> Self {
        let (channels, height, width) = (data.shape[0], data.shape[1], data.shape[2]);
        let mut values = vec![0.0_f64; data.features()];
        data.train.gather(&[sample], &mut values);
        let step = pixels_per_point(width, columns);
        let span = if range.1 > range.0 { range.1 - range.0 } else { 1.0 };
        let brightness = |channel: usize, row: usize, column: usize| {
            let rows = row * step..(row * step + step).min(height);
            let columns = column * step..(column * step + step).min(width);
            let count = (rows.len() * columns.len()) as f64;
            let sum: f64 =
                rows.map(|y| columns.clone().map(|x| values[(channel * height + y) * width + x]).sum::<f64>()).sum();
            (255.0 * (sum / count - range.0) / span).round().clamp(0.0, 255.0) as u8
        };
        let of_color = |color: usize| if channels >= 3 { color } else { 0 };
        let pixels = (0..height.div_ceil(step))
            .flat_map(|row| (0..width.div_ceil(step)).map(move |column| (row, column)))
            .map(|(row, column)| [0, 1, 2].map(|color| brightness(of_color(color), row, column)))
            .collect();
        Self { columns: width.div_ceil(step), pixels }
    }

    /// Lines of text that it takes.
    pub fn line_count(&self) -> usize {
        (self.pixels.len() / self.columns).div_ceil(2)
    }

    /// A line of text, from the top.
    pub fn format_line(&self, line: usize, ink: PictureInk) -> String {
        let row = |row: usize| self.pixels.get(row * self.columns..(row + 1) * self.columns);
        let upper = row(2 * line).unwrap_or_default();
        let lower = row(2 * line + 1);
        let mut text = String::new();
        for (column, &above) in upper.iter().enumerate() {
            let below = lower.map(|lower| lower[column]);
            // Writing to a string can't fail.
            let _ = match ink {
                PictureInk::True => {
                    half_block(&mut text, above, below, |[red, green, blue]| format!("2;{red};{green};{blue}"))
                }
                PictureInk::Indexed => {
                    half_block(&mut text, above, below, |color| format!("5;{}", nearest_indexed(color)))
                }
                PictureInk::Ascii { light_ground } => {
                    let both = luma(above).midpoint(luma(below.unwrap_or(above)));
                    let dense = if light_ground { 255 - both } else { both };
                    text.write_char(BRIGHTNESS_CHARACTERS[dense as usize * BRIGHTNESS_CHARACTERS.len() / 256].into())
                }
            };
        }
        if !matches!(ink, PictureInk::Ascii { .. }) {
            text.push_str("\u{1b}[0m");
        }
        text
    }
}

/// The upper half in the colour of `above`, the rest in that of `below`, if there is a pixel.
fn half_block(
    text: &mut String,
    above: [u8; 3],
    below: Option<[u8; 3]>,
    code: impl Fn([u8; 3]) -> String,
) -> std::fmt::Result {
    match below {
        Some(below) => write!(text, "\u{1b}[38;{};48;{}m▀", code(above), code(below)),
        None => write!(text, "\u{1b}[0;38;{}m▀", code(above)),
    }
}

/// Brightness of a colour, from 0 to 255.
fn luma([red, green, blue]: [u8; 3]) -> u16 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000) as u16
}

/// The nearest of xterm's 6×6×6 cube of colours, or of its greys.
fn nearest_indexed(color: [u8; 3]) -> u8 {
    let [red, green, blue] = color;
    if red == green && green == blue {
        return match red {
            0..=3 => 16,
            247.. => 231,
            _ => 232 + ((u16::from(red) + 2).saturating_sub(8) / 10).min(23) as u8,
        };
    }
    // The cube's levels are 0, 95, 135, 175, 215, 255.
    let level = |value: u8| if value < 48 { 0 } else { (value.saturating_sub(35) / 40).max(1) };
    16 + 36 * level(red) + 6 * level(green) + level(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> DrawnPicture {
        DrawnPicture { columns: 2, pixels: vec![[0; 3], [255; 3], [255, 0, 0], [0, 0, 255], [128; 3], [10; 3]] }
    }

    #[test]
    fn two_pixels_share_a_character() {
        let picture = picture();
        assert_eq!(picture.line_count(), 2);
        assert_eq!(
            picture.format_line(0, PictureInk::True),
            "\u{1b}[38;2;0;0;0;48;2;255;0;0m▀\u{1b}[38;2;255;255;255;48;2;0;0;255m▀\u{1b}[0m"
        );
        // The last line has no pixels below: the ground shows.
        assert_eq!(
            picture.format_line(1, PictureInk::True),
            "\u{1b}[0;38;2;128;128;128m▀\u{1b}[0;38;2;10;10;10m▀\u{1b}[0m"
        );
        assert_eq!(
            picture.format_line(0, PictureInk::Indexed),
            "\u{1b}[38;5;16;48;5;196m▀\u{1b}[38;5;231;48;5;21m▀\u{1b}[0m"
        );
        assert_eq!(picture.format_line(1, PictureInk::Ascii { light_ground: false }), "+ ");
        assert_eq!(picture.format_line(1, PictureInk::Ascii { light_ground: true }), "=@");
    }

    #[test]
    fn indexed_colors_are_the_nearest() {
        let levels = [0_i32, 95, 135, 175, 215, 255];
        let rgb = |index: u8| match index {
            16..=231 => {
                let index = index as usize - 16;
                [levels[index / 36], levels[index / 6 % 6], levels[index % 6]]
            }
            _ => [8 + 10 * (i32::from(index) - 232); 3],
        };
        for value in 0..=255_u8 {
            let distance = |found: [i32; 3], wanted: [u8; 3]| {
                found.iter().zip(wanted).map(|(a, b)| (a - i32::from(b)).abs()).max().unwrap()
            };
            assert!(distance(rgb(nearest_indexed([value; 3])), [value; 3]) <= 9, "grey {value}");
            let colored = [value, 0, 255];
            assert!(distance(rgb(nearest_indexed(colored)), colored) <= 48, "{colored:?}");
        }
    }

    #[test]
    fn wide_images_are_drawn_smaller_and_never_wider_than_there_is_room() {
        for (width, room, drawn) in [(32, 78, 32), (28, 20, 14), (500, 200, 63), (7, 3, 3), (5, 0, 1)] {
            assert_eq!(picture_columns(width, room), drawn, "{width} in {room}");
        }
    }

    #[test]
    fn the_range_is_that_of_pixels_shares_or_the_data() {
        let range = |min, max| value_range(&[ChannelSummary { mean: 0.0, std: 0.0, min, max }]);
        assert_eq!(
            [range(3.0, 200.0), range(0.0, 1.0), range(-2.0, 5.0), range(0.0, 1e4)],
            [(0.0, 255.0), (0.0, 1.0), (-2.0, 5.0), (0.0, 1e4)]
        );
    }

    #[test]
    fn titles_have_the_width_of_their_picture() {
        assert_eq!(picture_title("cat", 5), "cat  ");
        assert_eq!(picture_title("caterpillar", 5), "cater");
    }
}
