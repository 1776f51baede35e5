//! The way from the beginning of a run to a place in it.

use crate::protocol::BranchId;

/// A place in the history of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunPosition {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
}

/// The part of a branch that is history of another one, or of the place where the run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchStretch {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed where it begins.
    pub first: u64,
    /// Its last step that counts; no end where the run is at the newest step of the branch.
    pub last: u64,
    /// Whether the branch goes no further. Otherwise the way leaves it before what was changed at its last step.
    pub whole: bool,
}

/// The way from the beginning of the run to a place: stretches whose steps follow each other, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    stretches: Vec<BranchStretch>,
}

/// The stretch of a run that has one branch.
const ROOT_STRETCH: BranchStretch = BranchStretch { branch: BranchId(0), first: 0, last: u64::MAX, whole: true };

impl Default for Lineage {
    fn default() -> Self {
        Self { stretches: vec![ROOT_STRETCH] }
    }
}

impl Lineage {
    /// A way over these stretches, newest first.
    pub(super) fn of_newest_first(mut stretches: Vec<BranchStretch>) -> Self {
        stretches.reverse();
        Self { stretches }
    }

    /// Its stretches, oldest first; there is at least one.
    pub fn stretches(&self) -> &[BranchStretch] {
        &self.stretches
    }

    /// Its last stretch: of the way to the current branch, the one that grows.
    pub fn newest_stretch(&self) -> BranchStretch {
        self.stretches.last().copied().unwrap_or(ROOT_STRETCH)
    }

    /// The same way with every step somewhere else, in the same order.
    pub(in crate::app) fn with_steps(&self, place: &impl Fn(u64) -> u64) -> Self {
        let moved = |stretch: &BranchStretch| BranchStretch {
            first: place(stretch.first),
            last: place(stretch.last),
            ..*stretch
        };
        Self { stretches: self.stretches.iter().map(moved).collect() }
    }

    /// Whether what was measured or noticed there is on the way.
    pub fn contains(&self, position: RunPosition) -> bool {
        self.stretch_with(position).is_some()
    }

    /// Whether what was changed there is in effect at the end of the way.
    pub fn contains_change(&self, position: RunPosition) -> bool {
        self.stretch_with(position).is_some_and(|stretch| stretch.whole || position.step < stretch.last)
    }

    /// The place on the way after so many minibatches: where two branches meet, on the older one.
    pub fn position_at(&self, step: u64) -> Option<RunPosition> {
        let stretch = self.stretches.iter().find(|stretch| (stretch.first..=stretch.last).contains(&step))?;
        Some(RunPosition { branch: stretch.branch, step })
    }

    fn stretch_with(&self, RunPosition { branch, step }: RunPosition) -> Option<&BranchStretch> {
        self.stretches.iter().find(|stretch| stretch.branch == branch && (stretch.first..=stretch.last).contains(&step))
    }
}
