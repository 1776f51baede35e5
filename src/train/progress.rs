//! How far the minibatch is that the next step trains, and what of it can be shown.

use crate::{nn::LossReport, protocol::Phase};

/// How far the minibatch in hand is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Phases whose results are in the network's buffers.
    pub computed: usize,
    /// Phases that a person walked through.
    pub walked: usize,
    /// Whether a walk has just ended.
    pub updated: bool,
    /// Whether the buffers still hold the minibatch that it trained.
    pub intact: bool,
    /// Samples of the minibatch, and its loss, once computed.
    pub samples: usize,
    pub report: Option<LossReport>,
    /// The running statistics as they were before the first phase, if anybody but a step computed it.
    pub running: Vec<f32>,
}

/// What of a minibatch can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Its number, from 1.
    pub minibatch: u64,
    /// Where the walk stands.
    pub phase: Phase,
    /// Layers whose output is there.
    pub forward: usize,
    /// Whether the loss is there.
    pub loss: bool,
    /// The layer down to which gradients are there; the number of layers if there are none.
    pub backward: usize,
}

impl Held {
    /// Whether ∂L/∂output of a layer is there: it is computed by the layer behind, or by the loss.
    pub(super) fn has_error(&self, layer: usize) -> bool {
        self.loss && layer + 1 >= self.backward
    }
}
