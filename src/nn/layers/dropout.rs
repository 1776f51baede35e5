//! Dropout (Srivastava et al. 2014), inverted so that evaluation changes nothing.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{Layer, PassContext};
use crate::{
    nn::{
        Equations, LayerCategory, LayerFacts, LayerProperty, Mode, Scalar,
        kernels::{elementwise::ElementCost, pointwise::map_arrays_in_parallel},
    },
    random::{Purpose, stream},
};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "dropout",
    form: "dropout PROBABILITY",
    category: LayerCategory::Regularization,
    properties: &[LayerProperty::KeepsPlaces],
    equations: Equations {
        forward: &["y = x ⊙ M"],
        backward: &["∂y/∂x = diag(M)", "∂L/∂x = dy ⊙ M"],
        symbols: "M is 0 with probability r, else 1/(1 − r); 1 in evaluation",
    },
};

/// While training, y = x ⊙ mask, where each element of the mask is 0 with probability p and 1/(1 - p) otherwise;
/// while evaluating, y = x.
///
/// ∂y/∂x = diag(mask), so ∂L/∂x = dy ⊙ mask.
///
/// Cached: the mask (batch, features). It is a pure function of seed, number and step, whatever happened before.
pub struct Dropout<T> {
    mask: Array2<T>,
    /// 1/(1 - p), the mask where a value is kept.
    kept_scale: T,
    /// A draw of 32 bits below this drops the value.
    threshold: u64,
    seed: u64,
    /// A number that no other layer of the network has: [`LayerPosition::number`](crate::nn::LayerPosition::number).
    number: usize,
}

impl<T: Scalar> Dropout<T> {
    /// A layer that drops with `probability` in [0, 1), for batches of up to `max_batch` samples.
    pub fn new(number: usize, probability: f64, max_batch: usize, features: usize, seed: u64) -> Self {
        Self {
            mask: Array2::zeros((max_batch, features)),
            kept_scale: T::from_f64(1.0 / (1.0 - probability)),
            threshold: (probability * 2_f64.powi(32)).round() as u64,
            seed,
            number,
        }
    }

    /// Draws the mask of the first `batch` rows for `step`.
    fn draw_mask(&mut self, batch: usize, step: u64) {
        // Steps stay below 2⁴⁸ and numbers below 2¹⁶, so no two share a stream.
        let mut stream = stream(self.seed, Purpose::Dropout, step << 16 | self.number as u64);
        for value in self.mask.slice_mut(s![..batch, ..]) {
            *value = if u64::from(stream.random_bits()) < self.threshold { T::zero() } else { self.kept_scale };
        }
    }
}

impl<T: Scalar> Layer<T> for Dropout<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, mut y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        match pass.mode {
            Mode::Train { step } => {
                self.draw_mask(x.nrows(), step);
                let mask = self.mask.slice(s![..x.nrows(), ..]);
                map_arrays_in_parallel(&pass.pool, ElementCost::Cheap, [x, mask], y, |[x, mask]| x * mask);
            }
            Mode::Evaluate => y.assign(&x),
        }
    }

    fn backward(
        &mut self,
        _x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let Some(mut dx) = dx else { return };
        match pass.mode {
            Mode::Train { .. } => {
                let mask = self.mask.slice(s![..dy.nrows(), ..]);
                map_arrays_in_parallel(&pass.pool, ElementCost::Cheap, [dy, mask], dx, |[dy, mask]| dy * mask);
            }
            Mode::Evaluate => dx.assign(&dy),
        }
    }
}
