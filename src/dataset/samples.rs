//! Samples for a network that is trained, read from files and made ready as those were that it was trained on.

use std::fs;
use std::path::Path;

use super::contents::displayable_path;
use super::csv_file::{self, TableSamples};
use super::kind::DataFormat;
use super::labels::{MAX_CLASSES, are_numbered, check_labels};
use super::npy::{self, ArraySamples};
use super::origins::PartOrigins;
use super::pictures::{self, PictureSamples, has_loose_images, is_image_folder};
use super::progress::{LoadingCallback, Monitor};
use super::raw::{RawDataset, Values};
use super::{Augmentations, DataError, DataNote, DataSpec, DataSplit, SamplePreparation, Source, loading};
use crate::files::irregular_kind;
use crate::text::Safe;

/// Samples that are ready for a network.
#[derive(Clone, Debug)]
pub struct InputSamples {
    /// The samples; the label of those whose class is not known is 0.
    pub samples: DataSplit,
    /// The class of each sample, where it is known.
    pub truth: Vec<Option<u8>>,
    /// Where each sample comes from.
    pub origins: Vec<SampleOrigin>,
    /// Names of the files, harmless to show.
    pub files: Vec<String>,
    /// What was left out or assumed.
    pub notes: Vec<DataNote>,
}

/// Where a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleOrigin {
    /// Place of its file among [`InputSamples::files`].
    file: u32,
    place: OriginPlace,
}

/// Which part of its file a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OriginPlace {
    /// All of it.
    Whole,
    /// The row that begins on this line, from 1.
    Line(u32),
    /// The one with this number, from 0.
    Number(u32),
}

impl InputSamples {
    /// No samples.
    fn new(preparation: &SamplePreparation) -> Self {
        let nothing = Values::Bytes(Vec::new());
        let samples = DataSplit {
            features: preparation.apply(nothing),
            labels: Vec::new(),
            shape: preparation.shape().to_vec(),
            augmentations: Augmentations::default(),
            origins: PartOrigins::default(),
        };
        Self { samples, truth: Vec::new(), origins: Vec::new(), files: Vec::new(), notes: Vec::new() }
    }

    /// What a sample is called, harmless to show: `cat.png`, `table.csv:12` for a line, `x.npy[3]` for a number from 0.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn name(&self, sample: usize) -> String {
        let SampleOrigin { file, place } = self.origins[sample];
        let file = &self.files[file as usize];
        match place {
            OriginPlace::Whole => file.clone(),
            OriginPlace::Line(line) => format!("{file}:{line}"),
            OriginPlace::Number(number) => format!("{file}[{number}]"),
        }
    }

    /// The first sample whose class is not known.
    pub fn first_without_class(&self) -> Option<usize> {
        self.truth.iter().position(Option::is_none)
    }

    /// Adds the samples of a file; there are as many places as samples.
    fn add_file(
        &mut self,
        preparation: &SamplePreparation,
        file: String,
        values: Values,
        places: impl Iterator<Item = OriginPlace>,
        labels: Option<&[u8]>,
    ) -> Result<(), DataError> {
        let number = self.files.len() as u32;
        let before = self.origins.len();
        self.origins.extend(places.map(|place| SampleOrigin { file: number, place }));
        match labels {
            Some(labels) => self.truth.extend(labels.iter().copied().map(Some)),
            None => self.truth.resize(self.origins.len(), None),
        }
        self.add_values(preparation, values, before);
        if u32::try_from(self.origins.len()).is_err() {
            return Err(DataError::TooManySamples { file });
        }
        self.files.push(file);
        Ok(())
    }

    /// Adds the values and labels of the samples from the one with the number `first` on.
    fn add_values(&mut self, preparation: &SamplePreparation, values: Values, first: usize) {
        self.samples.features.append(preparation.apply(values));
        self.samples.labels.extend(self.truth[first..].iter().map(|class| class.unwrap_or_default()));
    }
}

