//! Every reader over bytes in memory, for the fuzz targets in `fuzz/`. Not part of what this crate promises.

use std::ops::ControlFlow;

use super::cifar;
use super::contents::Contents;
use super::idx::IdxReader;
use super::npy::NpyReader;
use super::progress::Monitor;
use super::tar::TarArchive;
use super::{DataError, DataSpec, LabelColumn, csv_file, pictures};

fn with_monitor<T>(work: impl FnOnce(&mut Monitor) -> Result<T, DataError>) -> Result<T, DataError> {
    let mut ignore = |_: &str, _| ControlFlow::Continue(());
    work(&mut Monitor::new(&mut ignore, String::new()))
}

/// Reads IDX images or labels, plain or gzipped.
///
/// # Errors
/// When they are damaged.
pub fn idx(bytes: &[u8]) -> Result<usize, DataError> {
    let read = |dimensions| {
        let reader = IdxReader::new("fuzz".into(), bytes, bytes.len() as u64, dimensions)?;
        with_monitor(|monitor| reader.read_elements(monitor))
    };
    read(3).or_else(|_| read(1)).map(|elements| elements.len())
}

/// Goes through a tar archive, plain or gzipped, and reads every entry.
///
/// # Errors
/// When it is damaged or holds what is refused.
pub fn tar(bytes: &[u8]) -> Result<usize, DataError> {
    let mut archive = TarArchive::new(Contents::new("fuzz".into(), bytes)?);
    let mut total = 0;
    while let Some(entry) = archive.next_file()? {
        total += with_monitor(|monitor| archive.read(&entry, monitor))?.len();
    }
    archive.expect_end().map(|()| total)
}

/// Reads an archive with CIFAR's files.
///
/// # Errors
/// When it is damaged or not what it should be.
pub fn cifar(bytes: &[u8]) -> Result<usize, DataError> {
    cifar::fuzz_files(bytes)?;
    let contents = Contents::new("fuzz".into(), bytes)?;
    with_monitor(|monitor| cifar::read_archive(contents, monitor)).map(|raw| raw.train.labels.len())
}

/// Reads a table, its label in the last column, and in one chosen by name.
///
/// # Errors
/// When it is not what it should be.
pub fn csv(bytes: &[u8]) -> Result<usize, DataError> {
    let read = |label_column| {
        let spec = DataSpec { label_column, ..DataSpec::default() };
        with_monitor(|monitor| csv_file::read("fuzz", bytes, bytes.len() as u64, &spec, monitor))
    };
    read(LabelColumn::Last).or_else(|_| read(LabelColumn::Name("y".into()))).map(|raw| raw.train.labels.len())
}

/// Reads an npy file as samples and as labels.
///
/// # Errors
/// When it is damaged or not what it should be.
pub fn npy(bytes: &[u8]) -> Result<usize, DataError> {
    let open = || NpyReader::new("fuzz".into(), bytes, bytes.len() as u64);
    let values = open()?;
    let labels = with_monitor(|monitor| open()?.read_labels(monitor));
    with_monitor(|monitor| values.read_values(monitor)).map(|values| values.len()).or(labels.map(|labels| labels.len()))
}

/// Decodes a PNG or JPEG image.
///
/// # Errors
/// When it is damaged or too large.
pub fn image(bytes: &[u8]) -> Result<usize, DataError> {
    pictures::decode_single("fuzz", bytes).map(|(_, pixels)| pixels.len())
}
