//! The table of evaluations: which columns there is room for, and its rows.

use crate::text::{columns, cut, duration, thousands};

/// Columns of a metric, of which the widest heading is `train loss`.
pub(super) const METRIC_COLUMNS: u16 = 10;

/// Columns of the epochs done: `123.45`.
pub(super) const EPOCH_COLUMNS: u16 = 6;

/// Columns of the step: `1,234,567`.
pub(super) const STEP_COLUMNS: u16 = 9;

/// Columns of the learning rate: `1.23e-10`.
pub(super) const RATE_COLUMNS: u16 = 8;

/// Columns of the time: `1:02:03`.
const TIME_COLUMNS: u16 = 7;

/// Seconds from which on the time has no seconds, so that it fits its column.
const MIN_SECONDS_IN_HOURS: f64 = 36_000.0;

/// A time in its column: `1:02:03`, and from ten hours on `10 h 02`.
pub(super) fn table_time(seconds: f64) -> String {
    if seconds < MIN_SECONDS_IN_HOURS || !seconds.is_finite() {
        return duration(seconds);
    }
    let minutes = (seconds / 60.0) as u64;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    if hours < 100 { format!("{hours} h {minutes:02}") } else { format!("{} h", thousands(hours)) }
}

/// What else than metrics stands in a row.
#[derive(Clone, Debug, Default)]
pub(super) struct RowFacts {
    /// Epochs done.
    pub epoch: String,
    /// Minibatches done.
    pub step: String,
    /// Learning rate of the last update.
    pub learning_rate: String,
    /// Time since the start.
    pub time: String,
}

/// Which columns there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableLayout {
    /// Columns of the window.
    width: usize,
}

impl TableLayout {
    /// A table for a window that wide.
    pub fn new(width: usize) -> Self {
        Self { width }
    }

    /// A row; each part of the data is a group of columns. In a narrow window the learning rate, then the time, then
    /// the epoch are left out, and of the metrics those at the end.
    pub fn format_row(self, facts: &RowFacts, groups: [&[String]; 2]) -> String {
        let metrics: usize = groups
            .iter()
            .filter(|group| !group.is_empty())
            .map(|group| 1 + group.len() * (1 + usize::from(METRIC_COLUMNS)))
            .sum();
        let mut free = self.width.saturating_sub(metrics + usize::from(STEP_COLUMNS));
        let mut takes = |width: u16| {
            let fits = usize::from(width) < free;
            free -= if fits { usize::from(width) + 1 } else { 0 };
            fits
        };
        let (epoch, time) = (takes(EPOCH_COLUMNS), takes(TIME_COLUMNS));
        let rate = takes(RATE_COLUMNS);
        let mut row = String::new();
        if epoch {
            push_cell(&mut row, &facts.epoch, EPOCH_COLUMNS);
            row.push(' ');
        }
        push_cell(&mut row, &facts.step, STEP_COLUMNS);
        if rate {
            row.push(' ');
            push_cell(&mut row, &facts.learning_rate, RATE_COLUMNS);
        }
        for group in groups {
            for (i, cell) in group.iter().enumerate() {
                let gap = if i == 0 { "  " } else { " " };
                if columns(&row) + gap.len() + usize::from(METRIC_COLUMNS) > self.width {
                    break;
                }
                row.push_str(gap);
                push_cell(&mut row, cell, METRIC_COLUMNS);
            }
        }
        if time {
            row.push(' ');
            push_cell(&mut row, &facts.time, TIME_COLUMNS);
        }
        row
    }
}

/// Appends a text at the right end of `width` columns, cut to them.
fn push_cell(row: &mut String, text: &str, width: u16) {
    let text = cut(text, width, "…");
    row.push_str(&" ".repeat(usize::from(width).saturating_sub(columns(&text))));
    row.push_str(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> RowFacts {
        let text = |text: &str| text.to_owned();
        RowFacts { epoch: text("0.50"), step: text("1,204"), learning_rate: text("0.001"), time: text("12 s") }
    }

    #[test]
    fn a_narrow_window_leaves_columns_out_rather_than_wrapping_rows() {
        let (train, test) = (["1.0000".to_owned(), "50.00 %".to_owned()], ["1.5000".to_owned(), "25.00 %".to_owned()]);
        let row = |width| TableLayout::new(width).format_row(&facts(), [&train, &test]);
        let words = |width| row(width).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(79), "0.50 1,204 0.001 1.0000 50.00 % 1.5000 25.00 % 12 s");
        assert_eq!(words(78), "0.50 1,204 1.0000 50.00 % 1.5000 25.00 % 12 s");
        assert_eq!(words(69), "0.50 1,204 1.0000 50.00 % 1.5000 25.00 %");
        assert_eq!(words(60), "1,204 1.0000 50.00 % 1.5000 25.00 %");
        assert_eq!(words(40), "1,204 1.0000 50.00 %");
        for width in 9..=120 {
            assert!(columns(&row(width)) <= width, "{width}: {}", row(width));
        }
    }

    #[test]
    fn a_time_fits_its_column() {
        for (seconds, text) in [(3.0, "3.0 s"), (35_999.0, "9:59:59"), (36_123.0, "10 h 02"), (4e5, "111 h")] {
            assert_eq!(table_time(seconds), text);
        }
    }

    #[test]
    fn columns_are_straight_whatever_stands_in_them() {
        let cells = ["長い名前のメトリック".to_owned(), "6.67e36".to_owned()];
        let plain = ["loss".to_owned(), "acc".to_owned()];
        let layout = TableLayout::new(80);
        let widths = [&cells, &plain].map(|cells| columns(&layout.format_row(&facts(), [cells, &[]])));
        assert_eq!(widths[0], widths[1]);
    }
}
