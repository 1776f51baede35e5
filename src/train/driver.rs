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
mod trained_run;
mod watch_list;

use std::time::Instant;

use crate::{
    protocol::{
        BranchId, BranchName, Event, Finding, Phase, Rewound, RunInfo, RunState, RunSummary, Setting, StateChange,
    },
    train::{
        Outcome, Place, RunSpec, StepError, StepOutcome, Trainer,
        describe::describe_run,
        inbox::NextRequest,
        injected::{self, StallPlace},
        link::ConsumerLink,
        metrics,
        outbox::Disconnected,
        outcome::WorkerEndReason,
    },
};

pub use self::replay::replay;
use self::{
    goals::AdvanceGoals, queries::QueryAnswerer, saving::record_histograms, steering::describe_controls,
    trained_run::TrainedRun, watch_list::WatchList,
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

/// A run, the connection to its consumer, and what was asked of it.
pub(super) struct TrainingDriver<'a> {
    spec: &'a RunSpec,
    run: TrainedRun,
    link: &'a mut ConsumerLink,
    mode: RunMode,
    /// The state as it was last reported.
    state: RunState,
    goals: AdvanceGoals,
    watch_list: WatchList,
    /// How the run stands, for the end.
    outcome: &'a mut Outcome,
    /// Settings with which it leaves for a branch of its own once that is done; normally empty.
    branch_changes: Vec<(String, Setting)>,
    /// Step of the last snapshot, and whether it said that nothing is left to train.
    saved: Option<(u64, bool)>,
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
            run: TrainedRun::new(spec, trainer),
            link,
            mode: RunMode::ToEnd,
            state: RunState::Loading,
            goals: AdvanceGoals::default(),
            watch_list: WatchList::default(),
            outcome,
            branch_changes: Vec::new(),
            saved: None,
            attended: !spec.stop_when_finished,
            trouble: None,
            panic_at: injected::panic_step(),
        }
    }

    /// Says whether the run's first weights were drawn; otherwise they were given.
    pub(super) fn set_drawn_weights(&mut self, drawn: bool) {
        self.run.begins_with_drawn_weights = drawn;
    }

    /// Says what the run is, with what was recorded of it before, and begins or goes on to record it.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub(super) fn begin(&mut self, data_sha256: Option<&str>, history: Vec<Event>) -> Result<(), Disconnected> {
        let folder = data_sha256.and_then(|data_sha256| self.begin_record(data_sha256));
        self.outcome.folder.clone_from(&folder);
        let memory = self.spec.train.memory(&self.run.trainer.data().outline(), self.link.recording.is_some()).ok();
        let memory = memory.map(|memory| memory.info());
        let info = RunInfo { memory, folder, ..describe_run(&self.run.trainer, &self.spec.train) };
        self.link.push(Event::Ready(Box::new(info)));
        self.send_history(history)?;
        self.run.keep_snapshot();
        record_histograms(&self.run.trainer, self.link, false);
        Ok(())
    }

    /// Tells the consumer what was recorded of the run before, or at least its branches.
    fn send_history(&mut self, history: Vec<Event>) -> Result<(), Disconnected> {
        let tree = &self.run.timeline.tree;
        if tree.branch_count() == 1 && history.is_empty() {
            return Ok(());
        }
        let mut history = history;
        if history.is_empty() {
            let named = |branch: BranchId, name: &str| {
                let name = name.to_owned();
                (!name.is_empty()).then_some(Event::BranchRenamed(BranchName { branch, name }))
            };
            history.extend(named(BranchId(0), tree.root_name()));
            for (branching, name) in tree.branchings() {
                let branch = branching.branch;
                history.push(Event::Branched(branching));
                history.extend(named(branch, name));
            }
        }
        let Place { branch, step } = self.run.snapshot_place().place;
        history.push(Event::Rewound(Rewound { branch, step }));
        self.link.outbox.send_history(history)
    }

    /// Trains and answers until a stop request; whatever ends it, what was trained is saved.
    pub(super) fn run_until_stop(&mut self) -> Result<(), WorkerEndReason> {
        let end = self.train_until_stop();
        self.save_news();
        end
    }

    fn train_until_stop(&mut self) -> Result<(), WorkerEndReason> {
        self.report_controls();
        self.set_state(RunState::Running, None);
        self.repeat_due_interventions()?;
        if self.run.trainer.completed() >= self.run.trainer.total_steps() {
            self.finish_run();
        }
        loop {
            // Before anything else that is done at its step.
            self.repeat_due_interventions()?;
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
                inbox.wait_until(self.run.timing.throttle.next_start(now), outbox)
            };
            match next {
                NextRequest::Request(request) => {
                    if self.handle_request(request).is_break() {
                        return Ok(());
                    }
                }
                NextRequest::EndOfRequests => self.attended = false,
                NextRequest::Nothing if waiting || self.link.outbox.is_full() => {}
                NextRequest::Nothing => self.train_or_finish(),
                NextRequest::Gone => return Err(WorkerEndReason::Consumer(Disconnected)),
            }
            self.tend_record();
            if !self.attended
                && let Some(Finding { what, advice, .. }) = self.trouble.clone()
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
        if self.run.trainer.completed() >= self.run.trainer.total_steps() {
            self.finish_run();
            self.answer_reached_goals();
            return;
        }
        self.begin_branch_if_behind(None);
        let start = Instant::now();
        self.run.timing.throttle.record_start(start);
        let completed = self.run.trainer.completed();
        assert!(self.panic_at != Some(completed), "injected at step {completed}");
        injected::stall(StallPlace::Step, completed);
        let outcome = self.run.trainer.step();
        self.complete_minibatch(start, outcome);
    }

    /// Walks on by one phase of the minibatch.
    fn advance_walk(&mut self) {
        self.begin_branch_if_behind(None);
        let start = Instant::now();
        let outcome = self.run.trainer.advance_phase();
        self.run.reporter.report_phase(&self.run.trainer, self.link);
        if let Some(outcome) = outcome {
            self.complete_minibatch(start, outcome);
        }
    }

    /// Leaves it to the training to complete the minibatch that a walk is in.
    fn leave_walk(&mut self) {
        self.run.trainer.leave_walk();
        self.run.reporter.report_phase(&self.run.trainer, self.link);
    }

    /// While no request comes, computes the passes of the next minibatch once: an inspection then waits only for the
    /// answer, and the next step takes them up.
    fn compute_ahead(&mut self) {
        if self.state != RunState::Paused || self.run.trainer.minibatch().phase() != Phase::Between {
            return;
        }
        while !self.link.inbox.is_waiting() && self.run.trainer.compute_ahead() {
            // A consumer that is gone is noticed where the worker waits.
            let _ = self.link.flush_if_due();
        }
    }

    /// Does everything that follows from a minibatch.
    fn complete_minibatch(&mut self, start: Instant, outcome: Result<StepOutcome, StepError>) {
        let running = self.state == RunState::Running;
        let step = self.run.trainer.completed();
        (self.outcome.step, self.outcome.summary) = (step, None);
        self.trouble = None;
        if let Ok(outcome) = &outcome {
            self.run.timing.sample_rate.add(outcome.samples, Instant::now());
        }
        let samples_per_second = self.run.timing.sample_rate.samples_per_second();
        let watched = self.mode == RunMode::ToGoal || self.run.timing.throttle.is_limited();
        let TrainedRun { reporter, trainer, .. } = &mut self.run;
        let trouble = match outcome {
            Ok(outcome) => reporter.report_step(trainer, self.link, outcome, samples_per_second, watched),
            Err(error) => reporter.report_broken_step(trainer, self.link, &error, samples_per_second),
        };
        if let Some(trouble) = trouble {
            self.stop_for(trouble);
        }
        if step.is_multiple_of(self.run.trainer.evaluate_every()) && self.run.evaluate_here(self.link) {
            self.run.judge_regular_evaluation(self.link);
        }
        if !running {
            self.run.timing.training_time.add_time(start.elapsed());
        }
        // Where it stops for a trouble, the run has paused or fails, also if nothing is left to train.
        if step >= self.run.trainer.total_steps() && self.trouble.is_none() {
            self.finish_run();
        }
        self.run.tend_timeline();
        self.answer_reached_goals();
    }

    /// Pauses the run for a trouble, or lets it fail where nobody could resume it.
    fn stop_for(&mut self, trouble: Finding) {
        if self.attended {
            self.pause(Some(trouble.what.clone()));
        }
        self.trouble = Some(trouble);
    }

    fn finish_run(&mut self) {
        let step = self.run.trainer.completed();
        if self.run.reporter.evaluation_at(step).is_none() && !self.run.evaluate_here(self.link) {
            return;
        }
        let values = self.run.reporter.evaluation_at(step).map(metrics::evaluation_values).unwrap_or_default();
        self.run.reporter.report_end(&self.run.trainer, self.link);
        self.mode = RunMode::Waiting;
        self.set_state(RunState::Finished, None);
        let weights_sha256 = Some(self.run.trainer.weights_sha256());
        let seconds = Some(self.run.timing.training_time.training_seconds());
        let means = self.run.reporter.means().report();
        let summary = RunSummary { step, values, means, weights_sha256, seconds };
        self.outcome.summary = Some(summary.clone());
        self.save_news();
        self.link.push(Event::Finished(summary));
    }

    /// Answers the requests to advance that are fulfilled, and pauses after the last.
    fn answer_reached_goals(&mut self) {
        let step = self.run.trainer.completed();
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
        let step = self.run.trainer.completed();
        for id in self.goals.take_all() {
            self.link.answer(id, Err(format!("interrupted at step {step}")));
        }
    }

    fn set_state(&mut self, state: RunState, reason: Option<String>) {
        if self.state != RunState::Running {
            self.run.timing.restart();
        }
        self.run.timing.training_time.set_running(state == RunState::Running, Instant::now());
        self.state = state;
        self.link.push(Event::State(StateChange { state, step: self.run.trainer.completed(), reason }));
    }

    /// Reports what can be steered, and how it stands.
    fn report_controls(&mut self) {
        self.link.push(Event::Controls(describe_controls(&self.run.trainer, &self.run.timing.throttle)));
    }

    /// The watched queries, and what answers them.
    fn split_queries(&mut self) -> (&mut WatchList, QueryAnswerer<'_>) {
        let Self { run, link, watch_list, mode, .. } = self;
        (watch_list, QueryAnswerer { trainer: &mut run.trainer, link, waiting: *mode == RunMode::Waiting })
    }
}
