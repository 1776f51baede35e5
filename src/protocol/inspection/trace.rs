//! One sample on its way through the network and back.

use serde::{Deserialize, Serialize};

use super::{ActivationSummary, LayerUpdate, ParameterElement, Phase, SamplePicture, SplitName, TensorSlice};
use crate::protocol::number;

/// Which sample a trace follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum SampleChoice {
    /// A row of the current minibatch, from 0.
    Row {
        /// The row.
        row: usize,
    },
    /// The first wrongly classified row of the current minibatch after one, going around; needs the loss.
    NextMistake {
        /// The row after which the search begins; `None` begins with row 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<usize>,
    },
    /// The row of the current minibatch with the largest loss; needs the loss.
    Hardest,
    /// A sample of the data, alone in a batch of evaluation: running statistics, no dropout, no smoothing, no
    /// augmentation.
    Dataset {
        /// Which part of the data.
        split: SplitName,
        /// Its place there, from 0.
        index: usize,
    },
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Answer to [`super::Query::Trace`].
///
/// Gradients are those of the mean loss of the batch, as training uses them: what one sample adds is its own gradient
/// divided by the number of samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Which pass is shown.
    pub pass: PassKind,
    /// Samples in the batch.
    pub batch: usize,
    /// How far the minibatch has been stepped through; [`Phase::Between`] if it is not, and then all is there.
    pub phase: Phase,
    /// Mean loss of the batch in nats; `None` while it is not computed.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub batch_loss: Option<f64>,
    /// Share of the batch that is classified correctly, 0 to 1; `None` while the loss is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_accuracy: Option<f64>,
    /// The sample that is followed.
    pub sample: TracedSample,
    /// What the loss makes of the sample; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<SampleLoss>,
    /// Loss of every row of the batch in nats, to choose among them; empty while it is not computed.
    #[serde(with = "number::list")]
    pub losses: Vec<f32>,
    /// Every layer, in the order of the network.
    pub layers: Vec<TracedLayer>,
    /// The layer that was asked for.
    pub selected: LayerTrace,
}

/// Which pass through the network a trace is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PassKind {
    /// Training, of a minibatch.
    Minibatch {
        /// Its number, from 1.
        number: u64,
    },
    /// Evaluation of the sample alone.
    Evaluation,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The sample that a trace follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedSample {
    /// Its row in the batch.
    pub row: usize,
    /// Which part of the data it is from.
    pub split: SplitName,
    /// Its place there.
    pub index: usize,
    /// Where it stands in the files that were read, as `table.csv:414`; `None` where its place says it, or it is not
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Its class, an index of [`crate::protocol::DataInfo::classes`].
    pub class: usize,
    /// What the network reads, preprocessed and augmented; at most 4,096 values, of an image whole channels.
    pub input: TensorSlice,
    /// The image as it is stored; `None` for what is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<SamplePicture>,
}

/// What the loss makes of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleLoss {
    /// z, the output of the last layer: one for each class.
    #[serde(with = "number::list")]
    pub logits: Vec<f32>,
    /// p = softmax(z).
    #[serde(with = "number::list")]
    pub probabilities: Vec<f32>,
    /// q, what the probabilities should be: 1 for the sample's class and 0 elsewhere, if the labels are not smoothed.
    #[serde(with = "number::list")]
    pub target: Vec<f32>,
    /// ∂L/∂z = (p - q) / batch.
    #[serde(with = "number::list")]
    pub gradient: Vec<f32>,
    /// The class with the largest logit.
    pub predicted: usize,
    /// -Σ q log p in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// ∂p/∂z = diag(p) - p pᵀ, row by row; empty for more than 16 classes.
    #[serde(with = "number::list")]
    pub jacobian: Vec<f32>,
}

/// A layer as the sample met it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedLayer {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// Output for this sample; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<ActivationSummary>,
    /// ∂L/∂output for this sample; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward: Option<ActivationSummary>,
    /// Euclidean norm of the gradient of all the layer's parameters, over the batch; `None` while it is not computed,
    /// and for a layer without parameters.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
}

/// One layer in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerTrace {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// x for this sample, at most 4,096 values, of an image whole channels; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<TensorSlice>,
    /// y for this sample; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<TensorSlice>,
    /// ∂L/∂y for this sample; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_gradient: Option<TensorSlice>,
    /// ∂L/∂x for this sample; likewise. Of the first layer `None` after the update too, since it is computed when it is
    /// asked for, from the weights there are then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_gradient: Option<TensorSlice>,
    /// The diagonal of ∂y/∂x for this sample where the layer works element by element: of a rectifier the 0s and 1s of
    /// its mask; `None` for other layers, and while the output is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivative: Option<TensorSlice>,
    /// Of a linear layer one unit in full; `None` for other layers, and after the update, when the weights are no
    /// longer those of the pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<TracedUnit>,
    /// What the update did to its parameters; `None` until it is done, and for a layer without parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<LayerUpdate>,
    /// The trained tensors; those of a block with the way to them in their names.
    pub parameters: Vec<TracedParameter>,
    /// The elements with the largest gradients of all its parameters, largest first, at most ten; empty while no
    /// gradient is computed.
    pub largest: Vec<ParameterElement>,
}

/// What one unit of a linear layer adds up, and what the gradient of one of its inputs does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedUnit {
    /// i, the unit with the largest output for this sample; 0 while that is not computed.
    pub unit: usize,
    /// k, the input of largest size for this sample; 0 while that is not computed.
    pub input: usize,
    /// W\[i,·\], at most 4,096 of its values.
    #[serde(with = "number::list")]
    pub weights: Vec<f32>,
    /// W\[·,k\], at most 4,096 of its values.
    #[serde(with = "number::list")]
    pub column: Vec<f32>,
    /// ∂L/∂W\[i,k\] over the batch; `None` while it is not computed.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub weight_gradient: Option<f64>,
    /// b\[i\]; `None` for a layer without bias.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub bias: Option<f64>,
    /// ∂L/∂b\[i\] over the batch; `None` for a layer without bias, and while it is not computed.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub bias_gradient: Option<f64>,
}

/// A trained tensor of the layer in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedParameter {
    /// `weight` or `bias`; within a block the way to it as well.
    pub name: String,
    /// Its first corner: 8 × 8 of a matrix, whole kernels of a convolution.
    pub value: TensorSlice,
    /// The same corner of its gradient, over the batch; `None` while it is not computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient: Option<TensorSlice>,
    /// Euclidean norm of all its values.
    #[serde(with = "number")]
    pub norm: f64,
    /// Euclidean norm of its whole gradient; `None` while it is not computed.
    #[serde(default, with = "number::option", skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
}
