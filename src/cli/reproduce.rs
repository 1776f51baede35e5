//! `gradtop reproduce`: the original exercise's experiments, beside the figures that they gave.

use std::{
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use gradtop::{
    config::{Config, FlagValue, Preset, PresetData},
    dataset::{self, DataSpec, Dataset},
    exercise::{self, EXERCISE_ROWS, ExerciseRow, RowOutcome},
    files::OutputFile,
    nn::Shape,
    text::{Safe, harmless_name, nearest, thousands},
};
use serde_json::{Value, json};

use super::{
    FAILED_STATUS, ReproduceArguments,
    progress::RunProgress,
    recording::{self, FileKind},
    start::{self, WrongUse},
};

/// Seeds of a row when none are asked for. One run of the CNN says little: from one evaluation to the next its accuracy
/// moves by more than its row may differ.
const DEFAULT_SEEDS: u64 = 3;

/// What `--figures` writes.
const FIGURES: FileKind = FileKind { what: "a chart", endings: &["svg"] };

/// A row and how it is to be run.
struct RowPlan {
    row: &'static ExerciseRow,
    config: Config,
    /// Minibatches of each run.
    steps: u64,
    seeds: u64,
    /// Work of one minibatch, its share of the evaluations included, in multiplications.
    cost: u64,
}

/// Trains the rows one after the other; 1 if one of them is too far from the reference.
pub fn run(arguments: &ReproduceArguments) -> anyhow::Result<u8> {
    let plans = row_plans(arguments)?;
    let figures = figure_files(arguments, &plans)?;
    let mut progress = RunProgress::new(plans.iter().map(RowPlan::total_cost).sum());
    let mut loaded: Option<(DataSpec, Arc<Dataset>)> = None;
    let mut outcomes = Vec::new();
    let mut passed = true;
    if !arguments.json && !arguments.markdown {
        progress.print_line(&exercise::text_heading())?;
    }
    for (place, plan) in plans.iter().enumerate() {
        // All rows prepare their data alike, so this loads once.
        let data = match &loaded {
            Some((spec, data)) if *spec == plan.config.data => Arc::clone(data),
            _ => {
                let data = load_data(&plan.config, &progress)?;
                loaded = Some((plan.config.data.clone(), Arc::clone(&data)));
                data
            }
        };
        let outcome = run_row(plan, arguments, &data, &mut progress)?;
        passed &= outcome.passes();
        if let Some(figure) = figures.get(place) {
            figure.write(|file| file.write_all(exercise::training_figure(&outcome).to_svg().as_bytes()))?;
        }
        if arguments.json {
            progress.print_line(&row_json(&outcome, arguments.steps.is_none()).to_string())?;
        } else if !arguments.markdown {
            progress.print_line(&exercise::text_line(&outcome, arguments.steps.is_none()))?;
        }
        outcomes.push(outcome);
    }
    progress.clear_bar();
    if arguments.markdown {
        io::stdout().lock().write_all(exercise::markdown(&outcomes).as_bytes())?;
    }
    Ok(if passed || arguments.steps.is_some() { 0 } else { FAILED_STATUS })
}

/// The files of the figures, one for each row, if any are asked for and all of them may be written.
fn figure_files(arguments: &ReproduceArguments, plans: &[RowPlan]) -> Result<Vec<OutputFile>, WrongUse> {
    let Some(folder) = &arguments.figures else { return Ok(Vec::new()) };
    fs::create_dir_all(folder)
        .map_err(|error| WrongUse(format!("--figures: can't make {}: {error}", displayable_path(folder))))?;
    let inputs: Vec<_> = arguments.data.iter().filter(|data| data.is_file()).cloned().collect();
    let files = plans.iter().map(|plan| {
        let path = folder.join(format!("{}.svg", plan.row.preset));
        recording::output_file(&path, FIGURES, arguments.force, &inputs)
    });
    files.collect()
}

impl RowPlan {
    fn new(row: &'static ExerciseRow, arguments: &ReproduceArguments, data: &Path) -> anyhow::Result<Self> {
        let preset = Preset::find(row.preset)?;
        let data = FlagValue { flag: "--data", key: "data.source", value: data.into() };
        let mut config = Config::load_with_flags(Some(preset), None, &[], &[data])?;
        config.run.steps = arguments.steps.or(config.run.steps);
        let (shape, classes) = start::check_against_data(&config)?;
        let expected = preset.data;
        if shape != Shape::new(expected.shape()) || classes != expected.classes() {
            let name = expected.name();
            let message =
                format!("samples of shape {shape} in {classes} classes are not {name}; {}", how_to_get_cifar());
            return Err(config.error_at_key("data.source", message).into());
        }
        let cost = cost_per_step(&config, &shape, classes)?;
        let seeds = arguments.seeds.unwrap_or(DEFAULT_SEEDS);
        let steps = config.run.steps.unwrap_or(0);
        Ok(Self { row, config, steps, seeds, cost })
    }

    fn total_cost(&self) -> u64 {
        self.cost * self.steps * self.seeds
    }
}

fn how_to_get_cifar() -> &'static str {
    PresetData::Cifar10.how_to_get()
}

