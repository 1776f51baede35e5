//! Data sets of four IDX files, as MNIST's: built in, or in a folder.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::contents::{WatchedFile, displayable_path};
use super::idx::IdxReader;
use super::labels::{UNNAMED_HINT, check_labels, fashion_classes, guess_classes, read_class_names};
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values};
use super::{DataError, DataNote};

macro_rules! built_in {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../data/fashion-mnist/", $name)).as_slice())
    };
}

/// Names of the four files, each also with a dot before `idx` and with `.gz` at the end.
pub(super) const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The four files of a data set, their headers checked.
pub(super) struct IdxFiles<R> {
    train: IdxPair<R>,
    test: IdxPair<R>,
    names: Option<Vec<String>>,
    notes: Vec<DataNote>,
}

/// The two files of a split.
struct IdxPair<R> {
    images: IdxReader<R>,
    labels: IdxReader<R>,
}

/// A data set of which all but the images has been read and checked.
struct CheckedIdx<R> {
    shape: Vec<usize>,
    classes: Vec<String>,
    train: (IdxReader<R>, Vec<u8>),
    test: (IdxReader<R>, Vec<u8>),
}

/// Share of the work that the labels are, for the progress.
const LABELS_PROGRESS_SHARE: f64 = 0.02;

/// Opens the four files inside the program.
pub(super) fn open_built_in() -> Result<IdxFiles<&'static [u8]>, DataError> {
    let open = |(name, bytes): (&str, &'static [u8]), dimensions| {
        IdxReader::new(name.into(), bytes, bytes.len() as u64, dimensions)
    };
    Ok(IdxFiles {
        train: IdxPair {
            images: open(built_in!("train-images-idx3-ubyte.gz"), 3)?,
            labels: open(built_in!("train-labels-idx1-ubyte.gz"), 1)?,
        },
        test: IdxPair {
            images: open(built_in!("t10k-images-idx3-ubyte.gz"), 3)?,
            labels: open(built_in!("t10k-labels-idx1-ubyte.gz"), 1)?,
        },
        names: Some(fashion_classes()),
        notes: Vec::new(),
    })
}

/// The names that a file may have instead of `name`, and `name` itself.
pub(super) fn candidate_file_names(name: &str) -> [String; 4] {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")]
}

/// Opens the four files of a folder by their usual names.
pub(super) fn open_folder(folder: &Path) -> Result<IdxFiles<BufReader<WatchedFile>>, DataError> {
    let mut notes = Vec::new();
    let mut open = |name: &'static str, dimensions| {
        let found = candidate_file_names(name).into_iter().filter(|name| folder.join(name).exists());
        let [chosen, others @ ..] = &found.collect::<Vec<_>>()[..] else {
            return Err(DataError::MissingIdx { folder: displayable_path(folder), name });
        };
        notes.extend(others.iter().map(|other| DataNote::left_out(format!("{other} is left out; {chosen} is read"))));
        IdxReader::open(&folder.join(chosen), dimensions)
    };
    let train = IdxPair { images: open(FILE_NAMES[0], 3)?, labels: open(FILE_NAMES[1], 1)? };
    let test = IdxPair { images: open(FILE_NAMES[2], 3)?, labels: open(FILE_NAMES[3], 1)? };
    Ok(IdxFiles { names: read_class_names(folder)?, train, test, notes })
}

impl<R: BufRead> IdxFiles<R> {
    /// What headers and labels tell.
    pub fn describe(self, monitor: &mut Monitor) -> Result<DatasetOutline, DataError> {
        let CheckedIdx { shape, classes, train: (_, train), test: (_, test) } = self.check(monitor)?;
        Ok(DatasetOutline { shape, classes, train: train.len(), test: test.len(), bytes_per_value: 1 })
    }

    /// Reads everything.
    pub fn read(mut self, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
        let notes = std::mem::take(&mut self.notes);
        let CheckedIdx { shape, classes, train: (train, train_labels), test: (test, test_labels) } =
            self.check(monitor)?;
        let share = train.item_count() as f64 / (train.item_count() + test.item_count()) as f64;
        let boundary = LABELS_PROGRESS_SHARE + (1.0 - LABELS_PROGRESS_SHARE) * share;
        let train = train.read_elements(monitor.begin_stage(LABELS_PROGRESS_SHARE, boundary))?;
        let test = test.read_elements(monitor.begin_stage(boundary, 1.0))?;
        let part = |values, labels| Part::numbered(Values::Bytes(values), labels);
        let (train, test) = (part(train, train_labels), part(test, test_labels));
        Ok(RawDataset { shape, classes, columns: Vec::new(), train, test, is_split: false, notes })
    }

    /// Reads the labels and makes sure that all parts fit together.
    fn check(self, monitor: &mut Monitor) -> Result<CheckedIdx<R>, DataError> {
        let Self { train, test, names, .. } = self;
        train.check_counts()?;
        test.check_counts()?;
        let size = &train.images.dimensions[1..];
        if test.images.dimensions[1..] != *size {
            let found = test.images.dimensions[1..].to_vec();
            let expected = size.to_vec();
            return Err(DataError::ShapeMismatch { file: test.images.name().into(), found, expected });
        }
        // Grey pictures have one channel.
        let shape = std::iter::once(1).chain(size.iter().map(|&side| side as usize)).collect();
        let label_files = [train.labels.name().to_owned(), test.labels.name().to_owned()];
        let train_labels = train.labels.read_elements(monitor.begin_stage(0.0, LABELS_PROGRESS_SHARE / 2.0))?;
        let test_labels =
            test.labels.read_elements(monitor.begin_stage(LABELS_PROGRESS_SHARE / 2.0, LABELS_PROGRESS_SHARE))?;
        let (classes, hint) = match names {
            Some(names) => (names, ""),
            None => (guess_classes(&train_labels, &label_files[0])?, UNNAMED_HINT),
        };
        for (file, labels) in label_files.iter().zip([&train_labels, &test_labels]) {
            check_labels(file, labels, classes.len(), hint)?;
        }
        Ok(CheckedIdx { shape, classes, train: (train.images, train_labels), test: (test.images, test_labels) })
    }
}

impl<R: BufRead> IdxPair<R> {
    fn check_counts(&self) -> Result<(), DataError> {
        let (image_count, label_count) = (self.images.item_count(), self.labels.item_count());
        if image_count == label_count {
            return Ok(());
        }
        let (images, labels) = (self.images.name().into(), self.labels.name().into());
        Err(DataError::CountMismatch { images, image_count, labels, label_count })
    }
}

/// The folder that training images and labels, test images and labels make up, for the fuzz target.
pub(super) fn fuzz_files(files: [&[u8]; 4]) -> Result<IdxFiles<&[u8]>, DataError> {
    let open = |file: usize, dimensions| {
        let bytes = files[file];
        IdxReader::new("fuzz".into(), bytes, bytes.len() as u64, dimensions)
    };
    let pair = |file| Ok(IdxPair { images: open(file, 3)?, labels: open(file + 1, 1)? });
    Ok(IdxFiles { train: pair(0)?, test: pair(2)?, names: None, notes: Vec::new() })
}
