//! Hyperbolic tangent.

use super::Activation;
use crate::nn::{
    Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
};

/// y = tanh x, element by element.
///
/// ∂y/∂x = diag(1 - y²), so ∂L/∂x = dy ⊙ (1 - y²).
///
/// Cached: nothing; y is given again.
pub struct Tanh;

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
