//! The data, and what the network makes of it.

use serde::{Deserialize, Serialize};

use super::TensorSlice;
use crate::protocol::number;

/// A part of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitName {
    /// What is trained on.
    Train,
    /// What is only ever tested on.
    #[default]
    Test,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Which samples are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleFilter {
    /// All of them.
    #[default]
    All,
    /// Those that are classified wrongly.
    Mistakes,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// In which order samples are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleOrder {
    /// As they are stored.
    #[default]
    Index,
    /// The largest loss first.
    Loss,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Answer to [`super::Query::Samples`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplePage {
    /// Minibatches completed when the samples were evaluated.
    pub evaluated: u64,
    /// Samples of that part of the data.
    pub samples: usize,
    /// How many of them are classified wrongly.
    pub mistakes: usize,
    /// The page.
    pub entries: Vec<ClassifiedSample>,
}

/// A sample and what the network makes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifiedSample {
    /// Its place in its part of the data.
    pub index: usize,
    /// Its class, an index of [`crate::protocol::DataInfo::classes`].
    pub class: usize,
    /// The class with the largest probability.
    pub predicted: usize,
    /// That probability.
    #[serde(with = "number")]
    pub confidence: f64,
    /// Loss in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// The image as it is stored; `None` for what is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<SamplePicture>,
    /// The first 8 values of what is no image, as the network reads them; empty for an image.
    #[serde(with = "number::list")]
    pub values: Vec<f32>,
}

/// An image of at most 64 × 64 pixels; a larger one is averaged down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplePicture {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Brightness 0 to 255, channel by channel, row by row.
    pub pixels: Vec<u8>,
}

/// Answer to [`super::Query::Confusion`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// Minibatches completed when the samples were evaluated.
    pub evaluated: u64,
    /// Number of classes.
    pub classes: usize,
    /// How many samples of each class (a row each) were taken for each (a column each), row by row.
    pub counts: Vec<u32>,
}

/// Answer to [`super::Query::Filters`]: the weights of units as pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterPictures {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// How many filters the layer has.
    pub total: usize,
    /// How many were passed over.
    pub first: usize,
    /// Channels, rows and columns of what is here of a filter: of more than 4,096 values the first channels, and of a
    /// larger plane the means of its squares.
    pub shape: [usize; 3],
    /// The weights of each filter that is here, channel by channel, row by row.
    pub filters: Vec<TensorSlice>,
}
