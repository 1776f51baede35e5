//! A sweep: the same training with several values of some settings, each from several seeds. Its folder lies beside the
//! runs and says what it is made of; its runs are found by their names and their configurations, so that nothing has to
//! be written when one begins or ends, and a sweep that was killed at any moment goes on.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    folder::{RunFolderError, RunLock, list_runs},
    manifest::Manifest,
    newest_state,
    storage::{Storage, create_folders, write_new},
};
use crate::text::{Safe, harmless_name};

/// Folder of the sweeps among the runs.
const SWEEPS: &str = "sweeps";

/// What a sweep is made of, in its folder.
const SWEEP: &str = "sweep.toml";

/// The same before it is whole.
const NEW_SWEEP: &str = ".sweep.toml.new";

/// What a sweep is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepPlan {
    /// Its name, with which the names of its runs begin.
    pub name: String,
    /// The first of the seeds, which follow each other.
    pub first_seed: u64,
    /// Number of seeds.
    pub seeds: u64,
    /// The settings that change, the last of them fastest.
    pub settings: Vec<SweptSetting>,
    /// The configuration of all its runs, as a file has it; the settings that change have their first value.
    pub configuration: String,
}

/// A setting that changes from run to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptSetting {
    /// Its key: `optimizer.lr`.
    pub key: String,
    /// Its values as they stand after `key=` in a `--set`.
    pub values: Vec<String>,
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// Its name.
    pub name: String,
    /// Place of its combination of values, from 0.
    pub combination: usize,
    /// Its seed.
    pub seed: u64,
}

/// How far a run of a sweep has come.
#[derive(Clone, Debug, PartialEq)]
pub enum SweptRun {
    /// It has not begun.
    Missing,
    /// It can go on.
    Unfinished {
        /// Its folder.
        folder: PathBuf,
    },
    /// It is finished.
    Finished {
        /// Its folder.
        folder: PathBuf,
        /// What came of it.
        result: RunResult,
    },
    /// It broke, and training ended: a loss exploded, say, or was not finite.
    Diverged {
        /// Its folder.
        folder: PathBuf,
        /// Minibatches completed.
        step: u64,
    },
}

/// What came of a finished run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunResult {
    /// Share of the test samples classified correctly, at the end.
    pub accuracy: f64,
    /// Mean loss on the test samples in nats, at the end.
    pub loss: f64,
    /// The best share of all evaluations.
    pub best_accuracy: f64,
    /// Time spent training in seconds.
    pub seconds: f64,
}

/// Why a sweep can't be read or begun.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Its folder can't be had.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The system refused.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It is no plan of a sweep.
    #[error("{0}: no plan of a sweep: {1}")]
    Form(String, String),
}

impl SweepPlan {
    /// Number of combinations of values.
    pub fn combinations(&self) -> usize {
        self.settings.iter().map(|setting| setting.values.len()).product()
    }

    /// The values of a combination, one for each setting.
    pub fn values(&self, combination: usize) -> Vec<&str> {
        let mut rest = combination;
        let mut values: Vec<&str> = Vec::new();
        for setting in self.settings.iter().rev() {
            let count = setting.values.len().max(1);
            values.push(setting.values.get(rest % count).map_or("", String::as_str));
            rest /= count;
        }
        values.reverse();
        values
    }

    /// What sets the values of a combination: `optimizer.lr=1e-3`.
    pub fn sets(&self, combination: usize) -> Vec<String> {
        let values = self.values(combination);
        self.settings.iter().zip(values).map(|(setting, value)| format!("{}={value}", setting.key)).collect()
    }

    /// All its runs, in the order in which they are trained.
    pub fn runs(&self) -> Vec<PlannedRun> {
        let seeds = self.first_seed..self.first_seed.saturating_add(self.seeds);
        let run = |combination: usize, seed: u64| PlannedRun {
            name: format!("{}-{}-seed-{seed}", self.name, combination + 1),
            combination,
            seed,
        };
        (0..self.combinations()).flat_map(|combination| seeds.clone().map(move |seed| run(combination, seed))).collect()
    }
}

/// The folder of a sweep, which no other program trains for as long as this lives.
#[derive(Debug)]
pub struct SweepFolder {
    _lock: RunLock,
}

