//! Formulas of the page written out in plain loops, against the network and against central differences.

use std::{num::NonZeroUsize, sync::Arc};

use gradtop::{
    nn::{Mode, Network, NetworkSpec, Pool, Shape},
    optim::clip_scale,
};
use ndarray::{Array1, Array2, ArrayView2};

/// A network in double precision, with some input in place.
fn network(layers: &[&str], input: &[usize], classes: usize, batch: usize) -> Network<f64> {
    let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, ..NetworkSpec::default() };
    let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
    let mut network = Network::new(&spec, &Shape::new(input), classes, batch, 3, pool).unwrap();
    network.keep_input_gradient();
    let values = (0..).map(|place| f64::from(place * place * 37 % 101) / 50.0 - 1.0);
    network.input_mut(batch).iter_mut().zip(values).for_each(|(x, value)| *x = value);
    network
}

fn pass(network: &mut Network<f64>, labels: &[u8]) -> f64 {
    network.forward(Mode::Train { step: 0 });
    let loss = network.loss(labels).loss;
    network.backward();
    loss
}

#[track_caller]
fn assert_close<'a>(found: impl IntoIterator<Item = &'a f64>, expected: &[f64], tolerance: f64) {
    let found: Vec<f64> = found.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "element {at}: {found}, not {expected}");
    }
}

