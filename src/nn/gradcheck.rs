//! Hand-derived gradients against central differences in `f64`.
//!
//! A gradient g of a tensor θ is compared along random directions v: ⟨g, v⟩ against the derivative of L(θ + s·v) at
//! s = 0. That derivative is taken from central differences (L(θ + hv) - L(θ - hv)) / 2h for a falling sequence of h,
//! each pair of which gives one estimate free of the h² term (Richardson), of which the steadiest counts. Where a
//! rectifier changes its pattern between θ - hv and θ + hv the difference says nothing, so that h is left out; every
//! sample has its own.
//!
//! Two things keep rounding small enough for a bound of 1e-7. The difference of two losses is computed from the
//! difference δ of the logits, `log Σ p exp δ - δ_t`, so that it does not drown in the loss itself. And the check
//! starts at a general point: biases, which often begin at exactly 0, where rectifiers have their kink, are drawn
//! like the weights.

mod difference;
mod elements;
pub mod suite;

use std::{num::NonZeroUsize, sync::Arc};

use self::difference::LossProber;
pub use self::elements::{ElementComparison, LayerCheck};
use super::{BuildError, Mode, Network, NetworkSpec, Pool, Shape};
use crate::random::{Purpose, Stream, stream};

/// Largest relative error that a correct gradient shows.
pub const TOLERANCE: f64 = 1e-7;

/// What one tensor's gradient was found to be.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorCheck {
    /// The layer, from 0; the number of layers for the loss.
    pub layer: usize,
    /// The layer as it was written down, or `softmax cross entropy`.
    pub kind: String,
    /// `input`, `weight` or `bias`, within a block with the way to it; `logits` for the loss.
    pub tensor: String,
    /// Largest difference along any direction, relative to the largest derivative along any.
    pub relative_error: f64,
    /// ⟨gradient, direction⟩ for the direction with the largest difference.
    pub analytic: f64,
    /// The derivative along that direction from central differences.
    pub numeric: f64,
}

/// What was found for every tensor of a network, in the order of the forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientReport {
    /// One for each tensor.
    pub entries: Vec<TensorCheck>,
}

impl GradientReport {
    /// The entry with the largest error; a NaN is larger than any number.
    pub fn worst_tensor(&self) -> Option<&TensorCheck> {
        worst_tensor(self.entries.iter())
    }

    /// The entry with the largest error of one layer.
    pub fn worst_tensor_of_layer(&self, layer: usize) -> Option<&TensorCheck> {
        worst_tensor(self.entries.iter().filter(|entry| entry.layer == layer))
    }

    /// Whether every error is at most `tolerance`.
    pub fn passes(&self, tolerance: f64) -> bool {
        self.entries.iter().all(|entry| entry.relative_error <= tolerance)
    }
}

fn worst_tensor<'a>(entries: impl Iterator<Item = &'a TensorCheck>) -> Option<&'a TensorCheck> {
    let size = |entry: &TensorCheck| if entry.relative_error.is_nan() { f64::INFINITY } else { entry.relative_error };
    entries.max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// Checks every gradient of the network that `spec` describes, on one random batch of `batch` samples, with dropout
/// as in the first training step. All random numbers follow from `seed`.
///
/// # Errors
///
/// As [`Network::new`].
pub fn check_gradients(
    spec: &NetworkSpec,
    input: &Shape,
    classes: usize,
    batch: usize,
    seed: u64,
) -> Result<GradientReport, BuildError> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let network = Network::new(spec, input, classes, batch, seed, Arc::new(Pool::new(threads)))?;
    Ok(check_network(network, classes, seed))
}

fn check_network(mut network: Network<f64>, classes: usize, seed: u64) -> GradientReport {
    let mut stream = stream(seed, Purpose::GradientCheck, 0);
    network.keep_input_gradient();
    let labels = prepare_network(&mut network, classes, &mut stream);
    let infos = network.layer_infos().to_vec();
    let names: Vec<(usize, String)> = network.parameters().map(|p| (p.layer, p.name.clone())).collect();
    let mut prober = LossProber::new(network, labels, stream, Mode::Train { step: 0 });
    let mut entries = Vec::new();
    let mut parameter = 0;
    for (layer, info) in infos.iter().enumerate() {
        let mut entry =
            |tensor: &str, point| entries.push(prober.compare_gradient(layer, info.spec.to_string(), tensor, point));
        entry("input", difference::MovedTensor::Input { layer });
        while let Some((_, name)) = names.get(parameter).filter(|(of, _)| *of == layer) {
            entry(name, difference::MovedTensor::Parameter { layer, index: parameter });
            parameter += 1;
        }
    }
    let kind = "softmax cross entropy".to_owned();
    entries.push(prober.compare_gradient(
        infos.len(),
        kind,
        "logits",
        difference::MovedTensor::Input { layer: infos.len() },
    ));
    GradientReport { entries }
}

