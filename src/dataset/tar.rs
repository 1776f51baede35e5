//! Tar archives, read entry by entry and never unpacked to disk.
//!
//! Only regular files and folders are let through. A name that leads out of the archive's own folder, a link, a
//! device, a sparse file or a second opinion about a size is refused by name, whether or not anybody wants the entry.

use std::io::BufRead;

use super::DataError;
use super::contents::Contents;
use super::progress::Monitor;
use crate::text::Safe;

/// Bytes in a block; headers are one, contents are padded to whole ones.
const BLOCK_BYTES: usize = 512;

/// Most bytes of a whole archive, unpacked: six times that of CIFAR-100.
const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// Most bytes of the extended headers of one entry.
const MAX_EXTENDED_HEADER_BYTES: u64 = 1 << 16;

/// Most zeros after the end of an archive: the largest blocking factor that is in use.
const MAX_PADDING_BYTES: u64 = 1 << 20;

/// An archive, read from its start.
pub(super) struct TarArchive<R> {
    contents: Contents<R>,
    /// Bytes of the current entry that were not read, its padding included.
    left: u64,
}

/// A regular file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArchiveEntry {
    /// Its path, with `/` between the parts; not harmless to show.
    pub name: String,
    /// Bytes in it.
    pub size: u64,
}

impl<R: BufRead> TarArchive<R> {
    /// The archive in `contents`.
    pub fn new(contents: Contents<R>) -> Self {
        Self { contents, left: 0 }
    }

    /// The next regular file; what was not read of the one before is passed over.
    pub fn next_file(&mut self) -> Result<Option<ArchiveEntry>, DataError> {
        loop {
            let left = std::mem::take(&mut self.left);
            if self.contents.skip(left)? < left {
                return Err(self.error_about(None, "ends in the middle of an entry"));
            }
            let Some(header) = self.read_header()? else { return Ok(None) };
            let entry = ArchiveEntry { name: header.name(), size: self.entry_bytes(&header)? };
            if self.contents.position().saturating_add(entry.size) > MAX_ARCHIVE_BYTES {
                return Err(self.error_about(Some(&entry), "is larger than a whole archive may be, 1 GiB"));
            }
            self.left = entry.size.next_multiple_of(BLOCK_BYTES as u64);
            match header.0[156] {
                b'0' | 0 => {
                    self.check_name(&entry)?;
                    return Ok(Some(entry));
                }
                b'5' => {
                    self.check_name(&entry)?;
                    if entry.size > 0 {
                        return Err(self.error_about(Some(&entry), "is a folder with contents of its own"));
                    }
                }
                b'x' | b'g' => self.check_extended(&entry)?,
                kind => {
                    let what = match kind {
                        b'1' => "is a hard link",
                        b'2' => "is a symbolic link",
                        b'3' | b'4' => "is a device",
                        b'6' => "is a pipe",
                        b'S' => "is a sparse file",
                        b'L' | b'K' => "has a name of more than 100 bytes",
                        _ => "is neither a file nor a folder",
                    };
                    return Err(self.error_about(Some(&entry), what));
                }
            }
        }
    }

