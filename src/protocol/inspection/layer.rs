//! A layer in figures.

use serde::{Deserialize, Serialize};

use crate::protocol::number;

/// Answer to [`super::Query::Layer`]: the weights as they are now; gradients and outputs of the current minibatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerView {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// Number of the minibatch that gradients and outputs are of, from 1.
    pub minibatch: u64,
    /// The trained tensors; those of a block with the way to them in their names.
    pub parameters: Vec<ParameterView>,
    /// Output for the whole minibatch; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activations: Option<Distribution>,
    /// Gradient of the loss by that output; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Distribution>,
    /// Figures of each unit, which are the channels of an image.
    pub units: UnitFigures,
}

/// A trained tensor in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterView {
    /// `weight` or `bias`; within a block the way to it as well.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Distribution,
    /// Its gradient; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradients: Option<Distribution>,
}

/// How values are distributed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many values there are.
    pub count: usize,
    /// How many of them are exactly 0; these are in no bin.
    pub zeros: usize,
    /// How many of them are not finite; these are in nothing else.
    pub not_finite: usize,
    /// Least value; 0 if there is none.
    pub minimum: f64,
    /// Largest value; 0 if there is none.
    pub maximum: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Euclidean norm.
    pub norm: f64,
    /// How many values lie in each of equally wide bins from the least to the largest value; empty if all are 0.
    pub bins: Vec<u32>,
}

/// Figures of each unit of a layer, the first 512 of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitFigures {
    /// How many units there are.
    pub count: usize,
    /// Euclidean norm of each unit's weights; empty for a layer without a weight for each.
    #[serde(with = "number::list")]
    pub weight_norms: Vec<f32>,
    /// Euclidean norm of the gradient of each unit's weights; empty while it is not computed.
    #[serde(with = "number::list")]
    pub gradient_norms: Vec<f32>,
    /// Mean output of each unit over the minibatch; empty while it is not computed.
    #[serde(with = "number::list")]
    pub means: Vec<f32>,
    /// Share of each unit's outputs that are exactly 0, of those of the activation where one follows the layer directly;
    /// empty while they are not computed.
    #[serde(with = "number::list")]
    pub zeros: Vec<f32>,
    /// γ of a batch normalization; empty for others.
    #[serde(with = "number::list")]
    pub gamma: Vec<f32>,
    /// β of a batch normalization; empty for others.
    #[serde(with = "number::list")]
    pub beta: Vec<f32>,
    /// Running mean of a batch normalization, as before the minibatch; empty for others.
    #[serde(with = "number::list")]
    pub running_means: Vec<f32>,
    /// Running variance of a batch normalization, as before the minibatch; empty for others.
    #[serde(with = "number::list")]
    pub running_variances: Vec<f32>,
}
