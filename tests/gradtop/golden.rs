//! Whole networks against `PyTorch`: loss, logits, gradients, running statistics, and the losses of ten steps.
//!
//! The numbers in `tests/golden` are made by `tests/golden/golden.py`, whose version of `PyTorch` they name.

use std::{collections::BTreeMap, fs, num::NonZeroUsize, path::Path, sync::Arc};

use gradtop::{
    nn::{Mode, Network, NetworkSpec, Pool, Scalar, Shape},
    optim::{Optimizer, OptimizerSpec},
};

/// The number at a place of a stream, as `fill` of the script gives it.
fn number(stream: u64, place: usize) -> f64 {
    let mut z = ((stream << 40) + place as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / 2_f64.powi(52) - 1.0
}

/// A network of the script with its parameters, and the labels; its input is in place.
struct Case<T> {
    network: Network<T>,
    labels: Vec<u8>,
}

impl<T: Scalar> Case<T> {
    fn new(layers: &[&str], input: &[usize], batch: usize, classes: usize, label_smoothing: f64) -> Self {
        let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
        let spec = NetworkSpec { layers, label_smoothing, ..NetworkSpec::default() };
        let pool = Arc::new(Pool::new(NonZeroUsize::new(2).unwrap()));
        let mut network = Network::<T>::new(&spec, &Shape::new(input), classes, batch, 0, pool).unwrap();
        for (stream, parameter) in (1..).zip(network.parameters_mut()) {
            let dimensions = parameter.shape.dimensions();
            let width = (3.0 / (parameter.value.len() / dimensions[0]) as f64).sqrt();
            let (scale, weight) = (dimensions.len() == 1, parameter.name.ends_with("weight"));
            for (place, value) in parameter.value.iter_mut().enumerate() {
                let number = number(stream, place);
                *value = T::from_f64(match (scale, weight) {
                    (false, _) => number * width,
                    (true, true) => 1.0 + 0.25 * number,
                    (true, false) => 0.1 * number,
                });
            }
        }
        let mut case = Self { network, labels: (0..batch).map(|i| ((7 * i + 3) % classes) as u8).collect() };
        case.place_input();
        case
    }

    fn place_input(&mut self) {
        let input = self.network.input_mut(self.labels.len());
        for (place, value) in input.into_iter().enumerate() {
            *value = T::from_f64(number(1000, place));
        }
    }

    fn loss(&mut self, step: u64) -> f64 {
        self.network.forward(Mode::Train { step });
        self.network.loss(&self.labels).loss
    }
}

/// What the script says of every tensor of a case.
fn golden(name: &str) -> BTreeMap<String, Vec<(String, f64)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = fs::read_to_string(path).unwrap();
    let numbers = |text: &str| {
        let pair = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.parse().unwrap()));
        text.split(' ').filter_map(pair).collect()
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| (line.split(" norm=").next().unwrap().to_owned(), numbers(line))).collect()
}

/// Largest difference of a tensor from what the script says, relative to its norm, but at least to `least`: after a
/// batch normalization the gradient of a bias is nothing but rounding.
fn error<T: Scalar>(expected: &[(String, f64)], found: &[T], least: f64) -> f64 {
    let found: Vec<f64> = found.iter().map(|value| value.as_f64()).collect();
    let norm = expected[0].1.max(least);
    let differences = expected.iter().map(|(what, value)| match what.as_str() {
        "norm" => found.iter().map(|x| x * x).sum::<f64>().sqrt() - value,
        "sum" => (found.iter().sum::<f64>() - value) / (found.len() as f64).sqrt(),
        place => found[place.parse::<usize>().unwrap()] - value,
    });
    differences.map(|difference| difference.abs() / norm).fold(0.0, f64::max)
}

/// Compares a case with its file.
fn compare<T: Scalar>(name: &str, mut case: Case<T>, forward: f64, gradients: f64) {
    let golden = golden(&format!("{name}.txt"));
    let mut seen = 0;
    let mut check = |what: &str, found: &[T], least: f64, tolerance: f64| {
        let error = error(&golden[what], found, least);
        assert!(error <= tolerance, "{name}: {what} differs by {error:e}");
        seen += 1;
    };
    let loss = case.loss(0);
    check("loss", &[T::from_f64(loss)], 0.0, forward);
    check("logits", case.network.logits().as_slice().unwrap(), 0.0, forward);
    case.network.backward();
    for parameter in case.network.parameters() {
        check(&format!("gradient {}", parameter.full_name()), &parameter.gradient, 1e-2, gradients);
    }
    for buffer in case.network.buffers() {
        check(&format!("buffer {}", buffer.full_name()), &buffer.value, 0.0, forward);
    }
    case.network.forward(Mode::Evaluate);
    check("evaluated", case.network.logits().as_slice().unwrap(), 0.0, forward);
    assert_eq!(seen, golden.len(), "{name}: every line has its tensor");
}

