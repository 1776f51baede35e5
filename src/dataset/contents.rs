//! The contents of a file, unpacked on the way if it is gzipped, read no further than it is asked.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::DataError;
use super::progress::Monitor;
use crate::files::{OpenFileError, open_regular};
use crate::memory::{check_memory, reserve_more};
use crate::text::{harmless_name, thousands};

/// Most bytes that are read from one file: ten times the largest of the common sets.
pub(super) const MAX_BYTES: u64 = 4 << 30;

/// Bytes read between two looks at the progress callback.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// The first two bytes of gzip data.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A path as it may be shown; bytes that are no UTF-8 as `\xe9`.
pub(super) fn displayable_path(path: &Path) -> String {
    harmless_name(path.as_os_str())
}

/// The name of a file without its folder, harmless to show.
pub(super) fn file_name(path: &str) -> String {
    displayable_path(Path::new(Path::new(path).file_name().unwrap_or_default()))
}

/// Opens a regular file and gives its length, too.
pub(super) fn open(path: &Path) -> Result<(BufReader<WatchedFile>, u64), DataError> {
    let file = displayable_path(path);
    let (handle, found) = match open_regular(path) {
        Ok(opened) => opened,
        Err(OpenFileError::NotAFile(kind)) => return Err(DataError::NotAFile { file, kind }),
        Err(OpenFileError::Io(source)) => return Err(DataError::Io { file, source }),
    };
    let length = found.len();
    Ok((BufReader::with_capacity(1 << 16, WatchedFile { handle, found, read: 0 }), length))
}

/// A file that is read from its start to its end, and notices when it is written to meanwhile: reading past what was
/// there at first, or its end after a change, is an error.
#[derive(Debug)]
pub(super) struct WatchedFile {
    handle: File,
    /// Length and time of the last change when it was opened.
    found: Metadata,
    read: u64,
}

/// The error of a file that was written to while it was read.
#[derive(Debug)]
struct ChangedFile {
    before: u64,
    after: u64,
}

impl fmt::Display for ChangedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (thousands(self.before), thousands(self.after));
        write!(f, "changed while it was read: {before} bytes when it was opened, {after} now; ")?;
        f.write_str("start again when nothing writes to it")
    }
}

impl std::error::Error for ChangedFile {}

impl Read for WatchedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.handle.read(buffer)?;
        self.read += count as u64;
        if self.read > self.found.len() || (count == 0 && !buffer.is_empty()) {
            let now = self.handle.metadata()?;
            let (before, after) = (self.found.len(), now.len());
            if self.read != before || after != before || now.modified().ok() != self.found.modified().ok() {
                return Err(io::Error::other(ChangedFile { before, after }));
            }
        }
        Ok(count)
    }
}

/// Whether an error of reading is that of a [`WatchedFile`] that changed.
fn is_changed_file(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<ChangedFile>()).is_some()
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
    /// The current member; `None` once the last has ended.
    Gzip(Option<Box<GzDecoder<R>>>),
}

impl<R: BufRead> Contents<R> {
    /// The contents of `source`, a file that is called `file` in errors.
    ///
    /// Gzip data may be of several members, whose contents follow one another, with zeros after the last, as gunzip
    /// has it.
    pub fn new(file: String, mut source: R) -> Result<Self, DataError> {
        let start = source.fill_buf().map_err(|source| DataError::Io { file: file.clone(), source })?;
        let plain = !start.starts_with(&GZIP_MAGIC);
        let inner = if plain { ContentSource::Plain(source) } else { ContentSource::gzip(source) };
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
                ContentSource::Gzip(Some(decoder)) => decoder.read(&mut buffer[filled..]),
                ContentSource::Gzip(None) => break,
            };
            match result {
                Ok(0) => {
                    if !self.begin_next_member()? {
                        break;
                    }
                }
                Ok(count) => {
                    filled += count;
                    self.position += count as u64;
                }
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.read_error(source)),
            }
        }
        Ok(filled)
    }

    /// Goes on to the next member of gzip data; whether there is one.
    fn begin_next_member(&mut self) -> Result<bool, DataError> {
        let ContentSource::Gzip(member) = &mut self.inner else { return Ok(false) };
        let Some(decoder) = member.take() else { return Ok(false) };
        let mut source = decoder.into_inner();
        let mut padded = false;
        loop {
            let rest = match source.fill_buf() {
                Ok(rest) => rest,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.read_error(error)),
            };
            let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
            match rest.get(zeros) {
                None if rest.is_empty() => return Ok(false),
                None => source.consume(zeros),
                Some(&first) if first == GZIP_MAGIC[0] && zeros == 0 && !padded => {
                    self.inner = ContentSource::gzip(source);
                    return Ok(true);
                }
                Some(_) => return Err(DataError::AfterGzip { file: self.file.clone() }),
            }
            padded = true;
        }
    }

    fn read_error(&self, source: io::Error) -> DataError {
        let file = self.file.clone();
        if self.is_plain() || is_changed_file(&source) {
            DataError::Io { file, source }
        } else {
            DataError::Gzip { file, at: self.position, source }
        }
    }

    /// Reads `count` bytes onto the end of `out`, which grows only as they arrive; fewer come when the contents end.
    pub fn read_onto(&mut self, out: &mut Vec<u8>, count: usize, monitor: &mut Monitor) -> Result<usize, DataError> {
        let start = out.len();
        let mut read = 0;
        check_memory(count as u64).map_err(DataError::of_memory(&self.file))?;
        while read < count {
            monitor.report(read as f64 / count as f64)?;
            let wanted = CHUNK_BYTES.min(count - read);
            let missing = start + read + wanted - out.len();
            reserve_more(out, missing, count - read).map_err(DataError::of_memory(&self.file))?;
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
    /// `expected` is the length that something promised. Reading on makes the decoder check its checksum, and what
    /// follows the last member, too.
    pub fn expect_end(mut self, expected: u64) -> Result<(), DataError> {
        if self.read(&mut [0])? > 0 { Err(DataError::Long { file: self.file, expected }) } else { Ok(()) }
    }
}

impl<R: BufRead> ContentSource<R> {
    fn gzip(source: R) -> Self {
        Self::Gzip(Some(Box::new(GzDecoder::new(source))))
    }
}
