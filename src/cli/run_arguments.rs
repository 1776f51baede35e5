//! The arguments of the commands about recorded runs.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use gradtop::app::Alignment;

use super::{MAX_THREADS, numbers::whole};

/// Where the runs are.
#[derive(Debug, Args)]
pub struct RunsDirectory {
    /// Folder of the recorded runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub directory: PathBuf,
}

/// How a run is shown; the dashboard if nothing is said and the terminal can show it.
// Each is a flag of its own on the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Args)]
pub struct OutputArguments {
    /// No dashboard: a progress bar and a table of evaluations
    #[arg(long)]
    pub headless: bool,
    /// No dashboard: one event a line as JSON on standard output, and nothing else there
    #[arg(long, conflicts_with = "headless")]
    pub json: bool,
    /// With --json: don't wait for a reader that is slow, but leave out steps and evaluations and say how many
    #[arg(long, requires = "json", conflicts_with = "headless")]
    pub thin: bool,
    /// With --json: read requests from standard input, one a line as JSON (docs/protocol.md); a finished run waits for
    /// more of them until that ends
    #[arg(long, requires = "json", conflicts_with = "headless")]
    pub commands: bool,
}

/// Recorded runs that are laid over the charts of the dashboard.
#[derive(Debug, Default, Args)]
pub struct GhostArguments {
    /// Lay a recorded run over the charts of the dashboard, as often as wanted
    #[arg(long, value_name = "RUN")]
    pub ghost: Vec<OsString>,
    /// With --ghost: lay those steps over each other at which as many minibatches, epochs or samples were trained, or
    /// as much time
    #[arg(long, value_enum, default_value_t = AlignmentChoice::Step, value_name = "BY", requires = "ghost")]
    pub by: AlignmentChoice,
}

/// By what steps of different runs are laid over each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AlignmentChoice {
    /// Minibatches.
    #[default]
    Step,
    /// Passes over the training data.
    Epoch,
    /// Training samples.
    Samples,
    /// Time of training.
    Time,
}

impl From<AlignmentChoice> for Alignment {
    fn from(choice: AlignmentChoice) -> Self {
        match choice {
            AlignmentChoice::Step => Self::Step,
            AlignmentChoice::Epoch => Self::Epoch,
            AlignmentChoice::Samples => Self::Samples,
            AlignmentChoice::Time => Self::Time,
        }
    }
}

/// What to go on with, and how.
#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest (default: the newest
    /// unfinished one)
    #[arg(value_name = "RUN")]
    pub run: Option<OsString>,
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// Set a key from here on, which makes it a branch: --set optimizer.lr=1e-3
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Stop after the first N minibatches of the run, counted from its beginning
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=u64::MAX), allow_hyphen_values = true)]
    pub steps: Option<u64>,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    pub threads: Option<u16>,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(flatten)]
    pub ghosts: GhostArguments,
    /// Go on although data, program or processor are others than those of the run; its bits may then differ
    #[arg(long)]
    pub anyway: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub struct OpenArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest
    #[arg(value_name = "RUN")]
    pub run: OsString,
    #[command(flatten)]
    pub ghosts: GhostArguments,
    #[command(flatten)]
    pub runs: RunsDirectory,
}

/// What to compare, and how.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The runs: their folders, names, or parts of them; of several with one name the newest
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub chosen: Vec<OsString>,
    /// Put those steps beside each other at which as many minibatches, epochs or samples were trained, or as much time
    #[arg(long, value_enum, default_value_t = AlignmentChoice::Epoch, value_name = "BY")]
    pub by: AlignmentChoice,
    /// No dashboard: a table
    #[arg(long)]
    pub text: bool,
    #[command(flatten)]
    pub runs: RunsDirectory,
}

/// How to list runs.
#[derive(Debug, Args)]
pub struct RunsArguments {
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// What to export, and whereto.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").required(true).multiple(true)))]
pub struct ExportArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest
    #[arg(value_name = "RUN")]
    pub run: OsString,
    /// Write what was measured to FILE: one row for each step, one column for each tag
    #[arg(long, value_name = "FILE", group = "form")]
    pub csv: Option<PathBuf>,
    /// Write everything that was recorded to FILE, as one object
    #[arg(long, value_name = "FILE", group = "form")]
    pub json: Option<PathBuf>,
    /// Write loss and accuracy to FILE, as a figure for a report
    #[arg(long, value_name = "FILE", group = "form")]
    pub svg: Option<PathBuf>,
    /// Write one page to FILE that shows the run
    #[arg(long, value_name = "FILE", group = "form")]
    pub html: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub runs: RunsDirectory,
}

/// What to remove.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// The run: its folder, its name, or a part of that which no other run has
    #[arg(value_name = "RUN")]
    pub run: OsString,
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// Remove without asking
    #[arg(long)]
    pub yes: bool,
}

/// What to rename.
#[derive(Debug, Args)]
pub struct RenameArguments {
    /// The run: its folder, its name, or a part of that which no other run has
    #[arg(value_name = "RUN")]
    pub run: OsString,
    /// The new name
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub runs: RunsDirectory,
}

/// What to train once more.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest
    #[arg(value_name = "RUN")]
    pub run: OsString,
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// Compare the fingerprint of the weights
    #[arg(long)]
    pub verify: bool,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    pub threads: Option<u16>,
}

/// What to predict with, and what.
#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest
    #[arg(value_name = "RUN")]
    pub run: OsString,
    /// Tables (.csv, .tsv), arrays (.npy), images, or folders of them
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// Write a table, or one JSON object a line
    #[arg(long, value_enum, default_value_t = PredictionFormatChoice::Csv)]
    pub format: PredictionFormatChoice,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace FILE if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    pub threads: Option<u16>,
}

/// How predictions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PredictionFormatChoice {
    /// A table with a row of names.
    Csv,
    /// One JSON object a line.
    Json,
}

/// What to evaluate, and on what.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The run: its folder, its name, or a part of that; of several with one name the newest
    #[arg(value_name = "RUN")]
    pub run: OsString,
    #[command(flatten)]
    pub runs: RunsDirectory,
    /// Evaluate on PATH: its test part if it has one, else all of it (default: the test part of the run's data)
    #[arg(long, value_name = "PATH")]
    pub data: Option<OsString>,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    pub threads: Option<u16>,
}
