//! The one meeting place of training and showing: [`Command`] goes to a source of events, [`Event`] comes back.
//!
//! Everything here is plain data with a stable JSON form, so that a source or a sink may live in another process.
//! Rules that every source keeps:
//!
//! - Each [`Request`] is answered, either [`Event::Applied`] *after* it took effect or [`Event::Rejected`].
//! - Commands take effect between minibatches, but for those that walk through one; a paused source still answers.
//! - The newest state always arrives. Reports and evaluations ([`Event::Step`], [`Event::Evaluation`]) may be thinned for a
//!   slow consumer, and [`Event::Thinned`] says how many were.
//! - What a source does not know is absent, never 0 and never NaN.
//! - Non-finite numbers travel as the strings `"nan"`, `"inf"` and `"-inf"`, because JSON has no spelling for them.
//!
//! A reader of this version takes what a later writer sends: fields that it does not know are passed over, events,
//! answers and words of an enum that it does not know become `Unknown`. `docs/protocol.md` has an example of each
//! message and `docs/protocol.schema.json` the form of all.

use serde::{Deserialize, Serialize};

mod branch;
pub mod change;
pub mod inspection;
mod layer;
pub mod metric;
pub mod number;
mod range_test;
mod report;
mod request_line;
mod run;
mod setting;

pub use crate::range::Range;
pub use branch::{BranchName, Branching, MAX_BRANCH_NAME, Rewinding, Rewound};
pub use change::{Change, ChangedBy};
pub use inspection::{Answer, Inspection, Phase, Query, SampleChoice, Walk};
pub use layer::{LayerEquations, LayerInfo, LayerKind, LayerRole};
pub use metric::{Better, DataPart, MetricId, MetricInfo, MetricValue, MetricValues, Unit};
pub use range_test::{RANGE_TEST_RATES, RANGE_TEST_STEPS, RangeTest, RangeTestPlan, RangeTestPoint};
pub use report::{
    Evaluation, Failure, Finding, Health, LayerProbe, RECENT_MINIBATCHES, RunSummary, StepReport, SuspectSample,
    TrainingMeans, Trouble, TroubleKind,
};
pub use request_line::RequestLine;
pub use run::{
    ColumnInfo, Controls, DataInfo, DataNote, DataNoteKind, HyperParameter, Loading, LossInfo, MemoryInfo, RunInfo,
    RunState, SavedRun, StateChange,
};
pub use setting::Setting;

/// Version of this protocol; it changes whenever an older reader would misunderstand a newer writer.
pub const PROTOCOL_VERSION: u32 = 2;

/// Key of the learning rate among [`HyperParameter::key`]; every source that can be steered has it.
pub const LEARNING_RATE: &str = "optimizer.lr";

/// Minibatches a second to which a run can be throttled.
pub const THROTTLE: Range = Range::closed(1e-3, 1e6);

/// Most epochs by which one request can extend a run.
pub const MAX_EPOCHS: u64 = 1_000_000;

/// Number that ties an answer to its [`Request`]; chosen by the sender of the request, never reused in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u64);

