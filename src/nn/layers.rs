//! What every layer does; each kind is one file with its equation, its gradient and what it caches.

mod dropout;
mod leaky_relu;
mod linear;
mod relu;
mod sigmoid;
mod tanh;

use ndarray::{ArrayView2, ArrayViewMut2};

pub use self::{dropout::Dropout, leaky_relu::LeakyRelu, linear::Linear, relu::Relu, sigmoid::Sigmoid, tanh::Tanh};
use super::{
    Mode, Parameter, Scalar,
    kernels::{matmul::Workspace, pool::Pool},
};

/// What a pass through a layer works with besides its arrays.
pub struct Pass<'a, T> {
    /// Training or evaluating.
    pub mode: Mode,
    /// Threads that compute.
    pub pool: &'a Pool,
    /// Buffers of the matrix product, shared by all layers.
    pub workspace: &'a mut Workspace<T>,
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

    /// The trained values, weight before bias.
    fn parameters(&self) -> &[Parameter<T>] {
        &[]
    }

    /// The trained values, to be changed.
    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut []
    }

    /// Whether the derivative jumps where an input changes its sign.
    fn has_kink(&self) -> bool {
        false
    }

    /// Whether an output of 0 passes no gradient on, so that a unit can die.
    fn rectifies(&self) -> bool {
        false
    }
}
