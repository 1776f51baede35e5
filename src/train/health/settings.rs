//! What a person may set about the rules.

use crate::{optim::Range, protocol::TroubleKind};

/// Valid numbers of usual spreads that make a spike.
pub const SPIKE_RANGE: Range = Range::closed(2.0, 1000.0);

/// Valid factors by which an exploding loss has grown.
pub const EXPLODING_RANGE: Range = Range::closed(10.0, 1e12);

/// When trouble is named, and when the run stops for it.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthSettings {
    /// Kinds of trouble for which the run pauses by itself, or fails where nobody attends it.
    pub stop: Vec<TroubleKind>,
    /// Usual spreads above what is usual, on a log scale, from which on a figure is a spike; in [`SPIKE_RANGE`].
    pub spike: f64,
    /// What a loss has grown by when it explodes; in [`EXPLODING_RANGE`].
    pub exploding: f64,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { stop: vec![TroubleKind::NotFinite, TroubleKind::Exploding], spike: 10.0, exploding: 1000.0 }
    }
}

impl HealthSettings {
    /// The kinds of trouble with their words in `config.toml`.
    pub const KINDS: [(&str, TroubleKind); 3] =
        [("not_finite", TroubleKind::NotFinite), ("exploding", TroubleKind::Exploding), ("spike", TroubleKind::Spike)];
}
