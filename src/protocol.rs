//! The one meeting place of training and showing: [`Command`] goes to a source of events, [`Event`] comes back.
//!
//! Everything here is plain data with a stable JSON form, so that a source or a sink may live in another process.
//! Rules that every source keeps:
//!
//! - Each [`Request`] is answered, either [`Event::Applied`] *after* it took effect or [`Event::Rejected`].
//! - Commands take effect between minibatches; a paused source still answers.
//! - A change of state is never dropped. [`Event::Step`] reports may be thinned for a slow consumer, and
//!   [`Event::Thinned`] says how many were.
//! - Non-finite numbers travel as the strings `"nan"`, `"inf"` and `"-inf"`, because JSON has no spelling for them.

use serde::{Deserialize, Serialize};

pub mod inspection;
pub mod number;
mod report;

pub use crate::range::Range;
pub use inspection::{Answer, Inspection, Phase, Query, SampleChoice, Walk};
pub use report::{Evaluation, Failure, Finding, Health, LayerProbe, Probe, StepReport, Summary};

/// Version of this protocol; it changes whenever an older reader would misunderstand a newer writer.
pub const PROTOCOL_VERSION: u32 = 1;

/// Key of the learning rate among [`HyperParameter::key`]; every source that can be steered has it.
pub const LEARNING_RATE: &str = "optimizer.lr";

/// Minibatches a second to which a run can be throttled.
pub const THROTTLE: Range = Range::closed(1e-3, 1e6);

/// Most epochs by which one request can extend a run.
pub const MOST_EPOCHS: u64 = 1_000_000;

/// Number that ties an answer to its [`Request`]; chosen by whoever sends the request, never reused in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u64);

/// A command and the number under which it will be answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Number repeated in the answer.
    pub id: CommandId,
    /// What is asked for.
    #[serde(flatten)]
    pub command: Command,
}

/// What a person or a program may ask of a source of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Stop between two minibatches and wait; applied once nothing is being computed any more.
    Pause,
    /// Go on.
    Resume,
    /// Advance by exactly `count` minibatches and pause again; applied after the last of them.
    Advance {
        /// Number of minibatches, at least 1.
        count: u64,
    },
    /// Advance to the end of the epoch in hand and pause; applied there.
    AdvanceEpoch,
    /// Set one of the hyperparameters listed in [`Event::Controls`].
    Set {
        /// [`HyperParameter::key`].
        key: String,
        /// The new value, within the parameter's range.
        value: f64,
    },
    /// Replace the learning-rate schedule, written as on the command line: `constant`, `cosine 100..2000`, ….
    SetSchedule {
        /// The schedule's text.
        schedule: String,
    },
    /// Run at most this many minibatches a second, or at full speed.
    SetThrottle {
        /// Minibatches a second within [`THROTTLE`]; `None` lifts the limit.
        steps_per_second: Option<f64>,
    },
    /// Train this many epochs beyond the end that is planned now, also after the run has finished. A schedule that
    /// spans the run then spans the longer run, so its rate rises again.
    Extend {
        /// Number of epochs, from 1 to [`MOST_EPOCHS`].
        epochs: u64,
    },
    /// Evaluate on the test split now.
    Evaluate,
    /// Answer a query now with an [`Event::Inspection`], then [`Event::Applied`].
    Inspect {
        /// What is asked.
        query: Query,
    },
    /// Answer these queries from now on, and no others: whenever something changed while paused, and as often as it
    /// costs the training next to nothing while running. An empty list ends that.
    Watch {
        /// What is asked, at most [`inspection::MOST_WATCHED`] queries.
        queries: Vec<Query>,
    },
    /// Go on by one phase of the minibatch in hand: forward layer by layer, the loss, backward layer by layer, the
    /// update. Only while paused; everything else that trains first completes the minibatch.
    AdvancePhase,
    /// End the run; the last event is [`Event::Stopped`].
    Stop,
}

