//! Batch normalization where a minibatch of one sample has a single value for each mean.

use super::{
    BuildError, LayerSpec, PlacedLayer,
    chain::{channel_count, check_layers},
};

/// A batch normalization that takes its mean and variance over one value of each sample: after a vector, or after an
/// image of one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleValueNorm {
    /// The layer, or the block that it is in, from 0.
    pub layer: usize,
    /// What it is called, for people: `layer 1, batchnorm`.
    pub name: String,
}

/// The first such layer of a network, if there is one.
pub fn find_single_value_norm(layers: &[PlacedLayer]) -> Option<SingleValueNorm> {
    layers.iter().find_map(|info| {
        let name = match &info.spec {
            LayerSpec::Residual { layers } => {
                let within = find_single_value_norm(&check_layers(layers, &info.input, 1).ok()?)?;
                format!("layer {}, residual, in it {}", info.index, within.name)
            }
            LayerSpec::BatchNorm if channel_count(&info.input) == info.input.features() => {
                format!("layer {}, {}", info.index, info.spec)
            }
            _ => return None,
        };
        Some(SingleValueNorm { layer: info.index, name })
    })
}

/// Whether a network can be trained with minibatches of so many samples.
///
/// # Errors
/// When there is one sample and a batch normalization takes its statistics over one value of it: its output would then
/// be the same for every sample, and no layer before it would learn anything.
pub fn check_minibatch(layers: &[PlacedLayer], samples: usize) -> Result<(), BuildError> {
    let Some(SingleValueNorm { layer, name }) = find_single_value_norm(layers).filter(|_| samples == 1) else {
        return Ok(());
    };
    let message = format!(
        "{name}: in minibatches of 1 sample each mean is over 1 value, so that it gives the same for every sample and the \
         layers before it learn nothing; choose a run.batch_size of 2 or more, or leave the layer out"
    );
    Err(BuildError::new(Some(layer), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{NetworkSpec, Shape};

    fn found(layers: &[&str], input: &[usize]) -> Option<(usize, String)> {
        let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
        let spec = NetworkSpec { layers, ..NetworkSpec::default() };
        let infos = spec.check_shapes(&Shape::new(input), 3, 4).unwrap();
        assert_eq!(check_minibatch(&infos, 1).is_err(), find_single_value_norm(&infos).is_some());
        check_minibatch(&infos, 2).unwrap();
        find_single_value_norm(&infos).map(|norm| (norm.layer, norm.name))
    }

    #[test]
    fn norms_over_one_value_of_a_sample_are_found_in_blocks_too() {
        let image = &[1, 4, 4][..];
        assert_eq!(found(&["linear 5", "batchnorm", "linear classes"], &[2]), Some((1, "layer 1, batchnorm".into())));
        assert_eq!(found(&["conv 2 3x3", "batchnorm", "linear classes"], image), None);
        assert_eq!(
            found(&["conv 2 4x4", "relu", "batchnorm", "linear classes"], image),
            Some((2, "layer 2, batchnorm".into()))
        );
        assert_eq!(
            found(&["linear 5", "residual [linear 5, batchnorm, relu]", "linear classes"], image),
            Some((1, "layer 1, residual, in it layer 1, batchnorm".into()))
        );
        assert_eq!(found(&["residual [conv 2 3x3 pad 1, batchnorm]", "linear classes"], image), None);
    }
}
