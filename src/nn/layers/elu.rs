//! Exponential linear unit (Clevert et al. 2016).

use super::Activation;
use crate::nn::{
    Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
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

impl<T: Scalar> Activation<T> for Elu<T> {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear; 2]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        let alpha = self.alpha;
        part.write(move |[x]| if x > T::zero() { x } else { alpha * x.exp_m1() });
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        let alpha = self.alpha;
        part.write(move |[x, _, dy]| if x > T::zero() { dy } else { dy * (alpha * x.quick_exp()) });
    }

    fn has_kink(&self) -> bool {
        true
    }
}
