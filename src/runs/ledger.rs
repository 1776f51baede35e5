//! The ledger of a run: a line of JSON for everything that was done to it from outside, synced before it is
//! acknowledged.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::storage::{Storage, StoredFile};
use crate::{
    text::{Safe, harmless_name},
    train::LedgerEntry,
};

/// The ledger's file in the folder of a run.
pub const LEDGER: &str = "ledger.jsonl";

/// A ledger that was read.
#[derive(Debug, Default)]
pub struct LedgerContents {
    /// The entries in the order in which they took effect.
    pub entries: Vec<LedgerEntry>,
    /// Bytes of the whole lines.
    pub length: u64,
    /// Bytes after them: of a line that was never acknowledged, since it was never whole.
    pub torn: usize,
}

/// Why a ledger can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The system refused.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// Its entries don't fit each other.
    #[error("{0}: {1}")]
    Branches(String, String),
    /// A whole line is no entry.
    #[error("{file}:{line}: no entry of a ledger: {problem}")]
    Line {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Reads the ledger of a run.
///
/// # Errors
/// When it can't be read, or a line that ends is no entry.
pub fn read_ledger(storage: &dyn Storage, run: &Path) -> Result<LedgerContents, LedgerError> {
    let path = run.join(LEDGER);
    let file = || harmless_name(path.as_os_str());
    let bytes = storage.read(&path).map_err(|error| LedgerError::Io(file(), error))?;
    let mut contents = LedgerContents::default();
    for (line, text) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let Some(text) = text.strip_suffix(b"\n") else {
            contents.torn = text.len();
            break;
        };
        let entry = serde_json::from_slice(text).map_err(|error| LedgerError::Line {
            file: file(),
            line,
            problem: Safe(&error.to_string()).to_string(),
        })?;
        contents.entries.push(entry);
        contents.length += text.len() as u64 + 1;
    }
    Ok(contents)
}

/// A ledger that is written.
#[derive(Debug)]
pub struct LedgerWriter {
    path: PathBuf,
    file: Box<dyn StoredFile>,
    /// Bytes of the lines that are safely on the disk.
    length: u64,
    /// Entries that are.
    entries: usize,
    /// Lines that are not. Empty but after a failure.
    waiting: Vec<u8>,
    /// Whether some bytes of them may be there already. Normally false.
    torn: bool,
}

impl LedgerWriter {
    /// Begins the ledger of a new run.
    ///
    /// # Errors
    /// As [`Storage::create_file`].
    pub fn create(storage: &dyn Storage, run: &Path) -> io::Result<Self> {
        let path = run.join(LEDGER);
        let mut file = storage.create_file(&path)?;
        file.sync()?;
        Ok(Self { path, file, length: 0, entries: 0, waiting: Vec::new(), torn: false })
    }

    /// Goes on with one that was read; a torn line is cut off.
    ///
    /// # Errors
    /// As [`Storage::open_at`].
    pub fn append(storage: &dyn Storage, run: &Path, contents: &LedgerContents) -> io::Result<Self> {
        let path = run.join(LEDGER);
        let mut file = storage.open_at(&path, contents.length)?;
        file.sync()?;
        Ok(Self {
            path,
            file,
            length: contents.length,
            entries: contents.entries.len(),
            waiting: Vec::new(),
            torn: false,
        })
    }

    /// Puts an entry safely on the disk, after those that an earlier failure left.
    ///
    /// # Errors
    /// When that fails; the entry waits for the next time.
    pub fn write(&mut self, storage: &dyn Storage, entry: &LedgerEntry) -> io::Result<()> {
        serde_json::to_writer(&mut self.waiting, entry)?;
        self.waiting.push(b'\n');
        self.entries += 1;
        self.write_waiting(storage)
    }

    /// Puts on the disk what an earlier failure left.
    ///
    /// # Errors
    /// When that fails again.
    pub fn write_waiting(&mut self, storage: &dyn Storage) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self.torn {
            self.file = storage.open_at(&self.path, self.length)?;
        }
        self.torn = true;
        self.file.write_all(&self.waiting)?;
        self.file.sync()?;
        self.torn = false;
        self.length += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Entries so far, those that wait included.
    pub fn entries(&self) -> usize {
        self.entries
    }
}
