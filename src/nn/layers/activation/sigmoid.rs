//! Logistic sigmoid.

use super::{Activation, ActivationKind, ELEMENT_BY_ELEMENT};
use crate::nn::{
    Equations, LayerFacts, LayerRole, Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
};

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
        role: LayerRole::Activation,
        equations: Equations {
            forward: &["y = 1/(1 + e⁻ˣ)"],
            backward: &["φ′(x) = y (1 − y)", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: ELEMENT_BY_ELEMENT,
        },
    };

    fn from_setting(_: f64) -> Self {
        Self
    }
}

/// σ(x).
#[allow(clippy::inline_always)] // Only where it is inlined is it compiled for the widest vectors.
#[inline(always)]
pub(super) fn sigmoid<T: Scalar>(x: T) -> T {
    T::one() / (T::one() + (-x).quick_exp())
}

impl<T: Scalar> Activation<T> for Sigmoid {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear, Cost::Cheap]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        part.write(|[x]| sigmoid(x));
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        part.write(|[_, y, dy]| dy * y * (T::one() - y));
    }
}
