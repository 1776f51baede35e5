//! Checkpoints: everything that a run needs to go on from a step, in a folder of its own.
//!
//! A checkpoint is written into a folder beside, synced, read back and compared, given its name, and its parent synced;
//! only then are older ones removed. So whatever ends the program, there is a whole one. `SHA256SUMS` has the checksums
//! of its files, as `sha256sum -c` checks them.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::storage::{Storage, create_folders, write_new};
use crate::{
    tensors::{TensorError, Tensors},
    text::{harmless_name, hexadecimal},
    train::{Snapshot, StoredSnapshot, TestPredictions, TrainingState},
};

mod checked_files;

use checked_files::CheckedFiles;

/// Folder of the checkpoints in that of a run.
const FOLDER: &str = "checkpoints";

/// Checksums of the other files.
const SUMS: &str = "SHA256SUMS";

/// Weights and running statistics.
pub const WEIGHTS: &str = "weights.safetensors";

/// All other tensors.
const TRAINING: &str = "training.safetensors";

/// Weights of the best evaluation, where training may be stopped early.
const BEST: &str = "best.safetensors";

/// Everything that is no tensor.
const STATE: &str = "state.json";

/// What the network made of the test data, for people; going on does not need it.
const PREDICTIONS: &str = "predictions.json";

/// Version of the form of `state.json`.
const STATE_VERSION: u32 = 1;

/// Digits of a step in the name of a checkpoint's folder, so that names sort as steps do.
const STEP_DIGITS: usize = 9;

/// What is wrong with a checkpoint, and with which file.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file can't be read or written.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what was written.
    #[error("{0}: damaged: its checksum is another one than {SUMS} has")]
    Damaged(String),
    /// A file's form is wrong.
    #[error("{file}: {problem}")]
    Form {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of tensors is wrong.
    #[error(transparent)]
    Tensors(#[from] TensorError),
}

/// What a checkpoint's `state.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointState {
    /// Version of this form.
    pub version: u32,
    /// The training's state.
    #[serde(flatten)]
    pub training: TrainingState,
    /// Entries of the ledger that had taken effect.
    pub ledger_entries: usize,
}

/// What of a checkpoint is for people.
#[derive(Debug)]
pub struct ShownCheckpoint {
    /// Its state.
    pub state: CheckpointState,
    /// What its network made of the test data, if it was evaluated before.
    pub predictions: Result<Option<TestPredictions>, CheckpointError>,
}

/// Which checkpoints of a run are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest, so many, at least 1.
    pub last: usize,
    /// Those with the best accuracy, so many.
    pub best: usize,
    /// The first one at or after each multiple of so many minibatches; `None` keeps none of these.
    pub every: Option<u64>,
}

/// The name of a checkpoint's folder: the step, and how many of that step were there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckpointName {
    /// Minibatches completed.
    pub step: u64,
    /// 1 for the first of that step.
    pub version: u32,
}

impl CheckpointName {
    /// Reads the name of a folder.
    pub fn parse(name: &str) -> Option<Self> {
        let (step, version) = name.split_once('-').unwrap_or((name, "1"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(step) || !digits(version) || step.len() < STEP_DIGITS {
            return None;
        }
        Some(Self { step: step.parse().ok()?, version: version.parse().ok()? })
    }

    fn folder_name(self) -> String {
        let Self { step, version } = self;
        if version == 1 { format!("{step:0STEP_DIGITS$}") } else { format!("{step:0STEP_DIGITS$}-{version}") }
    }
}

/// The checkpoints of a run.
#[derive(Debug)]
pub struct Checkpoints<'a> {
    storage: &'a dyn Storage,
    folder: PathBuf,
}

impl<'a> Checkpoints<'a> {
    /// Those in the folder of a run.
    pub fn of_run(storage: &'a dyn Storage, run: &Path) -> Self {
        Self { storage, folder: run.join(FOLDER) }
    }

