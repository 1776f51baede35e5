//! The error function, which the standard library does not have.

use std::{f64::consts::FRAC_2_SQRT_PI, sync::LazyLock};

/// Intervals for each unit of x.
const INTERVALS_PER_UNIT: f64 = 8.0;

/// From here on 1 - erf is below half a unit in the last place of 1.
const TABLE_END: usize = 6;

const TABLE_INTERVALS: usize = TABLE_END * INTERVALS_PER_UNIT as usize;

/// Coefficients of each interval's polynomial: the next term is below 2·10⁻¹⁸ everywhere.
const TAYLOR_TERMS: usize = 12;

/// Taylor polynomials of erf around the middle of every interval.
static TAYLOR_TABLE: LazyLock<[[f64; TAYLOR_TERMS]; TABLE_INTERVALS]> =
    LazyLock::new(|| std::array::from_fn(|interval| taylor_coefficients((interval as f64 + 0.5) / INTERVALS_PER_UNIT)));

/// erf x = 2/√π ∫₀ˣ exp(-t²) dt, with an error of at most 3·10⁻¹⁵, and never beyond ±1.
pub fn erf(x: f64) -> f64 {
    let size = x.abs();
    if size >= TABLE_END as f64 {
        return x.signum();
    }
    let interval = (size * INTERVALS_PER_UNIT) as usize;
    let from_middle = size - (interval as f64 + 0.5) / INTERVALS_PER_UNIT;
    // A NaN has interval 0 and stays a NaN by its distance from the middle.
    let value = TAYLOR_TABLE[interval].iter().rev().fold(0.0, |sum, &coefficient| sum * from_middle + coefficient);
    // Rounded, the polynomials reach past 1 before the table ends.
    if value > 1.0 { x.signum() } else { value.copysign(x) }
}

/// Coefficients of erf(c + d) in powers of d.
///
/// The derivative g = 2/√π exp(-x²) satisfies g′ = -2xg, so its own coefficients around c satisfy
/// (n + 1) gₙ₊₁ = -2 (c gₙ + gₙ₋₁); those of erf are gₙ/(n + 1), one power higher.
fn taylor_coefficients(c: f64) -> [f64; TAYLOR_TERMS] {
    let mut coefficients = [0.0; TAYLOR_TERMS];
    coefficients[0] = erf_series(c);
    let (mut before, mut g) = (0.0, FRAC_2_SQRT_PI * (-c * c).exp());
    for n in 0..TAYLOR_TERMS - 1 {
        coefficients[n + 1] = g / (n + 1) as f64;
        (before, g) = (g, -2.0 * (c * g + before) / (n + 1) as f64);
    }
    coefficients
}

/// erf x = 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1)), whose terms are all positive; slow.
fn erf_series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, 0.0);
    let mut odd = 1.0;
    while term > sum * 1e-18 {
        sum += term;
        odd += 2.0;
        term *= 2.0 * x * x / odd;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_tables() {
        // Abramowitz and Stegun, table 7.1, and DLMF 7.
        for (x, expected) in [
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
        ] {
            assert!((erf(x) - expected).abs() < 3e-15 && erf(-x) == -erf(x), "{x}: {}", erf(x));
        }
        assert_eq!((erf(0.0), erf(6.0), erf(-1e300), erf(f64::INFINITY)), (0.0, 1.0, -1.0, 1.0));
        assert!(erf(f64::NAN).is_nan());
    }

    #[test]
    fn table_and_series_agree_everywhere() {
        for i in 0..60_000 {
            let x = f64::from(i) * 1e-4;
            assert!((erf(x) - erf_series(x)).abs() < 3e-15, "{x}: {} {}", erf(x), erf_series(x));
            assert!(erf(x) <= 1.0 && erf(-x) == -erf(x), "{x}: {}", erf(x));
        }
    }
}
