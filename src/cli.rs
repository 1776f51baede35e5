//! The command line: what can be typed, and what then runs.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use gradtop::{config::FlagValue, range::Range};
pub use mistakes::parse_arguments;
use numbers::{real, whole};
use run_arguments::{
    CompareArguments, EvaluateArguments, ExportArguments, GhostArguments, OpenArguments, OutputArguments,
    PredictArguments, RemoveArguments, RenameArguments, ReplayArguments, ResumeArguments, RunsArguments,
};

mod bench;
mod compare;
mod config;
mod data;
mod ending;
mod evaluate;
mod export;
mod gradcheck;
mod grads;
mod inspect;
mod lrfind;
mod mistakes;
mod model;
mod notify;
mod numbers;
mod open;
mod predict;
mod presets;
mod progress;
mod ready_model;
mod recording;
mod replay;
mod reproduce;
mod request_lines;
mod resume;
mod run_arguments;
mod runs;
mod screen;
mod shelf;
mod start;
mod sweep;
mod train;

/// Exit status when the work failed: a gradient check, a run that could not go on.
const FAILED_STATUS: u8 = 1;
/// Exit status for wrong use or wrong input.
const WRONG_USE_STATUS: u8 = 2;
/// Most threads that can be asked for.
const MAX_THREADS: u64 = 256;
/// Longest time that a benchmark measures, in seconds.
const MAX_BENCH_SECONDS: f64 = 3600.0;
/// Added to a signal's number for the exit status.
const SIGNAL_STATUS_BASE: u8 = 128;

/// Train a neural network in the terminal: watch every gradient, pause, step, change the learning rate.
///
/// Without a command, gradtop trains the default network on the built-in Fashion-MNIST images on its dashboard, slowly
/// enough to follow; `}` on the dashboard lifts that. Press `?` there for its keys. The run is recorded, and on leaving
/// you are asked whether to keep it.
#[derive(Debug, Parser)]
#[command(name = "gradtop", version, arg_required_else_help = false, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    bare: RunArguments,
    #[command(flatten)]
    ghosts: GhostArguments,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Train at full speed, on the dashboard or headless.
    Train(TrainArguments),
    /// Go on with a recorded run, to the same bits as if it had never been interrupted.
    ///
    /// Without a name it is the newest run that is unfinished. With --set it goes on as a branch of its own. A finished
    /// run shows its end; `x` on its dashboard, or --set run.epochs=N, trains it further. On a dashboard it trains at the
    /// pace of ui.throttle, which `}` lifts.
    Resume(ResumeArguments),
    /// Show a recorded run on the dashboard.
    Open(OpenArguments),
    /// Evaluate a recorded run's network: loss, accuracy, and which classes it takes for which.
    ///
    /// Columns, classes and preprocessing are those of the training. Without --data it is the test part of the run's own
    /// data, which must not have changed since.
    Evaluate(EvaluateArguments),
    /// Predict the classes of samples in files with a recorded run's network.
    ///
    /// Preprocessing is that of the training. Columns of tables are found by name; the label's may be missing, and where it
    /// is there a column `true` shows it. Images of a folder may be directly in it, or in a folder for each class. Of data
    /// with a test part that is read.
    Predict(PredictArguments),
    /// Find a learning rate: train with rates that grow, and see with which the loss falls.
    ///
    /// The rate grows by the same factor after each minibatch, until the loss leaves all bounds. The suggestion is the
    /// rate at which the smoothed loss falls fastest; exit status 1 if there is none. Nothing is recorded. On the
    /// dashboard `:lrfind` does the same at any step of a run.
    Lrfind(lrfind::LrfindArguments),
    /// Train all combinations of several settings, each from several seeds, and print a table of the results.
    ///
    /// A --set may have several values: --set optimizer.lr=1e-3,3e-3 --set model.init=he,xavier. Commas in brackets and
    /// between quotes part nothing; each value of a list stands in brackets of its own: --set
    /// 'model.layers=[linear 64, relu, linear classes],[linear classes]'. Every run is recorded. A sweep that was stopped
    /// or killed goes on if it is started again in the same way, or by its name.
    Sweep(sweep::SweepArguments),
    /// List the recorded runs.
    Runs(RunsArguments),
    /// Compare recorded runs: which settings differ, what they reached, and their curves over each other.
    ///
    /// On a terminal the dashboard shows the first run with the others over its charts; with --text, or without a
    /// terminal, it is a table.
    Compare(CompareArguments),
    /// Write what was recorded of a run into files: its numbers, a figure for a report, a page.
    ///
    /// The page shows facts, curves, layers, confusion, the worst mistakes, findings, what was done to the run, and its
    /// configuration; it needs no other file and runs no script. A file that exists is replaced only by --force, and each
    /// is written whole or not at all.
    Export(ExportArguments),
    /// Remove a recorded run; asks first.
    Rm(RemoveArguments),
    /// Give a recorded run another name; an unsaved one is kept then.
    Rename(RenameArguments),
    /// Train a recorded run once more from its configuration, its seed and what was done to it.
    ///
    /// With --verify the fingerprint of the weights at its newest checkpoint is compared; exit status 1 if it is another.
    Replay(ReplayArguments),
    /// Check the hand-derived gradients of the configured network against central differences in f64.
    ///
    /// Prints every relative error and a verdict: passed, failed (exit status 1: some error is above the tolerance) or
    /// undecided (3: none is, but rounding could hide one of ten times the tolerance). With --all every layer, every
    /// loss and a dozen random networks are checked instead, and the worst of each is printed.
    Gradcheck(GradcheckArguments),
    /// Compute loss, activations and gradients of one batch, to compare with another framework.
    ///
    /// Weights go by the names and in the layouts of `PyTorch`'s nn.Sequential: 0.weight (out, in), 0.bias, of a
    /// convolution (out, in, height, width), of a batch normalization also `running_mean` and `running_var`. A batch is
    /// x, floats of shape (batch, …), and y, the classes. The output holds loss; activation.N, what layer N gives;
    /// gradient.activation.N and gradient.input, by what the loss grows with them; gradient.N.weight and so on; and
    /// while training `after.N.running_mean` and `after.N.running_var`.
    Grads(grads::GradsArguments),
    /// Show a minibatch from the inside: one sample on its way forward and back, and one layer in full.
    ///
    /// Trains up to a step, and then prints what the dashboard shows of the next minibatch before it is trained: the
    /// sample's output and error at each layer, softmax and loss, and of the layer that is asked for its input, output,
    /// errors, weights, gradients and the largest of them.
    Inspect(inspect::InspectArguments),
    /// Print the configuration, each key with its meaning and its valid values; or only one key or table of it.
    ///
    /// The output is a configuration file that `--config` reads. --preset, --config, --set and the flags that are short
    /// for keys change the values.
    Config(ConfigArguments),
    /// List the experiments that come with the program, the original exercise's among them.
    Presets,
    /// Run the original exercise's experiments on CIFAR-10 and print them beside the published figures.
    ///
    /// Each row is trained as the exercise has it, evaluated on all test images, and counts its best accuracy and its
    /// lowest loss. The reference is `PyTorch`'s on images decoded from JPEG copies. Exit status 1 if the mean over the
    /// seeds is too far from it.
    Reproduce(ReproduceArguments),
    /// Describe a data set: samples of each class, shape, mean and deviation, a few images.
    Data(DataArguments),
    /// Time one training step of a fixed network on random data, to compare with other frameworks.
    Bench(BenchArguments),
}