    /// All that are there, whole or not, from the first to the newest.
    ///
    /// # Errors
    /// When the folder can't be read; one that is not there has none.
    pub fn list(&self) -> io::Result<Vec<CheckpointName>> {
        let names = match self.storage.list(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names?,
        };
        let mut all: Vec<CheckpointName> =
            names.iter().filter_map(|name| CheckpointName::parse(name.to_str()?)).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// The folder of a checkpoint.
    pub fn path(&self, name: CheckpointName) -> PathBuf {
        self.folder.join(name.folder_name())
    }

    /// Writes a checkpoint and gives its name once it is safely on the disk.
    ///
    /// # Errors
    /// When it can't be written, or what is read back is not what was written; those that were there before are whole.
    pub fn save(&self, snapshot: &Snapshot, state: &CheckpointState) -> Result<CheckpointName, CheckpointError> {
        let storage = self.storage;
        create_folders(storage, &self.folder).map_err(io_at(&self.folder))?;
        self.remove_leftovers();
        let step = snapshot.state.trainer.step;
        let there = self.list().map_err(io_at(&self.folder))?;
        let version = there.iter().filter(|name| name.step == step).map(|name| name.version + 1).max().unwrap_or(1);
        let name = CheckpointName { step, version };
        let (partial, path) = (self.folder.join(format!(".{}.partial", name.folder_name())), self.path(name));
        storage.create_folder(&partial).map_err(io_at(&partial))?;
        let files = contents(snapshot, state)?;
        for (file, bytes) in &files {
            let file = partial.join(file);
            write_new(storage, &file, bytes).map_err(io_at(&file))?;
        }
        storage.sync_folder(&partial).map_err(io_at(&partial))?;
        for (file, bytes) in &files {
            let file = partial.join(file);
            if storage.read(&file).map_err(io_at(&file))? != *bytes {
                return Err(CheckpointError::Damaged(harmless_name(file.as_os_str())));
            }
        }
        storage.rename(&partial, &path).map_err(io_at(&path))?;
        storage.sync_folder(&self.folder).map_err(io_at(&self.folder))?;
        Ok(name)
    }

    /// Reads a checkpoint and checks every byte of it.
    ///
    /// # Errors
    /// What is wrong with it, and with which file.
    pub fn load(&self, name: CheckpointName) -> Result<(StoredSnapshot, CheckpointState), CheckpointError> {
        let files = CheckedFiles::read(self.storage, self.path(name))?;
        let state = files.state()?;
        let stored = StoredSnapshot {
            weights: files.tensors(WEIGHTS)?,
            training: files.tensors(TRAINING)?,
            best: if files.has(BEST) { Some(files.tensors(BEST)?) } else { None },
            state: state.training.clone(),
        };
        Ok((stored, state))
    }

    /// Reads what using the network of a checkpoint needs: its weights and its state.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_for_use(&self, name: CheckpointName) -> Result<(Tensors, CheckpointState), CheckpointError> {
        let files = CheckedFiles::read(self.storage, self.path(name))?;
        Ok((files.tensors(WEIGHTS)?, files.state()?))
    }

    /// Reads a checkpoint's state only.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_state(&self, name: CheckpointName) -> Result<CheckpointState, CheckpointError> {
        CheckedFiles::read(self.storage, self.path(name))?.state()
    }

