//! What was measured on the way to where a recorded run stands, over the branches that it comes from.

use std::{ops::ControlFlow, path::Path};

use super::{
    checkpoint::Checkpoints,
    event_log::visit_logged_events,
    placed::{placed_checkpoints, recorded_tree},
    storage::Storage,
    tensorboard::LoggedEvent,
};
use crate::train::LedgerEntry;

/// Gives what was logged on the way, branch by branch, with the tags of its file. What is damaged is noted.
///
/// # Errors
/// When the ledger's entries don't fit each other, or a folder can't be read; a sentence.
pub fn visit_way(
    storage: &dyn Storage,
    run: &Path,
    ledger: &[LedgerEntry],
    notes: &mut Vec<String>,
    visit: &mut dyn FnMut(LoggedEvent, &[String]) -> ControlFlow<()>,
) -> Result<(), String> {
    let placed = placed_checkpoints(&Checkpoints::of_run(storage, run), ledger, &mut Vec::new());
    let tree = recorded_tree(ledger, &placed.unwrap_or_default())?;
    let path = tree.path_to(tree.place())?;
    let newest = path.stretches().len() - 1;
    let mut flow = ControlFlow::Continue(());
    for (number, stretch) in path.stretches().iter().enumerate() {
        let last = if number == newest && !tree.is_behind() { u64::MAX } else { stretch.last };
        let is_on_way = |step: u64| (stretch.first < step || stretch.first == 0) && step <= last;
        visit_logged_events(
            storage,
            (run, stretch.branch),
            tree.last_change(stretch.branch),
            notes,
            &mut |event, tags| {
                if is_on_way(event.step) {
                    flow = visit(event, tags);
                }
                flow
            },
        )
        .map_err(|error| error.to_string())?;
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}
