//! `gradtop sweep`: all combinations of several settings, each from several seeds, and a table of what came of them.

use std::path::{Path, PathBuf};

use clap::Args;
use gradtop::{
    runs::{
        storage::DiskStorage,
        sweep::{RecordedRuns, SweepFolder, SweepPlan, SweptRun, list_sweeps, read_sweep},
    },
    text::{Safe, harmless_name, nearest},
};

use self::{
    plan::SweepRuns,
    table::{CombinationRow, SweepTable},
    training::train_missing_runs,
};
use super::{
    FAILED_STATUS, RunArguments,
    numbers::whole,
    recording::{self, FileKind},
    start::{self, WrongUse},
};

mod plan;
mod table;
mod training;

/// Folder of the runs if nothing else is said.
const USUAL_DIRECTORY: &str = "runs";

/// Most seeds of each combination.
const MAX_SEEDS: u64 = 1000;

/// Most runs at a time.
const MAX_JOBS: u64 = 64;

/// What `--csv` writes.
const TABLE_FILE: FileKind = FileKind { what: "a table", endings: &["csv", "txt"] };

/// What is trained, and how the results are told.
#[derive(Debug, Args)]
pub struct SweepArguments {
    /// Go on with the sweep of this name (default: begin one, or go on with the one that was begun in the same way)
    #[arg(value_name = "NAME", conflicts_with_all = [
        "preset", "config", "set", "data", "layers", "lr", "epochs", "batch_size", "seed", "seeds", "steps", "name",
    ])]
    sweep: Option<String>,
    #[command(flatten)]
    run: RunArguments,
    /// Train each combination from N seeds, the first of which is `run.seed` (default: 1)
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=MAX_SEEDS), allow_hyphen_values = true)]
    seeds: Option<u64>,
    /// Train N minibatches each, short for `--set run.steps=N`
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=u64::MAX), allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Call the sweep NAME (default: after the settings that change)
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Train N runs at a time, which share the threads
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = whole::<usize>(1..=MAX_JOBS))]
    #[arg(allow_hyphen_values = true)]
    jobs: usize,
    /// Folder of the recorded runs (default: `run.directory`)
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Write the table to FILE, too, with commas between its columns
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "csv")]
    force: bool,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Trains what is left to train, and prints the table; 1 if nothing came of any run.
pub fn run(arguments: &SweepArguments) -> anyhow::Result<u8> {
    let (plan, directory) = match &arguments.sweep {
        Some(name) => {
            let directory = plan::given_directory(arguments)?.unwrap_or_else(|| USUAL_DIRECTORY.into());
            (known_sweep(Path::new(&directory), name)?, directory)
        }
        None => plan::planned_sweep(arguments)?,
    };
    let csv = arguments.csv.as_deref().map(|path| recording::output_file(path, TABLE_FILE, arguments.force, &[]));
    let csv = csv.transpose()?;
    let runs = SweepRuns::new(plan, directory, arguments)?;
    let (_folder, plan) = SweepFolder::take(&DiskStorage, runs.directory(), &runs.plan)?;
    if plan != runs.plan {
        let name = &plan.name;
        return Err(WrongUse(format!(
            "there is a sweep called {name} with other settings; --name gives this one another name, and gradtop sweep \
             {name} goes on with that one"
        ))
        .into());
    }
    if let Some(signal_status) = train_missing_runs(&runs, arguments.jobs)? {
        return Ok(signal_status);
    }
    let found = RecordedRuns::read(&DiskStorage, runs.directory())?;
    let results: Vec<SweptRun> =
        runs.runs.iter().map(|run| found.find(&DiskStorage, &run.planned.name, &run.configuration)).collect();
    let table = SweepTable::new(&runs.plan, runs.directory(), &runs.plan.runs(), &results);
    if let Some(file) = csv {
        file.write(|out| table.write_csv(out))?;
    }
    if arguments.json {
        table.print_json()?;
    } else {
        table.print()?;
    }
    let has_result = table.rows.iter().any(CombinationRow::has_result);
    Ok(if has_result { 0 } else { FAILED_STATUS })
}

/// The sweep that was begun under this name.
fn known_sweep(directory: &Path, name: &str) -> anyhow::Result<SweepPlan> {
    let names = list_sweeps(&DiskStorage, directory);
    if !names.iter().any(|known| known == name) {
        let directory = harmless_name(directory.as_os_str());
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean {}?", Safe(near)),
            None if names.is_empty() => "; there are no sweeps yet".into(),
            None => format!(
                "; there are: {}",
                names.iter().map(|name| Safe(name).to_string()).collect::<Vec<_>>().join(", ")
            ),
        };
        return Err(WrongUse(format!("no sweep in {directory} is called {}{hint}", Safe(name))).into());
    }
    Ok(read_sweep(&DiskStorage, directory, name)?)
}

/// Tells how to go on with a sweep that did not come to its end.
fn tell_way_on(runs: &SweepRuns) {
    let directory = directory_words(runs.directory());
    start::print_complaint(&format!("gradtop: gradtop sweep {}{directory} goes on with it", runs.plan.name));
}

/// What names the folder of the runs on a command line, with a space before it; empty for the usual one.
fn directory_words(directory: &Path) -> String {
    if directory == Path::new(USUAL_DIRECTORY) {
        return String::new();
    }
    let name = harmless_name(directory.as_os_str());
    if name.chars().all(|letter| letter.is_alphanumeric() || "/._-".contains(letter)) {
        return format!(" --directory {name}");
    }
    format!(" --directory '{}'", name.replace('\'', "'\\''"))
}