/// Brings the network to a general point: random samples, labels and biases. Gives the labels.
fn prepare_network(network: &mut Network<f64>, classes: usize, stream: &mut Stream) -> Vec<u8> {
    let batch = network.batch();
    let deviation = |values: &[f64]| (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt();
    let mut weight_deviation = 1.0;
    for parameter in network.parameters_mut() {
        if parameter.name.ends_with("bias") {
            parameter.value.iter_mut().for_each(|value| *value = weight_deviation * stream.normal());
        } else if parameter.shape.dimensions().len() == 1 {
            // Batch normalization scales by 1 to begin with.
            parameter.value.iter_mut().for_each(|value| *value *= 1.0 + 0.25 * stream.normal());
            weight_deviation = deviation(&parameter.value);
        } else {
            weight_deviation = deviation(&parameter.value);
        }
    }
    network.input_mut(batch).iter_mut().for_each(|value| *value = stream.normal());
    let labels = (0..batch).map(|_| stream.below(classes.min(256) as u32) as u8).collect();
    network.forward(Mode::Train { step: 0 });
    labels
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayView2, ArrayViewMut2};

    use super::*;
    use crate::nn::{
        Init, LayerPosition, LayerSpec,
        layers::{
            Layer, Linear, PassContext,
            activation::{Pointwise, Relu},
        },
    };

    fn spec(layers: &[&str], init: Init) -> NetworkSpec {
        NetworkSpec {
            layers: layers.iter().map(|text| text.parse().unwrap()).collect(),
            init,
            ..NetworkSpec::default()
        }
    }

    #[track_caller]
    fn passes(spec: &NetworkSpec, input: usize, classes: usize, batch: usize, seed: u64) {
        let report = check_gradients(spec, &Shape::new([input]), classes, batch, seed).unwrap();
        assert!(report.passes(TOLERANCE), "{spec:?} input {input} batch {batch} seed {seed}:\n{report:#?}");
    }

    #[test]
    fn every_layer_and_the_loss_pass() {
        for layer in ["relu", "leaky_relu 0.01", "leaky_relu 0.3", "tanh", "sigmoid", "dropout 0.4", "linear 7"] {
            for seed in 0..5 {
                passes(&spec(&["linear 9", layer, "linear 4"], Init::PyTorch), 6, 4, 5, seed);
                passes(&spec(&[layer, "linear 4"], Init::He), 6, 4, 3, seed);
            }
        }
        passes(&spec(&["linear 3"], Init::Xavier), 5, 3, 1, 0);
    }

    #[test]
    fn every_layer_of_an_image_passes() {
        for layers in [
            &["conv 3 3x3 pad 1", "tanh", "linear 4"][..],
            &["conv 3 2x3 stride 2 pad 1", "relu", "conv 2 1x1", "linear 4"],
            &["conv 4 3x3 pad 1", "batchnorm", "relu", "maxpool 3 stride 2 pad 1", "linear 4"],
            &["batchnorm", "conv 4 3x3", "silu", "avgpool 2 stride 1 pad 1", "flatten", "linear 4"],
            &["conv 4 3x3", "gelu", "global_avgpool", "linear 4"],
            &["conv 4 3x3", "elu 0.5", "conv 4 2x2", "global_avgpool"],
            &["residual [conv 2 3x3 pad 1, batchnorm, relu, conv 2 3x3 pad 1, batchnorm]", "relu", "linear 4"],
            &["residual [conv 3 3x3 stride 2 pad 1, relu, dropout 0.2]", "maxpool 2", "linear 4"],
            &["flatten", "residual [linear 9, elu, linear 5]", "batchnorm", "leaky_relu", "linear 4"],
        ] {
            for seed in 0..3 {
                let report = check_gradients(&spec(layers, Init::PyTorch), &Shape::new([2, 6, 5]), 4, 4, seed).unwrap();
                assert!(report.passes(TOLERANCE), "{layers:?} seed {seed}:\n{report:#?}");
            }
        }
    }

    #[test]
    fn a_smoothed_loss_passes() {
        let smoothed = NetworkSpec { label_smoothing: 0.2, ..spec(&["linear 6", "tanh", "linear 4"], Init::He) };
        passes(&smoothed, 5, 4, 3, 1);
    }

    #[test]
    fn the_networks_of_the_experiments_pass() {
        passes(&spec(&["linear 64", "relu", "linear 32", "relu", "linear 10"], Init::PyTorch), 100, 10, 16, 1);
        // Deviation 1e-4 makes logits of about 1e-5, whose loss differs from ln 10 in the last digits only.
        let tiny = Init::Normal { std: 1e-4 };
        passes(&spec(&["linear 80", "relu", "linear 50", "relu", "linear 10"], tiny), 300, 10, 4, 2);
    }

    #[test]
    fn random_networks_pass() {
        let kinds = ["relu", "leaky_relu 0.1", "tanh", "sigmoid", "dropout 0.25", "linear 5", "linear 11", "relu"];
        let inits = [Init::PyTorch, Init::He, Init::Xavier, Init::Normal { std: 0.3 }];
        for seed in 0..40 {
            let mut stream = stream(seed, Purpose::Data, 0);
            let mut pick = |bound: usize| stream.below(bound as u32) as usize;
            let mut layers: Vec<&str> = (0..pick(6)).map(|_| kinds[pick(kinds.len())]).collect();
            layers.push("linear 3");
            let init = inits[pick(inits.len())];
            passes(&spec(&layers, init), 1 + pick(12), 3, 1 + pick(6), seed);
        }
    }

    #[test]
    fn errors_of_the_network_are_passed_on() {
        let error = check_gradients(&spec(&["linear 4"], Init::He), &Shape::new([2]), 3, 1, 0).unwrap_err();
        assert_eq!(error.layer, Some(0));
    }

    /// A layer that computes as `inner` does, but whose gradients are spoilt afterwards.
    struct Spoilt<L, F> {
        inner: L,
        spoil: F,
    }

    impl<L, F> Layer<f64> for Spoilt<L, F>
    where
        L: Layer<f64>,
        F: Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>, &mut ArrayViewMut2<'_, f64>, &mut L) + Send,
    {
        fn forward(&mut self, x: ArrayView2<'_, f64>, y: ArrayViewMut2<'_, f64>, pass: &mut PassContext<f64>) {
            self.inner.forward(x, y, pass);
        }

        fn backward(
            &mut self,
            x: ArrayView2<'_, f64>,
            y: ArrayView2<'_, f64>,
            dy: ArrayView2<'_, f64>,
            dx: Option<ArrayViewMut2<'_, f64>>,
            pass: &mut PassContext<f64>,
        ) {
            let mut dx = dx.unwrap();
            self.inner.backward(x, y, dy, Some(dx.view_mut()), pass);
            (self.spoil)(x, dy, &mut dx, &mut self.inner);
        }

        fn parameters(&self) -> &[crate::nn::Parameter<f64>] {
            self.inner.parameters()
        }

        fn parameters_mut(&mut self) -> &mut [crate::nn::Parameter<f64>] {
            self.inner.parameters_mut()
        }

        fn collect_choices(&self, x: ArrayView2<'_, f64>, choices: &mut [Vec<u32>]) {
            self.inner.collect_choices(x, choices);
        }
    }

    /// The report on a network whose second layer, a rectifier or linear, is replaced.
    fn report_with(second: LayerSpec, layer: Box<dyn Layer<f64>>) -> GradientReport {
        let layers = vec![LayerSpec::Linear { units: 8 }, second, LayerSpec::Linear { units: 3 }];
        let spec = NetworkSpec { layers, ..NetworkSpec::default() };
        let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
        let mut network = Network::new(&spec, &Shape::new([6]), 3, 5, 4, pool).unwrap();
        network.replace_layer(1, layer);
        check_network(network, 3, 4)
    }

    #[test]
    fn a_wrong_rectifier_is_found_where_it_is() {
        // The original write-up gives the derivative as x ⊙ x̃ (output times pre-activation).
        let wrong = Spoilt {
            inner: Pointwise::new(Relu),
            spoil: |x: ArrayView2<'_, f64>, dy: ArrayView2<'_, f64>, dx: &mut ArrayViewMut2<'_, f64>, _: &mut _| {
                dx.zip_mut_with(&x, |dx, x| *dx = x.max(0.0) * x);
                dx.zip_mut_with(&dy, |dx, dy| *dx *= dy);
            },
        };
        let report = report_with(Relu.into(), Box::new(wrong));
        assert!(!report.passes(1e-2));
        // Everything before the wrong layer is wrong with it, everything after it is right.
        for layer in 0..=1 {
            assert!(report.worst_tensor_of_layer(layer).unwrap().relative_error > 1e-2, "{report:#?}");
        }
        for layer in 2..=3 {
            assert!(report.worst_tensor_of_layer(layer).unwrap().relative_error < TOLERANCE, "{report:#?}");
        }
    }

    #[test]
    fn an_error_of_a_millionth_is_found_where_it_is() {
        let linear = || Linear::new(&LayerPosition::new(1), 8, 8, Init::PyTorch, 4);
        for (tensor, index) in [("weight", 0), ("bias", 1)] {
            let wrong = Spoilt {
                inner: linear(),
                spoil: move |_: ArrayView2<'_, f64>,
                             _: ArrayView2<'_, f64>,
                             _: &mut ArrayViewMut2<'_, f64>,
                             inner: &mut Linear<f64>| {
                    let gradient = &mut inner.parameters_mut()[index].gradient;
                    for g in gradient {
                        *g *= 1.0 + 1e-6;
                    }
                },
            };
            let report = report_with(LayerSpec::Linear { units: 8 }, Box::new(wrong));
            let failed: Vec<_> = report.entries.iter().filter(|entry| entry.relative_error > TOLERANCE).collect();
            assert!(failed.len() == 1 && failed[0].tensor == tensor && failed[0].layer == 1, "{report:#?}");
        }
        assert!(report_with(LayerSpec::Linear { units: 8 }, Box::new(linear())).passes(TOLERANCE));
    }
}
