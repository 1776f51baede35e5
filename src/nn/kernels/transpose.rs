//! Matrices, transposed: how one whose rows run along the sum becomes the right operand of a product.
#![allow(unsafe_code)]

use crate::nn::Scalar;

/// Writes a matrix of `rows` × `columns` transposed; its rows begin `from_row` apart, those of the result `to_row`.
///
/// # Panics
///
/// If a square of this processor's vectors does not divide both dimensions, or a matrix is longer than its slice.
pub(super) fn transpose<T: Scalar>(
    (rows, columns): (usize, usize),
    (from, from_row): (&[T], usize),
    (to, to_row): (&mut [T], usize),
) {
    let tiles = T::tiles();
    let side = tiles.lanes;
    assert!(rows > 0 && columns > 0 && rows.is_multiple_of(side) && columns.is_multiple_of(side), "whole squares");
    assert!(
        (rows - 1) * from_row + columns <= from.len() && (columns - 1) * to_row + rows <= to.len(),
        "room for both"
    );
    for row in (0..rows).step_by(side) {
        for column in (0..columns).step_by(side) {
            let (from, to) = (from[row * from_row + column..].as_ptr(), to[column * to_row + row..].as_mut_ptr());
            // SAFETY: both squares lie within their slices, as asserted; the processor has the instructions of its
            // tiles.
            unsafe { (tiles.transpose)(from, from_row as isize, to, to_row) };
        }
    }
}
