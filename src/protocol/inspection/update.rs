//! What an update did to a layer.

use serde::{Deserialize, Serialize};

use crate::protocol::number;

/// The update of a layer's parameters that ended a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerUpdate {
    /// Name of the optimizer: `Adam`.
    pub optimizer: String,
    /// What becomes of a weight θ with the gradient g, one assignment after the other, in the mathematics' symbols.
    pub equations: Vec<String>,
    /// The constants in the equations.
    pub constants: Vec<UpdateConstant>,
    /// The elements that changed the most, the largest change first, at most ten.
    pub largest: Vec<UpdatedElement>,
}

/// A constant of an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateConstant {
    /// Its symbol in the equations: `β₁`.
    pub symbol: String,
    /// Its value.
    #[serde(with = "number")]
    pub value: f64,
}

/// One element of a parameter before and after an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdatedElement {
    /// Name of the parameter: `weight`, `body.0.bias`.
    pub parameter: String,
    /// Where it is in the parameter's shape: `[3, 17]`.
    pub index: Vec<usize>,
    /// Its gradient over the minibatch, before clipping and weight decay.
    #[serde(with = "number")]
    pub gradient: f64,
    /// m before the update; `None` for an optimizer without.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub first_before: Option<f64>,
    /// m after it; likewise.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// v before the update; `None` for an optimizer without.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub second_before: Option<f64>,
    /// v after it; likewise.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub second: Option<f64>,
    /// The element's own step size: η, divided by √v + ε where there is a v, both means corrected for their bias.
    #[serde(with = "number")]
    pub step_size: f64,
    /// What the update added: Δθ.
    #[serde(with = "number")]
    pub change: f64,
    /// θ before the update.
    #[serde(with = "number")]
    pub before: f64,
    /// θ after it.
    #[serde(with = "number")]
    pub after: f64,
}