impl SweepFolder {
    /// Takes the folder of a planned sweep, and writes its plan if there is none yet. Gives the plan that is there, which
    /// may be another.
    ///
    /// # Errors
    /// When another program has it, its plan can't be read, or the system refuses.
    pub fn take(storage: &dyn Storage, directory: &Path, plan: &SweepPlan) -> Result<(Self, SweepPlan), SweepError> {
        let folder = folder_of(directory, &plan.name);
        let io = |error| SweepError::Io(harmless_name(folder.as_os_str()), error);
        create_folders(storage, &folder).map_err(io)?;
        let lock = RunLock::take(&folder)?;
        let path = folder.join(SWEEP);
        if path.exists() {
            return Ok((Self { _lock: lock }, read_sweep(storage, directory, &plan.name)?));
        }
        let text = toml::to_string(plan).map_err(|error| io(io::Error::other(error)))?;
        let about = "# What this sweep is made of; `gradtop sweep NAME` goes on with it.\n";
        let new = folder.join(NEW_SWEEP);
        match storage.remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        write_new(storage, &new, format!("{about}{text}").as_bytes()).map_err(io)?;
        storage.rename(&new, &path).map_err(io)?;
        storage.sync_folder(&folder).map_err(io)?;
        Ok((Self { _lock: lock }, plan.clone()))
    }
}

fn folder_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(SWEEPS).join(name)
}

/// Reads the plan of a sweep.
///
/// # Errors
/// When there is none, or it is something else.
pub fn read_sweep(storage: &dyn Storage, directory: &Path, name: &str) -> Result<SweepPlan, SweepError> {
    let path = folder_of(directory, name).join(SWEEP);
    let file = || harmless_name(path.as_os_str());
    let bytes = storage.read(&path).map_err(|error| SweepError::Io(file(), error))?;
    let text = String::from_utf8(bytes).map_err(|_| SweepError::Form(file(), "it is no text".into()))?;
    let plan: SweepPlan =
        toml::from_str(&text).map_err(|error| SweepError::Form(file(), Safe(error.message()).to_string()))?;
    let whole = plan.name == name && plan.seeds > 0 && plan.settings.iter().all(|setting| !setting.values.is_empty());
    if whole { Ok(plan) } else { Err(SweepError::Form(file(), "it was changed by hand".into())) }
}

/// The names of the sweeps among the runs in a directory, in alphabetical order.
pub fn list_sweeps(storage: &dyn Storage, directory: &Path) -> Vec<String> {
    let names = storage.list(&directory.join(SWEEPS)).unwrap_or_default();
    let mut names: Vec<String> = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| folder_of(directory, name).join(SWEEP).is_file());
    names.sort();
    names
}

/// The recorded runs of a directory, by their names.
#[derive(Debug)]
pub struct RecordedRuns {
    /// The folder of each, with its configuration.
    by_name: HashMap<String, Vec<(PathBuf, toml::Table)>>,
}

impl RecordedRuns {
    /// Reads what runs there are; those whose manifests can't be read are left out.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn read(storage: &dyn Storage, directory: &Path) -> Result<Self, RunFolderError> {
        let mut by_name: HashMap<String, Vec<(PathBuf, toml::Table)>> = HashMap::new();
        for folder in list_runs(directory)? {
            if let Ok(Manifest { facts, text }) = Manifest::read(storage, &folder)
                && let Some(configuration) = compared_configuration(&text)
            {
                by_name.entry(facts.name).or_default().push((folder, configuration));
            }
        }
        Ok(Self { by_name })
    }

    /// How far the run of this name has come that was trained with exactly this configuration, in whatever folder the runs
    /// were then.
    pub fn find(&self, storage: &dyn Storage, name: &str, configuration: &str) -> SweptRun {
        let same_name = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let configuration = compared_configuration(configuration);
        let found = same_name.iter().find(|(_, recorded)| Some(recorded) == configuration.as_ref());
        found.map_or(SweptRun::Missing, |(folder, _)| swept_run(storage, folder.clone()))
    }
}

/// What two configurations must have in common for their runs to be one: all but the folder of the runs, which may have
/// been moved. `None` for what is no configuration.
fn compared_configuration(text: &str) -> Option<toml::Table> {
    let mut tables: toml::Table = toml::from_str(text).ok()?;
    tables.remove("recorded");
    tables.get_mut("run")?.as_table_mut()?.remove("directory");
    Some(tables)
}

