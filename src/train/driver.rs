//! What the worker's thread does between two looks at its inbox: train a minibatch, report it, answer who asked for it.

mod goals;
mod queries;
mod range_test;
mod replay;
mod reports;
mod requests;
mod rewinding;
mod saving;
mod steering;
mod watch_list;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use crate::{
    protocol::{Change, Event, Finding, Phase, Rewound, RunInfo, RunState, RunSummary, Setting, StateChange},
    tensors::Writer,
    train::{
        Outcome, Place, RunSpec, RunTree, StepError, StepOutcome, Trainer,
        describe::describe_run,
        early_stopping::{EarlyStopping, Verdict},
        inbox::NextRequest,
        injected::{self, StallPlace},
        link::ConsumerLink,
        metrics,
        outbox::Disconnected,
        outcome::WorkerEndReason,
        timeline::Timeline,
        timing::RunTiming,
    },
};

pub use self::replay::replay;
use self::{
    goals::AdvanceGoals, queries::QueryAnswerer, reports::RunReporter, steering::describe_controls,
    watch_list::WatchList,
};

/// What the worker does while no request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunMode {
    /// Wait for requests.
    Waiting,
    /// Train up to the end of the run.
    ToEnd,
    /// Train up to the last of [`TrainingDriver::goals`].
    ToGoal,
}

/// A trainer, the connection to its consumer, and what was asked of it.
pub(super) struct TrainingDriver<'a> {
    spec: &'a RunSpec,
    trainer: Trainer,
    link: &'a mut ConsumerLink,
    mode: RunMode,
    /// The state as it was last reported.
    state: RunState,
    goals: AdvanceGoals,
    timing: RunTiming,
    watch_list: WatchList,
    reporter: RunReporter,
    /// How the run stands, for the end.
    outcome: &'a mut Outcome,
    /// Where the run has been, and how it goes back.
    timeline: Timeline,
    /// Changes on the current branch that are to be made again at their steps, with these; normally empty.
    pending: VecDeque<(u64, Change)>,
    /// Settings with which it leaves for a branch of its own once that is done; normally empty.
    branch_changes: Vec<(String, Setting)>,
    /// Step of the last snapshot, and whether it said that nothing is left to train.
    saved: Option<(u64, bool)>,
    early_stopping: EarlyStopping,
    /// The weights of the best evaluation, where training may be stopped early.
    best_weights: Option<Arc<Writer>>,
    /// Whether training was stopped early, for good.
    stopped_early: bool,
    /// Whether the first weights can be drawn again, because no others were given.
    pub begins_with_drawn_weights: bool,
    /// Whether somebody may still ask for something once the run has finished or paused.
    attended: bool,
    /// The trouble for which the run stopped at the last minibatch, until somebody resumes it; normally empty.
    trouble: Option<Finding>,
    /// Step at which a test has the engine panic; normally empty.
    panic_at: Option<u64>,
}

impl<'a> TrainingDriver<'a> {
    pub(super) fn new(
        spec: &'a RunSpec,
        trainer: Trainer,
        link: &'a mut ConsumerLink,
        outcome: &'a mut Outcome,
    ) -> Self {
        Self {
            spec,
            reporter: RunReporter::new(&spec.train, &trainer),
            trainer,
            link,
            mode: RunMode::ToEnd,
            state: RunState::Loading,
            goals: AdvanceGoals::default(),
            timing: RunTiming::new(spec.throttle),
            watch_list: WatchList::default(),
            outcome,
            timeline: Timeline::new(RunTree::default(), if spec.stop_when_finished { 0 } else { spec.timeline_bytes }),
            pending: VecDeque::new(),
            branch_changes: Vec::new(),
            saved: None,
            early_stopping: EarlyStopping { patience: spec.train.patience, best: None },
            best_weights: None,
            stopped_early: false,
            begins_with_drawn_weights: true,
            attended: !spec.stop_when_finished,
            trouble: None,
            panic_at: injected::panic_step(),
        }
    }

