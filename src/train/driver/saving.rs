//! Recording a run while it goes on, and going on with one that was recorded.

use std::{sync::Arc, time::Instant};

use crate::{
    protocol::{
        Answer, Change, ChangedBy, Event, Finding, Health, Query, SavedRun, Setting,
        inspection::{SampleFilter, SampleOrder, SplitName},
    },
    tensors::Tensors,
    train::{
        BestEvaluation, Intervention, LAST_STEP, LedgerEntry, PLANNED_STEPS, ResumedRun, RunTree, Snapshot,
        SnapshotPlace, StoredSnapshot, TestPredictions, TrainerState, TrainingState,
        describe::describe_run,
        injected::{self, StallPlace},
        record::take_due,
    },
};

use super::{TrainingDriver, steering::RunSteering};

/// Mistakes that are recorded, at most.
const RECORDED_MISTAKES: usize = 24;

/// What to do about a run that can't be recorded.
const RECORD_ADVICE: &str = "training goes on; make room or give access, and the next save tries again";

impl TrainingDriver<'_> {
    /// Begins to record, and gives the folder for people. Where that fails the run goes on without.
    pub(super) fn begin_record(&mut self, data_sha256: &str) -> Option<String> {
        let info = describe_run(&self.trainer, &self.spec.train);
        let preparation = &self.trainer.data().preparation;
        let begun = self.link.recording.as_mut()?.record().begin(&info, data_sha256, preparation);
        match begun {
            Ok(folder) => Some(folder),
            Err(problem) => {
                self.link.recording = None;
                self.report_record_problem(&problem);
                None
            }
        }
    }

    /// Goes on from what was recorded: with the newest snapshot on the way to where the run stood, and what was done after
    /// that.
    ///
    /// # Errors
    /// When it does not fit this run.
    pub(in crate::train) fn resume_from(&mut self, resumed: ResumedRun) -> Result<(), String> {
        let ResumedRun { snapshot, ledger, changes, begins_with_drawn_weights, .. } = resumed;
        self.begins_with_drawn_weights = begins_with_drawn_weights;
        self.timeline.tree = RunTree::of_ledger(&ledger)?;
        let mut at = SnapshotPlace::default();
        if let Some((snapshot, place)) = snapshot {
            let complete = snapshot.state.complete;
            self.take(snapshot)?;
            self.saved = Some((self.outcome.step, complete));
            at = place;
        }
        // Where it stopped before is no reason to stop there again.
        if !self.stopped_early {
            self.trainer.stop_after(self.spec.train.stop_after.unwrap_or(u64::MAX));
        }
        self.branch_changes = changes;
        self.return_to_branch(at)
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it does not fit this run; a sentence.
    pub(super) fn take(&mut self, snapshot: StoredSnapshot) -> Result<(), String> {
        self.trainer.restore(&snapshot).map_err(|error| error.to_string())?;
        let best = snapshot.best.as_ref().map(Tensors::to_writer).transpose().map_err(|error| error.to_string())?;
        let TrainingState { health, means, last_evaluation, best_evaluation, seconds, stopped_early, .. } =
            snapshot.state;
        self.stopped_early = stopped_early;
        self.reporter.restore(health, means, last_evaluation);
        self.early_stopping.best = best_evaluation;
        self.best_weights = best.map(Arc::new);
        self.timing.training_time.set_seconds(seconds);
        self.outcome.step = self.trainer.completed();
        Ok(())
    }

    /// Makes the changes again that are due after the snapshot that the run goes on from; then begins a branch of its own,
    /// if that was asked for.
    ///
    /// # Errors
    /// When a change is refused; the reason says why.
    pub(super) fn repeat_interventions(&mut self) -> Result<(), String> {
        while let Some(change) = take_due(&mut self.pending, self.trainer.completed()) {
            let done = self.repeat_change(&change)?;
            self.report_changes(done);
        }
        if self.pending.is_empty() && !self.branch_changes.is_empty() {
            self.branch_off()?;
        }
        Ok(())
    }

    /// Makes a change again, and gives what has changed.
    ///
    /// # Errors
    /// When it is refused; the reason says why.
    pub(super) fn repeat_change(&mut self, change: &Change) -> Result<Vec<Change>, String> {
        match (change.key.as_str(), &change.to) {
            // Of a run that was not stopped early, the plan says where it ends.
            (LAST_STEP, Setting::Count(last)) => {
                if self.stopped_early {
                    self.trainer.stop_after(*last);
                }
                Ok(Vec::new())
            }
            (key, to) => self.steering().apply(key, to),
        }
    }

    /// Begins a branch with the changes that were asked for.
    fn branch_off(&mut self) -> Result<(), String> {
        let asked = std::mem::take(&mut self.branch_changes);
        let (mut done, mut changes) = (Vec::new(), Vec::new());
        for (key, to) in asked {
            done.extend(self.steering().apply(&key, &to)?);
            if key == PLANNED_STEPS {
                self.stopped_early = false;
                self.trainer.stop_after(self.spec.train.stop_after.unwrap_or(u64::MAX));
            }
            changes.push(Change { key, from: None, to, by: Some(ChangedBy::Viewer) });
        }
        self.begin_branch(done.first().cloned(), changes);
        self.report_changes(done);
        Ok(())
    }

    pub(super) fn steering(&mut self) -> RunSteering<'_> {
        RunSteering { trainer: &mut self.trainer, timing: &mut self.timing }
    }

    /// Records changes that a viewer asked for; before them, the run was planned for so many steps, and was to stop after
    /// so many.
    pub(super) fn record_changes(&mut self, changes: &[Change], [planned, total]: [u64; 2]) {
        let step = self.trainer.completed();
        let steps = |key: &str, from: u64, to: u64| {
            let (from, to) = (Some(Setting::Count(from)), Setting::Count(to));
            (from.as_ref() != Some(&to)).then(|| Change { key: key.into(), from, to, by: Some(ChangedBy::Viewer) })
        };
        let longer = [
            steps(PLANNED_STEPS, planned, self.trainer.planned_steps()),
            steps(LAST_STEP, total, self.trainer.total_steps()).filter(|_| self.stopped_early),
        ];
        // Where the end moves, what counts is the plan; rates that follow from it follow again.
        let asked = changes.iter().filter(|change| RunSteering::is_repeatable(&change.key)).cloned();
        let branch = self.timeline.tree.place().branch;
        let entries = asked.chain(longer.into_iter().flatten()).map(|change| LedgerEntry {
            step,
            branch,
            what: Intervention::Change(change),
        });
        let entries = entries.collect();
        self.intervene(entries);
    }

    /// Takes note of what was done to the run, and records it.
    pub(super) fn intervene(&mut self, entries: Vec<LedgerEntry>) {
        for entry in entries {
            // It is about branches that there are.
            let taken = self.timeline.tree.take(&entry);
            debug_assert_eq!(taken, Ok(()));
            let Some(recording) = &mut self.link.recording else { continue };
            if let Err(problem) = recording.record().record_intervention(entry) {
                self.report_record_problem(&problem);
            }
        }
    }

    /// Saves if it is time, and tells what went wrong with the record since it was last asked.
    pub(super) fn tend_record(&mut self) {
        let Some(recording) = &mut self.link.recording else { return };
        if let Some(problem) = recording.record().take_problem() {
            self.report_record_problem(&problem);
        }
        if self.link.recording.as_ref().is_some_and(|recording| recording.is_due(Instant::now())) {
            self.save_news(false);
        }
    }

    /// Saves now. `complete` says that nothing of the plan is left to train.
    ///
    /// # Errors
    /// When the run is not recorded, or could not be saved; the reason says why.
    pub(super) fn save(&mut self, complete: bool) -> Result<(), String> {
        if self.link.recording.is_none() {
            return Err("this run is not recorded".into());
        }
        let snapshot = self.snapshot(complete);
        self.record_histograms(complete);
        let Some(recording) = &mut self.link.recording else { return Ok(()) };
        injected::stall(StallPlace::Save, snapshot.state.trainer.step);
        let saved = recording.save(&snapshot);
        match &saved {
            Ok(()) => {
                let step = self.trainer.completed();
                self.saved = Some((step, complete));
                self.link.push(Event::Saved(SavedRun { step, problem: None }));
            }
            Err(problem) => self.report_record_problem(problem),
        }
        saved
    }

    /// Saves unless the last snapshot says the same; what was done since at the same step is in the ledger.
    pub(super) fn save_news(&mut self, complete: bool) {
        if self.link.recording.is_some() && self.saved != Some((self.trainer.completed(), complete)) {
            // What went wrong is told.
            let _ = self.save(complete);
        }
    }

    fn snapshot(&mut self, complete: bool) -> Snapshot {
        let (weights, training, trainer) = self.trainer.store();
        let state = self.training_state(trainer, complete);
        let predictions = self.test_predictions();
        Snapshot { weights, training, best: self.best_weights.clone(), state, predictions }
    }

    /// A snapshot that stays in memory.
    pub(super) fn snapshot_in_memory(&mut self) -> Snapshot {
        let (weights, training, trainer) = self.trainer.store_in_memory();
        let state = self.training_state(trainer, false);
        Snapshot { weights, training, best: self.best_weights.clone(), state, predictions: None }
    }

    fn training_state(&self, trainer: TrainerState, complete: bool) -> TrainingState {
        let at = self.snapshot_place();
        TrainingState {
            branch: at.place.branch,
            branch_changes: Some(at.changes),
            trainer,
            health: self.reporter.monitor().clone(),
            means: self.reporter.means().clone(),
            last_evaluation: self.reporter.last_evaluation().copied(),
            best_evaluation: self.early_stopping.best,
            seconds: self.timing.training_time.seconds_until(Instant::now()),
            stopped_early: self.stopped_early,
            complete,
        }
    }

    /// What the last evaluation made of the test data; `None` before the first.
    fn test_predictions(&mut self) -> Option<TestPredictions> {
        let split = SplitName::Test;
        self.trainer.predictions(split).step?;
        let Ok(Answer::Confusion(confusion)) = self.trainer.inspect(&Query::Confusion { split }) else { return None };
        let (show, order) = (SampleFilter::Mistakes, SampleOrder::Loss);
        let worst = Query::Samples { split, show, order, first: 0, count: RECORDED_MISTAKES };
        let Ok(Answer::Samples(worst)) = self.trainer.inspect(&worst) else { return None };
        Some(TestPredictions { confusion, worst })
    }

    /// Records how weights and gradients are distributed, from time to time, or `always`.
    pub(super) fn record_histograms(&mut self, always: bool) {
        let Self { trainer, link, .. } = self;
        let Some(recording) = link.recording.as_mut().filter(|_| !link.muted) else { return };
        if !recording.record().takes_histograms(Instant::now()) && !always {
            return;
        }
        let step = trainer.completed();
        for parameter in trainer.network().parameters() {
            let name = parameter.full_name();
            for (what, values) in [("weights", &parameter.value), ("gradients", &parameter.gradient)] {
                let mut values = values.iter().copied().map(f64::from);
                recording.record().record_histogram(step, &format!("layer/{name}/{what}"), &mut values);
            }
        }
    }

    /// Tells that the run can't be recorded: a finding only of what is news.
    fn report_record_problem(&mut self, problem: &str) {
        let news = self.link.recording.as_mut().is_none_or(|recording| recording.notes_problem(problem));
        let step = self.trainer.completed();
        self.link.push(Event::Saved(SavedRun { step, problem: Some(problem.into()) }));
        if news {
            self.link.push(Event::Finding(Finding {
                step,
                health: Health::Bad,
                layer: None,
                what: format!("the run can't be recorded: {problem}"),
                advice: RECORD_ADVICE.into(),
                trouble: None,
            }));
        }
    }

    /// Tells which tensors of another run's weights did not fit.
    pub(in crate::train) fn report_unfitting_weights(&mut self, sentences: Vec<String>) {
        let advice = "the run goes on; check that the weights belong to these layers";
        for what in sentences {
            let step = self.trainer.completed();
            self.link.push(Event::Finding(Finding {
                step,
                health: Health::Watch,
                layer: None,
                what,
                advice: advice.into(),
                trouble: None,
            }));
        }
    }

    /// Ends the run early, on the weights of its best evaluation.
    pub(super) fn stop_early(&mut self) {
        let (Some(best), Some(weights)) = (self.early_stopping.best, &self.best_weights) else { return };
        let step = self.trainer.completed();
        let restored =
            weights.as_ref().clone().into_tensors().and_then(|weights| self.trainer.end_on_weights(&weights));
        if restored.is_err() {
            // They are copies of this very network's, so that they fit.
            return;
        }
        self.trainer.stop_after(step);
        self.stopped_early = true;
        if let Some(evaluation) = self.trainer.evaluate(|| self.link.continue_until_stop()) {
            self.reporter.replace_evaluation(evaluation);
        }
        self.early_stopping.begin_again();
        let BestEvaluation { step: best, since, .. } = best;
        self.link.push(Event::Finding(Finding {
            step,
            health: Health::Good,
            layer: None,
            what: format!("stopped early: the last {since} evaluations were no better than that of step {best}"),
            advice: format!("the weights are those of step {best} (run.patience)"),
            trouble: None,
        }));
    }
}
