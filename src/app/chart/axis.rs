//! The axis of a chart's values: which value lies at which height, and which are labelled.
//!
//! Labels stand in rows of cells, and a row has one height only. So the axis is chosen by its labels: every so many rows,
//! exactly at the middle of the row, there is a round value. Curves have several dots a row and lie between them.

use super::super::axes::ValueScale;
use super::super::metric::ChartFigure;
use super::overlay::Overlay;
use crate::protocol::Unit;

/// Rows from the middle of the lowest row to the lowest dot, of the four that a row has.
const HALF_ROW: f64 = 0.375;

/// Columns that a label may have.
pub const MAX_LABEL_COLUMNS: usize = 7;

/// Rows from one label to the next, of plots with at least so many rows.
const LABEL_DISTANCES: [(u16, &[u16]); 4] = [(20, &[4, 5, 6]), (10, &[2, 3, 4, 5]), (4, &[2, 3]), (0, &[1])];

/// Steps from label to label times a power of ten.
const ROUND_STEPS: [f64; 5] = [1.0, 2.0, 2.5, 4.0, 5.0];

/// Ratios of two labels less 1, times a power of ten.
const ROUND_EXCESSES: [f64; 3] = [1.0, 2.0, 5.0];

/// Multiples of a step beyond which `f64` can no longer tell a label from the next.
const MAX_MULTIPLE: f64 = 1e12;

/// Where a value lies between the lower and the upper edge of a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueAxis {
    /// The scale in effect; linear where a logarithmic one was asked for but there is nothing positive in sight.
    pub scale: ValueScale,
    /// Rows of the plot, at least one.
    rows: u16,
    /// From one label to the next: a difference, or a ratio.
    step: f64,
    /// Rows from one label to the next.
    rows_per_step: u16,
    /// The value in the middle of the lowest row, in rows from that of the value 0, or 1 on a logarithmic scale.
    lowest_row: i64,
    /// Values that can occur: no others are labelled.
    possible: [f64; 2],
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisTick {
    /// The row or column, counted from the lower or left end.
    pub cell: u16,
    /// What to write there.
    pub label: String,
}

impl ValueAxis {
    /// An axis over `rows` rows that shows all values, and of the overlays what is no further from these than they from each
    /// other: one wild curve of another branch does not crowd those of the run.
    pub(super) fn showing(
        values: &[f64],
        overlays: &[Overlay],
        figure: &ChartFigure,
        wanted: ValueScale,
        rows: u16,
    ) -> Self {
        let log = wanted == ValueScale::Log;
        let heights = overlays.iter().flat_map(Overlay::heights);
        let counted = |value: &f64| !log || *value > 0.0;
        let reach = finite_bounds(values.iter().copied().filter(counted)).map(|(low, high)| {
            let (spread, ratio) = ((high - low).max(0.1 * high.abs()), (high / low).max(1.1));
            if log { (low / ratio, high * ratio) } else { (low - spread, high + spread) }
        });
        let heights = heights.filter(counted).map(|height| match reach {
            Some((low, high)) if low <= high => height.clamp(low, high),
            _ => height,
        });
        Self::showing_all(&values.iter().copied().chain(heights).collect::<Vec<_>>(), figure, wanted, rows)
    }

    /// An axis over `rows` rows that shows all values and is never empty or upside down, whatever they are.
    pub(in crate::app) fn showing_all(values: &[f64], figure: &ChartFigure, wanted: ValueScale, rows: u16) -> Self {
        let values = values.iter().copied();
        let rows = rows.max(1);
        if wanted == ValueScale::Log
            && let Some(bounds) = finite_bounds(values.clone().filter(|value| *value > 0.0))
        {
            return Self::fitting(ValueScale::Log, bounds, [0.0, f64::INFINITY], rows, &figure.unit);
        }
        let (low, high) = finite_bounds(values).unwrap_or((0.0, 1.0));
        // Values that can't occur get no room where there is a choice. Most have no name for their least one, and it is 0.
        let floor = Some(figure.floor.unwrap_or(0.0)).filter(|floor| low >= *floor).unwrap_or(f64::NEG_INFINITY);
        let ceiling = figure.ceiling.filter(|ceiling| high <= *ceiling).unwrap_or(f64::INFINITY);
        let spread = if high > low {
            0.0
        } else if low == 0.0 {
            1.0
        } else {
            low.abs() * 0.1
        };
        Self::fitting(ValueScale::Linear, (low - spread, high + spread), [floor, ceiling], rows, &figure.unit)
    }

