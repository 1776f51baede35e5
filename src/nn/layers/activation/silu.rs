//! Sigmoid linear unit, also called swish (Elfwing et al. 2018).

use super::{Activation, ActivationKind, ELEMENT_BY_ELEMENT, sigmoid::sigmoid};
use crate::nn::{
    Equations, LayerFacts, LayerRole, Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
};

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
        role: LayerRole::Activation,
        equations: Equations {
            forward: &["y = x σ(x)"],
            backward: &["φ′(x) = σ + x σ(1 − σ)", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: ELEMENT_BY_ELEMENT,
        },
    };

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Silu {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear; 2]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        part.write(|[x]| x * sigmoid(x));
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        part.write(|[x, _, dy]| {
            let sigmoid = sigmoid(x);
            dy * sigmoid * (T::one() + x * (T::one() - sigmoid))
        });
    }
}
