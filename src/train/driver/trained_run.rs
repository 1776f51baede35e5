//! The run itself: everything that a snapshot holds of it, and where it has been.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use crate::{
    protocol::{
        Answer, Change, Event, Finding, Health, Query, Setting, TroubleKind,
        inspection::{SampleFilter, SampleOrder, SplitName},
    },
    tensors::{Tensors, Writer},
    train::{
        BestEvaluation, LAST_STEP, Place, RunSpec, RunTree, Snapshot, SnapshotPlace, StoredSnapshot, TestPredictions,
        Trainer, TrainerState, TrainingState,
        early_stopping::{EarlyStopping, Verdict},
        link::ConsumerLink,
        timeline::Timeline,
        timing::RunTiming,
    },
};

use super::{
    reports::{RunReporter, favourite_class},
    saving::record_histograms,
    steering::RunSteering,
};

/// Mistakes that are recorded, at most.
const RECORDED_MISTAKES: usize = 24;

/// A run as it is trained, with all that its next minibatches depend on.
pub(super) struct TrainedRun {
    pub trainer: Trainer,
    pub reporter: RunReporter,
    pub timing: RunTiming,
    pub early_stopping: EarlyStopping,
    /// The weights of the best evaluation, where training may be stopped early.
    pub best_weights: Option<Arc<Writer>>,
    /// Whether training was stopped early, for good.
    pub stopped_early: bool,
    /// After how many minibatches it was to stop before it was stopped early; that holds again where it goes back before it.
    pub limit_before_stop: u64,
    /// Where the run has been, and how it goes back.
    pub timeline: Timeline,
    /// Changes on the current branch that are to be made again at their steps, with these; normally empty.
    pub pending: VecDeque<(u64, Change)>,
    /// Whether the first weights can be drawn again, because no others were given.
    pub begins_with_drawn_weights: bool,
}

impl TrainedRun {
    /// A run before its first minibatch.
    pub fn new(spec: &RunSpec, trainer: Trainer) -> Self {
        let timeline_bytes = if spec.stop_when_finished { 0 } else { spec.timeline_bytes };
        Self {
            reporter: RunReporter::new(&spec.train, &trainer),
            trainer,
            timing: RunTiming::new(spec.throttle),
            early_stopping: EarlyStopping { patience: spec.train.patience, best: None },
            best_weights: None,
            stopped_early: false,
            limit_before_stop: spec.train.stop_after.unwrap_or(u64::MAX),
            timeline: Timeline::new(RunTree::default(), timeline_bytes),
            pending: VecDeque::new(),
            begins_with_drawn_weights: true,
        }
    }

