//! Rectified linear unit.

use super::{Activation, ActivationKind};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar};

/// y = max(x, 0), element by element; a NaN stays a NaN, so that it reaches the loss and is noticed.
///
/// ∂y/∂x = `diag(1[x > 0])`, with φ′(0) = 0 as `PyTorch` has it, so ∂L/∂x = `dy ⊙ 1[x > 0]`.
///
/// Cached: nothing; y > 0 exactly where x > 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relu;

impl ActivationKind for Relu {
    const FACTS: LayerFacts = LayerFacts {
        name: "relu",
        form: "relu",
        category: LayerCategory::Activation,
        properties: &[LayerProperty::HasKink, LayerProperty::Rectifies],
        equations: Equations {
            forward: &["y = max(x, 0)"],
            backward: &["∂y/∂x = diag(1[x > 0])", "∂L/∂x = dy ⊙ 1[x > 0]"],
            symbols: "1[·] is 1 where it holds",
        },
    };

    fn from_setting(_: f64) -> Self {
        Self
    }
}

impl<T: Scalar> Activation<T> for Relu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        if x <= T::zero() { T::zero() } else { x }
    }

    fn smooth_piece(self, x: T, is_above: bool) -> T {
        if is_above { x } else { T::zero() }
    }

    #[inline(always)]
    fn gradient(self, _x: T, y: T, dy: T) -> T {
        if y <= T::zero() { T::zero() } else { dy }
    }
}
