//! Leaky rectified linear unit.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, sides};
use crate::nn::{
    Scalar,
    kernels::elementwise::{Cost, map, zip},
};

/// y = x where x > 0, slope·x elsewhere, element by element.
///
/// ∂y/∂x = `diag(1[x > 0] + slope·1[x ≤ 0])`, so ∂L/∂x = `dy ⊙ (1[x > 0] + slope·1[x ≤ 0])`.
///
/// Cached: nothing; x is given again.
pub struct LeakyRelu<T> {
    slope: T,
}

impl<T: Scalar> LeakyRelu<T> {
    /// A layer with this slope for negative inputs.
    pub fn new(slope: f64) -> Self {
        Self { slope: T::from_f64(slope) }
    }
}

impl<T: Scalar> Layer<T> for LeakyRelu<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        let slope = self.slope;
        map(pass.pool, Cost::Cheap, x, y, move |x| if x > T::zero() { x } else { slope * x });
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        let slope = self.slope;
        if let Some(dx) = dx {
            zip(pass.pool, Cost::Cheap, x, dy, dx, move |x, dy| if x > T::zero() { dy } else { slope * dy });
        }
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        sides(x, choices);
    }

    fn has_kink(&self) -> bool {
        true
    }
}
