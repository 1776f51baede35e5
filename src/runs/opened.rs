//! A run's folder that is opened: to go on with it, to use its network, or to look at it.

use std::path::{Path, PathBuf};

use super::{
    checkpoint::{CheckpointName, CheckpointState, Checkpoints, ShownCheckpoint},
    folder::{RunFolderError, RunLock},
    ledger::{LedgerContents, LedgerError, read_ledger},
    manifest::{Manifest, ManifestError},
    storage::Storage,
};
use crate::{
    tensors::Tensors,
    text::harmless_name,
    train::{StoredSnapshot, TestPredictions},
};

/// Why a run can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenRunError {
    /// Its folder can't be had.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// Its manifest can't be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It has no checkpoint from which it could be used.
    #[error("{0}")]
    Checkpoint(String),
}

/// A run that is opened to go on with it.
#[derive(Debug)]
pub struct OpenedRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What it is made of.
    pub manifest: Manifest,
    /// Keeps other programs from training it.
    pub lock: RunLock,
    /// What was done to it.
    pub ledger: LedgerContents,
    /// The newest checkpoint that is whole, with the number of the ledger's entries that it has; `None` before the first.
    pub newest: Option<(StoredSnapshot, usize)>,
    /// What was wrong with newer checkpoints, and with the end of the ledger: sentences.
    pub notes: Vec<String>,
}

impl OpenedRun {
    /// Opens a run to go on with it.
    ///
    /// # Errors
    /// When another program trains it, or its record can't be read. A damaged checkpoint is passed over, with a note.
    pub fn open(storage: &dyn Storage, folder: &Path) -> Result<Self, OpenRunError> {
        let manifest = Manifest::read(storage, folder)?;
        let lock = RunLock::take(folder)?;
        let ledger = read_ledger(storage, folder)?;
        let mut notes = Vec::new();
        if ledger.torn > 0 {
            notes.push(format!(
                "the last line of the ledger was never whole, nor acknowledged; its {} bytes are cut off",
                ledger.torn
            ));
        }
        let newest = newest_whole(storage, folder, &mut notes, Checkpoints::load)?
            .map(|(_, (snapshot, state))| (snapshot, state.ledger_entries));
        Ok(Self { folder: folder.into(), manifest, lock, ledger, newest, notes })
    }
}

/// The weights of a run's newest checkpoint that is whole, its state, and notes on newer ones that are not.
///
/// # Errors
/// When there is none.
pub fn open_weights(
    storage: &dyn Storage,
    folder: &Path,
) -> Result<(Tensors, CheckpointState, Vec<String>), OpenRunError> {
    let mut notes = Vec::new();
    match newest_whole(storage, folder, &mut notes, Checkpoints::load_for_use)? {
        Some((_, (weights, state))) => Ok((weights, state, notes)),
        None => Err(OpenRunError::Checkpoint(no_checkpoint(folder, &notes))),
    }
}

/// The state of a run's newest checkpoint that is whole; `None` if there is none.
pub fn newest_state(storage: &dyn Storage, folder: &Path) -> Option<CheckpointState> {
    newest_whole(storage, folder, &mut Vec::new(), Checkpoints::load_state).ok().flatten().map(|(_, state)| state)
}

/// The same with what its network made of the test data, and with notes on what is not whole.
pub fn newest_for_people(
    storage: &dyn Storage,
    folder: &Path,
) -> (Option<CheckpointState>, Option<TestPredictions>, Vec<String>) {
    let mut notes = Vec::new();
    match newest_whole(storage, folder, &mut notes, Checkpoints::load_for_people) {
        Ok(None) => (None, None, notes),
        Ok(Some((_, ShownCheckpoint { state, predictions }))) => {
            let predictions = predictions.unwrap_or_else(|error| {
                notes.push(format!("{error}; the confusion and the mistakes are left out"));
                None
            });
            (Some(state), predictions, notes)
        }
        Err(error) => {
            notes.push(error.to_string());
            (None, None, notes)
        }
    }
}

fn no_checkpoint(folder: &Path, notes: &[String]) -> String {
    let held = RunLock::is_held(folder);
    let folder = harmless_name(folder.as_os_str());
    if held && notes.is_empty() {
        return format!(
            "{folder}: it has no checkpoint yet; it is being trained, and w on its dashboard saves one now"
        );
    }
    if notes.is_empty() {
        format!("{folder}: it has no checkpoint yet; `gradtop resume` trains it from its beginning")
    } else {
        format!("{folder}: none of its checkpoints is whole: {}", notes.join("; "))
    }
}

/// The newest checkpoint that `load` can read; each that it can't is noted.
fn newest_whole<'a, T>(
    storage: &'a dyn Storage,
    folder: &Path,
    notes: &mut Vec<String>,
    load: impl Fn(&Checkpoints<'a>, CheckpointName) -> Result<T, super::checkpoint::CheckpointError>,
) -> Result<Option<(CheckpointName, T)>, OpenRunError> {
    let checkpoints = Checkpoints::of_run(storage, folder);
    let all = checkpoints.list().map_err(|error| RunFolderError::Io(harmless_name(folder.as_os_str()), error))?;
    for name in all.into_iter().rev() {
        match load(&checkpoints, name) {
            Ok(loaded) => return Ok(Some((name, loaded))),
            Err(error) => notes.push(error.to_string()),
        }
    }
    Ok(None)
}
