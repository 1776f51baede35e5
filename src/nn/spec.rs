//! The plain description of a network; its compact text as in `config.toml` is in [`text`].

mod facts;
mod text;
mod words;

pub use facts::LAYER_FORMS;
pub use text::split_layers;

use super::{Init, Padding, layers::activation::ActivationSpec};

/// A network as one writes it down: its layers in the order of the forward pass, and how its weights begin.
///
/// The last layer gives the logits, one for each class; softmax and cross entropy follow by themselves. Written as
/// `linear classes` it has as many units as the data have classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSpec {
    /// The layers.
    pub layers: Vec<LayerSpec>,
    /// How weights and biases are drawn.
    pub init: Init,
    /// Share of the target that is spread evenly over all classes while training, from 0 to below 1.
    pub label_smoothing: f64,
}

impl NetworkSpec {
    /// The network for data of so many classes: its last layer, if it is `linear classes`, with that many units.
    #[must_use]
    pub fn for_classes(&self, classes: usize) -> Self {
        let mut network = self.clone();
        if let Some(last @ LayerSpec::LinearClasses) = network.layers.last_mut() {
            *last = LayerSpec::Linear { units: classes };
        }
        network
    }

    /// What to paste so that the last layer follows the data: the layers as they are, with `linear classes` at the end.
    pub(super) fn paste_with_classes(&self) -> String {
        let kept = match self.layers.as_slice() {
            [kept @ .., LayerSpec::Linear { .. } | LayerSpec::LinearClasses] => kept,
            all => all,
        };
        let layers: Vec<String> = kept.iter().chain([&LayerSpec::LinearClasses]).map(ToString::to_string).collect();
        format!("--set 'model.layers={}'", layers.join(", "))
    }
}

/// One layer as one writes it down. Its text is the kind and its settings: `linear 256`, `conv 64 3x3 pad 1`.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerSpec {
    /// `linear UNITS`: y = x Wᵀ + b.
    Linear {
        /// Number of outputs, at least 1.
        units: usize,
    },
    /// `linear classes`: a linear layer with one output for each class of the data. Only the last layer can be one, and
    /// [`NetworkSpec::for_classes`] makes it a [`Self::Linear`] of that many units.
    LinearClasses,
    /// `conv CHANNELS HEIGHTxWIDTH [stride N] [pad N|HxW|same]`: cross-correlation of an image with a kernel for each channel
    /// of the output.
    Conv {
        /// Channels of the output, at least 1.
        channels: usize,
        /// Height and width of the kernel, at least 1 each.
        kernel: (usize, usize),
        /// Step of the kernel, at least 1; 1 unless given.
        stride: usize,
        /// Zeros around the image; none unless given.
        pad: Padding,
    },
    /// `batchnorm`: mean 0 and variance 1 over the batch, for each feature or channel, then scaled and shifted.
    BatchNorm,
    /// `maxpool SIZE [stride N] [pad N|HxW]`: the largest value of each window.
    MaxPool {
        /// Height and width of the window, at least 1.
        size: usize,
        /// Step of the window, at least 1; its size unless given.
        stride: usize,
        /// Rows above and below, and columns left and right of the image that never win, each at most half the size; 0
        /// unless given.
        pad: (usize, usize),
    },
    /// `avgpool SIZE [stride N] [pad N|HxW]`: the mean of each window, zeros of the padding counted.
    AvgPool {
        /// Height and width of the window, at least 1.
        size: usize,
        /// Step of the window, at least 1; its size unless given.
        stride: usize,
        /// Rows of zeros above and below, and columns left and right of the image, each at most half the size; 0 unless
        /// given.
        pad: (usize, usize),
    },
    /// `global_avgpool`: the mean of each channel.
    GlobalAvgPool,
    /// `flatten`: the image as a vector, channel by channel, row by row.
    Flatten,
    /// An activation, as `relu` or `elu 0.5`: a function of each value by itself.
    Activation(ActivationSpec),
    /// `dropout PROBABILITY`: while training, zeroes a value with that probability and scales the others up.
    Dropout {
        /// Probability of zeroing a value, from 0 to below 1.
        probability: f64,
    },
    /// `residual [LAYER, …]`: the layers, and what they read added to what they give.
    Residual {
        /// The layers of the body, none of them a residual block.
        layers: Vec<LayerSpec>,
    },
}

impl<A: Into<ActivationSpec>> From<A> for LayerSpec {
    fn from(activation: A) -> Self {
        Self::Activation(activation.into())
    }
}
