//! From the four files of an IDX data set, built in or in a folder, to a [`Dataset`].

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::Crc;

use super::idx::IdxReader;
use super::preprocessing::byte_table;
use super::{DataError, DataSpec, Dataset, Features, Source, Split};
use crate::text::Safe;

/// The callback that hears how far loading has come and may end it: what is being done, and the share that is done.
pub type Progress<'a> = &'a mut dyn FnMut(&str, Option<f64>) -> ControlFlow<()>;

/// Carries the share of one file to the share of the whole.
pub(super) struct Monitor<'a> {
    progress: Progress<'a>,
    what: String,
    from: f64,
    to: f64,
}

impl<'a> Monitor<'a> {
    pub fn new(progress: Progress<'a>, what: String) -> Self {
        Self { progress, what, from: 0.0, to: 1.0 }
    }

    /// Begins the part of the work that lies between two shares of the whole.
    fn stage(&mut self, from: f64, to: f64) -> &mut Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Reports the share of this stage that is done.
    pub fn report(&mut self, fraction: f64) -> Result<(), DataError> {
        match (self.progress)(&self.what, Some(self.from + (self.to - self.from) * fraction)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(DataError::Interrupted),
        }
    }
}

/// The names of Fashion-MNIST's classes.
const FASHION_CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// CRC-32 of the 60,000 training labels of the full Fashion-MNIST, by which a folder that holds it is known.
const FASHION_LABELS_CRC: u32 = 0x2ed6_e46a;

macro_rules! built_in {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../data/fashion-mnist/", $name)).as_slice())
    };
}

/// Loads what `spec` names.
///
/// `progress` is called at least once for every megabyte; when it breaks, loading ends with
/// [`DataError::Interrupted`].
///
/// # Errors
/// When a file is missing, damaged or not what it should be.
pub fn load(spec: &DataSpec, progress: Progress<'_>) -> Result<Dataset, DataError> {
    let mut monitor = Monitor::new(progress, format!("reading {}", Safe(&spec.source.to_string())));
    monitor.report(0.0)?;
    match &spec.source {
        Source::FashionMnist => open_built_in()?.check(Some(fashion_classes()), &mut monitor)?.load(spec, &mut monitor),
        Source::Idx(folder) => {
            let classes = read_class_names(&folder.join("classes.txt"))?;
            open_folder(folder)?.check(classes, &mut monitor)?.load(spec, &mut monitor)
        }
    }
}

/// What is known of a data set before its images are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Shape of one sample, as [`Dataset::shape`].
    pub shape: Vec<usize>,
    /// Names of the classes, as [`Dataset::classes`].
    pub classes: Vec<String>,
    /// Number of training samples.
    pub train: usize,
    /// Number of test samples.
    pub test: usize,
}

/// Reads only headers and labels of what `source` names, which takes milliseconds: enough to tell whether a network
/// and a batch size fit.
///
/// # Errors
/// As [`load`], as far as headers and labels show it.
pub fn describe(source: &Source) -> Result<Description, DataError> {
    let mut ignore = |_: &str, _| ControlFlow::Continue(());
    let mut monitor = Monitor::new(&mut ignore, String::new());
    match source {
        Source::FashionMnist => Ok(open_built_in()?.check(Some(fashion_classes()), &mut monitor)?.description()),
        Source::Idx(folder) => {
            let classes = read_class_names(&folder.join("classes.txt"))?;
            Ok(open_folder(folder)?.check(classes, &mut monitor)?.description())
        }
    }
}

/// The four files of a data set, their headers checked.
struct Files<R> {
    train: Pair<R>,
    test: Pair<R>,
}

/// The two files of a split.
struct Pair<R> {
    images: IdxReader<R>,
    labels: IdxReader<R>,
}

/// A data set of which all but the images has been read and checked.
struct Checked<R> {
    shape: Vec<usize>,
    classes: Vec<String>,
    train: (IdxReader<R>, Vec<u8>),
    test: (IdxReader<R>, Vec<u8>),
}

/// Share of the work that the labels are, for the progress.
const LABELS_SHARE: f64 = 0.02;

impl<R: BufRead> Files<R> {
    /// Reads the labels and makes sure that all parts fit together.
    fn check(self, names: Option<Vec<String>>, monitor: &mut Monitor) -> Result<Checked<R>, DataError> {
        let Self { train, test } = self;
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
        let train_labels = train.labels.read_elements(monitor.stage(0.0, LABELS_SHARE / 2.0))?;
        let test_labels = test.labels.read_elements(monitor.stage(LABELS_SHARE / 2.0, LABELS_SHARE))?;
        let classes = match names {
            Some(names) => names,
            None => guess_classes(&train_labels, &label_files[0])?,
        };
        for (file, labels) in label_files.iter().zip([&train_labels, &test_labels]) {
            check_labels(file, labels, classes.len())?;
        }
        Ok(Checked { shape, classes, train: (train.images, train_labels), test: (test.images, test_labels) })
    }
}

impl<R: BufRead> Checked<R> {
    fn description(&self) -> Description {
        let Self { shape, classes, train: (_, train), test: (_, test) } = self;
        Description { shape: shape.clone(), classes: classes.clone(), train: train.len(), test: test.len() }
    }

