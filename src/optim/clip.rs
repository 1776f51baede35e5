//! Norms, and gradient clipping by the norm of the whole gradient.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use crate::nn::{
    Network, Pool, Scalar,
    kernels::{
        elementwise::map_ranges,
        instructions::{VectorWork, run_vectorized},
    },
};

/// Partial sums of a norm: enough for the processor to work on several at a time.
const NORM_LANES: usize = 16;

/// Values of a piece for the threads, at least, and pieces, at most; they decide the order of the sum.
const MIN_PIECE_ELEMENTS: usize = 1 << 15;
const MAX_PIECES: usize = 64;

/// Euclidean norm, summed in `f64` in an order that depends on the length alone.
pub fn norm<T: Scalar>(values: &[T]) -> f64 {
    square_sum(values).sqrt()
}

/// Euclidean norm of the gradient of all parameters together.
pub fn gradient_norm<T: Scalar>(network: &Network<T>) -> f64 {
    let pool = network.pool();
    network.parameters().map(|parameter| threaded_square_sum(pool, &parameter.gradient)).sum::<f64>().sqrt()
}

/// The factor that brings a gradient of norm `norm` down to at most `max_norm`; 1 if it is there already. It goes to
/// the optimizer, which multiplies while it reads.
pub fn clip_scale(norm: f64, max_norm: f64) -> f64 {
    if norm > max_norm { max_norm / norm } else { 1.0 }
}

fn square_sum<T: Scalar>(values: &[T]) -> f64 {
    run_vectorized(SquareSum(values))
}

/// As [`square_sum`], piece by piece.
fn threaded_square_sum<T: Scalar>(pool: &Pool, values: &[T]) -> f64 {
    let piece = MIN_PIECE_ELEMENTS.max(values.len().div_ceil(MAX_PIECES).next_multiple_of(NORM_LANES));
    let mut sums = [0.0; MAX_PIECES];
    map_ranges(pool, values.len(), piece, &mut sums, |range| square_sum(&values[range]));
    sums.iter().sum()
}

struct SquareSum<'a, T>(&'a [T]);

impl<T: Scalar> VectorWork for SquareSum<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (whole, rest) = self.0.as_chunks::<NORM_LANES>();
        let mut sums = [0.0; NORM_LANES];
        for chunk in whole {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += value.as_f64() * value.as_f64();
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum += value.as_f64() * value.as_f64();
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norm_is_the_root_of_the_sum_of_squares() {
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert_eq!(norm(&[3.0_f32, -4.0]), 5.0);
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(norm(&values), 338_350_f64.sqrt());
        // The square of this does not fit an f32.
        assert_eq!(norm(&[1e30_f32; 4]), 2.0 * f64::from(1e30_f32));
        assert!(norm(&[1.0, f32::NAN]).is_nan());
    }

    #[test]
    fn clipping_only_ever_shortens() {
        assert_eq!(clip_scale(0.5, 1.0), 1.0);
        assert_eq!(clip_scale(4.0, 1.0), 0.25);
        assert_eq!(clip_scale(0.0, 1.0), 1.0);
    }
}
