//! A list of bars, one a row: label, bar, number.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::text::TextWidth;
use crate::ui::{
    paint::{Row, number},
    theme::{Role, Theme},
};

/// Columns for the number, its gap included.
const NUMBER_COLUMNS: u16 = 10;

const BLOCKS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is, safe to show.
    pub label: String,
    /// How long it is.
    pub value: f64,
    /// The number as it is written, where not simply as a number.
    pub text: Option<String>,
    /// The meaning of its colour.
    pub role: Role,
    /// Whether it is selected.
    pub selected: bool,
}

impl Bar {
    /// A bar in the ordinary colour.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, text: None, role: Role::Train, selected: false }
    }
}

/// Draws the bars from the top of `area`, as many as have room. The longest takes the whole width, or `full` does where
/// it is given; where there are negative values, bars go to both sides of a common zero.
pub fn draw(buffer: &mut Buffer, area: Rect, bars: &[Bar], full: Option<f64>, theme: Theme) {
    let size = |bar: &Bar| if bar.value.is_finite() { bar.value.abs() } else { 0.0 };
    let largest = full.filter(|full| *full > 0.0).unwrap_or_else(|| bars.iter().map(size).fold(0.0, f64::max));
    let signed = bars.iter().any(|bar| bar.value < 0.0);
    let widest = bars.iter().map(|bar| bar.label.width()).max().unwrap_or(0) as u16;
    let label = (widest + 1).min(area.width / 3);
    let room = area.width.saturating_sub(label + NUMBER_COLUMNS);
    let half = if signed { room / 2 } else { 0 };
    for (y, bar) in (0..area.height).zip(bars) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let style = theme.style(if bar.selected { Role::Selected } else { Role::Muted });
        row.put_left_aligned(&bar.label, label.saturating_sub(1), style).skip(1);
        let start = row.position();
        let length = if largest > 0.0 { (size(bar) / largest).min(1.0) * f64::from(room - half) } else { 0.0 };
        let style = theme.style(bar.role);
        if bar.value < 0.0 {
            // There are no blocks that grow from the right.
            let cells = (length.round() as u16).min(half);
            row.skip(half - cells).put(&full_block(theme).repeat(cells.into()), style);
        } else {
            row.skip(half).put(&bar_blocks(length, theme), style);
        }
        row.skip_to(start + room);
        let text = bar.text.clone().unwrap_or_else(|| number(bar.value, NUMBER_COLUMNS - 1));
        let role = if bar.value.is_finite() { Role::Text } else { Role::Bad };
        row.put_right_aligned(&text, NUMBER_COLUMNS, theme.style(role));
    }
}

fn full_block(theme: Theme) -> &'static str {
    if theme.has_blocks() { "█" } else { "=" }
}

/// `length` columns of blocks; whatever is not nothing shows.
fn bar_blocks(length: f64, theme: Theme) -> String {
    let eighths = (length * 8.0).ceil() as usize;
    let mut text = full_block(theme).repeat(if theme.has_blocks() { eighths / 8 } else { eighths.div_ceil(8) });
    if theme.has_blocks() && !eighths.is_multiple_of(8) {
        text.push_str(BLOCKS[eighths % 8 - 1]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn((width, height): (u16, u16), bars: &[Bar], unicode: bool) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        draw(&mut buffer, area, bars, None, Theme::new(ColorDepth::True, Background::Dark, unicode));
        let text = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(text).collect()
    }

    #[test]
    fn the_longest_fills_its_room_and_the_smallest_still_shows() {
        let bars = [Bar::new("a", 1.0), Bar::new("b", 0.5), Bar::new("c", 1e-9)];
        assert_eq!(
            drawn((20, 3), &bars, true),
            ["a ████████         1", "b ████           0.5", "c ▏             1e-9"]
        );
        assert_eq!(drawn((20, 2), &bars, false), ["a ========         1", "b ====           0.5"]);
    }

    #[test]
    fn negative_bars_go_to_the_left_of_a_common_zero() {
        let bars = [Bar::new("a", -1.0), Bar::new("b", 1.0)];
        assert_eq!(drawn((20, 2), &bars, true), ["a ████            -1", "b     ████         1"]);
    }

    #[test]
    fn any_numbers_at_any_size_are_drawn() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300, 1e300, 0.0];
        let bars: Vec<Bar> = values.map(|value| Bar::new("長い名前", value)).to_vec();
        for size in [(0, 0), (1, 1), (5, 2), (30, 9)] {
            drawn(size, &bars, true);
            drawn(size, &bars[5..], false);
            drawn(size, &[], true);
        }
    }
}
