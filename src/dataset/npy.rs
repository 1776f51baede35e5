//! `NumPy`'s own files (format 1.0 to 3.0): `train_x.npy`, `train_y.npy` and, where there is a test part, `test_x.npy`
//! and `test_y.npy` in one folder.
//!
//! `x` has the samples along its first axis: `(n, d)` is numbers, `(n, height, width)` grey images, `(n, channels,
//! height, width)` or `(n, height, width, channels)` images of several channels. Bytes are taken as pixels, other
//! types as numbers. `y` has whole numbers from 0.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::contents::{self, CHUNK_BYTES, Contents, MAX_BYTES, displayable_path};
use super::labels::{check_labels, guess_classes, read_class_names};
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values, train_and_test_rows};
use super::{DataError, DataSpec};
use header::NpyHeader;

mod header;

/// The name by which a folder is known to hold npy files.
pub(super) const TRAIN_VALUES: &str = "train_x.npy";

/// Bytes before the header's text: magic, version, and the longer form of its length.
const MAX_PREFIX_BYTES: usize = 12;

/// Most bytes of a header; `NumPy` pads to 64 and never comes near.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// Types of elements that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NpyElement {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl NpyElement {
    /// Bytes of one.
    const fn size_in_bytes(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The whole number in `word`, little-endian in its first bytes; what is above an `i64` is its largest.
    fn decode_integer(self, word: [u8; 8]) -> i64 {
        let [a, b, c, d, ..] = word;
        match self {
            Self::I8 => i64::from(i8::from_le_bytes([a])),
            Self::I16 => i64::from(i16::from_le_bytes([a, b])),
            Self::I32 => i64::from(i32::from_le_bytes([a, b, c, d])),
            Self::I64 => i64::from_le_bytes(word),
            // The bytes above the number are 0.
            _ => i64::try_from(u64::from_le_bytes(word)).unwrap_or(i64::MAX),
        }
    }

    fn decode_float(self, word: [u8; 8]) -> f32 {
        let [a, b, c, d, ..] = word;
        match self {
            Self::F32 => f32::from_le_bytes([a, b, c, d]),
            Self::F64 => f64::from_le_bytes(word) as f32,
            Self::U64 => u64::from_le_bytes(word) as f32,
            _ => self.decode_integer(word) as f32,
        }
    }
}

/// A file whose header has been read and checked, and whose elements have not been read.
pub(super) struct NpyReader<R> {
    contents: Contents<R>,
    header: NpyHeader,
}

impl NpyReader<BufReader<File>> {
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

