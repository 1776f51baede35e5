//! The folders of runs: how they are named, made, found, locked and removed.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    time::SystemTime,
};

use super::{
    checkpoint::{Checkpoints, remove_checkpoint_folder},
    info::INFO,
    ledger::LEDGER,
    manifest::{MANIFEST, Manifest},
    preparation::{NEW_PREPARATION, PREPARATION},
    storage::{DiskStorage, Storage, create_folders, write_new},
};
use crate::{protocol::BranchId, text::harmless_name};

/// The file whose lock tells that a program trains the run.
const LOCK: &str = "lock";

/// The manifest of a run that gets another name, before it is whole.
const NEW_MANIFEST: &str = ".run.toml.new";

/// What the names of event files begin with.
pub const EVENTS_PREFIX: &str = "events.out.tfevents.";

/// What the folders of a run's branches begin with, before their numbers.
const BRANCH_PREFIX: &str = "branch-";

/// Folder for the runs of a bare `gradtop`, in that of all runs.
pub const UNSAVED: &str = ".unsaved";

/// Runs that stay in [`UNSAVED`].
const MAX_UNSAVED_RUNS: usize = 5;

/// Longest part of a run's name that becomes part of its folder's, in characters.
const MAX_SLUG_LENGTH: usize = 40;

/// Why a run can't be had.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// No run is called so.
    #[error("{0}")]
    NotFound(String),
    /// Another program trains it.
    #[error("{run}: another program trains it{by}")]
    Locked {
        /// The run.
        run: String,
        /// Who, where that is known.
        by: String,
    },
    /// The system refused.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// Files that gradtop did not write are in the way.
    #[error("{0}: there are files that gradtop did not write; the others are removed")]
    ForeignFiles(String),
}

/// A moment in UTC: `2026-11-30T09:12:44Z`.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// A moment as folders are named after it, in UTC: `2026-11-30T09-12-44`.
pub fn folder_time(time: SystemTime) -> String {
    timestamp(time).trim_end_matches('Z').replace(':', "-")
}

/// A name as part of a file name: lower-case letters, digits and single hyphens.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == MAX_SLUG_LENGTH {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "run".into() } else { slug.into() }
}

/// Makes the folder of a new run.
///
/// # Errors
/// When the system refuses.
pub fn create_run_folder(
    storage: &dyn Storage,
    directory: &Path,
    name: &str,
    now: SystemTime,
) -> Result<PathBuf, RunFolderError> {
    let io = |path: &Path| {
        let path = harmless_name(path.as_os_str());
        move |error| RunFolderError::Io(path, error)
    };
    create_folders(storage, directory).map_err(io(directory))?;
    let base = format!("{}-{}", folder_time(now), slug(name));
    for number in 1.. {
        let path = directory.join(if number == 1 { base.clone() } else { format!("{base}-{number}") });
        match storage.create_folder(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io(&path)(error)),
            Ok(()) => {
                storage.sync_folder(directory).map_err(io(directory))?;
                return Ok(path);
            }
        }
    }
    unreachable!("numbers do not end")
}

/// A run's folder that no other program trains, for as long as this lives.
#[derive(Debug)]
pub struct RunLock {
    /// Holds the lock, which the system gives up with the file.
    _file: File,
}

impl RunLock {
    /// Takes the lock of a run; one that a dead program held is free.
    ///
    /// # Errors
    /// When another program holds it, or the system refuses.
    pub fn take(run: &Path) -> Result<Self, RunFolderError> {
        let path = run.join(LOCK);
        let io = |error| RunFolderError::Io(harmless_name(path.as_os_str()), error);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = fs::read_to_string(&path).unwrap_or_default();
                let by = crate::text::harmless(by.trim());
                let by = if by.is_empty() { by } else { format!(" ({by})") };
                return Err(RunFolderError::Locked { run: harmless_name(run.as_os_str()), by });
            }
            // Some file systems have no locks: two programs can then train one run, which the names of what they write
            // keep apart.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // For people only; what can't be written is no reason not to train.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "process {}", process::id()));
        Ok(Self { _file: file })
    }

    /// Whether a program trains the run.
    pub fn is_held(run: &Path) -> bool {
        let Ok(file) = OpenOptions::new().read(true).open(run.join(LOCK)) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// The folders of all runs in a directory, the newest last; those that are not saved come from [`UNSAVED`] too.
///
/// # Errors
/// When the directory can't be read; one that is not there has none.
pub fn list_runs(directory: &Path) -> Result<Vec<PathBuf>, RunFolderError> {
    let mut all = Vec::new();
    for folder in [directory.to_path_buf(), directory.join(UNSAVED)] {
        let names = match DiskStorage.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            names => names.map_err(|error| RunFolderError::Io(harmless_name(folder.as_os_str()), error))?,
        };
        let paths = names.into_iter().map(|name| folder.join(name));
        // One that can't be looked into is listed, so that whoever reads it says so.
        let is_run = |path: &PathBuf| match fs::metadata(path.join(MANIFEST)) {
            Ok(found) => found.is_file(),
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        };
        all.extend(paths.filter(is_run));
    }
    all.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(all)
}

/// The folder with the event files of a branch: that of the run itself for the first one. `TensorBoard` shows each as a
/// run of its own.
pub fn branch_folder(run: &Path, branch: BranchId) -> PathBuf {
    if branch.0 == 0 { run.to_path_buf() } else { run.join(format!("{BRANCH_PREFIX}{}", branch.0)) }
}

/// Removes the event files of a branch, and its folder.
///
/// # Errors
/// When the system refuses, or something else is in the folder.
pub fn remove_branch_folder(storage: &dyn Storage, run: &Path, branch: BranchId) -> io::Result<()> {
    let folder = branch_folder(run, branch);
    match remove_event_files(storage, &folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| storage.remove_folder(&folder)),
    }
}

