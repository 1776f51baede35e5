//! The background task that trains: started on a thread of its own, stopped by a request, waited for; its panics are
//! reported.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self as std_mpsc, SyncSender},
    },
    thread,
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    dataset::{self, DataError, Dataset},
    protocol::{Capability, Event, Failure, Hello, Loading, PROTOCOL_VERSION, RunState, StateChange},
    tensors::Tensors,
    threads::spawn_thread,
    train::{
        ResumedRun, RunSpec, RunStart, SetupError, Trainer,
        driver::TrainingDriver,
        fingerprint,
        inbox::Inbox,
        injected::{self, StallPlace},
        link::ConsumerLink,
        outbox::{Disconnected, Outbox},
        outcome::{Outcome, UnusableInput, WorkerEndReason},
        record::Recording,
    },
};

pub use crate::train::inbox::Incoming;

/// Requests that may wait for the worker, at most; a person at a keyboard never sends as many.
const MAX_WAITING_REQUESTS: usize = 4096;

/// Batches of events that may wait for the consumer, at most.
const MAX_WAITING_BATCHES: usize = 4;

/// The two ends that a consumer holds, and the worker's thread.
#[derive(Debug)]
pub struct WorkerHandle {
    /// Requests go in here.
    pub requests: SyncSender<Incoming>,
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

/// Starts a worker on a thread of its own.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn(spec: RunSpec) -> io::Result<WorkerHandle> {
    spawn_from(spec, RunStart::default())
}

/// Starts a worker that records its run, or goes on with a recorded one, or carries out requests before it trains.
///
/// # Errors
/// As [`spawn`].
pub fn spawn_from(spec: RunSpec, start: RunStart) -> io::Result<WorkerHandle> {
    let RunStart { record, resume, weights, requests: first_requests } = start;
    let (requests, inbox) = std_mpsc::sync_channel(MAX_WAITING_REQUESTS);
    let (outbox, events) = mpsc::channel(MAX_WAITING_BATCHES);
    let (end, ended) = oneshot::channel();
    let thread = spawn_thread("trainer", move || {
        let (inbox, outbox) = (Inbox::new(inbox, first_requests), Outbox::new(outbox, spec.delivery));
        let link = ConsumerLink { inbox, outbox, recording: record.map(Recording::new), muted: false };
        let outcome = run_worker(&spec, link, RunOrigin { resume, weights });
        // It fails if the task was dropped.
        let _ = end.send(());
        outcome
    })?;
    Ok(WorkerHandle { requests, events, task: WorkerTask { thread, ended } })
}

/// Where a run's weights come from, if they are not drawn.
struct RunOrigin {
    resume: Option<ResumedRun>,
    weights: Option<Tensors>,
}

/// Runs a worker to its end, turning a panic into [`Event::Failed`].
fn run_worker(spec: &RunSpec, mut link: ConsumerLink, origin: RunOrigin) -> Outcome {
    let mut outcome = Outcome::default();
    let result = catch_unwind(AssertUnwindSafe(|| train_until_stop(spec, &mut link, &mut outcome, origin)));
    let step = outcome.step;
    outcome.failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(WorkerEndReason::Consumer(Disconnected))) => {
            outcome.failure = link.outbox.has_given_up().then(|| Failure {
                step,
                what: "the viewer stopped reading while thousands of events were queued".into(),
                advice: "read the events as they come, or leave; the run has ended".into(),
            });
            return outcome;
        }
        Ok(Err(WorkerEndReason::Failure(what, advice))) => Some(Failure { step, what, advice }),
        Ok(Err(WorkerEndReason::Refused(refused))) => {
            let failure = refused_input_failure(step, &refused);
            outcome.refused = Some(refused);
            Some(failure)
        }
        Err(panic) => Some(Failure {
            step,
            what: format!("the engine panicked: {}", panic_message(panic.as_ref())),
            advice: "this is a bug in gradtop; please report it with the configuration and the step".into(),
        }),
    };
    if let Some(failure) = &outcome.failure {
        link.inbox.answer_all(step, "the run has failed", &mut link.outbox);
        link.push(Event::State(StateChange { state: RunState::Failed, step, reason: None }));
        link.push(Event::Failed(failure.clone()));
        if !spec.stop_when_finished && link.inbox.wait_for_stop(&mut link.outbox).is_err() {
            return outcome;
        }
    }
    link.inbox.answer_all(step, "the run has stopped", &mut link.outbox);
    link.push(Event::State(StateChange { state: RunState::Stopped, step, reason: None }));
    link.push(Event::Stopped { step });
    link.outbox.deliver();
    outcome
}

