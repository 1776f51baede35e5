//! Snapshots of a run in memory, dense near the present and sparse in the past.

use std::time::{Duration, Instant};

use crate::{
    memory::check_memory,
    train::{
        Snapshot,
        timeline::{BranchPath, SnapshotPlace},
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

    /// Keeps what `take` gives, unless a snapshot of that place is there, and makes room for it. The time that this takes
    /// says when the next one is due. `trained` are all minibatches trained so far.
    pub fn keep(&mut self, at: SnapshotPlace, trained: u64, take: impl FnOnce() -> Snapshot) {
        if self.limit == 0 || self.snapshots.iter().any(|kept| kept.at == at) {
            return;
        }
        let start = Instant::now();
        let snapshot = take();
        // Whole pages are taken for a tensor.
        let bytes = snapshot.tensor_bytes() / 16 * 17 + STATE_BYTES;
        if bytes <= self.limit && check_memory(bytes as u64).is_ok() {
            self.bytes += bytes;
            self.snapshots.push(KeptSnapshot { at, snapshot, bytes, trained });
            while self.bytes > self.limit || self.snapshots.len() > MAX_SNAPSHOTS {
                self.remove_least_useful(trained);
            }
        }
        let now = Instant::now();
        self.cost = Some(now.duration_since(start));
        self.taken = Some(now);
    }

    /// Removes the one without which the way back grows least, in proportion to how long ago it was: so they are dense near the
    /// present, and sparse in the past. The first one and the newest of each branch stay as long as there are others.
    fn remove_least_useful(&mut self, trained: u64) {
        let gap = |index: usize| {
            let kept = &self.snapshots[index];
            let same = |other: &&KeptSnapshot| other.at.place.branch == kept.at.place.branch;
            let before = self.snapshots[..index].iter().rev().find(same).map_or(0, |other| other.at.place.step);
            let after = self.snapshots[index + 1..].iter().find(same)?.at.place.step;
            let age = trained.saturating_sub(kept.trained) + 1;
            Some(after.saturating_sub(before) as f64 / age as f64)
        };
        let gaps = (1..self.snapshots.len()).filter_map(|index| Some((index, gap(index)?)));
        let least = gaps.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index);
        let removed = self.snapshots.remove(least.unwrap_or(usize::from(self.snapshots.len() > 1)));
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