/// What a run is made of.
#[derive(Debug, Default, Args)]
struct RunArguments {
    /// Start from a configuration that comes with the program (`gradtop presets` lists them)
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Read the configuration from FILE, over the preset (`gradtop config` prints every key)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one key, over the file: --set optimizer.lr=1e-3
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Train on PATH, short for `--set data.source=PATH`
    #[arg(long, value_name = "PATH")]
    data: Option<OsString>,
    /// Layers, short for `--set model.layers=LIST`: `--layers 'linear 64, relu, linear classes'`
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    layers: Option<String>,
    /// Learning rate, short for `--set optimizer.lr=RATE`
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    lr: Option<String>,
    /// Passes over the training data, short for `--set run.epochs=N`
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    epochs: Option<String>,
    /// Samples in a minibatch, short for `--set run.batch_size=N`
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    batch_size: Option<String>,
    /// Seed of the weights, the shuffling and everything else random of the run, short for `--set run.seed=N`;
    /// `data.seed` chooses the test samples
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<String>,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    threads: Option<u16>,
}

/// The flags that are short for a key, and the key.
const SHORT_FLAGS: [(&str, &str); 6] = [
    ("--data", "data.source"),
    ("--layers", "model.layers"),
    ("--lr", "optimizer.lr"),
    ("--epochs", "run.epochs"),
    ("--batch-size", "run.batch_size"),
    ("--seed", "run.seed"),
];

impl RunArguments {
    /// What was given with flags that are short for a key.
    fn flag_values(&self) -> Vec<FlagValue> {
        let os = |value: &Option<String>| value.as_ref().map(OsString::from);
        let Self { data, layers, lr, epochs, batch_size, seed, .. } = self;
        let values = [data.clone(), os(layers), os(lr), os(epochs), os(batch_size), os(seed)];
        let pairs = SHORT_FLAGS.into_iter().zip(values);
        pairs.filter_map(|((flag, key), value)| Some(FlagValue { flag, key, value: value? })).collect()
    }
}

