//! Sums over slices in `f64`, in an order that depends on the length alone.
//!
//! Several partial sums go on side by side, so that the processor can work on all at a time.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the caller's wide vectors.

use crate::nn::Scalar;

/// Partial sums.
const LANES: usize = 16;

/// Σ f(x).
#[inline(always)]
pub fn sum<T: Scalar>(values: &[T], f: impl Fn(f64) -> f64) -> f64 {
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in whole {
        for lane in 0..LANES {
            sums[lane] += f(chunk[lane].as_f64());
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += f(value.as_f64());
    }
    total(&sums)
}

/// Σ a and Σ a·f(b), of slices of one length.
#[inline(always)]
pub fn sum_and_product<T: Scalar>(a: &[T], b: &[T], f: impl Fn(f64) -> f64) -> (f64, f64) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let (mut sums, mut products) = ([0.0; LANES], [0.0; LANES]);
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let a = a[lane].as_f64();
            sums[lane] += a;
            products[lane] += a * f(b[lane].as_f64());
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a.as_f64();
        products[lane] += a.as_f64() * f(b.as_f64());
    }
    (total(&sums), total(&products))
}

fn total(sums: &[f64; LANES]) -> f64 {
    sums.iter().sum()
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
