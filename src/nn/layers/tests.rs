//! Every layer that is written for speed against a slow twin that follows its definition.
//!
//! Values are small whole numbers where the sums are exact in any order, so that equal means equal.

use std::num::NonZeroUsize;

use ndarray::Array2;

use super::*;
use crate::{
    nn::{
        Init, LayerPosition, Padding, Shape,
        build::{LayerSetup, build_layer},
        kernels::naive,
        rows::values,
        window::Window,
    },
    random::{Purpose, Stream, stream},
};

/// Runs a layer forward and backward; gives y and dx.
fn run<T: Scalar>(
    layer: &mut dyn Layer<T>,
    x: &Array2<T>,
    dy: &Array2<T>,
    mode: Mode,
    (workspace, scratch): (Workspace<T>, ImageScratch<T>),
    threads: usize,
) -> (Array2<T>, Array2<T>) {
    let pool = Arc::new(Pool::new(NonZeroUsize::new(threads).unwrap()));
    let mut pass = PassContext { mode, pool, workspace, scratch };
    let (mut y, mut dx) = (Array2::zeros(dy.dim()), Array2::zeros(x.dim()));
    layer.forward(x.view(), y.view_mut(), &mut pass);
    layer.backward(x.view(), y.view(), dy.view(), Some(dx.view_mut()), &mut pass);
    (y, dx)
}

fn whole<T: Scalar>(rows: usize, columns: usize, stream: &mut Stream) -> Array2<T> {
    Array2::from_shape_simple_fn((rows, columns), || T::from_f64(f64::from(stream.below(9)) - 4.0))
}

/// A random window, small but of every kind.
fn window(stream: &mut Stream, pooling: bool) -> Window {
    loop {
        let mut pick = |from: usize, most: usize| from + stream.below((most - from + 1) as u32) as usize;
        let input = Shape::new([pick(1, 4), pick(1, 9), pick(1, 9)]);
        let (size, stride, pad) = (pick(1, 4), pick(1, 3), (pick(0, 2), pick(0, 2)));
        let (kernel, is_same) = ((size, pick(1, 4)), pick(1, 3) == 1);
        let window = if pooling {
            Window::new_pooling(&input, size, stride, pad)
        } else {
            Window::new(&input, kernel, stride, if is_same { Padding::Same } else { pad.into() })
        };
        if let Ok(window) = window {
            return window;
        }
    }
}

fn compare_conv<T: Scalar>(cases: u64) {
    for case in 0..cases {
        let stream = &mut stream(case, Purpose::Data, 3);
        let (w, outputs, batch) = (window(stream, false), 1 + stream.below(5) as usize, 1 + stream.below(6) as usize);
        let mut layer = Conv::<T>::new(&LayerPosition::new(0), w, outputs, batch, Init::PyTorch, 1);
        if case % 3 == 0 {
            // As if the unfolded batch were too large for one block.
            layer.set_block(1 + stream.below(batch as u32) as usize);
        }
        for parameter in layer.parameters_mut() {
            let values: Array2<T> = whole(1, parameter.value.len(), stream);
            parameter.value = values.into_raw_vec_and_offset().0;
            parameter.gradient.fill(T::nan());
        }
        let x = whole(batch, w.channels * w.plane(), stream);
        let dy = whole(batch, outputs * w.places(), stream);
        let [weight, bias] = layer.parameters() else { unreachable!() };
        let operands = [values(x.view()), &weight.value, &bias.value, values(dy.view())];
        let [y, dx, dw, db] = naive::conv(&w, operands);
        let expected = (array(y, batch), array(dx, batch), [dw, db]);
        for threads in [1, 2, 4] {
            let mut pass = PassContext::new(Mode::Evaluate, Arc::new(Pool::new(NonZeroUsize::MIN)));
            layer.reserve(&mut pass);
            let buffers = (pass.workspace, pass.scratch);
            let (y, dx) = run(&mut layer, &x, &dy, Mode::Evaluate, buffers, threads);
            let gradients = layer.parameters().iter().map(|parameter| parameter.gradient.clone()).collect::<Vec<_>>();
            assert!(y == expected.0 && dx == expected.1, "{w:?} {outputs} outputs, {batch} samples");
            assert!(gradients == expected.2, "{w:?} {outputs} outputs, {batch} samples");
        }
    }
}

#[test]
fn convolution_is_its_definition() {
    compare_conv::<f32>(60);
    compare_conv::<f64>(60);
}

/// Values of a batch as (batch, features).
fn array<T: Scalar>(values: Vec<T>, batch: usize) -> Array2<T> {
    Array2::from_shape_vec((batch, values.len() / batch), values).unwrap()
}

/// The definition of max pooling and its gradient: y and dx.
fn slow_max_pool(w: &Window, x: &Array2<f64>, dy: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    naive::max_pool(w, values(x.view()), values(dy.view())).map(|found| array(found, x.nrows())).into()
}

