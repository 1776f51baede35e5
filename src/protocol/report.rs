//! What a source measured: minibatches, evaluations, findings, and how a run ended.

use serde::{Deserialize, Serialize};

use super::MetricValues;

/// Minibatches over which the newest training figures are means; fewer at the beginning of a run.
pub const RECENT_MINIBATCHES: usize = 50;

/// What one minibatch showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Minibatches completed, this one included; the first is 1.
    pub step: u64,
    /// Epochs completed as a fraction, where there are epochs: 1.5 is the middle of the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<f64>,
    /// Samples in the minibatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// What was measured of the minibatch, before its update; only what was measured at this step.
    #[serde(default)]
    pub values: MetricValues,
    /// What the minibatches up to this one measured on average; absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Box<TrainingMeans>>,
    /// Samples trained a second of late, throttling included and pauses left out; absent while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_per_second: Option<f64>,
    /// What the probe saw of the layers at this step; empty where it did not look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerProbe>,
}

/// What minibatches measured on average. Every sample counts the same: a minibatch of 32 weighs half as much as one of 64.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingMeans {
    /// Means over the newest minibatches, each measured before its update.
    pub recent: MetricValues,
    /// How many minibatches those are.
    pub minibatches: u64,
    /// Means over the minibatches of the current epoch so far; of the whole epoch after its last one.
    pub epoch: MetricValues,
}

/// What the probe saw of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerProbe {
    /// Place of the layer in [`super::RunInfo::layers`].
    pub layer: usize,
    /// Values of [`super::RunInfo::quantities`]; only those that there are.
    pub values: MetricValues,
    /// The verdict of the health rules; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// A verdict on one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing to see.
    #[default]
    Good,
    /// Worth a look.
    Watch,
    /// Training is probably harmed.
    Bad,
    /// A verdict that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What an evaluation on the data held out showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Minibatches completed.
    pub step: u64,
    /// Epochs completed as a fraction, where there are epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<f64>,
    /// What was measured.
    pub values: MetricValues,
    /// Samples evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Time it took in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A sentence about the training, with advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Minibatches completed when it was noticed.
    pub step: u64,
    /// How much it matters.
    pub health: Health,
    /// The layer it is about, where it is about one: its place in [`super::RunInfo::layers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// What was noticed: `60 % of the units of layer 0 are dead`.
    pub what: String,
    /// What to do about it.
    #[serde(default)]
    pub advice: String,
    /// Which trouble it is, and what is known of its cause; absent where training can go on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Box<Trouble>>,
}

/// Something that breaks a training, with what helps to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which it is.
    pub kind: TroubleKind,
    /// The newest step at which nothing was wrong yet: a place to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_step: Option<u64>,
    /// The minibatch that was trained when it broke out, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minibatch: Option<u64>,
    /// The samples of that minibatch with the largest loss, the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<SuspectSample>,
}

/// Ways in which a training breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// A number is not finite.
    NotFinite,
    /// Loss and gradients grow without bound.
    Exploding,
    /// A loss or a gradient norm far outside of what it was of late.
    Spike,
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A sample that may have done it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuspectSample {
    /// Its place in the training data, counted from 0.
    pub index: usize,
    /// Its loss.
    #[serde(with = "super::number")]
    pub loss: f64,
}

/// How a finished run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Minibatches completed.
    pub step: u64,
    /// What the last evaluation measured.
    #[serde(default)]
    pub values: MetricValues,
    /// What the last minibatches measured on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Box<TrainingMeans>>,
    /// SHA-256 of the weights (little-endian f32 in the network's order), in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    /// Time spent training in seconds, pauses left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl RunSummary {
    /// Minibatches a second over the whole run, pauses left out; `None` where the time is unknown.
    pub fn steps_per_second(&self) -> Option<f64> {
        let rate = self.step as f64 / self.seconds?;
        rate.is_finite().then_some(rate)
    }
}

/// Why a source can't go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Minibatches completed.
    pub step: u64,
    /// What happened.
    pub what: String,
    /// What to do next.
    #[serde(default)]
    pub advice: String,
}