/// The rows that were asked for, every one of them, once each.
fn row_plans(arguments: &ReproduceArguments) -> anyhow::Result<Vec<RowPlan>> {
    if let Some(name) = arguments.rows.iter().find(|name| ExerciseRow::find(name).is_none()) {
        let names = || EXERCISE_ROWS.iter().map(|row| row.preset);
        let hint = nearest(name, names()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let valid = names().collect::<Vec<_>>().join(", ");
        return Err(WrongUse(format!("unknown row \"{}\"; {hint}valid: {valid}", Safe(name))).into());
    }
    let Some(data) = &arguments.data else {
        return Err(
            WrongUse(format!("the exercise is on {}: {}", PresetData::Cifar10.name(), how_to_get_cifar())).into()
        );
    };
    let rows = EXERCISE_ROWS
        .iter()
        .filter(|row| arguments.rows.is_empty() || arguments.rows.iter().any(|name| name == row.preset));
    rows.map(|row| RowPlan::new(row, arguments, data)).collect()
}

/// About how many multiplications a minibatch takes: three products for each weight and sample, and one more for each
/// test sample at every evaluation.
fn cost_per_step(config: &Config, shape: &Shape, classes: usize) -> anyhow::Result<u64> {
    let batch = config.run.batch_size;
    let layers = config.model.check_shapes(shape, classes, batch)?;
    let products = |info: &gradtop::nn::PlacedLayer| {
        let output = info.output.dimensions();
        // A weight of a convolution works once at every position.
        info.parameters as u64 * output.iter().skip(1).product::<usize>() as u64
    };
    let forward: u64 = layers.iter().map(products).sum();
    let evaluated = 10_000 / config.run.evaluate_every.unwrap_or(1);
    Ok(forward * (3 * batch as u64 + evaluated))
}

fn load_data(config: &Config, progress: &RunProgress) -> anyhow::Result<Arc<Dataset>> {
    let mut observe = |what: &str, share: Option<f64>| {
        progress.show_loading(what, share);
        ControlFlow::Continue(())
    };
    match dataset::load(&config.data, &mut observe) {
        Ok(data) => Ok(Arc::new(data)),
        Err(error) => Err(config.error_at_key("data.source", error.to_string()).into()),
    }
}

fn run_row(
    plan: &RowPlan,
    arguments: &ReproduceArguments,
    data: &Arc<Dataset>,
    progress: &mut RunProgress,
) -> anyhow::Result<RowOutcome> {
    let name = plan.row.preset;
    let mut runs = Vec::new();
    for seed in 0..plan.seeds {
        let mut config = plan.config.clone();
        config.run.seed = seed;
        let mut spec = start::train_spec(&config, start::thread_count(arguments.threads, &config));
        spec.steps = Some(plan.steps);
        let total = plan.steps;
        let run = exercise::run(&spec, Arc::clone(data), |step| {
            let what = format!("{name}, seed {} of {}, step {}", seed + 1, plan.seeds, thousands(step));
            progress.show_training(plan.cost * step, &what);
            ControlFlow::Continue(())
        });
        let run = run.with_context(|| format!("{name}, seed {seed}"))?;
        progress.complete_run(plan.cost * total);
        let best = run.best().map_or(f64::NAN, |best| best.test_accuracy);
        progress.report_result(&format!("{name}, seed {seed}: {best:.2} %, loss {:.3}", run.lowest_loss()));
        if arguments.json {
            progress.print_line(&run_json(name, &run).to_string())?;
        }
        runs.push(run);
    }
    Ok(RowOutcome { row: plan.row, runs })
}

fn run_json(row: &str, run: &exercise::ExerciseRun) -> Value {
    let evaluations: Vec<Value> = run
        .points
        .iter()
        .map(|point| {
            json!({
                "step": point.step,
                "train_loss": point.train_loss,
                "train_accuracy": point.train_accuracy,
                "test_loss": point.test_loss,
                "test_accuracy": point.test_accuracy,
            })
        })
        .collect();
    json!({
        "result": "run",
        "row": row,
        "seed": run.seed,
        "best_accuracy": run.best().map(|best| best.test_accuracy),
        "lowest_loss": run.lowest_loss(),
        "seconds": run.seconds,
        "evaluations": evaluations,
    })
}

fn row_json(outcome: &RowOutcome, whole: bool) -> Value {
    let figures = |figures: exercise::AccuracyAndLoss| json!({"accuracy": figures.accuracy, "loss": figures.loss});
    json!({
        "result": "row",
        "row": outcome.row.preset,
        "published": figures(outcome.row.published),
        "reference": figures(outcome.row.reference()),
        "mean": figures(outcome.mean_figures()),
        "difference": figures(outcome.difference_to_reference()),
        "tolerance": {"accuracy": outcome.row.accuracy_tolerance(), "loss": outcome.row.loss_tolerance()},
        "passes": whole.then(|| outcome.passes()),
    })
}

fn displayable_path(path: &Path) -> String {
    harmless_name(path.as_os_str())
}
