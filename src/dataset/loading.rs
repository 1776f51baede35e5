//! From what a specification names to a [`Dataset`].

use std::ops::ControlFlow;

use super::agreement::compare_parts;
use super::contents::{self, Contents, displayable_path};
use super::csv_file::TablePreparation;
use super::kind::DataFormat;
use super::labels::note_unused_classes;
use super::numbers::NumberTable;
use super::preprocessing::{PreprocessedParts, preprocess_parts};
use super::progress::{LoadingCallback, Monitor};
use super::raw::{self, DatasetOutline, Part, RawDataset, Values};
use super::summary::{describe_in_numbers, summarize_values};
use super::{
    Augmentations, DataColumn, DataError, DataNote, DataSpec, DataSplit, Dataset, DatasetSummary, Preprocessing,
    SamplePreparation, Source,
};
use super::{cifar, csv_file, mnist, npy, pictures};
use crate::text::Safe;

/// The least that the largest pixel of images from 0 to 255 should be.
const MIN_LARGEST_PIXEL: u8 = 64;

/// Loads what `spec` names.
///
/// `progress` is called at least once for every megabyte; when it breaks, loading ends with
/// [`DataError::Interrupted`].
///
/// # Errors
/// When a file is missing, damaged or not what it should be, or the samples can't be augmented as asked.
pub fn load(spec: &DataSpec, progress: LoadingCallback<'_>) -> Result<Dataset, DataError> {
    let mut monitor = Monitor::new(progress, format!("reading {}", Safe(&spec.source.to_string())));
    monitor.report(0.0)?;
    let (raw, table) = read(spec, &mut monitor)?;
    prepare(raw, table, spec, spec.preprocessing)
}

/// Loads what `spec` names as it is stored, whatever preprocessing it asks for, with a summary in the units of the file.
///
/// Columns of a table come with their means taken off, as [`Dataset::columns`] tells, so that a large common offset
/// costs them no digits.
///
/// # Errors
/// As [`load`].
pub fn load_summarized(spec: &DataSpec, progress: LoadingCallback<'_>) -> Result<(Dataset, DatasetSummary), DataError> {
    let mut monitor = Monitor::new(progress, format!("reading {}", Safe(&spec.source.to_string())));
    monitor.report(0.0)?;
    let (raw, table) = read(spec, &mut monitor)?;
    let channels = [&raw.train, &raw.test].map(|part| summarize_values(&part.values, &raw.shape));
    let preprocessing = if raw.shape.len() == 1 { Preprocessing::MeanImage } else { Preprocessing::None };
    let data = prepare(raw, table, spec, preprocessing)?;
    let summary = describe_in_numbers(&data, channels);
    Ok((data, summary))
}

/// Compares the parts and preprocesses them. If the data came from a table, `table` tells how rows became samples.
pub(super) fn prepare(
    data: RawDataset,
    table: Option<TablePreparation>,
    spec: &DataSpec,
    preprocessing: Preprocessing,
) -> Result<Dataset, DataError> {
    let RawDataset { shape, classes, columns, train, test, is_split, mut notes } = data;
    check_augmentations(spec, &shape)?;
    notes.extend(note_unused_classes(&classes, &train.labels, &test.labels));
    if !is_split {
        notes.extend(compare_parts(&shape, &columns, &train, &test));
    }
    if spec.preprocessing == Preprocessing::Scale {
        notes.extend(note_dark_pixels(&train.values));
    }
    let PreprocessedParts { train: train_features, test: test_features, learnt } =
        preprocess_parts(preprocessing, &shape, train.values, test.values);
    let split = |features, (labels, origins), augmentations| DataSplit {
        features,
        labels,
        shape: shape.clone(),
        augmentations,
        origins,
    };
    let moves = learnt.moves();
    let of_values = || TablePreparation::of_values(spec.source.name(), shape[0], &columns, &classes);
    let table = table.or_else(|| (shape.len() == 1 && !learnt.takes_pixels()).then(of_values));
    let resize_images = spec.image_size.is_some_and(|size| shape[1..] == [size.height as usize, size.width as usize]);
    Ok(Dataset {
        name: spec.source.name(),
        preparation: SamplePreparation::new(shape.clone(), classes.clone(), learnt, table, resize_images),
        columns: describe_columns(&shape, columns, &moves),
        train: split(train_features, (train.labels, train.origins), spec.augment),
        test: split(test_features, (test.labels, test.origins), Augmentations::default()),
        notes,
        shape,
        classes,
    })
}

