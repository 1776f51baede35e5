//! The chain of shapes: every layer fits the one before, the first the data and the last the classes.

use super::{
    BuildError, LayerSpec, NetworkSpec, Padding, Shape,
    window::{Window, image_dimensions},
};

/// What a layer is, as a table of layers shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedLayer {
    /// Position in the network, from 0; layers without parameters count too, and a block is one layer.
    pub index: usize,
    /// The layer as it was written down: `linear 256`.
    pub spec: LayerSpec,
    /// Shape of one sample at its input.
    pub input: Shape,
    /// Shape of one sample at its output.
    pub output: Shape,
    /// Number of trained values; 0 for an activation.
    pub parameters: usize,
}

/// Most values that one buffer or one weight may have: 2³⁰, which are 4 GiB of `f32`.
const MAX_BUFFER_VALUES: usize = 1 << 30;

/// Most layers of a network, and of a block: enough for any of them, and few enough to number all with 16 bits.
const MAX_LAYERS: usize = 1024;
const MAX_BLOCK_LAYERS: usize = 62;

/// Checks the whole chain of shapes and gives every layer its own.
pub(super) fn check_shapes(
    spec: &NetworkSpec,
    input: &Shape,
    classes: usize,
    max_batch: usize,
) -> Result<Vec<PlacedLayer>, BuildError> {
    if max_batch == 0 || input.features() == 0 || classes == 0 {
        let what = format!("{max_batch} samples of shape {input} in {classes} classes");
        return Err(BuildError::new(None, format!("a network needs at least one value to work on, not {what}")));
    }
    if !(0.0..1.0).contains(&spec.label_smoothing) {
        let what = format!("a label smoothing of {} is impossible; it must be from 0 to below 1", spec.label_smoothing);
        return Err(BuildError::new(None, what));
    }
    if spec.layers.len() > MAX_LAYERS {
        let message = format!("{} layers are too many; at most {MAX_LAYERS}", spec.layers.len());
        return Err(BuildError::new(None, message));
    }
    let spec = &spec.for_classes(classes);
    let infos = check_layers(&spec.layers, input, max_batch)
        .map_err(|(index, message)| BuildError::new(Some(index), format!("`{}` {message}", spec.layers[index])))?;
    let Some(last) = infos.last() else {
        let message = "a network needs at least one layer; `linear classes` gives the logits";
        return Err(BuildError::new(None, message));
    };
    if last.output.features() != classes {
        let message = format!(
            "`{}` is the last layer and gives {}, but the data has {classes} classes and needs {}; a last layer of `linear \
             classes` follows the data",
            last.spec,
            last.output,
            Shape::new([classes])
        );
        return Err(BuildError::new(Some(last.index), message).with_remedy(spec.paste_with_classes()));
    }
    Ok(infos)
}

impl NetworkSpec {
    /// Checks the whole chain of shapes as [`Network::new`](super::Network::new) does, and builds nothing.
    ///
    /// # Errors
    ///
    /// As [`Network::new`](super::Network::new).
    pub fn check_shapes(
        &self,
        input: &Shape,
        classes: usize,
        max_batch: usize,
    ) -> Result<Vec<PlacedLayer>, BuildError> {
        check_shapes(self, input, classes, max_batch)
    }

    /// Number of logits that it gives for a sample of shape `input`: the classes that it can tell apart.
    ///
    /// # Errors
    ///
    /// As [`Network::new`](super::Network::new), for any number of classes. A last layer of `linear classes` has no number by itself: see
    /// [`NetworkSpec::for_classes`].
    pub fn logit_count(&self, input: &Shape, max_batch: usize) -> Result<usize, BuildError> {
        let infos = check_layers(&self.layers, input, max_batch)
            .map_err(|(index, message)| BuildError::new(Some(index), format!("`{}` {message}", self.layers[index])))?;
        Ok(infos.last().map_or(input, |info| &info.output).features())
    }
}

