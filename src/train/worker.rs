//! The background task that drives a [`Trainer`]: takes commands between minibatches and reports what happens.

use std::{
    any::Any,
    collections::VecDeque,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self as std_mpsc, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    dataset,
    protocol::{
        Capability, CommandId, Event, Failure, Finding, Health, Hello, Loading, PROTOCOL_VERSION, Request, RunState,
        StateChange, StepReport, Summary,
    },
    train::{
        RunSpec, StepError, Trainer,
        health::Monitor,
        inbox::{Inbox, Next},
        outbox::{Disconnected, Outbox},
        pace::{Pace, RateMeter, Stopwatch},
    },
};

/// Requests that may wait for the worker; a person at a keyboard never fills it.
const WAITING_REQUESTS: usize = 4096;

/// Batches of events that may wait for the consumer.
const WAITING_BATCHES: usize = 4;

/// What to do about numbers that are not finite.
const LOWER_THE_RATE: &str = "lower the learning rate or clip the gradient (optimizer.clip_norm)";

/// How long the worker tries to deliver its last words to a consumer that doesn't read.
const FAREWELL: Duration = Duration::from_secs(1);

/// The two ends that a consumer holds, and the worker's thread.
#[derive(Debug)]
pub struct WorkerHandle {
    /// Requests go in here.
    pub requests: SyncSender<Request>,
    /// Events come out here, in order, several at a time.
    pub events: mpsc::Receiver<Vec<Event>>,
    /// To wait for the end.
    pub task: WorkerTask,
}

/// The worker's thread.
#[derive(Debug)]
pub struct WorkerTask {
    thread: thread::JoinHandle<Outcome>,
    ended: oneshot::Receiver<()>,
}

impl WorkerTask {
    /// Waits until the worker has ended and returns how its run stands then.
    ///
    /// It ends after a stop request, or when its channels are dropped.
    pub async fn join(self) -> Outcome {
        // An error means that the sender was dropped, which is the end too.
        let _ = self.ended.await;
        // The worker catches its own panics and reports them as failures.
        self.thread.join().unwrap_or_default()
    }
}

/// How a run stands when its worker has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Minibatches completed.
    pub step: u64,
    /// What the run came to, if it was finished when it ended.
    pub summary: Option<Summary>,
    /// Why it could not go on, if so.
    pub failure: Option<Failure>,
}

/// Starts a worker on a thread of its own.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn(spec: RunSpec) -> io::Result<WorkerHandle> {
    let (requests, inbox) = std_mpsc::sync_channel(WAITING_REQUESTS);
    let (outbox, events) = mpsc::channel(WAITING_BATCHES);
    let (end, ended) = oneshot::channel();
    let thread = thread::Builder::new().name("trainer".into()).spawn(move || {
        let outcome = work(&spec, Inbox::new(inbox), Outbox::new(outbox));
        // Nobody may be waiting.
        let _ = end.send(());
        outcome
    })?;
    Ok(WorkerHandle { requests, events, task: WorkerTask { thread, ended } })
}

/// Runs a worker to its end, turning a panic into [`Event::Failed`].
fn work(spec: &RunSpec, mut inbox: Inbox, mut outbox: Outbox) -> Outcome {
    let mut outcome = Outcome::default();
    let result = catch_unwind(AssertUnwindSafe(|| run(spec, &mut inbox, &mut outbox, &mut outcome)));
    let step = outcome.step;
    outcome.failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(End::Consumer(Disconnected))) => return outcome,
        Ok(Err(End::Failure(what, advice))) => Some(Failure { step, what, advice }),
        Err(panic) => Some(Failure {
            step,
            what: format!("the engine panicked: {}", panic_message(panic.as_ref())),
            advice: "this is a bug in gradtop; please report it with the configuration and the step".into(),
        }),
    };
    if let Some(failure) = &outcome.failure {
        inbox.answer_all(step, "the run has failed", &mut outbox);
        outbox.push(Event::State(StateChange { state: RunState::Failed, step, reason: None }));
        outbox.push(Event::Failed(failure.clone()));
        if !spec.stop_when_finished && inbox.wait_for_stop(&mut outbox).is_err() {
            return outcome;
        }
    }
    inbox.answer_all(step, "the run has stopped", &mut outbox);
    outbox.push(Event::State(StateChange { state: RunState::Stopped, step, reason: None }));
    outbox.push(Event::Stopped { step });
    outbox.deliver(FAREWELL);
    outcome
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

/// Why a worker ends other than by a stop request.
enum End {
    Consumer(Disconnected),
    Failure(String, String),
}

impl From<Disconnected> for End {
    fn from(disconnected: Disconnected) -> Self {
        Self::Consumer(disconnected)
    }
}

/// Loads, builds, trains and answers until a stop request; keeps `outcome` up to date for whoever reports the end.
fn run(spec: &RunSpec, inbox: &mut Inbox, outbox: &mut Outbox, outcome: &mut Outcome) -> Result<(), End> {
    outbox.push(Event::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        source: concat!("gradtop ", env!("CARGO_PKG_VERSION")).into(),
        run: spec.name.clone(),
        capabilities: vec![
            Capability::Pause,
            Capability::Advance,
            Capability::Steer,
            Capability::Throttle,
            Capability::Extend,
            Capability::Evaluate,
        ],
    }));
    let mut progress = |what: &str, fraction: Option<f64>| {
        outbox.push(Event::Loading(Loading { what: what.into(), fraction }));
        let gone = outbox.flush(Instant::now()).is_err();
        if gone || inbox.stop_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let loaded = dataset::load(&spec.data, &mut progress);
    if inbox.stop_requested() {
        return Ok(());
    }
    let data = loaded.map_err(|error| {
        End::Failure(error.to_string(), "check data.source in the configuration and the files it names".into())
    })?;
    outbox.push(Event::Loading(Loading { what: "building the network".into(), fraction: None }));
    outbox.flush(Instant::now())?;
    let trainer = Trainer::new(&spec.train, Arc::new(data)).map_err(|error| {
        End::Failure(
            error.to_string(),
            "change the configuration so that the network and its batches fit the data".into(),
        )
    })?;
    let mut worker = Worker::new(spec, trainer, inbox, outbox, outcome);
    worker.start();
    worker.work()
}

