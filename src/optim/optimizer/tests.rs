use std::{num::NonZeroUsize, sync::Arc};

use super::*;
use crate::{
    nn::{Mode, NetworkSpec, Pool, Shape, kernels::allocations::allocations},
    optim::{clip_scale, gradient_norm, norm},
    random::{Purpose, stream},
};

fn network<T: Scalar>(layers: &[&str], input: &[usize], classes: usize, batch: usize, threads: usize) -> Network<T> {
    let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, ..NetworkSpec::default() };
    let pool = Arc::new(Pool::new(NonZeroUsize::new(threads).unwrap()));
    Network::new(&spec, &Shape::new(input), classes, batch, 3, pool).unwrap()
}

/// The specs of `golden_values_of_pytorch`, in its order.
fn specs() -> [OptimizerSpec; 10] {
    use OptimizerSpec::{Adam, AdamW, RmsProp, Sgd};
    [
        OptimizerSpec::SGD,
        Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.05 },
        Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.05 },
        Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.05 },
        OptimizerSpec::ADAM,
        Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.05 },
        OptimizerSpec::ADAM_W,
        AdamW { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weight_decay: 0.5 },
        OptimizerSpec::RMS_PROP,
        RmsProp { alpha: 0.9, epsilon: 1e-3, momentum: 0.8, weight_decay: 0.05 },
    ]
}

// PyTorch 2.15.0:
//
// import torch
// torch.set_default_dtype(torch.float64)
// def run(make):
//     w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
//     b = torch.nn.Parameter(torch.tensor([0.1]))
//     optimizer = make([w, b])
//     for t in range(10):
//         w.grad = torch.sin(w.detach() * 3 + t) * 2
//         b.grad = torch.cos(b.detach() - t)
//         optimizer.step()
//     return torch.cat([w, b]).tolist()
// o = torch.optim
// for make in [
//     lambda p: o.SGD(p, lr=0.1),
//     lambda p: o.SGD(p, lr=0.1, weight_decay=0.05),
//     lambda p: o.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05),
//     lambda p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
//     lambda p: o.Adam(p, lr=0.1),
//     lambda p: o.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05),
//     lambda p: o.AdamW(p, lr=0.1),
//     lambda p: o.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.5),
//     lambda p: o.RMSprop(p, lr=0.1),
//     lambda p: o.RMSprop(p, lr=0.1, alpha=0.9, eps=1e-3, momentum=0.8, weight_decay=0.05),
// ]:
//     print(run(make))
#[test]
fn golden_values_of_pytorch() {
    let expected = [
        [0.684_664_788_237_018_8, -2.772_255_915_595_289_3, -0.417_998_046_129_601_06, 0.089_258_262_838_650_76],
        [0.575_808_097_110_304_5, -2.691_632_921_396_512_2, -0.423_501_598_408_463_24, 0.087_288_158_821_561_16],
        [1.292_451_168_048_403_9, -5.089_074_084_011_09, -2.909_151_656_444_216_4, -0.291_081_463_364_597_5],
        [-1.191_302_405_597_560_3, -5.321_694_288_154_511, -3.250_677_520_113_969_3, -0.074_932_985_639_354_87],
        [1.147_344_085_387_186_8, -2.528_020_897_796_210_4, 0.124_106_738_319_283_4, -0.151_279_064_953_865_64],
        [1.094_611_467_774_392_8, -2.440_396_823_478_401_3, 0.150_953_478_770_374_3, -0.112_609_077_226_120_65],
        [1.136_789_037_234_295, -2.503_016_233_243_865, 0.121_203_994_895_965_74, -0.150_416_571_582_005_08],
        [0.663_015_870_187_353_6, -1.480_211_699_128_067_6, 0.038_443_782_566_686_3, -0.087_064_243_359_630_55],
        [-3.054_073_896_136_094_5, -5.159_398_043_334_356, -3.064_512_580_957_768_7, 1.027_738_644_389_164_7],
        [-2.827_310_369_847_806, -5.379_110_799_254_038, -3.128_903_300_417_79, -0.609_660_403_079_382_9],
    ];
    assert_eq!(specs().len(), expected.len());
    for (spec, expected) in specs().into_iter().zip(expected) {
        let mut network = network::<f64>(&["linear 1"], &[3], 1, 1, 1);
        let mut optimizer = Optimizer::new(&spec, &network);
        let begin = [vec![1.0, -2.0, 0.5], vec![0.1]];
        network.parameters_mut().zip(begin).for_each(|(parameter, value)| parameter.value = value);
        for t in 0..10 {
            let t = f64::from(t);
            for parameter in network.parameters_mut() {
                let weight = parameter.name == "weight";
                let gradient = |x: &f64| if weight { (x * 3.0 + t).sin() * 2.0 } else { (x - t).cos() };
                parameter.gradient = parameter.value.iter().map(gradient).collect();
            }
            optimizer.step(&mut network, 0.1, 1.0);
        }
        let found: Vec<f64> = network.parameters().flat_map(|parameter| parameter.value.clone()).collect();
        let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error < 1e-12, "{spec:?}: {found:?}, not {expected:?}");
    }
}

