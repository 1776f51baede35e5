//! Named tensors in a safetensors file, as `PyTorch` reads and writes them.
//!
//! A file is the length of its header in eight bytes, little-endian; the header, a JSON object that gives each tensor
//! its type, its shape and the bytes where it begins and ends; and those bytes. Reading trusts none of it: every byte
//! must belong to exactly one tensor of the right size, and a name may stand in the header only once, which JSON alone
//! would let pass. What is written is canonical: the same tensors give the same bytes.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use safetensors::{Dtype, serialize, tensor::TensorView};

use crate::{
    files::open_regular,
    memory::check_memory,
    text::{Safe, harmless_name},
};

mod error;
mod header;

pub use error::{Fault, TensorError};
use header::TensorEntry;

/// Longest header, as the format has it.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// A file of tensors, whose header is checked against its length.
#[derive(Debug)]
pub struct Tensors {
    /// The file's name, harmless to show.
    file: String,
    data: TensorData,
    entries: BTreeMap<String, TensorEntry>,
}

/// All tensors' bytes.
#[derive(Debug)]
enum TensorData {
    Memory(Vec<u8>),
    /// In an open file, from this byte on: each tensor is read when it is asked for, so that a file may be larger than the memory.
    File(File, u64),
}

impl Tensors {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When it can't be read or is not a sound safetensors file; nothing is allocated on the word of its header.
    pub fn open(path: &Path) -> Result<Self, TensorError> {
        let name = harmless_name(path.as_os_str());
        let fail = |fault| TensorError { file: name.clone(), fault };
        let io = |error: io::Error| fail(Fault::Io(error.to_string()));
        let (mut file, found) = open_regular(path).map_err(|error| fail(Fault::Io(error.to_string())))?;
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => fail(Fault::Short),
            _ => io(error),
        })?;
        let length = header_length(start, found.len()).map_err(fail)?;
        check_memory(length).map_err(|shortage| fail(Fault::Memory(shortage)))?;
        let mut header = Vec::new();
        Read::take(&mut file, length).read_to_end(&mut header).map_err(io)?;
        // The whole of a header that fits into the file was read, unless somebody cuts the file meanwhile.
        let start = 8 + header.len() as u64;
        let bytes = usize::try_from(found.len().saturating_sub(start)).map_err(|_| fail(Fault::Short))?;
        let entries = header::read_header(&header, bytes).map_err(fail)?;
        Ok(Self { file: name.clone(), data: TensorData::File(file, start), entries })
    }

    /// Takes the contents of a file called `file`.
    ///
    /// # Errors
    /// When they are not a sound safetensors file.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TensorError> {
        let file = Safe(file).to_string();
        let Some((start, rest)) = bytes.split_first_chunk() else {
            return Err(TensorError { file, fault: Fault::Short });
        };
        match header_length(*start, bytes.len() as u64) {
            Ok(length) => {
                let (header, data) = rest.split_at(length as usize);
                match header::read_header(header, data.len()) {
                    Ok(entries) => Ok(Self { file, data: TensorData::Memory(data.to_vec()), entries }),
                    Err(fault) => Err(TensorError { file, fault }),
                }
            }
            Err(fault) => Err(TensorError { file, fault }),
        }
    }

    /// All tensors, to be written again.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn to_writer(&self) -> Result<Writer, TensorError> {
        let written = self.entries.iter().map(|(name, entry)| {
            let (bytes, shape) = (self.bytes_of(entry)?.into_owned(), entry.shape.clone());
            Ok((name.clone(), WrittenTensor { dtype: entry.dtype, shape, bytes }))
        });
        Ok(Writer { precision: Precision::F32, tensors: written.collect::<Result<_, _>>()? })
    }

    /// The names of all tensors, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Shape of a tensor.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn shape(&self, name: &str) -> Result<&[usize], TensorError> {
        Ok(&self.entry(name)?.shape)
    }

    /// The values of a tensor of floating-point numbers of 32 or 64 bits, exactly, in standard (row-major) order.
    ///
    /// # Errors
    /// When there is none of that name, or it has another shape or type.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, TensorError> {
        let (entry, bytes) = self.entry_and_bytes(name, shape)?;
        match entry.dtype {
            Dtype::F32 => Ok(decode_values(&bytes, |b| f64::from(f32::from_le_bytes(b)))),
            Dtype::F64 => Ok(decode_values(&bytes, f64::from_le_bytes)),
            _ => Err(self.wrong_type(name, entry, "F32 or F64")),
        }
    }

    /// The values of a tensor of whole numbers from 0 to below `classes`.
    ///
    /// # Errors
    /// When there is none of that name, it has another shape or type, or a value is out of range.
    pub fn labels(&self, name: &str, shape: &[usize], classes: usize) -> Result<Vec<usize>, TensorError> {
        let (entry, bytes) = self.entry_and_bytes(name, shape)?;
        let labels: Vec<i64> = match entry.dtype {
            Dtype::U8 => decode_values(&bytes, |[b]: [u8; 1]| i64::from(b)),
            Dtype::I32 => decode_values(&bytes, |b| i64::from(i32::from_le_bytes(b))),
            Dtype::I64 => decode_values(&bytes, i64::from_le_bytes),
            _ => return Err(self.wrong_type(name, entry, "U8, I32 or I64")),
        };
        let valid = |label: i64| usize::try_from(label).ok().filter(|&label| label < classes);
        labels
            .iter()
            .enumerate()
            .map(|(at, &label)| {
                valid(label)
                    .ok_or_else(|| self.error_of(Fault::Label { name: displayable_name(name), at, label, classes }))
            })
            .collect()
    }

    /// Makes sure that there is no tensor but those that `known` knows.
    ///
    /// # Errors
    /// When there is one; the first is named.
    pub fn reject_unknown_names(&self, known: impl Fn(&str) -> bool) -> Result<(), TensorError> {
        match self.names().find(|name| !known(name)) {
            Some(name) => Err(self.error_of(Fault::Unknown(displayable_name(name)))),
            None => Ok(()),
        }
    }

    /// The error for a tensor whose shape can't be `found`.
    pub fn wrong_shape(&self, name: &str, found: &[usize], expected: impl Into<String>) -> TensorError {
        self.error_of(Fault::Shape { name: displayable_name(name), found: found.to_vec(), expected: expected.into() })
    }

    fn entry(&self, name: &str) -> Result<&TensorEntry, TensorError> {
        self.entries.get(name).ok_or_else(|| self.error_of(Fault::Missing(displayable_name(name))))
    }

    fn entry_and_bytes(&self, name: &str, shape: &[usize]) -> Result<(&TensorEntry, Cow<'_, [u8]>), TensorError> {
        let entry = self.entry(name)?;
        if entry.shape != shape {
            return Err(self.wrong_shape(name, &entry.shape, format!("{shape:?}")));
        }
        Ok((entry, self.bytes_of(entry)?))
    }

    fn bytes_of(&self, entry: &TensorEntry) -> Result<Cow<'_, [u8]>, TensorError> {
        let (mut file, start) = match &self.data {
            TensorData::Memory(data) => return Ok(Cow::Borrowed(&data[entry.begin..entry.end])),
            TensorData::File(file, start) => (file, *start),
        };
        let length = entry.end - entry.begin;
        // Those who ask take them as f64 beside the bytes.
        check_memory(3 * length as u64).map_err(|shortage| self.error_of(Fault::Memory(shortage)))?;
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(start + entry.begin as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| self.error_of(Fault::Io(format!("changed while it was read: {error}"))))?;
        Ok(Cow::Owned(bytes))
    }

    fn wrong_type(&self, name: &str, entry: &TensorEntry, expected: &'static str) -> TensorError {
        self.error_of(Fault::Type { name: displayable_name(name), found: entry.dtype.to_string(), expected })
    }

    fn error_of(&self, fault: Fault) -> TensorError {
        TensorError { file: self.file.clone(), fault }
    }
}

