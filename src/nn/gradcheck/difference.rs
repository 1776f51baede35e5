//! The derivative of the loss along a direction, from central differences.

use ndarray::Array2;

use super::{
    extrapolation::{Estimate, STEP_RATIO, extrapolate_to_zero},
    verdict::TensorComparison,
};
use crate::{
    nn::{Mode, Network},
    random::Stream,
};

/// Directions along which a tensor is compared.
const DIRECTIONS_PER_TENSOR: usize = 3;

/// The largest step along a direction of unit deviation, relative to the deviation of the tensor.
const FIRST_STEP_SIZE: f64 = 1.0 / 2.0;

/// Most steps along each direction, forwards and backwards, each half of the one before. So many are needed only where
/// batch normalizations follow each other on a channel that is nearly constant; usually [`USUAL_STEPS`] do.
const MAX_STEPS: i32 = 34;

/// Steps along most directions.
pub(super) const USUAL_STEPS: usize = 9;

/// The tensor that is moved.
#[derive(Clone, Copy, Debug)]
pub(super) enum MovedTensor {
    /// What a layer reads; for the number after the last layer, the logits.
    Input {
        /// The layer.
        layer: usize,
    },
    /// A trained tensor.
    Parameter {
        /// Its layer.
        layer: usize,
        /// Its place among all parameters.
        index: usize,
    },
}

impl MovedTensor {
    /// The first layer whose output depends on the tensor.
    fn first_layer(self) -> usize {
        match self {
            Self::Input { layer } | Self::Parameter { layer, .. } => layer,
        }
    }
}

/// What the network shows with the tensor in one place.
struct PointEvaluation {
    logits: Array2<f64>,
    loss: f64,
}

/// Moves tensors of a network, whose gradients are computed, and watches its loss.
pub(super) struct LossProber {
    network: Network<f64>,
    labels: Vec<u8>,
    stream: Stream,
    mode: Mode,
    /// Whether the network gave the same logits when it was held on its choices.
    is_held_truly: bool,
}

impl LossProber {
    /// A prober of a network whose input is in place. It computes all gradients there, and from then on holds every
    /// layer with a kink on the choices that it made at this point.
    pub(super) fn new(mut network: Network<f64>, labels: Vec<u8>, stream: Stream, mode: Mode) -> Self {
        network.forward(mode);
        network.loss(&labels);
        network.backward();
        let free = network.logits().to_owned();
        network.hold_choices();
        network.forward(mode);
        let is_held_truly = network.logits() == free;
        Self { network, labels, stream, mode, is_held_truly }
    }

    /// The network with its gradients.
    pub(super) fn network(&self) -> &Network<f64> {
        &self.network
    }

    /// The derivative of the loss by one element of a trained tensor, with steps for tensors of that `scale`.
    pub(super) fn element_derivative(&mut self, layer: usize, index: usize, element: usize, scale: f64) -> Estimate {
        let point = MovedTensor::Parameter { layer, index };
        let origin = self.tensor_values(point);
        let mut direction = vec![0.0; origin.len()];
        direction[element] = 1.0;
        self.directional_derivative(point, &origin, &direction, scale)
    }

    /// A draw below `bound`.
    pub(super) fn draw_below(&mut self, bound: usize) -> usize {
        self.stream.below(bound.min(u32::MAX as usize) as u32) as usize
    }

    /// Compares the gradient of one tensor along several directions.
    pub(super) fn compare_gradient(&mut self, point: MovedTensor) -> TensorComparison {
        let gradient = self.tensor_gradient(point);
        let origin = self.tensor_values(point);
        let scale =
            if point.first_layer() == self.network.layer_infos().len() { 1.0 } else { root_mean_square(&origin) };
        let mut found = TensorComparison::new(scale);
        for _ in 0..DIRECTIONS_PER_TENSOR {
            let direction: Vec<f64> = origin.iter().map(|_| self.stream.normal()).collect();
            let numeric = self.directional_derivative(point, &origin, &direction, scale);
            found.add(gradient.iter().zip(&direction).map(|(g, v)| g * v).sum(), numeric);
        }
        found
    }

