//! How a worker's run stands when it has ended.

use crate::{
    protocol::{Failure, RunSummary},
    train::{SetupError, outbox::Disconnected},
};

/// How a run stands when its worker has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Minibatches completed.
    pub step: u64,
    /// The folder in which the run is recorded, if it is.
    pub folder: Option<String>,
    /// What the run came to, if it was finished when it ended.
    pub summary: Option<RunSummary>,
    /// Why it could not go on, if so.
    pub failure: Option<Failure>,
    /// What was wrong with the input, if that is why.
    pub refused: Option<UnusableInput>,
}

/// Input that shows only when all of it was read that there can be no run on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusableInput {
    /// The data can't be read, as this sentence says.
    Data(String),
    /// The data can't be augmented as asked, as this sentence says.
    Augmentations(String),
    /// The network or its minibatches don't fit the data.
    Setup(SetupError),
}

/// Why a worker ends other than by a stop request.
pub(super) enum WorkerEndReason {
    /// The consumer is gone.
    Consumer(Disconnected),
    /// What happened, and what to do about it.
    Failure(String, String),
    /// The input is wrong.
    Refused(UnusableInput),
}

impl From<Disconnected> for WorkerEndReason {
    fn from(disconnected: Disconnected) -> Self {
        Self::Consumer(disconnected)
    }
}
