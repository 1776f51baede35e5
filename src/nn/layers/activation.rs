//! Activations: functions of each value by itself.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, sides};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::Cost,
        pointwise::{Part, for_each_part},
    },
};

/// A layer with y = φ(x), element by element, so ∂y/∂x = diag(φ′(x)) and ∂L/∂x = dy ⊙ φ′(x).
///
/// It is computed part by part, so that a layer before it can have it done while its own output is at hand. Cached:
/// nothing; x and y are given again.
pub trait Activation<T: Scalar>: Send + Sync {
    /// What φ and its derivative cost.
    fn costs(&self) -> [Cost; 2] {
        [Cost::Cheap; 2]
    }

    /// Writes y = φ(x) from x.
    fn value(&self, part: Part<'_, T, 1>);

    /// Writes dx = dy ⊙ φ′(x) from x, y and dy.
    fn gradient(&self, part: Part<'_, T, 3>);

    /// Whether φ′ jumps at 0.
    fn has_kink(&self) -> bool {
        false
    }

    /// Whether a y of 0 passes no gradient on, so that a unit can die.
    fn rectifies(&self) -> bool {
        false
    }
}

/// The layer that computes an activation.
pub struct Pointwise<A>(pub A);

impl<T: Scalar, A: Activation<T>> Layer<T> for Pointwise<A> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        activate(&self.0, &x, y, pass);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        if let Some(dx) = dx {
            backpropagate(&self.0, [x, y, dy], dx, pass);
        }
    }

    fn activation(&self) -> Option<&dyn Activation<T>> {
        Some(&self.0)
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        if self.0.has_kink() {
            sides(x, choices);
        }
    }

    fn has_kink(&self) -> bool {
        self.0.has_kink()
    }

    fn rectifies(&self) -> bool {
        self.0.rectifies()
    }
}

/// y = φ(x), spread over the threads.
pub(super) fn activate<T: Scalar>(
    activation: &dyn Activation<T>,
    x: &ArrayView2<'_, T>,
    y: ArrayViewMut2<'_, T>,
    pass: &Pass<'_, T>,
) {
    let [cost, _] = activation.costs();
    for_each_part(pass.pool, cost, [*x], y, |part| activation.value(part));
}

/// dx = dy ⊙ φ′(x) from x, y and dy, spread over the threads.
pub(super) fn backpropagate<T: Scalar>(
    activation: &dyn Activation<T>,
    given: [ArrayView2<'_, T>; 3],
    dx: ArrayViewMut2<'_, T>,
    pass: &Pass<'_, T>,
) {
    let [_, cost] = activation.costs();
    for_each_part(pass.pool, cost, given, dx, |part| activation.gradient(part));
}
