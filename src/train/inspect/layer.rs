//! A layer in figures.

use crate::{
    nn::{LayerSpec, Network, Parameter},
    optim::norm,
    protocol::inspection::{LayerView, ParameterView, UnitFigures},
    train::{inspect::figures::describe_distribution, minibatch::ComputedParts},
};

/// Units whose figures are given, at most.
const MAX_LAYER_UNITS: usize = 512;

/// A layer in figures, as the current minibatch finds it. The running statistics are those of the whole network.
pub(super) fn view_layer(
    network: &Network<f32>,
    parts: &ComputedParts,
    running_stats: &[f32],
    layer: usize,
) -> LayerView {
    let has_gradients = parts.has_gradients(layer);
    let parameters = network.parameters().filter(|parameter| parameter.layer == layer);
    let view = |parameter: &Parameter<f32>| ParameterView {
        name: parameter.name.clone(),
        shape: parameter.shape.dimensions().to_vec(),
        values: describe_distribution(&parameter.value),
        gradients: has_gradients.then(|| describe_distribution(&parameter.gradient)),
    };
    let output = network.output(layer);
    let error = network.output_gradient(layer);
    LayerView {
        layer,
        minibatch: parts.minibatch,
        parameters: parameters.map(view).collect(),
        activations: (layer < parts.forward).then(|| describe_distribution(output.to_slice().unwrap_or_default())),
        errors: parts.has_output_gradient(layer).then(|| describe_distribution(error.to_slice().unwrap_or_default())),
        units: view_units(network, parts, running_stats, layer),
    }
}

fn view_units(network: &Network<f32>, parts: &ComputedParts, running_stats: &[f32], layer: usize) -> UnitFigures {
    let info = &network.layer_infos()[layer];
    let count = match *info.output.dimensions() {
        [channels, _, _] => channels,
        _ => info.output.features(),
    };
    let mut units = UnitFigures { count, ..UnitFigures::default() };
    let parameters: Vec<_> = network.parameters().filter(|parameter| parameter.layer == layer).collect();
    let of = |name: &str| parameters.iter().find(|parameter| parameter.name == name);
    let shown = count.min(MAX_LAYER_UNITS);
    let norms = |values: &[f32]| values.chunks(values.len() / count).take(shown).map(|row| norm(row) as f32).collect();
    if let (Some(weight), LayerSpec::Linear { .. } | LayerSpec::Conv { .. }) = (of("weight"), &info.spec) {
        units.weight_norms = norms(&weight.value);
        if parts.has_gradients(layer) {
            units.gradient_norms = norms(&weight.gradient);
        }
    }
    if let (Some(gamma), Some(beta), LayerSpec::BatchNorm) = (of("weight"), of("bias"), &info.spec) {
        units.gamma = gamma.value[..shown].to_vec();
        units.beta = beta.value[..shown].to_vec();
        if parts.has_gradients(layer) {
            units.gradient_norms = gamma.gradient[..shown].iter().map(|gradient| gradient.abs()).collect();
        }
        let before = network.buffers().take_while(|buffer| buffer.layer < layer);
        let at = before.map(|buffer| buffer.value.len()).sum::<usize>();
        units.running_means = running_stats[at..at + shown].to_vec();
        units.running_variances = running_stats[at + count..at + count + shown].to_vec();
    }
    if layer < parts.forward {
        units.means = mean_of_each_unit(network, layer, (count, shown), f64::from);
    }
    // A unit is at 0 where its activation is.
    let after = network.layer_infos().get(layer + 1);
    let activated = after.is_some_and(|info| matches!(info.spec, LayerSpec::Activation(_)));
    let last = layer + usize::from(activated);
    if last < parts.forward {
        units.zeros = mean_of_each_unit(network, last, (count, shown), |value| f64::from(u8::from(value == 0.0)));
    }
    units
}

/// The mean over the batch of what `figure` makes of the outputs of each of the first `shown` of `count` units.
fn mean_of_each_unit(
    network: &Network<f32>,
    layer: usize,
    (count, shown): (usize, usize),
    figure: impl Fn(f32) -> f64,
) -> Vec<f32> {
    let output = network.output(layer);
    let plane = output.ncols() / count;
    let mut sums = vec![0.0; shown];
    for row in output.to_slice().unwrap_or_default().chunks(output.ncols()) {
        for (sum, values) in sums.iter_mut().zip(row.chunks(plane)) {
            *sum += values.iter().map(|&value| figure(value)).sum::<f64>();
        }
    }
    let n = (output.nrows() * plane) as f64;
    sums.into_iter().map(|sum| (sum / n) as f32).collect()
}
