//! The chain of shapes: every layer fits the one before, the first the data and the last the classes.

use super::{BuildError, LayerSpec, NetworkSpec, Shape};

/// What a layer is, as a table of layers shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerInfo {
    /// Position in the network, from 0, counting every layer.
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
const MAX_VALUES: usize = 1 << 30;

/// Checks the whole chain of shapes and gives every layer its own.
pub(super) fn check(
    spec: &NetworkSpec,
    input: &Shape,
    classes: usize,
    max_batch: usize,
) -> Result<Vec<LayerInfo>, BuildError> {
    if max_batch == 0 || input.features() == 0 || classes == 0 {
        let what = format!("{max_batch} samples of shape {input} in {classes} classes");
        return Err(BuildError::new(None, format!("a network needs at least one value to work on, not {what}")));
    }
    let mut infos: Vec<LayerInfo> = Vec::with_capacity(spec.layers.len());
    for (index, &layer) in spec.layers.iter().enumerate() {
        let input = infos.last().map_or(input, |info| &info.output).clone();
        let (output, parameters) = check_layer(layer, &input, max_batch)
            .map_err(|message| BuildError::new(Some(index), format!("`{layer}` {message}")))?;
        infos.push(LayerInfo { index, spec: layer, input, output, parameters });
    }
    let Some(last) = infos.last() else {
        let message = format!("a network needs at least one layer; `linear {classes}` gives the logits");
        return Err(BuildError::new(None, message));
    };
    if last.output.features() != classes {
        let message = format!(
            "`{}` is the last layer and gives {}, but the data has {classes} classes and needs {}",
            last.spec,
            last.output,
            Shape::new([classes])
        );
        return Err(BuildError::new(Some(last.index), message));
    }
    Ok(infos)
}

impl NetworkSpec {
    /// Checks the whole chain of shapes as [`Network::new`](super::Network::new) does, and builds nothing.
    ///
    /// # Errors
    ///
    /// As [`Network::new`](super::Network::new).
    pub fn check(&self, input: &Shape, classes: usize, max_batch: usize) -> Result<Vec<LayerInfo>, BuildError> {
        check(self, input, classes, max_batch)
    }
}

/// Output shape and number of trained values of one layer, or what is wrong with it.
fn check_layer(layer: LayerSpec, input: &Shape, max_batch: usize) -> Result<(Shape, usize), String> {
    match layer {
        LayerSpec::Linear { units: 0 } => Err("has no units; a layer needs at least 1".into()),
        LayerSpec::Linear { units } => {
            let weights = units.saturating_mul(input.features());
            if weights > MAX_VALUES || units.saturating_mul(max_batch) > MAX_VALUES {
                return Err(format!("on an input of shape {input} in batches of {max_batch} is too large to compute"));
            }
            Ok((Shape::new([units]), weights + units))
        }
        LayerSpec::Dropout { probability } if !(0.0..1.0).contains(&probability) => {
            Err(format!("has a probability of {probability}; it must be from 0 to below 1"))
        }
        LayerSpec::LeakyRelu { slope } if !(0.0..=1.0).contains(&slope) => {
            Err(format!("has a slope of {slope}; it must be from 0 to 1"))
        }
        _ => Ok((input.clone(), 0)),
    }
}
