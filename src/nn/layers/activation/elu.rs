//! Exponential linear unit (Clevert et al. 2016).

use super::{Activation, ActivationKind, ActivationSetting, ELEMENT_BY_ELEMENT};
use crate::nn::{
    Equations, LayerFacts, LayerRole, Scalar,
    kernels::{elementwise::Cost, pointwise::Part},
};

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
        role: LayerRole::Activation,
        equations: Equations {
            forward: &["y = x for x > 0, α(eˣ − 1) elsewhere"],
            backward: &["φ′(x) = 1[x > 0] + α eˣ·1[x ≤ 0]", "∂L/∂x = dy ⊙ φ′(x)"],
            symbols: ELEMENT_BY_ELEMENT,
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

    fn from_setting(alpha: f64) -> Self {
        Self { alpha }
    }

    fn setting(&self) -> Option<f64> {
        Some(self.alpha)
    }
}

impl<T: Scalar> Activation<T> for Elu {
    fn costs(&self) -> [Cost; 2] {
        [Cost::Dear; 2]
    }

    fn value(&self, part: Part<'_, T, 1>) {
        let alpha = T::from_f64(self.alpha);
        part.write(move |[x]| if x > T::zero() { x } else { alpha * x.exp_m1() });
    }

    fn gradient(&self, part: Part<'_, T, 3>) {
        let alpha = T::from_f64(self.alpha);
        part.write(move |[x, _, dy]| if x > T::zero() { dy } else { dy * (alpha * x.quick_exp()) });
    }

    fn has_kink(&self) -> bool {
        true
    }
}
