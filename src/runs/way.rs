//! What was measured on the way to where a recorded run stands, over the branches that it comes from.

use std::{ops::ControlFlow, path::Path};

use super::{
    checkpoint::Checkpoints,
    event_log::visit_logged_events,
    placed::{placed_checkpoints, recorded_tree},
    storage::Storage,
    tensorboard::LoggedEvent,
};
use crate::{
    protocol::Change,
    train::{LedgerEntry, RunTree, SnapshotPlace},
};

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

/// What was changed on the way to where a recorded run stands, each with the minibatches completed before. What was changed
/// on branches that it does not come from is left out.
///
/// # Errors
/// When the ledger's entries don't fit each other; a sentence.
pub fn changes_on_way(ledger: &[LedgerEntry]) -> Result<Vec<(u64, Change)>, String> {
    let tree = RunTree::of_ledger(ledger)?;
    let path = tree.path_to(tree.place())?;
    Ok(tree.changes_after(&path, SnapshotPlace::default()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_on_an_abandoned_branch_is_not_on_the_way() {
        let ledger = |lines: &[&str]| -> Vec<LedgerEntry> {
            lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let rate = |ledger: &[LedgerEntry]| -> Vec<(u64, String)> {
            let changes = changes_on_way(ledger).unwrap();
            changes.into_iter().map(|(step, change)| (step, change.to.to_string())).collect()
        };
        let lines = [
            r#"{"step":10,"branch":0,"change":{"key":"lr","to":0.5,"by":"viewer"}}"#,
            r#"{"step":40,"branch":0,"rewound":{"to_branch":0,"to_step":20}}"#,
            r#"{"step":20,"branch":1,"branched":{"parent":0,"changes":1}}"#,
            r#"{"step":20,"branch":1,"change":{"key":"lr","to":0.25,"by":"viewer"}}"#,
            r#"{"step":30,"branch":1,"rewound":{"to_branch":0,"to_step":40}}"#,
            r#"{"step":30,"branch":1,"deleted":{}}"#,
        ];
        assert_eq!(rate(&ledger(&lines[..4])), [(10, "0.5".into()), (20, "0.25".into())]);
        assert_eq!(rate(&ledger(&lines[..5])), [(10, "0.5".into())]);
        assert_eq!(rate(&ledger(&lines)), [(10, "0.5".into())]);
    }
}
