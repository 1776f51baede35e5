//! Rectified linear unit.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, sides};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = max(x, 0), element by element; a NaN stays a NaN, so that it reaches the loss and is noticed.
///
/// ∂y/∂x = `diag(1[x > 0])`, with φ′(0) = 0 as `PyTorch` has it, so ∂L/∂x = `dy ⊙ 1[x > 0]`.
///
/// Cached: nothing; y > 0 exactly where x > 0.
pub struct Relu;

impl<T: Scalar> Layer<T> for Relu {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        map(pass.pool, Cost::Cheap, x, y, |x| if x <= T::zero() { T::zero() } else { x });
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
            zip(pass.pool, Cost::Cheap, y, dy, dx, |y, dy| if y <= T::zero() { T::zero() } else { dy });
        }
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        sides(x, choices);
    }

    fn has_kink(&self) -> bool {
        true
    }

    fn rectifies(&self) -> bool {
        true
    }
}
