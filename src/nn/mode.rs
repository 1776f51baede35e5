//! What a pass through the network is for.

/// Whether a pass trains or evaluates; dropout, batch normalization and label smoothing care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Training. The dropout mask follows from seed, layer and step alone.
    Train {
        /// Minibatches completed before this one.
        step: u64,
    },
    /// Evaluating: dropout changes nothing, batch normalization uses its running statistics, the loss is plain.
    Evaluate,
}
