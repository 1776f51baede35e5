//! Exponential moving average of the weights, with which evaluations see a calmer network than the one that trains.

use std::mem::swap;

use crate::{
    nn::{Network, copy_from_f64},
    tensors::{TensorError, TensorState, Tensors, Writer},
};

/// A moving average of all parameters of a network.
///
/// After the first update it is the weights themselves, up to rounding, and after each later one ā ← decay·ā + (1 - decay)·w, as
/// `PyTorch`'s `AveragedModel` with `get_ema_multi_avg_fn`. Running statistics of batch normalization are averages
/// already and stay those of the training.
#[derive(Debug)]
pub(super) struct WeightAverage {
    decay: f32,
    /// One for each parameter, in the order of the network.
    weights: Vec<AveragedWeights>,
    begun: bool,
}

/// The average of one parameter.
#[derive(Debug)]
struct AveragedWeights {
    /// Name of the parameter.
    name: String,
    /// Its shape.
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl WeightAverage {
    /// An average for the parameters of `network`, before the first update.
    pub(super) fn new(decay: f64, network: &Network<f32>) -> Self {
        let weights = network.parameters().map(|parameter| AveragedWeights {
            name: parameter.full_name(),
            shape: parameter.shape.dimensions().to_vec(),
            values: parameter.value.clone(),
        });
        Self { decay: decay as f32, weights: weights.collect(), begun: false }
    }

    /// Whether it has taken in weights after an update.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Goes on as if it had, or had not.
    pub(super) fn set_begun(&mut self, begun: bool) {
        self.begun = begun;
    }

    /// Takes in the weights after an update.
    pub(super) fn update(&mut self, network: &Network<f32>) {
        let share = if self.begun { 1.0 - self.decay } else { 1.0 };
        self.begun = true;
        for (average, parameter) in self.weights.iter_mut().zip(network.parameters()) {
            for (average, &value) in average.values.iter_mut().zip(&parameter.value) {
                *average += share * (value - *average);
            }
        }
    }

    /// Becomes the weights of the network as they are.
    pub(super) fn copy_weights(&mut self, network: &Network<f32>) {
        for (average, parameter) in self.weights.iter_mut().zip(network.parameters()) {
            average.values.copy_from_slice(&parameter.value);
        }
    }

    /// Exchanges the weights of the network and the average; a second time puts everything back in its place.
    pub(super) fn swap_weights(&mut self, network: &mut Network<f32>) {
        for (average, parameter) in self.weights.iter_mut().zip(network.parameters_mut()) {
            swap(&mut average.values, &mut parameter.value);
        }
    }
}

/// One tensor for each parameter, `average.0.weight`.
impl TensorState for WeightAverage {
    fn save(&self, tensors: &mut Writer) {
        for AveragedWeights { name, shape, values } in &self.weights {
            tensors.push(format!("average.{name}"), shape, values.iter().copied().map(f64::from));
        }
    }

    fn load(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for AveragedWeights { name, shape, values } in &mut self.weights {
            copy_from_f64(values, &tensors.floats(&format!("average.{name}"), shape)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use super::*;
    use crate::nn::{LayerSpec, NetworkSpec, Pool, Shape};

    #[test]
    fn it_begins_with_the_weights_and_follows_them() {
        let spec = NetworkSpec { layers: vec![LayerSpec::Linear { units: 1 }], ..NetworkSpec::default() };
        let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
        let mut network = Network::new(&spec, &Shape::new([1]), 1, 1, 0, pool).unwrap();
        let set = |network: &mut Network<f32>, value: f32| network.parameters_mut().for_each(|p| p.value[0] = value);
        let weights = |network: &Network<f32>| network.parameters().map(|p| p.value[0]).collect::<Vec<_>>();
        let mut average = WeightAverage::new(0.75, &network);
        for value in [8.0, 4.0, 0.0] {
            set(&mut network, value);
            average.update(&network);
        }
        // 8, then 0.75·8 + 0.25·4 = 7, then 0.75·7.
        average.swap_weights(&mut network);
        assert_eq!(weights(&network), [5.25; 2]);
        average.swap_weights(&mut network);
        assert_eq!(weights(&network), [0.0; 2]);
    }
}
