//! A bounded memory of one metric over the steps of one branch, in which no spike vanishes.
//!
//! Level 0 keeps the newest samples one by one. Level `k` keeps the newest buckets, each of which covers `4^k` samples
//! by their smallest, largest and mean value. The older a sample, the coarser the level that still covers it, and the
//! coarsest covers the whole run. An append touches four levels for every three samples; a query reads one level.
//!
//! A sample has a weight: the share of a full minibatch that it was measured on. A last minibatch of an epoch with few
//! samples varies far more than the others, and is no event: means count it by its weight, and where every minibatch is
//! drawn, it is drawn together with so much of the one before it as makes up a full one.

mod columns;

use std::{collections::VecDeque, ops::Range};

pub use columns::{Column, ColumnSums, Extent, MeanWindow, StepExtent, StepRange, WindowMeans};

/// Buckets of one level that make one of the next.
const FAN_IN: usize = 4;

/// A value as level 0 keeps it: in about half the bytes of a bucket, since these are most of what an append writes.
#[derive(Clone, Copy, Debug)]
struct Sample {
    step: u64,
    /// NaN where it was not finite.
    value: f32,
    /// What is drawn of it: the value, with so much of the one before it as its weight leaves.
    drawn: f32,
    weight: f32,
}

impl Sample {
    /// A sample after another.
    fn new(step: u64, value: f64, weight: f64, before: Option<&Self>) -> Self {
        let limit = |value: f64| value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        let before = before.map(|before| f64::from(before.value)).filter(|before| before.is_finite());
        // Not NaN: `clamp` would keep it, and nothing weighs more than a full minibatch.
        let weight = if weight > 0.0 { weight.min(1.0) } else { 1.0 };
        let drawn = before.filter(|_| weight < 1.0).map_or(value, |before| weight * value + (1.0 - weight) * before);
        let value = if value.is_finite() { limit(value) } else { f32::NAN };
        Self { step, value, drawn: limit(drawn), weight: weight as f32 }
    }
}

/// `4^level` samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    first: u64,
    last: u64,
    /// Above `max` when no sample was finite.
    min: f32,
    max: f32,
    mean: f32,
    /// Weight of the finite samples.
    weight: f32,
    broken: bool,
}

impl From<Sample> for Bucket {
    fn from(Sample { step, value, drawn, weight }: Sample) -> Self {
        let (first, last) = (step, step);
        if value.is_nan() {
            Self { first, last, min: f32::INFINITY, max: f32::NEG_INFINITY, mean: 0.0, weight: 0.0, broken: true }
        } else {
            Self { first, last, min: drawn, max: drawn, mean: value, weight, broken: false }
        }
    }
}

impl Bucket {
    fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// All of them together, in ascending order.
    fn of_all(buckets: [Self; FAN_IN]) -> Self {
        let sum = buckets.iter().map(Self::weighted_mean).sum::<f64>();
        let weight = buckets.iter().map(|bucket| f64::from(bucket.weight)).sum::<f64>();
        Self {
            first: buckets[0].first,
            last: buckets[FAN_IN - 1].last,
            min: buckets.iter().map(|bucket| bucket.min).fold(f32::INFINITY, f32::min),
            max: buckets.iter().map(|bucket| bucket.max).fold(f32::NEG_INFINITY, f32::max),
            mean: if weight > 0.0 { (sum / weight) as f32 } else { 0.0 },
            weight: weight as f32,
            broken: buckets.iter().any(|bucket| bucket.broken),
        }
    }

    /// Where a line through it goes; NaN where nothing is finite.
    fn drawn_value(&self) -> f64 {
        self.extent().map_or(f64::NAN, Extent::drawn_value)
    }

    /// The share of its steps that lie in `steps`.
    fn share_in(&self, steps: StepRange) -> f64 {
        let (first, last) = (self.first.max(steps.first), self.last.min(steps.last));
        if (first, last) == (self.first, self.last) {
            return 1.0;
        }
        let length = |first: u64, last: u64| last.saturating_sub(first) as f64 + 1.0;
        length(first, last) / length(self.first, self.last)
    }

    /// Mean of the finite samples times their weight.
    fn weighted_mean(&self) -> f64 {
        f64::from(self.weight) * f64::from(self.mean)
    }

    fn column(&self) -> Column {
        Column { extent: self.extent(), broken: self.broken }
    }