/// Reads samples for a network that was trained on others.
///
/// A source is a table, an npy file, an image, a folder of images with or without folders of classes, or all other data
/// that can be trained on but toy problems. Of what has a test part of its own that is read, of all else everything.
/// Columns of tables are found by name; labels become places in the classes of the network, by their names, or by their
/// numbers where the network's classes are numbers.
///
/// # Errors
/// When a file is missing or damaged, or its samples are not like those that were trained on, or a label names no class.
pub fn read_samples(
    sources: &[Source],
    preparation: &SamplePreparation,
    progress: LoadingCallback<'_>,
) -> Result<InputSamples, DataError> {
    let mut samples = InputSamples::new(preparation);
    for (number, source) in sources.iter().enumerate() {
        let mut monitor = Monitor::new(progress, format!("reading {}", Safe(&source.to_string())));
        let share = |number: usize| number as f64 / sources.len() as f64;
        let monitor = monitor.begin_stage(share(number), share(number + 1));
        monitor.report(0.0)?;
        match source {
            Source::Path(path) => read_path(path, preparation, &mut samples, monitor)?,
            Source::FashionMnist => read_test_part(source, preparation, &mut samples, monitor)?,
            Source::Toy(toy) => {
                let problem = "a toy problem has no samples of its own; they are drawn by the settings of a run, and \
                               evaluating that run without other data takes its own test part";
                return Err(DataError::Unfit { path: toy.name().into(), problem: problem.into() });
            }
        }
    }
    Ok(samples)
}

/// What a path can be.
enum InputKind {
    Table,
    Arrays,
    Pictures,
    /// Other data that can be trained on.
    Dataset,
}

impl InputKind {
    fn of(path: &Path) -> Result<Self, DataError> {
        let problem = |problem: String| DataError::Input { path: displayable_path(path), problem };
        let found = fs::metadata(path).map_err(|error| problem(error.to_string()))?;
        if found.is_dir() {
            return Ok(match DataFormat::of(path) {
                Ok(DataFormat::Csv(_)) => Self::Table,
                Ok(DataFormat::Npy(_)) => Self::Arrays,
                Ok(DataFormat::Idx(_) | DataFormat::Cifar(..) | DataFormat::TarArchive(_)) => Self::Dataset,
                Ok(DataFormat::Pictures(_)) => Self::Pictures,
                Err(_) if has_loose_images(path) || is_image_folder(path) => Self::Pictures,
                Err(error @ DataError::Io { .. }) => return Err(error),
                Err(_) => return Err(problem("a folder with no samples in it".into())),
            });
        }
        if let Some(kind) = irregular_kind(found.file_type()) {
            return Err(DataError::NotAFile { file: displayable_path(path), kind });
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "csv" | "tsv" => Ok(Self::Table),
            "npy" => Ok(Self::Arrays),
            _ if pictures::is_image_name(path) => Ok(Self::Pictures),
            _ => match DataFormat::of(path) {
                Ok(_) => Ok(Self::Dataset),
                Err(_) => Err(problem("a file of no kind that is known".into())),
            },
        }
    }
}

fn read_path(
    path: &Path,
    preparation: &SamplePreparation,
    samples: &mut InputSamples,
    monitor: &mut Monitor,
) -> Result<(), DataError> {
    let unfit = |what: &str| {
        let problem = format!("{what}, but the network was trained on {}", describe_samples(preparation));
        DataError::Unfit { path: displayable_path(path), problem }
    };
    match InputKind::of(path)? {
        InputKind::Table => {
            let Some(trained) = preparation.table() else { return Err(unfit("a table")) };
            let TableSamples { file, values, labels, lines } =
                csv_file::read_samples(path, trained, preparation.offsets(), monitor, &mut samples.notes)?;
            let places = lines.into_iter().map(OriginPlace::Line);
            samples.add_file(preparation, file, Values::Numbers(values), places, labels.as_deref())
        }
        InputKind::Arrays => read_arrays(path, preparation, samples, monitor),
        InputKind::Pictures => {
            let Some(shape) = preparation.image_shape() else { return Err(unfit("images")) };
            let (resize, classes) = (preparation.resizes_images(), preparation.classes());
            let PictureSamples { files, pixels, labels } =
                pictures::read_samples(path, shape, resize, classes, monitor, &mut samples.notes)?;
            let (first, before) = (samples.files.len() as u32, samples.truth.len());
            let origins = (first..).take(files.len()).map(|file| SampleOrigin { file, place: OriginPlace::Whole });
            samples.origins.extend(origins);
            samples.files.extend(files);
            samples.truth.extend(labels);
            samples.add_values(preparation, Values::Bytes(pixels), before);
            Ok(())
        }
        InputKind::Dataset => read_test_part(&Source::Path(path.into()), preparation, samples, monitor),
    }
}

