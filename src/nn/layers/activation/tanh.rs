//! Hyperbolic tangent.

use super::{Activation, ActivationKind, ELEMENT_BY_ELEMENT};
use crate::nn::{
    Equations, LayerFacts, LayerRole, Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
};

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
        role: LayerRole::Activation,
        equations: Equations {
            forward: &["y = tanh x"],
            backward: &["φ′(x) = 1 − y²", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: ELEMENT_BY_ELEMENT,
        },
    };

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Tanh {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear, Cost::Cheap]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        part.write(|[x]| x.tanh());
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        part.write(|[_, y, dy]| dy * (T::one() - y * y));
    }
}
