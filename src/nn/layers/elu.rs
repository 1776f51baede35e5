//! Exponential linear unit (Clevert et al. 2016).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, sides};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = x where x > 0, α(eˣ - 1) elsewhere, element by element.
///
/// ∂y/∂x = `diag(1[x > 0] + αeˣ·1[x ≤ 0])`, so ∂L/∂x = `dy ⊙ (1[x > 0] + αeˣ·1[x ≤ 0])`.
/// The derivative jumps at 0 unless α = 1, and the second derivative does so even then.
///
/// Cached: nothing; x is given again.
pub struct Elu<T> {
    alpha: T,
}

impl<T: Scalar> Elu<T> {
    /// A layer that tends to -`alpha`.
    pub fn new(alpha: f64) -> Self {
        Self { alpha: T::from_f64(alpha) }
    }
}

impl<T: Scalar> Layer<T> for Elu<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        let alpha = self.alpha;
        map(pass.pool, Cost::Dear, x, y, move |x| if x > T::zero() { x } else { alpha * x.exp_m1() });
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        let alpha = self.alpha;
        if let Some(dx) = dx {
            zip(pass.pool, Cost::Dear, x, dy, dx, move |x, dy| if x > T::zero() { dy } else { dy * (alpha * x.exp()) });
        }
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        sides(x, choices);
    }

    fn has_kink(&self) -> bool {
        true
    }
}