    fn extent(&self) -> Option<Extent> {
        (!self.is_empty()).then(|| Extent { min: self.min.into(), max: self.max.into(), mean: self.mean.into() })
    }
}

/// The newest samples or buckets, oldest first.
#[derive(Clone, Debug)]
struct Level<B> {
    newest: VecDeque<B>,
    /// Whether older ones were dropped.
    dropped: bool,
}

impl<B> Default for Level<B> {
    fn default() -> Self {
        Self { newest: VecDeque::new(), dropped: false }
    }
}

impl<B: Copy + Into<Bucket>> Level<B> {
    fn push(&mut self, item: B, capacity: usize) {
        if self.newest.len() == capacity {
            self.newest.pop_front();
            self.dropped = true;
        }
        self.newest.push_back(item);
    }

    /// The last ones together.
    fn last_together(&self) -> Bucket {
        let first = self.newest.len() - FAN_IN;
        Bucket::of_all(std::array::from_fn(|place| self.newest[first + place].into()))
    }

    fn keep_newest(&mut self, capacity: usize) {
        let surplus = self.newest.len().saturating_sub(capacity);
        self.dropped |= surplus > 0;
        self.newest.drain(..surplus);
        self.newest.shrink_to(capacity);
    }
}

/// One metric over the steps of a run. See the module for how it is kept.
#[derive(Clone, Debug)]
pub struct Series {
    capacity: usize,
    /// Level 0.
    samples: Level<Sample>,
    /// The levels from 1 on.
    coarser: Vec<Level<Bucket>>,
    /// Samples appended.
    appended: u64,
    latest: Option<(u64, f64)>,
}

