//! A run's folder that is opened: to go on with it, to use its network, or to look at it.

use std::path::{Path, PathBuf};

use super::{
    checkpoint::{CheckpointName, CheckpointState, Checkpoints, ShownCheckpoint},
    folder::{RunFolderError, RunLock},
    ledger::{LedgerContents, LedgerError, read_ledger},
    manifest::{Manifest, ManifestError},
    placed::{nearest_on_path, placed_checkpoints, recorded_tree},
    storage::Storage,
};
use crate::{
    tensors::Tensors,
    text::harmless_name,
    train::{Intervention, RunTree, SnapshotPlace, StoredSnapshot, TestPredictions},
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
    /// Where the run has been and stands.
    pub tree: RunTree,
    /// The newest checkpoint that is whole on the way to where the run stands; `None` if there is none.
    pub newest: Option<(StoredSnapshot, SnapshotPlace)>,
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
        let shown = || harmless_name(folder.as_os_str());
        let checkpoints = Checkpoints::of_run(storage, folder);
        let placed = placed_checkpoints(&checkpoints, &ledger.entries, &mut notes)
            .map_err(|error| RunFolderError::Io(shown(), error))?;
        let broken = |problem| LedgerError::Branches(shown(), problem);
        let tree = recorded_tree(&ledger.entries, &placed).map_err(broken)?;
        let path = tree.path_to(tree.place()).map_err(broken)?;
        let newest = nearest_on_path(storage, folder, (&placed, &path), None, &mut notes)
            .map(|(snapshot, checkpoint)| (snapshot, checkpoint.at));
        Ok(Self { folder: folder.into(), manifest, lock, ledger, tree, newest, notes })
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
    let io = |error| RunFolderError::Io(harmless_name(folder.as_os_str()), error);
    let mut all = checkpoints.list().map_err(io)?;
    let ledger = read_ledger(storage, folder).unwrap_or_default().entries;
    if ledger.iter().any(|entry| matches!(entry.what, Intervention::Rewound { .. })) {
        // Whoever goes back comes to smaller steps.
        let placed = placed_checkpoints(&checkpoints, &ledger, &mut Vec::new()).map_err(io)?;
        let order = |name: &CheckpointName| placed.iter().position(|checkpoint| checkpoint.name == *name);
        all.sort_by_key(|name| order(name).unwrap_or(usize::MAX));
    }
    for name in all.into_iter().rev() {
        match load(&checkpoints, name) {
            Ok(loaded) => return Ok(Some((name, loaded))),
            Err(error) => notes.push(error.to_string()),
        }
    }
    Ok(None)
}
