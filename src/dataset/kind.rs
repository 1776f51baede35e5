//! Which format a path is in, as its name and the names in it tell.

use std::fs;
use std::path::{Path, PathBuf};

use super::cifar::Cifar;
use super::contents::displayable_path;
use super::{DataError, Source, csv_file, mnist, npy, pictures};
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

impl DataFormat {
    /// Looks at names only; nothing is opened.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let unknown = |problem: String| Err(DataError::Unrecognized { path: displayable_path(path), problem });
        let Ok(found) = fs::metadata(path) else {
            let text = path.to_string_lossy();
            let word = if text.contains(['/', '\\', '.']) { None } else { nearest(&text, Source::built_in_words()) };
            return unknown(word.map_or("not there".into(), |word| format!("not there (did you mean {word}?)")));
        };
        if found.is_dir() {
            return Self::of_folder(path).map_or_else(|| unknown("a folder of no kind that is known".into()), Ok);
        }
        if !found.is_file() {
            return Err(DataError::NotAFile { file: displayable_path(path) });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".csv"]) {
            return Ok(Self::Csv(path.into()));
        }
        if ends(&[".tar.gz", ".tgz", ".tar"]) {
            return Ok(Self::TarArchive(path.into()));
        }
        unknown(if ends(&[".npy", ".bin", "-ubyte", "-ubyte.gz"]) {
            "one file of several; name the folder that it is in".into()
        } else {
            "a file of no kind that is known".into()
        })
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
        if has(npy::TRAIN_VALUES) {
            return Some(Self::Npy(folder.into()));
        }
        if has(csv_file::FOLDER_FILES[0]) {
            return Some(Self::Csv(folder.into()));
        }
        pictures::is_image_folder(folder).then(|| Self::Pictures(folder.into()))
    }
}