    /// Reads the whole of the entry that [`next`](Self::next_file) gave.
    pub fn read(&mut self, entry: &ArchiveEntry, monitor: &mut Monitor) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        if (self.contents.read_onto(&mut bytes, entry.size as usize, monitor)? as u64) < entry.size {
            return Err(self.error_about(Some(entry), "is cut short"));
        }
        self.left = self.left.saturating_sub(entry.size);
        Ok(bytes)
    }

    /// Makes sure that nothing but padding follows the last entry, and nothing the archive.
    pub fn expect_end(mut self) -> Result<(), DataError> {
        let end = self.contents.position();
        let mut block = [0; BLOCK_BYTES];
        loop {
            let came = self.contents.read(&mut block)?;
            if block[..came].iter().any(|&byte| byte != 0) || self.contents.position() - end > MAX_PADDING_BYTES {
                return Err(self.error_about(None, "goes on after its end"));
            }
            if came < BLOCK_BYTES {
                return self.contents.expect_end(end);
            }
        }
    }

    /// The next header, checked against its sum; `None` at the end of the archive.
    fn read_header(&mut self) -> Result<Option<TarBlock>, DataError> {
        let mut block = TarBlock([0; BLOCK_BYTES]);
        let came = self.contents.read(&mut block.0)?;
        if came < BLOCK_BYTES {
            return Err(self.error_about(None, "ends without the empty blocks that end an archive"));
        }
        if block.0 == [0; BLOCK_BYTES] {
            return Ok(None);
        }
        if !block.has_valid_checksum() {
            let what = if self.contents.position() > BLOCK_BYTES as u64 {
                "has a damaged header in the middle"
            } else {
                "does not begin as a tar archive does"
            };
            return Err(self.error_about(None, what));
        }
        Ok(Some(block))
    }

    fn entry_bytes(&self, header: &TarBlock) -> Result<u64, DataError> {
        let wrong = || {
            let entry = ArchiveEntry { name: header.name(), size: 0 };
            self.error_about(Some(&entry), "has a size that is no number from 0 to 1 GiB")
        };
        parse_number(&header.0[124..136]).filter(|&size| size <= MAX_ARCHIVE_BYTES).ok_or_else(wrong)
    }

    /// Refuses a name that leads out of the folder into which the archive might be unpacked.
    fn check_name(&self, entry: &ArchiveEntry) -> Result<(), DataError> {
        let name = &entry.name;
        let drive = name.as_bytes().get(1) == Some(&b':');
        if name.starts_with(['/', '\\']) || drive {
            return Err(self.error_about(Some(entry), "has an absolute path"));
        }
        if name.split(['/', '\\']).any(|part| part == "..") {
            return Err(self.error_about(Some(entry), "leads out of the archive by `..`"));
        }
        Ok(())
    }

    /// Reads the records of an extended header and refuses those that say something else than the header itself.
    fn check_extended(&mut self, entry: &ArchiveEntry) -> Result<(), DataError> {
        if entry.size > MAX_EXTENDED_HEADER_BYTES {
            return Err(self.error_about(Some(entry), "is an extended header of more than 64 KiB"));
        }
        let mut bytes = vec![0; entry.size as usize];
        if self.contents.read(&mut bytes)? < bytes.len() {
            return Err(self.error_about(Some(entry), "is cut short"));
        }
        self.left -= entry.size;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let Some((keyword, after)) = extended_record(rest) else {
                return Err(self.error_about(Some(entry), "is a damaged extended header"));
            };
            if ["path", "linkpath", "size"].contains(&keyword) || keyword.starts_with("GNU.sparse") {
                return Err(self.error_about(Some(entry), "is an extended header that changes a name or a size"));
            }
            rest = after;
        }
        Ok(())
    }

    /// An entry as errors name it.
    pub fn displayable_name(&self, entry: &ArchiveEntry) -> String {
        format!("{}: {}", self.contents.file(), Safe(&entry.name))
    }

    /// The error that says what is wrong with an entry, or else with the archive.
    pub fn error_about(&self, entry: Option<&ArchiveEntry>, problem: &str) -> DataError {
        let file = entry.map_or_else(|| self.contents.file().to_owned(), |entry| self.displayable_name(entry));
        DataError::Tar { file, problem: problem.into() }
    }
}

/// A header.
struct TarBlock([u8; BLOCK_BYTES]);

impl TarBlock {
    /// Whether the sum of the bytes is the one that the header states.
    fn has_valid_checksum(&self) -> bool {
        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let total = sum(&self.0[..148]) + 8 * u64::from(b' ') + sum(&self.0[156..]);
        parse_number(&self.0[148..156]) == Some(total)
    }

    fn name(&self) -> String {
        let text = |field: &[u8]| {
            let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let name = text(&self.0[..100]);
        // Only the POSIX form keeps the start of a long path here; GNU's keeps times.
        match &self.0[257..263] {
            b"ustar\0" if self.0[345] != 0 => format!("{}/{name}", text(&self.0[345..500])),
            _ => name,
        }
    }
}

/// A number in octal digits, or big-endian after a set highest bit; `None` if it is neither, negative or too large.
fn parse_number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // 0xff begins a negative number.
        let start = (*first == 0x80).then_some(0)?;
        return rest.iter().try_fold(start, |value: u64, &byte| value.checked_mul(256)?.checked_add(byte.into()));
    }
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches([' ', '\0']), 8).ok()
}

/// The keyword of the first record, written `LENGTH KEYWORD=VALUE\n`, and the bytes after the record.
fn extended_record(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let digits = bytes.iter().position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    let record = bytes.get(digits + 1..length)?.strip_suffix(b"\n")?;
    let keyword = record.split(|&byte| byte == b'=').next()?;
    Some((std::str::from_utf8(keyword).ok()?, &bytes[length..]))
}