/// The header's length, if a file of `length` bytes can hold it.
fn header_length(start: [u8; 8], length: u64) -> Result<u64, Fault> {
    match u64::from_le_bytes(start) {
        header if header > MAX_HEADER_BYTES => Err(Fault::LongHeader(header)),
        header if header > length.saturating_sub(8) => Err(Fault::Short),
        header => Ok(header),
    }
}

fn decode_values<const N: usize, T>(bytes: &[u8], value: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&bytes| value(bytes)).collect()
}

/// The bytes of all values. Where their number is known before, it is a copy that needs no look at each value.
fn collect_bytes<const N: usize>(mut values: impl Iterator<Item = f64>, bytes_of: fn(f64) -> [u8; N]) -> Vec<u8> {
    let mut bytes = vec![0; N * values.size_hint().0];
    let mut filled = 0;
    for (place, value) in bytes.as_chunks_mut().0.iter_mut().zip(&mut values) {
        *place = bytes_of(value);
        filled += N;
    }
    bytes.truncate(filled);
    bytes.extend(values.flat_map(bytes_of));
    bytes
}

fn displayable_name(name: &str) -> String {
    Safe(name).to_string()
}

/// Width of the numbers that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

/// Something whose numbers can be kept in a file of tensors and restored from it, to the bit.
pub trait TensorState {
    /// Adds all its numbers.
    fn save(&self, tensors: &mut Writer);

