//! What the probe measures at a step: norms of weights, gradients and updates, and the share of dead units.

use crate::{
    nn::{LayerProperty, Network, PlacedLayer},
    optim,
    protocol::LayerProbe,
    train::{LayerMeasures, metrics},
};

/// What the probe saw of a layer as it is reported.
pub(super) fn layer_report(layer: &LayerMeasures) -> LayerProbe {
    LayerProbe { layer: layer.layer, values: metrics::layer_values(layer), health: layer.health }
}

/// Measures the layers that have parameters after a step with these norms of updates. Reads only; the course of the
/// training is untouched.
pub(super) fn measure_layers(network: &Network<f32>, update_norms: &[f64]) -> Vec<LayerMeasures> {
    let mut layers: Vec<LayerMeasures> = Vec::new();
    let square = |value: f64| value * value;
    for (parameter, &update_norm) in network.parameters().zip(update_norms) {
        if layers.last().is_none_or(|layer| layer.layer != parameter.layer) {
            layers.push(LayerMeasures {
                layer: parameter.layer,
                category: network.layer_infos()[parameter.layer].spec.category(),
                saturates: layers_after(network, parameter.layer)
                    .any(|info| info.spec.involves_property(LayerProperty::Saturates)),
                parameters: network.layer_infos()[parameter.layer].parameters,
                weight_norm: 0.0,
                gradient_norm: 0.0,
                update_norm: 0.0,
                dead: dead_share_after(network, parameter.layer),
                constant: network.constant_channel_share(parameter.layer),
                health: None,
            });
        }
        if let Some(layer) = layers.last_mut() {
            layer.weight_norm += square(optim::norm(&parameter.value));
            layer.gradient_norm += square(optim::norm(&parameter.gradient));
            layer.update_norm += square(update_norm);
        }
    }
    for layer in &mut layers {
        layer.weight_norm = layer.weight_norm.sqrt();
        layer.gradient_norm = layer.gradient_norm.sqrt();
        layer.update_norm = layer.update_norm.sqrt();
    }
    layers
}

/// Share of dead units of the first rectifier after `layer`, before the next layer that has parameters.
fn dead_share_after(network: &Network<f32>, layer: usize) -> Option<f64> {
    layers_after(network, layer).find_map(|info| network.dead_unit_share(info.index))
}

/// The layers after `layer`, before the next one that has parameters.
fn layers_after(network: &Network<f32>, layer: usize) -> impl Iterator<Item = &PlacedLayer> {
    network.layer_infos()[layer + 1..].iter().take_while(|info| info.parameters == 0)
}
