//! From what a specification names to a [`Dataset`].

use std::ops::ControlFlow;

use super::contents::{self, Contents, displayable_path};
use super::kind::DataFormat;
use super::preprocessing::preprocess_parts;
use super::progress::{LoadingCallback, Monitor};
use super::raw::{self, DatasetOutline, Part, RawDataset, Values};
use super::{Augmentations, DataError, DataSpec, DataSplit, Dataset, Source};
use super::{cifar, csv_file, mnist, npy, pictures};
use crate::text::Safe;

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
    let raw = read(spec, &mut monitor)?;
    let RawDataset { shape, classes, train, test } = raw;
    check_augmentations(spec, &shape)?;
    let (train_features, test_features) = preprocess_parts(spec.preprocessing, &shape, train.values, test.values);
    let split = |features, labels, augmentations| DataSplit { features, labels, shape: shape.clone(), augmentations };
    Ok(Dataset {
        name: spec.source.name(),
        train: split(train_features, train.labels, spec.augment),
        test: split(test_features, test.labels, Augmentations::default()),
        shape,
        classes,
    })
}

fn read(spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
    let path = match &spec.source {
        Source::FashionMnist => return mnist::open_built_in()?.read(monitor),
        Source::Toy(toy) => {
            let (points, labels) = toy.draw_points(spec);
            let (train, test) = Part { values: Values::Floats(points), labels }.split_off_test(toy.name(), spec)?;
            monitor.report(1.0)?;
            return Ok(RawDataset { shape: vec![2], classes: toy.classes(), train, test });
        }
        Source::Path(path) => path,
    };
    match DataFormat::of(path)? {
        DataFormat::Idx(folder) => mnist::open_folder(&folder)?.read(monitor),
        DataFormat::Cifar(cifar, folder) => cifar.read_folder(&folder, monitor),
        DataFormat::TarArchive(file) => {
            cifar::read_archive(Contents::new(displayable_path(&file), contents::open(&file)?.0)?, monitor)
        }
        DataFormat::Csv(path) => csv_file::read_path(&path, spec, monitor),
        DataFormat::Npy(folder) => npy::NpyFolder::open(&folder)?.read(spec, monitor),
        DataFormat::Pictures(folder) => pictures::read(&folder, spec, monitor),
    }
}

/// Reads no more of what `spec` names than is needed to tell whether a network and a batch size fit.
///
/// That is headers and labels where the format has them, which takes milliseconds; a table must be read whole, and an
/// archive unpacked once in memory.
///
/// # Errors
/// As [`load`], as far as headers and labels show it.
pub fn describe(spec: &DataSpec) -> Result<DatasetOutline, DataError> {
    let mut ignore = |_: &str, _| ControlFlow::Continue(());
    let mut monitor = Monitor::new(&mut ignore, String::new());
    let description = match &spec.source {
        Source::FashionMnist => mnist::open_built_in()?.describe(&mut monitor)?,
        Source::Toy(toy) => {
            let (train, test) = raw::train_and_test_rows(toy.name(), &toy.draw_points(spec).1, spec)?;
            DatasetOutline { shape: vec![2], classes: toy.classes(), train: train.len(), test: test.len() }
        }
        Source::Path(path) => match DataFormat::of(path)? {
            DataFormat::Idx(folder) => mnist::open_folder(&folder)?.describe(&mut monitor)?,
            DataFormat::Cifar(cifar, folder) => cifar.describe_folder(&folder)?,
            DataFormat::TarArchive(file) => {
                cifar::describe_archive(Contents::new(displayable_path(&file), contents::open(&file)?.0)?)?
            }
            DataFormat::Csv(path) => csv_file::describe(&path, spec)?,
            DataFormat::Npy(folder) => npy::NpyFolder::open(&folder)?.describe(spec)?,
            DataFormat::Pictures(folder) => pictures::describe(&folder, spec)?,
        },
    };
    check_augmentations(spec, &description.shape)?;
    Ok(description)
}

fn check_augmentations(spec: &DataSpec, shape: &[usize]) -> Result<(), DataError> {
    spec.augment.why_unsuitable(shape).map_or(Ok(()), |problem| Err(DataError::Augment { problem }))
}