/// What is told of wrong input where nobody knows the configuration.
fn refused_input_failure(step: u64, refused: &UnusableInput) -> Failure {
    let (what, advice) = match refused {
        UnusableInput::Data(problem) => {
            (problem.clone(), "check --data, or data.source in the configuration, and the files there")
        }
        UnusableInput::Augmentations(problem) => (problem.clone(), "change data.augment"),
        UnusableInput::Setup(error) => {
            let remedy = match error {
                SetupError::Network(error) => error.remedy(),
                SetupError::Batches(_) | SetupError::Memory(_) => None,
            };
            let usual = "change the configuration so that the network and its batches fit the data";
            (error.to_string(), remedy.unwrap_or(usual))
        }
    };
    Failure { step, what, advice: advice.into() }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

/// Loads, builds, trains and answers until a stop request; keeps `outcome` up to date for the report of the end.
fn train_until_stop(
    spec: &RunSpec,
    link: &mut ConsumerLink,
    outcome: &mut Outcome,
    origin: RunOrigin,
) -> Result<(), WorkerEndReason> {
    link.push(Event::Hello(hello(spec, link.recording.is_some())));
    let Some(data) = load_data(spec, link)? else { return Ok(()) };
    let expected = origin.resume.as_ref().and_then(|resumed| resumed.data_sha256.as_ref());
    let found = (expected.is_some() || link.recording.is_some()).then(|| fingerprint::data_sha256(&data));
    if expected.is_some() && expected != found.as_ref() {
        let problem =
            format!("{}: not the data that this run was trained on; --anyway goes on all the same", data.name);
        return Err(WorkerEndReason::Refused(UnusableInput::Data(problem)));
    }
    link.push(Event::Loading(Loading { what: "building the network".into(), fraction: None }));
    link.flush_if_due()?;
    let outline = data.outline();
    let mut trainer = spec
        .train
        .check_memory(&outline, outline.memory_bytes(), link.recording.is_some())
        .map_err(SetupError::Memory)
        .and_then(|()| Trainer::new(&spec.train, Arc::new(data)))
        .map_err(|error| WorkerEndReason::Refused(UnusableInput::Setup(error)))?;
    let draws_weights = origin.weights.is_none();
    let unfitting = origin.weights.map(|weights| trainer.take_weights(&weights)).unwrap_or_default();
    let mut driver = TrainingDriver::new(spec, trainer, link, outcome);
    driver.set_drawn_weights(draws_weights);
    let mut history = Vec::new();
    if let Some(mut resumed) = origin.resume {
        history = std::mem::take(&mut resumed.history);
        let returned = driver.resume_from(resumed).map_err(|problem| {
            WorkerEndReason::Failure(format!("can't go on: {problem}"), "start anew, or resume an earlier run".into())
        })?;
        if !returned {
            return Ok(());
        }
    }
    driver.begin(found.as_deref(), history)?;
    driver.report_unfitting_weights(unfitting);
    driver.run_until_stop()
}

/// Who speaks, and what can be asked.
fn hello(spec: &RunSpec, is_recorded: bool) -> Hello {
    let saving = is_recorded.then_some(Capability::Save);
    Hello {
        protocol: PROTOCOL_VERSION,
        source: concat!("gradtop ", env!("CARGO_PKG_VERSION")).into(),
        run: spec.name.clone(),
        capabilities: [
            Capability::Pause,
            Capability::Advance,
            Capability::Steer,
            Capability::Throttle,
            Capability::Extend,
            Capability::Evaluate,
            Capability::Inspect,
            Capability::Phase,
            Capability::Rewind,
            Capability::RangeTest,
            Capability::Skip,
            Capability::Silence,
        ]
        .into_iter()
        .chain(saving)
        .collect(),
    }
}

/// Loads the data; `None` if a stop request came first.
fn load_data(spec: &RunSpec, link: &mut ConsumerLink) -> Result<Option<Dataset>, WorkerEndReason> {
    let mut progress = |what: &str, fraction: Option<f64>| {
        link.push(Event::Loading(Loading { what: what.into(), fraction }));
        link.continue_until_stop()
    };
    injected::stall(StallPlace::Load, 0);
    let loaded = dataset::load(&spec.data, &mut progress);
    // By a request, or because the consumer has left.
    if link.inbox.stop_requested() || matches!(loaded, Err(DataError::Interrupted)) {
        return Ok(None);
    }
    let data = loaded.map_err(|error| {
        let problem = error.to_string();
        WorkerEndReason::Refused(match error {
            DataError::Augment { .. } => UnusableInput::Augmentations(problem),
            _ => UnusableInput::Data(problem),
        })
    })?;
    if let Some(difference) = spec.checked.as_ref().and_then(|checked| checked.find_difference(&data.outline())) {
        return Err(WorkerEndReason::Failure(
            format!("{}: changed after it was checked: {difference}", data.name),
            "start again when nothing writes to the data".into(),
        ));
    }
    Ok(Some(data))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::mpsc::TrySendError, time::Duration};

    use super::*;
    use crate::{
        dataset::{DataSpec, DatasetOutline},
        nn::NetworkSpec,
        optim::{OptimizerSpec, Schedule},
        protocol::{Command, CommandId, Request},
        train::{BatchSize, Delivery, HealthSettings, TrainSpec},
    };

    /// A run that hardly moves.
    fn slow_run(delivery: Delivery) -> RunSpec {
        RunSpec {
            name: "slow".into(),
            data: DataSpec::default(),
            train: TrainSpec {
                seed: 1,
                epochs: 1,
                steps: None,
                stop_after: None,
                batch_size: BatchSize::Exactly(10),
                evaluate_every: None,
                patience: None,
                probe_every: 1000,
                threads: NonZeroUsize::MIN,
                network: NetworkSpec { layers: vec!["linear 10".parse().unwrap()], ..NetworkSpec::default() },
                optimizer: OptimizerSpec::ADAM,
                learning_rate: 1e-3,
                clip_norm: None,
                ema: None,
                schedule: Schedule::default(),
                health: HealthSettings::default(),
            },
            throttle: Some(0.01),
            timeline_bytes: 0,
            delivery,
            checked: None,
            stop_when_finished: false,
        }
    }

    /// Asks for the same again and again without reading, until nothing more is taken for a while or `most`
    /// requests were; how many were.
    fn ask(handle: &WorkerHandle, command: &Command, most: u64) -> u64 {
        let (mut asked, mut refused) = (0, 0);
        while asked < most && refused < 200 {
            match handle.requests.try_send(Request { id: CommandId(asked), command: command.clone() }.into()) {
                Ok(()) => (asked, refused) = (asked + 1, 0),
                Err(TrySendError::Full(_)) => {
                    refused += 1;
                    thread::sleep(Duration::from_millis(10));
                }
                Err(TrySendError::Disconnected(_)) => panic!("the worker has left after {asked} requests"),
            }
        }
        asked
    }

    #[test]
    fn who_asks_without_reading_is_bounded_and_answered_later() {
        let mut handle = spawn(slow_run(Delivery::Wait)).unwrap();
        let runs = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Running);
        while !handle.events.blocking_recv().unwrap().iter().any(runs) {}
        let asked = ask(&handle, &Command::Unknown, 100_000);
        assert!(asked < 50_000, "{asked}");
        let mut answers = 0;
        while answers < asked {
            let events = handle.events.blocking_recv().unwrap();
            answers += events.iter().filter(|event| matches!(event, Event::Rejected { .. })).count() as u64;
        }
        assert_eq!(answers, asked);
    }

    #[test]
    fn first_requests_are_carried_out_before_the_first_minibatch() {
        let requests = vec![Request { id: CommandId(7), command: Command::Pause }];
        let spec = RunSpec { throttle: None, ..slow_run(Delivery::Wait) };
        let mut handle = spawn_from(spec, RunStart { requests, ..RunStart::default() }).unwrap();
        // Sent later, it finds the run paused where it began.
        let paused = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Paused);
        let mut seen = Vec::new();
        while !seen.iter().any(paused) {
            seen.extend(handle.events.blocking_recv().unwrap());
        }
        assert!(seen.contains(&Event::Applied { id: CommandId(7), step: 0 }), "{seen:?}");
        assert!(!seen.iter().any(|event| matches!(event, Event::Step(_))), "{seen:?}");
    }

    #[test]
    fn data_that_changed_after_they_were_checked_fail() {
        let mut checked = dataset::describe(&DataSpec::default()).unwrap().unwrap();
        let failure = |checked: &DatasetOutline| {
            let spec = RunSpec { checked: Some(checked.clone()), throttle: None, ..slow_run(Delivery::Wait) };
            let mut handle = spawn(spec).unwrap();
            while let Some(events) = handle.events.blocking_recv() {
                for event in events {
                    match event {
                        Event::Failed(failure) => return Some(failure.what),
                        Event::State(change) if change.state == RunState::Running => return None,
                        _ => {}
                    }
                }
            }
            unreachable!("it neither fails nor trains")
        };
        assert_eq!(failure(&checked), None);
        checked.train += 1;
        let text = "fashion-mnist: changed after it was checked: 10,001 training samples then, 10,000 now";
        assert_eq!(failure(&checked), Some(text.into()));
    }

    #[test]
    fn requests_to_advance_that_wait_are_bounded() {
        let mut handle = spawn(slow_run(Delivery::Thin)).unwrap();
        assert_eq!(ask(&handle, &Command::Advance { count: 1_000_000 }, 5000), 5000);
        loop {
            let events = handle.events.blocking_recv().unwrap();
            if let Some(Event::Rejected { id, reason }) = events.iter().find(|e| matches!(e, Event::Rejected { .. })) {
                assert_eq!((id.0, reason.as_str()), (4096, "4096 requests to advance wait already"));
                break;
            }
        }
    }
}
