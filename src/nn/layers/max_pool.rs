//! Max pooling.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    Equations, LayerCategory, LayerFacts, LayerProperty, Scalar,
    kernels::{
        locals::grow_buffer,
        pooling::{max_pool, max_pool_backward},
    },
    rows::{values, values_mut},
    window::Window,
};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "maxpool",
    form: "maxpool SIZE [stride N] [pad N|HxW]",
    category: LayerCategory::Pooling,
    properties: &[LayerProperty::HasKink],
    equations: Equations {
        forward: &["y = max x over each window"],
        backward: &["∂L/∂x = Σ dy of the windows it won"],
        symbols: "",
    },
};

/// `y_o` = max over window o of `x_i`, on every channel. The padding never wins. Of equal values the first one does,
/// rows first, and a NaN always does, as in `PyTorch`.
///
/// `∂y_o/∂x_i` is 1 where i is the winner of window o and 0 elsewhere, so `∂L/∂x_i = Σ_{o won by i} dy_o`.
///
/// Cached: where the winners are.
pub struct MaxPool {
    window: Window,
    /// Position of the winner on its plane for every output of the last forward pass.
    winners: Vec<u32>,
    /// Whether the winners stay as they are.
    is_held: bool,
}

impl MaxPool {
    /// A layer whose window moves like this.
    pub fn new(window: Window) -> Self {
        Self { window, winners: Vec::new(), is_held: false }
    }

    /// Writes the values of the winners, on every plane.
    fn take_winners<T: Scalar>(&self, x: &[T], y: &mut [T]) {
        let places = self.window.places();
        let planes = x.chunks_exact(self.window.plane()).zip(self.winners.chunks_exact(places));
        for (y, (x, winners)) in y.chunks_exact_mut(places).zip(planes) {
            y.iter_mut().zip(winners).for_each(|(y, &winner)| *y = x[winner as usize]);
        }
    }
}

impl<T: Scalar> Layer<T> for MaxPool {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let y = values_mut(y);
        grow_buffer(&mut self.winners, y.len());
        if self.is_held {
            return self.take_winners(values(x), y);
        }
        max_pool(&pass.pool, &self.window, values(x), y, &mut self.winners[..y.len()]);
    }

    fn backward(
        &mut self,
        _x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        if let Some(dx) = dx {
            max_pool_backward(&pass.pool, &self.window, &self.winners, values(dy), values_mut(dx));
        }
    }

    fn hold_choices(&mut self, _x: ArrayView2<'_, T>) {
        self.is_held = true;
    }
}