    /// The axis of the least cost that shows `bounds` and whose labels can be told apart.
    fn fitting(scale: ValueScale, bounds: (f64, f64), possible: [f64; 2], rows: u16, unit: &Unit) -> Self {
        let (low, high) = if scale == ValueScale::Log { (bounds.0.ln(), bounds.1.ln()) } else { bounds };
        let least = (high - low) / (f64::from(rows) - 1.0 + 2.0 * HALF_ROW);
        let distances = LABEL_DISTANCES.iter().find(|(least, _)| rows >= *least).map_or(&[1][..], |found| found.1);
        let steps = match scale {
            ValueScale::Linear => round_steps(least * f64::from(distances[0])),
            ValueScale::Log => round_ratios(),
        };
        let mut candidates: Vec<(f64, Self)> = Vec::new();
        for (step, rows_per_step) in steps.iter().flat_map(|step| distances.iter().map(move |rows| (*step, *rows))) {
            let axis = Self { scale, rows, step, rows_per_step, lowest_row: 0, possible };
            if axis.row_height() >= least {
                candidates.push((axis.cost(), axis));
            }
        }
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut fitting = candidates.into_iter().filter_map(|(_, axis)| axis.placed(low, high));
        let first = fitting.next();
        let readable = first.into_iter().chain(fitting).find(|axis| axis.has_distinct_labels(unit));
        readable.or(first).unwrap_or(Self { scale, rows, step: 1.0, rows_per_step: 1, lowest_row: 0, possible })
    }

    /// How much of the plot is left empty, and how little the labels tell: less than three of them, or odd ones.
    fn cost(&self) -> f64 {
        let few = if self.rows / self.rows_per_step < 3 && self.rows >= 6 { 1.5 } else { 1.0 };
        let first_digits = self.step / 10f64.powi(digit_place(self.step));
        let odd = if self.scale == ValueScale::Linear && (first_digits - 4.0).abs() < 0.1 { 1.2 } else { 1.0 };
        self.row_height() * few * odd
    }

    /// The same moved so that it shows all from `low` to `high`, as they are on the scale; `None` where it can't.
    fn placed(mut self, low: f64, high: f64) -> Option<Self> {
        let height = self.row_height();
        let above = f64::from(self.rows) - 1.0;
        let multiple = low.abs().max(high.abs()) / height;
        if multiple.is_nan() || multiple >= MAX_MULTIPLE {
            return None;
        }
        let least = (high / height - above - HALF_ROW).ceil();
        let most = (low / height + HALF_ROW).floor();
        if least > most {
            return None;
        }
        let mut row = (((low + high) / height - above) / 2.0).round().clamp(least, most);
        if self.scale == ValueScale::Linear {
            let [floor, ceiling] = self.possible.map(|value| value / height);
            // A hair's breadth, since 1 over a step of 0.1 need not be 10.
            let topmost = (ceiling + 1e-6).floor() - above;
            if topmost < row {
                row = topmost.max(least);
            }
            let lowest = (floor - 1e-6).ceil();
            if lowest > row {
                row = lowest.min(most);
            }
        }
        self.lowest_row = row as i64;
        Some(self)
    }

    /// The difference of two neighbouring rows, as it is on the scale.
    fn row_height(&self) -> f64 {
        let step = if self.scale == ValueScale::Log { self.step.ln() } else { self.step };
        step / f64::from(self.rows_per_step)
    }

    /// Where `value` lies, 0 at the lowest dot and 1 at the highest; what is outside is moved to the edge.
    pub fn height(&self, value: f64) -> Option<f64> {
        self.height_beyond(value).map(|height| height.clamp(0.0, 1.0))
    }

    /// The same below 0 or above 1 for what is outside.
    pub fn height_beyond(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let on_scale = match self.scale {
            ValueScale::Linear => value,
            ValueScale::Log if value > 0.0 => value.ln(),
            ValueScale::Log => return Some(0.0),
        };
        let rows = on_scale / self.row_height() - self.lowest_row as f64 + HALF_ROW;
        Some(rows / (f64::from(self.rows) - 1.0 + 2.0 * HALF_ROW))
    }

