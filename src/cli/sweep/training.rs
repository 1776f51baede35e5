//! Trains the runs of a sweep that are not finished, some at a time.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::SyncSender,
    },
    time::Duration,
};

use anyhow::{Context, anyhow};
use gradtop::{
    protocol::{Command, CommandId, Event, Request},
    runs::{
        storage::DiskStorage,
        sweep::{RecordedRuns, SweptRun},
    },
    text::{harmless, percent_number},
    train::{
        Outcome, RunStart,
        worker::{Incoming, WorkerHandle, spawn_from},
    },
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    super::{
        SIGNAL_STATUS_BASE,
        ending::EndingSignals,
        progress::RunProgress,
        recording::{self, RecordPlace},
        resume, start,
    },
    plan::{SweepRun, SweepRuns},
    tell_way_on,
};

/// Time between two looks at how far the runs are.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Work of a run, in the units of the progress.
const RUN_WORK: u64 = 1000;

/// Trains what is not finished, `jobs` runs at a time; the exit status if a signal ended it before.
///
/// # Errors
/// When a run can't be trained or recorded. One that diverges is trained as far as it goes.
pub fn train_missing_runs(sweep: &SweepRuns, jobs: usize) -> anyhow::Result<Option<u8>> {
    let found = RecordedRuns::read(&DiskStorage, sweep.directory())?;
    let mut waiting = VecDeque::new();
    for (place, run) in sweep.runs.iter().enumerate() {
        match found.find(&DiskStorage, &run.planned.name, &run.configuration) {
            SweptRun::Finished { .. } | SweptRun::Diverged { .. } => {}
            SweptRun::Missing => waiting.push_back((place, None)),
            SweptRun::Unfinished { folder } => waiting.push_back((place, Some(folder))),
        }
    }
    if waiting.is_empty() {
        return Ok(None);
    }
    let runtime = start::build_event_loop()?;
    let signals = EndingSignals::listen(EndingSignals::HEADLESS)?;
    let progress = RunProgress::new(RUN_WORK * waiting.len() as u64);
    let mut training = SweepTraining { sweep, waiting, progress, ends: JoinSet::new(), active: Vec::new() };
    let end = runtime.block_on(training.train_all(jobs, signals));
    training.progress.clear_bar();
    if !matches!(end, Ok(None)) {
        tell_way_on(sweep);
    }
    end
}

/// A sweep on its way.
struct SweepTraining<'a> {
    sweep: &'a SweepRuns,
    /// Runs that have not begun, by their places, with the folders of those that go on.
    waiting: VecDeque<(usize, Option<PathBuf>)>,
    progress: RunProgress,
    /// The places of runs that have ended, and how.
    ends: JoinSet<(usize, Outcome)>,
    active: Vec<ActiveRun>,
}

/// A run that is trained just now.
struct ActiveRun {
    place: usize,
    requests: SyncSender<Incoming>,
    /// Minibatches completed, and those planned.
    steps: Arc<[AtomicU64; 2]>,
}

impl SweepTraining<'_> {
    /// Trains all runs that wait; the exit status if a signal ended it before.
    async fn train_all(&mut self, jobs: usize, mut signals: EndingSignals) -> anyhow::Result<Option<u8>> {
        let mut tick = interval(PROGRESS_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut problem = None;
        loop {
            while problem.is_none() && self.active.len() < jobs {
                match self.waiting.pop_front() {
                    None => break,
                    Some((place, folder)) => problem = self.begin(place, folder).err(),
                }
            }
            if problem.is_some() {
                self.stop_all();
            }
            tokio::select! {
                ended = self.ends.join_next() => match ended {
                    None => return problem.map_or(Ok(None), Err),
                    Some(ended) => {
                        let (place, outcome) = ended.context("a run ended unexpectedly")?;
                        problem = problem.or(self.take_end(place, outcome).err());
                    }
                },
                // It ends the program after a while, and the next one at once, whatever is waited for here.
                number = signals.first() => {
                    self.stop_all();
                    while self.ends.join_next().await.is_some() {}
                    return Ok(Some(SIGNAL_STATUS_BASE + number));
                }
                _ = tick.tick() => self.show_progress(),
            }
        }
    }

    /// Begins a run, or goes on with the one in `folder`.
    fn begin(&mut self, place: usize, folder: Option<PathBuf>) -> anyhow::Result<()> {
        let SweepRun { config, spec, planned, .. } = &self.sweep.runs[place];
        let start = if let Some(folder) = folder {
            resume::unchanged_start(&folder, config)?
        } else {
            let record = recording::new_record(config, RecordPlace::Kept, false);
            RunStart { record: Some(record.context("a sweep has to be recorded")?), ..RunStart::default() }
        };
        let worker = spawn_from(spec.clone(), start).with_context(|| format!("can't train {}", planned.name))?;
        let WorkerHandle { requests, mut events, task } = worker;
        let steps = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let told = Arc::clone(&steps);
        self.ends.spawn(async move {
            while let Some(batch) = events.recv().await {
                for event in batch {
                    match event {
                        Event::Step(report) => told[0].store(report.step, Ordering::Relaxed),
                        Event::Controls(controls) => {
                            told[1].store(controls.total_steps.unwrap_or(0), Ordering::Relaxed);
                        }
                        _ => {}
                    }
                }
            }
            (place, task.join().await)
        });
        self.active.push(ActiveRun { place, requests, steps });
        Ok(())
    }

    /// Takes note of how a run ended.
    fn take_end(&mut self, place: usize, outcome: Outcome) -> anyhow::Result<()> {
        self.active.retain(|run| run.place != place);
        self.progress.complete_run(RUN_WORK);
        let SweepRun { config, planned, configuration, .. } = &self.sweep.runs[place];
        let name = &planned.name;
        if let Some(refused) = outcome.refused {
            return Err(start::refused_input_error(config, refused).into());
        }
        let found = RecordedRuns::read(&DiskStorage, self.sweep.directory())?;
        match (found.find(&DiskStorage, name, configuration), outcome.failure) {
            (SweptRun::Finished { result, .. }, None) => {
                let accuracy = percent_number(result.accuracy, 2);
                self.progress.report_result(&format!("{name}: {accuracy} %, loss {:.4}", result.loss));
                Ok(())
            }
            (SweptRun::Diverged { step, .. }, Some(_)) => {
                self.progress.report_result(&format!("{name}: diverged at step {step}"));
                Ok(())
            }
            (_, Some(failure)) => Err(anyhow!("{name}: {}\n  {}", harmless(&failure.what), harmless(&failure.advice))),
            // A stop that was asked for.
            (SweptRun::Unfinished { .. }, None) if outcome.summary.is_none() => Ok(()),
            (_, None) => Err(anyhow!("{name}: the run ended, but its record is not whole; see what stands above")),
        }
    }

    /// Lets all runs save what they have, and end.
    fn stop_all(&mut self) {
        self.waiting.clear();
        for run in &self.active {
            let stop = Request { id: CommandId(0), command: Command::Stop };
            // One that has ended already has said so in its last events.
            let _ = run.requests.try_send(stop.into());
        }
    }

    fn show_progress(&mut self) {
        let mut work = 0;
        let mut names = Vec::new();
        for ActiveRun { place, steps, .. } in &self.active {
            let [step, planned] = [0, 1].map(|at| steps[at].load(Ordering::Relaxed));
            work += RUN_WORK * step.min(planned) / planned.max(1);
            names.push(self.sweep.runs[*place].planned.name.as_str());
        }
        if !names.is_empty() {
            self.progress.show_training(work, &names.join(", "));
        }
    }
}
