//! The update that ends a walk, in numbers: what each layer's weights were before and after it, and why.

use crate::{
    nn::Network,
    optim::{Optimizer, UpdateFacts},
    protocol::inspection::{LayerUpdate, UpdateConstant, UpdatedElement},
    train::largest::largest_elements,
};

/// How many of the largest changes of a layer are kept.
const LARGEST_CHANGES: usize = 10;

/// Weights and optimizer as they were before an update.
pub(super) struct StateBeforeUpdate {
    values: Vec<Vec<f32>>,
    optimizer: Optimizer<f32>,
}

/// What an update did, layer by layer.
#[derive(Debug)]
pub(super) struct TracedUpdate {
    /// Layers with parameters, each with what became of them.
    layers: Vec<(usize, LayerUpdate)>,
}

impl StateBeforeUpdate {
    /// Copies what the update is going to change.
    pub fn new(network: &Network<f32>, optimizer: &Optimizer<f32>) -> Self {
        Self {
            values: network.parameters().map(|parameter| parameter.value.clone()).collect(),
            optimizer: optimizer.clone(),
        }
    }

    /// Compares with what there is after the update.
    pub fn compare(self, network: &Network<f32>, optimizer: &Optimizer<f32>, facts: &UpdateFacts) -> TracedUpdate {
        let mut layers: Vec<usize> = network.parameters().map(|parameter| parameter.layer).collect();
        layers.dedup();
        let update = |layer: usize| LayerUpdate {
            optimizer: optimizer.spec().name().into(),
            equations: optimizer.spec().update_equations(facts).into_iter().map(Into::into).collect(),
            constants: optimizer
                .spec()
                .update_constants(facts)
                .into_iter()
                .map(|(symbol, value)| UpdateConstant { symbol: symbol.into(), value })
                .collect(),
            largest: self.largest_changes(network, optimizer, facts, layer),
        };
        TracedUpdate { layers: layers.into_iter().map(|layer| (layer, update(layer))).collect() }
    }

    /// The elements of a layer that changed the most.
    fn largest_changes(
        &self,
        network: &Network<f32>,
        optimizer: &Optimizer<f32>,
        facts: &UpdateFacts,
        layer: usize,
    ) -> Vec<UpdatedElement> {
        let parameters = || network.parameters().enumerate().filter(|(_, parameter)| parameter.layer == layer);
        let changes: Vec<(usize, Vec<f32>)> = parameters()
            .map(|(place, parameter)| {
                let pairs = parameter.value.iter().zip(&self.values[place]);
                (place, pairs.map(|(after, before)| after - before).collect())
            })
            .collect();
        let tensors = changes.iter().map(|(_, changes)| changes.as_slice());
        let spec = optimizer.spec();
        let element = |(tensor, at): (usize, usize)| {
            let (place, parameter) = parameters().nth(tensor)?;
            let states = |optimizer: &Optimizer<f32>| {
                let [first, second] = optimizer.states(place);
                let first = spec.has_momentum().then(|| first.get(at).copied()).flatten();
                (first.map(f64::from), second.get(at).copied().map(f64::from))
            };
            let ((first_before, second_before), (first, second)) = (states(&self.optimizer), states(optimizer));
            let (before, after) = (f64::from(self.values[place][at]), f64::from(parameter.value[at]));
            Some(UpdatedElement {
                parameter: parameter.name.clone(),
                index: parameter.shape.index_of_value(at),
                gradient: parameter.gradient[at].into(),
                first_before,
                first,
                second_before,
                second,
                step_size: spec.step_size(facts, second.unwrap_or(0.0)),
                change: after - before,
                before,
                after,
            })
        };
        largest_elements(tensors, LARGEST_CHANGES).into_iter().filter_map(element).collect()
    }
}

impl TracedUpdate {
    /// What became of a layer; `None` for one without parameters.
    pub fn layer(&self, layer: usize) -> Option<&LayerUpdate> {
        self.layers.iter().find(|(index, _)| *index == layer).map(|(_, update)| update)
    }
}
