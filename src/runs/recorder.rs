//! What records a run while a worker trains it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    checkpoint::{CheckpointError, CheckpointState, Checkpoints, Retention},
    event_log::{EventLog, EventTags},
    folder::{RunLock, create_run_folder},
    info::write_info,
    ledger::LedgerWriter,
    manifest::{MANIFEST, Manifest, RunFacts},
    opened::OpenedRun,
    preparation::write_preparation,
    storage::{Storage, write_new},
};
use crate::{
    dataset::SamplePreparation,
    protocol::{Event, RunInfo},
    text::harmless_name,
    train::{LedgerEntry, RunRecord, Snapshot},
};

/// How runs are recorded.
#[derive(Clone, Debug)]
pub struct RecordSettings {
    /// Folder in which the run gets one of its own.
    pub directory: PathBuf,
    /// The run's facts; the data's fingerprint is added.
    pub facts: RunFacts,
    /// The configuration, as a file has it.
    pub configuration: String,
    /// Time between two checkpoints.
    pub save_interval: Duration,
    /// Which checkpoints are kept.
    pub retention: Retention,
}

/// Records one run.
#[derive(Debug)]
pub struct Recorder {
    storage: Arc<dyn Storage>,
    settings: RecordSettings,
    /// The run that it goes on with; taken when it begins.
    opened: Option<OpenedRun>,
    /// Empty before it has begun, and when it could not.
    record: Option<OpenRecord>,
    /// What went wrong with events since it was last asked.
    problem: Option<String>,
}

/// The record of a run that is trained.
#[derive(Debug)]
struct OpenRecord {
    folder: PathBuf,
    _lock: RunLock,
    ledger: LedgerWriter,
    tags: EventTags,
    /// Empty after a failure, up to the next checkpoint.
    events: Option<EventLog>,
    /// Checkpoints that are there, by what was last evaluated before them.
    evaluated: Vec<EvaluatedCheckpoint>,
}

/// The evaluation that a checkpoint knows.
#[derive(Clone, Copy, Debug)]
struct EvaluatedCheckpoint {
    step: u64,
    accuracy: f64,
    loss: f64,
}

impl Recorder {
    /// Records a new run, whose folder is made when it begins.
    pub fn new(storage: Arc<dyn Storage>, settings: RecordSettings) -> Self {
        Self { storage, settings, opened: None, record: None, problem: None }
    }

    /// Goes on to record a run that was opened.
    pub fn going_on(storage: Arc<dyn Storage>, settings: RecordSettings, opened: OpenedRun) -> Self {
        Self { storage, settings, opened: Some(opened), record: None, problem: None }
    }

    /// Logs something; after a failure nothing more goes into that file.
    fn log(&mut self, log: impl FnOnce(&mut EventLog) -> io::Result<()>) {
        let Some(record) = &mut self.record else { return };
        let Some(events) = &mut record.events else { return };
        if let Err(error) = log(events) {
            record.events = None;
            self.problem = Some(problem_at(&record.folder)(error));
        }
    }

    fn begin_record(
        &mut self,
        info: &RunInfo,
        data_sha256: &str,
        preparation: &SamplePreparation,
    ) -> Result<OpenRecord, String> {
        let storage = self.storage.as_ref();
        if let Some(opened) = self.opened.take() {
            let OpenedRun { folder, lock, ledger, .. } = opened;
            let evaluated = evaluated_checkpoints(storage, &folder);
            write_preparation(storage, &folder, preparation).map_err(problem_at(&folder))?;
            let ledger = LedgerWriter::append(storage, &folder, &ledger).map_err(problem_at(&folder))?;
            let tags = EventTags::of(info);
            let events = Some(EventLog::create(storage, &folder, tags.clone()).map_err(problem_at(&folder))?);
            return Ok(OpenRecord { folder, _lock: lock, ledger, tags, events, evaluated });
        }
        let RecordSettings { directory, facts, configuration, .. } = &self.settings;
        let folder =
            create_run_folder(storage, directory, &facts.name, SystemTime::now()).map_err(|error| error.to_string())?;
        let lock = RunLock::take(&folder).map_err(|error| error.to_string())?;
        let facts = RunFacts { data_sha256: data_sha256.into(), ..facts.clone() };
        let manifest = Manifest::new(facts, configuration).map_err(problem_at(&folder))?;
        let tags = EventTags::of(info);
        let info = RunInfo { folder: Some(folder.to_string_lossy().into_owned()), ..info.clone() };
        write_info(storage, &folder, &info).map_err(problem_at(&folder))?;
        write_preparation(storage, &folder, preparation).map_err(problem_at(&folder))?;
        let ledger = LedgerWriter::create(storage, &folder).map_err(problem_at(&folder))?;
        let events = Some(EventLog::create(storage, &folder, tags.clone()).map_err(problem_at(&folder))?);
        // With this file the folder is a run.
        write_new(storage, &folder.join(MANIFEST), manifest.text.as_bytes()).map_err(problem_at(&folder))?;
        storage.sync_folder(&folder).map_err(problem_at(&folder))?;
        Ok(OpenRecord { folder, _lock: lock, ledger, tags, events, evaluated: Vec::new() })
    }
}