/// Number of a branch of a run: training goes on from an earlier step in another way, and what came after that step
/// before stays what it was. A run begins on branch 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BranchId(pub u64);

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
    /// Advance to the end of the current epoch and pause; applied there.
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
        /// Minibatches a second within [`THROTTLE`]; absent lifts the limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps_per_second: Option<f64>,
    },
    /// Train this many epochs beyond the end that is planned now, also after the run has finished. A schedule that
    /// spans the run then spans the longer run, so its rate rises again.
    Extend {
        /// Number of epochs, from 1 to [`MAX_EPOCHS`].
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
        /// What is asked, at most [`inspection::MAX_WATCHED_QUERIES`] queries.
        queries: Vec<Query>,
    },
    /// Go on by one phase of the current minibatch: forward layer by layer, the loss, backward layer by layer, the
    /// update. Only while paused; everything else that trains first completes the minibatch.
    AdvancePhase,
    /// Go back, or over to another branch: to where `step` minibatches of it were completed, before what was changed
    /// there; at the newest step of a branch, after it. Applied when the run stands there, paused. Training on from an
    /// earlier step than the newest begins a branch.
    Rewind {
        /// Minibatches completed.
        step: u64,
        /// The branch; absent is the current one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<BranchId>,
    },
    /// Give up the [`Command::Rewind`] or [`Command::TestLearningRates`] that is under way, if any is. That is then rejected, and the run stands
    /// where it stood.
    Cancel,
    /// Give a branch a name, of at most [`MAX_BRANCH_NAME`] characters; an empty one takes it away.
    RenameBranch(BranchName),
    /// Forget a branch that the current one does not come from, and those that come from it.
    DeleteBranch {
        /// The branch.
        branch: BranchId,
    },
    /// Leave out the update of the next minibatch.
    SkipMinibatch,
    /// Say no more of a kind of trouble, nor pause for it; `layer` only for one layer.
    Silence {
        /// Which kind.
        kind: TroubleKind,
        /// Place in [`RunInfo::layers`]; absent is everywhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<usize>,
    },
    /// Find out with which learning rates the loss falls: the run's own network is trained with them, and put back. Told
    /// by [`Event::RangeTest`] as it goes on, and applied when it is over; the run is then the same as before, bit for bit.
    TestLearningRates(RangeTestPlan),
    /// Save everything that going on later needs; applied once it is safe on the disk.
    Save,
    /// End the run; the last event is [`Event::Stopped`].
    Stop,
    /// Something that this version does not know; it is rejected.
    #[serde(other)]
    Unknown,
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
    /// Metrics and quantities of layers that were not among those of [`Event::Ready`], from now on measured too.
    Metrics(NewMetrics),
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
    /// The course of the run was changed; charts carry a mark here.
    Changed {
        /// Minibatches completed when it took effect.
        step: u64,
        /// What was changed.
        change: Change,
    },
    /// The run goes on from an earlier step as a new branch: all that follows belongs to it, and its steps begin with
    /// `at + 1`.
    Branched(Branching),
    /// The run is on its way to an earlier step, or to another branch.
    Rewinding(Rewinding),
    /// The run stands at an earlier step, or on another branch. At the newest step of a branch all that follows belongs to
    /// it; otherwise [`Event::Branched`] comes before the next minibatch.
    Rewound(Rewound),
    /// A branch got another name.
    BranchRenamed(BranchName),
    /// A branch was forgotten.
    BranchDeleted {
        /// The branch.
        branch: BranchId,
    },
    /// A learning-rate range test goes on, or is over.
    RangeTest(RangeTest),
    /// The source noticed something worth a sentence.
    Finding(Finding),
    /// How many reports of minibatches and evaluations were left out so far because the consumer was slow.
    Thinned {
        /// Reports left out since the run began.
        total: u64,
    },
    /// The run was saved, or could not be recorded.
    Saved(SavedRun),
    /// The planned number of minibatches is done; the source still answers.
    Finished(RunSummary),
    /// The source can't go on. It still answers, but only to [`Command::Stop`].
    Failed(Failure),
    /// The source ended; nothing follows.
    Stopped {
        /// Minibatches completed.
        step: u64,
    },
    /// Something that this version does not know; it is left out and counted.
    #[serde(other)]
    Unknown,
}

/// Metrics and quantities that a source adds after it was ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewMetrics {
    /// As in [`RunInfo::metrics`].
    #[serde(default)]
    pub metrics: Vec<MetricInfo>,
    /// As in [`RunInfo::quantities`].
    #[serde(default)]
    pub quantities: Vec<MetricInfo>,
}

/// Who speaks, and what they can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the speaker.
    pub protocol: u32,
    /// The speaker's name and version: `gradtop 0.1.0`.
    #[serde(default)]
    pub source: String,
    /// Name of the run.
    #[serde(default)]
    pub run: String,
    /// What the source can be asked to do.
    #[serde(default)]
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
    /// [`Command::Rewind`], [`Command::Cancel`], [`Command::RenameBranch`] and [`Command::DeleteBranch`].
    Rewind,
    /// [`Command::SkipMinibatch`].
    Skip,
    /// [`Command::Silence`].
    Silence,
    /// [`Command::TestLearningRates`] and [`Command::Cancel`].
    RangeTest,
    /// [`Command::Save`].
    Save,
    /// Something that this version does not know how to ask for.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::made_up;
