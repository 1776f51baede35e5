//! Recording a run while it goes on, and going on with one that was recorded.

use std::time::Instant;

use crate::{
    protocol::{Change, ChangedBy, Event, Finding, Health, SavedRun, Setting},
    train::{
        Intervention, LAST_STEP, LedgerEntry, PLANNED_STEPS, ResumedRun, RunTree, SnapshotPlace, Trainer,
        describe::describe_run,
        injected::{self, StallPlace},
        ledger::take_due,
        link::ConsumerLink,
    },
};

use super::{TrainingDriver, steering::RunSteering};

/// What to do about a run that can't be recorded.
const RECORD_ADVICE: &str = "training goes on; make room or give access, and the next save tries again";

impl TrainingDriver<'_> {
    /// Begins to record, and gives the folder for people. Where that fails the run goes on without.
    pub(super) fn begin_record(&mut self, data_sha256: &str) -> Option<String> {
        let info = describe_run(&self.run.trainer, &self.spec.train);
        let preparation = &self.run.trainer.data().preparation;
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
    /// that. False if a stop came before it stood there.
    ///
    /// # Errors
    /// When it does not fit this run.
    pub(in crate::train) fn resume_from(&mut self, resumed: ResumedRun) -> Result<bool, String> {
        let ResumedRun { snapshot, ledger, changes, begins_with_drawn_weights, .. } = resumed;
        self.run.begins_with_drawn_weights = begins_with_drawn_weights;
        self.run.timeline.tree = RunTree::of_ledger(&ledger)?;
        let mut at = SnapshotPlace::default();
        if let Some((snapshot, place)) = snapshot {
            let complete = snapshot.state.complete;
            self.run.take(snapshot)?;
            self.saved = Some((self.run.trainer.completed(), complete));
            at = place;
        }
        // Where it stopped before is no reason to stop there again.
        if !self.run.stopped_early {
            self.run.trainer.stop_after(self.spec.train.stop_after.unwrap_or(u64::MAX));
        }
        self.branch_changes = changes;
        let returned = self.run.return_to_branch(self.link, at)?;
        self.outcome.step = self.run.trainer.completed();
        Ok(returned)
    }

    /// Makes the changes again that are due after the snapshot that the run goes on from; then begins a branch of its own,
    /// if that was asked for.
    ///
    /// # Errors
    /// When a change is refused; the reason says why.
    pub(super) fn repeat_interventions(&mut self) -> Result<(), String> {
        while let Some(change) = take_due(&mut self.run.pending, self.run.trainer.completed()) {
            let done = self.run.repeat_change(&change)?;
            self.report_changes(done);
        }
        if self.run.pending.is_empty() && !self.branch_changes.is_empty() {
            self.branch_off()?;
        }
        Ok(())
    }

    /// Begins a branch with the changes that were asked for.
    fn branch_off(&mut self) -> Result<(), String> {
        let asked = std::mem::take(&mut self.branch_changes);
        let (mut done, mut changes) = (Vec::new(), Vec::new());
        for (key, to) in asked {
            done.extend(self.run.steering().apply(&key, &to)?);
            if key == PLANNED_STEPS {
                self.run.stopped_early = false;
                self.run.trainer.stop_after(self.spec.train.stop_after.unwrap_or(u64::MAX));
            }
            changes.push(Change { key, from: None, to, by: Some(ChangedBy::Viewer) });
        }
        self.begin_branch(done.first().cloned(), changes);
        self.report_changes(done);
        Ok(())
    }

    /// Records changes that a viewer asked for; before them, the run was planned for so many steps, and was to stop after
    /// so many.
    pub(super) fn record_changes(&mut self, changes: &[Change], [planned, total]: [u64; 2]) {
        let step = self.run.trainer.completed();
        let steps = |key: &str, from: u64, to: u64| {
            let (from, to) = (Some(Setting::Count(from)), Setting::Count(to));
            (from.as_ref() != Some(&to)).then(|| Change { key: key.into(), from, to, by: Some(ChangedBy::Viewer) })
        };
        let longer = [
            steps(PLANNED_STEPS, planned, self.run.trainer.planned_steps()),
            steps(LAST_STEP, total, self.run.trainer.total_steps()).filter(|_| self.run.stopped_early),
        ];
        // Where the end moves, what counts is the plan; rates that follow from it follow again.
        let asked = changes.iter().filter(|change| RunSteering::is_repeatable(&change.key)).cloned();
        let branch = self.run.timeline.tree.place().branch;
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
            let taken = self.run.timeline.tree.take(&entry);
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
            self.save_news();
        }
    }

    /// Whether nothing of the plan is left to train, and the run has not broken.
    fn is_done(&self) -> bool {
        self.run.is_complete() && self.trouble.is_none()
    }

    /// Saves now.
    ///
    /// # Errors
    /// When the run is not recorded, or could not be saved; the reason says why.
    pub(super) fn save(&mut self) -> Result<(), String> {
        if self.link.recording.is_none() {
            return Err("this run is not recorded".into());
        }
        let complete = self.is_done();
        let trouble = self.trouble.as_ref().and_then(|finding| finding.trouble.as_ref()).map(|trouble| trouble.kind);
        let snapshot = self.run.snapshot(complete, trouble);
        record_histograms(&self.run.trainer, self.link, complete);
        let Some(recording) = &mut self.link.recording else { return Ok(()) };
        injected::stall(StallPlace::Save, snapshot.state.trainer.step);
        let saved = recording.save(&snapshot);
        match &saved {
            Ok(()) => {
                let step = self.run.trainer.completed();
                self.saved = Some((step, complete));
                self.link.push(Event::Saved(SavedRun { step, problem: None }));
            }
            Err(problem) => self.report_record_problem(problem),
        }
        saved
    }

    /// Saves unless the last snapshot says the same; what was done since at the same step is in the ledger.
    pub(super) fn save_news(&mut self) {
        if self.link.recording.is_some() && self.saved != Some((self.run.trainer.completed(), self.is_done())) {
            // What went wrong is told.
            let _ = self.save();
        }
    }

    /// Tells that the run can't be recorded: a finding only of what is news.
    fn report_record_problem(&mut self, problem: &str) {
        let news = self.link.recording.as_mut().is_none_or(|recording| recording.notes_problem(problem));
        let step = self.run.trainer.completed();
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
            let step = self.run.trainer.completed();
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
}

/// Records how weights and gradients are distributed, from time to time, or `always`.
pub(super) fn record_histograms(trainer: &Trainer, link: &mut ConsumerLink, always: bool) {
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
