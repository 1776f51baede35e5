//! `gradtop resume`: goes on with a recorded run, to the same bits as if it had never been interrupted.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use gradtop::{
    app::RunOrigin,
    config::Config,
    protocol::{Event, Setting},
    runs::{
        OpenedRun,
        folder::{RunLock, list_runs},
        newest_state,
        playback::{PlayedUntil, play_events},
        read_info,
        storage::DiskStorage,
    },
    text::{Safe, harmless_name, thousands},
    train::{PLANNED_STEPS, ResumedRun, RunStart, RunTree, SnapshotPlace},
};

use super::{
    RunArguments, recording,
    run_arguments::ResumeArguments,
    shelf::ChosenGhosts,
    start::{self, WrongUse},
    train::{self, OutputStyle},
};

/// Settings of which a run may have another value from here on; it is then a branch of its own.
const STEERED_KEYS: [&str; 8] = [
    "optimizer.lr",
    "optimizer.momentum",
    "optimizer.alpha",
    "optimizer.beta1",
    "optimizer.beta2",
    "optimizer.epsilon",
    "optimizer.weight_decay",
    "optimizer.clip_norm",
];

/// Settings that change nothing about the result.
const FREE_KEYS: [&str; 5] = ["run.threads", "run.save_seconds", "run.probe_every", "run.directory", "run.notify"];

/// Goes on.
pub fn run(arguments: &ResumeArguments) -> anyhow::Result<u8> {
    let folder = match &arguments.run {
        Some(run) => recording::chosen_run(&arguments.runs.directory, run)?,
        None => newest_unfinished(&arguments.runs.directory)?,
    };
    let mut opened = OpenedRun::open(&DiskStorage, &folder)?;
    for note in &opened.notes {
        start::print_complaint(&format!("gradtop: {note}"));
    }
    let config = recorded_config(&folder, &opened.manifest.text, &arguments.set)?;
    refuse_differences(&opened, &config, arguments.anyway)?;
    let changes = changed_settings(&config, &folder, &arguments.set)?;
    let newest = opened.newest.as_ref();
    let step = newest.map_or(0, |(_, at)| at.place.step);
    if newest.is_none() && opened.manifest.facts.given_weights {
        let run = harmless_name(folder.as_os_str());
        return Err(WrongUse(format!(
            "{run}: it began with weights of another run (--from) and has no checkpoint yet; start it anew"
        ))
        .into());
    }
    if let Some(steps) = arguments.steps.filter(|steps| *steps <= step) {
        let message = format!("--steps {steps}: the run is at step {step} already; --steps counts from its beginning");
        return Err(WrongUse(message).into());
    }
    refuse_past_end(&changes, step)?;
    if !changes.is_empty() {
        start::print_complaint(&format!("gradtop: the run goes on as a branch, from step {step} or soon after"));
    }
    let finished = newest.is_some_and(|(snapshot, _)| snapshot.state.complete);
    let style = OutputStyle::of(&arguments.output);
    if finished && style != OutputStyle::Dashboard && !changes.iter().any(|(key, _)| key == PLANNED_STEPS) {
        start::print_complaint(
            "gradtop: the run is finished, and nothing is left to train; --set run.epochs=N extends it",
        );
    }
    let history = match style {
        OutputStyle::Dashboard => history(&opened)?,
        _ => Vec::new(),
    };
    let mut spec = start::run_spec(&RunArguments { threads: arguments.threads, ..RunArguments::default() }, &config)?;
    spec.train.stop_after = arguments.steps;
    if style == OutputStyle::Dashboard {
        spec.throttle = Some(config.ui.throttle);
    }
    let resumed = ResumedRun { history, changes, ..resumed_run(&mut opened, arguments.anyway) };
    let ghosts = ChosenGhosts::find(&arguments.runs.directory, &arguments.ghosts)?;
    let record = recording::continued_record(&config, opened)?;
    let origin = if recording::is_unsaved(&folder) { RunOrigin::Unsaved } else { RunOrigin::Trained };
    let start = RunStart { record: Some(record), resume: Some(resumed), ..RunStart::default() };
    train::run(spec, style, &config, start, (origin, ghosts))
}

/// An opened run as it goes on to its planned end, without its history.
fn resumed_run(opened: &mut OpenedRun, anyway: bool) -> ResumedRun {
    let facts = &opened.manifest.facts;
    ResumedRun {
        snapshot: opened.newest.take(),
        ledger: opened.ledger.entries.clone(),
        begins_with_drawn_weights: !facts.given_weights,
        history: Vec::new(),
        changes: Vec::new(),
        data_sha256: (!anyway && !facts.data_sha256.is_empty()).then(|| facts.data_sha256.clone()),
    }
}

/// How a recorded run goes on as it was, to its planned end.
///
/// # Errors
/// When it can't be opened, or would not go on to the same bits.
pub fn unchanged_start(folder: &Path, config: &Config) -> anyhow::Result<RunStart> {
    let mut opened = OpenedRun::open(&DiskStorage, folder)?;
    for note in &opened.notes {
        start::print_complaint(&format!("gradtop: {note}"));
    }
    refuse_differences(&opened, config, false)?;
    let resumed = resumed_run(&mut opened, false);
    let record = recording::continued_record(config, opened)?;
    Ok(RunStart { record: Some(record), resume: Some(resumed), ..RunStart::default() })
}

