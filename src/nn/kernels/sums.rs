//! Sums over slices in an order that depends on the length alone.
//!
//! Several partial sums go on side by side, so that the processor can work on all at a time. Short stretches are added up
//! in the numbers' own type, which rounds each partial sum 16 times at the most, and the stretches in `f64`. The sums over
//! the rows of a matrix, as for a bias, are taken in the numbers' own type throughout.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use super::{
    elementwise::{ElementCost, for_each_chunk},
    instructions::{VectorWork, run_vectorized},
    locals::grow_buffer,
    pool::Pool,
};
use crate::nn::Scalar;

/// Partial sums; with fewer the compiler takes them one by one instead of as vectors.
const SUM_LANES: usize = 64;

/// Values of a stretch.
const STRETCH_VALUES: usize = 16 * SUM_LANES;

/// Σ f(x).
pub fn sum<T: Scalar>(values: &[T], f: impl Fn(T) -> T) -> f64 {
    run_vectorized(MappedSum { values, f })
}

/// Σ a and Σ a·f(b), of slices of one length.
pub fn sum_and_product<T: Scalar>(a: &[T], b: &[T], f: impl Fn(T) -> T) -> (f64, f64) {
    run_vectorized(SumAndProduct { a, b, f })
}

/// Sums of the columns of a matrix as wide as `sums`, row after row.
///
/// # Panics
///
/// If there are no columns.
pub fn sum_columns<T: Scalar>(rows: &[T], sums: &mut [T]) {
    run_vectorized(SumRows { rows, sums });
}

struct SumRows<'a, T> {
    rows: &'a [T],
    sums: &'a mut [T],
}

impl<T: Scalar> VectorWork for SumRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.sums.fill(T::zero());
        for row in self.rows.chunks_exact(self.sums.len()) {
            self.sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
        }
    }
}

/// Sums of every plane of an image, in the order of memory, in which the processor fetches them ahead.
#[derive(Debug, Default)]
pub struct PlaneSums {
    sums: Vec<[f64; 2]>,
}

impl PlaneSums {
    /// Has `f` sum up each of the planes, of `plane` values by its number, spread over the threads; a sum that is not
    /// needed is 0. It only allocates for more planes than ever before.
    pub fn of(
        &mut self,
        pool: &Pool,
        (planes, plane): (usize, usize),
        f: impl Fn(usize) -> [f64; 2] + Sync,
    ) -> &[[f64; 2]] {
        grow_buffer(&mut self.sums, planes);
        let sums = &mut self.sums[..planes];
        let chunk = (ElementCost::Cheap.chunk_elements() / 2 / plane.max(1)).max(1);
        for_each_chunk(pool, chunk, [&mut *sums], |range, [sums]| {
            range.zip(sums).for_each(|(number, sums)| *sums = f(number));
        });
        sums
    }
}

struct MappedSum<'a, T, F> {
    values: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> T> VectorWork for MappedSum<'_, T, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut all = 0.0;
        for stretch in self.values.chunks(STRETCH_VALUES) {
            let (whole, rest) = stretch.as_chunks::<SUM_LANES>();
            let mut sums = [T::zero(); SUM_LANES];
            for chunk in whole {
                for (sum, &value) in sums.iter_mut().zip(chunk) {
                    *sum += (self.f)(value);
                }
            }
            for (sum, &value) in sums.iter_mut().zip(rest) {
                *sum += (self.f)(value);
            }
            all += add_partial_sums(&sums[..SUM_LANES.min(stretch.len())]);
        }
        all
    }
}

struct SumAndProduct<'a, T, F> {
    a: &'a [T],
    b: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> T> VectorWork for SumAndProduct<'_, T, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run(self) -> (f64, f64) {
        let mut all = (0.0, 0.0);
        for (a, b) in self.a.chunks(STRETCH_VALUES).zip(self.b.chunks(STRETCH_VALUES)) {
            let length = SUM_LANES.min(a.len());
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUM_LANES>(), b.as_chunks::<SUM_LANES>());
            let (mut sums, mut products) = ([T::zero(); SUM_LANES], [T::zero(); SUM_LANES]);
            for (a, b) in a.iter().zip(b) {
                for lane in 0..SUM_LANES {
                    sums[lane] += a[lane];
                    products[lane] += a[lane] * (self.f)(b[lane]);
                }
            }
            for (lane, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
                sums[lane] += a;
                products[lane] += a * (self.f)(b);
            }
            all.0 += add_partial_sums(&sums[..length]);
            all.1 += add_partial_sums(&products[..length]);
        }
        all
    }
}

/// The sum of partial sums, halves added to halves where there are all of them.
#[inline(always)]
fn add_partial_sums<T: Scalar>(sums: &[T]) -> f64 {
    let Ok(sums) = <&[T; SUM_LANES]>::try_from(sums) else { return sums.iter().map(|sum| sum.as_f64()).sum() };
    let mut sums = sums.map(Scalar::as_f64);
    let mut half = SUM_LANES / 2;
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
    use crate::nn::kernels::naive;

    #[test]
    fn columns_are_summed_anew() {
        let mut sums = [7.0; 3];
        sum_columns(&[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], &mut sums);
        assert_eq!(sums, [11.0, 22.0, 33.0]);
    }

    #[test]
    fn sums_are_those_of_the_definition_at_every_length() {
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 100, 1023, 1025, 1500] {
            let a: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..length).map(|i| (i % 7) as f32).collect();
            assert_eq!(sum(&a, |x| 2.0 * x), 2.0 * a.iter().sum::<f32>() as f64);
            let shifted: Vec<f32> = b.iter().map(|b| b - 3.0).collect();
            assert_eq!(sum_and_product(&a, &b, |x| x - 3.0), naive::sum_and_product(&a, &shifted));
        }
    }
}