/// What the worker does when nobody asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drive {
    /// Wait for requests.
    Wait,
    /// Train up to the end of the run.
    Free,
    /// Train up to the last of [`Worker::goals`].
    ToGoal,
}

/// A trainer, the queues around it, and what was asked of it.
pub(super) struct Worker<'a> {
    pub(super) spec: &'a RunSpec,
    pub(super) trainer: Trainer,
    pub(super) inbox: &'a mut Inbox,
    pub(super) outbox: &'a mut Outbox,
    pub(super) drive: Drive,
    pub(super) state: RunState,
    /// Steps at which a request to advance is fulfilled, ascending.
    pub(super) goals: VecDeque<(u64, CommandId)>,
    pub(super) pace: Pace,
    pub(super) rate: RateMeter,
    outcome: &'a mut Outcome,
    monitor: Monitor,
    test: Option<(u64, f64, f64)>,
    stopwatch: Stopwatch,
    panic_at: Option<u64>,
    /// Numbers that were not finite, in a run that nobody can resume.
    broken: Option<String>,
}

impl<'a> Worker<'a> {
    fn new(
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

    fn work(&mut self) -> Result<(), End> {
        loop {
            let now = Instant::now();
            self.outbox.flush(now)?;
            let next = match self.drive {
                Drive::Wait => self.inbox.wait(self.outbox),
                Drive::Free | Drive::ToGoal => self.inbox.until(self.pace.due(now), self.outbox),
            };
            match next {
                Next::Request(request) => {
                    if self.handle(request).is_break() {
                        return Ok(());
                    }
                }
                Next::Nothing if self.drive == Drive::Wait => {}
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
        let running = self.state == RunState::Running;
        self.pace.started(start);
        let completed = self.trainer.completed();
        assert!(self.panic_at != Some(completed), "injected at step {completed}");
        let effective_lr = self.trainer.effective_lr();
        let outcome = self.trainer.step();
        self.outcome.step = self.trainer.completed();
        self.outcome.summary = None;
        match outcome {
            Ok(outcome) => {
                self.rate.add(outcome.samples, Instant::now());
                self.report_step(outcome.loss, outcome.accuracy, outcome.effective_lr, Some(outcome.gradient_norm));
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

    fn report_step(&mut self, loss: f64, accuracy: f64, effective_lr: f64, gradient_norm: Option<f64>) {
        let step = self.trainer.completed();
        let looks = step.is_multiple_of(self.spec.train.probe_every) || step == 1;
        let watched = self.drive == Drive::ToGoal || self.pace.is_limited();
        let mut probe = gradient_norm.filter(|_| looks || watched).map(|norm| self.trainer.probe(norm));
        let findings = probe.as_mut().map(|probe| self.monitor.judge(step, &mut probe.layers)).unwrap_or_default();
        self.outbox.push(Event::Step(StepReport {
            step,
            epoch: self.trainer.epoch(),
            loss,
            accuracy,
            lr: self.trainer.learning_rate(),
            effective_lr,
            samples_per_second: self.rate.samples_per_second(),
            probe,
        }));
        for finding in findings {
            self.outbox.push(Event::Finding(finding));
        }
    }

    fn report_broken_step(&mut self, error: &StepError, effective_lr: f64) {
        self.report_step(error.loss(), f64::NAN, effective_lr, None);
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
    pub(super) fn evaluate(&mut self) -> bool {
        let (inbox, outbox) = (&mut *self.inbox, &mut *self.outbox);
        let evaluation = self.trainer.evaluate(|| {
            let gone = outbox.flush(Instant::now()).is_err();
            if gone || inbox.stop_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let Some(evaluation) = evaluation else { return false };
        self.test = Some((evaluation.step, evaluation.loss, evaluation.accuracy));
        let finding = self.monitor.evaluated(&evaluation);
        self.outbox.push(Event::Evaluation(evaluation));
        if let Some(finding) = finding {
            self.outbox.push(Event::Finding(finding));
        }
        true
    }

    fn finish(&mut self) {
        let step = self.trainer.completed();
        if self.test.is_none_or(|(at, ..)| at != step) && !self.evaluate() {
            return;
        }
        let (test_loss, test_accuracy) = self.test.map_or((f64::NAN, f64::NAN), |(_, loss, accuracy)| (loss, accuracy));
        self.drive = Drive::Wait;
        self.set_state(RunState::Finished, None);
        let weights_sha256 = self.trainer.weights_sha256();
        let seconds = self.stopwatch.seconds();
        let summary = Summary { step, test_loss, test_accuracy, weights_sha256, seconds };
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

    pub(super) fn pause(&mut self, reason: Option<String>) {
        self.drive = Drive::Wait;
        self.give_up_goals();
        self.set_state(RunState::Paused, reason);
    }

    /// Refuses what is left of the requests to advance.
    pub(super) fn give_up_goals(&mut self) {
        let step = self.trainer.completed();
        for (_, id) in std::mem::take(&mut self.goals) {
            self.inbox.answer(id, Err(format!("interrupted at step {step}")), self.outbox);
        }
    }

    pub(super) fn set_state(&mut self, state: RunState, reason: Option<String>) {
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
