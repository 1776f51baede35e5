//! The exponential function without a branch, so that the compiler makes vectors of it.
#![allow(clippy::inline_always)] // Only where it is inlined is it compiled for the widest vectors.

use std::f32::consts::LOG2_E;

/// ln 2 in two parts; the product of the first one, which has nine bits, and any exponent is exact.
const LN_2_PARTS: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

/// Added to a small number it leaves the nearest whole one in the lowest bits.
const ROUNDING_CONSTANT: f32 = 1.5 * (1 << 23) as f32;

/// Below this eˣ is 0, and above the other one infinite.
const FINITE_EXP_BOUNDS: (f32, f32) = (-104.0, 89.0);

/// Powers of r in e^r, 1/n!; the next term is below 10⁻⁸ for |r| ≤ ln 2 / 2.
const TAYLOR_COEFFICIENTS: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// eˣ, at most two units in the last place off; a NaN stays one.
///
/// eˣ = 2ⁿ e^r with the whole number n next to x / ln 2, so |r| ≤ ln 2 / 2. Nothing is fused, so the bits are the same
/// with any vectors.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Comparisons rather than `clamp`, `min` and `max`, of which the last two hide a NaN.
    let x = if x < FINITE_EXP_BOUNDS.0 { FINITE_EXP_BOUNDS.0 } else { x };
    let x = if x > FINITE_EXP_BOUNDS.1 { FINITE_EXP_BOUNDS.1 } else { x };
    let rounded = x * LOG2_E + ROUNDING_CONSTANT;
    let n = rounded - ROUNDING_CONSTANT;
    let r = x - n * LN_2_PARTS[0] - n * LN_2_PARTS[1];
    let power = TAYLOR_COEFFICIENTS.iter().fold(0.0, |sum, term| sum * r + term);
    // In two steps, as a single power of 2 does not reach the smallest and largest results.
    let n = rounded.to_bits().wrapping_sub(ROUNDING_CONSTANT.to_bits()).cast_signed();
    let half = n >> 1;
    let two_to = |n: i32| f32::from_bits((n.wrapping_add(127) << 23).cast_unsigned());
    power * two_to(half) * two_to(n - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_definition() {
        for step in -104_000..=89_000 {
            let x = step as f32 / 1000.0 + 1e-5;
            let (found, expected) = (exp(x), f64::from(x).exp());
            if expected as f32 == f32::INFINITY {
                assert_eq!(found, f32::INFINITY, "e^{x}");
                continue;
            }
            let nearest = expected as f32;
            let unit = f64::from(nearest.next_up()) - f64::from(nearest);
            assert!((f64::from(found) - expected).abs() <= 2.0 * unit, "e^{x} = {expected:e}, not {found:e}");
        }
    }

    #[test]
    fn it_is_exact_at_the_ends() {
        assert_eq!([0.0, -0.0, f32::NEG_INFINITY, f32::INFINITY].map(exp), [1.0, 1.0, 0.0, f32::INFINITY]);
        assert_eq!([-1e30, f32::MIN, 1e30, f32::MAX].map(exp), [0.0, 0.0, f32::INFINITY, f32::INFINITY]);
        assert!(exp(f32::NAN).is_nan());
    }
}