#[derive(Debug, Args)]
struct TrainArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Stop after the first N minibatches of the run that is planned (`run.epochs` or `run.steps` plan it and
    /// its schedule)
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=u64::MAX), allow_hyphen_values = true)]
    steps: Option<u64>,
    #[command(flatten)]
    output: OutputArguments,
    /// Keep nothing of the run; otherwise it is recorded in a folder below `run.directory`
    #[arg(long)]
    no_record: bool,
    #[command(flatten)]
    ghosts: GhostArguments,
    /// Begin with the weights of a recorded run or of a safetensors file, by `PyTorch`'s names
    #[arg(long, value_name = "RUN|FILE")]
    from: Option<OsString>,
}

#[derive(Debug, Args)]
struct GradcheckArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Check every layer, every loss and a dozen random networks instead of the configured network
    #[arg(long, conflicts_with_all = ["config", "set", "layers", "batch"])]
    all: bool,
    /// Print the table of docs/mathematics.md
    #[arg(long, requires = "all")]
    markdown: bool,
    /// Largest relative error that passes
    #[arg(long, default_value = "1e-7", value_name = "ERROR", value_parser = real(Range::above(0.0, 1.0)))]
    #[arg(allow_hyphen_values = true)]
    tolerance: f64,
    /// Samples in the batch that is checked
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = whole::<u16>(1..=1024))]
    #[arg(allow_hyphen_values = true)]
    batch: u16,
}

#[derive(Debug, Args)]
struct ReproduceArguments {
    /// The rows to run, by the names of their presets (default: all fourteen)
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// CIFAR-10: the folder, or the archive as it was downloaded
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Train each row from seeds 0 to N - 1 (default: 3)
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=1000), allow_hyphen_values = true)]
    seeds: Option<u64>,
    /// Train only N minibatches each, to try it out; nothing is judged then
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=u64::MAX), allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Write runs and rows as one JSON object a line on standard output, and nothing else there
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Write the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Write the loss and accuracy of each row that runs to DIR/ROW.svg; the exercise's two are mlp-100 and
    /// torch-mlp-100
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Replace figures that exist
    #[arg(long, requires = "figures")]
    force: bool,
    /// Compute with N threads (default: all cores); the result is the same, bit for bit
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    threads: Option<u16>,
}

#[derive(Debug, Args)]
struct ConfigArguments {
    /// A key such as optimizer.lr, or a table such as optimizer (default: all)
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Args)]
struct DataArguments {
    /// A word (fashion-mnist, circles, xor, gaussians, spirals, moons) or a path; otherwise what the configuration
    /// names
    #[arg(value_name = "NAME|PATH")]
    source: Option<OsString>,
    #[command(flatten)]
    run: RunArguments,
    /// Draw N images instead of about a screenful
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0..=u64::MAX), allow_hyphen_values = true)]
    images: Option<usize>,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct BenchArguments {
    /// What is trained
    #[arg(value_enum)]
    case: bench::BenchCase,
    /// Compute with N threads (default: all cores)
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=MAX_THREADS), allow_hyphen_values = true)]
    threads: Option<u16>,
    /// Measure for S seconds
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = real(Range::above(0.0, MAX_BENCH_SECONDS)))]
    #[arg(allow_hyphen_values = true)]
    seconds: f64,
}

