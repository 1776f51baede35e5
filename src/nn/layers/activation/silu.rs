//! Sigmoid linear unit, also called swish (Elfwing et al. 2018).

use super::{Activation, ActivationKind, POINTWISE_SYMBOLS, sigmoid::Sigmoid};
use crate::nn::{Equations, LayerCategory, LayerFacts, Scalar, kernels::elementwise::ElementCost};

/// y = x σ(x) with σ(x) = 1 / (1 + e⁻ˣ), element by element.
///
/// By the product rule and σ′ = σ (1 - σ), ∂y/∂x = diag(σ + x σ (1 - σ)), so ∂L/∂x = dy ⊙ σ ⊙ (1 + x ⊙ (1 - σ)).
///
/// Cached: nothing; x is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silu;

impl ActivationKind for Silu {
    const FACTS: LayerFacts = LayerFacts {
        name: "silu",
        form: "silu",
        category: LayerCategory::Activation,
        properties: &[],
        equations: Equations {
            forward: &["y = x σ(x)"],
            backward: &["φ′(x) = σ + x σ(1 − σ)", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };

    const COSTS: [ElementCost; 2] = [ElementCost::Expensive; 2];

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Silu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        x * Sigmoid.value(x)
    }

    #[inline(always)]
    fn gradient(self, x: T, _y: T, dy: T) -> T {
        let sigmoid = Sigmoid.value(x);
        dy * sigmoid * (T::one() + x * (T::one() - sigmoid))
    }
}
