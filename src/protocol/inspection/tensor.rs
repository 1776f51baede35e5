//! Parts of tensors, and what they come to.

use serde::{Deserialize, Serialize};

use crate::protocol::number;

/// A tensor, or its first corner if it is large.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TensorSlice {
    /// Shape of the whole.
    pub shape: Vec<usize>,
    /// Shape of what is here: the first values of each dimension.
    pub kept: Vec<usize>,
    /// The values that are here, in row-major order.
    #[serde(with = "number::list")]
    pub values: Vec<f32>,
}

/// What the values of one sample at the output of a layer come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationSummary {
    /// Least value.
    #[serde(with = "number")]
    pub minimum: f64,
    /// Mean.
    #[serde(with = "number")]
    pub mean: f64,
    /// Largest value.
    #[serde(with = "number")]
    pub maximum: f64,
    /// Euclidean norm.
    #[serde(with = "number")]
    pub norm: f64,
    /// Share of the values that are exactly 0, 0 to 1.
    pub zeros: f64,
    /// At most 64 values that stand for all, in their order: each the one of largest size of its run.
    #[serde(with = "number::list")]
    pub thumbnail: Vec<f32>,
}

/// One element of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterElement {
    /// Name of the parameter: `weight`, `body.0.bias`.
    pub parameter: String,
    /// Where it is in the parameter's shape: `[3, 17]`.
    pub index: Vec<usize>,
    /// Its value.
    #[serde(with = "number")]
    pub value: f64,
    /// Its gradient.
    #[serde(with = "number")]
    pub gradient: f64,
}
