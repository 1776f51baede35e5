//! Rows of a batch as one piece of memory.

use ndarray::{ArrayView2, ArrayViewMut2};

/// The values of rows in standard layout.
#[allow(clippy::needless_pass_by_value)] // Views are taken by value, as ndarray does.
pub(super) fn values<T>(x: ArrayView2<'_, T>) -> &[T] {
    x.to_slice().unwrap_or_else(|| unreachable!("rows in standard layout"))
}

/// The values of rows in standard layout, to be written.
pub(super) fn values_mut<T>(x: ArrayViewMut2<'_, T>) -> &mut [T] {
    x.into_slice().unwrap_or_else(|| unreachable!("rows in standard layout"))
}
