//! `NumPy`'s own files (format 1.0 to 3.0): `train_x.npy`, `train_y.npy` and, where there is a test part, `test_x.npy`
//! and `test_y.npy` in one folder; also `x_train.npy` and so on, in any case.
//!
//! `x` has the samples along its first axis: `(n, d)` is numbers, `(n, height, width)` grey images, `(n, channels,
//! height, width)` or `(n, height, width, channels)` images of several channels. What the numbers are decides, not the
//! type they are stored in: images of whole numbers from 0 to 255 are pixels. `y` has whole numbers from 0.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::contents::{self, CHUNK_BYTES, Contents, MAX_BYTES, WatchedFile, displayable_path};
use super::labels::{UNNAMED_HINT, check_labels, guess_classes, read_class_names};
use super::numbers::NumberTable;
use super::part_files::{TEST_NAMES, TRAIN_NAMES, find_named, list_data_files, note_unused_files};
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values, train_and_test_rows};
use super::{DataError, DataNote, DataSpec};
use crate::memory::check_memory;
use header::NpyHeader;
use pixels::{SampleLayout, channels_first, settle_pixels};
pub(super) use samples::{ArraySamples, read_samples};

mod element;
mod header;
mod pixels;
mod samples;

/// Bytes before the header's text: magic, version, and the longer form of its length.
const MAX_PREFIX_BYTES: usize = 12;

/// Most bytes of a header; `NumPy` pads to 64 and never comes near.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// A file whose header has been read and checked, and whose elements have not been read.
pub(super) struct NpyReader<R> {
    contents: Contents<R>,
    header: NpyHeader,
}

impl NpyReader<BufReader<WatchedFile>> {
    /// Opens a file and checks its header.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let (handle, length) = contents::open(path)?;
        Self::new(displayable_path(path), handle, length)
    }
}

impl<R: BufRead> NpyReader<R> {
    /// Reads and checks the header of `source`, which holds `length` bytes.
    pub fn new(file: String, source: R, length: u64) -> Result<Self, DataError> {
        let mut contents = Contents::of_plain(file, source);
        let wrong = |problem: String| DataError::Npy { file: String::new(), problem };
        let header = Self::read_header(&mut contents).and_then(|text| NpyHeader::parse(&text).map_err(wrong));
        let header = header.map_err(|error| match error {
            DataError::Npy { problem, .. } => DataError::Npy { file: contents.file().into(), problem },
            other => other,
        })?;
        let reader = Self { contents, header };
        let bytes = reader
            .header
            .element_count()
            .and_then(|count| count.checked_mul(reader.header.element.size_in_bytes() as u64));
        let Some(bytes) = bytes.filter(|&bytes| bytes <= MAX_BYTES.min(usize::MAX as u64)) else {
            let shape = &reader.header.shape;
            return Err(reader.error_in_file(format!("shape {shape:?} is more than the 4 GiB that are read at most")));
        };
        if bytes == 0 {
            return Err(reader.error_in_file(format!("shape {:?}, so there is nothing in it", reader.header.shape)));
        }
        let expected = reader.contents.position() + bytes;
        let file = || reader.contents.file().to_owned();
        if length < expected {
            return Err(DataError::Short { file: file(), found: length, expected });
        }
        if length > expected {
            return Err(DataError::Long { file: file(), expected });
        }
        Ok(reader)
    }

