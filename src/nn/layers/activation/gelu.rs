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

fn normal_distribution(x: f64) -> f64 {
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