fn swept_run(storage: &dyn Storage, folder: PathBuf) -> SweptRun {
    let Some(state) = newest_state(storage, &folder) else { return SweptRun::Unfinished { folder } };
    let (state, step) = (&state.training, state.training.trainer.step);
    // What would go on from there is another training.
    if state.trouble.is_some() {
        return SweptRun::Diverged { folder, step };
    }
    if let Some(test) = state.last_evaluation.filter(|_| state.complete) {
        let best_accuracy = state.best_accuracy().map_or(test.accuracy, |(_, accuracy)| accuracy);
        let result = RunResult { accuracy: test.accuracy, loss: test.loss, best_accuracy, seconds: state.seconds };
        return SweptRun::Finished { folder, result };
    }
    SweptRun::Unfinished { folder }
}

#[cfg(test)]
mod tests {
    use super::{super::storage::DiskStorage, *};

    fn plan() -> SweepPlan {
        let setting = |key: &str, values: &[&str]| SweptSetting {
            key: key.into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        SweepPlan {
            name: "lr-init".into(),
            first_seed: 7,
            seeds: 2,
            settings: vec![setting("optimizer.lr", &["1e-3", "1e-2", "0.1"]), setting("model.init", &["he", "xavier"])],
            configuration: "[run]\nname = \"a \\\"b\\\"\"\n".into(),
        }
    }

    #[test]
    fn every_combination_is_trained_from_every_seed_the_last_setting_changing_fastest() {
        let plan = plan();
        let runs = plan.runs();
        assert_eq!((plan.combinations(), runs.len()), (6, 12));
        assert_eq!(plan.sets(0), ["optimizer.lr=1e-3", "model.init=he"]);
        assert_eq!(plan.sets(1), ["optimizer.lr=1e-3", "model.init=xavier"]);
        assert_eq!(plan.sets(5), ["optimizer.lr=0.1", "model.init=xavier"]);
        let names: Vec<&str> = runs.iter().take(3).map(|run| run.name.as_str()).collect();
        assert_eq!(names, ["lr-init-1-seed-7", "lr-init-1-seed-8", "lr-init-2-seed-7"]);
        let alone = SweepPlan { settings: Vec::new(), ..plan };
        assert_eq!((alone.combinations(), alone.runs().len(), alone.sets(0).len()), (1, 2, 0));
    }

    #[test]
    fn a_plan_comes_back_as_it_was_written_and_is_not_replaced() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("runs");
        let (folder, taken) = SweepFolder::take(&DiskStorage, &directory, &plan()).unwrap();
        assert_eq!(taken, plan());
        let locked = SweepFolder::take(&DiskStorage, &directory, &plan()).unwrap_err();
        assert!(locked.to_string().contains("another program trains it"), "{locked}");
        drop(folder);
        let other = SweepPlan { seeds: 3, ..plan() };
        let (_folder, taken) = SweepFolder::take(&DiskStorage, &directory, &other).unwrap();
        assert_eq!(taken, plan());
        assert_eq!(list_sweeps(&DiskStorage, &directory), ["lr-init"]);
        assert!(list_runs(&directory).unwrap().is_empty(), "it is no run");
    }

    #[test]
    fn a_plan_that_was_cut_off_before_it_was_whole_is_written_anew() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder_of(place.path(), "lr-init");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(NEW_SWEEP), "name = ").unwrap();
        let (_folder, taken) = SweepFolder::take(&DiskStorage, place.path(), &plan()).unwrap();
        assert_eq!(taken, plan());
    }

    #[test]
    fn what_is_no_plan_is_told() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder_of(place.path(), "lr-init");
        std::fs::create_dir_all(&folder).unwrap();
        for (text, complaint) in [("x", "no plan of a sweep"), ("name = \"other\"", "no plan of a sweep")] {
            std::fs::write(folder.join(SWEEP), text).unwrap();
            let error = read_sweep(&DiskStorage, place.path(), "lr-init").unwrap_err().to_string();
            assert!(error.contains(complaint) && error.contains("sweep.toml"), "{error}");
        }
    }
}
