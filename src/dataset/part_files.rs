//! Names by which the files and folders of the parts of a data set are known, and what is said of other files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::contents::displayable_path;
use super::{DataError, DataNote};
use crate::text::{harmless_name, thousands};

/// Names of the training part, in lower case; the first one wins.
pub(super) const TRAIN_NAMES: [&str; 2] = ["train", "training"];

/// Names of the test part, in lower case; the first one wins.
pub(super) const TEST_NAMES: [&str; 5] = ["test", "testing", "val", "valid", "validation"];

/// Extensions of files that hold samples, in lower case.
const DATA_EXTENSIONS: [&str; 3] = ["csv", "tsv", "npy"];

/// Most files that a note names.
const MAX_NAMED_FILES: usize = 5;

/// The entry of this name, in any case where there is none in this one.
pub(super) fn find_named<'a>(paths: &'a [PathBuf], name: &str) -> Option<&'a PathBuf> {
    let named = |path: &&PathBuf| path.file_name().is_some_and(|found| found == name);
    let nearly = |path: &&PathBuf| path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name));
    paths.iter().find(named).or_else(|| paths.iter().find(nearly))
}

/// The entries of a folder in the order of their names, which the operating system gives in any order.
pub(super) fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |source| DataError::Io { file: displayable_path(folder), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The files in a folder that hold samples by their extension, in the order of their names. A link that leads nowhere is
/// one, too.
pub(super) fn list_data_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let is_data = |path: &PathBuf| {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        DATA_EXTENSIONS.contains(&extension.as_str()) && !path.is_dir()
    };
    Ok(sorted_entries(folder)?.into_iter().filter(is_data).collect())
}

/// What is said of the `files` of a folder that are not `used`; `is_split` if the test part comes from the training file.
pub(super) fn note_unused_files(files: &[PathBuf], used: &[&Path], is_split: bool) -> Option<DataNote> {
    let name = |path: &Path| harmless_name(path.file_name().unwrap_or_default());
    let unused: Vec<&PathBuf> = files.iter().filter(|path| !used.contains(&path.as_path())).collect();
    let mut named: Vec<String> = unused.iter().take(MAX_NAMED_FILES).map(|path| name(path)).collect();
    if unused.len() > named.len() {
        named.push(format!("{} more", thousands((unused.len() - named.len()) as u64)));
    }
    let read: Vec<String> = used.iter().map(|path| name(path)).collect();
    let (verb, split) = match (read.len(), is_split) {
        (1, true) => ("is", ", and a share of it is the test part"),
        (1, false) => ("is", ""),
        (_, true) => ("are", ", and a share of them is the test part"),
        (_, false) => ("are", ""),
    };
    (!unused.is_empty()).then(|| {
        DataNote::left_out(format!("{} left out; {} {verb} read{split}", join_words(&named), join_words(&read)))
    })
}

/// What is said of the one file or folder, `used`, that is read of a `folder` of samples to be predicted.
pub(super) fn note_part_read(folder: &Path, used: &Path) -> DataNote {
    let used = harmless_name(used.file_name().unwrap_or_default());
    DataNote::assumed(format!("{}: of what is in it, {used} is read", displayable_path(folder)))
}

/// `a`, `a and b`, `a, b and c`.
fn join_words(words: &[String]) -> String {
    match words {
        [first @ .., before, last] if !first.is_empty() => format!("{}, {before} and {last}", first.join(", ")),
        [first, last] => format!("{first} and {last}"),
        _ => words.concat(),
    }
}
