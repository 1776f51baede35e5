//! Charts made ready for drawing: columns, heights, ticks, marks and the values at the cursor.

use crate::text::{short, thousands};

mod marks;

use super::chart_view::{ChartView, ValueScale};
use super::metric::{ChartFigure, ChartSlot, FigureCurve};
use super::run::Run;
use super::series::{Column, Extent, StepRange};
use super::track::MetricTrack;
use crate::protocol::{Better, Unit};

/// A chart of one figure in a given number of columns.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title of what it shows, safe to show.
    pub title: String,
    /// What its values count.
    pub unit: Unit,
    /// Which way is up.
    pub better: Better,
    /// The words of its two curves: `train`, `test`.
    pub words: [&'static str; 2],
    /// Smoothing of the bright line, in a word; `None` where there is nothing to smooth.
    pub smoothing: Option<&'static str>,
    /// The steps from its left to its right edge.
    pub steps: StepRange,
    /// Every minibatch: smallest and largest value a column.
    pub train: Vec<Column>,
    /// The smoothed minibatches; only `None` where smoothing is off.
    pub smoothed: Vec<Option<f64>>,
    /// The evaluations of the test split. Most columns are empty: the line goes from one filled column to the next.
    pub test: Vec<Column>,
    /// Changes in sight; those close together are one.
    pub marks: Vec<ChartMark>,
    /// The axis of the values.
    pub axis: ValueAxis,
    /// The cursor, where it is in sight.
    pub cursor: Option<CursorReadout>,
    /// The newest values of all.
    pub latest: ChartValues,
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
    /// Minibatches completed when the first change of it took effect.
    pub step: u64,
    /// What was changed, from the first value to the last, to be shown.
    pub text: String,
}

/// The cursor and what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct CursorReadout {
    /// Its column.
    pub column: usize,
    /// Its step.
    pub step: u64,
    /// The values there.
    pub values: ChartValues,
}

/// The values of all curves at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartValues {
    /// Every minibatch; an extent where only a summary of several minibatches is left. NaN travels as `broken`.
    pub train: Option<Column>,
    /// The smoothed value.
    pub smoothed: Option<f64>,
    /// The last evaluation at or before the place.
    pub test: Option<f64>,
}

/// The axis of the values: where a value lies between the lower and the upper edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueAxis {
    /// Value at the lower edge.
    pub low: f64,
    /// Value at the upper edge, above `low`.
    pub high: f64,
    /// The scale in effect; linear where a logarithmic one was asked for but there is nothing positive in sight.
    pub scale: ValueScale,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisTick {
    /// From the lower or left end, 0, to the other, 1.
    pub fraction: f64,
    /// What to write there.
    pub label: String,
}

impl Chart {
    pub(super) fn of(run: &Run, view: &ChartView, slot: ChartSlot, figure: &ChartFigure, count: usize) -> Self {
        let count = count.min(MAX_CHART_COLUMNS);
        let (steps, lineage) = (view.shown_steps(run.step), run.lineage());
        let track = |curve: Option<FigureCurve>| curve.map(|curve| run.metrics.curve_track(curve));
        let (trained, tested) = (track(figure.train), track(figure.test));
        let columns = |track: Option<&MetricTrack>| {
            track.map_or_else(|| vec![Column::default(); count], |track| track.columns(lineage, steps, count))
        };
        let (train, test) = (columns(trained), columns(tested));
        // What is measured on no part of the data does not vary with its samples.
        let weight = view.smoothing.weight().filter(|_| figure.is_sample_mean());
        let smooth = |steps: StepRange, count: usize| match trained.zip(weight) {
            Some((track, weight)) => track.smoothed_columns(lineage, steps, count, weight),
            None => vec![None; count],
        };
        let smoothed = smooth(steps, count);
        let extents = || train.iter().chain(&test).filter_map(|column| column.extent);
        let axis = ValueAxis::showing_all(extents(), figure, view.scale(slot));
        let test_at = |step: u64| tested?.value_at(lineage, step)?.extent.map(|extent| extent.mean);
        let cursor = view.cursor.and_then(|step| {
            let column = steps.column_of(step, count)?;
            let values = ChartValues {
                train: trained.and_then(|track| track.value_at(lineage, step)),
                smoothed: smoothed.get(column).copied().flatten(),
                test: test_at(step),
            };
            Some(CursorReadout { column, step, values })
        });
        let exactly = |value: f64| Column {
            extent: value.is_finite().then_some(Extent { min: value, max: value, mean: value }),
            broken: !value.is_finite(),
        };
        let newest = trained.and_then(|track| track.latest_value(lineage));
        let latest = ChartValues {
            train: newest.map(|(_, value)| exactly(value)),
            smoothed: newest
                .and_then(|(step, _)| smooth(StepRange { first: step, last: step }, 1).first().copied().flatten()),
            test: tested.and_then(|track| track.latest_value(lineage)).map(|(_, value)| value),
        };
        let marks = marks::visible_marks(&run.marks, lineage, steps, count);
        let word = |curve: Option<FigureCurve>| curve.map_or("", |curve| curve.word);
        Self {
            title: figure.title.clone(),
            unit: figure.unit.clone(),
            better: figure.better,
            words: [word(figure.train), word(figure.test)],
            smoothing: figure.is_sample_mean().then(|| view.smoothing.label()),
            steps,
            note: (newest.is_none() && latest.test.is_none()).then(|| empty_chart_note(figure)),
            first_test: first_evaluation_step(run, newest.is_some(), figure.test.is_some() && latest.test.is_none()),
            train,
            smoothed,
            test,
            marks,
            axis,
            cursor,
            latest,
        }
    }
}

