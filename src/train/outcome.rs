//! How a worker's run stands when it has ended.

use crate::{
    protocol::{Failure, RunSummary},
    train::outbox::Disconnected,
};

/// How a run stands when its worker has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Minibatches completed.
    pub step: u64,
    /// What the run came to, if it was finished when it ended.
    pub summary: Option<RunSummary>,
    /// Why it could not go on, if so.
    pub failure: Option<Failure>,
}

/// Why a worker ends other than by a stop request.
pub(super) enum WorkerEndReason {
    /// The consumer is gone.
    Consumer(Disconnected),
    /// What happened, and what to do about it.
    Failure(String, String),
}

impl From<Disconnected> for WorkerEndReason {
    fn from(disconnected: Disconnected) -> Self {
        Self::Consumer(disconnected)
    }
}