    /// The text of the header.
    fn read_header(contents: &mut Contents<R>) -> Result<String, DataError> {
        let problem = |problem: &str| Err(DataError::Npy { file: String::new(), problem: problem.into() });
        let mut prefix = [0; MAX_PREFIX_BYTES];
        let came = contents.read(&mut prefix[..10])?;
        if came < 10 || !prefix.starts_with(b"\x93NUMPY") {
            return problem("does not begin as an npy file does");
        }
        let length = match prefix[6] {
            1 => u64::from(u16::from_le_bytes([prefix[8], prefix[9]])),
            2 | 3 => {
                contents.read(&mut prefix[10..])?;
                u64::from(u32::from_le_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]))
            }
            _ => return problem("has a version that is not known; valid: 1 to 3"),
        };
        if length > MAX_HEADER_BYTES {
            return problem("has a header of more than 64 KiB");
        }
        let mut text = vec![0; length as usize];
        if contents.read(&mut text)? < text.len() {
            return problem("ends within its header");
        }
        String::from_utf8(text).or_else(|_| problem("has a header that is not text"))
    }

    /// Number of samples.
    fn sample_count(&self) -> u64 {
        self.header.shape.first().copied().unwrap_or(1)
    }

    fn error_in_file(&self, problem: String) -> DataError {
        DataError::Npy { file: self.contents.file().into(), problem }
    }

    /// The shape of a sample and how it is stored.
    fn sample_layout(&self) -> Result<SampleLayout, DataError> {
        let sides: Vec<usize> = self.header.shape.iter().skip(1).map(|&side| side as usize).collect();
        SampleLayout::of(&sides).ok_or_else(|| {
            let dimensions = self.header.shape.len();
            self.error_in_file(format!("{dimensions} axes; valid: 2 to 4, the first of which counts the samples"))
        })
    }

    /// Hands every element to `take`, with its position.
    fn for_each_element(
        &mut self,
        monitor: &mut Monitor,
        mut take: impl FnMut(u64, [u8; 8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let (size, total) = (self.header.element.size_in_bytes(), self.header.element_count().unwrap_or_default());
        let mut buffer = vec![0; (1 << 16).min(total as usize * size)];
        let mut position = 0;
        while position < total {
            if (position as usize * size).is_multiple_of(CHUNK_BYTES) {
                monitor.report(position as f64 / total as f64)?;
            }
            let wanted = buffer.len().min((total - position) as usize * size);
            if self.contents.read(&mut buffer[..wanted])? < wanted {
                let (file, found) = (self.contents.file().to_owned(), self.contents.position());
                let expected = found + (total - position) * size as u64;
                return Err(DataError::Short { file, found, expected });
            }
            for bytes in buffer[..wanted].chunks_exact(size) {
                let mut word = [0; 8];
                word[..size].copy_from_slice(bytes);
                if self.header.big_endian {
                    word[..size].reverse();
                }
                take(position, word)?;
                position += 1;
            }
        }
        monitor.report(1.0)
    }

    /// Reads samples, with the channels of images first. Bytes of images stay bytes; what they mean is settled by
    /// [`settle_pixels`].
    ///
    /// Numbers are rounded relative to `offsets`, those of the training table; of its own if there are none.
    pub fn read_values(mut self, offsets: &[f64], monitor: &mut Monitor) -> Result<Values, DataError> {
        let SampleLayout { shape, channels_last, .. } = self.sample_layout()?;
        if self.header.bytes_per_value() == 1 {
            let mut bytes = Vec::new();
            let count = self.header.element_count().unwrap_or_default();
            if (self.contents.read_onto(&mut bytes, count as usize, monitor)? as u64) < count {
                let (file, found) = (self.contents.file().to_owned(), self.contents.position());
                return Err(DataError::Short { file, found, expected: count });
            }
            monitor.report(1.0)?;
            return Ok(Values::Bytes(if channels_last { channels_first(&bytes, &shape) } else { bytes }));
        }
        let (element, file) = (self.header.element, self.contents.file().to_owned());
        let features: usize = shape.iter().product();
        let bytes = self.header.element_count().unwrap_or_default().saturating_mul(size_of::<f32>() as u64);
        check_memory(bytes).map_err(DataError::of_memory(&file))?;
        let mut table = NumberTable::builder(&shape).with_offsets(offsets);
        let mut row = Vec::with_capacity(features);
        self.for_each_element(monitor, |position, word| {
            let number = element.decode_number(word);
            if !(number as f32).is_finite() {
                let (row, column) = (position / features as u64, position % features as u64);
                return Err(DataError::Npy {
                    file: file.clone(),
                    problem: format!("value {column} of sample {row} is {number} as f32; it must be finite"),
                });
            }
            row.push(number);
            if row.len() == features {
                table.reserve_row().map_err(DataError::of_memory(&file))?;
                if channels_last {
                    row = channels_first(&row, &shape);
                }
                table.push_row(row.drain(..));
            }
            Ok(())
        })?;
        Ok(Values::Numbers(table.finish()))
    }

    /// Reads labels.
    pub fn read_labels(mut self, monitor: &mut Monitor) -> Result<Vec<u8>, DataError> {
        let (element, file) = (self.header.element, self.contents.file().to_owned());
        if element.is_float() {
            let bits = 8 * element.size_in_bytes();
            return Err(self.error_in_file(format!(
                "labels are whole numbers, but these are stored as float{bits}; save y.astype(numpy.int64), or for classes \
                 that are told by a column each y.argmax(1)"
            )));
        }
        if !matches!(self.header.shape[..], [_] | [_, 1]) {
            let shape = &self.header.shape;
            let advice = if shape.len() == 2 { "; save y.argmax(1) if each column stands for a class" } else { "" };
            return Err(self.error_in_file(format!(
                "labels of shape {shape:?}; valid: one axis, with a label for each sample{advice}"
            )));
        }
        let mut labels = Vec::new();
        self.for_each_element(monitor, |position, word| {
            let label = element.decode_integer(word);
            let byte = u8::try_from(label);
            labels.push(byte.map_err(|_| DataError::ImpossibleLabel { file: file.clone(), item: position, label })?);
            Ok(())
        })?;
        Ok(labels)
    }
}

/// The names, in lower case, that the values and labels of the part called `part` may have.
fn pair_names(part: &str) -> [[String; 2]; 2] {
    [["x", "y"].map(|kind| format!("{part}_{kind}.npy")), ["x", "y"].map(|kind| format!("{kind}_{part}.npy"))]
}

/// Whether a folder with these files has arrays of training samples.
pub(super) fn is_array_folder(files: &[PathBuf]) -> bool {
    TRAIN_NAMES.iter().flat_map(|part| pair_names(part)).any(|[values, _]| find_named(files, &values).is_some())
}

/// Samples and labels that belong together, of which the labels have been read.
struct NpyPair<R> {
    values: NpyReader<R>,
    labels: Vec<u8>,
    label_file: String,
    layout: SampleLayout,
}

impl NpyPair<BufReader<WatchedFile>> {
    /// The pair of the part called `part`; `None` if neither file of it is there.
    fn open(folder: &Path, files: &[PathBuf], part: &str, used: &mut Vec<PathBuf>) -> Result<Option<Self>, DataError> {
        let Some(names) =
            pair_names(part).into_iter().find(|names| names.iter().any(|name| find_named(files, name).is_some()))
        else {
            return Ok(None);
        };
        let mut open = |name: String| match find_named(files, &name) {
            Some(path) => {
                used.push(path.clone());
                NpyReader::open(path)
            }
            None => Err(DataError::Missing { folder: displayable_path(folder), name }),
        };
        let [values, labels] = names;
        Self::join(open(values)?, open(labels)?).map(Some)
    }

    /// The pair of the first of these parts that is there.
    fn open_first(
        folder: &Path,
        files: &[PathBuf],
        parts: &[&str],
        used: &mut Vec<PathBuf>,
    ) -> Result<Option<Self>, DataError> {
        for part in parts {
            if let Some(pair) = Self::open(folder, files, part, used)? {
                return Ok(Some(pair));
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> NpyPair<R> {
    /// Makes sure that both belong together, and reads the labels.
    fn join(values: NpyReader<R>, labels: NpyReader<R>) -> Result<Self, DataError> {
        let (image_count, label_count) = (values.sample_count(), labels.sample_count());
        let layout = values.sample_layout()?;
        let label_file = labels.contents.file().to_owned();
        if image_count != label_count {
            let images = values.contents.file().to_owned();
            return Err(DataError::CountMismatch { images, image_count, labels: label_file, label_count });
        }
        let mut ignore = |_: &str, _| std::ops::ControlFlow::Continue(());
        let labels = labels.read_labels(&mut Monitor::new(&mut ignore, String::new()))?;
        Ok(Self { values, labels, label_file, layout })
    }
}

/// A folder of which all but the samples has been read and checked.
pub(super) struct NpyFolder<R> {
    name: String,
    classes: Vec<String>,
    train: NpyPair<R>,
    test: Option<NpyPair<R>>,
    notes: Vec<DataNote>,
}

impl NpyFolder<BufReader<WatchedFile>> {
    /// Opens the files of a folder.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let files = list_data_files(folder)?;
        let mut used = Vec::new();
        let Some(train) = NpyPair::open_first(folder, &files, &TRAIN_NAMES, &mut used)? else {
            return Err(DataError::Missing { folder: displayable_path(folder), name: "train_x.npy".into() });
        };
        let test = NpyPair::open_first(folder, &files, &TEST_NAMES, &mut used)?;
        let used: Vec<&Path> = used.iter().map(PathBuf::as_path).collect();
        let note = note_unused_files(&files, &used, test.is_none());
        let mut assembled = Self::assemble(displayable_path(folder), train, test, read_class_names(folder)?)?;
        assembled.notes.extend(note);
        Ok(assembled)
    }
}

impl<R: BufRead> NpyFolder<R> {
    /// The folder called `name` with these files, and the names of the classes if it has them.
    fn assemble(
        name: String,
        train: NpyPair<R>,
        test: Option<NpyPair<R>>,
        names: Option<Vec<String>>,
    ) -> Result<Self, DataError> {
        let (classes, hint) = match names {
            Some(names) => (names, ""),
            None => (guess_classes(&train.labels, &train.label_file)?, UNNAMED_HINT),
        };
        for pair in std::iter::once(&train).chain(&test) {
            check_labels(&pair.label_file, &pair.labels, classes.len(), hint)?;
        }
        if let Some(test) = &test {
            let sides = |pair: &NpyPair<R>| pair.layout.shape.iter().map(|&side| side as u32).collect::<Vec<_>>();
            if test.layout.shape != train.layout.shape {
                let file = test.values.contents.file().to_owned();
                return Err(DataError::ShapeMismatch { file, found: sides(test), expected: sides(&train) });
            }
        }
        Ok(Self { name, classes, train, test, notes: Vec::new() })
    }

    /// What headers and labels tell.
    pub fn describe(self, spec: &DataSpec) -> Result<DatasetOutline, DataError> {
        let (train, test) = if let Some(test) = &self.test {
            (self.train.labels.len(), test.labels.len())
        } else {
            let (train, test) = train_and_test_rows(&self.name, &self.train.labels, spec)?;
            (train.len(), test.len())
        };
        let pairs = std::iter::once(&self.train).chain(&self.test);
        let bytes_per_value = pairs.map(|pair| pair.values.header.bytes_per_value()).max().unwrap_or(1);
        Ok(DatasetOutline { shape: self.train.layout.shape, classes: self.classes, train, test, bytes_per_value })
    }

    /// Reads everything.
    pub fn read(self, spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
        let Self { name, classes, train, test, mut notes } = self;
        let is_split = test.is_none();
        let shape = train.layout.shape.clone();
        let train_file = train.values.contents.file().to_owned();
        notes.extend(train.layout.note(&train_file));
        let boundary = match &test {
            Some(test) => train.labels.len() as f64 / (train.labels.len() + test.labels.len()) as f64,
            None => 1.0,
        };
        let train_values = train.values.read_values(&[], monitor.begin_stage(0.0, boundary))?;
        let (train, test) = if let Some(NpyPair { values, labels, layout, .. }) = test {
            if layout != train.layout {
                notes.extend(layout.note(values.contents.file()));
            }
            let offsets = train_values.first_offsets();
            let test_values = values.read_values(offsets, monitor.begin_stage(boundary, 1.0))?;
            let (train_values, test_values) = settle_pixels(train_values, test_values, &shape, &mut notes);
            (Part::numbered(train_values, train.labels), Part::numbered(test_values, labels))
        } else {
            let nothing = Values::Numbers(NumberTable::default());
            let (values, _) = settle_pixels(train_values, nothing, &shape, &mut notes);
            Part::of_array(values, train.labels, &train_file).split_off_test(shape.iter().product(), &name, spec)?
        };
        Ok(RawDataset { shape, classes, columns: Vec::new(), train, test, is_split, notes })
    }
}

/// Takes `files` for the samples and labels of training and, if there are more than two, of testing, for the fuzz target.
pub(super) fn fuzz_folder<'a>(files: &[&'a [u8]]) -> Result<NpyFolder<&'a [u8]>, DataError> {
    let open = |index: usize| {
        let bytes: &'a [u8] = files.get(index).copied().unwrap_or_default();
        NpyReader::new("fuzz".into(), bytes, bytes.len() as u64)
    };
    let pair = |index| NpyPair::join(open(index)?, open(index + 1)?);
    let (train, test) = (pair(0)?, if files.len() > 2 { Some(pair(2)?) } else { None });
    NpyFolder::assemble("fuzz".into(), train, test, None)
}