    /// Reads the images.
    fn load(self, spec: &DataSpec, monitor: &mut Monitor) -> Result<Dataset, DataError> {
        let Self { shape, classes, train: (train, train_labels), test: (test, test_labels) } = self;
        let share = train.items() as f64 / (train.items() + test.items()) as f64;
        let boundary = LABELS_SHARE + (1.0 - LABELS_SHARE) * share;
        let train = train.read_elements(monitor.stage(LABELS_SHARE, boundary))?;
        let test = test.read_elements(monitor.stage(boundary, 1.0))?;
        let table = byte_table(spec.preprocessing, &train);
        let split = |values, labels| Split { features: Features::Bytes { values, table: Box::new(table) }, labels };
        let (train, test) = (split(train, train_labels), split(test, test_labels));
        Ok(Dataset { name: spec.source.name(), shape, classes, train, test })
    }
}

impl<R: BufRead> Pair<R> {
    fn check_counts(&self) -> Result<(), DataError> {
        let (image_count, label_count) = (self.images.items(), self.labels.items());
        if image_count == label_count {
            return Ok(());
        }
        let (images, labels) = (self.images.name().into(), self.labels.name().into());
        Err(DataError::CountMismatch { images, image_count, labels, label_count })
    }
}

/// The classes of training labels that came without names: those of Fashion-MNIST if they are its, else numbers.
///
/// There are as many as distinct labels, 0 counted also where it is not used, so that one stray label is out of
/// range instead of stretching the classes to reach it.
fn guess_classes(labels: &[u8], file: &str) -> Result<Vec<String>, DataError> {
    let mut crc = Crc::new();
    crc.update(labels);
    if crc.sum() == FASHION_LABELS_CRC {
        return Ok(fashion_classes());
    }
    let mut seen = [false; 256];
    for &label in labels {
        seen[label as usize] = true;
    }
    if seen.iter().filter(|&&seen| seen).count() == 1 {
        return Err(DataError::OneClass { file: file.into(), label: labels[0] });
    }
    seen[0] = true;
    Ok((0..seen.iter().filter(|&&seen| seen).count()).map(|class| class.to_string()).collect())
}

fn check_labels(file: &str, labels: &[u8], classes: usize) -> Result<(), DataError> {
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(item) => Err(DataError::Label { file: file.into(), item: item as u64, label: labels[item], classes }),
        None => Ok(()),
    }
}

/// Most bytes of a list of class names.
const MAX_NAMES: u64 = 1 << 16;

/// Reads `classes.txt`, one name a line, if it is there.
fn read_class_names(path: &Path) -> Result<Option<Vec<String>>, DataError> {
    let file = Safe(&path.to_string_lossy()).to_string();
    let io = |source| DataError::Io { file: file.clone(), source };
    let problem = |problem: String| Err(DataError::ClassNames { file: file.clone(), problem });
    if !path.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|handle| handle.take(MAX_NAMES + 1).read_to_end(&mut bytes)).map_err(io)?;
    if bytes.len() as u64 > MAX_NAMES {
        return problem(format!("longer than {MAX_NAMES} bytes"));
    }
    let Ok(text) = String::from_utf8(bytes) else { return problem("not UTF-8".into()) };
    let names: Vec<String> = text.trim().lines().map(|line| Safe(line.trim()).to_string()).collect();
    if let Some(line) = names.iter().position(String::is_empty) {
        return problem(format!("line {} is empty", line + 1));
    }
    if !(2..=256).contains(&names.len()) {
        return problem(format!("{} names", names.len()));
    }
    Ok(Some(names))
}

fn fashion_classes() -> Vec<String> {
    FASHION_CLASSES.map(String::from).to_vec()
}

/// Opens the four files inside the program.
fn open_built_in() -> Result<Files<&'static [u8]>, DataError> {
    let open = |(name, bytes): (&str, &'static [u8]), dimensions| {
        IdxReader::new(name.into(), bytes, bytes.len() as u64, dimensions)
    };
    Ok(Files {
        train: Pair {
            images: open(built_in!("train-images-idx3-ubyte.gz"), 3)?,
            labels: open(built_in!("train-labels-idx1-ubyte.gz"), 1)?,
        },
        test: Pair {
            images: open(built_in!("t10k-images-idx3-ubyte.gz"), 3)?,
            labels: open(built_in!("t10k-labels-idx1-ubyte.gz"), 1)?,
        },
    })
}

/// Opens the four files of a folder by their usual names.
fn open_folder(folder: &Path) -> Result<Files<BufReader<File>>, DataError> {
    if !fs::metadata(folder).is_ok_and(|data| data.is_dir()) {
        return Err(DataError::NotAFolder { folder: Safe(&folder.to_string_lossy()).to_string() });
    }
    let open = |name: &'static str, dimensions| {
        let dotted = name.replace("-idx", ".idx");
        let candidates = [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")];
        match candidates.iter().map(|name| folder.join(name)).find(|path| path.exists()) {
            Some(path) => IdxReader::open(&path, dimensions),
            None => Err(DataError::Missing { folder: Safe(&folder.to_string_lossy()).to_string(), name }),
        }
    };
    Ok(Files {
        train: Pair { images: open("train-images-idx3-ubyte", 3)?, labels: open("train-labels-idx1-ubyte", 1)? },
        test: Pair { images: open("t10k-images-idx3-ubyte", 3)?, labels: open("t10k-labels-idx1-ubyte", 1)? },
    })
}
