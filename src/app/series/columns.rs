//! Steps and columns: where a step is drawn, and what the samples of a column amount to.

use super::Bucket;

/// Steps from `first` to `last`, both included; `first <= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRange {
    /// The first step.
    pub first: u64,
    /// The last step, not before the first.
    pub last: u64,
}

impl StepRange {
    /// One step.
    pub fn of(step: u64) -> Self {
        Self { first: step, last: step }
    }

    /// Number of steps, at least 1.
    pub fn length(self) -> u64 {
        (self.last.saturating_sub(self.first)).saturating_add(1)
    }

    /// The steps up to `reach` from these.
    fn extended_by(self, reach: u64) -> Self {
        Self { first: self.first.saturating_sub(reach), last: self.last.saturating_add(reach) }
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

/// How far the steps of a run go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepExtent {
    /// The step at which the run stands.
    pub now: u64,
    /// The newest step of its branch, no earlier: a cursor can go so far.
    pub tip: u64,
    /// The newest step of all that is drawn, other branches included, no earlier.
    pub end: u64,
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

impl Extent {
    /// Where a line through it goes: the mean of several values, or the one that is drawn.
    pub fn drawn_value(self) -> f64 {
        if self.min < self.max { self.mean } else { self.min }
    }
}

/// One column of a chart. An empty column that is not broken lies between two samples, or beyond the newest: a line
/// goes from the column before it to the one after it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Column {
    /// The finite values; `None` where there are none, because nothing was sampled or everything was broken.
    pub extent: Option<Extent>,
    /// Whether a value here was NaN or infinite. Lines do not go across such a column.
    pub broken: bool,
}

impl Column {
    /// The column of one value.
    pub fn of(value: f64) -> Self {
        let extent = value.is_finite().then_some(Extent { min: value, max: value, mean: value });
        Self { extent, broken: extent.is_none() }
    }
}

/// Columns on their way: buckets are added in ascending order.
#[derive(Debug)]
pub struct ColumnSums {
    columns: Vec<Column>,
    /// Weight of the samples of each column.
    weights: Vec<f64>,
    places: Places,
}

impl ColumnSums {
    /// `count` empty columns over `steps`.
    pub fn new(steps: StepRange, count: usize) -> Self {
        Self { columns: vec![Column::default(); count], weights: vec![0.0; count], places: Places::new(steps, count) }
    }

    /// The steps from the left to the right edge.
    pub fn step_range(&self) -> StepRange {
        self.places.steps
    }

    /// Adds a bucket to the columns that it touches.
    pub(super) fn add(&mut self, bucket: &Bucket) {
        let Some((from, to)) = self.places.span(bucket) else { return };
        for (column, weight) in self.columns[from..=to].iter_mut().zip(&mut self.weights[from..=to]) {
            column.broken |= bucket.broken;
            let Some(new) = bucket.extent() else { continue };
            *weight += f64::from(bucket.weight);
            // A sum until all are there; single precision far from the largest number of double precision.
            let sum = bucket.weighted_mean();
            column.extent = Some(match column.extent {
                None => Extent { mean: sum, ..new },
                Some(old) => Extent { min: old.min.min(new.min), max: old.max.max(new.max), mean: old.mean + sum },
            });
        }
    }

    /// The columns.
    pub fn into_columns(mut self) -> Vec<Column> {
        for (column, weight) in self.columns.iter_mut().zip(self.weights) {
            if let Some(extent) = &mut column.extent {
                extent.mean /= weight;
            }
        }
        self.columns
    }
}

/// The samples that a mean is of.
#[derive(Clone, Copy, Debug)]
pub struct MeanWindow<'a> {
    /// Steps to either side, at most.
    pub reach: u64,
    /// From one sample to the next: 1, but where steps were moved to where they lie among others.
    pub spacing: u64,
    /// By how much samples that were moved can be nearer to each other, or farther apart.
    pub slack: u64,
    /// Steps after which something else begins, ascending: what is after one of them does not count for what is before.
    pub cuts: &'a [u64],
}