fn indicator(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[test]
fn the_jacobian_of_softmax_is_diag_p_minus_p_pt() {
    let mut network = network(&["linear 4"], &[1], 4, 1);
    // The bias moves each logit by itself.
    let mut probabilities = |class: usize, step: f64| -> Array1<f64> {
        network.parameters_mut().nth(1).unwrap().value[class] += step;
        pass(&mut network, &[2]);
        network.parameters_mut().nth(1).unwrap().value[class] -= step;
        network.probabilities().row(0).to_owned()
    };
    let p = probabilities(0, 0.0);
    let jacobian = Array2::from_shape_fn((4, 4), |(i, j)| p[i] * (indicator(i == j) - p[j]));
    for j in 0..4 {
        let difference = (probabilities(j, 1e-5) - probabilities(j, -1e-5)) / 2e-5;
        assert_close(&difference, &jacobian.column(j).to_vec(), 1e-9);
    }
    // Its transpose times ∂ℓ/∂p = −q ⊘ p is p − q.
    let by_p = Array1::from_shape_fn(4, |i| -indicator(i == 2) / p[i]);
    probabilities(0, 0.0);
    assert_close(network.output_gradient(0), &jacobian.t().dot(&by_p).to_vec(), 1e-12);
}

#[test]
fn the_errors_of_all_layers_follow_from_the_recursion_and_samples_add_up() {
    let (labels, batch) = ([0, 2, 1, 1], 4);
    let mut network = network(&["linear 5", "tanh", "linear 4", "sigmoid", "linear 3"], &[6], 3, batch);
    pass(&mut network, &labels);
    let parameters: Vec<_> = network.parameters().collect();
    // Wˡ, and φ′ by xˡ, of l = 1, 2, 3.
    let weights = [0, 2, 4].map(|at| {
        ArrayView2::from_shape(
            (parameters[at].shape.dimensions()[0], parameters[at].shape.dimensions()[1]),
            &parameters[at].value,
        )
        .unwrap()
    });
    let slopes: [fn(f64) -> f64; 2] = [|x| 1.0 - x * x, |x| x * (1.0 - x)];
    let mut gradients: Vec<Vec<f64>> = parameters.iter().map(|parameter| vec![0.0; parameter.value.len()]).collect();
    for sample in 0..batch {
        let activation = |l: usize| if l == 0 { network.input() } else { network.output(2 * l - 1) };
        let p = network.probabilities();
        // δᴺ = p − q
        let mut error: Vec<f64> =
            (0..3).map(|i| p[[sample, i]] - indicator(i == usize::from(labels[sample]))).collect();
        for l in (0..3).rev() {
            let expected: Vec<f64> = error.iter().map(|error| error / batch as f64).collect();
            assert_close(network.output_gradient(2 * l).row(sample), &expected, 1e-14);
            // Σᵢ δᵢ ∂x̃ᵢ/∂Wⱼₖ with ∂x̃ᵢ/∂Wⱼₖ = 1[i = j] xₖ, and Σᵢ δᵢ ∂x̃ᵢ/∂bⱼ with the identity, over all samples.
            let x = activation(l);
            let inputs = x.ncols();
            for j in 0..error.len() {
                for k in 0..inputs {
                    let slice = (0..error.len()).map(|i| expected[i] * indicator(i == j) * x[[sample, k]]);
                    gradients[2 * l][j * inputs + k] += slice.sum::<f64>();
                }
                gradients[2 * l + 1][j] += expected[j];
            }
            // δˡ = Wˡ⁺¹ᵀ δˡ⁺¹ ⊙ φ′(x̃ˡ)
            if l > 0 {
                let slope = |i: usize| slopes[l - 1](x[[sample, i]]);
                error = (0..inputs)
                    .map(|i| slope(i) * (0..error.len()).map(|j| weights[l][[j, i]] * error[j]).sum::<f64>())
                    .collect();
            }
        }
    }
    for (parameter, expected) in parameters.iter().zip(&gradients) {
        assert_close(&parameter.gradient, expected, 1e-14);
    }
    for (at, expected) in gradients.iter().enumerate() {
        let place = expected.len() / 2;
        let mut moved = |step: f64| {
            network.parameters_mut().nth(at).unwrap().value[place] += step;
            let loss = pass(&mut network, &labels);
            network.parameters_mut().nth(at).unwrap().value[place] -= step;
            loss
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((difference - expected[place]).abs() < 1e-9, "parameter {at}: {difference}, not {}", expected[place]);
    }
}

#[test]
fn the_jacobian_of_batch_normalization_has_every_sample_in_it() {
    let (batch, labels) = (5, [0, 1, 1, 0, 1]);
    let mut network = network(&["batchnorm", "linear 2"], &[1], 2, batch);
    pass(&mut network, &labels);
    let x: Vec<f64> = network.input().iter().copied().collect();
    // γ is 1 and β is 0, so that y is x̂.
    let normalized: Vec<f64> = network.output(0).iter().copied().collect();
    let n = batch as f64;
    let mean = x.iter().sum::<f64>() / n;
    let deviation = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n + 1e-5).sqrt();
    let jacobian = |j: usize, i: usize| (indicator(i == j) - 1.0 / n - normalized[i] * normalized[j] / n) / deviation;
    for (i, &value) in x.iter().enumerate() {
        let mut moved = |step: f64| -> Array1<f64> {
            network.input_mut(batch)[[i, 0]] = value + step;
            pass(&mut network, &labels);
            network.input_mut(batch)[[i, 0]] = value;
            network.output(0).iter().copied().collect()
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert_close(&difference, &(0..batch).map(|j| jacobian(j, i)).collect::<Vec<_>>(), 1e-8);
    }
    pass(&mut network, &labels);
    let dy = network.output_gradient(0);
    let dx = (0..batch).map(|i| (0..batch).map(|j| dy[[j, 0]] * jacobian(j, i)).sum());
    assert_close(network.input_gradient().unwrap(), &dx.collect::<Vec<f64>>(), 1e-12);
}

/// A convolution: its text, its kernel, its stride, and the zeros above, left, below and right.
type ConvCase = (&'static str, [usize; 2], usize, [usize; 4]);

#[test]
fn a_convolution_has_the_size_and_the_gradients_that_its_indices_give() {
    let (batch, [channels, height, width]) = (2, [2, 6, 7]);
    let cases: [ConvCase; 6] = [
        ("conv 3 3x3", [3, 3], 1, [0; 4]),
        ("conv 3 3x2 stride 2 pad 1", [3, 2], 2, [1; 4]),
        ("conv 3 2x5 stride 3 pad 1x2", [2, 5], 3, [1, 2, 1, 2]),
        ("conv 3 3x3 pad same", [3, 3], 1, [1; 4]),
        ("conv 3 4x2 pad same", [4, 2], 1, [1, 0, 2, 1]),
        ("conv 3 1x6 pad same", [1, 6], 1, [0, 2, 0, 3]),
    ];
    for (text, [h, w], stride, [above, left, below, right]) in cases {
        let mut network = network(&[text, "linear 2"], &[channels, height, width], 2, batch);
        pass(&mut network, &[0, 1]);
        let out_height = (height + above + below - h) / stride + 1;
        let out_width = (width + left + right - w) / stride + 1;
        assert_eq!(network.layer_infos()[0].output.dimensions(), [3, out_height, out_width], "{text}");
        let (x, dy) = (network.input(), network.output_gradient(0));
        let parameters: Vec<_> = network.parameters().collect();
        let weight = |o: usize, c: usize, k: usize, l: usize| parameters[0].value[((o * channels + c) * h + k) * w + l];
        // The place of the output whose window has the row or column `at` under its own number `offset`.
        let place = |at: usize, pad: usize, offset: usize, count: usize| {
            let distance = (at + pad).checked_sub(offset).filter(|distance| distance.is_multiple_of(stride))?;
            Some(distance / stride).filter(|&place| place < count)
        };
        let mut dx = Vec::new();
        let mut dw = vec![0.0; parameters[0].value.len()];
        for (s, c, u, v) in indices([batch, channels, height, width]) {
            let mut sum = 0.0;
            for (_, o, k, l) in indices([1, 3, h, w]) {
                let (i, j) = (place(u, above, k, out_height), place(v, left, l, out_width));
                if let (Some(i), Some(j)) = (i, j) {
                    let dy = dy[[s, (o * out_height + i) * out_width + j]];
                    sum += weight(o, c, k, l) * dy;
                    dw[((o * channels + c) * h + k) * w + l] += dy * x[[s, (c * height + u) * width + v]];
                }
            }
            dx.push(sum);
        }
        assert_close(network.input_gradient().unwrap(), &dx, 1e-13);
        assert_close(&parameters[0].gradient, &dw, 1e-13);
        let by_bias = |o: usize| indices([batch, 1, out_height, out_width]).map(move |(s, _, i, j)| (s, o, i, j));
        let db = (0..3).map(|o| by_bias(o).map(|(s, o, i, j)| dy[[s, (o * out_height + i) * out_width + j]]).sum());
        assert_close(&parameters[1].gradient, &db.collect::<Vec<f64>>(), 1e-13);
    }
}

/// All indices below these, the last one fastest.
fn indices([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a * b * c * d).map(move |at| (at / (b * c * d), at / (c * d) % b, at / d % c, at % d))
}

// PyTorch 2.15.0:
//
// import torch
// for norm, clip_norm in (5.0, 1.0), (1.0, 0.25), (1e3, 1.0):
//     parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
//     parameter.grad = torch.tensor([norm], dtype=torch.float64)
//     torch.nn.utils.clip_grad_norm_([parameter], clip_norm)
//     print(parameter.grad.item())
#[test]
fn a_clipped_gradient_has_the_norm_asked_for_and_that_of_pytorch_is_a_millionth_shorter() {
    for (norm, clip_norm, of_pytorch) in
        [(5.0, 1.0, 0.999_999_800_000_04), (1.0, 0.25, 0.249_999_750_000_250_02), (1e3, 1.0, 0.999_999_999)]
    {
        assert_eq!(clip_scale(norm, clip_norm) * norm, clip_norm);
        let shorter = 1.0 - of_pytorch / clip_norm;
        assert!((shorter - 1e-6 / norm).abs() < 2e-12, "{norm}: {shorter}");
    }
}
