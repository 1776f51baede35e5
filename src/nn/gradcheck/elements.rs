//! One layer's gradients, element by element, at the very point where a network stands.

use super::{
    difference::{LossProber, USUAL_STEPS, root_mean_square},
    verdict::{TensorComparison, Verdict},
};
use crate::{
    nn::{Mode, Network, Shape},
    random::{Purpose, stream},
};

/// Passes forward from the layer on that comparing one element usually takes.
pub const PASSES_PER_ELEMENT: usize = 2 * USUAL_STEPS + 1;

/// The gradient of one element, found in two ways.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementComparison {
    /// Name of the tensor within its layer: `weight`, `body.0.bias`.
    pub tensor: String,
    /// Where the element is in the tensor's shape.
    pub index: Vec<usize>,
    /// Its gradient by hand.
    pub analytic: f64,
    /// Its gradient from central differences.
    pub numeric: f64,
    /// Their difference relative to the largest gradient of the tensor, or of the layer for a tensor without effect.
    pub relative_error: f64,
    /// The largest relative error that rounding can make, cautiously estimated.
    pub rounding: f64,
}

impl ElementComparison {
    /// What it comes to.
    pub fn verdict(&self, tolerance: f64) -> Verdict {
        Verdict::new(self.relative_error, self.rounding, tolerance)
    }
}

/// A check of some elements of one layer's parameters, one at a time.
pub struct LayerCheck {
    prober: LossProber,
    layer: usize,
    tensors: Vec<ComparedTensor>,
    /// How large the values of the layer's tensors are: what a unit makes of inputs of size 1.
    scale: f64,
    /// Tensor and element, in reverse order.
    open: Vec<(usize, usize)>,
}

/// A tensor of the layer with what is found by hand.
struct ComparedTensor {
    /// Its place among all parameters.
    index: usize,
    name: String,
    shape: Shape,
    gradient: Vec<f64>,
    largest: f64,
}

impl LayerCheck {
    /// A check of `layer` of a network whose weights and input are in place, with the loss for `labels` in that mode.
    /// Of each tensor the `most` elements with the largest gradients are compared, and as many drawn by chance.
    pub fn new(network: Network<f64>, labels: Vec<u8>, mode: Mode, layer: usize, most: usize) -> Self {
        let mut prober = LossProber::new(network, labels, stream(0, Purpose::GradientCheck, 2), mode);
        let (mut tensors, mut scale) = (Vec::new(), 0.0_f64);
        let parameters = prober.network().parameters().enumerate();
        for (index, parameter) in parameters.filter(|(_, parameter)| parameter.layer == layer) {
            let inputs_per_unit = parameter.value.len() / parameter.shape.dimensions().first().copied().unwrap_or(1);
            scale = scale.max(root_mean_square(&parameter.value) * (inputs_per_unit as f64).sqrt());
            tensors.push(ComparedTensor {
                index,
                name: parameter.name.clone(),
                shape: parameter.shape.clone(),
                gradient: parameter.gradient.clone(),
                largest: parameter.gradient.iter().fold(0.0, |largest: f64, g| largest.max(g.abs())),
            });
        }
        let mut open = Vec::new();
        for (number, tensor) in tensors.iter().enumerate() {
            let chosen = choose_elements(&tensor.gradient, most, &mut prober);
            open.extend(chosen.into_iter().map(|element| (number, element)));
        }
        open.reverse();
        Self { prober, layer, tensors, scale, open }
    }

    /// Elements that are still to be compared.
    pub fn elements_left(&self) -> usize {
        self.open.len()
    }
}

impl Iterator for LayerCheck {
    type Item = ElementComparison;

