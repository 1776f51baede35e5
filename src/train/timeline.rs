//! The way back: where a run has been, snapshots of it in memory, and what was evaluated on the way.

mod snapshots;
mod tree;

use std::collections::VecDeque;

use crate::train::{TestResult, health::FavouriteClass};

pub use snapshots::SnapshotStore;
pub use tree::{BranchPath, PathStretch, Place, RunTree, SnapshotPlace};

/// Evaluations that are remembered, at most. Others are made again on the way to a step.
const MAX_EVALUATIONS: usize = 4096;

/// What a run needs to go back to any of its steps.
#[derive(Debug)]
pub struct Timeline {
    /// Where the run has been.
    pub tree: RunTree,
    /// Places from which it can go on.
    pub snapshots: SnapshotStore,
    /// What was evaluated, so that it need not be again: the newest last.
    evaluations: VecDeque<(Place, TestResult, FavouriteClass)>,
    /// Minibatches trained in all, on every branch.
    pub trained: u64,
}

impl Timeline {
    /// A run that begins, with room for so many bytes of snapshots.
    pub fn new(tree: RunTree, snapshot_bytes: usize) -> Self {
        let snapshots = SnapshotStore::new(snapshot_bytes);
        Self { tree, snapshots, evaluations: VecDeque::new(), trained: 0 }
    }

    /// Remembers an evaluation.
    pub fn remember_evaluation(&mut self, at: Place, test: TestResult, favourite: FavouriteClass) {
        if self.evaluations.len() >= MAX_EVALUATIONS {
            self.evaluations.pop_front();
        }
        self.evaluations.push_back((at, test, favourite));
    }

    /// What was evaluated after a step of a path, if that is remembered.
    pub fn evaluation(&self, path: &BranchPath, step: u64) -> Option<(TestResult, FavouriteClass)> {
        let on_path = |at: Place| {
            let inside = |stretch: &PathStretch| stretch.first < step && step <= stretch.last;
            at.step == step && path.stretches().iter().any(|stretch| stretch.branch == at.branch && inside(stretch))
        };
        let found = self.evaluations.iter().rev().find(|(at, ..)| on_path(*at));
        found.map(|(_, test, favourite)| (*test, favourite.clone()))
    }
}

#[cfg(test)]
mod tests;
