//! The network of a recorded run, ready to predict.

use std::{
    ffi::OsStr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use gradtop::{
    config::Config,
    dataset::{DataNote, DataNoteKind, SamplePreparation},
    predict::Predictor,
    protocol,
    runs::{Manifest, RunFacts, read_info, read_preparation, storage::DiskStorage},
    text::{Safe, harmless, harmless_name},
    train::buffer_samples,
};

use super::{
    model::open_newest,
    recording,
    resume::recorded_config,
    start::{self, WrongUse},
};

/// The network of a recorded run, ready to predict.
pub struct ReadyModel {
    /// The run's folder.
    pub folder: PathBuf,
    /// What the run was made from.
    pub config: Config,
    /// The facts that were recorded with it.
    pub facts: RunFacts,
    /// How samples are made ready.
    pub preparation: SamplePreparation,
    /// The network.
    pub predictor: Predictor,
    /// Minibatches that it was trained with.
    pub step: u64,
}

/// Opens the newest checkpoint of a run in a directory to predict with it.
pub fn open_model(directory: &Path, run: &OsStr, threads: Option<u16>) -> anyhow::Result<ReadyModel> {
    let folder = recording::chosen_run(directory, run)?;
    let shown = harmless_name(folder.as_os_str());
    let wrong = |problem: String| WrongUse(format!("{shown}: {problem}"));
    let manifest = Manifest::read(&DiskStorage, &folder).map_err(|error| WrongUse(error.to_string()))?;
    let config = recorded_config(&folder, &manifest.text, &[])?;
    let info = read_info(&DiskStorage, &folder).map_err(|error| wrong(error.to_string()))?;
    let preparation = read_preparation(&DiskStorage, &folder)
        .map_err(|error| wrong(format!("preparation.json: {}", Safe(&error.to_string()))))?;
    let Some(preparation) = preparation else {
        let problem = "it has no preparation.json, which says how samples are made ready, as it was recorded by an earlier \
                       version; gradtop resume adds it";
        return Err(wrong(problem.into()).into());
    };
    let (weights, step) = open_newest(&folder)?;
    let buffers = buffer_samples(info.batch_size.unwrap_or(1));
    let threads: NonZeroUsize = start::thread_count(threads, &config);
    let predictor = Predictor::new(&config.model, &preparation, &weights, buffers, threads)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(ReadyModel { folder, config, facts: manifest.facts, preparation, predictor, step })
}

/// Tells on standard error what was left out or assumed, in the words of a training.
pub fn print_notes(notes: &[DataNote]) {
    for note in notes {
        let mark = if note.kind == DataNoteKind::Suspicious { "!" } else { "*" };
        let words = protocol::DataNoteKind::from(note.kind).words();
        start::print_complaint(&format!("{mark} {words}: {}", harmless(&note.text)));
    }
}
