//! The derivative of the loss along a direction, from central differences.

use ndarray::Array2;

use super::TensorCheck;
use crate::{
    nn::{LayerProperty, Mode, Network},
    random::Stream,
};

/// Directions along which a tensor is compared.
const DIRECTIONS_PER_TENSOR: usize = 3;

/// Directions that are tried until one is free of kinks.
const MAX_DIRECTION_ATTEMPTS: usize = 20;

/// The largest step along a direction of unit deviation, relative to the deviation of the tensor.
const FIRST_STEP_SIZE: f64 = 1.0 / 16.0;

/// Steps tried, each an eighth of the one before: the last is 2⁻²⁵.
const MAX_DIFFERENCE_STEPS: i32 = 8;

/// Effect on the loss, for a change of a tensor by its own size and as a share of the logits, below which differences
/// of rounded logits cannot give seven digits; from there on the error counts relative to this.
const MIN_LOSS_EFFECT: f64 = 1e-5;

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
    /// For each sample, what the layers with a kink chose.
    choices: Vec<Vec<u32>>,
}

/// Moves tensors of a network and watches its loss.
pub(super) struct LossProber {
    network: Network<f64>,
    labels: Vec<u8>,
    stream: Stream,
    mode: Mode,
}

impl LossProber {
    /// A prober of a network whose input is in place.
    pub(super) fn new(network: Network<f64>, labels: Vec<u8>, stream: Stream, mode: Mode) -> Self {
        Self { network, labels, stream, mode }
    }

    /// Computes every gradient at the point where the network stands, and gives the network to be read.
    pub(super) fn compute_gradients(&mut self) -> &Network<f64> {
        self.network.forward(self.mode);
        self.network.loss(&self.labels);
        self.network.backward();
        &self.network
    }

    /// The derivative of the loss by one element of a trained tensor from central differences; `None` if a sample meets
    /// a kink at every step.
    pub(super) fn element_derivative(&mut self, layer: usize, index: usize, element: usize) -> Option<f64> {
        let point = MovedTensor::Parameter { layer, index };
        // What the layers before give does not change, but another element's check may have ended elsewhere.
        self.network.forward(self.mode);
        let origin = self.tensor_values(point);
        let mut direction = vec![0.0; origin.len()];
        direction[element] = 1.0;
        let scale = root_mean_square(&origin);
        self.directional_derivative(point, &origin, &direction, scale)
    }

    /// Gradient of a tensor below which differences of rounded logits cannot give seven digits.
    pub(super) fn min_resolvable_gradient(&mut self, layer: usize, index: usize) -> f64 {
        let scale = root_mean_square(&self.tensor_values(MovedTensor::Parameter { layer, index }));
        MIN_LOSS_EFFECT * root_mean_square(self.network.logits().iter()) / scale
    }

    /// A draw below `bound`.
    pub(super) fn draw_below(&mut self, bound: usize) -> usize {
        self.stream.below(bound.min(u32::MAX as usize) as u32) as usize
    }

    /// Compares the gradient of one tensor along several directions.
    pub(super) fn compare_gradient(
        &mut self,
        layer: usize,
        kind: String,
        tensor: &str,
        point: MovedTensor,
    ) -> TensorCheck {
        self.compute_gradients();
        let gradient = self.tensor_gradient(point);
        let origin = self.tensor_values(point);
        let scale =
            if point.first_layer() == self.network.layer_infos().len() { 1.0 } else { root_mean_square(&origin) };
        let logits = root_mean_square(self.network.logits().iter());
        let mut largest = MIN_LOSS_EFFECT * logits / scale;
        let (mut analytic, mut numeric, mut error) = (0.0, 0.0, 0.0);
        for _ in 0..DIRECTIONS_PER_TENSOR {
            let (direction, found) = self.random_directional_derivative(point, &origin, scale);
            let expected = gradient.iter().zip(&direction).map(|(g, v)| g * v).sum::<f64>();
            largest = largest.max(expected.abs()).max(found.abs());
            let difference = (expected - found).abs();
            // A NaN is the largest error there is.
            if difference >= error || difference.is_nan() {
                (analytic, numeric, error) = (expected, found, difference);
            }
        }
        let relative_error = if error == 0.0 { 0.0 } else { error / largest };
        TensorCheck { layer, kind, tensor: tensor.into(), relative_error, analytic, numeric }
    }

    /// A random direction free of kinks and the derivative of the loss along it; NaN if there is none.
    fn random_directional_derivative(&mut self, point: MovedTensor, origin: &[f64], scale: f64) -> (Vec<f64>, f64) {
        let mut direction = Vec::new();
        for _ in 0..MAX_DIRECTION_ATTEMPTS {
            direction = self.draw_direction(point, origin);
            if let Some(found) = self.directional_derivative(point, origin, &direction, scale) {
                return (direction, found);
            }
        }
        (direction, f64::NAN)
    }

    /// Draws a direction. It leaves alone what sits exactly on a kink that it reaches undisturbed, such as the zeros
    /// between two rectifiers: there is no derivative there.
    fn draw_direction(&mut self, point: MovedTensor, origin: &[f64]) -> Vec<f64> {
        let on_kink = match point {
            MovedTensor::Input { layer } => (layer..self.network.layer_infos().len())
                .map(|layer| &self.network.layer_infos()[layer])
                .take_while(|info| info.parameters == 0)
                .any(|info| info.spec.involves_property(LayerProperty::HasKink)),
            MovedTensor::Parameter { .. } => false,
        };
        let draw = |&x: &f64| if on_kink && x == 0.0 { 0.0 } else { self.stream.normal() };
        origin.iter().map(draw).collect()
    }

