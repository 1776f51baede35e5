//! Which files are in the folders of classes: the images that are read, and what is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::decoding::FORMAT_NAMES;
use crate::dataset::DataError;
use crate::dataset::contents::displayable_path;
use crate::dataset::labels::MAX_CLASSES;
use crate::dataset::part_files::sorted_entries;
use crate::text::{harmless_name, thousands};

/// Extensions of the images that are read, in lower case.
pub(super) const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp"];

/// Extensions of other images, which are told from files that are no images.
const OTHER_EXTENSIONS: [&str; 11] = ["gif", "tif", "tiff", "avif", "heic", "heif", "jp2", "jxl", "pgm", "ppm", "tga"];

/// The folder in which macOS keeps what a zip file has no place for, files named like images among it.
const MACOS_FOLDER: &[u8] = b"__MACOSX";

/// Deepest nesting of folders.
const MAX_FOLDER_DEPTH: usize = 32;

/// Most entries that are looked at to find out whether a folder is one of images.
const MAX_PROBED_ENTRIES: usize = 20_000;

/// Most extensions that a sentence names.
const MAX_NAMED_EXTENSIONS: usize = 5;

/// Files by their extension, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtensionTally(BTreeMap<String, usize>);

impl ExtensionTally {
    fn add(&mut self, path: &Path) {
        let kind = path.extension().map_or("without extension".into(), |extension| {
            format!(".{}", harmless_name(extension).to_ascii_lowercase())
        });
        *self.0.entry(kind).or_default() += 1;
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (kind, count) in &other.0 {
            *self.0.entry(kind.clone()).or_default() += count;
        }
    }

    /// Number of files.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// `10 .gif, 4 .txt`, the most frequent first.
    pub fn list(&self) -> String {
        let mut kinds: Vec<(&String, usize)> = self.0.iter().map(|(kind, &count)| (kind, count)).collect();
        kinds.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let named = kinds.iter().take(MAX_NAMED_EXTENSIONS);
        let mut parts: Vec<String> =
            named.map(|(kind, count)| format!("{} {kind}", thousands(*count as u64))).collect();
        let rest: usize = kinds.iter().skip(MAX_NAMED_EXTENSIONS).map(|(_, count)| count).sum();
        if rest > 0 {
            parts.push(format!("{} others", thousands(rest as u64)));
        }
        parts.join(", ")
    }
}

/// What is in a folder and in those in it.
#[derive(Clone, Debug, Default)]
pub(super) struct FolderContents {
    /// Images that are read: those of a folder by name, then those of the folders in it.
    pub images: Vec<PathBuf>,
    /// Images whose names, or whose folders' names, begin with a dot.
    pub hidden: usize,
    /// All other files that are not hidden.
    pub others: ExtensionTally,
    /// Where links to images and to folders that are read lead to.
    pub link_targets: Vec<PathBuf>,
    /// Folders that were not gone through, since they had been or lead to a folder above.
    pub repeated: usize,
    /// The folders that were gone through, without links in their paths.
    visited: BTreeSet<PathBuf>,
}

/// A class and its images.
#[derive(Clone, Debug)]
pub(super) struct ClassFolder {
    /// The folder's own name, which is what tells classes apart.
    pub name: OsString,
    pub path: PathBuf,
    /// Its path without links in it.
    pub real_path: PathBuf,
    pub contents: FolderContents,
}

/// What a part of an image set holds.
#[derive(Clone, Debug)]
pub(super) struct PartListing {
    pub root: PathBuf,
    /// In the order of their names.
    pub classes: Vec<ClassFolder>,
    /// Hidden folders beside those of classes, and the images in each.
    pub hidden: Vec<(PathBuf, usize)>,
    /// Images of any format beside the folders of classes.
    pub loose: ExtensionTally,
}

impl PartListing {
    /// Goes through all folders in `root`.
    pub fn read(root: &Path) -> Result<Self, DataError> {
        let mut classes = Vec::new();
        for path in subfolders(root)? {
            let (mut contents, real_path) = (FolderContents::default(), real_path(&path));
            contents.add_folder(&path, &real_path, false, 0)?;
            classes.push(ClassFolder { name: path.file_name().unwrap_or_default().into(), path, real_path, contents });
        }
        Ok(Self { root: root.into(), classes, hidden: hidden_folders(root)?, loose: Self::read_loose(root)? })
    }

