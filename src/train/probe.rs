//! What the probe measures at a step: norms of weights, gradients and updates, and the share of dead units.

use crate::{
    optim,
    protocol::{Health, LayerProbe},
    train::{LayerMeasures, Trainer, metrics},
};

/// What the probe saw of a layer as it is reported.
pub(super) fn report(layer: &LayerMeasures) -> LayerProbe {
    LayerProbe { layer: layer.layer, values: metrics::of_layer(layer), health: Some(layer.health) }
}

impl Trainer {
    /// Measures the step just done. Reads only; the course of the training is untouched.
    pub fn probe(&self) -> Vec<LayerMeasures> {
        let mut layers: Vec<LayerMeasures> = Vec::new();
        let square = |value: f64| value * value;
        for (parameter, &update_norm) in self.network.parameters().zip(self.optimizer.update_norms()) {
            if layers.last().is_none_or(|layer| layer.layer != parameter.layer) {
                layers.push(LayerMeasures {
                    layer: parameter.layer,
                    weight_norm: 0.0,
                    gradient_norm: 0.0,
                    update_norm: 0.0,
                    dead: self.dead_after(parameter.layer),
                    health: Health::Good,
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
    fn dead_after(&self, layer: usize) -> Option<f64> {
        let infos = self.network.layer_infos();
        infos[layer + 1..]
            .iter()
            .take_while(|info| info.parameters == 0)
            .find_map(|info| self.network.dead_units(info.index))
    }
}
