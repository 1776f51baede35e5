//! A layer's gradients against central differences.

use serde::{Deserialize, Serialize};

use crate::protocol::number;

/// Answer to [`super::Query::GradientCheck`]: the gradients by hand and central differences, both in `f64` on a copy of
/// the network, for samples of the current minibatch with its dropout masks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientCheck {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// Elements dealt with so far, those left out included.
    pub done: usize,
    /// Elements that will be dealt with: those with the largest gradients, and others by chance.
    pub planned: usize,
    /// Elements of all the layer's parameters.
    pub parameters: usize,
    /// The first samples of the minibatch, that the loss is taken of.
    pub samples: usize,
    /// Elements left out because rounding could hide an error of theirs: their layer has too little effect on the loss.
    pub skipped: usize,
    /// Largest relative error that passes.
    pub tolerance: f64,
    /// The comparison with the largest relative error so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<GradientDifference>,
    /// What it came to; `None` while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<CheckVerdict>,
}

/// One element's gradient found in two ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientDifference {
    /// Name of the parameter.
    pub parameter: String,
    /// Where the element is in the parameter's shape.
    pub index: Vec<usize>,
    /// Its gradient by hand.
    #[serde(with = "number")]
    pub by_hand: f64,
    /// Its gradient from central differences.
    #[serde(with = "number")]
    pub numeric: f64,
    /// Their difference, relative to the largest gradient of the parameter.
    #[serde(with = "number")]
    pub relative_error: f64,
}

/// What a gradient check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Every relative error is within the tolerance, and none could be hidden by rounding.
    Passed,
    /// Some relative error is above the tolerance.
    Failed,
    /// Another request came first; what was compared until then stands.
    Interrupted,
    /// No relative error is above the tolerance, but some elements were left out.
    Undecided,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}