/// One step of each optimizer as its papers write it, for one weight.
fn naive(spec: &OptimizerSpec, w: f64, g: f64, state: &mut (f64, f64), t: i32, lr: f64) -> f64 {
    match *spec {
        OptimizerSpec::Sgd { momentum, nesterov, weight_decay } => {
            let g = g + weight_decay * w;
            state.0 = if t == 1 { g } else { momentum * state.0 + g };
            w - lr * if nesterov { g + momentum * state.0 } else { state.0 }
        }
        OptimizerSpec::RmsProp { alpha, epsilon, momentum, weight_decay } => {
            let g = g + weight_decay * w;
            state.1 = alpha * state.1 + (1.0 - alpha) * g * g;
            state.0 = momentum * state.0 + g / (state.1.sqrt() + epsilon);
            w - lr * state.0
        }
        OptimizerSpec::Adam { beta1, beta2, epsilon, weight_decay }
        | OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay } => {
            let decoupled = matches!(spec, OptimizerSpec::AdamW { .. });
            let g = if decoupled { g } else { g + weight_decay * w };
            state.0 = beta1 * state.0 + (1.0 - beta1) * g;
            state.1 = beta2 * state.1 + (1.0 - beta2) * g * g;
            let (m, v) = (state.0 / (1.0 - beta1.powi(t)), state.1 / (1.0 - beta2.powi(t)));
            let w = if decoupled { w - lr * weight_decay * w } else { w };
            w - lr * m / (v.sqrt() + epsilon)
        }
    }
}

#[test]
fn long_parameters_agree_with_the_textbook_and_norms_are_of_the_change() {
    for spec in specs() {
        // 20,000 weights make several chunks and leave a rest; 100 biases make less than one.
        let mut network = network::<f64>(&["linear 100"], &[200], 100, 1, 2);
        let mut optimizer = Optimizer::new(&spec, &network);
        let mut states: Vec<Vec<(f64, f64)>> =
            network.parameters().map(|parameter| vec![(0.0, 0.0); parameter.value.len()]).collect();
        let mut stream = stream(1, Purpose::Data, 0);
        for t in 1..=4 {
            let mut expected = Vec::new();
            for (parameter, states) in network.parameters_mut().zip(&mut states) {
                parameter.gradient.iter_mut().for_each(|g| *g = stream.normal());
                let weights = parameter.value.iter().zip(&parameter.gradient).zip(states);
                let after = weights.map(|((&w, &g), state)| naive(&spec, w, 0.5 * g, state, t, 0.01));
                expected.push((parameter.value.clone(), after.collect::<Vec<f64>>()));
            }
            optimizer.step(&mut network, 0.01, 0.5);
            for ((parameter, (before, after)), &found) in
                network.parameters().zip(expected).zip(optimizer.update_norms())
            {
                assert!(parameter.value.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-14), "{spec:?}");
                let change: Vec<f64> = before.iter().zip(&after).map(|(a, b)| a - b).collect();
                assert!((found / norm(&change) - 1.0).abs() < 1e-12, "{spec:?}: {found}, not {}", norm(&change));
            }
        }
    }
}

/// Networks with every layer, and the shapes of their samples.
const NETWORKS: [(&[&str], &[usize]); 2] = [
    (
        &[
            "linear 300",
            "relu",
            "dropout 0.2",
            "linear 150",
            "leaky_relu 0.1",
            "batchnorm",
            "tanh",
            "linear 20",
            "sigmoid",
            "linear 10",
        ],
        &[500],
    ),
    (
        &[
            "conv 12 3x3 pad 1",
            "batchnorm",
            "relu",
            "maxpool 3 stride 2 pad 1",
            "residual [conv 20 3x3 stride 2 pad 1, batchnorm, gelu, dropout 0.1, conv 20 3x3 pad 1]",
            "elu",
            "avgpool 2 stride 1",
            "residual [conv 20 1x1, silu]",
            "global_avgpool",
            "flatten",
            "linear 10",
        ],
        &[3, 14, 18],
    ),
];

