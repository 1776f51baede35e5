//! Functions of each value by itself: `y[i] = f(x₁[i], …, xₙ[i])`.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::array::from_fn;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{
    elementwise::{ElementCost, for_each_chunk},
    instructions::{VectorWork, run_vectorized},
    pool::Pool,
};
use crate::nn::{
    Scalar,
    rows::{values, values_mut},
};

/// Writes `f` of the inputs to the output, value by value, on this thread.
///
/// `f` should own the numbers it needs (`move`): of those it borrows, the compiler does not know that writing leaves
/// them alone, and then makes no vectors.
///
/// # Panics
///
/// If the slices differ in length.
pub fn map_slices<T: Scalar, const N: usize>(inputs: [&[T]; N], output: &mut [T], f: impl Fn([T; N]) -> T + Copy) {
    assert!(inputs.iter().all(|input| input.len() == output.len()), "slices of one length");
    run_vectorized(MapSlices { inputs, output, f });
}

/// As [`map_slices`] of whole arrays of one shape, spread over the threads.
///
/// # Panics
///
/// If one of the arrays is not in standard layout, or the shapes differ.
pub fn map_arrays_in_parallel<T: Scalar, const N: usize>(
    pool: &Pool,
    cost: ElementCost,
    inputs: [ArrayView2<'_, T>; N],
    output: ArrayViewMut2<'_, T>,
    f: impl Fn([T; N]) -> T + Copy + Sync,
) {
    assert!(inputs.iter().all(|input| input.dim() == output.dim()), "arrays of one shape");
    let inputs = inputs.map(values);
    for_each_chunk(pool, cost.chunk_elements(), [values_mut(output)], |range, [output]| {
        map_slices(inputs.map(|input| &input[range.clone()]), output, f);
    });
}

struct MapSlices<'a, T, F, const N: usize> {
    inputs: [&'a [T]; N],
    output: &'a mut [T],
    f: F,
}

impl<T: Scalar, F: Fn([T; N]) -> T, const N: usize> VectorWork for MapSlices<'_, T, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { inputs, output, f } = self;
        // With slices that the compiler knows to be of one length it leaves out the checks of the index.
        let length = output.len();
        let inputs = inputs.map(|input| &input[..length]);
        for at in 0..length {
            output[at] = f(from_fn(|n| inputs[n][at]));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_value_is_written_once_however_the_arrays_are_cut() {
        for threads in [1, 2, 3] {
            let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
            for shape in [(64, 256), (90, 97), (1, 9000), (9000, 1), (3, 5), (0, 7)] {
                let mut next = 0.0;
                let x = Array2::from_shape_simple_fn(shape, || {
                    next += 1.0;
                    next
                });
                let (mut y, mut z) = (Array2::<f64>::zeros(shape), Array2::zeros(shape));
                map_arrays_in_parallel(&pool, ElementCost::Expensive, [x.view()], y.view_mut(), |[x]| 2.0 * x);
                map_arrays_in_parallel(&pool, ElementCost::Expensive, [x.view(), y.view()], z.view_mut(), |[x, y]| {
                    x + y
                });
                assert!(y == &x * 2.0 && z == &x * 3.0, "{shape:?} on {threads} threads");
            }
        }
    }
}
