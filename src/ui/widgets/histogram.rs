//! Counts as columns of eighth blocks.

use ratatui::{buffer::Buffer, layout::Rect};

use super::sparkline;
use crate::{
    app::SparklineCell,
    ui::theme::{Role, Theme},
};

/// Draws `counts` over the whole of `area`, the largest as high as it. Where bins and columns don't match, a column is
/// as high as the largest of its bins, so that no peak vanishes; what is neither finite nor positive counts as nothing.
pub fn draw(buffer: &mut Buffer, area: Rect, counts: &[f64], role: Role, theme: Theme) {
    let columns = column_heights(counts, usize::from(area.width));
    let largest = columns.iter().copied().fold(0.0, f64::max);
    let bars: Vec<SparklineCell> = columns
        .iter()
        .map(|count| if *count > 0.0 { SparklineCell::Height(count / largest) } else { SparklineCell::Empty })
        .collect();
    sparkline::draw(buffer, area, &bars, role, theme);
}

/// `counts` in `width` columns, each the largest of the bins that it covers.
pub fn column_heights(counts: &[f64], width: usize) -> Vec<f64> {
    let bins = counts.len();
    let good = |count: &f64| if count.is_finite() { count.max(0.0) } else { 0.0 };
    (0..width)
        .map(|x| {
            let from = x * bins / width;
            let to = ((x + 1) * bins).div_ceil(width).min(bins);
            counts[from.min(to)..to].iter().map(good).fold(0.0, f64::max)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn((width, height): (u16, u16), counts: &[f64]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        draw(&mut buffer, area, counts, Role::Train, Theme::new(ColorDepth::None, Background::Dark, true));
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn the_largest_bin_reaches_the_top_and_an_empty_one_shows_nothing() {
        assert_eq!(drawn((4, 1), &[1.0, 0.0, 8.0, 4.0]), "▂ █▅");
        assert_eq!(drawn((2, 2), &[1.0, 2.0]), "▁███", "half of two rows is a row and a first eighth");
    }

    #[test]
    fn no_peak_vanishes_in_few_columns_and_no_bin_in_many() {
        let mut counts = [0.0; 48];
        counts[17] = 5.0;
        assert_eq!(column_heights(&counts, 10).iter().filter(|count| **count == 5.0).count(), 1);
        assert_eq!(column_heights(&[1.0, 2.0], 5), [1.0, 1.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn any_counts_at_any_size_are_drawn() {
        for counts in [&[][..], &[f64::NAN, -1.0, f64::INFINITY], &[0.0, 0.0]] {
            for size in [(0, 0), (1, 1), (9, 3)] {
                assert!(drawn(size, counts).trim().is_empty(), "{counts:?}");
            }
        }
    }
}
