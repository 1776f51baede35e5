//! Hand-derived gradients against central differences in `f64`.
//!
//! A gradient g of a tensor θ is compared along random directions v: ⟨g, v⟩ against the derivative of L(θ + s·v) at
//! s = 0, which is what central differences (L(θ + hv) - L(θ - hv)) / 2h tend to as h falls (`extrapolation.rs`).
//!
//! A central difference says nothing where a rectifier or a maximum changes its choice between θ - hv and θ + hv, and
//! in a network of thousands of them some always does. So every layer with a kink is held on the choices that it made
//! at θ: a rectifier goes on as the line on which its input is, a maximum as the value that won. L is then the smooth
//! piece that θ lies on, whose derivative the gradient is, also where θ lies on the kink itself. That it is this piece
//! is checked: held on its choices the network has to give the same logits.
//!
//! Rounding is kept small. The difference of two losses is computed sample by sample from the difference δ of the
//! logits, `log Σ p exp δ - δ_t`, so that it does not drown in the loss itself. And the check starts at a general
//! point: biases, which often begin at exactly 0, are drawn like the weights. Where rounding could hide an error all the
//! same, the verdict is that nothing is decided (`verdict.rs`).

mod difference;
mod elements;
mod extrapolation;
pub mod suite;
mod verdict;

use std::{num::NonZeroUsize, sync::Arc};

use self::{
    difference::{LossProber, MovedTensor},
    verdict::TensorComparison,
};
pub use self::{
    elements::{ElementComparison, LayerCheck, PASSES_PER_ELEMENT},
    verdict::Verdict,
};
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
    /// Largest difference along any direction, relative to the largest derivative along any. Of a tensor without effect
    /// it is relative to what the others of its layer have.
    pub relative_error: f64,
    /// The largest relative error that rounding can make, cautiously estimated.
    pub rounding: f64,
    /// ⟨gradient, direction⟩ for the direction with the largest difference.
    pub analytic: f64,
    /// The derivative along that direction from central differences.
    pub numeric: f64,
}

impl TensorCheck {
    /// What it comes to.
    pub fn verdict(&self, tolerance: f64) -> Verdict {
        Verdict::new(self.relative_error, self.rounding, tolerance)
    }
}

/// What was found for every tensor of a network, in the order of the forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientReport {
    /// One for each tensor.
    pub entries: Vec<TensorCheck>,
}

impl GradientReport {
    /// Adds what was compared of all tensors of a layer.
    fn add_layer(&mut self, layer: usize, kind: &str, compared: &[(&str, TensorComparison)]) {
        let effect = compared.iter().map(|(_, found)| found.effect()).fold(0.0, f64::max);
        self.entries.extend(compared.iter().map(|(tensor, found)| {
            let [relative_error, rounding] = found.relative_errors(effect);
            let (kind, tensor) = (kind.to_owned(), (*tensor).to_owned());
            TensorCheck {
                layer,
                kind,
                tensor,
                relative_error,
                rounding,
                analytic: found.analytic,
                numeric: found.numeric,
            }
        }));
    }

    /// The entry with the worst verdict, of these the one with the largest error; a NaN is larger than any number.
    pub fn worst_tensor(&self, tolerance: f64) -> Option<&TensorCheck> {
        worst_tensor(self.entries.iter(), tolerance)
    }

    /// The worst entry of one layer.
    pub fn worst_tensor_of_layer(&self, layer: usize, tolerance: f64) -> Option<&TensorCheck> {
        worst_tensor(self.entries.iter().filter(|entry| entry.layer == layer), tolerance)
    }

    /// The worst verdict of all tensors.
    pub fn verdict(&self, tolerance: f64) -> Verdict {
        self.worst_tensor(tolerance).map_or(Verdict::Passed, |entry| entry.verdict(tolerance))
    }
}

fn worst_tensor<'a>(entries: impl Iterator<Item = &'a TensorCheck>, tolerance: f64) -> Option<&'a TensorCheck> {
    let size = |entry: &TensorCheck| if entry.relative_error.is_nan() { f64::INFINITY } else { entry.relative_error };
    entries.max_by(|a, b| {
        let verdicts = a.verdict(tolerance).cmp(&b.verdict(tolerance));
        verdicts.then(size(a).total_cmp(&size(b)))
    })
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
    let mut report = GradientReport { entries: Vec::new() };
    for (layer, info) in infos.iter().enumerate() {
        let parameters = names.iter().enumerate().filter(|(_, (of, _))| *of == layer);
        let tensors = std::iter::once(("input", MovedTensor::Input { layer }))
            .chain(parameters.map(|(index, (_, name))| (name.as_str(), MovedTensor::Parameter { layer, index })));
        let compared: Vec<_> = tensors.map(|(name, point)| (name, prober.compare_gradient(point))).collect();
        report.add_layer(layer, &info.spec.to_string(), &compared);
    }
    let logits = prober.compare_gradient(MovedTensor::Input { layer: infos.len() });
    report.add_layer(infos.len(), "softmax cross entropy", &[("logits", logits)]);
    report
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
    (0..batch).map(|_| stream.below(classes.min(256) as u32) as u8).collect()
}

#[cfg(test)]
mod tests;
