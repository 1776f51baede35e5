//! Products whose result goes on through an activation while it still is in the cache.
#![allow(unsafe_code)]

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Start, Workspace, matmul_with};
use crate::nn::{
    Scalar,
    kernels::{
        pointwise::{Arrays, Part},
        pool::Pool,
    },
};

/// As [`matmul`](super::matmul) of `a` (m, k) and `b` (k, n) into `z` (m, n), and has `activate` write `y` (m, n) from
/// every part of `z`.
///
/// # Panics
///
/// If the shapes do not fit, or `z` or `y` is not in standard layout.
pub fn matmul_activated<T: Scalar>(
    pool: &Pool,
    workspace: &mut Workspace<T>,
    (a, b): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    start: Start<'_, T>,
    z: ArrayViewMut2<'_, T>,
    y: ArrayViewMut2<'_, T>,
    activate: &(dyn Fn(Part<'_, T, 1>) + Sync),
) {
    assert!(z.is_standard_layout() && z.dim() == y.dim(), "two arrays of one shape in standard layout");
    // SAFETY: both have one shape, and are borrowed for as long as this function runs.
    let arrays = unsafe { Arrays::new([z.as_ptr()], y) };
    let then = |rows, columns| {
        // SAFETY: a part is told of once, when it is computed.
        activate(unsafe { arrays.part(rows, columns) });
    };
    matmul_with((T::tiles(), pool), workspace, (a, b), start, z, Some(&then));
}

/// What an activation's own gradient is computed from and goes to, all of one shape (m, n).
pub struct Backpropagated<'a, T> {
    /// What the activation read.
    pub x: ArrayView2<'a, T>,
    /// What it gave.
    pub y: ArrayView2<'a, T>,
    /// ∂L/∂y, which is the result of the product.
    pub dy: ArrayViewMut2<'a, T>,
    /// ∂L/∂x.
    pub dx: ArrayViewMut2<'a, T>,
}

/// As [`matmul`](super::matmul) of `a` (m, k) and `b` (k, n) into `dy`, and has `backpropagate` write `dx` from `x`, `y`
/// and every part of `dy`.
///
/// # Panics
///
/// If the shapes do not fit, or one of the arrays is not in standard layout.
pub fn matmul_backpropagated<T: Scalar>(
    pool: &Pool,
    workspace: &mut Workspace<T>,
    (a, b): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    arrays: Backpropagated<'_, T>,
    backpropagate: &(dyn Fn(Part<'_, T, 3>) + Sync),
) {
    let Backpropagated { x, y, dy, dx } = arrays;
    let standard = x.is_standard_layout() && y.is_standard_layout() && dy.is_standard_layout();
    let one_shape = x.dim() == dx.dim() && y.dim() == dx.dim() && dy.dim() == dx.dim();
    assert!(standard && one_shape, "four arrays of one shape in standard layout");
    // SAFETY: all have one shape, and are borrowed for as long as this function runs.
    let arrays = unsafe { Arrays::new([x.as_ptr(), y.as_ptr(), dy.as_ptr()], dx) };
    let then = |rows, columns| {
        // SAFETY: a part is told of once, when it is computed.
        backpropagate(unsafe { arrays.part(rows, columns) });
    };
    matmul_with((T::tiles(), pool), workspace, (a, b), Start::Zero, dy, Some(&then));
}
