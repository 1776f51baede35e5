//! Global average pooling (Lin et al. 2014).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    Equations, LayerCategory, LayerFacts, Scalar,
    kernels::{elementwise::for_each_plane, sums::sum},
    rows::{values, values_mut},
};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "global_avgpool",
    form: "global_avgpool",
    category: LayerCategory::Pooling,
    properties: &[],
    equations: Equations {
        forward: &["y = Σ x/P over each channel"],
        backward: &["∂L/∂x = dy/P"],
        symbols: "P counts the positions of a channel",
    },
};

/// `y_c` = 1/P `Σ_p x_cp`: the mean of each channel over its P positions.
///
/// `∂y_c/∂x_cp` = 1/P, so `∂L/∂x_cp = dy_c / P`.
///
/// Cached: nothing.
pub struct GlobalAvgPool {
    /// P.
    plane: usize,
}

impl GlobalAvgPool {
    /// A layer for channels of `plane` positions.
    pub fn new(plane: usize) -> Self {
        Self { plane }
    }
}

impl<T: Scalar> Layer<T> for GlobalAvgPool {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let (x, plane) = (values(x), self.plane);
        for_each_plane(&pass.pool, 1, plane, values_mut(y), |number, y| {
            y[0] = T::from_f64(sum(&x[number * plane..(number + 1) * plane], |x| x) / plane as f64);
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
        let (dy, positions) = (values(dy), T::from_f64(self.plane as f64));
        for_each_plane(&pass.pool, self.plane, self.plane, values_mut(dx), |number, dx| {
            dx.fill(dy[number] / positions);
        });
    }
}