/// In both precisions, to what the numbers of each can show.
fn compare_both(name: &str, layers: &[&str], input: &[usize], batch: usize, classes: usize, smoothing: f64) {
    compare(name, Case::<f64>::new(layers, input, batch, classes, smoothing), 1e-10, 1e-10);
    compare(name, Case::<f32>::new(layers, input, batch, classes, smoothing), 1e-5, 1e-4);
}

const MLP: &[&str] = &["linear 16", "relu", "linear 12", "tanh", "linear 5"];

const BATCH_NORM_MLP: &[&str] = &["linear 16", "batchnorm", "relu", "linear 12", "batchnorm", "gelu", "linear 5"];

/// The network of the exercise with its channels divided.
fn exercise(divided_by: usize) -> Vec<String> {
    let mut layers = Vec::new();
    for channels in [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0] {
        if channels == 0 {
            layers.push("maxpool 3 stride 2 pad 1".to_owned());
        } else {
            layers.extend([format!("conv {} 3x3 pad 1", channels / divided_by), "batchnorm".into(), "relu".into()]);
        }
    }
    layers.extend(["flatten".into(), "linear 10".into()]);
    layers
}

#[test]
fn an_mlp_is_that_of_pytorch() {
    compare_both("mlp", MLP, &[20], 9, 5, 0.0);
}

#[test]
fn a_batch_norm_mlp_with_smoothed_labels_is_that_of_pytorch() {
    compare_both("batch_norm_mlp", BATCH_NORM_MLP, &[20], 9, 5, 0.1);
}

#[test]
fn a_network_of_all_other_layers_is_that_of_pytorch() {
    let layers = [
        "conv 6 3x2 pad 1",
        "elu 0.7",
        "residual [conv 8 3x3 stride 2 pad 1, batchnorm, silu, conv 8 3x3 pad 1]",
        "leaky_relu 0.1",
        "avgpool 3 stride 2 pad 1",
        "sigmoid",
        "global_avgpool",
        "flatten",
        "linear 5",
    ];
    compare_both("mixed", &layers, &[2, 9, 11], 5, 5, 0.0);
}

#[test]
fn convolutions_and_pools_of_every_padding_are_those_of_pytorch() {
    let layers = [
        "conv 16 4x3 pad same",
        "tanh",
        "conv 16 3x3 pad same",
        "silu",
        "conv 5 2x5 pad 1x2",
        "maxpool 3 stride 2 pad 1x0",
        "residual [conv 5 2x2 pad same, gelu]",
        "avgpool 2 stride 1 pad 0x1",
        "conv 6 3x1 stride 2 pad 1x0",
        "flatten",
        "linear 5",
    ];
    compare_both("padded", &layers, &[2, 7, 9], 5, 5, 0.0);
}

#[test]
fn the_cnn_of_the_exercise_is_that_of_pytorch() {
    let layers = exercise(1);
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    compare_both("cnn", &layers, &[3, 32, 32], 4, 10, 0.0);
}

/// Ten steps of every optimizer from the same weights.
fn compare_steps(name: &str, layers: &[&str], input: &[usize], batch: usize, classes: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}_steps.txt"));
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    for (kind, spec, rate) in [
        ("sgd", OptimizerSpec::Sgd { momentum: 0.9, nesterov: false, weight_decay: 1e-3 }, 0.05),
        ("adam", OptimizerSpec::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-2 }, 2e-3),
        ("adamw", OptimizerSpec::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-1 }, 2e-3),
        ("rmsprop", OptimizerSpec::RmsProp { alpha: 0.99, epsilon: 1e-8, momentum: 0.5, weight_decay: 1e-3 }, 1e-3),
    ] {
        let mut words = lines.next().unwrap().split(' ');
        assert_eq!(words.next(), Some(kind));
        let expected: Vec<f64> = words.map(|word| word.parse().unwrap()).collect();
        let mut case = Case::<f64>::new(layers, input, batch, classes, 0.0);
        let mut optimizer = Optimizer::new(&spec, &case.network);
        assert_eq!(expected.len(), 10);
        for (step, expected) in (0..).zip(expected) {
            let loss = case.loss(step);
            assert!((loss / expected - 1.0).abs() < 1e-5, "{name}, {kind}, step {step}: {loss}, not {expected}");
            case.network.backward();
            optimizer.step(&mut case.network, rate, 1.0);
        }
    }
}

#[test]
fn ten_steps_of_every_optimizer_follow_pytorch() {
    compare_steps("mlp", MLP, &[20], 9, 5);
    compare_steps("batch_norm_mlp", BATCH_NORM_MLP, &[20], 9, 5);
    let layers = exercise(32);
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    compare_steps("cnn", &layers, &[3, 16, 16], 8, 10);
}
