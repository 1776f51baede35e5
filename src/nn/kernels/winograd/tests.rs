use std::num::NonZeroUsize;

use super::*;
use crate::{
    nn::{Padding, Shape, kernels::naive},
    random::{Purpose, Stream, stream},
};

/// y, dx and dW.
type Results<T> = [Vec<T>; 3];

/// The definition, in `f64`.
fn slow<T: Scalar>(w: &Window, operands: [&[T]; 4]) -> Results<f64> {
    let operands = operands.map(|values| values.iter().map(|value| value.as_f64()).collect::<Vec<_>>());
    let [y, dx, dw, _] = naive::conv(w, operands.each_ref().map(Vec::as_slice));
    [y, dx, dw]
}

fn fast<T: Scalar>(
    layer: &mut WinogradConv<T>,
    threads: usize,
    samples: usize,
    [x, weight, bias, dy]: [&[T]; 4],
) -> Results<T> {
    let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
    let nan = |length: usize| vec![T::nan(); length];
    let (mut y, mut dx, mut dw) = (nan(dy.len()), nan(x.len()), nan(weight.len()));
    let (mut scratch, mut locals) = (nan(layer.scratch_values(samples)), ThreadBuffers::default());
    layer.forward(&pool, &mut locals, x, weight, bias, &mut y);
    layer.backward(&pool, (&mut scratch, &mut locals), weight, dy, &mut dw, Some(&mut dx));
    [y, dx, dw]
}

/// Largest difference of each result, relative to its largest value.
fn errors<T: Scalar>(found: &Results<T>, expected: &Results<f64>) -> [f64; 3] {
    std::array::from_fn(|i| {
        let largest = expected[i].iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let differences = found[i].iter().zip(&expected[i]).map(|(a, b)| (a.as_f64() - b).abs());
        differences.fold(0.0, |most: f64, difference| if difference <= most { most } else { difference }) / largest
    })
}

fn normal<T: Scalar>(length: usize, stream: &mut Stream) -> Vec<T> {
    (0..length).map(|_| T::from_f64(stream.normal())).collect()
}

fn compare<T: Scalar>(size: TileSize, cases: u64, channels: u32, tolerance: f64) {
    for case in 0..cases {
        let stream = &mut stream(case, Purpose::Data, 8);
        let mut pick = |most: u32| 1 + stream.below(most) as usize;
        let (channels, outputs, samples) = (pick(channels), pick(channels), pick(5));
        let window = Window::new(&Shape::new([channels, pick(11), pick(11)]), (3, 3), 1, Padding::Same).unwrap();
        let [x, dy] = [channels, outputs].map(|planes| normal::<T>(samples * planes * window.plane(), stream));
        let (weight, bias) = (normal::<T>(outputs * channels * 9, stream), normal::<T>(outputs, stream));
        let operands = [&x[..], &weight, &bias, &dy];
        let expected = slow(&window, operands);
        // One sample more than the batch has.
        let mut layer = WinogradConv::with_size(&window, outputs, samples + 1, size);
        layer.inputs.fill(T::nan());
        let found = fast(&mut layer, 1, samples, operands);
        let errors = errors(&found, &expected);
        assert!(errors.iter().all(|&error| error < tolerance), "{window:?} {outputs} {samples}: {errors:?}");
        for threads in [2, 4] {
            assert!(fast(&mut layer, threads, samples, operands) == found, "{threads} threads");
        }
    }
}

#[test]
fn the_algorithm_is_exact_but_for_rounding() {
    compare::<f64>(TileSize::TwoOutputs, 20, 70, 1e-12);
    compare::<f64>(TileSize::FourOutputs, 20, 70, 1e-12);
}

#[test]
fn single_precision_keeps_four_digits() {
    compare::<f32>(TileSize::TwoOutputs, 12, 70, 1e-4);
    compare::<f32>(TileSize::FourOutputs, 12, 70, 1e-4);
}

#[test]
fn single_precision_keeps_four_digits_over_many_channels() {
    let (window, outputs, samples) = (Window::new(&Shape::new([512, 4, 4]), (3, 3), 1, Padding::Same).unwrap(), 40, 2);
    let stream = &mut stream(0, Purpose::Data, 9);
    let [x, dy] = [512, outputs].map(|planes| normal::<f32>(samples * planes * 16, stream));
    let (weight, bias) = (normal(outputs * 512 * 9, stream), normal(outputs, stream));
    let operands = [&x[..], &weight, &bias, &dy];
    let mut layer = WinogradConv::new(&window, outputs, samples).unwrap();
    assert_eq!(layer.size, TileSize::FourOutputs);
    let errors = errors(&fast(&mut layer, 2, samples, operands), &slow(&window, operands));
    assert!(errors.iter().all(|&error| error < 1e-5), "{errors:?}");
}

/// How much larger the errors are than those of a direct sum in the same precision, for a kernel between so many
/// channels on images of 8 × 8: root mean squares of y, ∂L/∂x and ∂L/∂W.
fn error_ratios(size: TileSize, channels: usize) -> [f64; 3] {
    let window = Window::new(&Shape::new([channels, 8, 8]), (3, 3), 1, Padding::Same).unwrap();
    let (stream, samples) = (&mut stream(channels as u64, Purpose::Data, 10), 1);
    let [x, dy] = [0, 1].map(|_| normal::<f32>(samples * channels * 64, stream));
    let (weight, bias) = (normal(channels * channels * 9, stream), vec![0.0; channels]);
    let operands = [&x[..], &weight, &bias, &dy];
    let exact = slow(&window, operands);
    let mut layer = WinogradConv::with_size(&window, channels, samples, size);
    let found = fast(&mut layer, 1, samples, operands);
    let [y, dx, dw, _] = naive::conv(&window, operands);
    let square_sum = |found: &[f32], exact: &[f64]| {
        found.iter().zip(exact).map(|(&found, exact)| (f64::from(found) - exact).powi(2)).sum::<f64>()
    };
    let direct = [y, dx, dw];
    std::array::from_fn(|i| (square_sum(&found[i], &exact[i]) / square_sum(&direct[i], &exact[i])).sqrt())
}

/// The figures of `docs/mathematics.md`.
#[test]
fn large_tiles_are_less_exact_than_a_direct_sum_in_single_precision() {
    for channels in [16, 32] {
        for (size, range) in [(TileSize::TwoOutputs, 0.5..1.5), (TileSize::FourOutputs, 4.0..10.0)] {
            let ratios = error_ratios(size, channels);
            assert!(ratios.iter().all(|ratio| range.contains(ratio)), "{size:?}, {channels} channels: {ratios:?}");
        }
    }
}