impl Series {
    /// A series that keeps at most `capacity` samples or buckets per level; a query over the whole run sees at least a
    /// quarter as many.
    ///
    /// It needs 24 bytes per sample and 40 per bucket: with a capacity of 2048 and ten million samples 0.6 MiB.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(FAN_IN),
            samples: Level::default(),
            coarser: Vec::new(),
            appended: 0,
            latest: None,
        }
    }

    /// Keeps at least `capacity` buckets per level from now on. What was dropped before stays as coarse as it is.
    pub fn grow(&mut self, capacity: usize) {
        self.capacity = self.capacity.max(capacity);
    }

    /// Keeps at most `capacity` buckets per level from now on: the newest.
    pub fn keep_newest(&mut self, capacity: usize) {
        self.capacity = capacity.max(FAN_IN);
        self.samples.keep_newest(self.capacity);
        self.coarser.iter_mut().for_each(|level| level.keep_newest(self.capacity));
    }

    /// Appends the value at `step`, which may be NaN or infinite, with its weight: the share of a full minibatch that it
    /// was measured on. A step that is not after the latest one is ignored.
    pub fn push(&mut self, step: u64, value: f64, weight: f64) {
        if self.latest.is_some_and(|(latest, _)| step <= latest) {
            return;
        }
        self.latest = Some((step, value));
        self.samples.push(Sample::new(step, value, weight, self.samples.newest.back()), self.capacity);
        self.appended += 1;
        if self.appended.is_multiple_of(FAN_IN as u64) {
            self.push_bucket(self.samples.last_together());
        }
    }

    /// Appends a bucket to level 1, and to the levels above it what is whole now.
    fn push_bucket(&mut self, mut bucket: Bucket) {
        let mut count = self.appended / FAN_IN as u64;
        for k in 0.. {
            if k == self.coarser.len() {
                self.coarser.push(Level::default());
            }
            let level = &mut self.coarser[k];
            level.push(bucket, self.capacity);
            if !count.is_multiple_of(FAN_IN as u64) {
                return;
            }
            count /= FAN_IN as u64;
            bucket = level.last_together();
        }
    }

    /// The same values with every step somewhere else, in the same order.
    pub fn with_steps(&self, place: &impl Fn(u64) -> u64) -> Self {
        let mut moved = self.clone();
        moved.samples.newest.iter_mut().for_each(|sample| sample.step = place(sample.step));
        let buckets = moved.coarser.iter_mut().flat_map(|level| &mut level.newest);
        buckets.for_each(|bucket| (bucket.first, bucket.last) = (place(bucket.first), place(bucket.last)));
        moved.latest = self.latest.map(|(step, value)| (place(step), value));
        moved
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.latest.is_none()
    }

    /// The newest sample up to `limit` and its step; the mean of the last that are left, where it is not kept alone.
    pub fn latest_until(&self, limit: u64) -> Option<(u64, f64)> {
        if let Some(latest) = self.latest.filter(|(step, _)| *step <= limit) {
            return Some(latest);
        }
        let bucket = self.newest_bucket(limit)?;
        Some((bucket.last, if bucket.is_empty() { f64::NAN } else { bucket.mean.into() }))
    }

    /// The newest sample up to `limit` as it is drawn, and its step; the mean of the last that are left, where it is not
    /// kept alone.
    pub fn drawn_until(&self, limit: u64) -> Option<(u64, f64)> {
        self.newest_bucket(limit).map(|bucket| (bucket.last, bucket.drawn_value()))
    }

    /// The oldest sample from `first` on, up to `limit`, as it is drawn, and its step; the mean of the first that are left,
    /// where it is not kept alone.
    pub fn earliest_from(&self, first: u64, limit: u64) -> Option<(u64, f64)> {
        let k = self.level_for(first);
        let bucket = self.pieces(k, first, limit).find(|bucket| bucket.first >= first)?;
        Some((bucket.first, bucket.drawn_value()))
    }

    /// Mean of the newest samples up to `limit` that are kept alone, at most `most`, and how many they are.
    pub fn newest_mean(&self, limit: u64, most: usize) -> Option<(f64, usize)> {
        let samples = self.samples.newest.iter().rev().skip_while(|sample| sample.step > limit);
        let samples = samples.take(most).map(|sample| Bucket::from(*sample));
        let (sum, weight, count) = samples.filter(|sample| !sample.is_empty()).fold((0.0, 0.0, 0), |sums, sample| {
            (sums.0 + sample.weighted_mean(), sums.1 + f64::from(sample.weight), sums.2 + 1)
        });
        (count > 0).then(|| (sum / weight, count))
    }

    /// Adds the samples up to `limit` to `columns`, as fine as what is kept allows.
    pub fn add_to(&self, columns: &mut ColumnSums, first: u64, limit: u64) {
        let steps = columns.step_range();
        // `for_each` goes over each slice in one loop, where a `for` loop would ask the nested iterators for every bucket.
        self.pieces_in(steps, first, limit).for_each(|bucket| columns.add(&bucket));
    }

    /// Adds the samples up to `limit` to means over windows of steps.
    pub fn add_to_means(&self, means: &mut WindowMeans<'_>, first: u64, limit: u64) {
        let steps = means.step_range();
        self.pieces_in(steps, first, limit).for_each(|bucket| means.add(&bucket));
    }

    /// The samples from `first` up to `limit` that may lie in `steps`, as fine as what is kept allows.
    fn pieces_in(&self, steps: StepRange, first: u64, limit: u64) -> impl Iterator<Item = Bucket> {
        let first = first.max(steps.first);
        self.pieces(self.level_for(first), first, limit).take_while(move |bucket| bucket.first <= steps.last)
    }

    /// The sample at `step`, or what is left of the samples around it, or else the last one before it, with the steps that
    /// it is of; of samples after `limit` none.
    pub fn at(&self, step: u64, limit: u64) -> Option<(StepRange, Column)> {
        let k = self.level_for(step);
        let after = self.partition_point(k, |bucket| bucket.first <= step);
        let around = self.bucket(k, after.checked_sub(1)?)?;
        let bucket = if around.last <= limit { around } else { self.newest_bucket(limit.min(step))? };
        Some((StepRange { first: bucket.first, last: bucket.last }, bucket.column()))
    }

    /// The newest bucket that does not reach beyond `limit`, and of several that end there the finest.
    fn newest_bucket(&self, limit: u64) -> Option<Bucket> {
        let newest = |k| self.bucket(k, self.partition_point(k, |bucket| bucket.last <= limit).checked_sub(1)?);
        (0..self.levels()).rev().filter_map(newest).max_by_key(|bucket| bucket.last)
    }

    /// Bytes held on the heap.
    pub fn memory(&self) -> usize {
        let buckets: usize = self.coarser.iter().map(|level| level.newest.capacity()).sum();
        self.samples.newest.capacity() * size_of::<Sample>()
            + buckets * size_of::<Bucket>()
            + self.coarser.capacity() * size_of::<Level<Bucket>>()
    }

    fn levels(&self) -> usize {
        self.coarser.len() + 1
    }

    /// Samples or buckets of a level.
    fn count(&self, k: usize) -> usize {
        let buckets = |k: usize| self.coarser.get(k).map_or(0, |level| level.newest.len());
        k.checked_sub(1).map_or(self.samples.newest.len(), buckets)
    }

    fn bucket(&self, k: usize, place: usize) -> Option<Bucket> {
        match k.checked_sub(1) {
            None => self.samples.newest.get(place).map(|sample| (*sample).into()),
            Some(k) => self.coarser.get(k)?.newest.get(place).copied(),
        }
    }

    /// Place of the first bucket of a level of which `before` does not hold.
    fn partition_point(&self, k: usize, before: impl Fn(&Bucket) -> bool) -> usize {
        match k.checked_sub(1) {
            None => self.samples.newest.partition_point(|sample| before(&(*sample).into())),
            Some(k) => self.coarser.get(k).map_or(0, |level| level.newest.partition_point(before)),
        }
    }

    fn has_dropped(&self, k: usize) -> bool {
        k.checked_sub(1).map_or(self.samples.dropped, |k| self.coarser.get(k).is_some_and(|level| level.dropped))
    }

    fn buckets(&self, k: usize, places: Range<usize>) -> impl DoubleEndedIterator<Item = Bucket> {
        let (samples, coarser) = match k.checked_sub(1) {
            None => (Some(self.samples.newest.range(places)), None),
            Some(k) => (None, self.coarser.get(k).map(|level| level.newest.range(places))),
        };
        let samples = samples.into_iter().flatten().map(|sample| Bucket::from(*sample));
        samples.chain(coarser.into_iter().flatten().copied())
    }

    /// The finest level that still knows of `step`.
    fn level_for(&self, step: u64) -> usize {
        let covers = |k: &usize| !self.has_dropped(*k) || self.bucket(*k, 0).is_some_and(|b| b.first <= step);
        (0..self.levels()).find(covers).unwrap_or(0)
    }

    /// The samples from `first` on in buckets of level `k` and, where one of these would reach beyond `limit` or is not
    /// whole yet, in buckets of the finer levels, as far as these are kept. Ascending.
    fn pieces(&self, k: usize, first: u64, limit: u64) -> impl Iterator<Item = Bucket> {
        // The first step that is not covered by what came so far; `None` after the last one that there is.
        let mut next = Some(first);
        (0..=k).rev().flat_map(move |k| {
            let start = next.map_or(self.count(k), |next| self.partition_point(k, |bucket| bucket.last < next));
            let end = self.partition_point(k, |bucket| bucket.last <= limit).max(start);
            if let Some(last) = self.buckets(k, start..end).next_back() {
                next = last.last.checked_add(1);
            }
            self.buckets(k, start..end)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(first: u64, last: u64) -> StepRange {
        StepRange { first, last }
    }

    /// A series by itself, as on the only branch.
    impl Series {
        fn columns(&self, steps: StepRange, count: usize) -> Vec<Column> {
            let mut columns = ColumnSums::new(steps, count);
            self.add_to(&mut columns, 0, u64::MAX);
            columns.into_columns()
        }

        fn smoothed(&self, steps: StepRange, count: usize, reach: u64) -> Vec<Option<f64>> {
            self.smoothed_within(steps, count, MeanWindow::of_steps(reach, &[]))
        }

        fn smoothed_within(&self, steps: StepRange, count: usize, window: MeanWindow<'_>) -> Vec<Option<f64>> {
            let oldest = self.earliest_from(0, u64::MAX).map_or(0, |(step, _)| step);
            let mut means = WindowMeans::new(steps, count, window, oldest);
            self.add_to_means(&mut means, 0, u64::MAX);
            means.into_columns()
        }
    }

    fn series(capacity: usize, samples: &[(u64, f64)]) -> Series {
        let mut series = Series::new(capacity);
        for (step, value) in samples {
            series.push(*step, *value, 1.0);
        }
        series
    }

    #[test]
    fn nothing_and_one_sample_are_series_too() {
        let mut series = Series::new(8);
        assert_eq!(series.columns(range(1, 10), 3), vec![Column::default(); 3]);
        assert_eq!((series.at(4, u64::MAX), series.smoothed(range(1, 10), 2, 9)), (None, vec![None, None]));
        series.push(4, 2.5, 1.0);
        let only = Column { extent: Some(Extent { min: 2.5, max: 2.5, mean: 2.5 }), broken: false };
        assert_eq!(series.columns(range(1, 9), 3), vec![Column::default(), only, Column::default()]);
        assert_eq!(series.smoothed(range(1, 9), 3, 9)[1].map(|value| (value * 1e6).round()), Some(2.5e6));
        assert_eq!(
            (series.at(3, u64::MAX), series.at(4, u64::MAX), series.at(100, u64::MAX)),
            (None, Some((range(4, 4), only)), Some((range(4, 4), only)))
        );
        assert!(series.columns(range(1, 9), 0).is_empty());
    }

    #[test]
    fn non_finite_values_break_their_column_and_no_other() {
        let samples: Vec<(u64, f64)> = (1..=300).map(|step| (step, if step == 150 { f64::NAN } else { 1.0 })).collect();
        let series = series(32, &samples);
        let columns = series.columns(range(1, 300), 10);
        let broken: Vec<usize> = (0..10).filter(|column| columns[*column].broken).collect();
        assert!(broken.contains(&4) && broken.len() <= 2, "{broken:?}");
        assert!(columns.iter().all(|column| column.extent.is_some_and(|extent| extent.mean == 1.0)));
        assert!(series.smoothed(range(1, 300), 10, 9).iter().flatten().all(|value| (value - 1.0).abs() < 1e-6));
    }

    #[test]
    fn steps_that_do_not_advance_are_ignored() {
        let series = series(8, &[(5, 1.0), (5, 9.0), (4, 9.0), (6, 2.0)]);
        assert_eq!(series.latest_until(u64::MAX), Some((6, 2.0)));
        assert_eq!(series.columns(range(1, 10), 1)[0].extent.map(|extent| extent.max), Some(2.0));
    }

    #[test]
    fn huge_values_and_steps_stay_finite_and_in_place() {
        let series = series(4, &[(0, 1e300), (1, -1e300), (u64::MAX - 1, 3.0), (u64::MAX, f64::INFINITY)]);
        let columns = series.columns(range(0, u64::MAX), 4);
        let extent = columns[0].extent.unwrap();
        assert!(extent.max.is_finite() && extent.max > 1e38 && extent.min < -1e38 && extent.mean.is_finite());
        assert!(columns[3].broken && columns[3].extent.is_some_and(|extent| extent.max == 3.0));
    }

    #[test]
    fn something_is_known_before_every_place_where_a_branch_may_leave() {
        for (capacity, samples) in [(128, 1000), (2048, 5000), (8, 777)] {
            let mut series = Series::new(capacity);
            (1..=samples).for_each(|step| series.push(step, step as f64, 1.0));
            // Samples in a bucket of the coarsest level that is needed.
            let coarsest = (2 * samples / capacity as u64).next_power_of_two();
            for limit in 1..=samples {
                let at = series.at(limit, limit).and_then(|(_, column)| column.extent);
                match series.latest_until(limit) {
                    Some((step, _)) => {
                        assert!(step <= limit && limit - step < 2 * coarsest, "{capacity}: {step} of {limit}");
                        assert!(at.is_some_and(|extent| extent.max == step as f64));
                    }
                    None => assert!(limit < coarsest && at.is_none(), "{capacity}: {limit}"),
                }
            }
        }
    }

    #[test]
    fn a_series_that_shrinks_keeps_its_newest_values_and_the_whole_run_in_sight() {
        let mut series = Series::new(512);
        (1..=10_000u64).for_each(|step| series.push(step, if step == 7 { 100.0 } else { 1.0 }, 1.0));
        let before = series.memory();
        series.keep_newest(64);
        assert!(series.memory() < before / 4, "{} of {before}", series.memory());
        for step in 10_001..=10_100 {
            series.push(step, 2.0, 1.0);
        }
        assert_eq!(series.latest_until(u64::MAX), Some((10_100, 2.0)));
        let columns = series.columns(range(1, 10_100), 20);
        assert_eq!(columns[0].extent.map(|extent| extent.max), Some(100.0));
        assert!(columns.iter().all(|column| column.extent.is_some()));
    }

    #[test]
    fn the_mean_of_a_column_counts_samples_and_not_buckets() {
        let mut series = Series::new(16);
        (1..=1000u64).for_each(|step| series.push(step, step as f64, 1.0));
        let mean = series.columns(range(1, 1000), 1)[0].extent.unwrap().mean;
        assert!((mean - 500.5).abs() < 1.0, "{mean}");
    }

    #[test]
    fn memory_stays_bounded_and_the_whole_run_in_sight() {
        let mut series = Series::new(512);
        let mut at_quarter = 0;
        for step in 1..=400_000u64 {
            series.push(step, if step == 7 { 100.0 } else { 1.0 }, 1.0);
            if step == 100_000 {
                at_quarter = series.memory();
            }
        }
        // One more level for four times the samples, no more.
        assert!(series.memory() <= at_quarter + 512 * size_of::<Bucket>() + 8 * size_of::<Level<Bucket>>());
        assert!(series.memory() < 400 * 1024, "{}", series.memory());
        let columns = series.columns(range(1, 400_000), 200);
        assert_eq!(columns[0].extent.map(|extent| extent.max), Some(100.0));
        assert!(columns.iter().all(|column| column.extent.is_some()));
    }

    #[test]
    fn smoothing_is_the_mean_of_as_many_on_either_side() {
        let value = |step: u64| (step as f64 * 0.3).sin();
        let samples: Vec<(u64, f64)> = (1..=200).map(|step| (step, value(step))).collect();
        let series = series(256, &samples);
        for reach in [0, 1, 9, 49, 500] {
            // The second window has a past and a future.
            for window in [range(1, 200), range(81, 160)] {
                let smoothed = series.smoothed(window, window.length() as usize, reach);
                for (step, smoothed) in (window.first..).zip(smoothed) {
                    let reach = reach.min(step - 1);
                    let around: Vec<f64> = (step - reach..=(step + reach).min(200)).map(value).collect();
                    let exact = around.iter().sum::<f64>() / around.len() as f64;
                    assert!((smoothed.unwrap() - exact).abs() < 1e-6, "±{reach} at {step}");
                }
            }
        }
        // At the newest step it is the mean of the last fifty.
        let newest = series.smoothed(range(200, 200), 1, 49)[0].unwrap();
        assert!((newest - series.newest_mean(u64::MAX, 50).unwrap().0).abs() < 1e-9);
    }

    #[test]
    fn no_effect_of_a_change_is_drawn_before_it() {
        // It falls until step 100, and is something else afterwards, in another way again after step 130.
        let value = |step: u64| if step <= 100 { 2.0 } else { 5.0 + f64::from(u8::from(step > 130)) };
        let samples: Vec<(u64, f64)> = (1..=200).map(|step| (step, value(step))).collect();
        let series = series(256, &samples);
        let window = MeanWindow::of_steps(49, &[0, 100, 130, 500]);
        let smoothed = |steps: StepRange, count| series.smoothed_within(steps, count, window);
        for window in [range(1, 200), range(90, 135), range(101, 101)] {
            for (step, smoothed) in (window.first..).zip(smoothed(window, window.length() as usize)) {
                assert!((smoothed.unwrap() - value(step)).abs() < 1e-6, "{smoothed:?} at {step}");
            }
        }
        // Only the column of the change itself is of both sides.
        let coarse: Vec<f64> =
            smoothed(range(1, 200), 13).into_iter().map(|mean| (mean.unwrap() * 10.0).round()).collect();
        assert_eq!(coarse, [20.0, 20.0, 20.0, 20.0, 20.0, 20.0, 36.0, 50.0, 56.0, 60.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn a_ramp_is_not_drawn_later_than_it_is() {
        let samples: Vec<(u64, f64)> = (1..=2000).map(|step| (step, step as f64)).collect();
        let series = series(4096, &samples);
        let window = range(101, 1900);
        for (column, smoothed) in series.smoothed(window, 90, 49).into_iter().enumerate() {
            let middle = window.step_of(column, 90) as f64 + 9.5;
            assert!((smoothed.unwrap() - middle).abs() < 1e-3, "column {column}");
        }
    }

    #[test]
    fn smoothing_of_old_buckets_stays_near_its_definition() {
        let mut series = Series::new(64);
        let value = |step: u64| 1.0 + (step as f64 / 1500.0).sin();
        (1..=10_000).for_each(|step| series.push(step, value(step), 1.0));
        let window = range(5001, 10_000);
        for (column, smoothed) in series.smoothed(window, 20, 49).iter().enumerate() {
            let exact = value(window.step_of(column, 20) + 125);
            assert!((smoothed.unwrap() - exact).abs() < 0.05, "column {column}");
        }
    }

    #[test]
    fn small_values_are_not_lost_beside_huge_ones() {
        let mut series = Series::new(512);
        (1..=400).for_each(|step| series.push(step, if step == 3 { 1e30 } else { 0.5 }, 1.0));
        assert_eq!(series.smoothed(range(201, 400), 200, 9), vec![Some(0.5); 200]);
    }

    /// 65 samples in minibatches of 64: every second minibatch has one sample, which is right or wrong.
    #[test]
    fn a_small_last_minibatch_weighs_little_and_is_no_event() {
        let mut series = Series::new(64);
        for step in 1..=40u64 {
            let small = step.is_multiple_of(2);
            series.push(step, if small { (step / 2 % 2) as f64 } else { 0.5 }, if small { 1.0 / 64.0 } else { 1.0 });
        }
        for column in series.columns(range(1, 40), 40) {
            let extent = column.extent.unwrap();
            assert!(extent.min > 0.49 && extent.max < 0.51, "{extent:?}");
        }
        let mean = series.columns(range(1, 40), 1)[0].extent.unwrap().mean;
        // 20 times 32 samples right, and 10 of 20.
        assert!((mean - 650.0 / 1300.0).abs() < 1e-6, "{mean}");
        // A line that leaves a window towards it goes where it is drawn.
        assert!(
            (series.drawn_until(40).unwrap().1 - 0.5).abs() < 0.01 && series.earliest_from(40, 40).unwrap().1 > 0.49
        );
        assert_eq!(series.at(40, u64::MAX).and_then(|(_, column)| column.extent).map(|extent| extent.mean), Some(0.0));
        // One that is no number is an event all the same, and what comes after it stands alone.
        let mut series = Series::new(64);
        series.push(1, f64::NAN, 1.0);
        series.push(2, 3.0, 0.1);
        let columns = series.columns(range(1, 2), 2);
        assert!(columns[0].broken && columns[1].extent.is_some_and(|extent| extent.min == 3.0));
    }

    #[test]
    fn neighbours_of_a_window_are_found() {
        let samples: Vec<(u64, f64)> = (1..=500).map(|step| (step * 10, step as f64)).collect();
        for capacity in [1024, 64] {
            let series = series(capacity, &samples);
            let (before, after) = (series.latest_until(4_805).unwrap(), series.earliest_from(4_816, u64::MAX).unwrap());
            assert_eq!((before, after), ((4_800, 480.0), (4_820, 482.0)));
            assert_eq!((series.earliest_from(5_001, u64::MAX), series.latest_until(9)), (None, None));
            assert_eq!(series.earliest_from(4_816, 4_819), None);
        }
    }

    proptest! {
        /// Against a twin that keeps everything: every finite sample in the window lies within the extent of its
        /// column, every broken one marks it, and no column shows a value that occurs nowhere.
        #[test]
        fn no_spike_vanishes_at_any_zoom(
            capacity in 1usize..40,
            gaps in prop::collection::vec((1u64..6, prop::num::f32::ANY), 0..600),
            window in (0u64..2000, 0u64..2000),
            count in 1usize..120,
        ) {
            let mut step = 0;
            let samples: Vec<(u64, f64)> = gaps.into_iter().map(|(gap, value)| {
                step += gap;
                (step, f64::from(value))
            }).collect();
            let series = series(capacity, &samples);
            let steps = range(window.0, window.0 + window.1);
            let columns = series.columns(steps, count);
            prop_assert_eq!(columns.len(), count);
            for (step, value) in &samples {
                let Some(column) = steps.column_of(*step, count) else { continue };
                if value.is_finite() {
                    let extent = columns[column].extent;
                    prop_assert!(extent.is_some_and(|extent| extent.min <= *value && *value <= extent.max));
                } else {
                    prop_assert!(columns[column].broken);
                }
            }
            for extent in columns.iter().filter_map(|column| column.extent) {
                prop_assert!(extent.min <= extent.max);
                prop_assert!(samples.iter().any(|(_, value)| *value == extent.min));
                prop_assert!(samples.iter().any(|(_, value)| *value == extent.max));
            }
        }

        /// With everything still there, columns are exactly the samples in them, and `at` is the sample itself.
        #[test]
        fn what_is_kept_whole_is_exact(
            values in prop::collection::vec(-100f32..100.0, 1..200),
            count in 1usize..60,
        ) {
            let samples: Vec<(u64, f64)> = (1u64..).zip(values.iter().map(|value| f64::from(*value))).collect();
            let series = series(256, &samples);
            let steps = range(1, samples.len() as u64);
            for (column, shown) in series.columns(steps, count).iter().enumerate() {
                let inside: Vec<f64> =
                    samples.iter().filter(|(step, _)| steps.column_of(*step, count) == Some(column)).map(|s| s.1).collect();
                prop_assert_eq!(shown.extent.is_some(), !inside.is_empty());
                let Some(extent) = shown.extent else { continue };
                prop_assert_eq!(extent.min, inside.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(extent.max, inside.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                let mean = inside.iter().sum::<f64>() / inside.len() as f64;
                prop_assert!((extent.mean - mean).abs() < 1e-3);
            }
            for (step, value) in &samples {
                let at = series.at(*step, u64::MAX).and_then(|(_, column)| column.extent);
                prop_assert_eq!(at.map(|extent| (extent.min, extent.max)), Some((*value, *value)));
            }
        }

        /// As the means are defined: a column with a cut among its samples is of these alone, and any other of these and
        /// of as many steps on either side, which no cut and not the beginning of the run divides from them.
        #[test]
        fn means_agree_with_a_slow_twin(
            gaps in prop::collection::vec((1u64..4, -100f32..100.0), 1..150),
            cuts in prop::collection::btree_set(0u64..400, 0..6),
            (first, length) in (0u64..300, 1u64..400),
            count in 1usize..130,
            reach in 0u64..60,
        ) {
            let mut step = 0;
            let samples: Vec<(u64, f64)> = gaps.into_iter().map(|(gap, value)| {
                step += gap;
                (step, f64::from(value))
            }).collect();
            let (steps, cuts) = (range(first, first + length - 1), cuts.into_iter().collect::<Vec<u64>>());
            let mean_of = |steps: StepRange| {
                let inside: Vec<f64> = samples.iter().filter(|(step, _)| steps.contains(*step)).map(|s| s.1).collect();
                inside.iter().sum::<f64>() / inside.len() as f64
            };
            let is_cut_off = |own: StepRange, other: u64| {
                cuts.iter().any(|cut| (other <= *cut && *cut < own.first) || (own.last <= *cut && *cut < other))
            };
            let shown = series(256, &samples).smoothed_within(steps, count, MeanWindow::of_steps(reach, &cuts));
            for (column, shown) in shown.into_iter().enumerate() {
                let mut inside =
                    samples.iter().map(|(step, _)| *step).filter(|step| steps.column_of(*step, count) == Some(column));
                let Some(first) = inside.clone().next() else {
                    prop_assert_eq!(shown, None);
                    continue;
                };
                let own = range(first, inside.next_back().unwrap_or(first));
                let mut window = own;
                let holds_cut = cuts.iter().any(|cut| own.first <= *cut && *cut < own.last);
                for _ in 0..if holds_cut { 0 } else { reach } {
                    let (before, after) = (window.first.wrapping_sub(1), window.last + 1);
                    if window.first <= samples[0].0 || is_cut_off(own, before) || is_cut_off(own, after) {
                        break;
                    }
                    window = range(before, after);
                }
                let exact = mean_of(window);
                prop_assert!(shown.is_some_and(|shown| (shown - exact).abs() < 1e-3), "{column}: {shown:?} {exact}");
            }
        }

        /// The first step of a column lies in it, and the step before does not.
        #[test]
        fn columns_and_steps_agree(first in 0u64..1000, length in 1u64..5000, count in 1usize..300, column in 0usize..300) {
            let steps = range(first, first + length - 1);
            let column = column % count;
            let step = steps.step_of(column, count);
            prop_assert!(steps.contains(step));
            if length >= count as u64 {
                prop_assert_eq!(steps.column_of(step, count), Some(column));
                prop_assert!(step == first || steps.column_of(step - 1, count) == Some(column - 1));
            }
        }
    }
}
