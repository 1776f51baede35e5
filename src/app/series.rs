//! A bounded memory of one metric over the whole run, in which no spike vanishes.
//!
//! Level `k` keeps the newest buckets, each of which covers `2^k` samples by their smallest, largest and mean value.
//! The newest samples are there one by one; the older a sample, the coarser the level that still covers it, and
//! the coarsest covers the whole run. An append touches two levels on average; a query reads one level.

use std::collections::VecDeque;

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
        let column = |step: u64| {
            let length = u128::from(self.last - self.first) + 1;
            (u128::from(step - self.first) * count as u128 / length) as usize
        };
        (self.contains(step) && count > 0).then(|| column(step))
    }

    /// The first step of column `column` of `count`.
    pub fn step_of(self, column: usize, count: usize) -> u64 {
        let length = u128::from(self.last - self.first) + 1;
        let offset = (column as u128 * length).div_ceil(count.max(1) as u128);
        self.first + offset.min(length - 1) as u64
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

/// `2^level` samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    first: u64,
    last: u64,
    /// Above `max` when no sample was finite.
    min: f32,
    max: f32,
    mean: f32,
    broken: bool,
}

impl Bucket {
    fn of(step: u64, value: f64) -> Self {
        if value.is_finite() {
            let value = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
            Self { first: step, last: step, min: value, max: value, mean: value, broken: false }
        } else {
            Self { first: step, last: step, min: f32::INFINITY, max: f32::NEG_INFINITY, mean: 0.0, broken: true }
        }
    }

    fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// Both together; each covers the same number of samples, so the mean is the middle of the two.
    fn merge(&self, later: &Self) -> Self {
        let mean = match (self.is_empty(), later.is_empty()) {
            (false, false) => self.mean * 0.5 + later.mean * 0.5,
            (true, _) => later.mean,
            (_, true) => self.mean,
        };
        Self {
            first: self.first,
            last: later.last,
            min: self.min.min(later.min),
            max: self.max.max(later.max),
            mean,
            broken: self.broken || later.broken,
        }
    }

    fn extent(&self) -> Option<Extent> {
        (!self.is_empty()).then(|| Extent { min: self.min.into(), max: self.max.into(), mean: self.mean.into() })
    }
}

#[derive(Clone, Debug, Default)]
struct Level {
    /// The newest buckets, oldest first.
    buckets: VecDeque<Bucket>,
    /// The newest bucket, while it waits for the one that makes a bucket of the next level with it.
    waiting: Option<Bucket>,
    /// Whether older buckets were dropped.
    dropped: bool,
}

/// One metric over the steps of a run. See the module for how it is kept.
#[derive(Clone, Debug)]
pub struct Series {
    capacity: usize,
    levels: Vec<Level>,
    latest: Option<(u64, f64)>,
    length: u64,
}