    /// Says what the run is, with what was recorded of it before, and begins or goes on to record it.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub(super) fn begin(&mut self, data_sha256: Option<&str>, history: Vec<Event>) -> Result<(), Disconnected> {
        let folder = data_sha256.and_then(|data_sha256| self.begin_record(data_sha256));
        self.outcome.folder.clone_from(&folder);
        let memory = self.spec.train.memory(&self.trainer.data().outline(), self.link.recording.is_some()).ok();
        let memory = memory.map(|memory| memory.info());
        let info = RunInfo { memory, folder, ..describe_run(&self.trainer, &self.spec.train) };
        self.link.push(Event::Ready(Box::new(info)));
        self.send_history(history)?;
        self.keep_snapshot();
        self.record_histograms(false);
        Ok(())
    }

    /// Tells the consumer what was recorded of the run before, or at least its branches.
    fn send_history(&mut self, history: Vec<Event>) -> Result<(), Disconnected> {
        let tree = &self.timeline.tree;
        if tree.branch_count() == 1 && history.is_empty() {
            return Ok(());
        }
        let mut history = history;
        if history.is_empty() {
            history.extend(tree.branchings().map(|(branching, _)| Event::Branched(branching)));
        }
        let Place { branch, step } = self.snapshot_place().place;
        history.push(Event::Rewound(Rewound { branch, step }));
        self.link.outbox.send_history(history)
    }

    /// Trains and answers until a stop request; whatever ends it, what was trained is saved.
    pub(super) fn run_until_stop(&mut self) -> Result<(), WorkerEndReason> {
        let end = self.train_until_stop();
        self.save_news(self.state == RunState::Finished && self.is_complete());
        end
    }

    fn train_until_stop(&mut self) -> Result<(), WorkerEndReason> {
        self.report_controls();
        self.set_state(RunState::Running, None);
        self.repeat_due_interventions()?;
        if self.trainer.completed() >= self.trainer.total_steps() {
            self.finish_run();
        }
        loop {
            let now = Instant::now();
            let (watch_list, mut answerer) = self.split_queries();
            watch_list.answer_due(now, &mut answerer);
            self.link.flush_if_due()?;
            let waiting = self.mode == RunMode::Waiting;
            if waiting {
                self.compute_ahead();
            }
            let ConsumerLink { inbox, outbox, .. } = &mut *self.link;
            // Where the outbox is full it waits a moment for the reader, but never for a request.
            let next = if waiting {
                inbox.wait(outbox)
            } else {
                inbox.wait_until(self.timing.throttle.next_start(now), outbox)
            };
            match next {
                NextRequest::Request(request) => {
                    if self.handle_request(request).is_break() {
                        return Ok(());
                    }
                }
                NextRequest::EndOfRequests => self.attended = false,
                NextRequest::Nothing if waiting || self.link.outbox.is_full() => {}
                NextRequest::Nothing => {
                    self.repeat_due_interventions()?;
                    self.train_or_finish();
                }
                NextRequest::Gone => return Err(WorkerEndReason::Consumer(Disconnected)),
            }
            self.tend_record();
            if !self.attended
                && let Some(Finding { what, advice, .. }) = self.trouble.take()
            {
                return Err(WorkerEndReason::Failure(what, advice));
            }
            if !self.attended && self.state == RunState::Finished {
                return Ok(());
            }
            if !self.attended && self.mode == RunMode::Waiting {
                self.resume_until_end();
            }
        }
    }

    /// See [`Self::repeat_interventions`].
    fn repeat_due_interventions(&mut self) -> Result<(), WorkerEndReason> {
        let advice = "start anew, or resume an earlier run";
        self.repeat_interventions().map_err(|reason| {
            WorkerEndReason::Failure(format!("what was done to the run can't be done again: {reason}"), advice.into())
        })
    }

    /// Trains one minibatch and does everything that follows from it; ends a run that paused after its last one.
    fn train_or_finish(&mut self) {
        if self.trainer.completed() >= self.trainer.total_steps() {
            self.finish_run();
            self.answer_reached_goals();
            return;
        }
        self.begin_branch_if_behind(None);
        let start = Instant::now();
        self.timing.throttle.record_start(start);
        let completed = self.trainer.completed();
        assert!(self.panic_at != Some(completed), "injected at step {completed}");
        injected::stall(StallPlace::Step, completed);
        let outcome = self.trainer.step();
        self.complete_minibatch(start, outcome);
    }

    /// Walks on by one phase of the minibatch.
    fn advance_walk(&mut self) {
        self.begin_branch_if_behind(None);
        let start = Instant::now();
        let outcome = self.trainer.advance_phase();
        self.reporter.report_phase(&self.trainer, self.link);
        if let Some(outcome) = outcome {
            self.complete_minibatch(start, outcome);
        }
    }

    /// Leaves it to the training to complete the minibatch that a walk is in.
    fn leave_walk(&mut self) {
        self.trainer.leave_walk();
        self.reporter.report_phase(&self.trainer, self.link);
    }

    /// While no request comes, computes the passes of the next minibatch once: an inspection then waits only for the
    /// answer, and the next step takes them up.
    fn compute_ahead(&mut self) {
        if self.state != RunState::Paused || self.trainer.minibatch().phase() != Phase::Between {
            return;
        }
        while !self.link.inbox.is_waiting() && self.trainer.compute_ahead() {
            // A consumer that is gone is noticed where the worker waits.
            let _ = self.link.flush_if_due();
        }
    }

    /// Does everything that follows from a minibatch.
    fn complete_minibatch(&mut self, start: Instant, outcome: Result<StepOutcome, StepError>) {
        let running = self.state == RunState::Running;
        let step = self.trainer.completed();
        (self.outcome.step, self.outcome.summary) = (step, None);
        self.trouble = None;
        if let Ok(outcome) = &outcome {
            self.timing.sample_rate.add(outcome.samples, Instant::now());
        }
        let samples_per_second = self.timing.sample_rate.samples_per_second();
        let watched = self.mode == RunMode::ToGoal || self.timing.throttle.is_limited();
        let Self { reporter, trainer, link, .. } = self;
        let trouble = match outcome {
            Ok(outcome) => reporter.report_step(trainer, link, outcome, samples_per_second, watched),
            Err(error) => reporter.report_broken_step(trainer, link, &error, samples_per_second),
        };
        if let Some(trouble) = trouble {
            self.stop_for(trouble);
        }
        if step.is_multiple_of(self.trainer.evaluate_every()) && self.evaluate() {
            self.judge_regular_evaluation();
        }
        if !running {
            self.timing.training_time.add_time(start.elapsed());
        }
        // Where it stops for a trouble, the run has paused or fails, also if nothing is left to train.
        if step >= self.trainer.total_steps() && self.trouble.is_none() {
            self.finish_run();
        }
        self.tend_timeline();
        self.answer_reached_goals();
    }

    /// Pauses the run for a trouble, or lets it fail where nobody could resume it.
    fn stop_for(&mut self, trouble: Finding) {
        if self.attended {
            self.pause(Some(trouble.what.clone()));
        }
        self.trouble = Some(trouble);
    }

    /// Evaluates on the test split; false when a stop request cut it short.
    fn evaluate(&mut self) -> bool {
        let Some(evaluation) = self.trainer.evaluate(|| self.link.continue_until_stop()) else { return false };
        let favourite = reports::favourite_class(&self.trainer);
        let at = self.snapshot_place().place;
        self.timeline.remember_evaluation(at, evaluation, favourite.clone());
        self.reporter.report_evaluation(&self.trainer, self.link, (evaluation, favourite));
        true
    }

    /// Keeps the weights of the best evaluation, and ends the run when it does not improve any more.
    fn judge_regular_evaluation(&mut self) {
        self.record_histograms(false);
        let Some(evaluation) = self.reporter.last_evaluation().copied() else { return };
        match self.early_stopping.judge(&evaluation) {
            Verdict::Best if self.early_stopping.patience.is_some() => {
                self.best_weights = Some(Arc::new(self.trainer.evaluated_weights()));
            }
            Verdict::Best | Verdict::Wait => {}
            Verdict::GiveUp => self.stop_early(),
        }
    }

    fn finish_run(&mut self) {
        let step = self.trainer.completed();
        if self.reporter.evaluation_at(step).is_none() && !self.evaluate() {
            return;
        }
        let values = self.reporter.evaluation_at(step).map(metrics::evaluation_values).unwrap_or_default();
        self.reporter.report_end(&self.trainer, self.link);
        self.mode = RunMode::Waiting;
        self.set_state(RunState::Finished, None);
        let weights_sha256 = Some(self.trainer.weights_sha256());
        let seconds = Some(self.timing.training_time.training_seconds());
        let means = self.reporter.means().report();
        let summary = RunSummary { step, values, means, weights_sha256, seconds };
        self.outcome.summary = Some(summary.clone());
        self.save_news(self.is_complete());
        self.link.push(Event::Finished(summary));
    }

    /// Whether nothing of the plan is left to train.
    fn is_complete(&self) -> bool {
        let Self { trainer, stopped_early, .. } = self;
        let end = if *stopped_early { trainer.total_steps() } else { trainer.planned_steps() };
        trainer.completed() >= end
    }

    /// Answers the requests to advance that are fulfilled, and pauses after the last.
    fn answer_reached_goals(&mut self) {
        let step = self.trainer.completed();
        // A run that was stopped early is at its end, before goals that were beyond it.
        let reached = if self.state == RunState::Finished { u64::MAX } else { step };
        while let Some(id) = self.goals.take_reached(reached) {
            if self.goals.is_empty() && self.mode == RunMode::ToGoal {
                self.mode = RunMode::Waiting;
                self.set_state(RunState::Paused, None);
            }
            self.link.answer(id, Ok(step));
        }
    }

    fn pause(&mut self, reason: Option<String>) {
        self.mode = RunMode::Waiting;
        self.give_up_goals();
        self.set_state(RunState::Paused, reason);
    }

    /// Refuses what is left of the requests to advance.
    fn give_up_goals(&mut self) {
        let step = self.trainer.completed();
        for id in self.goals.take_all() {
            self.link.answer(id, Err(format!("interrupted at step {step}")));
        }
    }

    fn set_state(&mut self, state: RunState, reason: Option<String>) {
        if self.state != RunState::Running {
            self.timing.restart();
        }
        self.timing.training_time.set_running(state == RunState::Running, Instant::now());
        self.state = state;
        self.link.push(Event::State(StateChange { state, step: self.trainer.completed(), reason }));
    }

    /// Reports what can be steered, and how it stands.
    fn report_controls(&mut self) {
        self.link.push(Event::Controls(describe_controls(&self.trainer, &self.timing.throttle)));
    }

    /// The watched queries, and what answers them.
    fn split_queries(&mut self) -> (&mut WatchList, QueryAnswerer<'_>) {
        let Self { trainer, link, watch_list, mode, .. } = self;
        (watch_list, QueryAnswerer { trainer, link, waiting: *mode == RunMode::Waiting })
    }
}
