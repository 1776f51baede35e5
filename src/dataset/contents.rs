//! The contents of a file, unpacked on the way if it is gzipped, read no further than it is asked.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::DataError;
use super::progress::Monitor;
use crate::text::Safe;

/// Most bytes that are read from one file: ten times the largest of the common sets.
pub(super) const MAX_BYTES: u64 = 4 << 30;

/// Bytes read between two looks at the progress callback.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// The first two bytes of gzip data.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A path as it may be shown.
pub(super) fn displayable_path(path: &Path) -> String {
    Safe(&path.to_string_lossy()).to_string()
}

/// Opens a regular file and gives its length, too.
///
/// Looked at before it is opened, because opening a pipe would wait for a writer.
pub(super) fn open(path: &Path) -> Result<(BufReader<File>, u64), DataError> {
    let io = |source| DataError::Io { file: displayable_path(path), source };
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(DataError::NotAFile { file: displayable_path(path) });
    }
    let handle = File::open(path).map_err(io)?;
    let length = handle.metadata().map_err(io)?.len();
    Ok((BufReader::with_capacity(1 << 16, handle), length))
}

/// Reads a small file whole; `None` when it is longer than `most` bytes.
pub(super) fn read_small(path: &Path, most: u64) -> Result<Option<Vec<u8>>, DataError> {
    let (handle, _) = open(path)?;
    let mut bytes = Vec::new();
    handle
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| DataError::Io { file: displayable_path(path), source })?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// The contents of a file, plain or unpacked.
pub(super) struct Contents<R> {
    file: String,
    inner: ContentSource<R>,
    /// Bytes of contents that were read.
    position: u64,
}

enum ContentSource<R> {
    Plain(R),
    Gzip(Box<GzDecoder<R>>),
}

impl<R: BufRead> Contents<R> {
    /// The contents of `source`, a file that is called `file` in errors.
    pub fn new(file: String, mut source: R) -> Result<Self, DataError> {
        let start = source.fill_buf().map_err(|source| DataError::Io { file: file.clone(), source })?;
        let plain = !start.starts_with(&GZIP_MAGIC);
        let inner =
            if plain { ContentSource::Plain(source) } else { ContentSource::Gzip(Box::new(GzDecoder::new(source))) };
        Ok(Self { file, inner, position: 0 })
    }

    /// The contents of `source`, taken as they are.
    pub fn of_plain(file: String, source: R) -> Self {
        Self { file, inner: ContentSource::Plain(source), position: 0 }
    }

    /// The file's name as it may be shown.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether the file is not compressed.
    pub fn is_plain(&self) -> bool {
        matches!(self.inner, ContentSource::Plain(_))
    }

    /// Bytes of contents that were read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Reads on until `buffer` is full or the contents end, and says how many bytes came.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let result = match &mut self.inner {
                ContentSource::Plain(source) => source.read(&mut buffer[filled..]),
                ContentSource::Gzip(decoder) => decoder.read(&mut buffer[filled..]),
            };
            match (result, &self.inner) {
                (Ok(0), _) => break,
                (Ok(count), _) => {
                    filled += count;
                    self.position += count as u64;
                }
                (Err(source), _) if source.kind() == io::ErrorKind::Interrupted => {}
                (Err(source), ContentSource::Plain(_)) => {
                    return Err(DataError::Io { file: self.file.clone(), source });
                }
                (Err(source), ContentSource::Gzip(_)) => {
                    return Err(DataError::Gzip { file: self.file.clone(), at: self.position, source });
                }
            }
        }
        Ok(filled)
    }

    /// Reads `count` bytes onto the end of `out`, which grows only as they arrive; fewer come when the contents end.
    pub fn append(&mut self, out: &mut Vec<u8>, count: usize, monitor: &mut Monitor) -> Result<usize, DataError> {
        let start = out.len();
        let mut read = 0;
        while read < count {
            monitor.report(read as f64 / count as f64)?;
            let wanted = CHUNK_BYTES.min(count - read);
            out.resize(start + read + wanted, 0);
            let came = self.read(&mut out[start + read..])?;
            read += came;
            if came < wanted {
                out.truncate(start + read);
                break;
            }
        }
        Ok(read)
    }

    /// Reads past `count` bytes, and says how many there were.
    pub fn skip(&mut self, count: u64) -> Result<u64, DataError> {
        let mut buffer = [0; 4096];
        let mut skipped = 0;
        while skipped < count {
            let wanted = (count - skipped).min(buffer.len() as u64) as usize;
            let came = self.read(&mut buffer[..wanted])?;
            skipped += came as u64;
            if came < wanted {
                break;
            }
        }
        Ok(skipped)
    }

    /// Makes sure that the contents end here, and the file with them.
    ///
    /// `expected` is the length that something promised. Reading on makes the decoder check its checksum, too.
    pub fn expect_end(mut self, expected: u64) -> Result<(), DataError> {
        if self.read(&mut [0])? > 0 {
            return Err(DataError::Long { file: self.file, expected });
        }
        if let ContentSource::Gzip(decoder) = self.inner {
            let mut rest = decoder.into_inner();
            let after = rest.fill_buf().map_err(|source| DataError::Io { file: self.file.clone(), source })?;
            if !after.is_empty() {
                return Err(DataError::AfterGzip { file: self.file });
            }
        }
        Ok(())
    }
}
