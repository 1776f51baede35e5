//! Exponential linear unit (Clevert et al. 2016).

use super::{Activation, ActivationKind, ActivationSetting, POINTWISE_SYMBOLS};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar, kernels::elementwise::ElementCost};

/// y = x where x > 0, α(eˣ - 1) elsewhere, element by element.
///
/// ∂y/∂x = `diag(1[x > 0] + αeˣ·1[x ≤ 0])`, so ∂L/∂x = `dy ⊙ (1[x > 0] + αeˣ·1[x ≤ 0])`.
/// The derivative jumps at 0 unless α = 1, and the second derivative does so even then.
///
/// Cached: nothing; x is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elu {
    /// α: minus the limit for very negative inputs, from 0 to 100; 1 unless given.
    pub alpha: f64,
}

impl ActivationKind for Elu {
    const FACTS: LayerFacts = LayerFacts {
        name: "elu",
        form: "elu ALPHA",
        category: LayerCategory::Activation,
        properties: &[LayerProperty::HasKink],
        equations: Equations {
            forward: &["y = x for x > 0, alpha·(eˣ − 1) elsewhere"],
            backward: &["φ′(x) = 1[x > 0] + alpha·eˣ·1[x ≤ 0]", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };
    const SETTING: Option<ActivationSetting> = Some(ActivationSetting {
        name: "alpha",
        article: "an",
        default: Some(1.0),
        least: 0.0,
        most: 100.0,
        checked: [0.7, 1.0],
    });

    const COSTS: [ElementCost; 2] = [ElementCost::Expensive; 2];

    fn from_setting(alpha: f64) -> Self {
        Self { alpha }
    }

    fn setting(&self) -> Option<f64> {
        Some(self.alpha)
    }
}

impl<T: Scalar> Activation<T> for Elu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        self.smooth_piece(x, x > T::zero())
    }

    #[inline(always)]
    fn smooth_piece(self, x: T, is_above: bool) -> T {
        if is_above { x } else { T::from_f64(self.alpha) * x.exp_m1() }
    }

    #[inline(always)]
    fn gradient(self, x: T, _y: T, dy: T) -> T {
        if x > T::zero() { dy } else { dy * (T::from_f64(self.alpha) * x.quick_exp()) }
    }
}
