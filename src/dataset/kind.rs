//! Which format a path is in, as its name and the names in it tell.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cifar::Cifar;
use super::contents::displayable_path;
use super::part_files::{list_data_files, sorted_entries};
use super::{DataError, Source, csv_file, mnist, npy, pictures};
use crate::files::irregular_kind;
use crate::text::nearest;

/// A path in a format that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DataFormat {
    /// A folder with four IDX files.
    Idx(PathBuf),
    /// A folder with CIFAR's binary files.
    Cifar(Cifar, PathBuf),
    /// A tar archive with them.
    TarArchive(PathBuf),
    /// A table, or a folder with one or two.
    Csv(PathBuf),
    /// A folder with npy files.
    Npy(PathBuf),
    /// A folder with a folder of images for each class.
    Pictures(PathBuf),
}

/// Refuses a folder whose names can't be read, or can't be followed to what they name.
fn check_readable(folder: &Path) -> Result<(), DataError> {
    let looked = fs::read_dir(folder).and_then(|_| fs::metadata(folder.join(".")));
    looked.map(|_| ()).map_err(|source| DataError::Io { file: displayable_path(folder), source })
}

impl DataFormat {
    /// Looks at names only; nothing is opened.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let unknown = |problem: String| Err(DataError::Unrecognized { path: displayable_path(path), problem });
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = path.to_string_lossy();
                let word =
                    if text.contains(['/', '\\', '.']) { None } else { nearest(&text, Source::built_in_words()) };
                return unknown(word.map_or("not there".into(), |word| format!("not there (did you mean {word}?)")));
            }
            Err(source) => return Err(DataError::Io { file: displayable_path(path), source }),
        };
        if found.is_dir() {
            check_readable(path)?;
            if let Some(format) = Self::of_folder(path) {
                return Ok(format);
            }
            // What can't be looked into may be what it takes to be known.
            sorted_entries(path)?
                .iter()
                .filter(|entry| entry.is_dir())
                .try_for_each(|folder| check_readable(folder))?;
            let problem = if pictures::has_loose_images(path) {
                "a folder of images, but without a folder for each class, from which the classes are known"
            } else {
                "a folder of no kind that is known"
            };
            return unknown(problem.into());
        }
        if let Some(kind) = irregular_kind(found.file_type()) {
            return Err(DataError::NotAFile { file: displayable_path(path), kind });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".csv", ".tsv"]) {
            return Ok(Self::Csv(path.into()));
        }
        if ends(&[".tar.gz", ".tgz", ".tar"]) {
            return Ok(Self::TarArchive(path.into()));
        }
        let problem = if ends(&[".npy", ".bin", "-ubyte", "-ubyte.gz"]) {
            "one file of several; name the folder that it is in"
        } else if ends(&[".txt", ".data", ".dat", ".tab"]) {
            "a file of no kind that is known; if it is a table, let its name end in .csv"
        } else if ends(&[".xls", ".xlsx", ".ods"]) {
            "a spreadsheet; save the table as CSV"
        } else if ends(&[".npz"]) {
            "several arrays in one file; save train_x.npy and train_y.npy in a folder, and name the folder"
        } else if ends(&[".gz", ".zip", ".bz2", ".xz", ".7z", ".zst"]) {
            "a compressed file; unpack it and name what was in it"
        } else if pictures::is_image_name(path) {
            "a single image; name the folder that has a folder of images for each class"
        } else {
            "a file of no kind that is known"
        };
        unknown(problem.into())
    }

    fn of_folder(folder: &Path) -> Option<Self> {
        let has = |name: &str| folder.join(name).exists();
        if mnist::FILE_NAMES.iter().flat_map(|name| mnist::candidate_file_names(name)).any(|name| has(&name)) {
            return Some(Self::Idx(folder.into()));
        }
        for cifar in Cifar::BOTH {
            let inner = folder.join(cifar.archive_folder());
            if cifar.image_files().iter().any(|name| has(name)) {
                return Some(Self::Cifar(cifar, folder.into()));
            }
            if cifar.image_files().iter().any(|name| inner.join(name).exists()) {
                return Some(Self::Cifar(cifar, inner));
            }
        }
        let files = list_data_files(folder).unwrap_or_default();
        if npy::is_array_folder(&files) {
            return Some(Self::Npy(folder.into()));
        }
        if csv_file::is_table_folder(&files) {
            return Some(Self::Csv(folder.into()));
        }
        pictures::is_image_folder(folder).then(|| Self::Pictures(folder.into()))
    }
}