    /// The derivative of the loss along `direction`, on the smooth piece of it that the layers are held on.
    fn directional_derivative(
        &mut self,
        point: MovedTensor,
        origin: &[f64],
        direction: &[f64],
        scale: f64,
    ) -> Estimate {
        let differences = (0..MAX_STEPS).map(|step| {
            let h = scale * FIRST_STEP_SIZE * STEP_RATIO.powi(-step);
            let [above, below] = [h, -h].map(|step| self.evaluate_moved(point, origin, direction, step));
            let [growth, size] = self.loss_difference(point, &below, &above);
            Estimate { value: growth / (2.0 * h), uncertainty: f64::EPSILON * size / h }
        });
        let limit = extrapolate_to_zero(differences);
        self.evaluate_moved(point, origin, direction, 0.0);
        if self.is_held_truly { limit } else { Estimate { value: f64::NAN, uncertainty: f64::INFINITY } }
    }

    /// Mean loss above minus mean loss below, and the size of the numbers that it is the difference of.
    ///
    /// For the logits themselves these are the two mean losses as the network reports them, so that the report is
    /// checked too. For all other tensors it is the mean over the samples of `log Σ p exp δ - Σ q δ` with
    /// δ = logits above - logits below and p the probabilities below, in which the common part of the two losses never
    /// appears; q is the target, smoothed or not.
    fn loss_difference(&self, point: MovedTensor, below: &PointEvaluation, above: &PointEvaluation) -> [f64; 2] {
        if point.first_layer() == self.network.layer_infos().len() {
            return [above.loss - below.loss, above.loss];
        }
        let smoothing = self.network.label_smoothing();
        let samples = below.logits.rows().into_iter().zip(above.logits.rows()).zip(&self.labels);
        let mut sums = [0.0; 2];
        for ((below, above), &label) in samples {
            let max = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = below.iter().map(|z| (z - max).exp()).sum();
            let delta = |class: usize| above[class] - below[class];
            let growth: f64 = (0..below.len()).map(|c| (below[c] - max).exp() / total * delta(c).exp_m1()).sum();
            let mean = (0..below.len()).map(delta).sum::<f64>() / below.len() as f64;
            sums[0] += growth.ln_1p() - (1.0 - smoothing) * delta(usize::from(label)) - smoothing * mean;
            sums[1] += above.iter().fold(0.0, |largest: f64, z| largest.max(z.abs()));
        }
        sums.map(|sum| sum / self.labels.len() as f64)
    }

    /// Moves the tensor to origin + step·direction and computes what depends on it.
    fn evaluate_moved(&mut self, point: MovedTensor, origin: &[f64], direction: &[f64], step: f64) -> PointEvaluation {
        let moved = origin.iter().zip(direction).map(|(x, v)| x + step * v);
        match point {
            MovedTensor::Input { layer } => {
                self.network.layer_input_mut(layer).iter_mut().zip(moved).for_each(|(x, value)| *x = value);
            }
            MovedTensor::Parameter { index, .. } => {
                let parameter = self.network.parameters_mut().nth(index);
                let values = parameter.into_iter().flat_map(|parameter| &mut parameter.value);
                values.zip(moved).for_each(|(x, value)| *x = value);
            }
        }
        self.network.forward_layers(point.first_layer()..self.network.layer_infos().len(), self.mode);
        let loss = self.network.loss(&self.labels).loss;
        PointEvaluation { logits: self.network.logits().to_owned(), loss }
    }

    fn tensor_values(&mut self, point: MovedTensor) -> Vec<f64> {
        match point {
            MovedTensor::Input { layer } => self.network.layer_input_mut(layer).iter().copied().collect(),
            MovedTensor::Parameter { index, .. } => {
                self.network.parameters().nth(index).map(|parameter| parameter.value.clone()).unwrap_or_default()
            }
        }
    }

    fn tensor_gradient(&self, point: MovedTensor) -> Vec<f64> {
        match point {
            MovedTensor::Input { layer } => {
                self.network.layer_input_gradient(layer).map(|g| g.iter().copied().collect()).unwrap_or_default()
            }
            MovedTensor::Parameter { index, .. } => {
                self.network.parameters().nth(index).map(|parameter| parameter.gradient.clone()).unwrap_or_default()
            }
        }
    }
}

/// Root of the mean square; 1 where that is 0.
pub(super) fn root_mean_square<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0_usize), |(sum, count), x| (sum + x * x, count + 1));
    if sum > 0.0 { (sum / count as f64).sqrt() } else { 1.0 }
}
