//! The command line: what can be typed, and what then runs.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use gradtop::text::harmless;

mod data;
mod ending;
mod gradcheck;
mod start;
mod train;

/// Exit status when the work failed: a gradient check, a run that could not go on.
const FAILED: u8 = 1;
/// Exit status for wrong use or wrong input.
const WRONG_USE: u8 = 2;
/// Added to a signal's number for the exit status.
const SIGNAL: u8 = 128;

/// Train a neural network in the terminal: watch every gradient, pause, step, change the learning rate.
///
/// Without a command, gradtop trains the default network on the built-in Fashion-MNIST images on its dashboard, slowly
/// enough to follow; `}` on the dashboard lifts that. Press `?` there for its keys.
#[derive(Debug, Parser)]
#[command(name = "gradtop", version, arg_required_else_help = false, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    bare: RunArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train at full speed, on the dashboard or headless.
    Train(TrainArguments),
    /// Check the hand-derived gradients of the configured network against central differences in f64.
    ///
    /// Prints the relative error of every parameter and of the input; exit status 1 above the tolerance.
    Gradcheck(GradcheckArguments),
    /// Describe a data set: samples of each class, shape, mean and deviation, a few images.
    Data(DataArguments),
}

/// What a run is made of.
#[derive(Debug, Default, Args)]
struct RunArguments {
    /// Read the configuration from FILE (see config.toml for every key)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one key, over the file: --set optimizer.lr=1e-3
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

#[derive(Debug, Args)]
struct TrainArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Train N minibatches instead of whole epochs
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    steps: Option<u64>,
    /// No dashboard: a progress bar and a table of evaluations
    #[arg(long)]
    headless: bool,
    /// No dashboard: one event a line as JSON on standard output, and nothing else there
    #[arg(long, conflicts_with = "headless")]
    json: bool,
}

#[derive(Debug, Args)]
struct GradcheckArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Largest relative error that passes
    #[arg(long, default_value = "1e-7", value_name = "ERROR")]
    tolerance: f64,
    /// Samples in the batch that is checked
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
}

fn at_least_one(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("not a whole number of at least 1".into()),
    }
}

/// Reads the command line; help, the version and mistakes are answered here, with the exit status.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, ExitCode> {
    Cli::try_parse_from(arguments).map_err(|error| {
        if error.use_stderr() {
            // What was typed stands in the message.
            let lines: Vec<String> = error.render().to_string().lines().map(harmless).collect();
            start::complain_with(lines.join("\n").trim_end());
            return ExitCode::from(WRONG_USE);
        }
        // There is nobody left to tell when help can't be printed: `gradtop --help | head -1`.
        let _ = error.print();
        ExitCode::SUCCESS
    })
}

#[derive(Debug, Args)]
struct DataArguments {
    /// A word (fashion-mnist, circles, xor, gaussians, spirals, moons) or a path; otherwise what the configuration names
    #[arg(value_name = "NAME|PATH")]
    source: Option<String>,
    #[command(flatten)]
    run: RunArguments,
    /// Draw N images instead of about a screenful
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Runs what was asked for and returns the exit status.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        None => train::run_paced(&cli.bare),
        Some(Command::Train(arguments)) => train::run_at_full_speed(&arguments),
        Some(Command::Gradcheck(arguments)) => gradcheck::run(&arguments),
        Some(Command::Data(arguments)) => data::run(&arguments),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            start::complain(&error);
            ExitCode::from(if start::is_wrong_input(&error) { WRONG_USE } else { FAILED })
        }
    }
}