impl StepRange {
    /// At most `most` labelled steps.
    pub fn ticks(self, most: usize) -> Vec<AxisTick> {
        let (low, high) = (self.first as f64, self.last as f64);
        if high <= low {
            return vec![AxisTick { fraction: 0.0, label: thousands(self.first) }];
        }
        nice_steps(low, high, most)
            .filter(|step| step.fract() == 0.0)
            .map(|step| AxisTick { fraction: (step - low) / (high - low), label: thousands(step as u64) })
            .collect()
    }
}

/// Charts are never asked for more columns than the largest terminal has dots.
const MAX_CHART_COLUMNS: usize = 8192;

fn empty_chart_note(figure: &ChartFigure) -> String {
    let what = if figure.test.is_some() && figure.train.is_none() { "evaluation" } else { "minibatch" };
    format!("nothing yet: the first {what} will show here")
}

/// The step of the first evaluation, if there are minibatches and it is still `missing`.
fn first_evaluation_step(run: &Run, trained: bool, missing: bool) -> Option<u64> {
    if !trained || !missing {
        return None;
    }
    let every = run.info.as_ref()?.evaluate_every.filter(|every| *every > 0)?;
    let first = (run.step / every).saturating_add(1).saturating_mul(every);
    let end = run.controls.as_ref().and_then(|controls| controls.total_steps);
    Some(end.map_or(first, |end| first.min(end.max(run.step))))
}

impl ValueAxis {
    /// An axis that shows all of `extents` and is never empty or upside down, whatever they are.
    fn showing_all(extents: impl Iterator<Item = Extent> + Clone, figure: &ChartFigure, wanted: ValueScale) -> Self {
        if wanted == ValueScale::Log {
            let positive = extents.clone().flat_map(|e| [e.min, e.max]).filter(|value| *value > 0.0);
            if let Some((low, high)) = finite_bounds(positive) {
                let pad = (high / low).powf(0.04).max(1.05);
                return Self { low: low / pad, high: high * pad, scale: ValueScale::Log };
            }
        }
        let scale = ValueScale::Linear;
        let Some((low, high)) = finite_bounds(extents.flat_map(|e| [e.min, e.max])) else {
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
        let floor = figure.floor.unwrap_or(0.0);
        let floor = if low >= floor { floor } else { f64::NEG_INFINITY };
        let ceiling = figure.ceiling.filter(|ceiling| high <= *ceiling).unwrap_or(f64::INFINITY);
        let (low, high) = ((low - spread).max(floor), (high + spread).min(ceiling));
        if high > low { Self { low, high, scale } } else { Self { low: low - 0.5, high: low + 0.5, scale } }
    }

    /// Where `value` lies, 0 at the lower edge and 1 at the upper; what is outside is moved to the edge.
    pub fn height(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let fraction = match self.scale {
            ValueScale::Linear => (value - self.low) / (self.high - self.low),
            ValueScale::Log if value > 0.0 => (value / self.low).ln() / (self.high / self.low).ln(),
            ValueScale::Log => 0.0,
        };
        Some(if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.5 })
    }

    /// At most `most` labelled values, lowest first.
    pub fn ticks(&self, unit: &Unit, most: usize) -> Vec<AxisTick> {
        let values: Vec<f64> = match self.scale {
            ValueScale::Log if self.high / self.low > 20.0 => {
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
                Some(AxisTick {
                    fraction,
                    label: tick_label(unit, value, if self.scale == ValueScale::Log { value } else { gap }),
                })
            })
            .take(most)
            .collect()
    }
}

/// Smallest and largest of some finite values.
fn finite_bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
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
fn tick_label(unit: &Unit, value: f64, gap: f64) -> String {
    let (value, gap, sign) = match unit {
        Unit::Share if value.abs() <= 10.0 => (value * 100.0, gap * 100.0, " %"),
        _ => (value, gap, ""),
    };
    let decimals = -gap.abs().log10().floor();
    if value.abs() < 1e5 && decimals <= 4.0 {
        format!("{value:.*}{sign}", decimals.max(0.0) as usize)
    } else {
        format!("{}{sign}", short(value))
    }
}
