//! What a sweep is made of, and the configuration of each of its runs.

use std::path::Path;

use gradtop::{
    config::{Alternatives, Config},
    dataset::Source,
    memory,
    runs::{
        folder::slug,
        sweep::{PlannedRun, SweepPlan, SweptSetting},
    },
    text::harmless_name,
    train::RunSpec,
};

use super::{
    super::{RunArguments, SHORT_FLAGS, recording, start},
    SweepArguments, WrongUse,
};

/// Longest name of a sweep, in characters: that of each run begins with it.
const MAX_NAME_LENGTH: usize = 24;

/// Most runs of a sweep.
const MAX_RUNS: u64 = 10_000;

/// Keys that can't be swept, and what to do instead.
const UNSWEPT_KEYS: [(&str, &str); 4] = [
    ("run.seed", "--seeds N trains each combination from several seeds"),
    ("run.name", "the runs of a sweep get their names from it, and --name gives it one"),
    ("run.directory", "all runs of a sweep are in one folder"),
    ("run.threads", "the result does not depend on it"),
];

/// A planned sweep with all of its runs.
pub struct SweepRuns {
    pub plan: SweepPlan,
    /// Folder of its runs.
    pub directory: String,
    pub runs: Vec<SweepRun>,
}

/// A run of a sweep, ready to be trained.
pub struct SweepRun {
    pub planned: PlannedRun,
    pub config: Config,
    /// What stands in the run's manifest.
    pub configuration: String,
    pub spec: RunSpec,
}

/// The sweep that the arguments describe, and the folder of its runs, which is no part of it.
pub fn planned_sweep(arguments: &SweepArguments) -> anyhow::Result<(SweepPlan, String)> {
    let (settings, run) = part_settings(arguments)?;
    let mut config = start::load_configuration(&run)?;
    // With the arguments themselves, which say what is wrong where it was written.
    start::run_spec(&run, &config)?;
    if let Source::Path(path) = &mut config.data.source {
        *path = std::path::absolute(&*path)?;
    }
    if let Some(directory) = given_directory(arguments)? {
        config.run.directory = directory;
    }
    recording::check_directory(&config)?;
    let directory = std::mem::replace(&mut config.run.directory, Config::default().run.directory);
    let plan = SweepPlan {
        name: sweep_name(arguments.name.as_deref(), &settings),
        first_seed: config.run.seed,
        seeds: arguments.seeds.unwrap_or(1),
        settings,
        configuration: config.to_recorded_toml(),
    };
    Ok((plan, directory))
}

/// What `--directory` says.
pub fn given_directory(arguments: &SweepArguments) -> Result<Option<String>, WrongUse> {
    let Some(directory) = &arguments.directory else { return Ok(None) };
    let text = directory.to_str().map(|directory| Some(directory.to_owned()));
    text.ok_or_else(|| WrongUse(format!("--directory: {} is not UTF-8", harmless_name(directory.as_os_str()))))
}

/// The settings that change, and the arguments of a run in which these have their first values.
fn part_settings(arguments: &SweepArguments) -> Result<(Vec<SweptSetting>, RunArguments), WrongUse> {
    let given = &arguments.run;
    let mut settings: Vec<SweptSetting> = Vec::new();
    let mut sets = Vec::new();
    for set in &given.set {
        // What is no key is refused with all others.
        let Some(Alternatives { key, values }) = Alternatives::of_set(set) else {
            sets.push(set.clone());
            continue;
        };
        sets.push(format!("{key}={}", values[0]));
        if values.len() > 1 {
            check_swept_key(key, given, &settings)?;
            settings.push(SweptSetting { key: key.into(), values });
        }
    }
    sets.extend(arguments.steps.map(|steps| format!("run.steps={steps}")));
    let run = RunArguments {
        set: sets,
        preset: given.preset.clone(),
        config: given.config.clone(),
        data: given.data.clone(),
        layers: given.layers.clone(),
        lr: given.lr.clone(),
        epochs: given.epochs.clone(),
        batch_size: given.batch_size.clone(),
        seed: given.seed.clone(),
        threads: given.threads,
    };
    Ok((settings, run))
}

