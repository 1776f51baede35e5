//! From configuration and command line to a recorded run, and back.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use gradtop::{
    app::RunFate,
    config::{Config, ConfigError},
    dataset::Source,
    files::{OutputFile, irregular_kind, wrong_ending},
    nn::kernels::instructions::InstructionSet,
    runs::{
        Manifest, OpenedRun, RecordSettings, Recorder, RunFacts,
        checkpoint::{CheckpointState, Retention},
        finding::find_newest_run,
        folder::{RunFolderError, RunLock, UNSAVED, keep_run, remove_old_unsaved, remove_run, timestamp},
        storage::DiskStorage,
    },
    text::harmless_name,
    train::RunRecord,
};

use super::start::{self, WrongUse};

/// Where a new run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordPlace {
    /// Among the runs that are kept.
    Kept,
    /// Among the unsaved ones, until somebody says that it is to be kept.
    Unsaved,
    /// Nowhere.
    Nowhere,
}

/// What records a new run of this configuration, with weights that were given or drawn, if anything does. What stands in the way is told.
pub fn new_record(config: &Config, place: RecordPlace, given_weights: bool) -> Option<Box<dyn RunRecord>> {
    let directory = PathBuf::from(&config.run.directory);
    let directory = match place {
        RecordPlace::Kept => directory,
        RecordPlace::Unsaved => {
            remove_old_unsaved(&DiskStorage, &directory);
            directory.join(UNSAVED)
        }
        RecordPlace::Nowhere => return None,
    };
    match settings(config, directory) {
        Ok(mut settings) => {
            settings.facts.given_weights = given_weights;
            Some(Box::new(Recorder::new(Arc::new(DiskStorage), settings)))
        }
        Err(problem) => {
            start::print_complaint(&format!("gradtop: the run is not recorded: {problem}"));
            None
        }
    }
}

/// Refuses something other than a folder where runs are to be recorded.
///
/// # Errors
/// When it is no folder.
pub fn check_directory(config: &Config) -> Result<(), ConfigError> {
    let directory = Path::new(&config.run.directory);
    match fs::metadata(directory) {
        Ok(found) if !found.is_dir() => {
            let kind = irregular_kind(found.file_type()).unwrap_or("a file");
            let shown = harmless_name(directory.as_os_str());
            Err(config.error_at_key("run.directory", format!("{shown} is {kind}, not a folder for runs")))
        }
        _ => Ok(()),
    }
}

/// What goes on to record a run that was opened.
pub fn continued_record(config: &Config, opened: OpenedRun) -> anyhow::Result<Box<dyn RunRecord>> {
    let directory = opened.folder.parent().unwrap_or(Path::new("")).to_path_buf();
    let settings = settings(config, directory).map_err(anyhow::Error::msg)?;
    Ok(Box::new(Recorder::going_on(Arc::new(DiskStorage), settings, opened)))
}

fn settings(config: &Config, directory: PathBuf) -> Result<RecordSettings, String> {
    let mut recorded = config.clone();
    if let Source::Path(path) = &mut recorded.data.source {
        // The run may be resumed from another folder.
        let absolute = std::path::absolute(&*path).map_err(|error| error.to_string())?;
        if absolute.to_str().is_none() {
            let shown = harmless_name(absolute.as_os_str());
            return Err(format!("the path of the data, {shown}, is not UTF-8, in which run.toml is written"));
        }
        *path = absolute;
    }
    let keep = config.keep;
    Ok(RecordSettings {
        directory,
        facts: facts_now(config),
        configuration: recorded.to_recorded_toml(),
        save_interval: Duration::try_from_secs_f64(config.run.save_seconds).unwrap_or(Duration::MAX),
        retention: Retention { last: keep.last as usize, best: keep.best as usize, every: keep.every },
    })
}

/// Whether the run in this folder is kept only until others have taken its place.
pub fn is_unsaved(folder: &Path) -> bool {
    folder.parent().is_some_and(|parent| parent.ends_with(UNSAVED))
}