/// Images of several chunks of places and several bands of rows, and windows taller than a band.
#[test]
fn max_pooling_of_large_images_is_its_definition() {
    for case in 0..60 {
        let stream = &mut stream(case, Purpose::Data, 6);
        let mut pick = |from: usize, most: usize| from + stream.below((most - from + 1) as u32) as usize;
        let input = Shape::new([pick(1, 2), pick(17, 60), pick(17, 60)]);
        let (size, stride) = ([pick(1, 4), pick(14, 17)][usize::from(case % 4 == 0)], pick(1, 4));
        let w = Window::new_pooling(&input, size, stride, (pick(0, size / 2), pick(0, size / 2))).unwrap();
        let batch = pick(1, 2);
        let (x, dy) = (whole(batch, w.channels * w.plane(), stream), whole(batch, w.channels * w.places(), stream));
        let expected = slow_max_pool(&w, &x, &dy);
        let found = run(&mut MaxPool::new(w), &x, &dy, Mode::Evaluate, Default::default(), 2);
        assert!(found == expected, "{w:?}");
    }
}

#[test]
fn pooling_is_its_definition() {
    for case in 0..100 {
        let stream = &mut stream(case, Purpose::Data, 4);
        let (w, batch) = (window(stream, true), 1 + stream.below(4) as usize);
        let x: Array2<f64> = whole(batch, w.channels * w.plane(), stream);
        // Multiples of every possible size of a window, so that shares of it are whole.
        let dy = whole::<f64>(batch, w.channels * w.places(), stream) * 144.0;
        let (largest, largest_dx) = slow_max_pool(&w, &x, &dy);
        let means = naive::avg_pool(&w, values(x.view()), values(dy.view())).map(|found| array(found, batch)).into();
        for threads in [1, 3] {
            let buffers = || (Workspace::new(), ImageScratch::new());
            let found = run(&mut MaxPool::new(w), &x, &dy, Mode::Evaluate, buffers(), threads);
            assert!(found == (largest.clone(), largest_dx.clone()), "{w:?}");
            let found = run(&mut AvgPool::new(w), &x, &dy, Mode::Evaluate, buffers(), threads);
            assert!(found == means, "{w:?}");
        }
        let all = Window { kernel: (w.height, w.width), stride: 1, pad: (0, 0), out_height: 1, out_width: 1, ..w };
        let dy = whole::<f64>(batch, w.channels, stream);
        let found = run(&mut GlobalAvgPool::new(w.plane()), &x, &dy, Mode::Evaluate, Default::default(), 2);
        let expected = run(&mut AvgPool::new(all), &x, &dy, Mode::Evaluate, Default::default(), 1);
        assert!(found == expected, "{w:?}");
    }
}

#[test]
fn a_nan_wins_every_window_that_sees_it() {
    let window = Window::new_pooling(&Shape::new([1, 2, 4]), 2, 2, (0, 0)).unwrap();
    let x = Array2::from_shape_vec((1, 8), vec![1.0, f64::NAN, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
    let (y, _) = run(&mut MaxPool::new(window), &x, &Array2::ones((1, 2)), Mode::Evaluate, Default::default(), 1);
    assert!(y[[0, 0]].is_nan() && y[[0, 1]] == 7.0);
    let [naive, _] = naive::max_pool(&window, x.as_slice().unwrap(), &[1.0; 2]);
    assert!(naive[0].is_nan() && naive[1] == 7.0);
}

/// Batch normalization with the whole Jacobian of each channel written out.
#[test]
fn batch_normalization_is_its_definition() {
    for case in 0..30 {
        let stream = &mut stream(case, Purpose::Data, 5);
        let mut pick = |most: u32| 1 + stream.below(most) as usize;
        let (batch, channels, plane) = (1 + pick(5), pick(5), [1, pick(20)][case as usize % 2]);
        let mut layer = BatchNorm::<f64>::new(&LayerPosition::new(0), channels, plane);
        for parameter in layer.parameters_mut() {
            parameter.value.iter_mut().for_each(|value| *value += stream.normal());
        }
        let mut normal = || Array2::from_shape_simple_fn((batch, channels * plane), || 3.0 + stream.normal());
        let (x, dy) = (normal(), normal());
        let (y, dx) = run(&mut layer, &x, &dy, Mode::Train { step: 0 }, Default::default(), 2);
        let n = (batch * plane) as f64;
        for channel in 0..channels {
            let at: Vec<[usize; 2]> =
                (0..batch).flat_map(|s| (0..plane).map(move |p| [s, channel * plane + p])).collect();
            let mean = at.iter().map(|&i| x[i]).sum::<f64>() / n;
            let variance = at.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / n;
            let deviation = (variance + 1e-5).sqrt();
            let hat = |i: [usize; 2]| (x[i] - mean) / deviation;
            let [weight, bias] = layer.parameters() else { unreachable!() };
            let (gamma, beta) = (weight.value[channel], bias.value[channel]);
            let close = |a: f64, b: f64| (a - b).abs() < 1e-11 * (1.0 + b.abs());
            for &i in &at {
                assert!(close(y[i], gamma * hat(i) + beta));
                let jacobian = |j: [usize; 2]| {
                    let delta = if i == j { 1.0 } else { 0.0 };
                    gamma / deviation * (delta - 1.0 / n - hat(i) * hat(j) / n)
                };
                assert!(close(dx[i], at.iter().map(|&j| jacobian(j) * dy[j]).sum()), "{case}");
            }
            assert!(close(weight.gradient[channel], at.iter().map(|&i| dy[i] * hat(i)).sum()));
            assert!(close(bias.gradient[channel], at.iter().map(|&i| dy[i]).sum()));
            let [running_mean, running_var] = layer.buffers() else { unreachable!() };
            assert!(close(running_mean.value[channel], 0.1 * mean));
            assert!(close(running_var.value[channel], 0.9 + 0.1 * variance * n / (n - 1.0)));
        }
    }
}

#[test]
fn evaluation_normalizes_with_what_training_remembered() {
    let mut layer = BatchNorm::<f64>::new(&LayerPosition::new(0), 2, 1);
    layer.buffers_mut()[0].value = vec![1.0, -2.0];
    layer.buffers_mut()[1].value = vec![4.0 - 1e-5, 1.0 - 1e-5];
    let x = Array2::from_shape_vec((2, 2), vec![5.0, -1.0, 1.0, 3.0]).unwrap();
    let dy = Array2::ones((2, 2));
    let (y, dx) = run(&mut layer, &x, &dy, Mode::Evaluate, Default::default(), 1);
    let close =
        |found: &Array2<f64>, expected: [f64; 4]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&y, [2.0, 1.0, 0.0, 5.0]), "{y}");
    assert!(close(&dx, [0.5, 1.0, 0.5, 1.0]), "{dx}");
    assert_eq!(layer.buffers()[0].value, [1.0, -2.0]);
}