fn check_swept_key(key: &str, given: &RunArguments, settings: &[SweptSetting]) -> Result<(), WrongUse> {
    if let Some((_, instead)) = UNSWEPT_KEYS.iter().find(|(unswept, _)| *unswept == key) {
        return Err(WrongUse(format!("--set: {key} can't have several values in a sweep; {instead}")));
    }
    let flag = given.flag_values().into_iter().find(|value| value.key == key);
    if let Some((flag, _)) = flag.and_then(|value| SHORT_FLAGS.iter().find(|(flag, _)| *flag == value.flag)) {
        return Err(WrongUse(format!("{flag} is short for {key}, which --set gives several values; leave one out")));
    }
    if settings.iter().any(|setting| setting.key == key) {
        return Err(WrongUse(format!("--set: {key} has several values twice; write all of them in one --set")));
    }
    Ok(())
}

/// The name that was given or, without one, the names of the settings that change: `lr-init`.
fn sweep_name(given: Option<&str>, settings: &[SweptSetting]) -> String {
    let keys = settings.iter().map(|setting| setting.key.rsplit('.').next().unwrap_or_default());
    let usual = if settings.is_empty() { "seeds".into() } else { keys.collect::<Vec<_>>().join("-") };
    let name = slug(given.unwrap_or(&usual));
    name.chars().take(MAX_NAME_LENGTH).collect::<String>().trim_end_matches('-').to_owned()
}

impl SweepRuns {
    /// The runs of a plan, which are recorded in `directory`; every combination is checked.
    ///
    /// # Errors
    /// When a value is invalid, or does not fit the others or the data, or there is not enough memory.
    pub fn new(plan: SweepPlan, directory: String, arguments: &SweepArguments) -> anyhow::Result<Self> {
        let count = (plan.combinations() as u64).saturating_mul(plan.seeds);
        if count > MAX_RUNS {
            return Err(WrongUse(format!("{count} runs are too many for a sweep; valid: at most {MAX_RUNS}")).into());
        }
        let file = format!("the sweep {}", plan.name);
        let mut runs: Vec<SweepRun> = Vec::new();
        for planned in plan.runs() {
            let before = runs.last().filter(|last| last.planned.combination == planned.combination);
            let (mut config, spec) = if let Some(same) = before {
                (same.config.clone(), same.spec.clone())
            } else {
                let sets = plan.sets(planned.combination);
                let mut config = Config::from_toml_str(&file, &plan.configuration, &sets)?;
                config.run.directory.clone_from(&directory);
                let spec = run_spec(&config, arguments)?;
                (config, spec)
            };
            (config.run.seed, config.run.name) = (planned.seed, planned.name.clone());
            let mut spec = RunSpec { name: config.run_name(), ..spec };
            spec.train.seed = planned.seed;
            runs.push(SweepRun { planned, configuration: config.to_recorded_toml(), config, spec });
        }
        check_memory_of_jobs(&runs, arguments.jobs)?;
        Ok(Self { plan, directory, runs })
    }

    /// Folder of its runs.
    pub fn directory(&self) -> &Path {
        Path::new(&self.directory)
    }
}

/// Makes sure that there is memory for the largest runs that may be trained at a time.
fn check_memory_of_jobs(runs: &[SweepRun], jobs: usize) -> Result<(), WrongUse> {
    let needed = |run: &SweepRun| Some(run.spec.train.memory(run.spec.checked.as_ref()?, true).ok()?.total());
    let mut needed: Vec<u64> = runs.iter().filter_map(needed).collect();
    needed.sort_unstable();
    let at_once = needed.iter().rev().take(jobs).fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
    memory::check_memory(at_once)
        .map_err(|shortage| WrongUse(format!("--jobs {jobs}: {shortage}; train fewer runs at a time")))
}

/// What is trained with a configuration, with its share of the threads.
fn run_spec(config: &Config, arguments: &SweepArguments) -> anyhow::Result<RunSpec> {
    let mut spec =
        start::run_spec(&RunArguments { threads: arguments.run.threads, ..RunArguments::default() }, config)?;
    let threads = spec.train.threads.get() / arguments.jobs;
    spec.train.threads = threads.max(1).try_into()?;
    spec.stop_when_finished = true;
    start::check_memory(config, &spec, true)?;
    Ok(spec)
}
