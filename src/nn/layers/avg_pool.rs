//! Average pooling.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    Equations, LayerCategory, LayerFacts, Scalar,
    kernels::elementwise::for_each_plane,
    rows::{values, values_mut},
    window::Window,
};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "avgpool",
    form: "avgpool SIZE [stride N] [pad N|HxW]",
    category: LayerCategory::Pooling,
    properties: &[],
    equations: Equations {
        forward: &["y = Σ x/size² over each window"],
        backward: &["∂L/∂x = Σ dy/size² of the windows over it"],
        symbols: "size is the window's side",
    },
};

/// `y_o` = 1/size² `Σ_{i in window o} x_i` on every channel, with size² the number of values in a window: zeros of the padding count,
/// as they do in `PyTorch` by default.
///
/// `∂y_o/∂x_i` = 1/size² where window o covers i and 0 elsewhere, so `∂L/∂x_i = 1/size² Σ_{o covers i} dy_o`.
///
/// Cached: nothing.
pub struct AvgPool {
    window: Window,
}

impl AvgPool {
    /// A layer whose window moves like this.
    pub fn new(window: Window) -> Self {
        Self { window }
    }

    /// size².
    fn window_values<T: Scalar>(&self) -> T {
        T::from_f64((self.window.kernel.0 * self.window.kernel.1) as f64)
    }
}

impl<T: Scalar> Layer<T> for AvgPool {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let (x, w, size) = (values(x), self.window, self.window_values::<T>());
        for_each_plane(&pass.pool, w.places(), w.plane(), values_mut(y), |number, y| {
            let x = &x[number * w.plane()..(number + 1) * w.plane()];
            for (oy, y) in y.chunks_exact_mut(w.out_width).enumerate() {
                for (ox, y) in y.iter_mut().enumerate() {
                    let mut sum = T::zero();
                    for row in w.covered_rows(oy) {
                        for &x in &x[row * w.width..][w.covered_columns(ox)] {
                            sum += x;
                        }
                    }
                    *y = sum / size;
                }
            }
        });
    }

    fn backward(
        &mut self,
        _x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let Some(dx) = dx else { return };
        let (dy, w, size) = (values(dy), self.window, self.window_values::<T>());
        for_each_plane(&pass.pool, w.plane(), w.plane(), values_mut(dx), |number, dx| {
            dx.fill(T::zero());
            let dy = &dy[number * w.places()..(number + 1) * w.places()];
            for (oy, dy) in dy.chunks_exact(w.out_width).enumerate() {
                for (ox, &dy) in dy.iter().enumerate() {
                    let share = dy / size;
                    for row in w.covered_rows(oy) {
                        for dx in &mut dx[row * w.width..][w.covered_columns(ox)] {
                            *dx += share;
                        }
                    }
                }
            }
        });
    }
}
