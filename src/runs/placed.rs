//! The checkpoints of a run by where they are: on which branch, at which step, after which changes.

use std::path::Path;

use super::{
    checkpoint::{CheckpointName, CheckpointState, Checkpoints},
    storage::Storage,
};
use crate::train::{BranchPath, LedgerEntry, Place, RunTree, SnapshotPlace, StoredSnapshot};

/// A checkpoint, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct PlacedCheckpoint {
    /// Its name.
    pub name: CheckpointName,
    /// Where it is.
    pub at: SnapshotPlace,
    /// Entries of the ledger that it has.
    pub ledger_entries: usize,
    /// Accuracy and loss of the last evaluation before it.
    pub evaluated: Option<(f64, f64)>,
}

impl PlacedCheckpoint {
    /// Where a checkpoint of a run with this ledger is; `None` if the ledger does not have what the checkpoint says.
    pub fn of(name: CheckpointName, state: &CheckpointState, ledger: &[LedgerEntry]) -> Option<Self> {
        let tree = RunTree::of_ledger(ledger.get(..state.ledger_entries)?).ok()?;
        let mut at = tree.snapshot_place(state.training.trainer.step);
        at.changes = state.training.branch_changes.unwrap_or(at.changes);
        let evaluated = state.training.last_evaluation.map(|test| (test.accuracy, test.loss));
        (at.place.branch == state.training.branch).then_some(Self {
            name,
            at,
            ledger_entries: state.ledger_entries,
            evaluated,
        })
    }

    /// Orders checkpoints as they were saved: whenever a run goes back, its ledger has one entry more.
    pub fn order(&self) -> (usize, CheckpointName) {
        (self.ledger_entries, self.name)
    }
}

/// All checkpoints of a run whose state can be read, as they were saved. What is wrong with others is noted.
///
/// # Errors
/// When their folder can't be read.
pub fn placed_checkpoints(
    checkpoints: &Checkpoints<'_>,
    ledger: &[LedgerEntry],
    notes: &mut Vec<String>,
) -> std::io::Result<Vec<PlacedCheckpoint>> {
    let mut placed = Vec::new();
    for name in checkpoints.list()? {
        match checkpoints.load_state(name) {
            Ok(state) => placed.extend(PlacedCheckpoint::of(name, &state, ledger)),
            Err(error) => notes.push(error.to_string()),
        }
    }
    placed.sort_by_key(PlacedCheckpoint::order);
    Ok(placed)
}

/// Where a recorded run has been and stands, as far as ledger and checkpoints tell.
///
/// # Errors
/// When the ledger's entries do not fit each other; a sentence.
pub fn recorded_tree(ledger: &[LedgerEntry], placed: &[PlacedCheckpoint]) -> Result<RunTree, String> {
    let mut tree = RunTree::of_ledger(ledger)?;
    for checkpoint in placed {
        tree.note_place(checkpoint.at.place);
    }
    Ok(tree)
}

/// The newest checkpoint on a path, after step `after` if that is given, that is whole; each that is not is noted.
pub fn nearest_on_path(
    storage: &dyn Storage,
    run: &Path,
    (placed, path): (&[PlacedCheckpoint], &BranchPath),
    after: Option<u64>,
    notes: &mut Vec<String>,
) -> Option<(StoredSnapshot, PlacedCheckpoint)> {
    let is_later = |at: Place| after.is_none_or(|after| at.step > after);
    let mut on_path: Vec<&PlacedCheckpoint> =
        placed.iter().filter(|checkpoint| path.contains(checkpoint.at) && is_later(checkpoint.at.place)).collect();
    on_path.sort_by_key(|checkpoint| (checkpoint.at.place.step, checkpoint.at.changes, checkpoint.name));
    let checkpoints = Checkpoints::of_run(storage, run);
    on_path.into_iter().rev().find_map(|checkpoint| match checkpoints.load(checkpoint.name) {
        Ok((snapshot, _)) => Some((snapshot, *checkpoint)),
        Err(error) => {
            notes.push(error.to_string());
            None
        }
    })
}
