//! Hyperbolic tangent.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = tanh x, element by element.
///
/// ∂y/∂x = diag(1 - y²), so ∂L/∂x = dy ⊙ (1 - y²).
///
/// Cached: nothing; y is given again.
pub struct Tanh;

impl<T: Scalar> Layer<T> for Tanh {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        map(pass.pool, Cost::Dear, x, y, T::tanh);
    }

    fn backward(
        &mut self,
        _x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        if let Some(dx) = dx {
            zip(pass.pool, Cost::Cheap, y, dy, dx, |y, dy| dy * (T::one() - y * y));
        }
    }
}
