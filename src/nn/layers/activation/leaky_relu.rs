//! Leaky rectified linear unit.

use super::{Activation, ActivationKind, ActivationSetting, POINTWISE_SYMBOLS};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar};

/// y = x where x > 0, slope·x elsewhere, element by element.
///
/// ∂y/∂x = `diag(1[x > 0] + slope·1[x ≤ 0])`, so ∂L/∂x = `dy ⊙ (1[x > 0] + slope·1[x ≤ 0])`.
///
/// Cached: nothing; x is given again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu {
    /// Slope for negative inputs, from 0 to 1; 0.01 unless given.
    pub slope: f64,
}

impl ActivationKind for LeakyRelu {
    const FACTS: LayerFacts = LayerFacts {
        name: "leaky_relu",
        form: "leaky_relu SLOPE",
        category: LayerCategory::Activation,
        properties: &[LayerProperty::HasKink],
        equations: Equations {
            forward: &["y = x for x > 0, slope·x elsewhere"],
            backward: &["φ′(x) = 1[x > 0] + slope·1[x ≤ 0]", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: POINTWISE_SYMBOLS,
        },
    };
    const SETTING: Option<ActivationSetting> = Some(ActivationSetting {
        name: "slope",
        article: "a",
        default: Some(0.01),
        least: 0.0,
        most: 1.0,
        checked: [0.01, 0.1],
    });

    fn from_setting(slope: f64) -> Self {
        Self { slope }
    }

    fn setting(&self) -> Option<f64> {
        Some(self.slope)
    }
}

impl<T: Scalar> Activation<T> for LeakyRelu {
    #[inline(always)]
    fn value(self, x: T) -> T {
        self.smooth_piece(x, x > T::zero())
    }

    #[inline(always)]
    fn smooth_piece(self, x: T, is_above: bool) -> T {
        if is_above { x } else { T::from_f64(self.slope) * x }
    }

    #[inline(always)]
    fn gradient(self, x: T, _y: T, dy: T) -> T {
        if x > T::zero() { dy } else { T::from_f64(self.slope) * dy }
    }
}