/// What was recorded of a run and will not be told again.
fn history(opened: &OpenedRun) -> anyhow::Result<Vec<Event>> {
    let OpenedRun { folder, tree, newest, .. } = opened;
    let info = read_info(&DiskStorage, folder)?;
    let mut events = Vec::new();
    let at = newest.as_ref().map_or(SnapshotPlace::default(), |(_, at)| *at);
    let notes = play_events(&DiskStorage, folder, &info, told_until(tree, at), &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    for note in notes {
        start::print_complaint(&format!("gradtop: {note}"));
    }
    Ok(events)
}

/// The place from which a run tells again what it does when it goes on from a snapshot; `None` if it stands where it went back to.
fn told_until(tree: &RunTree, at: SnapshotPlace) -> Option<PlayedUntil> {
    let branch = tree.place().branch;
    if tree.is_behind() {
        return None;
    }
    if at.place.branch == branch {
        return Some(PlayedUntil { branch, step: at.place.step, changes: at.changes });
    }
    // Up to where the branch begins nothing is told again.
    let begins = tree.branchings().find(|(branching, _)| branching.branch == branch);
    let step = begins.map_or(0, |(branching, _)| branching.at);
    let changes = tree.changes_of(branch).iter().filter(|(at, _)| *at <= step).count();
    Some(PlayedUntil { branch, step, changes })
}

/// The newest run that is neither finished nor trained just now.
fn newest_unfinished(directory: &Path) -> anyhow::Result<PathBuf> {
    let unfinished = |run: &PathBuf| {
        !RunLock::is_held(run) && newest_state(&DiskStorage, run).is_none_or(|state| !state.training.complete)
    };
    let found = list_runs(directory)?.into_iter().rev().find(unfinished);
    found.ok_or_else(|| {
        let directory = harmless_name(directory.as_os_str());
        WrongUse(format!("no run in {directory} is unfinished; name one to look at its end or to train it further"))
            .into()
    })
}

/// The configuration that a run was recorded with, and what was set over it now.
pub fn recorded_config(folder: &Path, text: &str, sets: &[String]) -> anyhow::Result<Config> {
    let mut config = Config::from_toml_str(&harmless_name(folder.join("run.toml").as_os_str()), text, sets)?;
    // A command that a folder brings along is not run.
    if !sets.iter().any(|set| set.split('=').next().is_some_and(|key| key.trim() == "run.notify")) {
        config.run.notify.clear();
    }
    Ok(config)
}

/// Refuses a program, or a machine, on which the run would not go on to the same bits.
fn refuse_differences(opened: &OpenedRun, config: &Config, anyway: bool) -> anyhow::Result<()> {
    let differences = opened.manifest.facts.differences(&recording::facts_now(config));
    if differences.is_empty() {
        return Ok(());
    }
    let list = differences.join("\n  ");
    if anyway {
        start::print_complaint(&format!("gradtop: the result may differ in its last digits:\n  {list}"));
        return Ok(());
    }
    let run = harmless_name(opened.folder.as_os_str());
    Err(WrongUse(format!("{run}: it would not go on to the same bits:\n  {list}\n  --anyway goes on all the same"))
        .into())
}

/// Refuses an end that lies behind a run at `step`.
fn refuse_past_end(changes: &[(String, Setting)], step: u64) -> anyhow::Result<()> {
    let end = changes.iter().find_map(|(key, setting)| match setting {
        Setting::Count(steps) if key == PLANNED_STEPS => Some(*steps),
        _ => None,
    });
    let Some(end) = end.filter(|end| *end < step) else { return Ok(()) };
    let (end, step) = (thousands(end), thousands(step));
    Err(WrongUse(format!(
        "the run would end at step {end}, and is at step {step} already; run.epochs and run.steps count from its beginning"
    ))
    .into())
}

/// The settings that were set now and that the training depends on, with their values.
fn changed_settings(config: &Config, folder: &Path, sets: &[String]) -> anyhow::Result<Vec<(String, Setting)>> {
    let mut changes = Vec::new();
    for set in sets {
        let key = set.split('=').next().unwrap_or_default().trim();
        let table = key.split('.').next().unwrap_or_default();
        if ["ui", "keep", "timeline", "health"].contains(&table) || FREE_KEYS.contains(&key) {
            continue;
        }
        let change = match key {
            "schedule.lr" => (key.to_owned(), Setting::Text(config.schedule.to_string())),
            "run.epochs" | "run.steps" => (PLANNED_STEPS.to_owned(), Setting::Count(planned_steps(config, folder)?)),
            _ => match config.number(key).filter(|_| STEERED_KEYS.contains(&key)) {
                Some(value) => (key.to_owned(), Setting::Number(value)),
                None => {
                    return Err(WrongUse(format!(
                        "{} can't change in a run that goes on; valid: {}, schedule.lr, run.epochs, run.steps, and what \
                         changes no result. For another network or other data begin a run with its weights: gradtop \
                         train --from RUN",
                        Safe(key),
                        STEERED_KEYS.join(", ")
                    ))
                    .into());
                }
            },
        };
        changes.push(change);
    }
    Ok(changes)
}

/// Minibatches that a configuration plans for a run.
fn planned_steps(config: &Config, folder: &Path) -> anyhow::Result<u64> {
    if let Some(steps) = config.run.steps {
        return Ok(steps);
    }
    let info = read_info(&DiskStorage, folder)?;
    let steps_per_epoch = info.steps_per_epoch.unwrap_or(1);
    Ok(config.run.epochs.saturating_mul(steps_per_epoch))
}
