//! What a source measured: minibatches, evaluations, findings, and how a run ended.

use serde::{Deserialize, Serialize};

use super::number;

/// What one minibatch showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Minibatches completed, this one included; the first is 1.
    pub step: u64,
    /// Epochs completed as a fraction: 1.5 is the middle of the second.
    pub epoch: f64,
    /// Mean loss of the minibatch before its update, in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// Share of the minibatch that was classified correctly before its update, 0 to 1.
    #[serde(with = "number")]
    pub accuracy: f64,
    /// Learning rate set by the person, before the schedule.
    #[serde(with = "number")]
    pub lr: f64,
    /// Learning rate that this update used: base rate times the schedule's factor.
    #[serde(with = "number")]
    pub effective_lr: f64,
    /// Samples trained a second of late, throttling included and pauses left out; 0 while unknown.
    pub samples_per_second: f64,
    /// What the probe saw at this step, where it looked.
    pub probe: Option<Probe>,
}

/// Norms and shares measured at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Euclidean norm of the whole gradient before clipping.
    #[serde(with = "number")]
    pub gradient_norm: f64,
    /// One entry a layer that has parameters, in order.
    pub layers: Vec<LayerProbe>,
}

/// What the probe saw of one layer that has parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerProbe {
    /// [`super::LayerInfo::index`].
    pub layer: usize,
    /// Euclidean norm of its parameters after the update.
    #[serde(with = "number")]
    pub weight_norm: f64,
    /// Euclidean norm of its gradient, before clipping.
    #[serde(with = "number")]
    pub gradient_norm: f64,
    /// Euclidean norm of the change that the optimizer made.
    #[serde(with = "number")]
    pub update_norm: f64,
    /// Share of its units whose rectified output was 0 for the whole minibatch; `None` without a rectifier behind it.
    pub dead: Option<f64>,
    /// What the rules make of it.
    pub health: Health,
}

impl LayerProbe {
    /// Update norm over weight norm; about 1e-3 is usual.
    pub fn update_ratio(&self) -> f64 {
        self.update_norm / self.weight_norm
    }
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
}

/// Loss and accuracy on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Minibatches completed.
    pub step: u64,
    /// Epochs completed as a fraction.
    pub epoch: f64,
    /// Mean loss in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// Share classified correctly, 0 to 1.
    #[serde(with = "number")]
    pub accuracy: f64,
    /// Samples evaluated.
    pub samples: usize,
    /// Time it took in seconds.
    pub seconds: f64,
}

/// A sentence about the training, with advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Minibatches completed when it was noticed.
    pub step: u64,
    /// How much it matters.
    pub health: Health,
    /// The layer it is about, where it is about one: [`super::LayerInfo::index`].
    pub layer: Option<usize>,
    /// What was noticed: `60 % of the units of layer 0 are dead`.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

/// How a finished run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Minibatches completed.
    pub step: u64,
    /// Mean test loss in nats.
    #[serde(with = "number")]
    pub test_loss: f64,
    /// Test accuracy, 0 to 1.
    #[serde(with = "number")]
    pub test_accuracy: f64,
    /// SHA-256 of the weights (little-endian f32 in the network's order), in hexadecimal.
    pub weights_sha256: String,
    /// Time spent training in seconds, pauses left out.
    pub seconds: f64,
}

impl Summary {
    /// Minibatches a second over the whole run, pauses left out.
    pub fn steps_per_second(&self) -> f64 {
        self.step as f64 / self.seconds
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
    pub advice: String,
}
