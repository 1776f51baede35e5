//! Hyperbolic tangent.

use super::{Activation, ActivationKind, POINTWISE_SYMBOLS};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar, kernels::elementwise::ElementCost};

/// y = tanh x, element by element.
///
/// ∂y/∂x = diag(1 - y²), so ∂L/∂x = dy ⊙ (1 - y²).
///
/// Cached: nothing; y is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh;

impl ActivationKind for Tanh {
    const FACTS: LayerFacts = LayerFacts {
        name: "tanh",
        form: "tanh",
        category: LayerCategory::Activation,
        properties: &[LayerProperty::Saturates],
        equations: Equations {
            forward: &["y = tanh x"],
            backward: &["φ′(x) = 1 − y²", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };

    const COSTS: [ElementCost; 2] = [ElementCost::Expensive, ElementCost::Cheap];

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Tanh {
    #[inline(always)]
    fn value(self, x: T) -> T {
        x.tanh()
    }

    #[inline(always)]
    fn gradient(self, _x: T, y: T, dy: T) -> T {
        dy * (T::one() - y * y)
    }
}