impl<'a> MeanWindow<'a> {
    /// The window over steps that were not moved.
    pub fn of_steps(reach: u64, cuts: &'a [u64]) -> Self {
        Self { reach, spacing: 1, slack: 0, cuts }
    }

    /// The window around some steps, where nothing was sampled before `oldest`: no wider than themselves where there is a
    /// cut among them.
    fn around(self, own: StepRange, oldest: u64) -> StepRange {
        let before = self.cuts.partition_point(|cut| *cut < own.first);
        let cut = before.checked_sub(1).map(|at| self.cuts[at]);
        let last = self.cuts.get(before).copied().unwrap_or(u64::MAX);
        if last < own.last {
            return own;
        }
        let first = cut.map_or(0, |cut| cut.saturating_add(self.spacing)).max(oldest);
        let room = own.first.saturating_sub(first).min(last - own.last);
        let window = own.extended_by(self.reach.min(room).saturating_add(self.slack));
        StepRange { first: cut.map_or(window.first, |cut| window.first.max(cut + 1)), last: window.last.min(last) }
    }
}

/// Means over the samples around each column, on their way over buckets in ascending order. A window goes `reach` steps
/// to either side of the samples of its column, so that a mean does not lag behind what it is of. It is no wider than keeps
/// it from going across a cut, so that no effect of a change shows in a column before it, or beyond the beginning of a run;
/// at the end it goes as far as there are samples. A bucket that reaches across a cut counts by its share on either side.
#[derive(Debug)]
pub struct WindowMeans<'a> {
    /// The steps of the columns.
    steps: StepRange,
    window: MeanWindow<'a>,
    /// The step of the first sample of all.
    oldest: u64,
    buckets: Vec<Bucket>,
    /// From the first to the last sample of a column, where it has any; of a bucket all that it covers, also outside.
    sampled: Vec<Option<StepRange>>,
    places: Places,
}

impl<'a> WindowMeans<'a> {
    /// Means in `count` columns over `steps`, of samples of which the first of all is at `oldest`.
    pub fn new(steps: StepRange, count: usize, window: MeanWindow<'a>, oldest: u64) -> Self {
        let places = Places::new(steps, count);
        Self { steps, window, oldest, buckets: Vec::new(), sampled: vec![None; count], places }
    }

    /// The steps of all windows together.
    pub fn step_range(&self) -> StepRange {
        self.steps.extended_by(self.window.reach.saturating_add(self.window.slack))
    }

    /// Adds a bucket.
    pub(super) fn add(&mut self, bucket: &Bucket) {
        if bucket.is_empty() {
            return;
        }
        self.buckets.push(*bucket);
        if let Some((from, to)) = self.places.span(bucket) {
            for sampled in &mut self.sampled[from..=to] {
                let first = sampled.map_or(bucket.first, |sampled| sampled.first);
                *sampled = Some(StepRange { first, last: bucket.last });
            }
        }
    }

    /// Each column with the mean of its window; columns without samples of their own hold `None`.
    pub fn into_columns(self) -> Vec<Option<f64>> {
        let count = self.sampled.len();
        // Windows ascend, and so do the buckets where they begin.
        let mut begin = 0;
        let mean = |(column, sampled): (usize, &Option<StepRange>)| {
            let sampled = (*sampled)?;
            let first = sampled.first.max(self.steps.step_of(column, count));
            let own = StepRange { first, last: sampled.last.min(self.steps.last_step_of(column, count)).max(first) };
            let window = self.window.around(own, self.oldest);
            while self.buckets.get(begin).is_some_and(|bucket| bucket.last < window.first) {
                begin += 1;
            }
            let inside = self.buckets[begin..].iter().take_while(|bucket| bucket.first <= window.last);
            // Added up anew for every column: a difference of running sums would forget small values beside huge ones.
            let (sum, weight) = inside.fold((0.0, 0.0), |(sum, weight), bucket| {
                let share = bucket.share_in(window);
                (sum + share * bucket.weighted_mean(), weight + share * f64::from(bucket.weight))
            });
            (weight > 0.0).then(|| sum / weight)
        };
        self.sampled.iter().enumerate().map(mean).collect()
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