    /// Reads a checkpoint's state, and what its network made of the test data, if it was evaluated before; what is wrong
    /// with the latter alone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_for_people(&self, name: CheckpointName) -> Result<ShownCheckpoint, CheckpointError> {
        let files = CheckedFiles::read(self.storage, self.path(name))?;
        Ok(ShownCheckpoint { state: files.state()?, predictions: files.predictions() })
    }

    /// Removes all that `retention` does not keep. `all` are as they were saved, the newest last; `best` the best first;
    /// `tips` are kept beside.
    ///
    /// # Errors
    /// When one can't be removed; all others are.
    pub fn remove_old(
        &self,
        retention: Retention,
        all: &[CheckpointName],
        best: &[CheckpointName],
        tips: &[CheckpointName],
    ) -> Result<(), CheckpointError> {
        let newest = all.len().saturating_sub(retention.last.max(1));
        let best = &best[..best.len().min(retention.best)];
        let mut result = Ok(());
        let mut covered = None;
        for (at, &name) in all.iter().enumerate() {
            // One of each stretch of so many minibatches: the first in it.
            let stretch = retention.every.map(|every| name.step / every);
            let first_of_stretch = stretch.is_some() && stretch != covered;
            covered = stretch;
            let needed = first_of_stretch || best.contains(&name) || tips.contains(&name);
            if at < newest && !needed {
                let removed = self.remove(name);
                result = result.and(removed);
            }
        }
        result
    }

    /// Removes a checkpoint: first its name, so that half of it never looks like one.
    fn remove(&self, name: CheckpointName) -> Result<(), CheckpointError> {
        let (path, removed) = (self.path(name), self.folder.join(format!(".{}.removed", name.folder_name())));
        self.storage.rename(&path, &removed).map_err(io_at(&path))?;
        remove_checkpoint_folder(self.storage, &removed).map_err(io_at(&path))
    }

    /// Removes the folder of all checkpoints, once it is empty.
    ///
    /// # Errors
    /// When something is in it, or the system refuses.
    pub fn remove_folder(&self) -> io::Result<()> {
        self.remove_leftovers();
        match self.storage.remove_folder(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Removes what an interrupted save or removal left.
    fn remove_leftovers(&self) {
        for name in self.storage.list(&self.folder).unwrap_or_default() {
            let text = name.to_string_lossy();
            if text.starts_with('.') && (text.ends_with(".partial") || text.ends_with(".removed")) {
                // What can't be removed is in nobody's way.
                let _ = remove_checkpoint_folder(self.storage, &self.folder.join(&name));
            }
        }
    }
}

/// Removes a folder with the files of a checkpoint, and only those.
///
/// # Errors
/// When the system refuses, or other files are there.
pub fn remove_checkpoint_folder(storage: &dyn Storage, path: &Path) -> io::Result<()> {
    for file in [SUMS, WEIGHTS, TRAINING, BEST, STATE, PREDICTIONS] {
        match storage.remove_file(&path.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    storage.remove_folder(path)
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError + '_ {
    |error| CheckpointError::Io { file: harmless_name(path.as_os_str()), error }
}

/// The files of a checkpoint, the checksums last.
fn contents(snapshot: &Snapshot, state: &CheckpointState) -> Result<Vec<(&'static str, Vec<u8>)>, CheckpointError> {
    let about = format!("{{\"step\":{},\"version\":\"{}\"}}", snapshot.state.trainer.step, env!("CARGO_PKG_VERSION"));
    let mut files = vec![(WEIGHTS, snapshot.weights.finish(&about)?), (TRAINING, snapshot.training.finish(&about)?)];
    if let Some(best) = &snapshot.best {
        files.push((BEST, best.finish(&about)?));
    }
    let form =
        |file: &str, error: serde_json::Error| CheckpointError::Form { file: file.into(), problem: error.to_string() };
    let mut text = serde_json::to_vec_pretty(state).map_err(|error| form(STATE, error))?;
    text.push(b'\n');
    files.push((STATE, text));
    if let Some(predictions) = &snapshot.predictions {
        files.push((PREDICTIONS, serde_json::to_vec(predictions).map_err(|error| form(PREDICTIONS, error))?));
    }
    let mut sums = String::new();
    for (name, bytes) in &files {
        // Writing to a string can't fail.
        let _ = writeln!(sums, "{}  {name}", sha256(bytes));
    }
    files.push((SUMS, sums.into_bytes()));
    Ok(files)
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

impl CheckpointState {
    /// The state of a checkpoint of this program.
    pub fn new(training: TrainingState, ledger_entries: usize) -> Self {
        Self { version: STATE_VERSION, training, ledger_entries }
    }
}
