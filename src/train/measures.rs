//! What the engine measures of a minibatch, of a layer and of the test split.

use serde::{Deserialize, Serialize};

use crate::{
    nn::LayerCategory,
    protocol::{Health, number},
};

/// What is known of a minibatch; what could not be computed is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StepMeasures {
    /// Mean loss before the update, in nats.
    pub loss: f64,
    /// Share classified correctly before the update.
    pub accuracy: Option<f64>,
    /// Norm of the whole gradient before clipping, where it is measured.
    pub gradient_norm: Option<f64>,
    /// Learning rate of the update.
    pub effective_learning_rate: f64,
}

/// What the probe saw of one layer that has parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerMeasures {
    /// Place of the layer in the network.
    pub layer: usize,
    /// What it is for.
    pub category: LayerCategory,
    /// Whether an activation between it and the next layer with parameters saturates.
    pub saturates: bool,
    /// Number of its parameters.
    pub parameters: usize,
    /// Euclidean norm of its parameters after the update.
    pub weight_norm: f64,
    /// Euclidean norm of its gradient, before clipping.
    pub gradient_norm: f64,
    /// Euclidean norm of the change that the optimizer made.
    pub update_norm: f64,
    /// Share of its units whose rectified output was 0 for the whole minibatch; `None` where no rectifier follows.
    pub dead: Option<f64>,
    /// Share of the channels of a batch normalization whose values were all the same in the whole minibatch; `None` for
    /// any other layer.
    pub constant: Option<f64>,
    /// What the rules make of it; `None` before they looked for long enough.
    pub health: Option<Health>,
}

impl LayerMeasures {
    /// Update norm over weight norm; about 1e-3 is usual.
    pub fn update_ratio(&self) -> f64 {
        self.update_norm / self.weight_norm
    }

    /// Root mean square of its parameters.
    pub fn weight_rms(&self) -> f64 {
        self.weight_norm / (self.parameters as f64).sqrt()
    }

    /// Root mean square of its gradient.
    pub fn gradient_rms(&self) -> f64 {
        self.gradient_norm / (self.parameters as f64).sqrt()
    }
}

/// What an evaluation of the test split found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Minibatches completed.
    pub step: u64,
    /// Epochs completed as a fraction.
    pub epoch: f64,
    /// Mean loss in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// Share classified correctly, 0 to 1.
    pub accuracy: f64,
    /// Samples evaluated.
    pub samples: usize,
    /// Time it took in seconds.
    pub seconds: f64,
}
