//! Reading the files of a checkpoint, each against its checksum.

use std::path::PathBuf;

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    BEST, CheckpointError, CheckpointState, PREDICTIONS, STATE, STATE_VERSION, SUMS, TRAINING, WEIGHTS, io_at, sha256,
};
use crate::{
    runs::storage::Storage,
    tensors::Tensors,
    text::{Safe, harmless_name},
    train::TestPredictions,
};

/// The files of a checkpoint with their checksums.
pub struct CheckedFiles<'a> {
    storage: &'a dyn Storage,
    folder: PathBuf,
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

    fn bytes(&self, file: &str) -> Result<Vec<u8>, CheckpointError> {
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
        let VersionOnly { version } = self.json(STATE)?;
        if version != STATE_VERSION {
            let problem = format!("its form has version {version}; this program reads version {STATE_VERSION}");
            return Err(self.wrong_form(STATE, problem));
        }
        self.json(STATE)
    }

    /// What the network made of the test data, if it was evaluated before.
    pub fn predictions(&self) -> Result<Option<TestPredictions>, CheckpointError> {
        if self.has(PREDICTIONS) { self.json(PREDICTIONS).map(Some) } else { Ok(None) }
    }

    fn json<T: DeserializeOwned>(&self, file: &str) -> Result<T, CheckpointError> {
        serde_json::from_slice(&self.bytes(file)?)
            .map_err(|error| self.wrong_form(file, Safe(&error.to_string()).to_string()))
    }

    fn wrong_form(&self, file: &str, problem: String) -> CheckpointError {
        CheckpointError::Form { file: harmless_name(self.folder.join(file).as_os_str()), problem }
    }
}

/// What every version of `state.json` has.
#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}
