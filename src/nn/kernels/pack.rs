//! Copies of the operands of a matrix product, in the order in which its tiles read them.
#![allow(unsafe_code)]

use std::ops::Range;

use crate::nn::Scalar;

/// Rows that are written together, few enough to stay in the cache until their last column is there.
const ROWS: usize = 16;

/// A matrix somewhere in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand<T> {
    /// First value.
    pub start: *const T,
    /// Distance between neighbours along the dimension that stays in the result.
    pub outer: isize,
    /// Distance between neighbours along the dimension that is summed over.
    pub depth: isize,
}

/// Writes `columns` × `depth` of the operand to `to` as rows of `width` values, one row for each depth; columns
/// beyond those there are become 0.
///
/// # Safety
///
/// The ranges must lie in the operand, which nobody may be writing.
pub(super) unsafe fn pack<T: Scalar>(
    from: Operand<T>,
    columns: Range<usize>,
    depth: Range<usize>,
    width: usize,
    to: &mut [T],
) {
    let count = columns.len();
    // SAFETY: the caller promises that the ranges lie in the operand.
    let start =
        unsafe { from.start.offset(columns.start as isize * from.outer).offset(depth.start as isize * from.depth) };
    if from.outer == 1 {
        for (k, row) in to.chunks_exact_mut(width).take(depth.len()).enumerate() {
            // SAFETY: as above; with a distance of 1, `count` neighbours are a slice.
            let values = unsafe { std::slice::from_raw_parts(start.offset(k as isize * from.depth), count) };
            row[..count].copy_from_slice(values);
            row[count..].fill(T::zero());
        }
        return;
    }
    for (block, rows) in to[..width * depth.len()].chunks_mut(ROWS * width).enumerate() {
        for column in 0..width {
            let first = start.wrapping_offset(column as isize * from.outer + (block * ROWS) as isize * from.depth);
            for (k, row) in rows.chunks_exact_mut(width).enumerate() {
                row[column] = if column < count {
                    // SAFETY: as above; this column is one of those in the range.
                    unsafe { *first.offset(k as isize * from.depth) }
                } else {
                    T::zero()
                };
            }
        }
    }
}
