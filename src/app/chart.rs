//! Charts made ready for drawing: columns, heights, ticks, marks and the values at the cursor.

use crate::text::{short, thousands};

mod marks;

use super::run::Run;
use super::series::{Column, Extent, StepRange};
use super::view::{Metric, Scale, View};

/// A chart of one metric in a given number of columns.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub metric: Metric,
    /// The steps from its left to its right edge.
    pub steps: StepRange,
    /// Every minibatch: smallest and largest value a column.
    pub train: Vec<Column>,
    /// The smoothed minibatches; only `None` where smoothing is off.
    pub smoothed: Vec<Option<f64>>,
    /// The evaluations of the test split. Most columns are empty: the line goes from one filled column to the next.
    pub test: Vec<Column>,
    /// Interventions in sight; those close together are one.
    pub marks: Vec<ChartMark>,
    /// The axis of the values.
    pub axis: Axis,
    /// The cursor, where it is in sight.
    pub cursor: Option<Readout>,
    /// The newest values of all.
    pub latest: Values,
    /// What will fill the chart, while nothing does.
    pub note: Option<String>,
    /// The step of the first evaluation, while there are minibatches and none was evaluated.
    pub first_test: Option<u64>,
}

/// A mark on the step axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartMark {
    /// Its column.
    pub column: usize,
    /// Minibatches completed when the first intervention of it took effect.
    pub step: u64,
    /// What was changed, from the first value to the last, safe to show.
    pub what: String,
}

/// The cursor and what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    /// Its column.
    pub column: usize,
    /// Its step.
    pub step: u64,
    /// The values there.
    pub values: Values,
}

/// The values of all curves at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Values {
    /// Every minibatch; an extent where only a summary of several minibatches is left. NaN travels as `broken`.
    pub train: Option<Column>,
    /// The smoothed value.
    pub smoothed: Option<f64>,
    /// The last evaluation at or before the place.
    pub test: Option<f64>,
}

/// The axis of the values: where a value lies between the lower and the upper edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Value at the lower edge.
    pub low: f64,
    /// Value at the upper edge, above `low`.
    pub high: f64,
    /// The scale in effect; linear where a logarithmic one was asked for but there is nothing positive in sight.
    pub scale: Scale,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// From the lower or left end, 0, to the other, 1.
    pub fraction: f64,
    /// What to write there.
    pub label: String,
}

impl Chart {
    pub(super) fn of(run: &Run, view: &View, metric: Metric, count: usize) -> Self {
        let count = count.min(MOST_COLUMNS);
        let curves = run.curves(metric);
        let steps = view.steps(run.step);
        let train = curves.train.columns(steps, count);
        let test = curves.test.columns(steps, count);
        let smoothed = match view.smoothing.weight() {
            Some(weight) => curves.train.smoothed(steps, count, weight),
            None => vec![None; count],
        };
        let extents = || train.iter().chain(&test).filter_map(|column| column.extent);
        let axis = Axis::around(extents(), metric, view.scale(metric));
        let cursor = view.cursor.and_then(|step| {
            let column = steps.column_of(step, count)?;
            let values = Values {
                train: curves.train.at(step),
                smoothed: smoothed.get(column).copied().flatten(),
                test: curves.test.at(step).and_then(|column| column.extent).map(|extent| extent.mean),
            };
            Some(Readout { column, step, values })
        });
        let exactly = |value: f64| Column {
            extent: value.is_finite().then_some(Extent { min: value, max: value, mean: value }),
            broken: !value.is_finite(),
        };
        let latest = Values {
            train: curves.train.latest().map(|(_, value)| exactly(value)),
            smoothed: curves.train.latest().zip(view.smoothing.weight()).and_then(|((step, _), weight)| {
                curves.train.smoothed(StepRange { first: step, last: step }, 1, weight).first().copied().flatten()
            }),
            test: curves.test.latest().map(|(_, value)| value),
        };
        let marks = marks::in_sight(&run.marks, steps, count);
        let (note, first_test) = (note(run, metric), first_test(run, metric));
        Self { metric, steps, train, smoothed, test, marks, axis, cursor, latest, note, first_test }
    }
}

impl StepRange {
    /// At most `most` labelled steps.
    pub fn ticks(self, most: usize) -> Vec<Tick> {
        let (low, high) = (self.first as f64, self.last as f64);
        if high <= low {
            return vec![Tick { fraction: 0.0, label: thousands(self.first) }];
        }
        nice_steps(low, high, most)
            .filter(|step| step.fract() == 0.0)
            .map(|step| Tick { fraction: (step - low) / (high - low), label: thousands(step as u64) })
            .collect()
    }
}

