//! One metric over all branches of a run: a series a branch, read along the way to the current branch.

use crate::protocol::BranchId;

use super::branches::{BranchStretch, Lineage};
use super::series::{Column, ColumnSums, Extent, MeanWindow, Series, StepRange, WindowMeans};

/// Buckets per level of a series that is not shown: ten thousand samples take about 30 KiB.
const COARSE_LEVEL_BUCKETS: usize = 256;

/// One metric over the steps of every branch.
#[derive(Clone, Debug)]
pub struct MetricTrack {
    /// The branch that got the newest value, and its series.
    branch: BranchId,
    series: Series,
    /// Those of the other branches that have values.
    others: Vec<(BranchId, Series)>,
    capacity: usize,
}

impl Default for MetricTrack {
    fn default() -> Self {
        Self::with_capacity(COARSE_LEVEL_BUCKETS)
    }
}

impl MetricTrack {
    /// A track that keeps `capacity` buckets a level of each branch.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { branch: BranchId::default(), series: Series::new(capacity), others: Vec::new(), capacity }
    }

    /// Keeps at least `capacity` buckets a level from now on, because it is shown.
    pub fn grow(&mut self, capacity: usize) {
        if capacity > self.capacity {
            self.capacity = capacity;
            self.series.grow(capacity);
            self.others.iter_mut().for_each(|(_, series)| series.grow(capacity));
        }
    }

    /// Keeps at most as much as a track that is not shown, from now on.
    pub fn keep_newest(&mut self) {
        if self.capacity > COARSE_LEVEL_BUCKETS {
            self.capacity = COARSE_LEVEL_BUCKETS;
            self.series.keep_newest(COARSE_LEVEL_BUCKETS);
            self.others.iter_mut().for_each(|(_, series)| series.keep_newest(COARSE_LEVEL_BUCKETS));
        }
    }

    /// Appends a value and its weight, which is the share of a full minibatch that it was measured on, on the branch that grows; one before the branch began, or not
    /// after the latest, is ignored.
    #[inline]
    pub fn push(&mut self, newest: BranchStretch, step: u64, value: f64, weight: f64) {
        if step < newest.first {
            return;
        }
        if newest.branch != self.branch {
            self.switch_branch(newest.branch);
        }
        self.series.push(step, value, weight);
    }

    /// Puts the series of another branch, or a new one, in the first place.
    #[cold]
    fn switch_branch(&mut self, branch: BranchId) {
        let known = self.others.iter().position(|(other, _)| *other == branch);
        let series = known.map_or_else(|| Series::new(self.capacity), |at| self.others.swap_remove(at).1);
        let before = std::mem::replace(&mut self.series, series);
        if !before.is_empty() {
            self.others.push((self.branch, before));
        }
        self.branch = branch;
    }

    /// The same values with every step somewhere else, in the same order.
    #[must_use]
    pub fn with_steps(&self, place: &impl Fn(u64) -> u64) -> Self {
        let others = self.others.iter().map(|(branch, series)| (*branch, series.with_steps(place))).collect();
        Self { series: self.series.with_steps(place), others, ..*self }
    }

    /// Forgets a branch.
    pub fn forget_branch(&mut self, branch: BranchId) {
        self.others.retain(|(other, _)| *other != branch);
        if branch == self.branch {
            self.series = Series::new(self.capacity);
        }
    }

    /// `count` columns over `steps`, as fine as what is kept allows.
    pub fn columns(&self, lineage: &Lineage, steps: StepRange, count: usize) -> Vec<Column> {
        let mut columns = ColumnSums::new(steps, count);
        for stretch in lineage.stretches() {
            if let Some(series) = self.series_of(stretch.branch) {
                series.add_to(&mut columns, stretch.first, stretch.last);
            }
        }
        columns.into_columns()
    }

    /// `count` columns of means over the samples of each column and those around it.
    pub fn smoothed_columns(
        &self,
        lineage: &Lineage,
        steps: StepRange,
        count: usize,
        window: MeanWindow<'_>,
    ) -> Vec<Option<f64>> {
        let oldest = self.after(lineage, 0).map_or(0, |(step, _)| step);
        let mut means = WindowMeans::new(steps, count, window, oldest);
        for stretch in lineage.stretches() {
            if let Some(series) = self.series_of(stretch.branch) {
                series.add_to_means(&mut means, stretch.first, stretch.last);
            }
        }
        means.into_columns()
    }

    /// Mean of the newest samples of the current branch that are kept alone, at most `most`, and how many they are.
    pub fn newest_mean(&self, lineage: &Lineage, most: usize) -> Option<(f64, usize)> {
        let newest = lineage.newest_stretch();
        self.series_of(newest.branch)?.newest_mean(newest.last, most)
    }

    /// The newest sample of a branch itself, and its step.
    pub fn newest_on_branch(&self, branch: BranchId) -> Option<(u64, f64)> {
        self.series_of(branch)?.latest_until(u64::MAX)
    }

    /// From the smallest to the largest value of a branch itself after a step, as fine as what is kept allows; `None` where
    /// there is none.
    pub fn extent_on_branch_after(&self, branch: BranchId, step: u64) -> Option<Extent> {
        let first = step.checked_add(1)?;
        let mut all = ColumnSums::new(StepRange { first, last: u64::MAX }, 1);
        self.series_of(branch)?.add_to(&mut all, first, u64::MAX);
        all.into_columns().first()?.extent
    }

    /// Mean of the newest samples of a branch that are kept alone, at most `most`.
    pub fn newest_mean_on_branch(&self, branch: BranchId, most: usize) -> Option<f64> {
        self.series_of(branch)?.newest_mean(u64::MAX, most).map(|(mean, _)| mean)
    }

    /// The last sample before `step` as it is drawn, and its step.
    pub fn before(&self, lineage: &Lineage, step: u64) -> Option<(u64, f64)> {
        let limit = step.checked_sub(1)?;
        let stretches = lineage.stretches().iter().rev();
        stretches
            .filter(|stretch| stretch.first <= limit)
            .find_map(|stretch| self.series_of(stretch.branch)?.drawn_until(stretch.last.min(limit)))
    }

    /// The first sample after `step` as it is drawn, and its step.
    pub fn after(&self, lineage: &Lineage, step: u64) -> Option<(u64, f64)> {
        let first = step.checked_add(1)?;
        let stretches = lineage.stretches().iter().filter(|stretch| stretch.last >= first);
        let mut series = stretches.filter_map(|stretch| Some((stretch, self.series_of(stretch.branch)?)));
        series.find_map(|(stretch, series)| series.earliest_from(first.max(stretch.first), stretch.last))
    }

    /// The sample at `step`, or what is left of the samples around it, or else the last one before it, with the steps that
    /// it is of.
    pub fn value_at(&self, lineage: &Lineage, step: u64) -> Option<(StepRange, Column)> {
        let before = lineage.stretches().iter().rev().filter(|stretch| stretch.first <= step);
        before.into_iter().find_map(|stretch| self.series_of(stretch.branch)?.at(step, stretch.last))
    }

    /// Where a line through the samples, or through their means over a window, goes at some steps: as high as at the last
    /// sample before, where none is at them. `None` where that is not finite.
    pub fn drawn_at(&self, lineage: &Lineage, steps: StepRange, window: Option<MeanWindow<'_>>) -> Option<f64> {
        let (sampled, column) = self.value_at(lineage, steps.last)?;
        let Some(window) = window else { return column.extent.map(Extent::drawn_value) };
        let steps = if sampled.last < steps.first { StepRange::of(sampled.last) } else { steps };
        self.smoothed_columns(lineage, steps, 1, window).into_iter().next()?
    }

    /// The newest sample that is history of the current branch; exactly as it was appended, where it is its branch's
    /// newest.
    pub fn latest_value(&self, lineage: &Lineage) -> Option<(u64, f64)> {
        lineage.stretches().iter().rev().find_map(|stretch| self.series_of(stretch.branch)?.latest_until(stretch.last))
    }

    /// Bytes held on the heap.
    pub fn memory_bytes(&self) -> usize {
        let others = self.others.capacity() * size_of::<(BranchId, Series)>();
        others + self.series.memory() + self.others.iter().map(|(_, series)| series.memory()).sum::<usize>()
    }

    fn series_of(&self, branch: BranchId) -> Option<&Series> {
        if branch == self.branch {
            return Some(&self.series);
        }
        self.others.iter().find(|(other, _)| *other == branch).map(|(_, series)| series)
    }
}