    fn next(&mut self) -> Option<ElementComparison> {
        let (number, element) = self.open.pop()?;
        let tensor = &self.tensors[number];
        let analytic = tensor.gradient[element];
        let numeric = self.prober.element_derivative(self.layer, tensor.index, element, self.scale);
        let mut found = TensorComparison::new(self.scale).with_largest(tensor.largest);
        found.add(analytic, numeric);
        let layer_effect = self.scale * self.tensors.iter().map(|tensor| tensor.largest).fold(0.0, f64::max);
        let [relative_error, rounding] = found.relative_errors(layer_effect);
        let index = tensor.shape.index_of_value(element);
        let (tensor, numeric) = (tensor.name.clone(), numeric.value);
        Some(ElementComparison { tensor, index, analytic, numeric, relative_error, rounding })
    }
}

/// The elements with the `most` largest gradients, and as many others by chance.
fn choose_elements(gradient: &[f64], most: usize, prober: &mut LossProber) -> Vec<usize> {
    let mut order: Vec<usize> = (0..gradient.len()).collect();
    if order.len() > most {
        order.select_nth_unstable_by(most, |&a, &b| gradient[b].abs().total_cmp(&gradient[a].abs()));
    }
    let (first, rest) = order.split_at_mut(most.min(gradient.len()));
    first.sort_unstable_by(|&a, &b| gradient[b].abs().total_cmp(&gradient[a].abs()));
    let mut chosen = first.to_vec();
    for place in 0..most.min(rest.len()) {
        rest.swap(place, place + prober.draw_below(rest.len() - place));
        chosen.push(rest[place]);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use super::*;
    use crate::nn::{Init, NetworkSpec, Pool, gradcheck::TOLERANCE};

    fn network(layers: &[&str], input: &[usize], samples: usize) -> Network<f64> {
        let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
        let spec = NetworkSpec { layers, init: Init::PyTorch, label_smoothing: 0.1 };
        let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
        let mut network = Network::new(&spec, &Shape::new(input), 3, samples, 1, pool).unwrap();
        let mut numbers = stream(3, Purpose::Data, 0);
        network.input_mut(samples).iter_mut().for_each(|x| *x = numbers.normal());
        network
    }

    #[test]
    fn right_gradients_pass_element_by_element_wherever_a_run_stands() {
        for (layers, input, checked) in [
            (&["linear 6", "relu", "dropout 0.3", "linear 3"][..], &[4][..], &[0, 3][..]),
            (&["conv 4 3x3 pad 1", "batchnorm", "relu", "maxpool 2", "flatten", "linear 3"], &[2, 4, 4], &[0, 1, 5]),
            (&["residual [conv 3 3x3 pad 1, relu]", "global_avgpool"], &[2, 4, 4], &[0]),
        ] {
            for &layer in checked {
                let mode = Mode::Train { step: 17 };
                let check = LayerCheck::new(network(layers, input, 4), vec![0, 1, 2, 1], mode, layer, 5);
                let (planned, mut compared) = (check.elements_left(), 0);
                for comparison in check {
                    assert_eq!(comparison.verdict(TOLERANCE), Verdict::Passed, "{layers:?} {layer}: {comparison:?}");
                    compared += 1;
                }
                assert!(compared == planned && compared > 3, "{compared} of {planned}");
            }
        }
    }

    #[test]
    fn the_largest_come_first_and_none_comes_twice() {
        let mut check = LayerCheck::new(network(&["linear 3"], &[9], 2), vec![0, 1], Mode::Evaluate, 0, 4);
        let gradient = check.tensors[0].gradient.clone();
        let largest = gradient.iter().fold(0.0, |largest: f64, g| largest.max(g.abs()));
        let elements: std::collections::BTreeSet<_> = check.open.iter().copied().collect();
        assert_eq!((elements.len(), check.elements_left()), (8 + 3, 8 + 3));
        let first = check.next().unwrap();
        assert_eq!(first.analytic.abs(), largest);
        assert_eq!(gradient[9 * first.index[0] + first.index[1]], first.analytic);
        assert_eq!(Shape::new([2, 3, 4]).index_of_value(23), [1, 2, 3]);
    }
}