/// Charts are never asked for more columns than the largest terminal has dots.
const MOST_COLUMNS: usize = 8192;

fn note(run: &Run, metric: Metric) -> Option<String> {
    let curves = run.curves(metric);
    let nothing = curves.train.is_empty() && curves.test.is_empty();
    nothing.then(|| "nothing yet: the first minibatch will show here".into())
}

fn first_test(run: &Run, metric: Metric) -> Option<u64> {
    let curves = run.curves(metric);
    if curves.train.is_empty() || !curves.test.is_empty() {
        return None;
    }
    let every = run.info.as_ref().map(|info| info.evaluate_every).filter(|every| *every > 0)?;
    let first = (run.step / every).saturating_add(1).saturating_mul(every);
    Some(run.controls.as_ref().map_or(first, |controls| first.min(controls.total_steps.max(run.step))))
}

impl Metric {
    /// A value as it is written beside a chart: `0.0123` or `86.3 %`.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Accuracy if value.is_finite() && value.abs() <= 10.0 => format!("{:.1} %", value * 100.0),
            _ => short(value),
        }
    }
}

impl Axis {
    /// An axis that shows all of `extents` and is never empty or upside down, whatever they are.
    fn around(extents: impl Iterator<Item = Extent> + Clone, metric: Metric, wanted: Scale) -> Self {
        if wanted == Scale::Log {
            let positive = extents.clone().flat_map(|e| [e.min, e.max]).filter(|value| *value > 0.0);
            if let Some((low, high)) = bounds(positive) {
                let pad = (high / low).powf(0.04).max(1.05);
                return Self { low: low / pad, high: high * pad, scale: Scale::Log };
            }
        }
        let scale = Scale::Linear;
        let Some((low, high)) = bounds(extents.flat_map(|e| [e.min, e.max])) else {
            return Self { low: 0.0, high: 1.0, scale };
        };
        let spread = if high > low {
            (high - low) * 0.05
        } else if low == 0.0 {
            1.0
        } else {
            low.abs() * 0.1
        };
        // Padding does not lead into values that can't occur.
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let ceiling = if metric == Metric::Accuracy && high <= 1.0 { 1.0 } else { f64::INFINITY };
        let (low, high) = ((low - spread).max(floor), (high + spread).min(ceiling));
        if high > low { Self { low, high, scale } } else { Self { low: low - 0.5, high: low + 0.5, scale } }
    }

    /// Where `value` lies, 0 at the lower edge and 1 at the upper; what is outside is moved to the edge.
    pub fn height(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let fraction = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            Scale::Log => 0.0,
        };
        Some(if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.5 })
    }

    /// At most `most` labelled values, lowest first.
    pub fn ticks(&self, metric: Metric, most: usize) -> Vec<Tick> {
        let values: Vec<f64> = match self.scale {
            Scale::Log if self.high / self.low > 20.0 => {
                let (low, high) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
                let every = ((high - low) as usize / most.max(1) + 1).max(1);
                (low..=high).step_by(every).map(|power| 10f64.powi(power)).collect()
            }
            _ => nice_steps(self.low, self.high, most).collect(),
        };
        let gap = if values.len() > 1 { values[1] - values[0] } else { self.high - self.low };
        values
            .into_iter()
            .filter_map(|value| {
                let fraction = self.height(value)?;
                Some(Tick { fraction, label: label(metric, value, if self.scale == Scale::Log { value } else { gap }) })
            })
            .take(most)
            .collect()
    }
}

/// Smallest and largest of some finite values.
fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, at most `most`.
fn nice_steps(low: f64, high: f64, most: usize) -> impl Iterator<Item = f64> {
    let rough = (high - low) / most.clamp(1, 100) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|nice| nice * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil();
    // An axis far from zero and very narrow has no room for round numbers between its ends.
    let count = if step > 0.0 && step.is_finite() && first.abs() < 1e15 { most.min(100) } else { 0 };
    (0..=count).map(move |i| (first + i as f64) * step).take_while(move |value| *value <= high).take(count)
}

/// A tick's label with as many digits as tell it from its neighbour at distance `gap`.
fn label(metric: Metric, value: f64, gap: f64) -> String {
    let (value, gap, unit) = match metric {
        Metric::Accuracy if value.abs() <= 10.0 => (value * 100.0, gap * 100.0, " %"),
        _ => (value, gap, ""),
    };
    let decimals = -gap.abs().log10().floor();
    if value.abs() < 1e5 && decimals <= 4.0 {
        format!("{value:.*}{unit}", decimals.max(0.0) as usize)
    } else {
        format!("{}{unit}", short(value))
    }
}
