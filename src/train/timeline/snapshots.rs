//! Snapshots of a run in memory, dense near the present and sparse in the past.

use std::{
    collections::BTreeMap,
    iter,
    time::{Duration, Instant},
};

use crate::{
    memory::check_memory,
    protocol::BranchId,
    train::{
        Snapshot,
        timeline::{BranchPath, RunTree, SnapshotPlace},
    },
};

/// Training time between two snapshots, in times of what one costs: half of the 2 % that going back may cost.
const INTERVAL_IN_COSTS: u32 = 100;

/// Shortest training time between two snapshots.
const MIN_INTERVAL: Duration = Duration::from_millis(5);

/// Most snapshots that are kept, however small they are.
const MAX_SNAPSHOTS: usize = 2048;

/// What a snapshot takes besides its tensors, in bytes: settings and what the rules remember, with some to spare.
const STATE_BYTES: usize = 16 * 1024;

/// Snapshots of a run, in the order in which they were taken.
#[derive(Debug, Default)]
pub struct SnapshotStore {
    snapshots: Vec<KeptSnapshot>,
    /// Most bytes that they may take; 0 keeps none.
    limit: usize,
    bytes: usize,
    /// What the last one cost; empty before the first.
    cost: Option<Duration>,
    /// When the last one was taken; empty before the first.
    taken: Option<Instant>,
}

/// A snapshot, and when it was taken.
#[derive(Debug)]
struct KeptSnapshot {
    at: SnapshotPlace,
    snapshot: Snapshot,
    bytes: usize,
    /// Minibatches that had been trained in all, on every branch.
    trained: u64,
}

impl SnapshotStore {
    /// A store that takes at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self { snapshots: Vec::new(), limit, bytes: 0, cost: None, taken: None }
    }

    /// Whether it is time for another one.
    pub fn is_due(&self, now: Instant) -> bool {
        let interval = self.cost.map_or(Duration::ZERO, |cost| (cost * INTERVAL_IN_COSTS).max(MIN_INTERVAL));
        self.limit > 0 && self.taken.is_none_or(|taken| now.duration_since(taken) >= interval)
    }

    /// Keeps what `take` gives, unless a snapshot of that place is there; whether it was taken, and
    /// [`make_room`](Self::make_room) has to follow. `trained` are all minibatches trained so far.
    pub fn keep(&mut self, at: SnapshotPlace, trained: u64, take: impl FnOnce() -> Snapshot) -> bool {
        if self.limit == 0 || self.snapshots.iter().any(|kept| kept.at == at) {
            return false;
        }
        let start = Instant::now();
        let snapshot = take();
        // Whole pages are taken for a tensor.
        let bytes = snapshot.tensor_bytes() / 16 * 17 + STATE_BYTES;
        if bytes <= self.limit && check_memory(bytes as u64).is_ok() {
            self.bytes += bytes;
            self.snapshots.push(KeptSnapshot { at, snapshot, bytes, trained });
        }
        let now = Instant::now();
        self.cost = Some(now.duration_since(start));
        self.taken = Some(now);
        true
    }

    /// Keeps no more than there is room for, on the branches of `tree`. The time that this and taking the last snapshot took
    /// says when the next one is due.
    pub fn make_room(&mut self, trained: u64, tree: &RunTree) {
        let start = Instant::now();
        while self.bytes > self.limit || self.snapshots.len() > MAX_SNAPSHOTS {
            self.remove_least_useful(trained, tree);
        }
        self.cost = self.cost.map(|cost| cost + start.elapsed());
    }

    /// Removes the one without which the longest way back to a step after it is shortest, in proportion to how long ago it
    /// was: so they are dense near the present, and sparse in the past. The first one stays.
    fn remove_least_useful(&mut self, trained: u64, tree: &RunTree) {
        let mut branches: BTreeMap<BranchId, Vec<usize>> = BTreeMap::new();
        for (index, kept) in self.snapshots.iter().enumerate() {
            branches.entry(kept.at.place.branch).or_default().push(index);
        }
        let step = |index: usize| self.snapshots[index].at.place.step;
        // The newest one on the way to a branch, before it leaves its parent.
        let newest_before = |branch: BranchId| {
            let forks = iter::successors(tree.fork(branch), |fork| tree.fork(fork.branch));
            forks.into_iter().find_map(|fork| {
                let on_parent = branches.get(&fork.branch)?.iter().copied();
                on_parent.take_while(|index| step(*index) <= fork.step).last()
            })
        };
        // The farthest step of other branches that is reached from one.
        let mut reached: BTreeMap<usize, u64> = BTreeMap::new();
        for branch in tree.branch_ids() {
            let first = branches.get(&branch).and_then(|on_branch| on_branch.first());
            let end = first.map_or_else(|| tree.tip(branch).unwrap_or(0), |index| step(*index));
            if let Some(base) = newest_before(branch) {
                let farthest = reached.entry(base).or_default();
                *farthest = end.max(*farthest);
            }
        }
        let mut least = (f64::INFINITY, self.snapshots.len() - 1);
        for (branch, on_branch) in &branches {
            let tip = tree.tip(*branch).unwrap_or(0);
            let mut before = newest_before(*branch).map_or(0, step);
            for (number, index) in on_branch.iter().enumerate() {
                let after = on_branch.get(number + 1).map_or(tip.max(step(*index)), |next| step(*next));
                let after = reached.get(index).map_or(after, |farthest| after.max(*farthest));
                let age = trained.saturating_sub(self.snapshots[*index].trained) + 1;
                let loss = after.saturating_sub(before) as f64 / age as f64;
                if *index > 0 && loss < least.0 {
                    least = (loss, *index);
                }
                before = step(*index);
            }
        }
        let removed = self.snapshots.remove(least.1);
        self.bytes -= removed.bytes;
    }

    /// The newest one on a path.
    pub fn nearest(&self, path: &BranchPath) -> Option<(SnapshotPlace, &Snapshot)> {
        let on_path = self.snapshots.iter().filter(|kept| path.contains(kept.at));
        on_path.max_by_key(|kept| (kept.at.place.step, path.depth(kept.at))).map(|kept| (kept.at, &kept.snapshot))
    }

    /// Forgets the snapshots of branches that are no more.
    pub fn retain_branches(&mut self, mut is_kept: impl FnMut(SnapshotPlace) -> bool) {
        self.snapshots.retain(|kept| is_kept(kept.at));
        self.bytes = self.snapshots.iter().map(|kept| kept.bytes).sum();
    }

    /// Bytes that the snapshots take.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where there are snapshots, in the order in which they were taken.
    #[cfg(test)]
    pub fn places(&self) -> impl Iterator<Item = SnapshotPlace> {
        self.snapshots.iter().map(|kept| kept.at)
    }
}
