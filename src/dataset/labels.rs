//! Labels and the names of classes.

use std::path::Path;

use flate2::Crc;

use super::DataError;
use super::contents::{displayable_path, read_small};
use crate::text::Safe;

/// The names of Fashion-MNIST's classes.
const FASHION_CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// CRC-32 of the 60,000 training labels of the full Fashion-MNIST, by which a folder that holds it is known.
const FASHION_LABELS_CRC: u32 = 0x2ed6_e46a;

/// Most classes: a label is a byte.
pub(super) const MAX_CLASSES: usize = 256;

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

/// Makes sure that every label names one of `classes` classes.
pub(super) fn check_labels(file: &str, labels: &[u8], classes: usize) -> Result<(), DataError> {
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(item) => {
            Err(DataError::Label { file: file.into(), item: item as u64, label: labels[item].into(), classes })
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
    if !path.is_file() {
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
    let names: Vec<String> = text.trim().lines().map(|line| Safe(line.trim()).to_string()).collect();
    if let Some(line) = names.iter().position(String::is_empty) {
        return problem(format!("line {} is empty", line + 1));
    }
    if !(2..=MAX_CLASSES).contains(&names.len()) {
        return problem(format!("{} names", names.len()));
    }
    Ok(names)
}