fn read_arrays(
    path: &Path,
    preparation: &SamplePreparation,
    samples: &mut InputSamples,
    monitor: &mut Monitor,
) -> Result<(), DataError> {
    let (shape, pixels) = (preparation.shape(), preparation.takes_pixels());
    let ArraySamples { file, values, labels, classes } =
        npy::read_samples(path, shape, pixels, preparation.offsets(), monitor, &mut samples.notes)?;
    if let Some(table) = preparation.table().filter(|table| !table.value_names().is_empty()) {
        let text = format!("{file}: it has no names, so its columns are in the order of {}", table.file());
        samples.notes.push(DataNote::assumed(text));
    }
    let labels = labels.map(|(labels, file)| {
        let count = classes.as_ref().map_or(MAX_CLASSES, Vec::len);
        check_labels(&file, &labels, count, "")?;
        translate_labels(&file, &labels, classes.as_deref(), preparation)
    });
    let labels = labels.transpose()?;
    let count = match &values {
        Values::Bytes(bytes) => bytes.len() / shape.iter().product::<usize>(),
        Values::Numbers(table) => table.rows(),
    };
    let places = (0..count as u32).map(OriginPlace::Number);
    samples.add_file(preparation, file, values, places, labels.as_deref())
}

/// Reads data that can be trained on, and takes the test part.
fn read_test_part(
    source: &Source,
    preparation: &SamplePreparation,
    samples: &mut InputSamples,
    monitor: &mut Monitor,
) -> Result<(), DataError> {
    let spec = DataSpec { source: source.clone(), ..DataSpec::default() };
    let (RawDataset { shape, classes, test, notes, .. }, _) = loading::read(&spec, monitor)?;
    let file = Safe(&source.to_string()).to_string();
    let unfit = |problem: String| {
        let trained = describe_samples(preparation);
        DataError::Unfit { path: file.clone(), problem: format!("{problem}, but the network was trained on {trained}") }
    };
    if shape != preparation.shape() {
        return Err(unfit(format!("samples of the shape {shape:?}")));
    }
    if preparation.takes_pixels() && matches!(test.values, Values::Numbers(_)) {
        return Err(unfit("numbers that are no pixels".into()));
    }
    samples.notes.extend(notes);
    let named = (!are_numbered(&classes)).then_some(&classes[..]);
    let labels = translate_labels(&file, &test.labels, named, preparation)?;
    let places = (0..labels.len() as u32).map(OriginPlace::Number);
    samples.add_file(preparation, file, test.values, places, Some(&labels))
}

/// Labels that count `classes`, or are the classes where these have no names, as labels that count those of the network.
///
/// Names are classes of the same name, to the letter; numbers are classes only of a network whose classes were numbers.
fn translate_labels(
    file: &str,
    labels: &[u8],
    classes: Option<&[String]>,
    preparation: &SamplePreparation,
) -> Result<Vec<u8>, DataError> {
    let own = preparation.classes();
    let place = |label: u8| match classes {
        Some(names) => own.iter().position(|name| *name == names[usize::from(label)]),
        None => preparation.class_of_number(label),
    };
    let mut translated = Vec::with_capacity(labels.len());
    for (item, &label) in labels.iter().enumerate() {
        let Some(class) = place(label) else {
            let name = classes.map_or_else(|| label.to_string(), |names| names[usize::from(label)].clone());
            let advice = if classes.is_none() && !preparation.has_numbered_classes() {
                "; put their names into a classes.txt beside the data, in the order of the numbers"
            } else {
                ""
            };
            let problem = format!(
                "the class \"{name}\" of item {item} is no class of the network; its classes: {}{advice}",
                own.join(", ")
            );
            return Err(DataError::Unfit { path: file.into(), problem });
        };
        translated.push(class as u8);
    }
    Ok(translated)
}

/// `images of 28×28 pixels`, `13 numbers`.
fn describe_samples(preparation: &SamplePreparation) -> String {
    match *preparation.shape() {
        [channels, height, width] if preparation.takes_pixels() => {
            let colours = if channels == 1 { "grey " } else { "" };
            format!("{colours}images of {width}×{height} pixels")
        }
        [count] => format!("samples of {count} numbers"),
        _ => format!("numbers of the shape {:?}, which are no pixels", preparation.shape()),
    }
}
