//! Gaussian error linear unit (Hendrycks and Gimpel 2016), the exact form, as `PyTorch` has it by default.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::Activation;
use crate::nn::{
    Scalar,
    erf::erf,
    kernels::{elementwise::Cost, pointwise::Part},
};

/// y = x Φ(x), element by element, with the distribution function of the standard normal,
/// Φ(x) = (1 + erf(x/√2))/2.
///
/// Φ′ is the density ϕ(x) = exp(-x²/2)/√(2π), so by the product rule ∂y/∂x = diag(Φ(x) + x ϕ(x)) and
/// ∂L/∂x = dy ⊙ (Φ(x) + x ⊙ ϕ(x)).
///
/// Cached: nothing; x is given again.
pub struct Gelu {
    _made: (),
}

impl Gelu {
    /// The layer; with it the table of the error function is made.
    pub fn new() -> Self {
        erf(0.0);
        Self { _made: () }
    }
}

impl Default for Gelu {
    fn default() -> Self {
        Self::new()
    }
}

fn distribution(x: f64) -> f64 {
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

fn density(x: f64) -> f64 {
    0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * (-0.5 * x * x).exp()
}

impl<T: Scalar> Activation<T> for Gelu {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear; 2]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        part.write(|[x]| T::from_f64(x.as_f64() * distribution(x.as_f64())));
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        part.write(|[x, _, dy]| {
            let x = x.as_f64();
            dy * T::from_f64(distribution(x) + x * density(x))
        });
    }
}
