//! Labels and the names of classes.

use std::path::Path;

use flate2::Crc;

use super::contents::{displayable_path, read_small};
use super::{DataError, DataNote};
use crate::text::Safe;

/// The names of Fashion-MNIST's classes.
const FASHION_CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// CRC-32 of the 60,000 training labels of the full Fashion-MNIST, by which a folder that holds it is known.
const FASHION_LABELS_CRC: u32 = 0x2ed6_e46a;

/// Most classes: a label is a byte.
pub(super) const MAX_CLASSES: usize = 256;

/// Most classes that a note names.
const MAX_NAMED_CLASSES: usize = 8;

/// Most bytes of a list of class names.
pub(super) const MAX_NAMES_FILE_BYTES: u64 = 1 << 16;

pub(super) fn fashion_classes() -> Vec<String> {
    FASHION_CLASSES.map(String::from).to_vec()
}

/// The classes of training labels that came without names: those of Fashion-MNIST if they are its, else numbers.
///
/// There are as many as distinct labels, 0 counted also where it is not used, so that one stray label is out of
/// range instead of stretching the classes to reach it.
pub(super) fn guess_classes(labels: &[u8], file: &str) -> Result<Vec<String>, DataError> {
    let mut crc = Crc::new();
    crc.update(labels);
    if crc.sum() == FASHION_LABELS_CRC {
        return Ok(fashion_classes());
    }
    let mut seen = [false; MAX_CLASSES];
    for &label in labels {
        seen[label as usize] = true;
    }
    if let (1, Some(&label)) = (seen.iter().filter(|&&seen| seen).count(), labels.first()) {
        return Err(DataError::OneClass { file: file.into(), label: label.to_string() });
    }
    seen[0] = true;
    Ok((0..seen.iter().filter(|&&seen| seen).count()).map(|class| class.to_string()).collect())
}

/// Whether classes without names have these: 0, 1, 2, ….
pub(super) fn are_numbered(classes: &[String]) -> bool {
    classes.iter().enumerate().all(|(number, name)| *name == number.to_string())
}

/// What is said of classes that have no training samples, or no test samples.
pub(super) fn note_unused_classes(classes: &[String], train: &[u8], test: &[u8]) -> Vec<DataNote> {
    let note = |labels: &[u8], what: &str, so: [&str; 2]| {
        let mut seen = [false; MAX_CLASSES];
        for &label in labels {
            seen[label as usize] = true;
        }
        let missing: Vec<&str> =
            classes.iter().zip(seen).filter(|(_, seen)| !seen).map(|(class, _)| class.as_str()).collect();
        let mut names: Vec<String> = missing.iter().take(MAX_NAMED_CLASSES).map(ToString::to_string).collect();
        if missing.len() > MAX_NAMED_CLASSES {
            names.push(format!("{} more", missing.len() - MAX_NAMED_CLASSES));
        }
        let names = names.join(", ");
        let (noun, so) = if missing.len() == 1 { ("the class", so[0]) } else { ("the classes", so[1]) };
        (!missing.is_empty()).then(|| DataNote::suspicious(format!("no {what} samples of {noun} {names}; {so}")))
    };
    let untrained =
        note(train, "training", ["do the labels begin at 1 or skip numbers, or are there too many names?"; 2]);
    let untested =
        note(test, "test", ["nothing shows how well it is recognized", "nothing shows how well they are recognized"]);
    untrained.into_iter().chain(untested).collect()
}

/// What a label out of range may need where the classes have no names.
pub(super) const UNNAMED_HINT: &str =
    "; without a classes.txt that names them, classes are counted from 0 without a gap";

/// Makes sure that every label names one of `classes` classes; `hint` is added to what is said otherwise.
pub(super) fn check_labels(file: &str, labels: &[u8], classes: usize, hint: &'static str) -> Result<(), DataError> {
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(item) => {
            Err(DataError::Label { file: file.into(), item: item as u64, label: labels[item].into(), classes, hint })
        }
        None => Ok(()),
    }
}

/// Reads `classes.txt` of a folder, one name a line, if it is there.
pub(super) fn read_class_names(folder: &Path) -> Result<Option<Vec<String>>, DataError> {
    let path = folder.join("classes.txt");
    read_small_names(&path)?.map(|bytes| parse_class_names(&displayable_path(&path), bytes)).transpose()
}

/// The bytes of a list of names, if it is there.
pub(super) fn read_small_names(path: &Path) -> Result<Option<Vec<u8>>, DataError> {
    // A link that leads nowhere is there, and an error.
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    read_small(path, MAX_NAMES_FILE_BYTES)?.ok_or_else(|| names_too_long_error(&displayable_path(path))).map(Some)
}

pub(super) fn names_too_long_error(file: &str) -> DataError {
    DataError::ClassNames { file: file.into(), problem: format!("longer than {MAX_NAMES_FILE_BYTES} bytes") }
}

/// The names in a list, one a line, made harmless.
pub(super) fn parse_class_names(file: &str, bytes: Vec<u8>) -> Result<Vec<String>, DataError> {
    let problem = |problem: String| Err(DataError::ClassNames { file: file.into(), problem });
    let Ok(text) = String::from_utf8(bytes) else { return problem("not UTF-8".into()) };
    let names: Vec<&str> = text.trim().lines().map(str::trim).collect();
    if let Some(line) = names.iter().position(|name| name.is_empty()) {
        return problem(format!("line {} is empty", line + 1));
    }
    let twice = |line: &usize| names[..*line].contains(&names[*line]);
    if let Some(line) = (0..names.len().min(MAX_CLASSES)).find(twice) {
        let first = names.iter().position(|name| *name == names[line]).unwrap_or_default();
        return problem(format!("lines {} and {} both name \"{}\"", first + 1, line + 1, Safe(names[line])));
    }
    if !(2..=MAX_CLASSES).contains(&names.len()) {
        return problem(format!("{} names", names.len()));
    }
    Ok(names.into_iter().map(|name| Safe(name).to_string()).collect())
}