fn problem_at<E: fmt::Display>(path: &Path) -> impl Fn(E) -> String + '_ {
    |error| format!("{}: {error}", harmless_name(path.as_os_str()))
}

/// What the checkpoints of a run know of evaluations; those that can't be read are left out.
fn evaluated_checkpoints(storage: &dyn Storage, run: &Path) -> Vec<EvaluatedCheckpoint> {
    let checkpoints = Checkpoints::of_run(storage, run);
    let states =
        checkpoints.list().unwrap_or_default().into_iter().filter_map(|name| checkpoints.load_state(name).ok());
    states.filter_map(|state| EvaluatedCheckpoint::of(&state)).collect()
}

impl EvaluatedCheckpoint {
    fn of(state: &CheckpointState) -> Option<Self> {
        let evaluation = state.training.last_evaluation.as_ref()?;
        let step = state.training.trainer.step;
        Some(Self { step, accuracy: evaluation.accuracy, loss: evaluation.loss })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Nobody is left to tell.
        self.log(EventLog::finish);
    }
}

impl OpenRecord {
    /// Writes what was logged, or begins a new event file after a failure.
    fn finish_events(&mut self, storage: &dyn Storage) -> io::Result<()> {
        if let Some(mut events) = self.events.take() {
            events.finish()?;
            self.events = Some(events);
            return Ok(());
        }
        self.events = Some(EventLog::create(storage, &self.folder, self.tags.clone())?);
        Ok(())
    }

    fn save(
        &mut self,
        storage: &dyn Storage,
        retention: Retention,
        snapshot: &Snapshot,
    ) -> Result<(), CheckpointError> {
        let state = CheckpointState::new(snapshot.state.clone(), self.ledger.entries());
        let checkpoints = Checkpoints::of_run(storage, &self.folder);
        let name = checkpoints.save(snapshot, &state)?;
        self.evaluated.retain(|checkpoint| checkpoint.step != name.step);
        self.evaluated.extend(EvaluatedCheckpoint::of(&state));
        self.evaluated.sort_by(|a, b| b.accuracy.total_cmp(&a.accuracy).then(a.loss.total_cmp(&b.loss)));
        let best: Vec<u64> = self.evaluated.iter().map(|checkpoint| checkpoint.step).collect();
        checkpoints.remove_old(retention, &best)?;
        let there = checkpoints.list().unwrap_or_default();
        self.evaluated.retain(|checkpoint| there.iter().any(|name| name.step == checkpoint.step));
        Ok(())
    }
}

impl RunRecord for Recorder {
    fn begin(&mut self, info: &RunInfo, data_sha256: &str, preparation: &SamplePreparation) -> Result<String, String> {
        let record = self.begin_record(info, data_sha256, preparation)?;
        let folder = record.folder.to_string_lossy().into_owned();
        self.record = Some(record);
        Ok(folder)
    }

    fn record_event(&mut self, event: &Event) {
        self.log(|events| events.record(event));
    }

    fn takes_histograms(&mut self, now: Instant) -> bool {
        let events = self.record.as_mut().and_then(|record| record.events.as_mut());
        events.is_some_and(|events| events.takes_histograms(now))
    }

    fn record_histogram(&mut self, step: u64, tag: &str, values: &mut dyn Iterator<Item = f64>) {
        self.log(|events| events.record_histogram(step, tag, values));
    }

    fn record_intervention(&mut self, entry: LedgerEntry) -> Result<(), String> {
        let Some(record) = &mut self.record else { return Ok(()) };
        record.ledger.write(self.storage.as_ref(), &entry).map_err(problem_at(&record.folder))
    }

    fn save(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        let Some(record) = &mut self.record else { return Ok(()) };
        let storage = self.storage.as_ref();
        record.ledger.write_waiting(storage).map_err(problem_at(&record.folder))?;
        // What was measured is one thing, the weights another: they are saved all the same.
        if let Err(error) = record.finish_events(storage) {
            self.problem = Some(problem_at(&record.folder)(error));
        }
        record.save(storage, self.settings.retention, snapshot).map_err(|error| error.to_string())
    }

    fn take_problem(&mut self) -> Option<String> {
        self.problem.take()
    }

    fn save_interval(&self) -> Duration {
        self.settings.save_interval
    }
}
