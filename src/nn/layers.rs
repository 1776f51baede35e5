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

use std::sync::Arc;

use ndarray::{ArrayView2, ArrayViewMut2};

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
        locals::{ThreadBuffers, grow_buffer},
        matmul::Workspace,
        pool::Pool,
        sums::PlaneSums,
    },
};

/// What a pass through a layer works with besides its arrays, the same for all layers of a network.
pub struct PassContext<T> {
    /// Training or evaluating.
    pub mode: Mode,
    /// Threads that compute.
    pub pool: Arc<Pool>,
    /// Buffers of the matrix product.
    pub workspace: Workspace<T>,
    /// Buffers of the layers that work on images.
    pub scratch: ImageScratch<T>,
}

impl<T: Scalar> PassContext<T> {
    /// A pass on these threads, with empty buffers.
    pub fn new(mode: Mode, pool: Arc<Pool>) -> Self {
        Self { mode, pool, workspace: Workspace::new(), scratch: ImageScratch::new() }
    }
}

/// Reusable memory of the layers that work on images.
#[derive(Debug, Default)]
pub struct ImageScratch<T> {
    /// Images unfolded for a product, a column for each place of the output (im2col).
    columns: Vec<T>,
    /// The other operand or the result of that product, a row for each channel.
    planes: Vec<T>,
    /// A buffer of its own for each thread.
    locals: ThreadBuffers<T>,
    /// Sums over the positions of each channel.
    sums: PlaneSums,
}

impl<T: Scalar> ImageScratch<T> {
    /// An empty one.
    pub fn new() -> Self {
        Self { columns: Vec::new(), planes: Vec::new(), locals: ThreadBuffers::default(), sums: PlaneSums::default() }
    }

    /// Makes room for this many values in each of the two buffers.
    pub fn reserve(&mut self, columns: usize, planes: usize) {
        for (buffer, length) in [(&mut self.columns, columns), (&mut self.planes, planes)] {
            grow_buffer(buffer, length);
        }
    }

    /// The first values of both buffers, which must have been reserved.
    pub(super) fn buffers_mut(&mut self, columns: usize, planes: usize) -> (&mut [T], &mut [T]) {
        (&mut self.columns[..columns], &mut self.planes[..planes])
    }
}

/// One layer of the network, with its parameters and what it caches between the passes.
///
/// Arrays are (batch, features) in standard layout. Every backward pass follows the forward pass of the same batch
/// and mode, and is given the same `x` and `y`, so that neither needs to be cached. The backward pass
/// of an activation, which is a function of each value by itself, is also asked for a single sample of the batch, whose rows
/// of `x` and `y` it is then given (`network/inspection.rs`).
pub trait Layer<T: Scalar>: Send {
    /// Computes the output `y` (batch, out) from the input `x` (batch, in).
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>);

    /// Computes the gradients of the parameters and, where asked for, `dx` = ∂L/∂x (batch, in) from `dy` = ∂L/∂y
    /// (batch, out). Gradients are replaced, not added to.
    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    );

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

    /// Holds the layer on the choices that it makes for `x`, of which it has just computed the output: which side of its
    /// kink each value is on, which value of a window wins. From now on it computes the smooth function that it is as
    /// long as all choices stay the same, whatever it is given.
    fn hold_choices(&mut self, _x: ArrayView2<'_, T>) {}
}

#[cfg(test)]
mod tests;
