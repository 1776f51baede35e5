//! The native engine: a synchronous [`Trainer`], the background [`worker`] that drives it, and what watches them.

use std::num::NonZeroUsize;

use crate::{
    dataset::{DataSpec, DatasetOutline},
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
};

mod averaging;
pub(crate) mod describe;
mod driver;
mod early_stopping;
mod evaluator;
mod evidence;
mod fingerprint;
mod health;
mod inbox;
mod injected;
mod inspect;
mod largest;
mod ledger;
mod link;
mod measures;
mod memory;
mod metrics;
mod minibatch;
mod minibatch_means;
mod notes;
mod outbox;
mod outcome;
mod predictions;
mod probe;
mod range_test;
mod record;
mod snapshot;
mod step;
mod timeline;
mod timing;
mod traced_update;
mod trainer;
mod update_rule;
pub mod worker;

pub use crate::protocol::THROTTLE;
pub use describe::describe_run;
pub use driver::replay;
pub use early_stopping::BestEvaluation;
pub use fingerprint::data_sha256;
pub use health::{EXPLODING_RANGE, HealthSettings, SPIKE_RANGE};
pub use inspect::RunningCheck;
pub use ledger::{Intervention, LAST_STEP, LedgerEntry, PLANNED_STEPS, take_due};
pub use measures::{LayerMeasures, TestResult};
pub use memory::{MemoryCause, MemoryError, TrainingMemory, buffer_samples};
pub use metrics::{measured_metrics, measured_quantities};
pub use outbox::Delivery;
pub use outcome::{Outcome, UnusableInput};
pub use range_test::check_range_test;
pub use record::{ResumedRun, RunRecord, RunStart};
pub(crate) use snapshot::snapshot_of;
pub use snapshot::{RestoreError, Snapshot, StoredSnapshot, TestPredictions, TrainerState, TrainingState};
pub use step::{StepError, StepOutcome};
pub use timeline::{BranchPath, PathStretch, Place, RunTree, SnapshotPlace};
pub use trainer::{SetupError, Trainer};

/// What a training run is made of: the same specification and instruction set give the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainSpec {
    /// Seed from which every random number of the run follows.
    pub seed: u64,
    /// Epochs to train, at least 1.
    pub epochs: u64,
    /// Minibatches to plan the run for instead of whole epochs; the schedule spans them.
    pub steps: Option<u64>,
    /// Minibatch after which the run stops although it is planned for more; its schedule is that of the plan.
    pub stop_after: Option<u64>,
    /// Samples a minibatch.
    pub batch_size: BatchSize,
    /// Minibatches between two evaluations; `None` evaluates after every epoch.
    pub evaluate_every: Option<u64>,
    /// Evaluations without an improvement after which the run ends on the weights of the best; `None` never ends it.
    pub patience: Option<u64>,
    /// Minibatches between two looks of the probe, at least 1.
    pub probe_every: u64,
    /// Threads that compute; they change the speed, never the result.
    pub threads: NonZeroUsize,
    /// The network.
    pub network: NetworkSpec,
    /// The optimizer.
    pub optimizer: OptimizerSpec,
    /// Base learning rate.
    pub learning_rate: f64,
    /// Largest norm of the gradient; `None` leaves it alone.
    pub clip_norm: Option<f64>,
    /// Decay of the moving average of the weights with which evaluations are made; `None` evaluates the weights.
    pub ema: Option<f64>,
    /// Factor on the learning rate as a function of the step.
    pub schedule: Schedule,
    /// When trouble is named, and when the run stops for it; nothing here changes what is trained.
    pub health: HealthSettings,
}

/// Samples in a minibatch, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// So many, as somebody chose; it is an error if there are fewer training samples.
    Exactly(usize),
    /// So many, or all training samples where there are fewer.
    AtMost(usize),
}

impl BatchSize {
    /// Samples in a minibatch, given the number of training samples; [`Self::Exactly`] may be more than these.
    pub fn for_samples(self, samples: usize) -> usize {
        match self {
            Self::Exactly(size) => size,
            Self::AtMost(size) => size.min(samples.max(1)),
        }
    }
}

/// A run that a worker can carry out on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec {
    /// Name of the run, for people.
    pub name: String,
    /// Where the data come from.
    pub data: DataSpec,
    /// What the data were found to be before the run, if they were looked at; other data are refused.
    pub checked: Option<DatasetOutline>,
    /// What to train on them.
    pub train: TrainSpec,
    /// Limit in minibatches a second at the start.
    pub throttle: Option<f64>,
    /// Most bytes that snapshots in memory may take, by which the run goes back to earlier steps; 0 keeps none.
    pub timeline_bytes: usize,
    /// What becomes of events that the consumer does not take.
    pub delivery: Delivery,
    /// Whether the worker ends when the run has finished, rather than waiting for more commands.
    pub stop_when_finished: bool,
}