/// What is wrong with `linear classes` where classes can't decide the number of its units, as the end of a sentence.
pub(super) const ONLY_LAST: &str =
    "takes its units from the classes, which only the last layer can; write `linear UNITS` here, such as `linear 64`";

/// Gives every layer of a row its shapes, or the first that is wrong and the end of a sentence about it.
pub(super) fn check_layers(
    layers: &[LayerSpec],
    input: &Shape,
    max_batch: usize,
) -> Result<Vec<PlacedLayer>, (usize, String)> {
    let mut infos: Vec<PlacedLayer> = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let input = infos.last().map_or(input, |info| &info.output).clone();
        let (output, parameters) = check_layer(layer, &input, max_batch).map_err(|message| (index, message))?;
        infos.push(PlacedLayer { index, spec: layer.clone(), input, output, parameters });
    }
    Ok(infos)
}

/// Output shape and number of trained values of one layer, or the end of a sentence about what is wrong with it.
fn check_layer(layer: &LayerSpec, input: &Shape, max_batch: usize) -> Result<(Shape, usize), String> {
    let too_large = || format!("on an input of shape {input} in batches of {max_batch} is too large to compute");
    let fits = |sizes: &[usize]| {
        sizes.iter().fold(1, |product: usize, &size| product.saturating_mul(size)) <= MAX_BUFFER_VALUES
    };
    let (output, parameters) = match *layer {
        LayerSpec::Linear { units: 0 } => return Err("has no units; a layer needs at least 1".into()),
        LayerSpec::Linear { units } => {
            if !fits(&[units, input.features()]) {
                return Err(too_large());
            }
            (Shape::new([units]), units * input.features() + units)
        }
        LayerSpec::LinearClasses => return Err(ONLY_LAST.into()),
        LayerSpec::Conv { channels: 0, .. } => return Err("has no channels; a layer needs at least 1".into()),
        LayerSpec::Conv { channels, kernel, stride, pad } => {
            let window = Window::new(input, kernel, stride, pad)?;
            if !fits(&[channels, input.dimensions()[0], kernel.0, kernel.1])
                || !fits(&[window.values(), window.places()])
            {
                return Err(too_large());
            }
            (Shape::new([channels, window.out_height, window.out_width]), channels * window.values() + channels)
        }
        LayerSpec::BatchNorm => {
            let units = channel_count(input);
            (input.clone(), 2 * units)
        }
        LayerSpec::MaxPool { size, stride, pad } | LayerSpec::AvgPool { size, stride, pad } => {
            let window = Window::new_pooling(input, size, stride, pad)?;
            (Shape::new([window.channels, window.out_height, window.out_width]), 0)
        }
        LayerSpec::GlobalAvgPool => (Shape::new([image_dimensions(input)?.0]), 0),
        LayerSpec::Flatten => (Shape::new([input.features()]), 0),
        LayerSpec::Dropout { probability } if !(0.0..1.0).contains(&probability) => {
            return Err(format!("has a probability of {probability}; it must be from 0 to below 1"));
        }
        LayerSpec::Activation(activation) => {
            activation.check()?;
            (input.clone(), 0)
        }
        LayerSpec::Residual { ref layers } => check_residual(layers, input, max_batch)?,
        LayerSpec::Dropout { .. } => (input.clone(), 0),
    };
    if fits(&[output.features(), max_batch]) { Ok((output, parameters)) } else { Err(too_large()) }
}

/// As [`check_layer`] for a block of these layers.
fn check_residual(layers: &[LayerSpec], input: &Shape, max_batch: usize) -> Result<(Shape, usize), String> {
    if layers.is_empty() || layers.len() > MAX_BLOCK_LAYERS {
        return Err(format!("holds {} layers; it needs from 1 to {MAX_BLOCK_LAYERS}", layers.len()));
    }
    let infos = check_layers(layers, input, max_batch)
        .map_err(|(index, message)| format!("is impossible: its layer {index}, `{}`, {message}", layers[index]))?;
    let output = infos[infos.len() - 1].output.clone();
    let mut parameters = infos.iter().map(|info| info.parameters).sum();
    let shortcut = find_shortcut(input, &output).ok_or_else(|| unfit_shortcut_error(input, &infos))?;
    if let ShortcutSpec::Projection(projection) = shortcut {
        parameters += check_layer(&projection, input, max_batch)?.1;
    }
    Ok((output, parameters))
}

