//! Logistic sigmoid.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = 1 / (1 + e⁻ˣ), element by element; where e⁻ˣ overflows, y is 0 as it should be.
///
/// ∂y/∂x = diag(y (1 - y)), so ∂L/∂x = dy ⊙ y ⊙ (1 - y).
///
/// Cached: nothing; y is given again.
pub struct Sigmoid;

impl<T: Scalar> Layer<T> for Sigmoid {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        map(pass.pool, Cost::Dear, x, y, |x| T::one() / (T::one() + (-x).exp()));
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
            zip(pass.pool, Cost::Cheap, y, dy, dx, |y, dy| dy * y * (T::one() - y));
        }
    }
}