    /// Changes its settings.
    pub fn steering(&mut self) -> RunSteering<'_> {
        RunSteering { trainer: &mut self.trainer, timing: &mut self.timing }
    }

    /// Makes a change again, and gives what has changed.
    ///
    /// # Errors
    /// When it is refused; the reason says why.
    pub fn repeat_change(&mut self, change: &Change) -> Result<Vec<Change>, String> {
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

    /// Evaluates on the test split where the run stands; false when a stop request cut it short.
    pub fn evaluate_here(&mut self, link: &mut ConsumerLink) -> bool {
        self.evaluate(link, self.snapshot_place().place)
    }

    /// Evaluates on the test split at a place of the run; false when a stop request cut it short.
    pub fn evaluate(&mut self, link: &mut ConsumerLink, at: Place) -> bool {
        let Some(evaluation) = self.trainer.evaluate(|| link.continue_until_stop()) else { return false };
        let favourite = favourite_class(&self.trainer);
        self.timeline.remember_evaluation(at, evaluation, favourite.clone());
        self.reporter.report_evaluation(&self.trainer, link, (evaluation, favourite));
        true
    }

    /// Keeps the weights of the best evaluation, and ends the run when it does not improve any more.
    pub fn judge_regular_evaluation(&mut self, link: &mut ConsumerLink) {
        record_histograms(&self.trainer, link, false);
        let Some(evaluation) = self.reporter.last_evaluation().copied() else { return };
        match self.early_stopping.judge(&evaluation) {
            Verdict::Best if self.early_stopping.patience.is_some() => {
                self.best_weights = Some(Arc::new(self.trainer.evaluated_weights()));
            }
            Verdict::Best | Verdict::Wait => {}
            Verdict::GiveUp => self.stop_early(link),
        }
    }

    /// Ends the run early, on the weights of its best evaluation.
    fn stop_early(&mut self, link: &mut ConsumerLink) {
        let (Some(best), Some(weights)) = (self.early_stopping.best, &self.best_weights) else { return };
        let step = self.trainer.completed();
        let restored =
            weights.as_ref().clone().into_tensors().and_then(|weights| self.trainer.end_on_weights(&weights));
        if restored.is_err() {
            // They are copies of this very network's, so that they fit.
            return;
        }
        if !self.stopped_early {
            self.limit_before_stop = self.trainer.total_steps();
        }
        self.trainer.stop_after(step);
        self.stopped_early = true;
        if let Some(evaluation) = self.trainer.evaluate(|| link.continue_until_stop()) {
            self.reporter.replace_evaluation(evaluation);
        }
        self.early_stopping.begin_again();
        let BestEvaluation { step: best, since, .. } = best;
        link.push(Event::Finding(Finding {
            step,
            health: Health::Good,
            layer: None,
            what: format!("stopped early: the last {since} evaluations were no better than that of step {best}"),
            advice: format!("the weights are those of step {best} (run.patience)"),
            trouble: None,
        }));
    }

    /// Whether nothing of the plan is left to train.
    pub fn is_complete(&self) -> bool {
        let Self { trainer, stopped_early, .. } = self;
        let end = if *stopped_early { trainer.total_steps() } else { trainer.planned_steps() };
        trainer.completed() >= end
    }

    /// Everything that going on needs, to be stored. `complete` says that nothing of the plan is left to
    /// train, and `trouble` for which trouble the run has stopped.
    pub fn snapshot(&mut self, complete: bool, trouble: Option<TroubleKind>) -> Snapshot {
        let (weights, training, trainer) = self.trainer.store();
        let state = TrainingState { trouble, ..self.training_state(trainer, complete) };
        let predictions = self.test_predictions();
        Snapshot { weights, training, best: self.best_weights.clone(), state, predictions }
    }

    /// A snapshot that stays in memory.
    pub fn snapshot_in_memory(&mut self) -> Snapshot {
        let (weights, training, trainer) = self.trainer.store_in_memory();
        let state = self.training_state(trainer, false);
        Snapshot { weights, training, best: self.best_weights.clone(), state, predictions: None }
    }

    /// Bytes of a snapshot's tensors, about: weights, what the optimizer keeps of them, an average.
    pub fn stored_bytes(&self) -> u64 {
        self.trainer.stored_bytes()
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
            trouble: None,
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

    /// Where the run stands, and what of the changes on its branch has been made.
    pub fn snapshot_place(&self) -> SnapshotPlace {
        let mut at = self.timeline.tree.snapshot_place(self.trainer.completed());
        at.changes = at.changes.saturating_sub(self.pending.len());
        at
    }

    /// Takes a snapshot into memory, as far as there is room.
    pub fn keep_snapshot(&mut self) {
        let (at, trained) = (self.snapshot_place(), self.timeline.trained);
        let mut snapshots = std::mem::take(&mut self.timeline.snapshots);
        if snapshots.keep(at, trained, || self.snapshot_in_memory()) {
            snapshots.make_room(trained, &self.timeline.tree);
        }
        self.timeline.snapshots = snapshots;
    }

    /// Takes a snapshot into memory after a minibatch, if it is time.
    pub fn tend_timeline(&mut self) {
        self.timeline.trained += 1;
        if self.timeline.snapshots.is_due(Instant::now()) {
            self.keep_snapshot();
        }
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it does not fit this run; a sentence.
    pub fn take(&mut self, snapshot: StoredSnapshot) -> Result<(), String> {
        self.trainer.restore(&snapshot).map_err(|error| error.to_string())?;
        let best = snapshot.best.as_ref().map(Tensors::to_writer).transpose().map_err(|error| error.to_string())?;
        let TrainingState { health, means, last_evaluation, best_evaluation, seconds, stopped_early, .. } =
            snapshot.state;
        self.stopped_early = stopped_early;
        self.reporter.restore(health, means, last_evaluation);
        self.early_stopping.best = best_evaluation;
        self.best_weights = best.map(Arc::new);
        self.timing.training_time.set_seconds(seconds);
        Ok(())
    }
}
