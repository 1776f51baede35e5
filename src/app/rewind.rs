//! Going back in words: the place to go to, and how far a run is on its way there.

use crate::protocol::{BranchId, Command, Rewinding};
use crate::text::thousands;

/// A place to which a run is asked to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewindTarget {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
    /// The branch as a sentence names it, safe to show.
    pub branch_name: String,
    /// Whether it is the newest step of the branch, from which that goes on.
    pub newest: bool,
}

impl RewindTarget {
    /// What asks for it.
    pub(super) fn command(&self) -> Command {
        Command::Rewind { step: self.step, branch: Some(self.branch) }
    }

    /// The question whether to go there.
    pub fn question(&self) -> String {
        let (step, branch) = (thousands(self.step), &self.branch_name);
        if self.newest {
            format!("Go to step {step}, the newest of {branch}?")
        } else {
            format!("Go back to step {step} of {branch}?")
        }
    }

    /// What will happen then.
    pub fn consequence(&self) -> &'static str {
        if self.newest {
            "The training pauses there, and goes on with that branch. Nothing is lost."
        } else {
            "The training pauses there, before what was changed at that step. What came after it stays on the charts; \
             training on begins a new branch."
        }
    }
}

/// How far a run is on its way to another place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewindProgress {
    /// Minibatches completed there.
    pub to: u64,
    /// Whether that is an earlier step than the one at which the run stands.
    pub back: bool,
    /// Share of the way that is done, 0 to 1, once anything is known of it.
    pub done: Option<f64>,
}

impl RewindProgress {
    /// How far a run is that stands at the step `now`, going to the step `asked` as far as it has not told yet.
    pub(super) fn of(told: Option<Rewinding>, asked: Option<u64>, now: u64) -> Option<Self> {
        let to = told.map(|told| told.to).or(asked)?;
        let done = told.map(|told| {
            let whole = told.to.saturating_sub(told.from);
            let done = told.step.saturating_sub(told.from);
            if whole == 0 { 1.0 } else { (done as f64 / whole as f64).min(1.0) }
        });
        Some(Self { to, back: to <= now, done })
    }

    /// A sentence on it: `going back to step 1,204… 62 %`.
    pub fn sentence(&self) -> String {
        let back = if self.back { "back " } else { "" };
        let done = self.done.map(|done| format!(" {:.0} %", (done * 100.0).floor())).unwrap_or_default();
        format!("going {back}to step {}…{done}", thousands(self.to))
    }
}
