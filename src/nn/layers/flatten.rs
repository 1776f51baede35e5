//! Flatten.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{Equations, LayerCategory, LayerFacts, LayerProperty, Scalar};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "flatten",
    form: "flatten",
    category: LayerCategory::Shape,
    properties: &[LayerProperty::KeepsPlaces],
    equations: Equations { forward: &["y = x as a vector"], backward: &["∂L/∂x = dy"], symbols: "" },
};

/// The image as a vector: y = x, since a sample is kept as a flat row anyway, channel by channel, row by row.
///
/// ∂y/∂x is the identity, so ∂L/∂x = dy.
///
/// Cached: nothing.
pub struct Flatten;

impl<T: Scalar> Layer<T> for Flatten {
    fn forward(&mut self, x: ArrayView2<'_, T>, mut y: ArrayViewMut2<'_, T>, _pass: &mut PassContext<T>) {
        y.assign(&x);
    }

    fn backward(
        &mut self,
        _x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        _pass: &mut PassContext<T>,
    ) {
        if let Some(mut dx) = dx {
            dx.assign(&dy);
        }
    }
}
