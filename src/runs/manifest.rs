//! What a run is made of, in a file that is also a configuration: `run.toml`.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

use super::storage::Storage;
use crate::text::{Safe, harmless_name};

/// The file in the folder of a run.
pub const MANIFEST: &str = "run.toml";

/// The facts of a run that its configuration does not have. The exact result depends on them, or people want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Name of the run.
    pub name: String,
    /// When it began, in UTC: `2026-11-30T09:12:44Z`.
    pub began: String,
    /// The program and its version: `gradtop 0.1.0`.
    pub program: String,
    /// Instructions that the kernels used: `avx2`.
    pub instructions: String,
    /// Processor, system and C library, whose elementary functions were used: `x86_64-linux-gnu`.
    pub platform: String,
    /// SHA-256 over the shapes, labels and values of the data.
    #[serde(default)]
    pub data_sha256: String,
    /// Whether its first weights were given, and not drawn by its seed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_weights: bool,
}

/// A run's facts, and the configuration that it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The facts.
    pub facts: RunFacts,
    /// The text of the whole file, which is a configuration too.
    pub text: String,
}

/// Why a manifest can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The system refused.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It is no manifest.
    #[error("{0}: no record of a run: {1}")]
    Form(String, String),
}

/// The form of the file, of which the configuration's own tables are read elsewhere.
#[derive(Serialize, Deserialize)]
struct ManifestFile {
    recorded: RunFacts,
}

impl Manifest {
    /// The manifest of a run with a configuration.
    ///
    /// # Errors
    /// When a fact has no form in TOML; none has.
    pub fn new(facts: RunFacts, configuration: &str) -> Result<Self, toml::ser::Error> {
        let about = "# What was recorded of this run; its configuration follows, and --config reads this file.\n";
        let recorded = toml::to_string(&ManifestFile { recorded: facts.clone() })?;
        Ok(Self { facts, text: format!("{about}{recorded}\n{configuration}") })
    }

    /// The same with another name of the run.
    ///
    /// # Errors
    /// When the text has no line with the name, as a sentence.
    pub fn renamed(&self, name: &str) -> Result<Self, String> {
        let line = |name: &str| format!("name = {}", toml::Value::from(name));
        let (old, new) = (line(&self.facts.name), line(name));
        // The first is that of the facts; that of the configuration may be empty, and stays.
        if !self.text.contains(&old) {
            return Err("run.toml was changed by hand: its name stands there in another form".into());
        }
        let facts = RunFacts { name: name.into(), ..self.facts.clone() };
        Ok(Self { facts, text: self.text.replacen(&old, &new, 1) })
    }

    /// Reads the manifest of a run.
    ///
    /// # Errors
    /// When there is none, or it is something else.
    pub fn read(storage: &dyn Storage, run: &Path) -> Result<Self, ManifestError> {
        let path = run.join(MANIFEST);
        let file = || harmless_name(path.as_os_str());
        let bytes = storage.read(&path).map_err(|error| ManifestError::Io(file(), error))?;
        let text = String::from_utf8(bytes).map_err(|_| ManifestError::Form(file(), "it is no text".into()))?;
        let read: Result<ManifestFile, _> = toml::from_str(&text);
        let ManifestFile { recorded } =
            read.map_err(|error| ManifestError::Form(file(), Safe(error.message()).to_string()))?;
        Ok(Self { facts: recorded, text })
    }
}

impl RunFacts {
    /// What of these facts is another than in `now`, and may therefore change the result: each as a sentence.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let pairs = [
            ("program", &self.program, &now.program),
            ("instructions", &self.instructions, &now.instructions),
            ("platform", &self.platform, &now.platform),
        ];
        let changed = pairs.into_iter().filter(|(_, then, now)| then != now);
        changed.map(|(what, then, now)| format!("{what}: recorded with {}, now {now}", Safe(then))).collect()
    }
}
