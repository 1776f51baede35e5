//! Logistic sigmoid.

use super::{Activation, ActivationKind, POINTWISE_SYMBOLS};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar, kernels::elementwise::ElementCost};

/// y = 1 / (1 + e⁻ˣ), element by element; where e⁻ˣ overflows, y is 0 as it should be.
///
/// ∂y/∂x = diag(y (1 - y)), so ∂L/∂x = dy ⊙ y ⊙ (1 - y).
///
/// Cached: nothing; y is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid;

impl ActivationKind for Sigmoid {
    const FACTS: LayerFacts = LayerFacts {
        name: "sigmoid",
        form: "sigmoid",
        category: LayerCategory::Activation,
        properties: &[LayerProperty::Saturates],
        equations: Equations {
            forward: &["y = 1/(1 + e⁻ˣ)"],
            backward: &["φ′(x) = y (1 − y)", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };

    const COSTS: [ElementCost; 2] = [ElementCost::Expensive, ElementCost::Cheap];

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Sigmoid {
    #[inline(always)]
    fn value(self, x: T) -> T {
        T::one() / (T::one() + (-x).quick_exp())
    }

    #[inline(always)]
    fn gradient(self, _x: T, y: T, dy: T) -> T {
        dy * y * (T::one() - y)
    }
}
