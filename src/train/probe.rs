//! What the probe measures at a step: norms of weights, gradients and updates, and the share of dead units.

use crate::{
    optim,
    protocol::{DataInfo, Health, LayerInfo, LayerProbe, Probe, RunInfo},
    train::{TrainSpec, Trainer},
};

impl Trainer {
    /// Measures the step just done. Reads only; the course of the training is untouched.
    pub fn probe(&self, gradient_norm: f64) -> Probe {
        let mut layers: Vec<LayerProbe> = Vec::new();
        let square = |value: f64| value * value;
        for (parameter, &update_norm) in self.network.parameters().zip(self.optimizer.update_norms()) {
            if layers.last().is_none_or(|layer| layer.layer != parameter.layer) {
                layers.push(LayerProbe {
                    layer: parameter.layer,
                    weight_norm: 0.0,
                    gradient_norm: 0.0,
                    update_norm: 0.0,
                    dead: self.dead_behind(parameter.layer),
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
        Probe { gradient_norm, layers }
    }

    /// Share of dead units of the first rectifier behind `layer`, before the next layer that has parameters.
    fn dead_behind(&self, layer: usize) -> Option<f64> {
        let infos = self.network.layer_infos();
        infos[layer + 1..]
            .iter()
            .take_while(|info| info.parameters == 0)
            .find_map(|info| self.network.dead_units(info.index))
    }

    /// All that stays the same while the run goes on.
    pub fn describe(&self, spec: &TrainSpec) -> RunInfo {
        let layers: Vec<LayerInfo> = self
            .network
            .layer_infos()
            .iter()
            .map(|info| LayerInfo {
                index: info.index,
                kind: info.spec.to_string(),
                input: info.input.dimensions().to_vec(),
                output: info.output.dimensions().to_vec(),
                parameters: info.parameters as u64,
            })
            .collect();
        RunInfo {
            seed: spec.seed,
            threads: self.network.pool().threads(),
            data: DataInfo {
                name: self.data.name.clone(),
                train: self.data.train.len(),
                test: self.data.test.len(),
                shape: self.data.shape.clone(),
                classes: self.data.classes.clone(),
            },
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            layers,
            batch_size: spec.batch_size,
            steps_per_epoch: self.steps_per_epoch(),
            evaluate_every: self.evaluate_every(spec),
            optimizer: self.optimizer.spec().name().into(),
        }
    }

    /// Minibatches between two evaluations.
    pub fn evaluate_every(&self, spec: &TrainSpec) -> u64 {
        spec.evaluate_every.unwrap_or_else(|| self.steps_per_epoch())
    }
}