/// What is said of pixels that [`Preprocessing::Scale`] makes small, as it divides by 255 whatever they are.
fn note_dark_pixels(values: &Values) -> Option<DataNote> {
    let Values::Bytes(bytes) = values else { return None };
    let largest = bytes.iter().copied().max().unwrap_or_default();
    (largest < MIN_LARGEST_PIXEL).then(|| {
        DataNote::suspicious(format!(
            "the largest training pixel is {largest}, but data.preprocessing = scale divides pixels by 255; standardize \
             goes by the data"
        ))
    })
}

/// The columns of a table with their ways back to the file; none for images.
fn describe_columns(shape: &[usize], names: Vec<String>, moves: &[(f64, f64)]) -> Vec<DataColumn> {
    if shape.len() > 1 {
        return Vec::new();
    }
    let names = names.into_iter().map(Some).chain(std::iter::repeat(None));
    (0..)
        .zip(moves.iter().zip(names))
        .map(|(number, (&(offset, scale), name))| DataColumn {
            name: name.unwrap_or_else(|| number.to_string()),
            offset,
            scale,
        })
        .collect()
}

/// Reads what `spec` names; if that is a table, tells how rows become samples.
pub(super) fn read(
    spec: &DataSpec,
    monitor: &mut Monitor,
) -> Result<(RawDataset, Option<TablePreparation>), DataError> {
    let path = match &spec.source {
        Source::FashionMnist => return Ok((mnist::open_built_in()?.read(monitor)?, None)),
        Source::Toy(toy) => {
            let (points, labels) = toy.draw_points(spec);
            let shape = vec![2];
            let values = Values::Numbers(NumberTable::from_values(&shape, points.into_iter().map(f64::from)));
            let (train, test) = Part::numbered(values, labels).split_off_test(2, toy.name(), spec)?;
            monitor.report(1.0)?;
            let columns = ["x", "y"].map(String::from).to_vec();
            let (classes, notes) = (toy.classes(), Vec::new());
            return Ok((RawDataset { shape, classes, columns, train, test, is_split: true, notes }, None));
        }
        Source::Path(path) => path,
    };
    let data = match DataFormat::of(path)? {
        DataFormat::Idx(folder) => mnist::open_folder(&folder)?.read(monitor)?,
        DataFormat::Cifar(cifar, folder) => cifar.read_folder(&folder, monitor)?,
        DataFormat::TarArchive(file) => {
            cifar::read_archive(Contents::new(displayable_path(&file), contents::open(&file)?.0)?, monitor)?
        }
        DataFormat::Csv(path) => {
            let (data, table) = csv_file::read_path(&path, spec, monitor)?;
            return Ok((data, Some(table)));
        }
        DataFormat::Npy(folder) => npy::NpyFolder::open(&folder)?.read(spec, monitor)?,
        DataFormat::Pictures(folder) => pictures::read(&folder, spec, monitor)?,
    };
    Ok((data, None))
}

/// Reads no more of what `spec` names than is needed to tell whether a network and a batch size fit: headers and labels,
/// which takes milliseconds. `None` for what only reading all of it tells: a table, an archive.
///
/// # Errors
/// As [`load`], as far as headers and labels show it.
pub fn describe(spec: &DataSpec) -> Result<Option<DatasetOutline>, DataError> {
    let mut ignore = |_: &str, _| ControlFlow::Continue(());
    let mut monitor = Monitor::new(&mut ignore, String::new());
    let outline = match &spec.source {
        Source::FashionMnist => mnist::open_built_in()?.describe(&mut monitor)?,
        Source::Toy(toy) => {
            let (train, test) = raw::train_and_test_rows(toy.name(), &toy.draw_points(spec).1, spec)?;
            let (train, test) = (train.len(), test.len());
            DatasetOutline { shape: vec![2], classes: toy.classes(), train, test, bytes_per_value: size_of::<f32>() }
        }
        Source::Path(path) => match DataFormat::of(path)? {
            DataFormat::Idx(folder) => mnist::open_folder(&folder)?.describe(&mut monitor)?,
            DataFormat::Cifar(cifar, folder) => cifar.describe_folder(&folder)?,
            DataFormat::Npy(folder) => npy::NpyFolder::open(&folder)?.describe(spec)?,
            DataFormat::Pictures(folder) => pictures::describe(&folder, spec)?,
            // Opened here, so that what can't be read is told before the screen.
            DataFormat::TarArchive(file) => {
                contents::open(&file)?;
                return Ok(None);
            }
            DataFormat::Csv(path) => {
                contents::open(&csv_file::training_file(&path)?)?;
                return Ok(None);
            }
        },
    };
    check_augmentations(spec, &outline.shape)?;
    Ok(Some(outline))
}

fn check_augmentations(spec: &DataSpec, shape: &[usize]) -> Result<(), DataError> {
    spec.augment.why_unsuitable(shape).map_or(Ok(()), |problem| Err(DataError::Augment { problem }))
}
