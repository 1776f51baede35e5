//! What happens to the weights: one pass over value, gradient and state.

mod rule;

use self::rule::StepRule;
use super::{OptimizerSpec, SettingError};
use crate::nn::{Network, Parameter, Scalar, copy_from_f64, kernels::elementwise::map_chunks};
use crate::tensors::{TensorError, TensorState, Tensors, Writer};

/// Elements of a chunk for the threads; also the order in which the norms are summed, so it never changes.
const CHUNK_ELEMENTS: usize = 1 << 13;

/// Elements that are updated side by side, and partial sums of an update's norm within a chunk.
const UPDATE_LANES: usize = 16;

/// An optimizer with its state for every parameter.
///
/// It does what `PyTorch`'s `torch.optim` does: the first step with momentum takes the gradient itself, Adam corrects
/// the bias of both means, Adam and `RMSprop` add epsilon after the root, nothing is dampened.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer<T> {
    spec: OptimizerSpec,
    /// One for each parameter, in the order of the network.
    slots: Vec<ParameterState<T>>,
    /// Norm of the last update of each parameter.
    update_norms: Vec<f64>,
    /// Steps done.
    steps: u64,
    /// Those of them that SGD did with momentum.
    momentum_steps: u64,
}

/// The state that belongs to one parameter.
#[derive(Clone, Debug, PartialEq)]
struct ParameterState<T> {
    /// Name of the parameter.
    name: String,
    /// Shape of the parameter, and of both tensors below.
    shape: Vec<usize>,
    /// Momentum, or Adam's mean of gradients.
    first: Vec<T>,
    /// Mean of squared gradients; empty for an optimizer that keeps none.
    second: Vec<T>,
    /// Squared norms of the chunks of the last update.
    squares: Vec<f64>,
}

impl<T: Scalar> Optimizer<T> {
    /// An optimizer for the parameters of `network`, before its first step.
    pub fn new(spec: &OptimizerSpec, network: &Network<T>) -> Self {
        let slot = |parameter: &Parameter<T>| {
            let length = parameter.value.len();
            let second = if spec.averages_squares() { length } else { 0 };
            ParameterState {
                name: parameter.full_name(),
                shape: parameter.shape.dimensions().to_vec(),
                first: vec![T::zero(); length],
                second: vec![T::zero(); second],
                squares: vec![0.0; length.div_ceil(CHUNK_ELEMENTS)],
            }
        };
        let slots: Vec<_> = network.parameters().map(slot).collect();
        Self { spec: *spec, update_norms: vec![0.0; slots.len()], slots, steps: 0, momentum_steps: 0 }
    }

    /// Updates all parameters of the network from their gradients, each multiplied by `gradient_scale` before anything
    /// else. Allocates nothing.
    pub fn step(&mut self, network: &mut Network<T>, learning_rate: f64, gradient_scale: f64) {
        self.steps += 1;
        let pool = network.pool().clone();
        let momentum_begins = self.momentum_steps == 0;
        if matches!(self.spec, OptimizerSpec::Sgd { momentum, .. } if momentum > 0.0) {
            self.momentum_steps += 1;
        }
        let rule = StepRule::new(&self.spec, self.steps, momentum_begins, learning_rate, gradient_scale);
        for ((parameter, slot), norm) in network.parameters_mut().zip(&mut self.slots).zip(&mut self.update_norms) {
            let Parameter { value, gradient, .. } = parameter;
            let ParameterState { first, second, squares, .. } = slot;
            match rule {
                StepRule::Sgd(rule) => {
                    map_chunks(&pool, CHUNK_ELEMENTS, [value, first], squares, |range, [w, m]| {
                        rule.update(w, &gradient[range], m)
                    });
                }
                StepRule::RmsProp(rule) => {
                    map_chunks(&pool, CHUNK_ELEMENTS, [value, first, second], squares, |range, [w, m, v]| {
                        rule.update(w, &gradient[range], m, v)
                    });
                }
                StepRule::Adam(rule) => {
                    map_chunks(&pool, CHUNK_ELEMENTS, [value, first, second], squares, |range, [w, m, v]| {
                        rule.update(w, &gradient[range], m, v)
                    });
                }
            }
            *norm = squares.iter().sum::<f64>().sqrt();
        }
    }

    /// Euclidean norm of the last update of each parameter, in the order of the network; 0 before the first step.
    pub fn update_norms(&self) -> &[f64] {
        &self.update_norms
    }

    /// The state of the parameter at `place` in the network: m, and v, which is empty for an optimizer without.
    pub fn states(&self, place: usize) -> [&[T]; 2] {
        let slot = &self.slots[place];
        [&slot.first, &slot.second]
    }

    /// Steps done, and those of them with momentum.
    pub fn step_counts(&self) -> [u64; 2] {
        [self.steps, self.momentum_steps]
    }

    /// Goes on as after so many steps, see [`Self::step_counts`].
    pub fn set_step_counts(&mut self, [steps, momentum_steps]: [u64; 2]) {
        (self.steps, self.momentum_steps) = (steps, momentum_steps);
    }

    /// The optimizer with its hyperparameters as they are now.
    pub fn spec(&self) -> &OptimizerSpec {
        &self.spec
    }

    /// The hyperparameters that are numbers, by name, as they are now.
    pub fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        self.spec.hyperparameters()
    }

    /// Sets a hyperparameter by name, from the next step on.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or the value lies outside of its range; then nothing changes.
    pub fn set_hyperparameter(&mut self, key: &str, value: f64) -> Result<(), SettingError> {
        self.spec.set_hyperparameter(key, value)
    }
}

/// The means of each parameter, `optimizer.first.0.weight` and `optimizer.second.0.weight`; of those that an optimizer
/// of its kind has none, none.
impl<T: Scalar> TensorState for Optimizer<T> {
    fn save(&self, tensors: &mut Writer) {
        for slot in &self.slots {
            for (name, values) in [("first", &slot.first), ("second", &slot.second)] {
                if !values.is_empty() {
                    let values = values.iter().map(|value| value.as_f64());
                    tensors.push(format!("optimizer.{name}.{}", slot.name), &slot.shape, values);
                }
            }
        }
    }

    fn load(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for slot in &mut self.slots {
            for (name, values) in [("first", &mut slot.first), ("second", &mut slot.second)] {
                if !values.is_empty() {
                    let from = tensors.floats(&format!("optimizer.{name}.{}", slot.name), &slot.shape)?;
                    copy_from_f64(values, &from);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