/// Removes the event files in a folder.
fn remove_event_files(storage: &dyn Storage, folder: &Path) -> io::Result<()> {
    for name in storage.list(folder)? {
        if name.to_string_lossy().starts_with(EVENTS_PREFIX) {
            remove_if_there(storage, &folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes a run: the files that gradtop writes, and the folder if nothing else is in it.
///
/// # Errors
/// When it is no run, another program trains it, the system refuses, or files stay that gradtop did not write.
pub fn remove_run(storage: &dyn Storage, run: &Path) -> Result<(), RunFolderError> {
    let shown = || harmless_name(run.as_os_str());
    let io = |error| RunFolderError::Io(shown(), error);
    // A folder of somebody else may have a file of that name too.
    Manifest::read(storage, run).map_err(|error| RunFolderError::NotFound(error.to_string()))?;
    let lock = RunLock::take(run)?;
    // First what makes it a run, so that half of one is never listed.
    for file in [MANIFEST, INFO, PREPARATION, LEDGER, NEW_MANIFEST, NEW_PREPARATION] {
        remove_if_there(storage, &run.join(file)).map_err(io)?;
    }
    remove_event_files(storage, run).map_err(io)?;
    for name in storage.list(run).map_err(io)? {
        let branch = name.to_str().and_then(|name| name.strip_prefix(BRANCH_PREFIX));
        if let Some(number) = branch.and_then(|number| number.parse().ok()) {
            remove_branch_folder(storage, run, BranchId(number)).map_err(|_| RunFolderError::ForeignFiles(shown()))?;
        }
    }
    let checkpoints = Checkpoints::of_run(storage, run);
    for name in checkpoints.list().map_err(io)? {
        remove_checkpoint_folder(storage, &checkpoints.path(name))
            .map_err(|_| RunFolderError::ForeignFiles(shown()))?;
    }
    checkpoints.remove_folder().map_err(|_| RunFolderError::ForeignFiles(shown()))?;
    drop(lock);
    remove_if_there(storage, &run.join(LOCK)).map_err(io)?;
    storage.remove_folder(run).map_err(|_| RunFolderError::ForeignFiles(shown()))
}

fn remove_if_there(storage: &dyn Storage, path: &Path) -> io::Result<()> {
    match storage.remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Moves an unsaved run to the others, and gives its new folder.
///
/// # Errors
/// When the system refuses.
pub fn keep_run(storage: &dyn Storage, run: &Path) -> Result<PathBuf, RunFolderError> {
    let io = |error| RunFolderError::Io(harmless_name(run.as_os_str()), error);
    let Some((directory, name)) = run.parent().and_then(Path::parent).zip(run.file_name()) else {
        return Ok(run.to_path_buf());
    };
    let kept = directory.join(name);
    if kept.exists() {
        return Err(io(io::ErrorKind::AlreadyExists.into()));
    }
    storage.rename(run, &kept).map_err(io)?;
    storage.sync_folder(directory).map_err(io)?;
    Ok(kept)
}

/// Gives a run another name, in its manifest and in that of its folder, and gives the folder. An unsaved run moves to the
/// others.
///
/// # Errors
/// When another program trains it, the name is taken, or the system refuses.
pub fn rename_run(storage: &dyn Storage, run: &Path, name: &str) -> Result<PathBuf, RunFolderError> {
    let shown = harmless_name(run.as_os_str());
    let io = |error| RunFolderError::Io(shown.clone(), error);
    let lock = RunLock::take(run)?;
    let manifest = Manifest::read(storage, run).map_err(|error| io(io::Error::other(error.to_string())))?;
    let renamed = manifest.renamed(name).map_err(|error| io(io::Error::other(error)))?;
    let folder = run.file_name().unwrap_or_default().to_string_lossy();
    let parent = run.parent().unwrap_or(Path::new(""));
    // Who gives an unsaved run a name wants to keep it.
    let directory = if parent.ends_with(UNSAVED) { parent.parent().unwrap_or(parent) } else { parent };
    // The time stays what it was: 2026-11-30T09-12-44.
    let target = folder.get(..19).map_or(run.into(), |time| directory.join(format!("{time}-{}", slug(name))));
    if target != run && target.exists() {
        return Err(io(io::Error::other("there is another run of that time and name; give another name")));
    }
    let (path, new) = (run.join(MANIFEST), run.join(NEW_MANIFEST));
    remove_if_there(storage, &new).map_err(io)?;
    write_new(storage, &new, renamed.text.as_bytes()).map_err(io)?;
    storage.rename(&new, &path).map_err(io)?;
    storage.sync_folder(run).map_err(io)?;
    if target == run {
        return Ok(target);
    }
    storage.rename(run, &target).map_err(io)?;
    storage.sync_folder(directory).map_err(io)?;
    if directory != parent {
        storage.sync_folder(parent).map_err(io)?;
    }
    drop(lock);
    Ok(target)
}

/// Removes the oldest unsaved runs, so that with a new one as many are left as are kept. One that can't be removed
/// stays.
pub fn remove_old_unsaved(storage: &dyn Storage, directory: &Path) {
    let mut all = list_runs(directory).unwrap_or_default();
    all.retain(|run| run.parent().is_some_and(|parent| parent.ends_with(UNSAVED)));
    let excess = (all.len() + 1).saturating_sub(MAX_UNSAVED_RUNS);
    for run in &all[..excess.min(all.len())] {
        // It may be trained just now, or hold files of somebody else.
        let _ = remove_run(storage, run);
    }
}