    /// The labelled values, lowest first.
    pub fn ticks(&self, unit: &Unit) -> Vec<AxisTick> {
        let labelled = (0..self.rows).filter_map(|cell| {
            let value = self.labelled_value(cell)?;
            Some(AxisTick { cell, label: self.label(unit, value) })
        });
        labelled.collect()
    }

    /// The round value in the middle of a row, if it has one that can occur.
    fn labelled_value(&self, cell: u16) -> Option<f64> {
        let (row, distance) = (self.lowest_row + i64::from(cell), i64::from(self.rows_per_step));
        if row % distance != 0 {
            return None;
        }
        let multiple = row / distance;
        let value = match self.scale {
            ValueScale::Linear => multiple as f64 * self.step,
            ValueScale::Log => self.step.powi(multiple as i32),
        };
        let slack = self.row_height().abs() * 1e-6;
        let possible =
            self.scale == ValueScale::Log || value >= self.possible[0] - slack && value <= self.possible[1] + slack;
        (possible && value.is_finite()).then_some(value)
    }

    fn has_distinct_labels(&self, unit: &Unit) -> bool {
        let ticks = self.ticks(unit);
        let fit = ticks.iter().all(|tick| tick.label.chars().count() <= MAX_LABEL_COLUMNS);
        fit && ticks.windows(2).all(|pair| pair[0].label != pair[1].label)
    }

    /// A value with as many digits as tell it from the label above and below it.
    fn label(&self, unit: &Unit, value: f64) -> String {
        // Shares far below a percent or far above all are written as plain numbers.
        let usual = match self.scale {
            ValueScale::Linear => self.step >= 1e-7,
            ValueScale::Log => value >= 1e-6,
        };
        let (scale, sign) =
            if *unit == Unit::Share && usual && value.abs() <= 10.0 { (100.0, " %") } else { (1.0, "") };
        if value == 0.0 && self.step < 1e-5 {
            return "0".into();
        }
        let value = value * scale;
        // The last digit that counts: that of the step, or a hundredth of what the next label is more.
        let last = match self.scale {
            ValueScale::Linear => last_digit_place(self.step * scale),
            ValueScale::Log => digit_place(value * (self.step - 1.0).min(1.0)) - 2,
        };
        let plain = value == 0.0 || (1e-4..1e5).contains(&value.abs());
        if plain && last >= -5 {
            let text = format!("{value:.*}", usize::try_from(-last).unwrap_or(0));
            let text = if self.scale == ValueScale::Log { without_trailing_zeros(&text) } else { &text };
            return format!("{text}{sign}");
        }
        let digits = usize::try_from(digit_place(value) - last).unwrap_or(0);
        let text = format!("{value:.*e}", digits.min(17));
        match text.split_once('e') {
            Some((mantissa, power)) => format!("{}e{power}{sign}", without_trailing_zeros(mantissa)),
            None => text,
        }
    }
}

/// The power of ten of a number's first digit.
fn digit_place(value: f64) -> i32 {
    // A hair's breadth, since the logarithm of 1000 need not be 3.
    (value.abs().log10() + 1e-9).floor() as i32
}

/// The power of ten of the last digit of a round step.
fn last_digit_place(step: f64) -> i32 {
    let place = digit_place(step);
    let first_digits = step / 10f64.powi(place);
    if (first_digits - first_digits.round()).abs() < 1e-6 { place } else { place - 1 }
}

fn without_trailing_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Round steps from about `least` on, to where a few rows hold every value.
fn round_steps(least: f64) -> Vec<f64> {
    let power = least.log10().floor() as i32;
    (power..power + 16).flat_map(|power| ROUND_STEPS.map(|round| round * 10f64.powi(power))).collect()
}

/// Round ratios from 1.000001 to more than any two values can have.
fn round_ratios() -> Vec<f64> {
    let below = (-6..0).flat_map(|power| ROUND_EXCESSES.map(|round| 1.0 + round * 10f64.powi(power)));
    let powers = (0..3).flat_map(|power| ROUND_EXCESSES.map(|round| 10f64.powf(round * 10f64.powi(power))));
    below.chain([2.0]).chain(powers.filter(|ratio| ratio.is_finite())).collect()
}

