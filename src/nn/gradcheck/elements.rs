//! One layer's gradients, element by element, at the very point where a network stands.

use super::difference::LossProber;
use crate::{
    nn::{Mode, Network, Shape},
    random::{Purpose, stream},
};

/// The gradient of one element, found in two ways.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementComparison {
    /// Name of the tensor within its layer: `weight`, `body.0.bias`.
    pub tensor: String,
    /// Where the element is in the tensor's shape.
    pub index: Vec<usize>,
    /// Its gradient by hand.
    pub analytic: f64,
    /// Its gradient from central differences; `None` where a rectifier changes its pattern however small the step.
    pub numeric: Option<f64>,
    /// Their difference relative to the largest gradient of the tensor; 0 without a numeric gradient.
    pub relative_error: f64,
}

/// A check of some elements of one layer's parameters, one at a time.
pub struct LayerCheck {
    prober: LossProber,
    layer: usize,
    tensors: Vec<ComparedTensor>,
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
    /// What errors are relative to.
    largest: f64,
}

impl LayerCheck {
    /// A check of `layer` of a network whose weights and input are in place, with the loss for `labels` in that mode.
    /// Of each tensor the `most` elements with the largest gradients are compared, and as many drawn by chance.
    pub fn new(network: Network<f64>, labels: Vec<u8>, mode: Mode, layer: usize, most: usize) -> Self {
        let mut prober = LossProber::new(network, labels, stream(0, Purpose::GradientCheck, 2), mode);
        let of_layer =
            prober.compute_gradients().parameters().enumerate().filter(|(_, parameter)| parameter.layer == layer);
        let mut tensors: Vec<ComparedTensor> = of_layer
            .map(|(index, parameter)| ComparedTensor {
                index,
                name: parameter.name.clone(),
                shape: parameter.shape.clone(),
                gradient: parameter.gradient.clone(),
                largest: parameter.gradient.iter().fold(0.0, |largest: f64, g| largest.max(g.abs())),
            })
            .collect();
        let mut open = Vec::new();
        for (number, tensor) in tensors.iter_mut().enumerate() {
            tensor.largest = tensor.largest.max(prober.min_resolvable_gradient(layer, tensor.index));
            open.extend(
                choose_elements(&tensor.gradient, most, &mut prober).into_iter().map(|element| (number, element)),
            );
        }
        open.reverse();
        Self { prober, layer, tensors, open }
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
        let numeric = self.prober.element_derivative(self.layer, tensor.index, element);
        let error = numeric.map_or(0.0, |numeric| (numeric - analytic).abs());
        let relative_error = if error == 0.0 { 0.0 } else { error / tensor.largest };
        let index = tensor.shape.index_of_value(element);
        Some(ElementComparison { tensor: tensor.name.clone(), index, analytic, numeric, relative_error })
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
                    assert!(comparison.relative_error < TOLERANCE, "{layers:?} {layer}: {comparison:?}");
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
