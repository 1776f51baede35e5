//! What becomes of all that is known of a run when it goes back, begins a branch, or forgets one.

use crate::app::series::StepExtent;
use crate::protocol::{BranchId, BranchName, Branching, Rewound};
use crate::text::thousands;

use super::{ChangeMark, Run};

/// Bytes of values above which branches are forgotten when a new one begins.
const MAX_MEMORY_BYTES: usize = 128 << 20;

impl Run {
    /// How far the steps go that are drawn.
    pub fn step_extent(&self) -> StepExtent {
        let end = self.branches.last_drawn_step().max(self.step);
        StepExtent { now: self.step, tip: self.branches.current().tip.max(self.step), end }
    }

    /// Where the run stands after it went back or over to another branch, and what follows from that.
    pub(in crate::app) fn standing_text(&self) -> String {
        let (step, branch) = (thousands(self.step), self.branches.current().title_in_sentence());
        if self.branches.is_before_tip() {
            format!("at step {step} of {branch}; training on begins a branch")
        } else {
            format!("at step {step}, the newest of {branch}")
        }
    }

    /// Takes note that so many minibatches are completed, unless more are known to be.
    pub(super) fn reach_step(&mut self, step: u64) {
        self.step = self.step.max(step);
        self.branches.reach_step(self.step);
    }

    /// Goes on with another branch: what was measured after the place where it leaves the old one is no longer history.
    pub(super) fn take_branching(&mut self, branching: &Branching) {
        if !self.branches.contains_branch(branching.parent) {
            let (branch, parent) = (branching.branch.0, branching.parent.0);
            let what = format!("branch {branch} leaves branch {parent}, which is not known here");
            self.add_own_finding(what, "what was before it is not shown");
        }
        if self.branches.begin_branch(branching).is_err() {
            return self.report_unknown_message();
        }
        self.forget_surplus_branches();
        self.stand_at(branching.at);
        if let Some(change) = &branching.change {
            self.add_mark(branching.at, change.clone());
        }
    }

    /// Stands at an earlier step, or on another branch.
    pub(super) fn take_rewound(&mut self, position: Rewound) {
        self.record.leave_place();
        if self.branches.go_to(position).is_err() {
            let what = format!("the run went over to branch {}, which is not known here", position.branch.0);
            self.add_own_finding(what, "what was before on it is not shown");
        }
        self.forget_surplus_branches();
        self.stand_at(position.step);
    }

    /// The step after which something was last changed on the way to where the run stands, if it has gone on since: going back
    /// there undoes that.
    pub fn step_of_last_change(&self) -> Option<u64> {
        let undone = |mark: &&ChangeMark| self.lineage().contains(mark.at) && mark.at.step < self.step;
        self.marks.iter().rev().find(undone).map(|mark| mark.at.step)
    }

    pub(super) fn take_branch_name(&mut self, name: &BranchName) {
        if self.branches.rename_branch(name).is_err() {
            self.report_unknown_message();
        }
    }

    pub(super) fn take_deleted_branch(&mut self, branch: BranchId) {
        match self.branches.delete_branch(branch) {
            Ok(deleted) => deleted.into_iter().for_each(|branch| self.forget_branch(branch)),
            Err(()) => self.report_unknown_message(),
        }
    }

    /// What was told of the newest minibatch is of another place now; what follows from the step shows until the next
    /// report.
    fn stand_at(&mut self, step: u64) {
        (self.step, self.epoch, self.rewinding) = (step, None, None);
        self.layers.follow_lineage(self.branches.lineage());
        self.answers.drop_outside_lineage(self.branches.lineage());
        self.speed.forget_measured();
        (self.summary, self.walk, self.means) = (None, None, None);
    }

    fn forget_surplus_branches(&mut self) {
        while self.branches.exceeds_limit() || self.memory_bytes() > MAX_MEMORY_BYTES {
            let Some(branch) = self.branches.forget_oldest() else { break };
            self.forget_branch(branch);
        }
    }

    /// Forgets what was measured, changed and noticed on a branch.
    fn forget_branch(&mut self, branch: BranchId) {
        self.metrics.forget_branch(branch);
        self.layers.forget_branch(branch);
        self.answers.forget_branch(branch);
        self.findings.forget_branch(branch);
        self.marks.retain(|mark| mark.at.branch != branch);
    }
}
