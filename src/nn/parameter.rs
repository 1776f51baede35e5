//! The tensors that a layer keeps from step to step, named after its place in the network.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Scalar, Shape};

/// Where a layer stands in its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPosition {
    /// The layer of the network, from 0.
    pub layer: usize,
    /// What stands before the names of its parameters: nothing, or the way to a layer within a block, `body.0.`.
    pub prefix: String,
    /// A number that no other layer of the network has, below 2¹⁶: its random numbers follow from it.
    pub number: usize,
}

impl LayerPosition {
    /// Position of a layer of the network itself.
    pub fn new(layer: usize) -> Self {
        Self { layer, prefix: String::new(), number: layer }
    }

    /// Position of the `index`th layer, called `name`, of the block that stands here.
    #[must_use]
    pub fn inside_block(&self, index: usize, name: &str) -> Self {
        Self { layer: self.layer, prefix: format!("{}{name}.", self.prefix), number: self.layer + ((index + 1) << 10) }
    }
}

/// A trained tensor of a layer with its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter<T> {
    /// The layer it belongs to, from 0; layers without parameters count too, and a block is one layer.
    pub layer: usize,
    /// `weight` or `bias`; within a block the way to it as well, `body.0.weight`.
    pub name: String,
    /// Its shape: (out, in) for a weight, (out, in, height, width) for that of a convolution,
    /// (channels) for that of batch normalization, (out) for a bias.
    pub shape: Shape,
    /// The values in standard (row-major) order.
    pub value: Vec<T>,
    /// ∂L/∂value of the last backward pass, in the same order.
    pub gradient: Vec<T>,
}

impl<T: Scalar> Parameter<T> {
    /// A tensor whose values are drawn one after the other.
    pub(super) fn new(position: &LayerPosition, name: &str, shape: Shape, mut draw: impl FnMut() -> T) -> Self {
        let length = shape.features();
        let value = (0..length).map(|_| draw()).collect();
        let (layer, name) = (position.layer, format!("{}{name}", position.prefix));
        Self { layer, name, shape, value, gradient: vec![T::zero(); length] }
    }

    /// Its name in the network as `PyTorch`'s `nn.Sequential` has it: `0.weight`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }

    /// The values as a matrix of shape (first dimension, all others).
    pub fn as_matrix(&self) -> ArrayView2<'_, T> {
        let rows = self.rows();
        ArrayView2::from_shape((rows, self.value.len() / rows), &self.value).unwrap_or_else(|_| unreachable!())
    }

    /// The gradient as a matrix of shape (first dimension, all others), to be written.
    pub(super) fn gradient_matrix_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let rows = self.rows();
        let columns = self.gradient.len() / rows;
        ArrayViewMut2::from_shape((rows, columns), &mut self.gradient).unwrap_or_else(|_| unreachable!())
    }

    fn rows(&self) -> usize {
        self.shape.dimensions()[0]
    }
}

/// A tensor that training keeps without a gradient: running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer<T> {
    /// The layer it belongs to, from 0; layers without parameters count too, and a block is one layer.
    pub layer: usize,
    /// `running_mean` or `running_var`; within a block the way to it as well.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// The values in standard (row-major) order.
    pub value: Vec<T>,
}

impl<T: Scalar> Buffer<T> {
    /// A tensor full of one value.
    pub(super) fn new(position: &LayerPosition, name: &str, shape: Shape, value: T) -> Self {
        let (layer, name) = (position.layer, format!("{}{name}", position.prefix));
        Self { layer, name, value: vec![value; shape.features()], shape }
    }

    /// Its name in the network as `PyTorch`'s `nn.Sequential` has it: `1.running_mean`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }
}