/// Smallest and largest of some finite values.
fn finite_bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::Better;

    fn figure(unit: Unit, floor: Option<f64>, ceiling: Option<f64>) -> ChartFigure {
        ChartFigure { unit, floor, ceiling, better: Better::None, ..ChartFigure::default() }
    }

    fn axis(low: f64, high: f64, wanted: ValueScale, rows: u16, figure: &ChartFigure) -> ValueAxis {
        ValueAxis::showing_all(&[low, high], figure, wanted, rows)
    }

    fn labels(low: f64, high: f64, wanted: ValueScale, rows: u16) -> Vec<String> {
        let figure = figure(Unit::None, None, None);
        axis(low, high, wanted, rows, &figure).ticks(&Unit::None).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn labels_are_round_and_distinct() {
        assert_eq!(labels(0.1, 2.3, ValueScale::Linear, 10), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(0.4, 2.4, ValueScale::Log, 8), ["0.25", "0.5", "1", "2"]);
        assert_eq!(labels(1e-6, 3.0, ValueScale::Log, 12), ["1e-6", "1e-4", "0.01", "1"]);
        assert_eq!(labels(1_000_000.0, 1_000_001.0, ValueScale::Linear, 12).len(), 3);
        assert_eq!(labels(5.0, 5.0, ValueScale::Linear, 4).len(), 2);
    }

    #[test]
    fn values_that_cannot_occur_are_not_labelled() {
        let figure = figure(Unit::Share, Some(0.0), Some(1.0));
        for rows in 1..60 {
            let axis = axis(0.2, 0.995, ValueScale::Linear, rows, &figure);
            for tick in axis.ticks(&Unit::Share) {
                let percent: f64 = tick.label.trim_end_matches(" %").parse().unwrap();
                assert!((0.0..=100.0).contains(&percent), "{rows} rows: {tick:?}");
            }
        }
    }

    /// Values as they come in practice and as they don't.
    fn any_value() -> impl Strategy<Value = f64> {
        prop_oneof![
            6 => -10.0..10.0f64,
            2 => (0.0..1.0f64).prop_map(|value| 0.9 + value * 0.01),
            2 => (-38.0..38.0f64).prop_map(|power| 10f64.powf(power)),
            1 => Just(0.0),
            1 => prop::num::f32::NORMAL.prop_map(f64::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Everything in sight has a height of its own; labels are evenly spaced, distinct, and stand at their values.
        #[test]
        fn labels_stand_at_their_values(
            a in any_value(),
            b in any_value(),
            rows in 1u16..70,
            log in any::<bool>(),
            share in any::<bool>(),
        ) {
            let (low, high) = (a.min(b), a.max(b));
            let wanted = if log { ValueScale::Log } else { ValueScale::Linear };
            let unit = if share { Unit::Share } else { Unit::None };
            let figure = figure(unit.clone(), None, None);
            let axis = axis(low, high, wanted, rows, &figure);
            let dots = f64::from(rows) * 4.0 - 1.0;
            if axis.scale == ValueScale::Linear || low > 0.0 {
                for value in [low, high] {
                    let height = axis.height(value).unwrap();
                    // Inside, and not only because it was moved there.
                    let on_scale = if axis.scale == ValueScale::Log { value.ln() } else { value };
                    let exact = on_scale / axis.row_height() - axis.lowest_row as f64 + HALF_ROW;
                    let exact = exact / (f64::from(rows) - 1.0 + 2.0 * HALF_ROW);
                    prop_assert!((height - exact).abs() * dots < 0.01, "{low} {high}: {value} at {height}, {exact}");
                }
            }
            let ticks = axis.ticks(&unit);
            prop_assert!(ticks.len() <= 24, "{ticks:?}");
            for pair in ticks.windows(2) {
                prop_assert_eq!(pair[1].cell - pair[0].cell, axis.rows_per_step);
                prop_assert!(pair[0].label != pair[1].label, "{:?}", ticks);
            }
            for tick in &ticks {
                prop_assert!(tick.label.chars().count() <= MAX_LABEL_COLUMNS, "{:?}", ticks);
                let (number, scale) = tick.label.strip_suffix(" %").map_or((&*tick.label, 1.0), |text| (text, 100.0));
                let value = number.parse::<f64>().unwrap() / scale;
                let dot = axis.height(value).unwrap() * dots;
                let middle = f64::from(tick.cell) * 4.0 + 1.5;
                // Half a cell are two dots; labels are far nearer.
                prop_assert!((dot - middle).abs() < 0.5, "{tick:?} at {dot}, row at {middle}: {axis:?}");
            }
        }
    }
}
