//! Rectified linear unit.

use super::Activation;
use crate::nn::{Scalar, kernels::pointwise::Part};

/// y = max(x, 0), element by element; a NaN stays a NaN, so that it reaches the loss and is noticed.
///
/// ∂y/∂x = `diag(1[x > 0])`, with φ′(0) = 0 as `PyTorch` has it, so ∂L/∂x = `dy ⊙ 1[x > 0]`.
///
/// Cached: nothing; y > 0 exactly where x > 0.
pub struct Relu;

impl<T: Scalar> Activation<T> for Relu {
    fn value(&self, part: Part<'_, T, 1>) {
        part.write(|[x]| if x <= T::zero() { T::zero() } else { x });
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        part.write(|[_, y, dy]| if y <= T::zero() { T::zero() } else { dy });
    }

    fn has_kink(&self) -> bool {
        true
    }

    fn rectifies(&self) -> bool {
        true
    }
}