#[test]
fn batches_without_statistics_leave_the_running_ones_alone() {
    let mut layer = BatchNorm::<f32>::new(&LayerPosition::new(0), 2, 1);
    let train = Mode::Train { step: 0 };
    let before = layer.buffers().to_vec();
    let single = Array2::from_shape_vec((1, 2), vec![3.0, 4.0]).unwrap();
    let (y, dx) = run(&mut layer, &single, &Array2::ones((1, 2)), train, Default::default(), 1);
    assert!(y.iter().chain(&dx).all(|&value| value == 0.0), "{y} {dx}");
    assert_eq!(layer.buffers(), before);
    let broken = Array2::from_shape_vec((2, 2), vec![f32::NAN, 1.0, 2.0, 3.0]).unwrap();
    run(&mut layer, &broken, &Array2::ones((2, 2)), train, Default::default(), 1);
    assert_eq!((layer.buffers()[0].value[0], layer.buffers()[1].value[0]), (0.0, 1.0));
    assert!((layer.buffers()[0].value[1] - 0.2).abs() < 1e-7);
}

#[test]
fn a_residual_block_is_the_sum_of_its_ways() {
    let spec: crate::nn::LayerSpec = "residual [conv 3 3x3 stride 2 pad 1, tanh, conv 4 3x3 pad 1]".parse().unwrap();
    let (input, stream) = (Shape::new([2, 5, 6]), &mut stream(1, Purpose::Data, 6));
    let mut pass = PassContext::new(Mode::Evaluate, Arc::new(Pool::new(NonZeroUsize::MIN)));
    let mut setup = LayerSetup { init: Init::He, seed: 3, max_batch: 3, pass: &mut pass };
    let mut block = build_layer::<f64>(&spec, &input, &LayerPosition::new(7), &mut setup).unwrap();
    let names: Vec<String> = block.children().iter().flat_map(|l| l.parameters()).map(Parameter::full_name).collect();
    let expected = ["body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "shortcut.weight", "shortcut.bias"];
    assert_eq!(names, expected.map(|name| format!("7.{name}")));
    let x = whole(3, 60, stream);
    let dy = whole(3, 36, stream);
    let (y, dx) = run(&mut *block, &x, &dy, Mode::Evaluate, (pass.workspace, pass.scratch), 2);
    // The same layers one by one; each backward pass follows its own forward pass.
    let [first, tanh, second, shortcut] = block.children_mut() else { panic!("four layers") };
    let buffers = || {
        let (mut workspace, mut scratch) = (Workspace::new(), ImageScratch::new());
        workspace.reserve(64, 64, 64);
        scratch.reserve(1 << 12, 1 << 12);
        (workspace, scratch)
    };
    let mode = Mode::Evaluate;
    let (a, _) = run(&mut **first, &x, &Array2::zeros((3, 27)), mode, buffers(), 1);
    let (b, _) = run(&mut **tanh, &a, &Array2::zeros((3, 27)), mode, buffers(), 1);
    let (c, db) = run(&mut **second, &b, &dy, mode, buffers(), 1);
    let (_, da) = run(&mut **tanh, &a, &db, mode, buffers(), 1);
    let (_, by_body) = run(&mut **first, &x, &da, mode, buffers(), 1);
    let (d, by_shortcut) = run(&mut **shortcut, &x, &dy, mode, buffers(), 1);
    assert_eq!(y, c + d);
    assert_eq!(dx, by_body + by_shortcut);
}
