//! What records a run while a worker trains it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    checkpoint::{CheckpointError, CheckpointName, CheckpointState, Checkpoints, Retention},
    event_log::{EventLog, EventTags},
    folder::{RunLock, branch_folder, create_run_folder, remove_branch_folder},
    info::write_info,
    ledger::LedgerWriter,
    manifest::{MANIFEST, Manifest, RunFacts},
    opened::OpenedRun,
    placed::{PlacedCheckpoint, nearest_on_path, placed_checkpoints},
    preparation::write_preparation,
    storage::{Storage, write_new},
};
use crate::{
    dataset::SamplePreparation,
    protocol::{BranchId, Event, RunInfo},
    text::harmless_name,
    train::{BranchPath, LedgerEntry, RunRecord, RunTree, Snapshot, SnapshotPlace, StoredSnapshot},
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
    /// The branch whose events are logged.
    branch: BranchId,
    /// Empty after a failure, up to the next checkpoint, and before the first event of a branch.
    events: Option<EventLog>,
    /// Whether another event file begins with the next event.
    begins_file: bool,
    /// Checkpoints that are there, as they were saved.
    saved: Vec<PlacedCheckpoint>,
    /// What was done to the run.
    entries: Vec<LedgerEntry>,
    /// Where that has led it.
    tree: RunTree,
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
        let begun = record.begin_file(self.storage.as_ref());
        let Some(events) = &mut record.events else {
            if let Err(error) = begun {
                self.problem = Some(problem_at(&record.folder)(error));
            }
            return;
        };
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
            let OpenedRun { folder, lock, ledger, tree, .. } = opened;
            let checkpoints = Checkpoints::of_run(storage, &folder);
            let saved = placed_checkpoints(&checkpoints, &ledger.entries, &mut Vec::new()).unwrap_or_default();
            write_preparation(storage, &folder, preparation).map_err(problem_at(&folder))?;
            let entries = ledger.entries.clone();
            let ledger = LedgerWriter::append(storage, &folder, &ledger).map_err(problem_at(&folder))?;
            let (branch, tags) = (tree.place().branch, EventTags::of(info));
            return Ok(OpenRecord {
                folder,
                _lock: lock,
                ledger,
                tags,
                branch,
                events: None,
                begins_file: true,
                saved,
                entries,
                tree,
            });
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
        Ok(OpenRecord {
            folder,
            _lock: lock,
            ledger,
            tags,
            branch: BranchId::default(),
            events,
            begins_file: false,
            saved: Vec::new(),
            entries: Vec::new(),
            tree: RunTree::default(),
        })
    }
}

fn problem_at<E: fmt::Display>(path: &Path) -> impl Fn(E) -> String + '_ {
    |error| format!("{}: {error}", harmless_name(path.as_os_str()))
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Nobody is left to tell.
        self.log(EventLog::finish);
    }
}

impl OpenRecord {
    /// Logs to another file from the next event on, if that is of another branch.
    fn go_to_branch(&mut self, branch: BranchId) -> io::Result<()> {
        if branch == self.branch {
            return Ok(());
        }
        (self.branch, self.begins_file) = (branch, true);
        self.events.take().map_or(Ok(()), |mut events| events.finish())
    }

    /// Begins another event file, if it is time.
    fn begin_file(&mut self, storage: &dyn Storage) -> io::Result<()> {
        if std::mem::take(&mut self.begins_file) {
            self.events =
                Some(EventLog::create(storage, &branch_folder(&self.folder, self.branch), self.tags.clone())?);
        }
        Ok(())
    }

    /// Writes what was logged, or begins a new event file after a failure.
    fn finish_events(&mut self, storage: &dyn Storage) -> io::Result<()> {
        if let Some(mut events) = self.events.take() {
            events.finish()?;
            self.events = Some(events);
            return Ok(());
        }
        self.begins_file = true;
        self.begin_file(storage)
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
        self.saved.extend(PlacedCheckpoint::of(name, &state, &self.entries));
        self.saved.sort_by_key(PlacedCheckpoint::order);
        let all: Vec<CheckpointName> = self.saved.iter().map(|checkpoint| checkpoint.name).collect();
        checkpoints.remove_old(retention, &all, &self.best(), &self.tips())?;
        let there = checkpoints.list().unwrap_or_default();
        self.saved.retain(|checkpoint| there.contains(&checkpoint.name));
        Ok(())
    }

