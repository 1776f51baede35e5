//! What comes of a training step.

use crate::{nn::Network, optim, text::short};

/// What came of one minibatch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOutcome {
    /// Mean loss of the minibatch before the update, in nats.
    pub loss: f64,
    /// Share of the minibatch that was classified correctly before the update.
    pub accuracy: f64,
    /// Norm of the whole gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate that the update used.
    pub effective_learning_rate: f64,
    /// Samples in the minibatch.
    pub samples: usize,
}

/// Why the update of a minibatch was left out: numbers that are not finite, or a request. It counts as a step.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// The loss.
    #[error("the loss of this minibatch is {}", short(*loss))]
    Loss {
        /// The loss.
        loss: f64,
    },
    /// The gradient of a layer, although the loss is finite.
    #[error("the gradient of layer {layer} is not finite (norm {}) although the loss is {}", short(*norm), short(*loss))]
    Gradient {
        /// First layer in the network's order whose gradient is not finite.
        layer: usize,
        /// Its norm.
        norm: f64,
        /// The loss.
        loss: f64,
    },
    /// It was to be left out.
    #[error("this minibatch was skipped (loss {})", short(*loss))]
    Skipped {
        /// The loss, of whatever kind.
        loss: f64,
    },
}

impl StepError {
    /// The error of a network with a gradient that is not finite.
    pub(super) fn of_gradient(network: &Network<f32>, loss: f64) -> Self {
        let mut norms = network.parameters().map(|parameter| (parameter.layer, optim::norm(&parameter.gradient)));
        let broken = norms.find(|(_, norm)| !norm.is_finite());
        let (layer, norm) = broken.unwrap_or((0, f64::NAN));
        Self::Gradient { layer, norm, loss }
    }

    /// The minibatch's loss.
    pub fn loss(&self) -> f64 {
        match *self {
            Self::Loss { loss } | Self::Gradient { loss, .. } | Self::Skipped { loss } => loss,
        }
    }
}
