//! What the worker's thread does between two looks into its inbox: train a minibatch, report it, keep the goals.

mod steering;
mod watch;

use std::{collections::VecDeque, ops::ControlFlow, time::Instant};

use crate::{
    protocol::{CommandId, Event, Finding, Health, Phase, RunState, StateChange, StepReport, Summary, Walk},
    train::{
        Outcome, RunSpec, StepError, StepOutcome, TestResult, Trainer, evaluation,
        health::Monitor,
        inbox::{Inbox, Next},
        measures::StepMeasures,
        metrics,
        outbox::{Disconnected, Outbox},
        outcome::End,
        pace::{Pace, RateMeter, Stopwatch},
        probe,
    },
};

use self::watch::Watch;

/// What to do about numbers that are not finite.
const LOWER_THE_RATE: &str = "lower the learning rate or clip the gradient (optimizer.clip_norm)";

/// What the worker does when nobody asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drive {
    /// Wait for requests.
    Wait,
    /// Train up to the end of the run.
    Free,
    /// Train up to the last of [`Driver::goals`].
    ToGoal,
}

/// A trainer, the queues around it, and what was asked of it.
pub(super) struct Driver<'a> {
    spec: &'a RunSpec,
    trainer: Trainer,
    inbox: &'a mut Inbox,
    outbox: &'a mut Outbox,
    drive: Drive,
    state: RunState,
    /// Steps at which a request to advance is fulfilled, ascending.
    goals: VecDeque<(u64, CommandId)>,
    pace: Pace,
    rate: RateMeter,
    watch: Watch,
    /// Where the walk through a minibatch stood when it was last told.
    told: Phase,
    outcome: &'a mut Outcome,
    monitor: Monitor,
    test: Option<TestResult>,
    stopwatch: Stopwatch,
    panic_at: Option<u64>,
    /// Numbers that were not finite, in a run that nobody can resume.
    broken: Option<String>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        spec: &'a RunSpec,
        trainer: Trainer,
        inbox: &'a mut Inbox,
        outbox: &'a mut Outbox,
        outcome: &'a mut Outcome,
    ) -> Self {
        Self {
            spec,
            trainer,
            inbox,
            outbox,
            drive: Drive::Free,
            state: RunState::Loading,
            goals: VecDeque::new(),
            pace: Pace::new(spec.throttle),
            rate: RateMeter::default(),
            watch: Watch::default(),
            told: Phase::Between,
            outcome,
            monitor: Monitor::default(),
            test: None,
            stopwatch: Stopwatch::default(),
            panic_at: injected_panic(),
            broken: None,
        }
    }

    fn start(&mut self) {
        self.outbox.push(Event::Ready(Box::new(self.trainer.describe(&self.spec.train))));
        self.report_controls();
        self.set_state(RunState::Running, None);
    }

    /// Trains and answers until a stop request.
    pub(super) fn work(&mut self) -> Result<(), End> {
        self.start();
        loop {
            let now = Instant::now();
            self.answer_watched(now);
            self.outbox.flush(now)?;
            let next = match self.drive {
                Drive::Wait => {
                    self.prepare();
                    self.inbox.wait(self.outbox)
                }
                // Where the outbox is full it waits a moment for the reader, but never for a request.
                Drive::Free | Drive::ToGoal => self.inbox.until(self.pace.due(now), self.outbox),
            };
            match next {
                Next::Request(request) => {
                    if self.handle(request).is_break() {
                        return Ok(());
                    }
                }
                Next::Nothing if self.drive == Drive::Wait || self.outbox.is_full() => {}
                Next::Nothing => self.train_one(),
                Next::Gone => return Err(End::Consumer(Disconnected)),
            }
            if let Some(what) = self.broken.take() {
                return Err(End::Failure(what, LOWER_THE_RATE.into()));
            }
            if self.state == RunState::Finished && self.spec.stop_when_finished {
                return Ok(());
            }
        }
    }

    /// Trains one minibatch and does everything that follows from it.
    fn train_one(&mut self) {
        let start = Instant::now();
        self.pace.started(start);
        let completed = self.trainer.completed();
        assert!(self.panic_at != Some(completed), "injected at step {completed}");
        let effective_lr = self.trainer.effective_lr();
        let outcome = self.trainer.step();
        self.complete(start, outcome, effective_lr);
    }

    /// Goes on by one phase of the minibatch in hand.
    fn walk(&mut self) {
        let start = Instant::now();
        let effective_lr = self.trainer.effective_lr();
        if let Some(outcome) = self.trainer.advance_phase() {
            self.tell_walk();
            self.complete(start, outcome, effective_lr);
        }
        self.tell_walk();
    }

    /// Tells where the walk through a minibatch stands, if that is news.
    fn tell_walk(&mut self) {
        let phase = self.trainer.phase();
        if phase != self.told {
            self.told = phase;
            let (step, minibatch) = (self.trainer.completed(), self.trainer.walked_minibatch());
            self.outbox.push(Event::Phase(Walk { step, minibatch, phase }));
        }
    }

    /// Does everything that follows from a minibatch.
    fn complete(&mut self, start: Instant, outcome: Result<StepOutcome, StepError>, effective_lr: f64) {
        let running = self.state == RunState::Running;
        self.outcome.step = self.trainer.completed();
        self.outcome.summary = None;
        match outcome {
            Ok(outcome) => {
                self.rate.add(outcome.samples, Instant::now());
                let StepOutcome { loss, accuracy, gradient_norm, effective_lr, samples } = outcome;
                let measures =
                    StepMeasures { loss, accuracy: Some(accuracy), gradient_norm: Some(gradient_norm), effective_lr };
                self.report_step(measures, samples, true);
            }
            Err(error) => self.report_broken_step(&error, effective_lr),
        }
        let completed = self.trainer.completed();
        if completed.is_multiple_of(self.trainer.evaluate_every(&self.spec.train)) {
            self.evaluate();
        }
        if !running {
            self.stopwatch.add(start.elapsed());
        }
        if completed >= self.trainer.total_steps() {
            self.finish();
        }
        self.check_goals();
    }

    /// Reports the minibatch just trained; the probe looks where it is time and the step was `whole`, with an update.
    fn report_step(&mut self, measures: StepMeasures, samples: usize, whole: bool) {
        self.monitor.trained(measures.loss);
        let step = self.trainer.completed();
        let due = step.is_multiple_of(self.spec.train.probe_every) || step == 1;
        let looks = whole && (due || self.drive == Drive::ToGoal || self.pace.is_limited());
        let mut layers = if looks { self.trainer.probe() } else { Vec::new() };
        let findings = if looks { self.monitor.judge(step, &mut layers) } else { Vec::new() };
        let gradient_norm = measures.gradient_norm.filter(|_| looks || !whole);
        self.outbox.push(Event::Step(StepReport {
            step,
            epoch: Some(self.trainer.epoch()),
            samples: Some(samples as u64),
            values: metrics::of_step(&StepMeasures { gradient_norm, ..measures }),
            samples_per_second: self.rate.samples_per_second(),
            layers: layers.iter().map(probe::report).collect(),
        }));
        for finding in findings {
            self.outbox.push(Event::Finding(finding));
        }
    }

    fn report_broken_step(&mut self, error: &StepError, effective_lr: f64) {
        let gradient_norm = if let StepError::Gradient { norm, .. } = error { Some(*norm) } else { None };
        let measures = StepMeasures { loss: error.loss(), accuracy: None, gradient_norm, effective_lr };
        self.report_step(measures, self.trainer.samples(), false);
        let step = self.trainer.completed();
        let what = format!("{error}; its update was left out");
        self.outbox.push(Event::Finding(Finding {
            step,
            health: Health::Bad,
            layer: if let StepError::Gradient { layer, .. } = error { Some(*layer) } else { None },
            what: what.clone(),
            advice: format!("{LOWER_THE_RATE}; what the updates before did to the weights stays"),
        }));
        if self.spec.stop_when_finished {
            self.broken = Some(what);
        } else {
            self.pause(Some(what));
        }
    }

    /// Evaluates on the test split; false when a stop request cut it short.
    fn evaluate(&mut self) -> bool {
        let (inbox, outbox) = (&mut *self.inbox, &mut *self.outbox);
        let evaluation = self.trainer.evaluate(|| {
            let gone = outbox.flush(Instant::now()).is_err();
            if gone || inbox.stop_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let Some(evaluation) = evaluation else { return false };
        self.test = Some(evaluation);
        let finding = self.monitor.evaluated(&evaluation);
        self.outbox.push(Event::Evaluation(evaluation::report(&evaluation)));
        if let Some(finding) = finding {
            self.outbox.push(Event::Finding(finding));
        }
        true
    }

    fn finish(&mut self) {
        let step = self.trainer.completed();
        if self.test.is_none_or(|test| test.step != step) && !self.evaluate() {
            return;
        }
        let values = self.test.as_ref().map(metrics::of_evaluation).unwrap_or_default();
        self.drive = Drive::Wait;
        self.set_state(RunState::Finished, None);
        let weights_sha256 = Some(self.trainer.weights_sha256());
        let summary = Summary { step, values, weights_sha256, seconds: Some(self.stopwatch.seconds()) };
        self.outcome.summary = Some(summary.clone());
        self.outbox.push(Event::Finished(summary));
    }

    /// Answers the requests to advance that are fulfilled, and pauses after the last.
    fn check_goals(&mut self) {
        let step = self.trainer.completed();
        while let Some(&(goal, id)) = self.goals.front() {
            if goal > step {
                return;
            }
            self.goals.pop_front();
            if self.goals.is_empty() && self.drive == Drive::ToGoal {
                self.drive = Drive::Wait;
                self.set_state(RunState::Paused, None);
            }
            self.inbox.answer(id, Ok(step), self.outbox);
        }
    }

    fn pause(&mut self, reason: Option<String>) {
        self.drive = Drive::Wait;
        self.give_up_goals();
        self.set_state(RunState::Paused, reason);
    }

    /// Refuses what is left of the requests to advance.
    fn give_up_goals(&mut self) {
        let step = self.trainer.completed();
        for (_, id) in std::mem::take(&mut self.goals) {
            self.inbox.answer(id, Err(format!("interrupted at step {step}")), self.outbox);
        }
    }

    fn set_state(&mut self, state: RunState, reason: Option<String>) {
        if self.state != RunState::Running {
            self.pace.restart();
            self.rate.restart();
        }
        self.stopwatch.run(state == RunState::Running, Instant::now());
        self.state = state;
        self.outbox.push(Event::State(StateChange { state, step: self.trainer.completed(), reason }));
    }
}

/// Step at which a debug build is told to panic, so that a test can see what a person would see.
fn injected_panic() -> Option<u64> {
    if cfg!(debug_assertions) { std::env::var("GRADTOP_PANIC_AT_STEP").ok()?.parse().ok() } else { None }
}
