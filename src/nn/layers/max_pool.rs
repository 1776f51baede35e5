//! Max pooling.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, values, values_mut};
use crate::nn::{Scalar, kernels::elementwise::for_each_plane, window::Window};

/// `y_o` = max over window o of `x_i`, on every channel. The padding never wins. Of equal values the first one does,
/// rows first, and a NaN always does, as in `PyTorch`.
///
/// ∂y_o/∂x_i is 1 where i is the winner of window o and 0 elsewhere, so `∂L/∂x_i = Σ_{o won by i} dy_o`.
///
/// Cached: nothing; the winners are found again.
pub struct MaxPool {
    window: Window,
}

impl MaxPool {
    /// A layer whose window moves like this.
    pub fn new(window: Window) -> Self {
        Self { window }
    }
}

/// Place and value of the winner at (`oy`, `ox`) of a plane.
#[inline]
fn winner<T: Scalar>(w: &Window, x: &[T], oy: usize, ox: usize) -> (usize, T) {
    let columns = w.columns(ox);
    let (mut place, mut largest) = (w.rows(oy).start * w.width + columns.start, T::neg_infinity());
    for row in w.rows(oy) {
        let start = row * w.width + columns.start;
        for (at, &x) in (start..).zip(&x[start..start + columns.len()]) {
            if x > largest || x.is_nan() {
                (place, largest) = (at, x);
            }
        }
    }
    (place, largest)
}

impl<T: Scalar> Layer<T> for MaxPool {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        let (x, w) = (values(x), self.window);
        for_each_plane(pass.pool, w.places(), w.plane(), values_mut(y), |number, y| {
            let x = &x[number * w.plane()..(number + 1) * w.plane()];
            for (oy, y) in y.chunks_exact_mut(w.out_width).enumerate() {
                for (ox, y) in y.iter_mut().enumerate() {
                    *y = winner(&w, x, oy, ox).1;
                }
            }
        });
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        let Some(dx) = dx else { return };
        let (x, dy, w) = (values(x), values(dy), self.window);
        for_each_plane(pass.pool, w.plane(), w.plane(), values_mut(dx), |number, dx| {
            dx.fill(T::zero());
            let x = &x[number * w.plane()..(number + 1) * w.plane()];
            let dy = &dy[number * w.places()..(number + 1) * w.places()];
            for (oy, dy) in dy.chunks_exact(w.out_width).enumerate() {
                for (ox, &dy) in dy.iter().enumerate() {
                    dx[winner(&w, x, oy, ox).0] += dy;
                }
            }
        });
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        let w = self.window;
        for (choices, x) in choices.iter_mut().zip(values(x).chunks_exact(w.channels * w.plane())) {
            for x in x.chunks_exact(w.plane()) {
                let places = (0..w.out_height).flat_map(|oy| (0..w.out_width).map(move |ox| (oy, ox)));
                choices.extend(places.map(|(oy, ox)| winner(&w, x, oy, ox).0 as u32));
            }
        }
    }

    fn has_kink(&self) -> bool {
        true
    }
}
