//! IDX files of unsigned bytes, plain or gzipped: `00 00 08 n`, then n big-endian `u32` sides, then the elements.
//!
//! A header is a claim by a stranger. A plain file must have exactly the length that its header promises before a
//! byte is allocated; a gzipped one grows only as contents really arrive, and is stopped at the promised size.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::DataError;
use super::contents::{self, Contents, MAX_BYTES, WatchedFile};
use super::progress::Monitor;

/// An IDX file whose header has been read and checked, and whose elements have not been read.
pub(super) struct IdxReader<R> {
    contents: Contents<R>,
    /// The sides, all above 0; the first counts the items.
    pub dimensions: Vec<u32>,
    /// Bytes of elements, at most [`MAX_BYTES`].
    elements: u64,
}

impl IdxReader<BufReader<WatchedFile>> {
    /// Opens a file and checks its header; the number of `dimensions` is the one it must have.
    pub fn open(path: &Path, dimensions: u8) -> Result<Self, DataError> {
        let (handle, length) = contents::open(path)?;
        Self::new(contents::displayable_path(path), handle, length, dimensions)
    }
}

impl<R: BufRead> IdxReader<R> {
    /// Reads and checks the header of `source`, which holds `length` bytes, compressed or not.
    pub fn new(file: String, source: R, length: u64, dimensions: u8) -> Result<Self, DataError> {
        let contents = Contents::new(file, source)?;
        let mut reader = Self { contents, dimensions: Vec::new(), elements: 0 };
        reader.read_header(dimensions)?;
        if reader.contents.is_plain() {
            let (file, expected) = (reader.name().to_owned(), reader.total_bytes());
            if length < expected {
                return Err(DataError::Short { file, found: length, expected });
            }
            if length > expected {
                return Err(DataError::Long { file, expected });
            }
        }
        Ok(reader)
    }

    /// Number of items.
    pub fn item_count(&self) -> u64 {
        u64::from(self.dimensions[0])
    }

    /// The file's name as it may be shown.
    pub fn name(&self) -> &str {
        self.contents.file()
    }

    /// Bytes of header and elements together.
    fn total_bytes(&self) -> u64 {
        4 + 4 * self.dimensions.len() as u64 + self.elements
    }

    fn read_header(&mut self, dimensions: u8) -> Result<(), DataError> {
        let expected_header = 4 + 4 * u64::from(dimensions);
        let magic = self.read_word(expected_header)?;
        let file = || self.name().to_owned();
        match magic {
            [0, 0, 0x08, found] if found == dimensions => {}
            [0, 0, 0x08, found] if (1..=8).contains(&found) => {
                return Err(DataError::Dimensions { file: file(), found, expected: dimensions });
            }
            [0, 0, found @ (0x09 | 0x0b..=0x0e), _] => return Err(DataError::ElementType { file: file(), found }),
            found => return Err(DataError::Magic { file: file(), found, dimensions }),
        }
        for _ in 0..dimensions {
            let side = u32::from_be_bytes(self.read_word(expected_header)?);
            self.dimensions.push(side);
        }
        let dimensions = self.dimensions.clone();
        if dimensions.contains(&0) {
            return Err(DataError::Empty { file: self.name().into(), dimensions });
        }
        let product = dimensions.iter().try_fold(1_u64, |product, &side| product.checked_mul(u64::from(side)));
        match product {
            Some(elements) if elements <= MAX_BYTES.min(usize::MAX as u64) => self.elements = elements,
            _ => return Err(DataError::TooLarge { file: self.name().into(), dimensions, limit: MAX_BYTES }),
        }
        Ok(())
    }

    /// The next four bytes of the header, which has `expected` in all.
    fn read_word(&mut self, expected: u64) -> Result<[u8; 4], DataError> {
        let mut word = [0; 4];
        if self.contents.read(&mut word)? < 4 {
            return Err(DataError::Short { file: self.name().into(), found: self.contents.position(), expected });
        }
        Ok(word)
    }

    /// Reads the elements, in the order of the file, and makes sure that nothing follows them.
    pub fn read_elements(mut self, monitor: &mut Monitor) -> Result<Vec<u8>, DataError> {
        let (expected, total) = (self.elements as usize, self.total_bytes());
        let mut elements = Vec::new();
        if self.contents.read_onto(&mut elements, expected, monitor)? < expected {
            let found = self.contents.position();
            return Err(DataError::Short { file: self.name().into(), found, expected: total });
        }
        self.contents.expect_end(total)?;
        monitor.report(1.0)?;
        Ok(elements)
    }
}