impl Series {
    /// A series that keeps at most `capacity` buckets a level; a query over the whole run sees at least half as many.
    ///
    /// It needs 32 bytes a bucket: with a capacity of 2048 and ten million samples 0.9 MiB.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(2), levels: Vec::new(), latest: None, length: 0 }
    }

    /// Appends the value at `step`, which may be NaN or infinite. A step that is not after the latest one is ignored.
    pub fn push(&mut self, step: u64, value: f64) {
        if self.latest.is_some_and(|(latest, _)| step <= latest) {
            return;
        }
        self.latest = Some((step, value));
        self.length += 1;
        let mut carry = Bucket::of(step, value);
        for k in 0.. {
            if k == self.levels.len() {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[k];
            if level.buckets.len() == self.capacity {
                level.buckets.pop_front();
                level.dropped = true;
            }
            level.buckets.push_back(carry);
            match level.waiting.take() {
                None => {
                    level.waiting = Some(carry);
                    return;
                }
                Some(earlier) => carry = earlier.merge(&carry),
            }
        }
    }

    /// Number of samples appended.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The newest sample, exactly as it was appended.
    pub fn latest(&self) -> Option<(u64, f64)> {
        self.latest
    }

    /// `count` columns over `steps`, as fine as what is kept allows.
    pub fn columns(&self, steps: StepRange, count: usize) -> Vec<Column> {
        let mut columns = vec![Column::default(); count];
        let mut samples = vec![0u32; count];
        for bucket in self.buckets(self.level_for(steps.first), steps) {
            let Some((from, to)) = span(bucket, steps, count) else { continue };
            for (column, samples) in columns[from..=to].iter_mut().zip(&mut samples[from..=to]) {
                column.broken |= bucket.broken;
                let Some(new) = bucket.extent() else { continue };
                *samples += 1;
                column.extent = Some(match column.extent {
                    None => new,
                    Some(old) => Extent {
                        min: old.min.min(new.min),
                        max: old.max.max(new.max),
                        mean: old.mean + (new.mean - old.mean) / f64::from(*samples),
                    },
                });
            }
        }
        columns
    }

    /// `count` columns of the exponential moving average in which the past weighs `weight` at each sample.
    ///
    /// Each column holds the average after its last sample; columns without samples hold `None`.
    pub fn smoothed(&self, steps: StepRange, count: usize, weight: f64) -> Vec<Option<f64>> {
        let mut columns = vec![None; count];
        let k = self.level_for(steps.first);
        let (mut sum, mut total) = (0.0, 0.0);
        let (mut keep, mut of_level) = (0.0, None);
        for (bucket, level) in self.with_past(k) {
            if bucket.first > steps.last {
                break;
            }
            let Some(extent) = bucket.extent() else { continue };
            if of_level != Some(level) {
                (keep, of_level) = (weight.powf((level as f64).exp2()), Some(level));
            }
            sum = sum * keep + extent.mean * (1.0 - keep);
            total = total * keep + (1.0 - keep);
            if let Some((from, to)) = span(bucket, steps, count) {
                columns[from..=to].fill(Some(sum / total));
            }
        }
        columns
    }

    /// The sample at `step`, or what is left of the samples around it, or else the last one before it.
    pub fn at(&self, step: u64) -> Option<Column> {
        let k = self.level_for(step);
        let level = self.levels.get(k)?;
        let mut tail = self.levels[..k].iter().filter_map(|level| level.waiting.as_ref());
        let bucket = tail.find(|bucket| bucket.first <= step).or_else(|| {
            let behind = level.buckets.partition_point(|bucket| bucket.first <= step);
            level.buckets.get(behind.checked_sub(1)?)
        })?;
        Some(Column { extent: bucket.extent(), broken: bucket.broken })
    }

    /// Bytes held on the heap.
    pub fn memory(&self) -> usize {
        let buckets: usize = self.levels.iter().map(|level| level.buckets.capacity()).sum();
        buckets * size_of::<Bucket>() + self.levels.capacity() * size_of::<Level>()
    }

    /// The finest level that still knows of `step`.
    fn level_for(&self, step: u64) -> usize {
        let covers = |level: &Level| !level.dropped || level.buckets.front().is_some_and(|b| b.first <= step);
        self.levels.iter().position(covers).unwrap_or(0)
    }

    /// The buckets of level `k` inside `steps`, and after them the samples too few yet for a bucket of that level.
    fn buckets(&self, k: usize, steps: StepRange) -> impl Iterator<Item = &Bucket> {
        let ring = self.levels.get(k).map(|level| {
            let start = level.buckets.partition_point(|bucket| bucket.last < steps.first);
            level.buckets.range(start..)
        });
        let tail = self.levels[..k.min(self.levels.len())].iter().rev().filter_map(|level| level.waiting.as_ref());
        ring.into_iter()
            .flatten()
            .chain(tail)
            .skip_while(move |bucket| bucket.last < steps.first)
            .take_while(move |bucket| bucket.first <= steps.last)
    }

    /// All buckets of level `k` with their levels; where its past was dropped, that of the next level comes first,
    /// so that an average does not begin anew at the left edge.
    fn with_past(&self, k: usize) -> impl Iterator<Item = (&Bucket, usize)> {
        let level = self.levels.get(k);
        let from = level.and_then(|level| level.buckets.front()).map_or(0, |bucket| bucket.first);
        let past = self.levels.get(k + 1).filter(|_| level.is_some_and(|level| level.dropped));
        let past = past.into_iter().flat_map(|past| &past.buckets).take_while(move |bucket| bucket.last < from);
        let tail = self.levels[..k.min(self.levels.len())].iter().enumerate().rev();
        past.map(move |bucket| (bucket, k + 1))
            .chain(level.into_iter().flat_map(move |level| level.buckets.iter().map(move |bucket| (bucket, k))))
            .chain(tail.filter_map(|(level, tail)| tail.waiting.as_ref().map(|bucket| (bucket, level))))
    }
}

/// First and last column that a bucket touches.
fn span(bucket: &Bucket, steps: StepRange, count: usize) -> Option<(usize, usize)> {
    if bucket.last < steps.first || bucket.first > steps.last {
        return None;
    }
    let from = steps.column_of(bucket.first.max(steps.first), count)?;
    let to = steps.column_of(bucket.last.min(steps.last), count)?;
    Some((from, to))
}
