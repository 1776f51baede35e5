//! Gaussian error linear unit (Hendrycks and Gimpel 2016), the exact form, as `PyTorch` has it by default.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{Activation, ActivationKind, POINTWISE_SYMBOLS};
use crate::nn::{Equations, LayerCategory, LayerFacts, Scalar, erf::erf, kernels::elementwise::ElementCost};

/// y = x Φ(x), element by element, with the distribution function of the standard normal,
/// Φ(x) = (1 + erf(x/√2))/2.
///
/// Φ′ is the density ϕ(x) = exp(-x²/2)/√(2π), so by the product rule ∂y/∂x = diag(Φ(x) + x ϕ(x)) and
/// ∂L/∂x = dy ⊙ (Φ(x) + x ⊙ ϕ(x)).
///
/// Cached: nothing; x is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gelu;

impl ActivationKind for Gelu {
    const FACTS: LayerFacts = LayerFacts {
        name: "gelu",
        form: "gelu",
        category: LayerCategory::Activation,
        properties: &[],
        equations: Equations {
            forward: &["y = x Φ(x)"],
            backward: &["φ′(x) = Φ(x) + x ϕ(x)", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };

    const COSTS: [ElementCost; 2] = [ElementCost::Expensive; 2];

    fn from_setting(_: f64) -> Self {
        Self
    }

    /// Makes the table of the error function.
    fn prepare(&self) {
        erf(0.0);
    }
}

/// Below this Φ is taken from its tail, since 1 + erf has lost the digits of the small difference that it is.
const TAIL_END: f64 = -5.0;

/// Terms of the tail's continued fraction: the next one changes nothing below [`TAIL_END`].
const TAIL_TERMS: u32 = 20;

/// Φ(x), never negative.
///
/// In the tail it is ϕ(x) times Mills' ratio, whose continued fraction (Laplace 1805) has positive terms only:
/// Φ(x) = ϕ(x)/(t + 1/(t + 2/(t + 3/(t + …)))) with t = -x.
fn normal_distribution(x: f64) -> f64 {
    if x < TAIL_END {
        let fraction = (1..=TAIL_TERMS).rev().fold(-x, |rest, term| f64::from(term) / rest - x);
        return normal_density(x) / fraction;
    }
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

fn normal_density(x: f64) -> f64 {
    0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * (-0.5 * x * x).exp()
}

impl<T: Scalar> Activation<T> for Gelu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        T::from_f64(x.as_f64() * normal_distribution(x.as_f64()))
    }

    #[inline(always)]
    fn gradient(self, x: T, _y: T, dy: T) -> T {
        let x = x.as_f64();
        dy * T::from_f64(normal_distribution(x) + x * normal_density(x))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use ndarray::Array2;

    use super::*;
    use crate::nn::{
        Mode, Pool,
        layers::{Layer, PassContext, Pointwise},
    };

    /// φ and φ′ of the layer, by the path that training takes.
    fn value_and_derivative<T: Scalar>(x: &[T]) -> [Vec<T>; 2] {
        let mut pass = PassContext::new(Mode::Evaluate, Pool::new(NonZeroUsize::MIN).into());
        let x = Array2::from_shape_vec((1, x.len()), x.to_vec()).unwrap();
        let (mut y, mut dx) = (Array2::zeros(x.dim()), Array2::zeros(x.dim()));
        let mut layer = Pointwise::new(Gelu);
        layer.forward(x.view(), y.view_mut(), &mut pass);
        layer.backward(x.view(), y.view(), Array2::ones(x.dim()).view(), Some(dx.view_mut()), &mut pass);
        [y, dx].map(|values| values.into_raw_vec_and_offset().0)
    }

    #[test]
    fn both_tails_agree_with_numbers_of_forty_digits() {
        // Python: from mpmath import *; mp.dps = 40; X = mpf(x); X * ncdf(X), ncdf(X) + X * npdf(X)
        for (x, value, derivative) in [
            (-4.999, -1.440_421_928_717_921_8e-6, -7.181_218_716_014_896e-6),
            (-5.0, -1.433_257_859_395_969_5e-6, -7.146_946_001_792_295e-6),
            (-5.0001, -1.432_543_335_742_521_4e-6, -7.143_527_327_323_675e-6),
            (-6.0, -5.919_525_870_226_188_5e-9, -3.546_870_945_390_201_5e-8),
            (-7.5, -2.393_168_754_683_172e-13, -1.793_831_483_042_648_5e-12),
            (-8.309, -4.009_587_807_465_139e-16, -3.330_260_263_779_653_2e-15),
            (-8.4, -1.875_210_285_721_956_6e-16, -1.574_584_559_869_806_2e-15),
            (-8.485, -9.151_867_196_029_934e-17, -7.762_552_174_697_85e-16),
            (-8.5, -8.057_604_598_872_82e-17, -6.846_504_938_697_085e-16),
            (-9.25, -1.038_278_607_197_838_4e-19, -9.601_594_756_809_311e-19),
            (-12.0, -2.131_778_534_493_214_7e-32, -2.557_895_661_674_895_6e-31),
            (-13.5, -1.055_538_986_263_815_4e-40, -1.424_894_091_479_883_7e-39),
            (-20.0, -5.507_248_237_212_468e-88, -1.101_436_048_313_346_4e-86),
            (-38.0, -1.096_462_777e-314, -4.166_554_569_3e-313),
            (8.4, 8.4, 1.000_000_000_000_001_6),
            (8.48, 8.48, 1.000_000_000_000_000_9),
        ] {
            let [y, dx] = value_and_derivative(&[x]);
            // Above the tail Φ has an error of 3·10⁻¹⁵, and what is subnormal has fewer digits.
            let tolerance = if (-37.0..TAIL_END).contains(&x) || x > 0.0 { 1e-13 } else { 1e-8 };
            let close = |found: f64, expected: f64| (found / expected - 1.0).abs() <= tolerance;
            assert!(close(y[0], value) && close(dx[0], derivative), "{x}: {} {}", y[0], dx[0]);
            let [y, dx] = value_and_derivative(&[x as f32]);
            // What rounds to 0 as an f32, or nearly, has no digits; x itself is rounded too, which the tail feels x times.
            let close = |found: f32, expected: f64| {
                (f64::from(found) - expected).abs() <= 1.5 * x * x * 6e-8 * expected.abs() + 1e-45
            };
            assert!(close(y[0], value) && close(dx[0], derivative), "{x}: {} {}", y[0], dx[0]);
        }
    }

    /// Asserts the signs, and that both functions level off where they should, at values from 0 to the largest number.
    fn check_shape<T: Scalar>(sizes: &[T]) {
        let negative: Vec<T> = sizes.iter().map(|&size| -size).collect();
        let [y, dx] = value_and_derivative(&negative);
        for (at, &x) in negative.iter().enumerate() {
            assert!(y[at] <= T::zero(), "{x}: {}", y[at]);
            // φ has its only minimum at -0.7518 and φ′ its only one for x < 0 at -√2.
            assert!(dx[at] <= T::zero() || x.as_f64() > -0.752, "{x}: {}", dx[at]);
            if at > 0 && x < negative[at - 1] {
                assert!(y[at - 1] <= y[at] || negative[at - 1].as_f64() > -0.752, "{x}: {} {}", y[at - 1], y[at]);
                assert!(dx[at - 1] <= dx[at] || negative[at - 1].as_f64() > -1.415, "{x}: {} {}", dx[at - 1], dx[at]);
            }
        }
        let [y, dx] = value_and_derivative(sizes);
        for (at, &x) in sizes.iter().enumerate() {
            assert!(T::zero() <= y[at] && y[at] <= x && dx[at] >= T::zero(), "{x}: {} {}", y[at], dx[at]);
            assert!(at == 0 || y[at - 1] <= y[at] || x < sizes[at - 1], "{x}: {} {}", y[at - 1], y[at]);
        }
    }

    #[test]
    fn signs_and_tails_are_right_over_the_whole_range() {
        check_shape::<f32>(&(0..=f32::MAX.to_bits()).step_by(20_011).map(f32::from_bits).collect::<Vec<_>>());
        check_shape::<f64>(
            &(0..=f64::MAX.to_bits()).step_by((1 << 46) + 12_345).map(f64::from_bits).collect::<Vec<_>>(),
        );
        // Where |erf| reaches 1 every seventh number.
        let range = 8.3_f32.to_bits()..8.5_f32.to_bits();
        check_shape::<f32>(&range.step_by(7).map(f32::from_bits).collect::<Vec<_>>());
        let (first, last) = (5.0_f64.to_bits(), 8.6_f64.to_bits());
        check_shape::<f64>(&(first..last).step_by(1 << 34).map(f64::from_bits).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let [y, dx] = value_and_derivative(&[f32::NAN, 1.0, f32::NEG_INFINITY]);
        assert!(y[0].is_nan() && dx[0].is_nan() && y[2].is_nan(), "as PyTorch has it: {y:?} {dx:?}");
    }
}