/// What a source reports, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// First event of a run, before any data is read.
    Hello(Hello),
    /// Work that precedes training goes on.
    Loading(Loading),
    /// Data and network are ready; training can begin.
    Ready(Box<RunInfo>),
    /// The state changed.
    State(StateChange),
    /// What can be steered, and its values now; sent at the start and after every change.
    Controls(Controls),
    /// A minibatch was trained.
    Step(StepReport),
    /// The test split was evaluated.
    Evaluation(Evaluation),
    /// A query was answered: one of [`Command::Inspect`] or of those that are watched.
    Inspection(Box<Inspection>),
    /// A walk through the phases of a minibatch went on, began or was left.
    Phase(Walk),
    /// A request took effect before minibatch `step + 1`.
    Applied {
        /// The request.
        id: CommandId,
        /// Minibatches completed when it took effect.
        step: u64,
    },
    /// A request was refused and changed nothing.
    Rejected {
        /// The request.
        id: CommandId,
        /// Why, and what would have been valid.
        reason: String,
    },
    /// Somebody changed the course of the run; charts carry a mark here.
    Intervention {
        /// Minibatches completed when it took effect.
        step: u64,
        /// What was changed, for people: `lr 1e-3 → 5e-4`.
        what: String,
    },
    /// The source noticed something worth a sentence.
    Finding(Finding),
    /// So many step reports were left out so far because the consumer was slow.
    Thinned {
        /// Reports left out since the run began.
        total: u64,
    },
    /// The planned number of minibatches is done; the source still answers.
    Finished(Summary),
    /// The source can't go on. It still answers, but only to [`Command::Stop`].
    Failed(Failure),
    /// The source ended; nothing follows.
    Stopped {
        /// Minibatches completed.
        step: u64,
    },
}

/// Who speaks, and what they can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the speaker.
    pub protocol: u32,
    /// The speaker's name and version: `gradtop 0.1.0`.
    pub source: String,
    /// Name of the run.
    pub run: String,
    /// What the source can be asked to do.
    pub capabilities: Vec<Capability>,
}

/// Something that a source can be asked to do; a recorded run, for example, can do none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// [`Command::Pause`] and [`Command::Resume`].
    Pause,
    /// [`Command::Advance`] and [`Command::AdvanceEpoch`].
    Advance,
    /// [`Command::Set`] and [`Command::SetSchedule`].
    Steer,
    /// [`Command::SetThrottle`].
    Throttle,
    /// [`Command::Extend`].
    Extend,
    /// [`Command::Evaluate`].
    Evaluate,
    /// [`Command::Inspect`] and [`Command::Watch`].
    Inspect,
    /// [`Command::AdvancePhase`].
    Phase,
}

/// Progress of the work that precedes training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loading {
    /// What is being done, for people: `reading fashion-mnist`.
    pub what: String,
    /// Share that is done, 0 to 1, where it is known.
    pub fraction: Option<f64>,
}

/// All that stays the same while a run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Seed from which every random number of the run follows.
    pub seed: u64,
    /// Threads that compute.
    pub threads: usize,
    /// The data.
    pub data: DataInfo,
    /// The network's layers in the order of the forward pass.
    pub layers: Vec<LayerInfo>,
    /// Number of trained values.
    pub parameters: u64,
    /// Samples in a full minibatch.
    pub batch_size: usize,
    /// Minibatches in an epoch.
    pub steps_per_epoch: u64,
    /// Minibatches between two evaluations.
    pub evaluate_every: u64,
    /// Name of the optimizer, for people: `Adam`.
    pub optimizer: String,
}

/// The data set of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Its name.
    pub name: String,
    /// Number of training samples.
    pub train: usize,
    /// Number of test samples.
    pub test: usize,
    /// Shape of one sample: `[784]`, `[3, 32, 32]`.
    pub shape: Vec<usize>,
    /// Names of the classes.
    pub classes: Vec<String>,
}

/// One layer of the network, as a row of a table shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerInfo {
    /// Position in the network, from 0, counting every layer.
    pub index: usize,
    /// Its kind with its own settings: `linear`, `relu`, `dropout 0.2`.
    pub kind: String,
    /// Shape of one sample at its input.
    pub input: Vec<usize>,
    /// Shape of one sample at its output.
    pub output: Vec<usize>,
    /// Number of trained values; 0 for an activation.
    pub parameters: u64,
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Reading data, building the network.
    Loading,
    /// Training.
    Running,
    /// Waiting between two minibatches.
    Paused,
    /// The planned minibatches are done.
    Finished,
    /// It can't go on.
    Failed,
    /// It ended.
    Stopped,
}

/// A new state and since when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateChange {
    /// The state from now on.
    pub state: RunState,
    /// Minibatches completed.
    pub step: u64,
    /// Why, where it is not simply what was asked: `loss is NaN`.
    pub reason: Option<String>,
}

/// What can be steered, and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// The hyperparameters that can be set now.
    pub hyperparameters: Vec<HyperParameter>,
    /// The learning-rate schedule as text.
    pub schedule: String,
    /// Limit in minibatches a second; `None` is full speed.
    pub throttle: Option<f64>,
    /// Minibatch at which the run will finish.
    pub total_steps: u64,
}

/// A number that can be changed while the run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperParameter {
    /// Its key as in `config.toml`: `optimizer.lr`.
    pub key: String,
    /// Its value now.
    #[serde(with = "number")]
    pub value: f64,
    /// The values it may take.
    pub range: Range,
}
