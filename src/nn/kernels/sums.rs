//! Sums over slices in `f64`, in an order that depends on the length alone.
//!
//! Several partial sums go on side by side, so that the processor can work on all at a time.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use super::wide::{Work, do_wide};
use crate::nn::Scalar;

/// Partial sums; with fewer the compiler takes them one by one instead of as vectors.
const LANES: usize = 64;

/// Σ f(x).
pub fn sum<T: Scalar>(values: &[T], f: impl Fn(f64) -> f64) -> f64 {
    do_wide(Sum { values, f })
}

/// Σ a and Σ a·f(b), of slices of one length.
pub fn sum_and_product<T: Scalar>(a: &[T], b: &[T], f: impl Fn(f64) -> f64) -> (f64, f64) {
    do_wide(SumAndProduct { a, b, f })
}

struct Sum<'a, T, F> {
    values: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(f64) -> f64> Work for Sum<'_, T, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (whole, rest) = self.values.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for chunk in whole {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += (self.f)(value.as_f64());
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *sum += (self.f)(value.as_f64());
        }
        total(sums)
    }
}

struct SumAndProduct<'a, T, F> {
    a: &'a [T],
    b: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(f64) -> f64> Work for SumAndProduct<'_, T, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run(self) -> (f64, f64) {
        let ((a, a_rest), (b, b_rest)) = (self.a.as_chunks::<LANES>(), self.b.as_chunks::<LANES>());
        let (mut sums, mut products) = ([0.0; LANES], [0.0; LANES]);
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let a = a[lane].as_f64();
                sums[lane] += a;
                products[lane] += a * (self.f)(b[lane].as_f64());
            }
        }
        for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
            sums[lane] += a.as_f64();
            products[lane] += a.as_f64() * (self.f)(b.as_f64());
        }
        (total(sums), total(products))
    }
}

/// The sum of partial sums, halves added to halves.
#[inline(always)]
fn total(mut sums: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = sums.split_at_mut(half);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
        half /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_definition_at_every_length() {
        for length in [0, 1, 15, 16, 17, 100] {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..length).map(|i| (i % 7) as f32).collect();
            assert_eq!(sum(&a, |x| 2.0 * x), 2.0 * a.iter().sum::<f32>() as f64);
            let product: f32 = a.iter().zip(&b).map(|(a, b)| a * (b - 3.0)).sum();
            assert_eq!(sum_and_product(&a, &b, |x| x - 3.0), (f64::from(a.iter().sum::<f32>()), f64::from(product)));
        }
    }
}
