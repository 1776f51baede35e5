//! The small matrices of Winograd's algorithm, applied by hand.
//!
//! F(m, 3) computes m outputs of a correlation with 3 weights from n = m + 2 inputs with n multiplications:
//! `y = Aᵀ[(G g) ⊙ (Bᵀ d)]` (Lavin and Gray 2016, equations 7 to 14), here at the points 0, ±1, ∞ for m = 2 and
//! 0, ±1, ±2, ∞ for m = 4. Nested with itself it computes m × m outputs: `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the caller's wide vectors.

use crate::nn::Scalar;

/// Values that are transformed side by side.
pub(super) const WINOGRAD_LANES: usize = 32;

/// A square of N × N values, for each lane.
pub(super) type LaneSquare<T, const N: usize> = [[[T; WINOGRAD_LANES]; N]; N];

/// A square of zeros.
pub(super) fn zero_square<T: Scalar, const N: usize>() -> LaneSquare<T, N> {
    [[[T::zero(); WINOGRAD_LANES]; N]; N]
}

/// Values of a kernel.
pub(super) const KERNEL_VALUES: usize = 9;

/// Kernels of one output that are fetched together: their values fill whole vectors on every processor.
pub(super) const KERNELS_PER_GROUP: usize = 16;

/// Some kernels for each lane.
pub(super) type LaneKernels<T, const COUNT: usize> = [LaneSquare<T, 3>; COUNT];

/// One of the algorithms: M outputs from N = M + 2 inputs.
pub(super) trait WinogradScheme<T, const M: usize, const N: usize> {
    /// Bᵀ d.
    fn input(d: [T; N]) -> [T; N];
    /// B v.
    fn input_transposed(v: [T; N]) -> [T; N];
    /// G g.
    fn kernel(g: [T; 3]) -> [T; N];
    /// Gᵀ u.
    fn kernel_transposed(u: [T; N]) -> [T; 3];
    /// Aᵀ m.
    fn output(m: [T; N]) -> [T; M];
    /// A y.
    fn output_transposed(y: [T; M]) -> [T; N];
}

/// F(2, 3).
pub(super) struct TwoOutputs;

impl<T: Scalar> WinogradScheme<T, 2, 4> for TwoOutputs {
    #[inline(always)]
    fn input([a, b, c, d]: [T; 4]) -> [T; 4] {
        [a - c, b + c, c - b, d - b]
    }

    #[inline(always)]
    fn input_transposed([a, b, c, d]: [T; 4]) -> [T; 4] {
        [a, b - c - d, b + c - a, d]
    }

    #[inline(always)]
    fn kernel([a, b, c]: [T; 3]) -> [T; 4] {
        let half = T::from_f64(0.5);
        let (even, odd) = (half * (a + c), half * b);
        [a, even + odd, even - odd, c]
    }

    #[inline(always)]
    fn kernel_transposed([a, b, c, d]: [T; 4]) -> [T; 3] {
        let half = T::from_f64(0.5);
        let even = half * (b + c);
        [a + even, half * (b - c), even + d]
    }

    #[inline(always)]
    fn output([a, b, c, d]: [T; 4]) -> [T; 2] {
        [a + b + c, b - c + d]
    }

    #[inline(always)]
    fn output_transposed([a, b]: [T; 2]) -> [T; 4] {
        [a, a + b, a - b, b]
    }
}

/// F(4, 3).
pub(super) struct FourOutputs;

impl<T: Scalar> WinogradScheme<T, 4, 6> for FourOutputs {
    #[inline(always)]
    fn input([a, b, c, d, e, f]: [T; 6]) -> [T; 6] {
        let (two, four, five) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(5.0));
        let (even, odd) = (e - four * c, d - four * b);
        let (even2, odd2) = (e - c, two * (d - b));
        [four * a - five * c + e, even + odd, even - odd, even2 + odd2, even2 - odd2, four * b - five * d + f]
    }

    #[inline(always)]
    fn input_transposed([a, b, c, d, e, f]: [T; 6]) -> [T; 6] {
        let (two, four, five) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(5.0));
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, two * (d - e));
        [
            four * a,
            four * (f - difference) - difference2,
            -(five * a + four * sum + sum2),
            difference + difference2 - five * f,
            a + sum + sum2,
            f,
        ]
    }

    #[inline(always)]
    fn kernel([a, b, c]: [T; 3]) -> [T; 6] {
        let (quarter, sixth) = (T::from_f64(1.0 / 4.0), T::from_f64(1.0 / 6.0));
        let (twelfth, last) = (T::from_f64(1.0 / 12.0), T::from_f64(1.0 / 24.0));
        let (even, odd) = (-sixth * (a + c), sixth * b);
        let (even2, odd2) = (last * a + sixth * c, twelfth * b);
        [quarter * a, even - odd, even + odd, even2 + odd2, even2 - odd2, c]
    }

    #[inline(always)]
    fn kernel_transposed([a, b, c, d, e, f]: [T; 6]) -> [T; 3] {
        let (quarter, sixth) = (T::from_f64(1.0 / 4.0), T::from_f64(1.0 / 6.0));
        let (twelfth, last) = (T::from_f64(1.0 / 12.0), T::from_f64(1.0 / 24.0));
        let (sum, sum2) = (sixth * (b + c), d + e);
        [quarter * a - sum + last * sum2, sixth * (c - b) + twelfth * (d - e), sixth * sum2 - sum + f]
    }

    #[inline(always)]
    fn output([a, b, c, d, e, f]: [T; 6]) -> [T; 4] {
        let (two, four, eight) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(8.0));
        let (sum, difference, sum2, difference2) = (b + c, b - c, d + e, d - e);
        [a + sum + sum2, difference + two * difference2, sum + four * sum2, difference + eight * difference2 + f]
    }

    #[inline(always)]
    fn output_transposed([a, b, c, d]: [T; 4]) -> [T; 6] {
        let (two, four, eight) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(8.0));
        let (even, odd, even2, odd2) = (a + c, b + d, a + four * c, two * b + eight * d);
        [a, even + odd, even - odd, even2 + odd2, even2 - odd2, d]
    }
}

/// Applies `f` to every column and then to every row.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // Indices say best what is a row and what a column.
pub(super) fn transform_square<T: Scalar, const I: usize, const O: usize>(
    from: &LaneSquare<T, I>,
    to: &mut LaneSquare<T, O>,
    f: impl Fn([T; I]) -> [T; O],
) {
    let mut half = [[[T::zero(); WINOGRAD_LANES]; I]; O];
    for j in 0..I {
        for lane in 0..WINOGRAD_LANES {
            let mut column = [T::zero(); I];
            for i in 0..I {
                column[i] = from[i][j][lane];
            }
            let column = f(column);
            for i in 0..O {
                half[i][j][lane] = column[i];
            }
        }
    }
    for i in 0..O {
        for lane in 0..WINOGRAD_LANES {
            let mut row = [T::zero(); I];
            for j in 0..I {
                row[j] = half[i][j][lane];
            }
            let row = f(row);
            for j in 0..O {
                to[i][j][lane] = row[j];
            }
        }
    }
}