    /// The images directly in `root`.
    pub fn read_loose(root: &Path) -> Result<ExtensionTally, DataError> {
        let mut loose = ExtensionTally::default();
        for path in sorted_entries(root)?.iter().filter(|path| !is_hidden(path) && !path.is_dir()) {
            if is_image_name(path) {
                loose.add(path);
            }
        }
        Ok(loose)
    }

    /// Images in the folders of classes.
    pub fn image_count(&self) -> usize {
        self.classes.iter().map(|class| class.contents.images.len()).sum()
    }

    /// The names of the classes as they are shown.
    pub fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|class| harmless_name(&class.name)).collect()
    }

    /// Makes sure that there are as many folders as there can be classes.
    pub fn check_class_count(&self) -> Result<(), DataError> {
        let problem = |problem| DataError::Image { file: displayable_path(&self.root), problem };
        if !(2..=MAX_CLASSES).contains(&self.classes.len()) {
            let hint = match &self.classes[..] {
                [only] => format!(
                    " (if the folders in {0} are the classes, or {0} has the training images, name that folder)",
                    harmless_name(&only.name)
                ),
                _ => String::new(),
            };
            let count = self.classes.len();
            let folders = if count == 1 { "folder" } else { "folders" };
            return Err(problem(format!(
                "{count} {folders} with images; valid: 2 to {MAX_CLASSES}, one for each class{hint}"
            )));
        }
        Ok(())
    }

    /// Makes sure that there is an image of every class.
    pub fn check_images(&self) -> Result<(), DataError> {
        self.classes.iter().find(|class| class.contents.images.is_empty()).map_or(Ok(()), |class| Err(class.no_image()))
    }

    /// The class in `training` of each folder; folders without any file count as classes without test images.
    pub fn match_classes(&self, training: &Self) -> Result<Vec<(PathBuf, u8)>, DataError> {
        let mut listing = Vec::new();
        for folder in &self.classes {
            let Some(class) = training.classes.iter().position(|class| class.name == folder.name) else {
                let names = training.class_names();
                let shown: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
                let more = if names.len() > shown.len() { ", …" } else { "" };
                let problem = format!(
                    "is no class of the training images in {}, which are: {}{more}",
                    displayable_path(&training.root),
                    shown.join(", ")
                );
                return Err(DataError::Image { file: displayable_path(&folder.path), problem });
            };
            if folder.contents.images.is_empty() && folder.contents.others.total() > 0 {
                return Err(folder.no_image());
            }
            listing.extend(folder.contents.images.iter().map(|path| (path.clone(), class as u8)));
        }
        Ok(listing)
    }
}

impl ClassFolder {
    fn no_image(&self) -> DataError {
        let FolderContents { hidden, others, .. } = &self.contents;
        let mut parts = vec![format!("has no {FORMAT_NAMES} image in it")];
        if others.total() > 0 {
            parts.push(format!("in it: {} ({})", counted(others.total(), "other file"), others.list()));
        }
        if *hidden > 0 {
            parts.push(format!("left out: {}, with a name that begins with a dot", counted(*hidden, "hidden image")));
        }
        let problem = parts.join("; ");
        DataError::Image { file: displayable_path(&self.path), problem }
    }
}

