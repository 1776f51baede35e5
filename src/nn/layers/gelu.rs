//! Gaussian error linear unit (Hendrycks and Gimpel 2016), the exact form, as `PyTorch` has it by default.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass};
use crate::nn::{
    Scalar,
    erf::erf,
    kernels::elementwise::{Cost, map, zip},
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

impl<T: Scalar> Layer<T> for Gelu {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        map(pass.pool, Cost::Dear, x, y, |x| T::from_f64(x.as_f64() * distribution(x.as_f64())));
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        if let Some(dx) = dx {
            zip(pass.pool, Cost::Dear, x, dy, dx, |x, dy| {
                let x = x.as_f64();
                dy * T::from_f64(distribution(x) + x * density(x))
            });
        }
    }
}
