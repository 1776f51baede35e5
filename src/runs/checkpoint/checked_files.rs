//! Reading the files of a checkpoint, each against its checksum.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    BEST, CheckpointError, CheckpointState, PREDICTIONS, STATE, STATE_VERSION, SUMS, TRAINING, WEIGHTS, io_at, sha256,
};
use crate::{
    runs::storage::Storage,
    tensors::Tensors,
    text::{Safe, harmless_name},
};

/// The files of a checkpoint with their checksums.
pub struct CheckedFiles<'a> {
    storage: &'a dyn Storage,
    pub folder: PathBuf,
    /// Each file with its checksum.
    sums: Vec<(String, String)>,
}

impl<'a> CheckedFiles<'a> {
    pub fn read(storage: &'a dyn Storage, folder: PathBuf) -> Result<Self, CheckpointError> {
        let path = folder.join(SUMS);
        let bytes = storage.read(&path).map_err(io_at(&path))?;
        let wrong =
            |problem: &str| CheckpointError::Form { file: harmless_name(path.as_os_str()), problem: problem.into() };
        let text = String::from_utf8(bytes).map_err(|_| wrong("damaged: it is no text"))?;
        let sums: Option<Vec<(String, String)>> = text
            .lines()
            .map(|line| line.split_once("  ").map(|(sum, name)| (name.to_owned(), sum.to_owned())))
            .collect();
        let sums = sums.filter(|_| text.ends_with('\n')).ok_or_else(|| wrong("damaged: not a list of checksums"))?;
        let known = [WEIGHTS, TRAINING, BEST, STATE, PREDICTIONS];
        if sums.iter().any(|(name, _)| !known.contains(&name.as_str())) {
            return Err(wrong("damaged: it lists a file that no checkpoint has"));
        }
        Ok(Self { storage, folder, sums })
    }

    pub fn has(&self, file: &str) -> bool {
        self.sums.iter().any(|(name, _)| name == file)
    }

    pub fn bytes(&self, file: &str) -> Result<Vec<u8>, CheckpointError> {
        let path = self.folder.join(file);
        let bytes = self.storage.read(&path).map_err(io_at(&path))?;
        let sum = sha256(&bytes);
        if !self.sums.iter().any(|(name, expected)| name == file && *expected == sum) {
            return Err(CheckpointError::Damaged(harmless_name(path.as_os_str())));
        }
        Ok(bytes)
    }

    pub fn tensors(&self, file: &str) -> Result<Tensors, CheckpointError> {
        let path = self.folder.join(file);
        Ok(Tensors::parse(&harmless_name(path.as_os_str()), &self.bytes(file)?)?)
    }

    pub fn state(&self) -> Result<CheckpointState, CheckpointError> {
        let bytes = self.bytes(STATE)?;
        let wrong = |problem: String| CheckpointError::Form {
            file: harmless_name(self.folder.join(STATE).as_os_str()),
            problem,
        };
        let version: VersionOnly =
            serde_json::from_slice(&bytes).map_err(|error| wrong(Safe(&error.to_string()).to_string()))?;
        if version.version != STATE_VERSION {
            let found = version.version;
            return Err(wrong(format!("its form has version {found}; this program reads version {STATE_VERSION}")));
        }
        serde_json::from_slice(&bytes).map_err(|error| wrong(Safe(&error.to_string()).to_string()))
    }
}

/// What every version of `state.json` has.
#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}
