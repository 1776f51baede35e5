//! What a run tells whoever records it, and how it goes on from what was recorded.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::{
    dataset::SamplePreparation,
    protocol::{Event, Request, RunInfo, Setting},
    tensors::Tensors,
    train::{BranchPath, LedgerEntry, Snapshot, SnapshotPlace, StoredSnapshot},
};

/// Where a run is recorded. The worker tells it everything, before anything is thinned for a slow consumer.
pub trait RunRecord: Send + fmt::Debug {
    /// The run begins, or goes on, on data with this SHA-256 over shapes, labels and values, whose samples were made ready
    /// in this way; gives the folder, for people.
    ///
    /// # Errors
    /// When nothing can be recorded; the reason says why.
    fn begin(&mut self, info: &RunInfo, data_sha256: &str, preparation: &SamplePreparation) -> Result<String, String>;

    /// Takes an event. What goes wrong is told by [`Self::take_problem`].
    fn record_event(&mut self, event: &Event);

    /// Whether it is time for how the values of all tensors are distributed; from then on it is not.
    fn takes_histograms(&mut self, now: Instant) -> bool;

    /// Takes the distribution of a tensor's values.
    fn record_histogram(&mut self, step: u64, tag: &str, values: &mut dyn Iterator<Item = f64>);

    /// Puts what was done to the run safely on the disk.
    ///
    /// # Errors
    /// When that fails; the entry is kept, and written with the next one.
    fn record_intervention(&mut self, entry: LedgerEntry) -> Result<(), String>;

    /// Puts a snapshot safely on the disk.
    ///
    /// # Errors
    /// When that fails; what was saved before is whole.
    fn save(&mut self, snapshot: &Snapshot) -> Result<(), String>;

    /// The newest recorded snapshot on a path of the run whose ledger this is, after step `after` if that is given; `None`
    /// if there is none.
    ///
    /// # Errors
    /// When it can't be read; the reason says why.
    fn load_nearest(
        &mut self,
        path: &BranchPath,
        after: Option<u64>,
    ) -> Result<Option<(StoredSnapshot, SnapshotPlace)>, String>;

    /// What went wrong with events since it was last asked.
    fn take_problem(&mut self) -> Option<String>;

    /// Time between two snapshots.
    fn save_interval(&self) -> Duration;
}

/// How a worker begins.
#[derive(Debug, Default)]
pub struct RunStart {
    /// Where the run is recorded, if it is.
    pub record: Option<Box<dyn RunRecord>>,
    /// What to go on from.
    pub resume: Option<ResumedRun>,
    /// Weights of another run to begin with, if they are not drawn.
    pub weights: Option<Tensors>,
    /// What is asked of it before anybody can; carried out before the first minibatch.
    pub requests: Vec<Request>,
}

/// A run that goes on.
#[derive(Debug)]
pub struct ResumedRun {
    /// Where it goes on from, on the way to where it stood; `None` begins anew.
    pub snapshot: Option<(StoredSnapshot, SnapshotPlace)>,
    /// All that was done to it, in order; what is not in the snapshot is done again at its steps.
    pub ledger: Vec<LedgerEntry>,
    /// Whether its first weights were drawn, as those of a new run are, and not those of another run.
    pub begins_with_drawn_weights: bool,
    /// What was recorded of it, for a viewer that has not seen it.
    pub history: Vec<Event>,
    /// Settings that are different from here on, which makes it a branch.
    pub changes: Vec<(String, Setting)>,
    /// SHA-256 that the data must have; `None` takes any.
    pub data_sha256: Option<String>,
}

/// A record with its clocks and its troubles.
#[derive(Debug)]
pub(super) struct Recording {
    record: Box<dyn RunRecord>,
    /// When a snapshot was last tried.
    saved: Instant,
    /// What is wrong with the record, as it was last told; empty while all is well.
    problem: Option<String>,
}

impl Recording {
    /// A record of which nothing is saved yet.
    pub fn new(record: Box<dyn RunRecord>) -> Self {
        Self { record, saved: Instant::now(), problem: None }
    }

    /// The record itself.
    pub fn record(&mut self) -> &mut dyn RunRecord {
        self.record.as_mut()
    }

    /// Whether it is time for a snapshot.
    pub fn is_due(&self, now: Instant) -> bool {
        now.duration_since(self.saved) >= self.record.save_interval()
    }

    /// Puts a snapshot on the disk.
    ///
    /// # Errors
    /// As [`RunRecord::save`].
    pub fn save(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        let saved = self.record.save(snapshot);
        self.saved = Instant::now();
        if saved.is_ok() {
            self.problem = None;
        }
        saved
    }

    /// Whether a problem is news.
    pub fn notes_problem(&mut self, problem: &str) -> bool {
        let news = self.problem.as_deref() != Some(problem);
        self.problem = Some(problem.into());
        news
    }
}
