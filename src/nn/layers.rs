//! What every layer does; each kind is one file with its equation, its gradient and what it caches.

pub mod activation;
pub(super) mod avg_pool;
pub(super) mod batch_norm;
pub(super) mod conv;
pub(super) mod dropout;
pub(super) mod flatten;
pub(super) mod global_avg_pool;
pub(super) mod linear;
pub(super) mod max_pool;
pub(super) mod residual;

use ndarray::{ArrayView2, ArrayViewMut2};

use self::activation::{activate, backpropagate};
pub use self::{
    activation::{Activation, Pointwise},
    avg_pool::AvgPool,
    batch_norm::BatchNorm,
    conv::Conv,
    dropout::Dropout,
    flatten::Flatten,
    global_avg_pool::GlobalAvgPool,
    linear::Linear,
    max_pool::MaxPool,
    residual::Residual,
};
use super::{
    Buffer, Mode, Parameter, Scalar,
    kernels::{
        locals::Locals,
        matmul::{Backpropagated, Workspace},
        pool::Pool,
        sums::PlaneSums,
    },
};

/// What a pass through a layer works with besides its arrays.
pub struct Pass<'a, T> {
    /// Training or evaluating.
    pub mode: Mode,
    /// Threads that compute.
    pub pool: &'a Pool,
    /// Buffers of the matrix product, shared by all layers.
    pub workspace: &'a mut Workspace<T>,
    /// Buffers of the convolutions, shared by all layers.
    pub scratch: &'a mut Scratch<T>,
}

/// Reusable memory of the layers that work on images.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    columns: Vec<T>,
    planes: Vec<T>,
    locals: Locals<T>,
    sums: PlaneSums,
}

impl<T: Scalar> Scratch<T> {
    /// An empty one.
    pub fn new() -> Self {
        Self { columns: Vec::new(), planes: Vec::new(), locals: Locals::default(), sums: PlaneSums::default() }
    }

    /// Makes room for this many values in each of the two buffers.
    pub fn reserve(&mut self, columns: usize, planes: usize) {
        for (buffer, length) in [(&mut self.columns, columns), (&mut self.planes, planes)] {
            if buffer.len() < length {
                buffer.resize(length, T::zero());
            }
        }
    }

    /// The first values of both buffers, which must have been reserved.
    pub(super) fn take(&mut self, columns: usize, planes: usize) -> (&mut [T], &mut [T]) {
        (&mut self.columns[..columns], &mut self.planes[..planes])
    }
}

/// One step of the network, with its parameters and what it caches between the passes.
///
/// Arrays are (batch, features) in standard layout. Every backward pass follows the forward pass of the same batch
/// and mode, and is given the same `x` and `y`, so that neither needs to be cached.
pub trait Layer<T: Scalar>: Send {
    /// Computes the output `y` (batch, out) from the input `x` (batch, in).
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>);

    /// Computes the gradients of the parameters and, where asked for, `dx` = ∂L/∂x (batch, in) from `dy` = ∂L/∂y
    /// (batch, out). Gradients are replaced, not added to.
    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    );

    /// This layer if it is an activation.
    fn activation(&self) -> Option<&dyn Activation<T>> {
        None
    }

    /// Computes the output `z` (batch, out) from the input `x` (batch, in), and `y` (batch, out), what the activation behind
    /// this layer makes of it.
    fn forward_activated(
        &mut self,
        x: ArrayView2<'_, T>,
        mut z: ArrayViewMut2<'_, T>,
        (activation, y): (&dyn Activation<T>, ArrayViewMut2<'_, T>),
        pass: &mut Pass<'_, T>,
    ) {
        self.forward(x, z.view_mut(), pass);
        activate(activation, &z.view(), y, pass);
    }

    /// As [`Self::backward`] for a layer that reads what an `activation` gave: `before`, all of it (batch, in), is what that
    /// one works on, of which `y` is this layer's input and `dy` the gradient of that.
    fn backward_activated(
        &mut self,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        activation: &dyn Activation<T>,
        mut before: Backpropagated<'_, T>,
        pass: &mut Pass<'_, T>,
    ) {
        self.backward(before.y, y, dy, Some(before.dy.view_mut()), pass);
        backpropagate(activation, [before.x, before.y, before.dy.view()], before.dx, pass);
    }

    /// The trained values, weight before bias.
    fn parameters(&self) -> &[Parameter<T>] {
        &[]
    }

    /// The trained values, to be changed.
    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut []
    }

    /// What training keeps besides the trained values.
    fn buffers(&self) -> &[Buffer<T>] {
        &[]
    }

    /// What training keeps, to be changed.
    fn buffers_mut(&mut self) -> &mut [Buffer<T>] {
        &mut []
    }

    /// The layers within this one, which have none within themselves.
    fn children(&self) -> &[Box<dyn Layer<T>>] {
        &[]
    }

    /// The layers within this one, to be changed.
    fn children_mut(&mut self) -> &mut [Box<dyn Layer<T>>] {
        &mut []
    }

    /// Adds to `choices`, which has a list for each sample, what the layer chose in the forward pass of `x`: which
    /// side of its kink each value is on, which value of a window won. While all choices stay the same the layer is
    /// smooth.
    fn choices(&self, _x: ArrayView2<'_, T>, _choices: &mut [Vec<u32>]) {}

    /// Whether the derivative jumps somewhere, so that the layer makes choices.
    fn has_kink(&self) -> bool {
        false
    }

    /// Whether, while training, what comes out for one sample depends on the others of its batch.
    fn couples_samples(&self) -> bool {
        false
    }

    /// Whether an output of 0 passes no gradient on, so that a unit can die.
    fn rectifies(&self) -> bool {
        false
    }
}

/// Adds for each sample the side of 0 on which each of its values is.
#[allow(clippy::needless_pass_by_value)] // Views are taken by value, as ndarray does.
fn sides<T: Scalar>(x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
    for (choices, x) in choices.iter_mut().zip(x.rows()) {
        choices.extend(x.iter().map(|&x| u32::from(x > T::zero())));
    }
}

#[cfg(test)]
mod tests;