/// What brings the input of a residual block to the shape of its output.
pub(super) enum ShortcutSpec {
    /// They are the same.
    Identity,
    /// A linear layer for vectors, a 1×1 convolution for images, its stride the ratio of the sizes.
    Projection(LayerSpec),
}

/// The shortcut of a block that makes `output` of `input`; `None` where there is none.
pub(super) fn find_shortcut(input: &Shape, output: &Shape) -> Option<ShortcutSpec> {
    if input == output {
        return Some(ShortcutSpec::Identity);
    }
    match (input.dimensions(), output.dimensions()) {
        ([_], &[units]) => Some(ShortcutSpec::Projection(LayerSpec::Linear { units })),
        (&[_, height, width], &[channels, out_height, out_width]) => {
            let stride = height.div_ceil(out_height);
            let fits = height.div_ceil(stride) == out_height && width.div_ceil(stride) == out_width;
            let projection = LayerSpec::Conv { channels, kernel: (1, 1), stride, pad: Padding::NONE };
            fits.then_some(ShortcutSpec::Projection(projection))
        }
        _ => None,
    }
}

/// Whether a layer has nothing to do with a vector.
fn takes_images_only(spec: &LayerSpec) -> bool {
    matches!(
        spec,
        LayerSpec::Conv { .. } | LayerSpec::MaxPool { .. } | LayerSpec::AvgPool { .. } | LayerSpec::GlobalAvgPool
    )
}

/// Why no shortcut fits a block of these layers, as the end of a sentence: from which layer on, and what would fit.
fn unfit_shortcut_error(input: &Shape, layers: &[PlacedLayer]) -> String {
    let last_fitting = layers.iter().rposition(|info| find_shortcut(input, &info.output).is_some());
    let PlacedLayer { index, spec, .. } = &layers[last_fitting.map_or(0, |last| last + 1)];
    let output = &layers[layers.len() - 1].output;
    let what = format!("turns {input} into {output}, to which its input can't be added: ");
    let (&[_, height, width], &[channels, out_height, out_width]) = (input.dimensions(), output.dimensions()) else {
        let is_vector = |layer: &&PlacedLayer| layer.output.dimensions().len() != 3;
        let PlacedLayer { index, spec, .. } = layers.iter().find(is_vector).unwrap_or(&layers[layers.len() - 1]);
        let needs_image = layers[..*index].iter().any(|layer| takes_images_only(&layer.spec));
        let flatten = if needs_image { "" } else { "`flatten` before the block, for a linear shortcut, or " };
        return format!(
            "{what}its layer {index}, `{spec}`, makes a vector of the image, and a 1x1 convolution as its shortcut gives \
             images only; put {flatten}that layer after it"
        );
    };
    let near = [height.div_ceil(out_height), width.div_ceil(out_width)];
    let mut strides: Vec<usize> = near.into_iter().flat_map(|stride| [stride - 1, stride]).filter(|&s| s > 0).collect();
    strides.sort_unstable();
    strides.dedup();
    let fitting: Vec<String> = strides
        .into_iter()
        .map(|stride| {
            let shape = Shape::new([channels, height.div_ceil(stride), width.div_ceil(stride)]);
            if stride == 1 { shape.to_string() } else { format!("{shape} with stride {stride}") }
        })
        .collect();
    format!(
        "{what}a 1x1 convolution as its shortcut can give {}; make its layers give one of these (`pad same` keeps height \
         and width), or put what changes them, from its layer {index}, `{spec}`, on, outside of the block",
        fitting.join(" or ")
    )
}

/// What batch normalization keeps apart: the channels of an image, the features of anything else.
pub(super) fn channel_count(shape: &Shape) -> usize {
    image_dimensions(shape).map_or(shape.features(), |(channels, ..)| channels)
}
