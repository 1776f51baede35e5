//! IDX files of unsigned bytes, plain or gzipped: `00 00 08 n`, then n big-endian `u32` sides, then the elements.
//!
//! A header is a claim by a stranger. A plain file must have exactly the length that its header promises before a
//! byte is allocated; a gzipped one grows only as contents really arrive, and is stopped at the promised size.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::DataError;
use super::loading::Monitor;
use crate::text::Safe;

/// Most bytes of elements that are read from one file: ten times the largest of the common IDX sets.
const MAX_BYTES: u64 = 4 << 30;

/// Bytes read between two looks at the progress callback.
const CHUNK: usize = 1 << 20;

/// The first two bytes of gzip data.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An IDX file whose header has been read and checked, and whose elements have not been read.
pub(super) struct IdxReader<R> {
    file: String,
    contents: Contents<R>,
    /// The sides, all above 0; the first counts the items.
    pub dimensions: Vec<u32>,
    /// Bytes of elements, at most [`MAX_BYTES`].
    elements: u64,
}

enum Contents<R> {
    Plain(R),
    Gzip(Box<GzDecoder<R>>),
}

impl IdxReader<BufReader<File>> {
    /// Opens a file and checks its header; the number of `dimensions` is the one it must have.
    pub fn open(path: &Path, dimensions: u8) -> Result<Self, DataError> {
        let file = Safe(&path.to_string_lossy()).to_string();
        let io = |source| DataError::Io { file: file.clone(), source };
        // Before opening: opening a pipe would wait for a writer.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(DataError::NotAFile { file });
        }
        let handle = File::open(path).map_err(io)?;
        let length = handle.metadata().map_err(io)?.len();
        Self::new(file, BufReader::with_capacity(1 << 16, handle), length, dimensions)
    }
}

impl<R: BufRead> IdxReader<R> {
    /// Reads and checks the header of `source`, which holds `length` bytes, compressed or not.
    pub fn new(file: String, mut source: R, length: u64, dimensions: u8) -> Result<Self, DataError> {
        let start = source.fill_buf().map_err(|source| DataError::Io { file: file.clone(), source })?;
        let plain = !start.starts_with(&GZIP_MAGIC);
        let contents = if plain { Contents::Plain(source) } else { Contents::Gzip(Box::new(GzDecoder::new(source))) };
        let mut reader = Self { file, contents, dimensions: Vec::new(), elements: 0 };
        reader.read_header(dimensions)?;
        if plain {
            let expected = reader.header() + reader.elements;
            if length < expected {
                return Err(DataError::Short { file: reader.file, found: length, expected });
            }
            if length > expected {
                return Err(DataError::Long { file: reader.file, expected });
            }
        }
        Ok(reader)
    }

    /// Number of items.
    pub fn items(&self) -> u64 {
        u64::from(self.dimensions[0])
    }

    /// The file's name as it may be shown.
    pub fn name(&self) -> &str {
        &self.file
    }

    /// Bytes of the header.
    fn header(&self) -> u64 {
        4 + 4 * self.dimensions.len() as u64
    }

    fn read_header(&mut self, dimensions: u8) -> Result<(), DataError> {
        let expected_header = 4 + 4 * u64::from(dimensions);
        let magic: [u8; 4] = self.read_word(0, expected_header)?;
        let file = || self.file.clone();
        match magic {
            [0, 0, 0x08, found] if found == dimensions => {}
            [0, 0, 0x08, found] if (1..=8).contains(&found) => {
                return Err(DataError::Dimensions { file: file(), found, expected: dimensions });
            }
            [0, 0, found @ (0x09 | 0x0b..=0x0e), _] => return Err(DataError::ElementType { file: file(), found }),
            found => return Err(DataError::Magic { file: file(), found, dimensions }),
        }
        for position in 0..u64::from(dimensions) {
            let side = u32::from_be_bytes(self.read_word(4 + 4 * position, expected_header)?);
            self.dimensions.push(side);
        }
        let dimensions = self.dimensions.clone();
        if dimensions.contains(&0) {
            return Err(DataError::Empty { file: self.file.clone(), dimensions });
        }
        let product = dimensions.iter().try_fold(1_u64, |product, &side| product.checked_mul(u64::from(side)));
        match product {
            Some(elements) if elements <= MAX_BYTES.min(usize::MAX as u64) => self.elements = elements,
            _ => return Err(DataError::TooLarge { file: self.file.clone(), dimensions, limit: MAX_BYTES }),
        }
        Ok(())
    }

    /// Four bytes of the header, `at` bytes from its start.
    fn read_word(&mut self, at: u64, expected: u64) -> Result<[u8; 4], DataError> {
        let mut word = [0; 4];
        let mut filled = 0;
        while filled < 4 {
            match self.read(&mut word[filled..], at + filled as u64)? {
                0 => return Err(DataError::Short { file: self.file.clone(), found: at + filled as u64, expected }),
                count => filled += count,
            }
        }
        Ok(word)
    }

    /// Reads on; `at` is the number of bytes of contents before.
    fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<usize, DataError> {
        loop {
            let result = match &mut self.contents {
                Contents::Plain(source) => source.read(buffer),
                Contents::Gzip(decoder) => decoder.read(buffer),
            };
            match (result, &self.contents) {
                (Ok(count), _) => return Ok(count),
                (Err(source), _) if source.kind() == io::ErrorKind::Interrupted => {}
                (Err(source), Contents::Plain(_)) => return Err(DataError::Io { file: self.file.clone(), source }),
                (Err(source), Contents::Gzip(_)) => {
                    return Err(DataError::Gzip { file: self.file.clone(), at, source });
                }
            }
        }
    }

    /// Reads the elements, in the order of the file, and makes sure that nothing follows them.
    pub fn read_elements(mut self, monitor: &mut Monitor) -> Result<Vec<u8>, DataError> {
        let expected = self.elements as usize;
        let header = self.header();
        let total = header + self.elements;
        let mut elements = Vec::new();
        while elements.len() < expected {
            monitor.report(elements.len() as f64 / expected as f64)?;
            let target = expected.min(elements.len() + CHUNK);
            let mut filled = elements.len();
            elements.resize(target, 0);
            while filled < target {
                let at = header + filled as u64;
                match self.read(&mut elements[filled..], at)? {
                    0 => return Err(DataError::Short { file: self.file, found: at, expected: total }),
                    count => filled += count,
                }
            }
        }
        // Reading on makes the decoder check its checksum, too.
        if self.read(&mut [0], total)? > 0 {
            return Err(DataError::Long { file: self.file, expected: total });
        }
        if let Contents::Gzip(decoder) = self.contents {
            let mut rest = decoder.into_inner();
            let after = rest.fill_buf().map_err(|source| DataError::Io { file: self.file.clone(), source })?;
            if !after.is_empty() {
                return Err(DataError::AfterGzip { file: self.file });
            }
        }
        monitor.report(1.0)?;
        Ok(elements)
    }
}