/// Runs what was asked for and returns the exit status.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        None => train::run_paced(&cli.bare, &cli.ghosts),
        Some(CliCommand::Train(arguments)) => train::run_at_full_speed(&arguments),
        Some(CliCommand::Resume(arguments)) => resume::run(&arguments),
        Some(CliCommand::Open(arguments)) => open::run(&arguments),
        Some(CliCommand::Evaluate(arguments)) => evaluate::run(&arguments),
        Some(CliCommand::Predict(arguments)) => predict::run(&arguments),
        Some(CliCommand::Lrfind(arguments)) => lrfind::run(&arguments),
        Some(CliCommand::Sweep(arguments)) => sweep::run(&arguments),
        Some(CliCommand::Runs(arguments)) => runs::list(&arguments),
        Some(CliCommand::Compare(arguments)) => compare::run(&arguments),
        Some(CliCommand::Export(arguments)) => export::run(&arguments),
        Some(CliCommand::Rm(arguments)) => runs::remove(&arguments),
        Some(CliCommand::Rename(arguments)) => runs::rename(&arguments),
        Some(CliCommand::Replay(arguments)) => replay::run(&arguments),
        Some(CliCommand::Gradcheck(arguments)) => gradcheck::run(&arguments),
        Some(CliCommand::Grads(arguments)) => grads::run(&arguments),
        Some(CliCommand::Inspect(arguments)) => inspect::run(&arguments),
        Some(CliCommand::Config(arguments)) => config::run(&arguments),
        Some(CliCommand::Presets) => presets::run(),
        Some(CliCommand::Reproduce(arguments)) => reproduce::run(&arguments),
        Some(CliCommand::Data(arguments)) => data::run(&arguments),
        Some(CliCommand::Bench(arguments)) => bench::run(&arguments),
    };
    match outcome {
        Ok(status) => ExitCode::from(status),
        // Whoever read the output has seen enough: `gradtop … | head`.
        Err(error) if screen::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            start::print_error(&error);
            ExitCode::from(if start::is_wrong_input(&error) { WRONG_USE_STATUS } else { FAILED_STATUS })
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command, CommandFactory};

    use super::*;

    /// What stands for a value that is no number: paths, names, lists.
    const NOT_NUMBERS: [&str; 16] = [
        "BY",
        "CASE",
        "DIR",
        "FILE",
        "FORMAT",
        "INPUT",
        "KEY",
        "KEY=VALUE",
        "LIST",
        "NAME",
        "NAME|PATH",
        "PATH",
        "PRECISION",
        "ROW",
        "RUN",
        "RUN|FILE",
    ];

    /// The arguments of all commands, those of the program itself among them, that take a value.
    fn arguments_with_values() -> Vec<(Option<String>, Arg)> {
        let program = Cli::command();
        let of = |command: &Command, name: Option<&str>| {
            let values = command.get_arguments().filter(|argument| argument.get_action().takes_values());
            values.map(|argument| (name.map(str::to_owned), argument.clone())).collect::<Vec<_>>()
        };
        let mut all = of(&program, None);
        all.extend(program.get_subcommands().flat_map(|command| of(command, Some(command.get_name()))));
        all
    }

    fn value_name(argument: &Arg) -> String {
        argument
            .get_value_names()
            .map_or_else(|| argument.get_id().to_string(), |names| names[0].to_string())
            .to_uppercase()
    }

    /// What is said of a value of a flag: by the parser of the command line or, for one that is short for a key, by that of
    /// the configuration.
    fn complaint(command: Option<&str>, flag: &str, value: &str) -> Option<String> {
        let words = ["gradtop"].into_iter().chain(command).chain([flag, value]);
        let parsed = Cli::try_parse_from(words);
        match SHORT_FLAGS.into_iter().find(|(short, _)| *short == flag) {
            Some((flag, key)) => {
                // It is taken as a value, not for another flag.
                assert!(!parsed.is_err_and(|error| error.to_string().contains("unexpected argument")));
                let value = FlagValue { flag, key, value: value.into() };
                gradtop::config::Config::load_with_flags(None, None, &[], &[value]).err().map(|error| error.to_string())
            }
            None => parsed.err().map(|error| error.to_string()).filter(|text| text.contains("invalid value")),
        }
    }

    #[test]
    fn every_number_of_every_command_is_refused_out_of_its_range() {
        let mut flags = 0;
        for (command, argument) in arguments_with_values() {
            let name = value_name(&argument);
            if NOT_NUMBERS.contains(&name.as_str()) {
                continue;
            }
            flags += 1;
            let flag = format!("--{}", argument.get_long().expect("a number is told by a flag"));
            // Of these 0 means something.
            let takes_zero = ["--at", "--images", "--layer", "--sample", "--seed"].contains(&flag.as_str());
            let wrong = ["nan", "NaN", "inf", "-inf", "1e300", "-1", "abc", ""];
            for value in wrong.into_iter().chain((!takes_zero).then_some("0")) {
                let said = complaint(command.as_deref(), &flag, value).unwrap_or_default();
                assert!(said.contains("valid: ") || said.contains("no value"), "{command:?} {flag} {value}: {said}");
                assert!(said.contains(&flag), "{command:?} {flag} {value}: {said}");
            }
            for value in ["1"].into_iter().chain(takes_zero.then_some("0")) {
                assert_eq!(complaint(command.as_deref(), &flag, value), None, "{command:?} {flag} {value}");
            }
        }
        assert!(flags > 30, "{flags}");
    }

    #[test]
    fn every_command_that_writes_files_replaces_them_only_by_force() {
        let mut outputs = 0;
        for (command, argument) in arguments_with_values() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            if !help.starts_with("Write ") || !["FILE", "DIR"].contains(&value_name(&argument).as_str()) {
                continue;
            }
            outputs += 1;
            let program = Cli::command();
            let command =
                command.and_then(|name| program.find_subcommand(&name).cloned()).expect("a command writes it");
            assert!(command.get_arguments().any(|other| other.get_long() == Some("force")), "{}", command.get_name());
        }
        assert_eq!(outputs, 9);
    }
}