    /// The derivative of the loss along `direction`; `None` if some sample meets a kink at every step.
    ///
    /// Each sample has steps of its own: one whose rectifiers stay as they are over a long step is not held back by
    /// another whose do not. Where batch normalization makes each depend on all, all must stay as they are.
    fn directional_derivative(
        &mut self,
        point: MovedTensor,
        origin: &[f64],
        direction: &[f64],
        scale: f64,
    ) -> Option<f64> {
        let choices = self.evaluate_moved(point, origin, direction, 0.0).choices;
        let coupled =
            self.network.layer_infos().iter().any(|info| info.spec.involves_property(LayerProperty::CouplesSamples));
        let mut differences: Vec<Vec<CentralDifference>> = vec![Vec::new(); self.labels.len()];
        for step in 0..MAX_DIFFERENCE_STEPS {
            let h = scale * FIRST_STEP_SIZE * 0.125_f64.powi(step);
            let above = self.evaluate_moved(point, origin, direction, h);
            let below = self.evaluate_moved(point, origin, direction, -h);
            let all_stay = above.choices == choices && below.choices == choices;
            for (sample, differences) in differences.iter_mut().enumerate() {
                let stays = || above.choices[sample] == choices[sample] && below.choices[sample] == choices[sample];
                if all_stay || !coupled && stays() {
                    let value = self.loss_difference(point, sample, &below, &above) / (2.0 * h);
                    let largest = above.logits.row(sample).iter().fold(0.0, |largest: f64, z| largest.max(z.abs()));
                    differences.push(CentralDifference { value, rounding: f64::EPSILON * largest / h });
                }
            }
        }
        self.evaluate_moved(point, origin, direction, 0.0);
        let samples: Option<Vec<f64>> = differences.iter().map(|differences| extrapolate_limit(differences)).collect();
        samples.map(|samples| samples.iter().sum::<f64>() / samples.len() as f64)
    }

    /// Loss above minus loss below, of one sample.
    ///
    /// For the logits themselves these are the two mean losses as the network reports them, the same for all samples,
    /// so that the report is checked too. For all other tensors, with δ = logits above - logits below and p the
    /// probabilities below, it is `log Σ p exp δ - Σ q δ`, in which the common part of the two never appears; q is the
    /// target, smoothed or not.
    fn loss_difference(
        &self,
        point: MovedTensor,
        sample: usize,
        below: &PointEvaluation,
        above: &PointEvaluation,
    ) -> f64 {
        if point.first_layer() == self.network.layer_infos().len() {
            return above.loss - below.loss;
        }
        let (below, above) = (below.logits.row(sample), above.logits.row(sample));
        let max = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = below.iter().map(|z| (z - max).exp()).sum();
        let delta = |class: usize| above[class] - below[class];
        let growth: f64 = (0..below.len()).map(|c| (below[c] - max).exp() / total * delta(c).exp_m1()).sum();
        let smoothing = self.network.label_smoothing();
        let mean = if smoothing > 0.0 { (0..below.len()).map(delta).sum::<f64>() / below.len() as f64 } else { 0.0 };
        growth.ln_1p() - (1.0 - smoothing) * delta(usize::from(self.labels[sample])) - smoothing * mean
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
        let mut choices = vec![Vec::new(); self.labels.len()];
        let layers = point.first_layer()..self.network.layer_infos().len();
        self.network.forward_layers(layers.clone(), self.mode);
        layers.for_each(|layer| self.network.collect_choices(layer, &mut choices));
        let loss = self.network.loss(&self.labels).loss;
        PointEvaluation { logits: self.network.logits().to_owned(), loss, choices }
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

/// A central difference and how much of it may be due to rounded logits.
#[derive(Clone, Copy)]
struct CentralDifference {
    value: f64,
    rounding: f64,
}

/// What central differences tend to, for steps each an eighth of the one before; `None` if there are none.
///
/// The error of a difference is c h² + …, so two of them give an estimate without that term (Richardson). Of these
/// the one that differs least from its predecessor counts, rounding, which grows as h falls, taken into account.
fn extrapolate_limit(differences: &[CentralDifference]) -> Option<f64> {
    let extrapolate = |pair: &[CentralDifference]| {
        let value = pair[1].value + (pair[1].value - pair[0].value) / 63.0;
        CentralDifference { value, rounding: pair[1].rounding }
    };
    let free: Vec<CentralDifference> = differences.windows(2).map(extrapolate).collect();
    let error = |pair: &[CentralDifference]| (pair[1].value - pair[0].value).abs() + pair[1].rounding;
    let steadiest = free.windows(2).min_by(|a, b| error(a).total_cmp(&error(b))).map(|pair| &pair[1]);
    steadiest.or(free.last()).or(differences.last()).map(|found| found.value)
}

/// Root of the mean square; 1 where that is 0.
fn root_mean_square<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0_usize), |(sum, count), x| (sum + x * x, count + 1));
    if sum > 0.0 { (sum / count as f64).sqrt() } else { 1.0 }
}