    /// Takes its numbers from a file in which others may stand as well.
    ///
    /// # Errors
    /// When one of its tensors is missing, or has another shape or type; some of them may have been taken then.
    fn load(&mut self, tensors: &Tensors) -> Result<(), TensorError>;
}

/// Tensors on their way into a file.
#[derive(Clone, Debug)]
pub struct Writer {
    precision: Precision,
    tensors: BTreeMap<String, WrittenTensor>,
}

/// A tensor on its way into a file.
#[derive(Clone, Debug)]
struct WrittenTensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Writer {
    /// For tensors of this precision.
    pub fn new(precision: Precision) -> Self {
        Self { precision, tensors: BTreeMap::new() }
    }

    /// Adds a tensor with its values in standard (row-major) order; one of the same name is replaced.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], values: impl IntoIterator<Item = f64>) {
        let values = values.into_iter();
        let (dtype, bytes) = match self.precision {
            Precision::F32 => (Dtype::F32, collect_bytes(values, |value| (value as f32).to_le_bytes())),
            Precision::F64 => (Dtype::F64, collect_bytes(values, f64::to_le_bytes)),
        };
        self.tensors.insert(name.into(), WrittenTensor { dtype, shape: shape.to_vec(), bytes });
    }

    /// Adds a whole number as a tensor without dimensions.
    pub fn push_count(&mut self, name: impl Into<String>, count: i64) {
        let tensor = WrittenTensor { dtype: Dtype::I64, shape: Vec::new(), bytes: count.to_le_bytes().to_vec() };
        self.tensors.insert(name.into(), tensor);
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.bytes.len()).sum()
    }

    /// The same tensors as a file would give them.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn into_tensors(self) -> Result<Tensors, TensorError> {
        Tensors::parse("the stored tensors", &self.finish("")?)
    }

    /// The file. `about` is kept with the tensors under the one key `gradtop`: the order of several would be left to
    /// chance.
    ///
    /// # Errors
    /// When a tensor's values are not as many as its shape says, or the names are too long for a header.
    pub fn finish(&self, about: &str) -> Result<Vec<u8>, TensorError> {
        let fail = |error: safetensors::SafeTensorError| TensorError {
            file: "the tensors to write".into(),
            fault: Fault::Io(Safe(&error.to_string()).to_string()),
        };
        let views: Vec<(&str, TensorView<'_>)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                Ok((name.as_str(), TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?))
            })
            .collect::<Result<_, _>>()
            .map_err(fail)?;
        serialize(views, Some(HashMap::from([("gradtop".into(), about.into())]))).map_err(fail)
    }
}

#[cfg(test)]
mod tests;
