//! The way to an earlier step of a run, or over to another branch: from the nearest snapshot, by training again.

use std::time::{Duration, Instant};

use crate::{
    memory::check_memory,
    protocol::{Event, Rewinding, inspection::SplitName},
    tensors::TensorError,
    text::thousands,
    train::{
        BranchPath, SnapshotPlace, StoredSnapshot, TrainSpec, Trainer, ledger::take_due, link::ConsumerLink,
        snapshot_of,
    },
};

use super::trained_run::TrainedRun;

/// Time between two reports of how far a rewind is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// Why a run did not come to the step that was asked for.
pub(super) enum Interruption {
    /// Somebody wanted something else.
    Cancelled,
    /// It can't be done; a sentence.
    Failed(String),
}

impl TrainedRun {
    /// The newest snapshot on a path: from memory, from the record, or else the beginning.
    pub fn nearest_snapshot(
        &mut self,
        link: &mut ConsumerLink,
        spec: &TrainSpec,
        path: &BranchPath,
    ) -> Result<(StoredSnapshot, SnapshotPlace), String> {
        let kept = self.timeline.snapshots.nearest(path);
        let after = kept.map(|(at, _)| at.place.step);
        if after != Some(path.end().step)
            && let Some(recording) = &mut link.recording
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
        let mut beginning = Trainer::new(spec, self.trainer.shared_data()).map_err(|error| error.to_string())?;
        Ok((snapshot_of(&mut beginning).to_stored().map_err(problem)?, SnapshotPlace::default()))
    }

    /// Whether there is memory for what a rewind copies: where the run stands, and the snapshot that it takes up.
    ///
    /// # Errors
    /// When there is not; a sentence.
    pub fn check_copies_fit(&self) -> Result<(), String> {
        check_memory(2 * self.stored_bytes()).map_err(|shortage| format!("{shortage}: for copies of the run"))
    }

    /// Takes up a snapshot on a path and trains again what follows, without a word of it, up to the end of the path.
    ///
    /// # Errors
    /// When somebody gives it up, or it can't be done; the run then stands where it stood.
    pub fn travel(
        &mut self,
        link: &mut ConsumerLink,
        path: &BranchPath,
        (snapshot, at): (StoredSnapshot, SnapshotPlace),
    ) -> Result<(), Interruption> {
        let origin = self.snapshot_in_memory();
        let left = (self.pending.clone(), self.trainer.predictions(SplitName::Test).step);
        // Where it is to stop was said for the whole run, not for the part up to the snapshot.
        let limit = if self.stopped_early { self.limit_before_stop } else { self.trainer.total_steps() };
        let limit = if limit < self.trainer.planned_steps() { limit } else { u64::MAX };
        let arrived = self.take(snapshot).map_err(Interruption::Failed).and_then(|()| {
            self.pending = self.timeline.tree.changes_after(path, at);
            self.train_again(link, path, (at.place.step, path.end().step))
        });
        match arrived {
            Ok(()) => {
                if !self.stopped_early {
                    self.trainer.stop_after(limit);
                }
                self.trainer.forget_predictions();
                Ok(())
            }
            Err(interruption) => {
                let stored = origin.to_stored().map_err(|error| error.to_string());
                stored.and_then(|stored| self.take(stored)).map_err(Interruption::Failed)?;
                self.pending = left.0;
                if self.trainer.predictions(SplitName::Test).step != left.1 {
                    self.trainer.forget_predictions();
                }
                Err(interruption)
            }
        }
    }

    /// Trains again from a step of a path to another one, with the changes that are pending, and tells only how far it is.
    fn train_again(
        &mut self,
        link: &mut ConsumerLink,
        path: &BranchPath,
        (from, to): (u64, u64),
    ) -> Result<(), Interruption> {
        let mut reported: Option<Instant> = None;
        loop {
            let step = self.trainer.completed();
            if reported.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL) {
                reported = Some(Instant::now());
                link.push(Event::Rewinding(Rewinding { from, step, to }));
                if link.continue_until_cancelled(step).is_break() {
                    return Err(Interruption::Cancelled);
                }
            }
            link.muted = true;
            let repeated = self.repeat_changes();
            if repeated.is_ok() && step < to {
                self.repeat_minibatch(link, path);
            }
            link.muted = false;
            repeated.map_err(Interruption::Failed)?;
            if step >= to {
                return Ok(());
            }
        }
    }

    /// Goes silently from a snapshot on to the branch on which the run stood, or exactly to where it stood if it had gone
    /// back there; false if a stop came first. What else there was on that branch will be trained and told again.
    ///
    /// # Errors
    /// When what was done can't be done again; a sentence.
    pub fn return_to_branch(&mut self, link: &mut ConsumerLink, at: SnapshotPlace) -> Result<bool, String> {
        let tree = &self.timeline.tree;
        let path = tree.path_to(tree.place())?;
        self.pending = tree.changes_after(&path, at);
        let begins = path.stretches().last().map_or(0, |stretch| stretch.first);
        let to = if tree.is_behind() { path.end().step } else { begins };
        while self.trainer.completed() < to {
            link.muted = true;
            let repeated = self.repeat_changes();
            if repeated.is_ok() {
                self.repeat_minibatch(link, &path);
            }
            link.muted = false;
            repeated?;
            if link.continue_until_stop().is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the changes again that are due.
    fn repeat_changes(&mut self) -> Result<(), String> {
        while let Some(change) = take_due(&mut self.pending, self.trainer.completed()) {
            self.repeat_change(&change)?;
        }
        Ok(())
    }

    /// Trains a minibatch that was trained before, so that everything that depends on it is as it was.
    fn repeat_minibatch(&mut self, link: &mut ConsumerLink, path: &BranchPath) {
        // It stops for nothing: what was wrong then was told then.
        let _ = match self.trainer.step() {
            Ok(outcome) => self.reporter.report_step(&mut self.trainer, link, outcome, None, false),
            Err(error) => self.reporter.report_broken_step(&mut self.trainer, link, &error, None),
        };
        let step = self.trainer.completed();
        if !step.is_multiple_of(self.trainer.evaluate_every()) {
            return;
        }
        match self.timeline.evaluation(path, step) {
            Some(known) => self.reporter.report_evaluation(&self.trainer, link, known),
            None if self.evaluate(link, path.place_of(step)) => {}
            None => return,
        }
        self.judge_regular_evaluation(link);
    }
}