    /// The checkpoints on branches that there are, the newest of each place.
    fn newest_of_places(&self) -> impl Iterator<Item = &PlacedCheckpoint> {
        let is_newest = |(at, checkpoint): &(usize, &PlacedCheckpoint)| {
            self.saved[at + 1..].iter().all(|later| later.at.place != checkpoint.at.place)
        };
        let there_are = |checkpoint: &&PlacedCheckpoint| self.tree.tip(checkpoint.at.place.branch).is_ok();
        self.saved.iter().enumerate().filter(is_newest).map(|(_, checkpoint)| checkpoint).filter(there_are)
    }

    /// Those that know an evaluation, the best first.
    fn best(&self) -> Vec<CheckpointName> {
        let mut evaluated: Vec<_> =
            self.newest_of_places().filter_map(|found| Some((found.evaluated?, found.name))).collect();
        evaluated.sort_by(|((accuracy, loss), _), ((other, other_loss), _)| {
            other.total_cmp(accuracy).then(loss.total_cmp(other_loss))
        });
        evaluated.into_iter().map(|(_, name)| name).collect()
    }

    /// The one with the newest step of each branch, where the run may go over to it.
    fn tips(&self) -> Vec<CheckpointName> {
        let is_tip = |checkpoint: &&PlacedCheckpoint| {
            let at = checkpoint.at.place;
            let is_later =
                |other: &PlacedCheckpoint| other.at.place.branch == at.branch && other.at.place.step > at.step;
            !self.newest_of_places().any(is_later)
        };
        self.newest_of_places().filter(is_tip).map(|checkpoint| checkpoint.name).collect()
    }

    /// Takes note of what was done; the event files of branches that are no more go.
    fn take(&mut self, storage: &dyn Storage, entry: LedgerEntry) -> io::Result<()> {
        let before: Vec<BranchId> = self.tree.branch_ids().collect();
        // The driver has checked it.
        let taken = self.tree.take(&entry);
        debug_assert_eq!(taken, Ok(()));
        self.entries.push(entry);
        for branch in before.into_iter().filter(|branch| self.tree.tip(*branch).is_err()) {
            remove_branch_folder(storage, &self.folder, branch)?;
        }
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
        let branch = match event {
            Event::Branched(branching) => Some(branching.branch),
            Event::Rewound(rewound) => Some(rewound.branch),
            _ => None,
        };
        if let (Some(branch), Some(record)) = (branch, &mut self.record)
            && let Err(error) = record.go_to_branch(branch)
        {
            self.problem = Some(problem_at(&record.folder)(error));
        }
        // In the past of a branch nothing is measured that is not known.
        let is_behind = self.record.as_ref().is_some_and(|record| record.tree.is_behind());
        if EventLog::takes(event) && !is_behind {
            self.log(|events| events.record(event));
        }
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
        let storage = self.storage.as_ref();
        let written = record.ledger.write(storage, &entry);
        let taken = record.take(storage, entry);
        written.and(taken).map_err(problem_at(&record.folder))
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

    fn load_nearest(
        &mut self,
        path: &BranchPath,
        after: Option<u64>,
    ) -> Result<Option<(StoredSnapshot, SnapshotPlace)>, String> {
        let Some(record) = &self.record else { return Ok(None) };
        let mut notes = Vec::new();
        let on_path = (record.saved.as_slice(), path);
        let found = nearest_on_path(self.storage.as_ref(), &record.folder, on_path, after, &mut notes);
        if let Some(note) = notes.into_iter().next() {
            self.problem = Some(note);
        }
        Ok(found.map(|(snapshot, checkpoint)| (snapshot, checkpoint.at)))
    }

    fn take_problem(&mut self) -> Option<String> {
        self.problem.take()
    }

    fn save_interval(&self) -> Duration {
        self.settings.save_interval
    }
}
