//! Samples for a network that is trained: one file, or the test part of a folder.

use std::path::{Path, PathBuf};

use super::pixels::SampleLayout;
use super::{NpyPair, NpyReader};
use crate::dataset::contents::displayable_path;
use crate::dataset::labels::read_class_names;
use crate::dataset::part_files::{TEST_NAMES, TRAIN_NAMES, list_data_files, note_part_read};
use crate::dataset::progress::Monitor;
use crate::dataset::raw::Values;
use crate::dataset::{DataError, DataNote};

/// Samples of one file.
pub(in crate::dataset) struct ArraySamples {
    /// The file's name as it may be shown.
    pub file: String,
    pub values: Values,
    /// The label of each sample, where the file came with labels, and the file with the labels.
    pub labels: Option<(Vec<u8>, String)>,
    /// The names of the classes, where the folder has a list of them.
    pub classes: Option<Vec<String>>,
}

/// Reads a file of samples, or the samples and labels of a folder's test part, which is else its training part. They must
/// have this `shape`; pixels are whole numbers from 0 to 255 of any type. Numbers are rounded relative to `offsets`.
pub(in crate::dataset) fn read_samples(
    path: &Path,
    shape: &[usize],
    pixels: bool,
    offsets: &[f64],
    monitor: &mut Monitor,
    notes: &mut Vec<DataNote>,
) -> Result<ArraySamples, DataError> {
    let (reader, labels, classes) = if path.is_dir() {
        let parts: Vec<&str> = TEST_NAMES.iter().chain(&TRAIN_NAMES).copied().collect();
        let files: Vec<PathBuf> = list_data_files(path)?;
        let Some(pair) = NpyPair::open_first(path, &files, &parts, &mut Vec::new())? else {
            return Err(DataError::Missing { folder: displayable_path(path), name: "test_x.npy".into() });
        };
        notes.push(note_part_read(path, Path::new(pair.values.contents.file())));
        (pair.values, Some((pair.labels, pair.label_file)), read_class_names(path)?)
    } else {
        (NpyReader::open(path)?, None, None)
    };
    let file = reader.contents.file().to_owned();
    let problem = |problem: String| DataError::Npy { file: file.clone(), problem };
    let layout = reader.sample_layout()?;
    if layout.shape != shape {
        let found = &reader.header.shape[1..];
        let advice = if SampleLayout::of(&reader.header.shape.iter().map(|&side| side as usize).collect::<Vec<_>>())
            .is_some_and(|whole| whole.shape == shape)
        {
            "; a single sample needs an axis before the others: save x[None]"
        } else {
            ""
        };
        let message = format!("samples of the shape {found:?}, but the network was trained on {shape:?}{advice}");
        return Err(problem(message));
    }
    notes.extend(layout.note(&file));
    let mut values = reader.read_values(offsets, monitor)?;
    if pixels {
        if let Some((sample, place, number)) = find_non_pixel(&values) {
            let message = format!(
                "value {place} of sample {sample} is {number}, but the network was trained on pixels, whole numbers from 0 to \
                 255"
            );
            return Err(problem(message));
        }
        values = Values::Bytes(values.into_bytes());
        notes.extend(note_dark_samples(&file, &values));
    }
    Ok(ArraySamples { file, values, labels, classes })
}

/// The first number that is no pixel, with its sample and its place in it.
fn find_non_pixel(values: &Values) -> Option<(usize, usize, f64)> {
    let Values::Numbers(table) = values else { return None };
    let (mut found, mut sample) = (None, 0);
    table.for_each_row(|row| {
        let is_wrong = |number: &f64| number.fract() != 0.0 || !(0.0..=255.0).contains(number);
        let place = if found.is_none() { row.iter().position(is_wrong) } else { None };
        found = found.or_else(|| place.map(|place| (sample, place, row[place])));
        sample += 1;
    });
    found
}

/// What is said of pixels that are all 0 or 1.
fn note_dark_samples(file: &str, values: &Values) -> Option<DataNote> {
    let Values::Bytes(pixels) = values else { return None };
    pixels.iter().all(|&pixel| pixel <= 1).then(|| {
        DataNote::suspicious(format!(
            "{file}: all pixels are 0 or 1, but the network was trained on pixels from 0 to 255; were they divided by 255?"
        ))
    })
}
