//! Leaky rectified linear unit.

use super::Activation;
use crate::nn::{Scalar, kernels::pointwise::Part};

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

impl<T: Scalar> Activation<T> for LeakyRelu<T> {
    fn value(&self, part: Part<'_, T, 1>) {
        let slope = self.slope;
        part.write(move |[x]| if x > T::zero() { x } else { slope * x });
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        let slope = self.slope;
        part.write(move |[x, _, dy]| if x > T::zero() { dy } else { slope * dy });
    }

    fn has_kink(&self) -> bool {
        true
    }
}