impl FolderContents {
    /// Adds what is in `folder`, which is in the folder of a class, `class` without links in its path.
    fn add_folder(&mut self, folder: &Path, class: &Path, hidden: bool, depth: usize) -> Result<(), DataError> {
        if depth > MAX_FOLDER_DEPTH {
            let problem = format!("more than {MAX_FOLDER_DEPTH} folders deep");
            return Err(DataError::Image { file: displayable_path(folder), problem });
        }
        let real = real_path(folder);
        let is_above = depth > 0 && class.starts_with(&real);
        if is_above || !self.visited.insert(real.clone()) {
            self.repeated += 1;
            return Ok(());
        }
        if depth > 0 && folder.is_symlink() {
            self.link_targets.push(real);
        }
        let mut folders = Vec::new();
        for path in sorted_entries(folder)? {
            let hidden = hidden || is_hidden(&path);
            if path.is_dir() {
                folders.push((path, hidden));
            } else if is_image_of(&path, &EXTENSIONS) {
                if hidden {
                    self.hidden += 1;
                } else {
                    if path.is_symlink() {
                        self.link_targets.push(real_path(&path));
                    }
                    self.images.push(path);
                }
            } else if !hidden {
                self.others.add(&path);
            }
        }
        for (path, hidden) in folders {
            self.add_folder(&path, class, hidden, depth + 1)?;
        }
        Ok(())
    }
}

/// A path without links in it; itself if it leads nowhere.
fn real_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

/// The hidden folders in a folder that have images in them, and how many.
pub(super) fn hidden_folders(root: &Path) -> Result<Vec<(PathBuf, usize)>, DataError> {
    let count = |path: PathBuf| {
        let mut contents = FolderContents::default();
        // What can't be read there is left out, too.
        let _ = contents.add_folder(&path, &real_path(&path), true, 0);
        (contents.hidden > 0).then_some((path, contents.hidden))
    };
    Ok(sorted_entries(root)?.into_iter().filter(|path| path.is_dir() && is_hidden(path)).filter_map(count).collect())
}

/// The images directly in a folder that can be read, in the order of their names.
pub(super) fn loose_images(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let is_loose = |path: &PathBuf| !is_hidden(path) && !path.is_dir() && is_image_of(path, &EXTENSIONS);
    Ok(sorted_entries(root)?.into_iter().filter(is_loose).collect())
}

/// The other files directly in a folder: of other formats, or hidden images.
pub(super) fn loose_others(root: &Path) -> Result<ExtensionTally, DataError> {
    let mut others = ExtensionTally::default();
    let is_read = |path: &PathBuf| !is_hidden(path) && is_image_of(path, &EXTENSIONS);
    let is_noted = |path: &PathBuf| !path.is_dir() && !is_read(path) && (!is_hidden(path) || is_image_name(path));
    sorted_entries(root)?.iter().filter(|path| is_noted(path)).for_each(|path| others.add(path));
    Ok(others)
}

/// `1 image`, `2 images`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(count as u64))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b".") || name == MACOS_FOLDER
    })
}

/// Whether a file is an image by its name, of a format that is read or not.
pub(in crate::dataset) fn is_image_name(path: &Path) -> bool {
    is_image_of(path, &EXTENSIONS) || is_image_of(path, &OTHER_EXTENSIONS)
}

fn is_image_of(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extensions.contains(&extension.to_ascii_lowercase().as_str())
}

/// The folders in a folder, hidden ones left out, in the order of their names.
pub(super) fn subfolders(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(sorted_entries(root)?.into_iter().filter(|path| path.is_dir() && !is_hidden(path)).collect())
}

/// Whether there is an image directly in a folder, of a format that is read or not.
pub(in crate::dataset) fn has_loose_images(folder: &Path) -> bool {
    let mut entries = MAX_PROBED_ENTRIES;
    contains_image(folder, 0, &mut entries)
}

/// Whether there are images in the folders in a folder, of a format that is read or not.
pub(in crate::dataset) fn is_image_folder(folder: &Path) -> bool {
    let mut entries = MAX_PROBED_ENTRIES;
    subfolders(folder)
        .is_ok_and(|folders| folders.iter().any(|folder| contains_image(folder, MAX_FOLDER_DEPTH, &mut entries)))
}

fn contains_image(folder: &Path, depth: usize, entries: &mut usize) -> bool {
    let Ok(listing) = fs::read_dir(folder) else { return false };
    let mut folders = Vec::new();
    for entry in listing.flatten() {
        let path = entry.path();
        if *entries == 0 {
            return false;
        }
        *entries -= 1;
        if is_image_name(&path) {
            return true;
        }
        if depth > 0 && path.is_dir() {
            folders.push(path);
        }
    }
    folders.iter().any(|folder| contains_image(folder, depth - 1, entries))
}