    /// The shape of a sample, and whether its channels come last in the file.
    fn sample_shape(&self) -> Result<(Vec<usize>, bool), DataError> {
        let sides: Vec<usize> = self.header.shape.iter().skip(1).map(|&side| side as usize).collect();
        match sides[..] {
            [features] => Ok((vec![features], false)),
            [height, width] => Ok((vec![1, height, width], false)),
            [height, width, channels] if [1, 3, 4].contains(&channels) && ![1, 3, 4].contains(&height) => {
                Ok((vec![channels, height, width], true))
            }
            [_, _, _] => Ok((sides, false)),
            _ => {
                let dimensions = self.header.shape.len();
                Err(self
                    .error_in_file(format!("{dimensions} axes; valid: 2 to 4, the first of which counts the samples")))
            }
        }
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

    /// Reads samples, with the channels of images first.
    pub fn read_values(mut self, monitor: &mut Monitor) -> Result<Values, DataError> {
        let (shape, channels_last) = self.sample_shape()?;
        if self.header.element == NpyElement::U8 {
            let mut bytes = Vec::new();
            let count = self.header.element_count().unwrap_or_default();
            if (self.contents.append(&mut bytes, count as usize, monitor)? as u64) < count {
                let (file, found) = (self.contents.file().to_owned(), self.contents.position());
                return Err(DataError::Short { file, found, expected: count });
            }
            monitor.report(1.0)?;
            return Ok(Values::Bytes(if channels_last { channels_first(bytes, &shape) } else { bytes }));
        }
        let (element, file) = (self.header.element, self.contents.file().to_owned());
        let features: usize = shape.iter().product();
        let mut numbers = Vec::new();
        self.for_each_element(monitor, |position, word| {
            let number = element.decode_float(word);
            if !number.is_finite() {
                let (row, column) = (position / features as u64, position % features as u64);
                return Err(DataError::Npy {
                    file: file.clone(),
                    problem: format!("value {column} of sample {row} is {number} as f32; it must be finite"),
                });
            }
            numbers.push(number);
            Ok(())
        })?;
        Ok(Values::Floats(if channels_last { channels_first(numbers, &shape) } else { numbers }))
    }

    /// Reads labels.
    pub fn read_labels(mut self, monitor: &mut Monitor) -> Result<Vec<u8>, DataError> {
        let (element, file) = (self.header.element, self.contents.file().to_owned());
        if element.is_float() {
            return Err(self.error_in_file("labels are whole numbers, but these have a fraction".into()));
        }
        if !matches!(self.header.shape[..], [_] | [_, 1]) {
            let shape = &self.header.shape;
            return Err(
                self.error_in_file(format!("labels of shape {shape:?}; valid: one axis, with a label for each sample"))
            );
        }
        let mut labels = Vec::new();
        self.for_each_element(monitor, |position, word| {
            let label = element.decode_integer(word);
            let byte = u8::try_from(label);
            labels.push(byte.map_err(|_| DataError::Label {
                file: file.clone(),
                item: position,
                label,
                classes: 256,
            })?);
            Ok(())
        })?;
        Ok(labels)
    }
}

/// Puts `height × width × channels` into `channels × height × width`.
fn channels_first<T: Copy>(values: Vec<T>, shape: &[usize]) -> Vec<T> {
    let (channels, plane) = (shape[0], shape[1] * shape[2]);
    if channels == 1 {
        return values;
    }
    let mut out = Vec::with_capacity(values.len());
    for image in values.chunks_exact(channels * plane) {
        out.extend((0..channels).flat_map(|channel| image.iter().skip(channel).step_by(channels)));
    }
    out
}

/// Samples and labels that belong together, of which the labels have been read.
struct NpyPair {
    values: NpyReader<BufReader<File>>,
    labels: Vec<u8>,
    label_file: String,
    shape: Vec<usize>,
}

impl NpyPair {
    fn open(folder: &Path, values: &'static str, labels: &'static str) -> Result<Self, DataError> {
        let open = |name: &'static str| {
            let path = folder.join(name);
            if path.exists() {
                NpyReader::open(&path)
            } else {
                Err(DataError::Missing { folder: displayable_path(folder), name })
            }
        };
        let (values, labels) = (open(values)?, open(labels)?);
        let (image_count, label_count) = (values.sample_count(), labels.sample_count());
        let (shape, _) = values.sample_shape()?;
        let label_file = labels.contents.file().to_owned();
        if image_count != label_count {
            let images = values.contents.file().to_owned();
            return Err(DataError::CountMismatch { images, image_count, labels: label_file, label_count });
        }
        let mut ignore = |_: &str, _| std::ops::ControlFlow::Continue(());
        let labels = labels.read_labels(&mut Monitor::new(&mut ignore, String::new()))?;
        Ok(Self { values, labels, label_file, shape })
    }
}

/// A folder of which all but the samples has been read and checked.
pub(super) struct NpyFolder {
    name: String,
    classes: Vec<String>,
    train: NpyPair,
    test: Option<NpyPair>,
}

impl NpyFolder {
    /// Opens the files of a folder.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        let train = NpyPair::open(folder, TRAIN_VALUES, "train_y.npy")?;
        let (values, labels) = ("test_x.npy", "test_y.npy");
        let there = [values, labels].iter().any(|name| folder.join(name).exists());
        let test = if there { Some(NpyPair::open(folder, values, labels)?) } else { None };
        let classes = match read_class_names(folder)? {
            Some(names) => names,
            None => guess_classes(&train.labels, &train.label_file)?,
        };
        for pair in std::iter::once(&train).chain(&test) {
            check_labels(&pair.label_file, &pair.labels, classes.len())?;
        }
        if let Some(test) = &test {
            let sides = |pair: &NpyPair| pair.shape.iter().map(|&side| side as u32).collect::<Vec<_>>();
            if test.shape != train.shape {
                let file = test.values.contents.file().to_owned();
                return Err(DataError::ShapeMismatch { file, found: sides(test), expected: sides(&train) });
            }
        }
        Ok(Self { name: displayable_path(folder), classes, train, test })
    }

    /// What headers and labels tell.
    pub fn describe(self, spec: &DataSpec) -> Result<DatasetOutline, DataError> {
        let (train, test) = if let Some(test) = &self.test {
            (self.train.labels.len(), test.labels.len())
        } else {
            let (train, test) = train_and_test_rows(&self.name, &self.train.labels, spec)?;
            (train.len(), test.len())
        };
        Ok(DatasetOutline { shape: self.train.shape, classes: self.classes, train, test })
    }

    /// Reads everything.
    pub fn read(self, spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
        let Self { name, classes, train, test } = self;
        let shape = train.shape;
        let boundary = match &test {
            Some(test) => train.labels.len() as f64 / (train.labels.len() + test.labels.len()) as f64,
            None => 1.0,
        };
        let values = train.values.read_values(monitor.begin_stage(0.0, boundary))?;
        let train = Part { values, labels: train.labels };
        let (train, test) = match test {
            Some(NpyPair { values, labels, .. }) => {
                (train, Part { values: values.read_values(monitor.begin_stage(boundary, 1.0))?, labels })
            }
            None => train.split_off_test(&name, spec)?,
        };
        Ok(RawDataset { shape, classes, train, test })
    }
}
