//! What a layer makes of an image, channel by channel.

use serde::{Deserialize, Serialize};

use super::PassKind;
use crate::protocol::number;

/// Answer to [`super::Query::FeatureMaps`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureMaps {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// Which pass is shown.
    pub pass: PassKind,
    /// The sample's row in the batch.
    pub row: usize,
    /// How many channels the layer's output has.
    pub total: usize,
    /// How many of them are passed over.
    pub first: usize,
    /// Rows and columns of each map: those of a channel, or fewer if it has more than 4,096 values.
    pub shape: [usize; 2],
    /// The output for this sample, one map for each channel; empty while it is not computed.
    pub forward: Vec<FeatureMap>,
    /// ∂L/∂output for this sample; likewise.
    pub backward: Vec<FeatureMap>,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureMap {
    /// Least value of the whole channel.
    #[serde(with = "number")]
    pub minimum: f64,
    /// Its largest value.
    #[serde(with = "number")]
    pub maximum: f64,
    /// The values row by row; of a large channel the means of equal squares.
    #[serde(with = "number::list")]
    pub values: Vec<f32>,
}
