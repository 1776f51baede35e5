//! Branches of a run, and going back in it: a position is a branch and a step.

use serde::{Deserialize, Serialize};

use super::{BranchId, Change};

/// Most characters of a branch's name.
pub const MAX_BRANCH_NAME: usize = 60;

/// Where a branch leaves another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branching {
    /// The branch that begins, never one that there was.
    pub branch: BranchId,
    /// The branch that it leaves.
    pub parent: BranchId,
    /// Minibatches completed where it leaves it.
    pub at: u64,
    /// What is different from here on, if anything is: without a change both are the same bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// How far a run is on its way to an earlier step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewinding {
    /// Step of the snapshot from which the run trains again.
    pub from: u64,
    /// Minibatches completed so far.
    pub step: u64,
    /// Step at which it will stand.
    pub to: u64,
}

/// Where a run stands that went back, or over to another branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewound {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
}

/// The name that a person gave a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchName {
    /// The branch.
    pub branch: BranchId,
    /// Its name; empty takes it away.
    pub name: String,
}
