//! Sigmoid linear unit, also called swish (Elfwing et al. 2018).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = x σ(x) with σ(x) = 1 / (1 + e⁻ˣ), element by element.
///
/// By the product rule and σ′ = σ (1 - σ), ∂y/∂x = diag(σ + x σ (1 - σ)), so ∂L/∂x = dy ⊙ σ ⊙ (1 + x ⊙ (1 - σ)).
///
/// Cached: nothing; x is given again.
pub struct Silu;

fn sigmoid<T: Scalar>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

impl<T: Scalar> Layer<T> for Silu {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        map(pass.pool, Cost::Dear, x, y, |x| x * sigmoid(x));
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        if let Some(dx) = dx {
            zip(pass.pool, Cost::Dear, x, dy, dx, |x, dy| {
                let sigmoid = sigmoid(x);
                dy * sigmoid * (T::one() + x * (T::one() - sigmoid))
            });
        }
    }
}
