//! Finding a run by what a person calls it.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    folder::{RunFolderError, list_runs},
    manifest::MANIFEST,
};
use crate::{
    files::irregular_kind,
    text::{Safe, harmless_name, nearest},
};

/// Characters of the moment with which the name of a folder begins, `2026-11-30T09-12-44-`.
const MOMENT_LENGTH: usize = 20;

/// Finds a run by the path of its folder, its folder's name, or the beginning or a part of that which no other run
/// shares.
///
/// # Errors
/// When there is none, or several.
pub fn find_run(directory: &Path, text: impl AsRef<OsStr>) -> Result<PathBuf, RunFolderError> {
    let text = text.as_ref();
    match matching_runs(directory, text)?.as_slice() {
        [one] => Ok(one.clone()),
        several => Err(ambiguous(text, several)),
    }
}

/// The same, but of several runs with one name the newest, with a sentence that says so.
///
/// # Errors
/// When there is none, or several with different names.
pub fn find_newest_run(directory: &Path, text: impl AsRef<OsStr>) -> Result<(PathBuf, Option<String>), RunFolderError> {
    let text = text.as_ref();
    let found = matching_runs(directory, text)?;
    let Some((newest, older)) = found.split_last() else { return Err(ambiguous(text, &found)) };
    let name = |path: &Path| folder_name(path).get(MOMENT_LENGTH..).map(str::to_owned);
    if older.iter().any(|path| name(path).is_none() || name(path) != name(newest)) {
        return Err(ambiguous(text, &found));
    }
    let note =
        (!older.is_empty()).then(|| format!("the newest of {} runs: {}", found.len(), Safe(&folder_name(newest))));
    Ok((newest.clone(), note))
}

/// The runs that fit best, the newest last: at least one.
fn matching_runs(directory: &Path, text: &OsStr) -> Result<Vec<PathBuf>, RunFolderError> {
    let path = Path::new(text);
    if path.join(MANIFEST).is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let shown = harmless_name(text);
    let text: &str = &text.to_string_lossy();
    let all = list_runs(directory)?;
    let tests: [&dyn Fn(&str) -> bool; 4] = [
        &|name| name == text,
        &|name| name.get(MOMENT_LENGTH..) == Some(text),
        &|name| name.starts_with(text),
        &|name| name.contains(text),
    ];
    for test in tests {
        let found: Vec<PathBuf> = all.iter().filter(|path| test(&folder_name(path))).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if let Some(problem) = what_else_it_is(path) {
        return Err(RunFolderError::NotFound(format!("{shown} is {problem}, not the folder of a recorded run")));
    }
    let folders = || all.iter().filter_map(|path| path.file_name()?.to_str());
    let near = nearest(text, folders().chain(folders().filter_map(|name| name.get(MOMENT_LENGTH..))));
    let hint = match (near, all.is_empty()) {
        (Some(near), _) => format!("; did you mean {near}?"),
        (None, true) => "; there are no runs yet".into(),
        (None, false) => "; `gradtop runs` lists them".into(),
    };
    let directory = harmless_name(directory.as_os_str());
    Err(RunFolderError::NotFound(format!("no run in {directory} is called {shown}{hint}")))
}

/// What a path leads to that has no manifest, or why that can't be known; `None` if nothing is there.
fn what_else_it_is(path: &Path) -> Option<String> {
    let found = fs::metadata(path).and_then(|found| {
        // Something that can't be looked into may well be a run.
        if found.is_dir() { fs::metadata(path.join(".")) } else { Ok(found) }
    });
    match found {
        Ok(found) => Some(irregular_kind(found.file_type()).unwrap_or("a file").to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(format!("unreadable ({error})")),
    }
}

fn folder_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn ambiguous(text: &OsStr, several: &[PathBuf]) -> RunFolderError {
    let names: Vec<String> = several.iter().map(|path| Safe(&folder_name(path)).to_string()).collect();
    let (text, count, names) = (harmless_name(text), several.len(), names.join(", "));
    RunFolderError::NotFound(format!("{count} runs match \"{text}\": {names}; more of the name says which"))
}
