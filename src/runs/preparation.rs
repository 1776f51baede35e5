//! How the samples of a run were made ready, kept as JSON so that its network can be given other samples.

use std::{io, path::Path};

use super::storage::{Storage, write_new};
use crate::dataset::SamplePreparation;

/// The file in the folder of a run.
pub const PREPARATION: &str = "preparation.json";

/// The same before it is whole.
pub const NEW_PREPARATION: &str = ".preparation.json.new";

/// Keeps how the samples of a run are made ready. What was kept before is replaced where it differs, as in a run that goes
/// on with other data.
///
/// # Errors
/// When it can't be written; what was kept before is whole.
pub fn write_preparation(storage: &dyn Storage, run: &Path, preparation: &SamplePreparation) -> io::Result<()> {
    if read_preparation(storage, run).is_ok_and(|kept| kept.as_ref() == Some(preparation)) {
        return Ok(());
    }
    let mut text = serde_json::to_vec(preparation)?;
    text.push(b'\n');
    let new = run.join(NEW_PREPARATION);
    if has_file(storage, run, NEW_PREPARATION)? {
        storage.remove_file(&new)?;
    }
    write_new(storage, &new, &text)?;
    storage.rename(&new, &run.join(PREPARATION))?;
    storage.sync_folder(run)
}

/// Reads how the samples of a run were made ready; `None` for a run of a version that did not keep it.
///
/// # Errors
/// When it can't be read, or is something else.
pub fn read_preparation(storage: &dyn Storage, run: &Path) -> io::Result<Option<SamplePreparation>> {
    if !has_file(storage, run, PREPARATION)? {
        return Ok(None);
    }
    let bytes = storage.read(&run.join(PREPARATION))?;
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
}

fn has_file(storage: &dyn Storage, run: &Path, name: &str) -> io::Result<bool> {
    Ok(storage.list(run)?.iter().any(|found| found == name))
}
