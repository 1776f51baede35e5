//! One metric over all branches of a run: a series a branch, read along the way to the current branch.

use crate::protocol::BranchId;

use super::branches::Lineage;
use super::series::{Column, ColumnSums, MovingAverage, Series, StepRange};

/// Buckets a level of a series that nobody looks at: ten thousand samples take about 40 KiB.
const UNSEEN: usize = 128;

/// One metric over the steps of every branch.
#[derive(Clone, Debug)]
pub struct Track {
    /// In the order in which the branches began to have values.
    series: Vec<(BranchId, Series)>,
    capacity: usize,
}

impl Default for Track {
    fn default() -> Self {
        Self { series: Vec::new(), capacity: UNSEEN }
    }
}

impl Track {
    /// Keeps at least so many buckets a level from now on, because somebody looks.
    pub fn grow(&mut self, capacity: usize) {
        self.capacity = self.capacity.max(capacity);
        self.series.iter_mut().for_each(|(_, series)| series.grow(self.capacity));
    }

    /// Appends a value on the current branch; one before the branch began, or not after the latest, is ignored.
    pub fn push(&mut self, lineage: &Lineage, step: u64, value: f64) {
        let newest = lineage.newest();
        if step < newest.first {
            return;
        }
        let at = match self.series.last() {
            Some((branch, _)) if *branch == newest.branch => self.series.len() - 1,
            _ => self.series.iter().position(|(branch, _)| *branch == newest.branch).unwrap_or_else(|| {
                self.series.push((newest.branch, Series::new(self.capacity)));
                self.series.len() - 1
            }),
        };
        self.series[at].1.push(step, value);
    }

    /// Forgets a branch.
    pub fn forget(&mut self, branch: BranchId) {
        self.series.retain(|(other, _)| *other != branch);
    }

    /// `count` columns over `steps`, as fine as what is kept allows.
    pub fn columns(&self, lineage: &Lineage, steps: StepRange, count: usize) -> Vec<Column> {
        let mut columns = ColumnSums::new(steps, count);
        for stretch in lineage.stretches() {
            if let Some(series) = self.of(stretch.branch) {
                series.add_to(&mut columns, stretch.first, stretch.last);
            }
        }
        columns.finish()
    }

    /// `count` columns of the exponential moving average in which the past weighs `weight` at each sample.
    pub fn smoothed(&self, lineage: &Lineage, steps: StepRange, count: usize, weight: f64) -> Vec<Option<f64>> {
        let mut average = MovingAverage::new(steps, count, weight);
        for stretch in lineage.stretches() {
            if let Some(series) = self.of(stretch.branch) {
                series.smooth_into(&mut average, stretch.last);
            }
        }
        average.finish()
    }

    /// The sample at `step`, or what is left of the samples around it, or else the last one before it.
    pub fn at(&self, lineage: &Lineage, step: u64) -> Option<Column> {
        let before = lineage.stretches().iter().rev().filter(|stretch| stretch.first <= step);
        before.into_iter().find_map(|stretch| self.of(stretch.branch)?.at(step, stretch.last))
    }

    /// The newest sample that is history of the current branch; exactly as it was appended, where it is its branch's
    /// newest.
    pub fn latest(&self, lineage: &Lineage) -> Option<(u64, f64)> {
        lineage.stretches().iter().rev().find_map(|stretch| self.of(stretch.branch)?.latest_until(stretch.last))
    }

    /// Whether nothing of it is history of the current branch.
    pub fn is_empty(&self, lineage: &Lineage) -> bool {
        self.latest(lineage).is_none()
    }

    /// Bytes held on the heap.
    pub fn memory(&self) -> usize {
        let entries = self.series.capacity() * size_of::<(BranchId, Series)>();
        entries + self.series.iter().map(|(_, series)| series.memory()).sum::<usize>()
    }

    fn of(&self, branch: BranchId) -> Option<&Series> {
        self.series.iter().find(|(other, _)| *other == branch).map(|(_, series)| series)
    }
}
