//! What is done to a run from outside, as its ledger lists it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::protocol::{BranchId, Change};

/// Key of the minibatches that the run is planned for, in an [`Intervention`].
pub const PLANNED_STEPS: &str = "run.steps";

/// Key of the minibatch after which the run stops, where it was stopped early before, in an [`Intervention`].
pub const LAST_STEP: &str = "run.last_step";

/// Something that was done to a run from outside. With configuration and seed these give the run again, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Minibatches completed when it took effect.
    pub step: u64,
    /// The branch that it belongs to.
    pub branch: BranchId,
    /// What was done.
    #[serde(flatten)]
    pub what: Intervention,
}

/// What was done to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// A setting was changed; the value is absolute, so that doing it again gives the same.
    Change(Change),
    /// The entry's branch began here, leaving this one.
    Branched {
        /// The branch that it left.
        parent: BranchId,
        /// Changes of that branch that hold for this one: those at this step may not. Absent is all so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<usize>,
    },
    /// The run went back, or over to another branch, and left the entry's branch at its step.
    Rewound {
        /// The branch to which it went.
        to_branch: BranchId,
        /// Minibatches completed there.
        to_step: u64,
    },
    /// The entry's branch got a name, or lost it.
    Renamed {
        /// The name; empty is none.
        name: String,
    },
    /// The entry's branch was forgotten, with those that come from it.
    Deleted {},
}

/// Takes the next change if it took effect at `step` or before.
pub fn take_due(changes: &mut VecDeque<(u64, Change)>, step: u64) -> Option<Change> {
    let due = changes.front().is_some_and(|(at, _)| *at <= step);
    if due { changes.pop_front().map(|(_, change)| change) } else { None }
}