/// Trains and evaluates on random data with batches of changing size.
fn train<T: Scalar>(network: &mut Network<T>, optimizer: &mut Optimizer<T>, steps: std::ops::Range<u64>) -> f64 {
    let mut losses = 0.0;
    for step in steps {
        let batch = [64, 17, 64, 1][step as usize % 4];
        let mut stream_of_step = stream(step, Purpose::Data, 2);
        let labels: [u8; 64] = std::array::from_fn(|_| stream_of_step.below(10) as u8);
        network.input_mut(batch).iter_mut().for_each(|x| *x = T::from_f64(stream_of_step.normal()));
        network.forward(Mode::Train { step });
        losses += network.loss(&labels[..batch]).loss;
        network.backward();
        let scale = clip_scale(gradient_norm(network), 0.5);
        optimizer.step(network, 1e-2, scale);
        network.forward(Mode::Evaluate);
        losses += network.loss(&labels[..batch]).loss;
    }
    losses
}

#[test]
fn a_step_allocates_nothing() {
    for threads in [1, 2] {
        let (vectors, images) = (specs().map(|spec| (spec, NETWORKS[0])), [(specs()[5], NETWORKS[1])]);
        for (spec, (layers, input)) in vectors.into_iter().chain(images) {
            let mut network = network::<f32>(layers, input, 10, 64, threads);
            let mut optimizer = Optimizer::new(&spec, &network);
            train(&mut network, &mut optimizer, 0..1);
            let pool = network.pool().clone();
            let before = allocations(&pool);
            train(&mut network, &mut optimizer, 1..6);
            assert_eq!(allocations(&pool), before, "{spec:?}, {threads} threads");
            std::hint::black_box(Box::new(threads));
            assert_eq!(allocations(&pool), before + 1, "the counter counts");
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    type Weights<T> = (Vec<Vec<T>>, Vec<f64>, f64);
    fn weights<T: Scalar>(spec: &OptimizerSpec, (layers, input): (&[&str], &[usize]), threads: usize) -> Weights<T> {
        let mut network = network::<T>(layers, input, 10, 64, threads);
        let mut optimizer = Optimizer::new(spec, &network);
        let losses = train(&mut network, &mut optimizer, 0..6);
        let parameters = network.parameters().map(|parameter| parameter.value.clone());
        let weights = parameters.chain(network.buffers().map(|buffer| buffer.value.clone())).collect();
        (weights, optimizer.update_norms().to_vec(), losses)
    }
    for (spec, network) in [(3, 0), (5, 0), (9, 0), (5, 1)].map(|(spec, network)| (specs()[spec], NETWORKS[network])) {
        let (single, double) = (weights::<f32>(&spec, network, 1), weights::<f64>(&spec, network, 1));
        assert!(double.2.is_finite());
        for threads in [2, 4] {
            assert!(single == weights::<f32>(&spec, network, threads), "f32, {threads} threads");
            assert!(double == weights::<f64>(&spec, network, threads), "f64, {threads} threads");
        }
    }
}

#[test]
fn momentum_switched_on_in_the_run_begins_with_the_gradient() {
    let mut network = network::<f64>(&["linear 1"], &[1], 1, 1, 1);
    let mut optimizer = Optimizer::new(&OptimizerSpec::SGD, &network);
    let mut step = |optimizer: &mut Optimizer<f64>, gradient: f64| {
        let weight = |network: &Network<f64>| network.parameters().next().unwrap().value[0];
        let before = weight(&network);
        network.parameters_mut().for_each(|parameter| parameter.gradient[0] = gradient);
        optimizer.step(&mut network, 1.0, 1.0);
        before - weight(&network)
    };
    let close = |a: f64, b: f64| (a - b).abs() < 1e-14;
    assert!(close(step(&mut optimizer, 4.0), 4.0));
    optimizer.set_hyperparameter("momentum", 0.5).unwrap();
    assert!(close(step(&mut optimizer, 2.0), 2.0));
    assert!(close(step(&mut optimizer, 2.0), 3.0));
    optimizer.set_hyperparameter("momentum", 0.0).unwrap();
    assert!(close(step(&mut optimizer, 2.0), 2.0));
    assert_eq!(optimizer.hyperparameters(), [("momentum", 0.0), ("weight_decay", 0.0)]);
}
