//! What a source reports of a run as a whole: its data, its network, its state, what can be steered.

use serde::{Deserialize, Serialize};

use super::{LayerEquations, LayerInfo, MetricInfo, Range, number};

/// Progress of the work that precedes training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loading {
    /// What is being done, for people: `reading fashion-mnist`.
    pub what: String,
    /// Share that is done, 0 to 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
}

/// All that stays the same while a run goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Seed from which every random number of the run follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Threads that compute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// The data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataInfo>,
    /// The network's layers in the order of the forward pass; the first has place 0.
    #[serde(default)]
    pub layers: Vec<LayerInfo>,
    /// What the last layer's output is judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossInfo>,
    /// What is measured of minibatches and by evaluations. Those that matter most come first: viewers show them
    /// without being asked.
    #[serde(default)]
    pub metrics: Vec<MetricInfo>,
    /// What is measured of each layer; their ids are apart from those of the metrics.
    #[serde(default)]
    pub quantities: Vec<MetricInfo>,
    /// Number of trained values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Samples in a full minibatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Minibatches in an epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_per_epoch: Option<u64>,
    /// Minibatches between two evaluations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Name of the optimizer, for people: `Adam`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<String>,
    /// Memory that data and training take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryInfo>,
    /// Folder into which the run is recorded, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// Memory that a run takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryInfo {
    /// All that is known of, the program itself left out.
    pub total: u64,
    /// Weights, biases and running statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// The gradients of the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradients: Option<u64>,
    /// What the optimizer keeps, and averaged weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<u64>,
    /// What the layers give and keep for the largest batch, and the gradients of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activations: Option<u64>,
    /// Buffers that all layers share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<u64>,
    /// The samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<u64>,
    /// Copies of weights and states while a checkpoint is saved, and the best weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
}

/// What is minimized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossInfo {
    /// Its name, for people: `softmax, cross entropy`.
    pub text: String,
    /// What it computes in symbols, where the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equations: Option<LayerEquations>,
}

/// The data set of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Its name.
    pub name: String,
    /// Number of training samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<usize>,
    /// Number of test samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<usize>,
    /// Shape of one sample: `[784]`, `[3, 32, 32]`; absent where it is unknown or differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    /// Names of the classes; empty where there are none or they are unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// The values of a sample where they are columns of a table, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnInfo>,
    /// What was left out or assumed when the data were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<DataNote>,
}

/// A column of a table, and the way back from what the network sees to what is in the file:
/// `in_file = offset + scale × value`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnInfo {
    /// Its name, or its number from 0 where it has none.
    pub name: String,
    /// The number in the file that became 0, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// What 1 stands for in the file, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
}

/// Something about the data that a person should know although they could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataNote {
    /// Of which kind it is, for programs.
    pub kind: DataNoteKind,
    /// One sentence, for people.
    pub text: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataNoteKind {
    /// Something was left out: a column, files.
    LeftOut,
    /// Something that the data don't say was assumed: a header row, a separator.
    Assumed,
    /// Nothing was changed, but the data look wrong.
    Suspicious,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

impl DataNoteKind {
    /// What was done, or is to be done, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::LeftOut => "left out",
            // What a later version says is no reason for alarm.
            Self::Assumed | Self::Unknown => "assumed",
            Self::Suspicious => "worth a look",
        }
    }
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Reading data, building the network.
    #[default]
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
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A new state and since when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateChange {
    /// The state from now on.
    pub state: RunState,
    /// Minibatches completed.
    pub step: u64,
    /// Why, where it is not simply what was asked: `loss is NaN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How the record of a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRun {
    /// Minibatches completed.
    pub step: u64,
    /// Why the run could not be recorded, if so; what was saved before is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What can be steered, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// The hyperparameters that can be set now.
    #[serde(default)]
    pub hyperparameters: Vec<HyperParameter>,
    /// The learning-rate schedule as text, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Limit in minibatches a second; absent is full speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<f64>,
    /// Minibatch at which the run will finish, where an end is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_steps: Option<u64>,
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
