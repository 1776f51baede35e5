//! `gradtop replay`: trains a recorded run once more.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    sync::Arc,
};

use anyhow::{Context, anyhow};
use gradtop::{
    dataset,
    protocol::Change,
    runs::{Manifest, checkpoint::CheckpointState, ledger::read_ledger, newest_state, storage::DiskStorage},
    text::{harmless_name, thousands},
    train::{LedgerEntry, Place, RunTree, SnapshotPlace, Trainer, replay},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    FAILED_STATUS, RunArguments, recording,
    resume::recorded_config,
    run_arguments::ReplayArguments,
    screen::{stdout_for_people, without_closed_pipe},
    start::{self, WrongUse},
};

/// Trains from the beginning to the newest checkpoint, and compares the weights if asked.
pub fn run(arguments: &ReplayArguments) -> anyhow::Result<u8> {
    let folder = recording::chosen_run(&arguments.runs.directory, &arguments.run)?;
    let manifest = Manifest::read(&DiskStorage, &folder).map_err(|error| WrongUse(error.to_string()))?;
    let ledger = read_ledger(&DiskStorage, &folder).map_err(|error| WrongUse(error.to_string()))?;
    let config = recorded_config(&folder, &manifest.text, &[])?;
    if manifest.facts.given_weights {
        let run = harmless_name(folder.as_os_str());
        return Err(
            WrongUse(format!("{run}: it began with weights of another run (--from), which it does not have")).into()
        );
    }
    let state = newest_state(&DiskStorage, &folder)
        .ok_or_else(|| WrongUse("the run has no checkpoint whose weights could be compared".into()))?;
    let arguments_of_run = RunArguments { threads: arguments.threads, ..RunArguments::default() };
    let spec = start::run_spec(&arguments_of_run, &config)?;
    let data = dataset::load(&spec.data, &mut |_, _| ControlFlow::Continue(()))?;
    let mut trainer = Trainer::new(&spec.train, Arc::new(data)).context("the run can't be set up again")?;
    let until = state.training.trainer.step;
    let bar = if io::stderr().is_terminal() { ProgressBar::new(until) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} · {per_sec} · {eta} left") {
        bar.set_style(style);
    }
    let changes = changes_on_the_way(&ledger.entries, &state).map_err(|problem| anyhow!(problem))?;
    let found = replay(&mut trainer, spec.train.patience, changes, until, |step| {
        bar.set_position(step);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let found = found.map_err(|problem| anyhow!(problem))?.unwrap_or_default();
    let expected = &state.training.trainer.weights_sha256;
    let step = thousands(until);
    let (result, status) = if !arguments.verify {
        (format!("weights    sha256 {found} at step {step}"), 0)
    } else if found == *expected {
        (format!("verified   sha256 {found} at step {step}, as recorded"), 0)
    } else {
        (format!("different  sha256 {found} at step {step}, recorded {expected}"), FAILED_STATUS)
    };
    without_closed_pipe(writeln!(stdout_for_people(), "{result}"))?;
    Ok(status)
}

/// What was changed on the way to a checkpoint, each with the minibatches completed before.
fn changes_on_the_way(ledger: &[LedgerEntry], state: &CheckpointState) -> Result<VecDeque<(u64, Change)>, String> {
    let mut tree = RunTree::of_ledger(&ledger[..state.ledger_entries.min(ledger.len())])?;
    let place = Place { branch: state.training.branch, step: state.training.trainer.step };
    tree.note_place(place);
    Ok(tree.changes_after(&tree.path_to(place)?, SnapshotPlace::default()))
}
