//! What a run said of itself when it was ready, kept as JSON so that it can be shown again.

use std::{fmt, io, path::Path};

use super::storage::{Storage, write_new};
use crate::protocol::RunInfo;

/// The file in the folder of a run.
pub const INFO: &str = "ready.json";

/// Keeps what a run said when it was ready.
///
/// # Errors
/// When it can't be written.
pub fn write_info(storage: &dyn Storage, run: &Path, info: &RunInfo) -> io::Result<()> {
    let mut text = serde_json::to_vec(info)?;
    text.push(b'\n');
    write_new(storage, &run.join(INFO), &text)
}

/// Reads what a run said when it was ready.
///
/// # Errors
/// When it can't be read, or is something else.
pub fn read_info(storage: &dyn Storage, run: &Path) -> io::Result<RunInfo> {
    let named = |error: &dyn fmt::Display| io::Error::other(format!("{INFO}: {error}"));
    let bytes = storage.read(&run.join(INFO)).map_err(|error| named(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| named(&error))
}
