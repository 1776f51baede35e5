//! The network of a recorded run, or of a file of weights.

use std::{ffi::OsStr, fs, path::Path};

use gradtop::{
    config::Config,
    runs::{open_weights, storage::DiskStorage},
    tensors::Tensors,
};

use super::{recording, start};

/// The weights of a recorded run of this configuration's directory, or of a safetensors file.
pub fn weights_of(config: &Config, from: &OsStr) -> anyhow::Result<Tensors> {
    let path = Path::new(from);
    // A folder is one of a run; what is no regular file is refused with what it is.
    if fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
        return Ok(Tensors::open(path)?);
    }
    let folder = recording::chosen_run(Path::new(&config.run.directory), from)?;
    Ok(open_newest(&folder)?.0)
}

/// The newest weights of a run, and the minibatches after which they were saved.
pub fn open_newest(folder: &Path) -> anyhow::Result<(Tensors, u64)> {
    let (weights, state, notes) = open_weights(&DiskStorage, folder)?;
    for note in notes {
        start::print_complaint(&format!("gradtop: {note}"));
    }
    Ok((weights, state.training.trainer.step))
}
