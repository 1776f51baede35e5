//! The command line: what can be typed, and what then runs.

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

mod bench;
mod gradcheck;
mod signals;
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
    /// Time one training step of a fixed network on random data, to compare with other frameworks.
    Bench(BenchArguments),
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
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
struct TrainArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Train N minibatches instead of whole epochs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// No dashboard: a progress bar and a table of evaluations
    #[arg(long)]
    headless: bool,
    /// No dashboard: one event a line as JSON on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct GradcheckArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Largest relative error that passes
    #[arg(long, default_value_t = 1e-7, value_name = "ERROR")]
    tolerance: f64,
    /// Samples in the batch that is checked
    #[arg(long, default_value_t = NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN), value_name = "N")]
    batch: NonZeroUsize,
}

#[derive(Debug, Args)]
struct BenchArguments {
    /// What is trained
    #[arg(value_enum)]
    case: bench::Case,
    /// Compute with N threads (default: all cores)
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Measure for S seconds
    #[arg(long, default_value_t = 5.0, value_name = "S")]
    seconds: f64,
}

/// Runs what was asked for and returns the exit status.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        None => train::run_paced(&cli.bare),
        Some(Command::Train(arguments)) => train::run_at_full_speed(&arguments),
        Some(Command::Gradcheck(arguments)) => gradcheck::run(&arguments),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            start::complain(&error);
            ExitCode::from(if start::is_wrong_input(&error) { WRONG_USE } else { FAILED })
        }
    }
}