/// Does with an unsaved run what was decided, and says where a run is recorded.
///
/// # Errors
/// When `out` can't be written to.
pub fn settle_record(out: &mut impl Write, folder: Option<&str>, fate: RunFate) -> io::Result<()> {
    let Some(run) = folder.map(Path::new) else { return Ok(()) };
    let outcome = match fate {
        RunFate::Discarded if is_unsaved(run) => remove_run(&DiskStorage, run).map(|()| None),
        RunFate::Kept if is_unsaved(run) => keep_run(&DiskStorage, run).map(Some),
        _ => return write_ways_on(out, folder),
    };
    match outcome {
        Ok(None) => writeln!(out, "deleted    {}", harmless_name(run.as_os_str())),
        Ok(Some(kept)) => write_ways_on(out, kept.to_str()),
        Err(error) => {
            start::print_complaint(&format!("gradtop: {error}"));
            write_ways_on(out, folder)
        }
    }
}

/// Says where a run is recorded, and how to look at it and to go on with it.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_ways_on(out: &mut impl Write, folder: Option<&str>) -> io::Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    let path = Path::new(folder);
    // Those in the usual directory are found by their names.
    let usual = path.parent() == Some(Path::new("runs"));
    let run = if usual { path.file_name().unwrap_or_default() } else { path.as_os_str() };
    let (shown, run) = (harmless_name(path.as_os_str()), harmless_name(run));
    let unsaved = if is_unsaved(path) { "  (unsaved: the newest five stay; gradtop rename keeps it)" } else { "" };
    writeln!(out, "recorded   {shown}{unsaved}")?;
    writeln!(out, "           gradtop open {run}")?;
    writeln!(out, "           gradtop resume {run}")
}

/// The run that somebody names, of several with one name the newest, which is said.
///
/// # Errors
/// When there is none, or several with different names.
pub fn chosen_run(directory: &Path, text: &OsStr) -> Result<PathBuf, RunFolderError> {
    let (folder, note) = find_newest_run(directory, text)?;
    if let Some(note) = note {
        start::print_complaint(&format!("gradtop: {note}"));
    }
    Ok(folder)
}

/// How a run stands whose newest checkpoint has this state.
pub fn state_word(folder: &Path, state: Option<&CheckpointState>) -> &'static str {
    match state {
        _ if RunLock::is_held(folder) => "running",
        Some(state) if state.training.complete => "finished",
        Some(_) => "stopped",
        None => "no checkpoint",
    }
}

/// What is written to a file.
#[derive(Clone, Copy, Debug)]
pub struct FileKind {
    /// What it is, for people.
    pub what: &'static str,
    /// The endings that such files have, the usual one first.
    pub endings: &'static [&'static str],
}

/// A file that somebody asked for and that may be written.
///
/// # Errors
/// When it is there without `force`, is what is read, or would be in the folder of a run.
pub fn output_file(path: &Path, kind: FileKind, force: bool, inputs: &[PathBuf]) -> Result<OutputFile, WrongUse> {
    refuse_run_folders(path)?;
    let output = OutputFile::check(path, force, inputs).map_err(|error| WrongUse(error.to_string()))?;
    match wrong_ending(path, kind.what, kind.endings) {
        Some(problem) => Err(WrongUse(problem)),
        None => Ok(output),
    }
}

/// Refuses a file in the folder of a recorded run, whether it is one of its own or would be a foreign one.
fn refuse_run_folders(path: &Path) -> Result<(), WrongUse> {
    // Where it really is; what is not there yet is in its folder.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(real) = path.canonicalize().or_else(|_| parent.canonicalize()) else { return Ok(()) };
    match real.ancestors().find(|folder| Manifest::read(&DiskStorage, folder).is_ok()) {
        Some(run) => Err(WrongUse(format!(
            "{} is in {}, the folder of a recorded run, where only its own files belong; give a path outside",
            harmless_name(path.as_os_str()),
            harmless_name(run.as_os_str())
        ))),
        None => Ok(()),
    }
}

/// The facts of a run of this configuration that would begin now, with this program on this machine.
pub fn facts_now(config: &Config) -> RunFacts {
    let library = if cfg!(target_env = "musl") {
        "-musl"
    } else if cfg!(target_env = "gnu") {
        "-gnu"
    } else {
        ""
    };
    RunFacts {
        name: config.run_name(),
        began: timestamp(SystemTime::now()),
        program: concat!("gradtop ", env!("CARGO_PKG_VERSION")).into(),
        instructions: InstructionSet::in_use().name().into(),
        platform: format!("{}-{}{library}", std::env::consts::ARCH, std::env::consts::OS),
        data_sha256: String::new(),
        given_weights: false,
    }
}
