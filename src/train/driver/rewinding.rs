//! Going back to an earlier step of the run, or over to another branch, and the branches that begin there.

use std::time::{Duration, Instant};

use crate::{
    protocol::{BranchId, BranchName, Branching, Change, Event, MAX_BRANCH_NAME, Rewinding, Rewound, RunState},
    tensors::TensorError,
    text::thousands,
    train::{
        BranchPath, Intervention, LedgerEntry, Place, SnapshotPlace, StoredSnapshot, Trainer, record::take_due,
        snapshot_of,
    },
};

use super::TrainingDriver;

/// Time between two reports of how far a rewind is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// Why a run did not come to the step that was asked for.
enum Interruption {
    /// Somebody wanted something else.
    Cancelled,
    /// It can't be done; a sentence.
    Failed(String),
}

impl TrainingDriver<'_> {
    /// Takes a snapshot into memory after a minibatch, if it is time.
    pub(super) fn tend_timeline(&mut self) {
        self.timeline.trained += 1;
        if self.timeline.snapshots.is_due(Instant::now()) {
            self.keep_snapshot();
        }
    }

    /// Takes a snapshot into memory, as far as there is room.
    pub(super) fn keep_snapshot(&mut self) {
        let (at, trained) = (self.snapshot_place(), self.timeline.trained);
        let mut snapshots = std::mem::take(&mut self.timeline.snapshots);
        snapshots.keep(at, trained, || self.snapshot_in_memory());
        self.timeline.snapshots = snapshots;
    }

    /// Where the run stands, and what of the changes on its branch has been made.
    pub(super) fn snapshot_place(&self) -> SnapshotPlace {
        let mut at = self.timeline.tree.snapshot_place(self.trainer.completed());
        at.changes = at.changes.saturating_sub(self.pending.len());
        at
    }

    /// Goes to the state after `step` minibatches of a branch, or of the current one, and pauses there.
    ///
    /// # Errors
    /// When there is no such step, nothing is kept from which it could be reached, or somebody cancels; the run then
    /// stands where it stood.
    pub(super) fn request_rewind(&mut self, branch: Option<BranchId>, step: u64) -> Result<(), String> {
        let here = self.snapshot_place();
        if !self.timeline.tree.is_behind() {
            self.timeline.tree.reach(here.place);
        }
        let target = Place { branch: branch.unwrap_or(here.place.branch), step };
        let path = self.timeline.tree.path_to(target)?;
        self.mode = super::RunMode::Waiting;
        self.give_up_goals();
        self.leave_walk();
        self.timing.training_time.set_running(false, Instant::now());
        // What is left behind can be had again.
        if !self.timeline.tree.is_behind() && self.pending.is_empty() {
            self.keep_snapshot();
            self.save_news(self.state == RunState::Finished && self.is_complete());
        }
        let origin = self.snapshot_in_memory();
        let arrived = self
            .nearest_snapshot(&path)
            .map_err(Interruption::Failed)
            .and_then(|(snapshot, at)| self.travel(&path, snapshot, at));
        match arrived {
            Ok(()) => self.arrive(here.place, path.end()),
            Err(interruption) => {
                let restored =
                    origin.to_stored().map_err(|error| error.to_string()).and_then(|stored| self.take(stored));
                self.set_state(RunState::Paused, None);
                restored?;
                return Err(match interruption {
                    Interruption::Cancelled => {
                        format!("given up; the run stands at step {}", thousands(here.place.step))
                    }
                    Interruption::Failed(problem) => problem,
                });
            }
        }
        Ok(())
    }

    /// The newest snapshot on a path: from memory, from the record, or else the beginning.
    fn nearest_snapshot(&mut self, path: &BranchPath) -> Result<(StoredSnapshot, SnapshotPlace), String> {
        let kept = self.timeline.snapshots.nearest(path);
        let after = kept.map(|(at, _)| at.place.step);
        if after != Some(path.end().step)
            && let Some(recording) = &mut self.link.recording
            && let Some(found) = recording.record().load_nearest(path, after)?
        {
            return Ok(found);
        }
        let problem = |error: TensorError| error.to_string();
        if let Some((at, snapshot)) = kept {
            return Ok((snapshot.to_stored().map_err(problem)?, at));
        }
        if !self.begins_with_drawn_weights {
            return Err(format!(
                "nothing is kept from which step {} could be reached, since the run began with given weights; \
                 timeline.memory says how much may be kept",
                thousands(path.end().step)
            ));
        }
        let mut beginning =
            Trainer::new(&self.spec.train, self.trainer.shared_data()).map_err(|error| error.to_string())?;
        Ok((snapshot_of(&mut beginning).to_stored().map_err(problem)?, SnapshotPlace::default()))
    }

    /// Takes up a snapshot on a path and trains again what follows, without a word of it, up to the end of the path.
    fn travel(&mut self, path: &BranchPath, snapshot: StoredSnapshot, at: SnapshotPlace) -> Result<(), Interruption> {
        self.take(snapshot).map_err(Interruption::Failed)?;
        self.pending = self.timeline.tree.changes_after(path, at);
        self.train_again(path, at.place.step, path.end().step)
    }

    /// Trains again from step `from` of a path to step `to`, with the changes that are pending, and tells only how far it is.
    fn train_again(&mut self, path: &BranchPath, from: u64, to: u64) -> Result<(), Interruption> {
        let mut reported: Option<Instant> = None;
        loop {
            let step = self.trainer.completed();
            if reported.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL) {
                reported = Some(Instant::now());
                self.link.push(Event::Rewinding(Rewinding { from, step, to }));
                if self.link.continue_until_cancelled(step).is_break() {
                    return Err(Interruption::Cancelled);
                }
            }
            self.link.muted = true;
            let repeated = self.repeat_changes();
            if repeated.is_ok() && step < to {
                self.repeat_minibatch(path);
            }
            self.link.muted = false;
            repeated.map_err(Interruption::Failed)?;
            if step >= to {
                return Ok(());
            }
        }
    }

    /// Goes silently from a snapshot on to the branch on which the run stood, or exactly to where it stood if it had gone
    /// back there. What else there was on that branch will be trained and told again.
    ///
    /// # Errors
    /// When what was done can't be done again; a sentence.
    pub(super) fn return_to_branch(&mut self, at: SnapshotPlace) -> Result<(), String> {
        let tree = &self.timeline.tree;
        let path = tree.path_to(tree.place())?;
        self.pending = tree.changes_after(&path, at);
        let begins = path.stretches().last().map_or(0, |stretch| stretch.first);
        let to = if tree.is_behind() { path.end().step } else { begins };
        match self.train_again(&path, at.place.step, to) {
            Ok(()) | Err(Interruption::Cancelled) => Ok(()),
            Err(Interruption::Failed(problem)) => Err(problem),
        }
    }

    /// Makes the changes again that are due.
    fn repeat_changes(&mut self) -> Result<(), String> {
        while let Some(change) = take_due(&mut self.pending, self.trainer.completed()) {
            self.repeat_change(&change)?;
        }
        Ok(())
    }

    /// Trains a minibatch that was trained before, so that everything that depends on it is as it was.
    fn repeat_minibatch(&mut self, path: &BranchPath) {
        // It stops for nothing: what was wrong then was told then.
        let _ = match self.trainer.step() {
            Ok(outcome) => self.reporter.report_step(&mut self.trainer, self.link, outcome, None, false),
            Err(error) => self.reporter.report_broken_step(&mut self.trainer, self.link, &error, None),
        };
        let step = self.trainer.completed();
        if !step.is_multiple_of(self.trainer.evaluate_every()) {
            return;
        }
        match self.timeline.evaluation(path, step) {
            Some(known) => self.reporter.report_evaluation(&self.trainer, self.link, known),
            None if self.evaluate() => {}
            None => return,
        }
        self.judge_regular_evaluation();
    }

    /// Takes note of the place to which the run went.
    fn arrive(&mut self, left: Place, place: Place) {
        let Place { branch, step } = place;
        let what = Intervention::Rewound { to_branch: branch, to_step: step };
        self.intervene(vec![LedgerEntry { step: left.step, branch: left.branch, what }]);
        (self.saved, self.trouble) = (None, None);
        (self.outcome.step, self.outcome.summary) = (step, None);
        self.watch_list.forget_answers();
        self.link.push(Event::Rewound(Rewound { branch, step }));
        self.report_controls();
        self.set_state(RunState::Paused, None);
    }

    /// Begins a branch if the run went back, because it goes on from there, with something `changed` if that is so.
    pub(super) fn begin_branch_if_behind(&mut self, changed: Option<&Change>) {
        // A change while it repeats what was done after a checkpoint makes a branch as well.
        if self.timeline.tree.is_behind() || changed.is_some() && !self.pending.is_empty() {
            self.begin_branch(changed.cloned(), Vec::new());
        }
    }

    /// Begins a branch where the run stands, which `changes` are made on; `told` is the change that viewers hear of.
    pub(super) fn begin_branch(&mut self, told: Option<Change>, changes: Vec<Change>) {
        let here = self.snapshot_place();
        let Place { branch: parent, step } = here.place;
        let branch = self.timeline.tree.next_branch();
        self.pending.clear();
        let begins = Intervention::Branched { parent, changes: Some(here.changes) };
        let whats = std::iter::once(begins).chain(changes.into_iter().map(Intervention::Change));
        self.intervene(whats.map(|what| LedgerEntry { step, branch, what }).collect());
        self.link.push(Event::Branched(Branching { branch, parent, at: step, change: told }));
    }

    /// Gives a branch a name, or takes it away.
    ///
    /// # Errors
    /// When there is no such branch, or the name is too long; a sentence.
    pub(super) fn rename_branch(&mut self, BranchName { branch, name }: BranchName) -> Result<(), String> {
        let step = self.timeline.tree.tip(branch)?;
        let length = name.chars().count();
        if length > MAX_BRANCH_NAME {
            return Err(format!("a name of {length} characters is too long; valid: at most {MAX_BRANCH_NAME}"));
        }
        self.intervene(vec![LedgerEntry { step, branch, what: Intervention::Renamed { name: name.clone() } }]);
        self.link.push(Event::BranchRenamed(BranchName { branch, name }));
        Ok(())
    }

    /// Forgets a branch, and those that come from it.
    ///
    /// # Errors
    /// When the run comes from it, or there is none; a sentence.
    pub(super) fn delete_branch(&mut self, branch: BranchId) -> Result<(), String> {
        self.timeline.tree.check_deletable(branch)?;
        let step = self.timeline.tree.tip(branch)?;
        self.intervene(vec![LedgerEntry { step, branch, what: Intervention::Deleted {} }]);
        let tree = &self.timeline.tree;
        self.timeline.snapshots.retain_branches(|at| tree.tip(at.place.branch).is_ok());
        self.link.push(Event::BranchDeleted { branch });
        Ok(())
    }
}
