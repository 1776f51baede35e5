//! Steps and columns: where a step is drawn, and what the samples of a column amount to.

use super::{Bucket, samples_at};

/// Steps from `first` to `last`, both included; `first <= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRange {
    /// The first step.
    pub first: u64,
    /// The last step, not before the first.
    pub last: u64,
}

impl StepRange {
    /// Number of steps, at least 1.
    pub fn length(self) -> u64 {
        (self.last.saturating_sub(self.first)).saturating_add(1)
    }

    /// Whether `step` is inside.
    pub fn contains(self, step: u64) -> bool {
        (self.first..=self.last).contains(&step)
    }

    /// The column of `count` in which `step` lies, if it lies in the range.
    pub fn column_of(self, step: u64, count: usize) -> Option<usize> {
        let length = u128::from(self.last - self.first) + 1;
        let column = |step: u64| (u128::from(step - self.first) * count as u128 / length) as usize;
        (self.contains(step) && count > 0).then(|| column(step))
    }

    /// The first step of column `column` of `count`.
    pub fn step_of(self, column: usize, count: usize) -> u64 {
        let before = self.steps_before(column, count);
        self.first + before.min(u128::from(self.last - self.first)) as u64
    }

    /// The last step of column `column` of `count`, in which there is at least one.
    fn last_step_of(self, column: usize, count: usize) -> u64 {
        let past = self.steps_before(column + 1, count).max(1);
        self.first + (past - 1).min(u128::from(self.last - self.first)) as u64
    }

    /// Steps in the columns before column `column` of `count`; of a column past the last one, no fewer than all.
    fn steps_before(self, column: usize, count: usize) -> u128 {
        let length = u128::from(self.last - self.first) + 1;
        (column as u128 * length).div_ceil(count.max(1) as u128)
    }
}

/// What the samples of one column amount to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// The smallest finite value.
    pub min: f64,
    /// The largest finite value.
    pub max: f64,
    /// Mean of the finite values.
    pub mean: f64,
}

/// One column of a chart. An empty column that is not broken lies between two samples, or beyond the newest: a line
/// goes from the column before it to the one behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// The finite values; `None` where there are none, because nothing was sampled or everything was broken.
    pub extent: Option<Extent>,
    /// Whether a value here was NaN or infinite. Lines do not go across such a column.
    pub broken: bool,
}

/// Columns on their way: buckets are added in ascending order.
#[derive(Debug)]
pub struct ColumnSums {
    columns: Vec<Column>,
    /// Samples in the buckets of each column.
    counts: Vec<f64>,
    places: Places,
    /// Samples in a bucket, and the level for which that holds.
    samples: (usize, f64),
}

impl ColumnSums {
    /// `count` empty columns over `steps`.
    pub fn new(steps: StepRange, count: usize) -> Self {
        Self {
            columns: vec![Column::default(); count],
            counts: vec![0.0; count],
            places: Places::new(steps, count),
            samples: (0, 1.0),
        }
    }

    /// The steps from the left to the right edge.
    pub fn step_range(&self) -> StepRange {
        self.places.steps
    }

    /// Adds a bucket of a level to the columns that it touches.
    pub(super) fn add(&mut self, bucket: &Bucket, level: usize) {
        let Some((from, to)) = self.places.span(bucket) else { return };
        if self.samples.0 != level {
            self.samples = (level, samples_at(level));
        }
        let samples = self.samples.1;
        for (column, count) in self.columns[from..=to].iter_mut().zip(&mut self.counts[from..=to]) {
            column.broken |= bucket.broken;
            let Some(new) = bucket.extent() else { continue };
            *count += samples;
            // A sum until all are there; single precision far from the largest number of double precision.
            let sum = new.mean * samples;
            column.extent = Some(match column.extent {
                None => Extent { mean: sum, ..new },
                Some(old) => Extent { min: old.min.min(new.min), max: old.max.max(new.max), mean: old.mean + sum },
            });
        }
    }

    /// The columns.
    pub fn into_columns(mut self) -> Vec<Column> {
        for (column, count) in self.columns.iter_mut().zip(self.counts) {
            if let Some(extent) = &mut column.extent {
                extent.mean /= count;
            }
        }
        self.columns
    }
}

/// An exponential moving average on its way over buckets in ascending order.
#[derive(Debug)]
pub struct MovingAverage {
    columns: Vec<Option<f64>>,
    places: Places,
    weight: f64,
    sum: f64,
    total: f64,
    /// Weight of the past at a bucket, and the level of buckets for which it holds.
    keep: f64,
    of_level: Option<usize>,
}

impl MovingAverage {
    /// An average in `count` columns over `steps` in which the past weighs `weight` at each sample.
    pub fn new(steps: StepRange, count: usize, weight: f64) -> Self {
        let places = Places::new(steps, count);
        Self { columns: vec![None; count], places, weight, sum: 0.0, total: 0.0, keep: 0.0, of_level: None }
    }

    /// The steps from the left to the right edge.
    pub fn step_range(&self) -> StepRange {
        self.places.steps
    }

    /// What the past weighs at each sample.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Goes on by a bucket of a level.
    pub(super) fn add(&mut self, bucket: &Bucket, level: usize) {
        let Some(extent) = bucket.extent() else { return };
        if self.of_level != Some(level) {
            (self.keep, self.of_level) = (self.weight.powf(samples_at(level)), Some(level));
        }
        let keep = self.keep;
        self.sum = self.sum * keep + extent.mean * (1.0 - keep);
        self.total = self.total * keep + (1.0 - keep);
        if let Some((from, to)) = self.places.span(bucket) {
            self.columns[from..=to].fill(Some(self.sum / self.total));
        }
    }

    /// Each column with the average after its last sample; columns without samples hold `None`.
    pub fn into_columns(self) -> Vec<Option<f64>> {
        self.columns
    }
}

/// Columns of buckets that come in ascending order, so that most need no division.
#[derive(Debug)]
struct Places {
    steps: StepRange,
    count: usize,
    /// The column last asked for and the last step in it.
    latest: Option<(usize, u64)>,
}

impl Places {
    fn new(steps: StepRange, count: usize) -> Self {
        Self { steps, count, latest: None }
    }

    /// First and last column that a bucket touches.
    fn span(&mut self, bucket: &Bucket) -> Option<(usize, usize)> {
        if bucket.last < self.steps.first || bucket.first > self.steps.last {
            return None;
        }
        let from = self.column(bucket.first.max(self.steps.first))?;
        let to = self.column(bucket.last.min(self.steps.last))?;
        Some((from, to))
    }

    /// The column of a step that is not before the one asked for last.
    fn column(&mut self, step: u64) -> Option<usize> {
        if let Some((column, last)) = self.latest
            && step <= last
        {
            return Some(column);
        }
        let column = self.steps.column_of(step, self.count)?;
        self.latest = Some((column, self.steps.last_step_of(column, self.count)));
        Some(column)
    }
}
