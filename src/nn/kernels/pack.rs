//! Copies of the operands of a matrix product, in the order in which its tiles read them.
#![allow(unsafe_code)]

use std::{ops::Range, slice};

use super::tile::{MAX_TILE_COLUMNS, NARROW_COLUMNS, Tiles};
use crate::nn::Scalar;

/// Values that a vector has at most, in any variant.
const MAX_LANES: usize = MAX_TILE_COLUMNS / 2;

/// A matrix somewhere in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatrixOperand<T> {
    /// First value.
    pub start: *const T,
    /// Distance between neighbours along the dimension that stays in the result.
    pub outer: isize,
    /// Distance between neighbours along the dimension that is summed over.
    pub depth: isize,
}

impl<T> MatrixOperand<T> {
    /// Where a value lies.
    pub(super) fn value_pointer(&self, column: usize, depth: usize) -> *const T {
        self.start.wrapping_offset(column as isize * self.outer + depth as isize * self.depth)
    }
}

/// Writes `columns` × `depth` of the operand to `to` as rows of `width` values, one row for each depth; columns
/// beyond those there are become 0.
///
/// # Safety
///
/// The ranges must lie in the operand, which must not be written meanwhile, and the processor must have the
/// instructions of `tiles`.
pub(super) unsafe fn pack_columns<T: Scalar>(
    tiles: &Tiles<T>,
    from: MatrixOperand<T>,
    columns: Range<usize>,
    depth: Range<usize>,
    width: usize,
    to: &mut [T],
) {
    let to = &mut to[..width * depth.len()];
    // SAFETY: the caller promises the ranges, here and below.
    unsafe {
        match (from.outer, columns.len() == width, width) {
            (1, true, 8) => copy_rows::<T, 8>(from, columns.start, depth.start, to),
            (1, true, 16) => copy_rows::<T, 16>(from, columns.start, depth.start, to),
            (1, true, 32) => copy_rows::<T, 32>(from, columns.start, depth.start, to),
            (1, _, _) => copy_short_rows(from, columns, depth.start, width, to),
            _ if from.depth == 1 => pack_squares(tiles, from, columns, depth.start, width, to),
            _ => pack_values(from, columns, depth.start, 0..width, width, to),
        }
    }
}

/// Writes `columns`, of which there are [`NARROW_COLUMNS`] at most, × `depth`, a multiple of that, of the operand as its tiles
/// want them: for each [`NARROW_COLUMNS`] depths column after column; columns beyond those there are become 0.
///
/// # Safety
///
/// As for [`pack_columns`].
pub(super) unsafe fn pack_narrow<T: Scalar>(
    from: MatrixOperand<T>,
    columns: Range<usize>,
    depth: Range<usize>,
    to: &mut [T],
) {
    let groups =
        to[..NARROW_COLUMNS * depth.len()].as_chunks_mut::<NARROW_COLUMNS>().0.as_chunks_mut::<NARROW_COLUMNS>().0;
    for (depth, group) in depth.step_by(NARROW_COLUMNS).zip(groups) {
        for (column, values) in group.iter_mut().enumerate() {
            for (k, value) in values.iter_mut().enumerate() {
                // SAFETY: the caller promises these values.
                let read = |column| unsafe { *from.value_pointer(columns.start + column, depth + k) };
                *value = if column < columns.len() { read(column) } else { T::zero() };
            }
        }
    }
}

/// Rows of WIDTH neighbours, as they are.
unsafe fn copy_rows<T: Scalar, const WIDTH: usize>(from: MatrixOperand<T>, column: usize, depth: usize, to: &mut [T]) {
    for (k, row) in to.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        // SAFETY: the caller promises that these values lie in the operand; an array is aligned as its elements are.
        *row = unsafe { *from.value_pointer(column, depth + k).cast::<[T; WIDTH]>() };
    }
}

/// Rows of any number of neighbours, few values at a time.
unsafe fn copy_short_rows<T: Scalar>(
    from: MatrixOperand<T>,
    columns: Range<usize>,
    depth: usize,
    width: usize,
    to: &mut [T],
) {
    for (k, row) in to.chunks_exact_mut(width).enumerate() {
        // SAFETY: the caller promises that these values lie in the operand.
        let values = unsafe { slice::from_raw_parts(from.value_pointer(columns.start, depth + k), columns.len()) };
        let (own, beyond) = row.split_at_mut(columns.len());
        let ((own, own_rest), (values, rest)) = (own.as_chunks_mut::<4>(), values.as_chunks::<4>());
        own.iter_mut().zip(values).for_each(|(own, values)| *own = *values);
        own_rest.iter_mut().zip(rest).for_each(|(own, value)| *own = *value);
        beyond.fill(T::zero());
    }
}

/// Columns that are neighbours along the depth, a square of vectors at a time.
unsafe fn pack_squares<T: Scalar>(
    tiles: &Tiles<T>,
    from: MatrixOperand<T>,
    columns: Range<usize>,
    depth: usize,
    width: usize,
    to: &mut [T],
) {
    let lanes = tiles.lanes;
    let (whole, squares) = (columns.len() / lanes * lanes, to.len() / width / lanes);
    for square in 0..squares {
        for column in (0..whole).step_by(lanes) {
            let value = from.value_pointer(columns.start + column, depth + square * lanes);
            let place = to[square * lanes * width + column..].as_mut_ptr();
            // SAFETY: both squares are whole, the one to be read as the caller promises, the other one as there are
            // `lanes` rows from here on.
            unsafe { (tiles.transpose)(value, from.outer, place, width) };
        }
    }
    let mut done = whole;
    if whole < columns.len() {
        // Fewer columns than a square has, with zeros below them.
        let [mut lines, mut turned] = [[[T::zero(); MAX_LANES]; MAX_LANES]; 2];
        for square in 0..squares {
            for (line, column) in lines.iter_mut().zip(columns.start + whole..columns.end) {
                // SAFETY: these values lie in the operand, as the caller promises.
                let values =
                    unsafe { slice::from_raw_parts(from.value_pointer(column, depth + square * lanes), lanes) };
                line[..lanes].copy_from_slice(values);
            }
            let (value, place) = (lines.as_flattened().as_ptr(), turned.as_flattened_mut().as_mut_ptr());
            // SAFETY: both have room for a square, and the processor has the instructions.
            unsafe { (tiles.transpose)(value, MAX_LANES as isize, place, MAX_LANES) };
            let rows = to[square * lanes * width..].chunks_exact_mut(width);
            for (row, values) in rows.zip(&turned[..lanes]) {
                row[whole..].iter_mut().zip(values).for_each(|(value, turned)| *value = *turned);
            }
        }
        done = width.min(whole + lanes);
    }
    let rest = squares * lanes;
    // SAFETY: the caller promises the ranges.
    unsafe {
        pack_values(from, columns.clone(), depth, done..width, width, &mut to[..rest * width]);
        pack_values(from, columns, depth + rest, 0..width, width, &mut to[rest * width..]);
    }
}

/// Value by value, those `places` of each row only.
unsafe fn pack_values<T: Scalar>(
    from: MatrixOperand<T>,
    columns: Range<usize>,
    depth: usize,
    places: Range<usize>,
    width: usize,
    to: &mut [T],
) {
    for (k, row) in to.chunks_exact_mut(width).enumerate() {
        for place in places.clone() {
            row[place] = if place < columns.len() {
                // SAFETY: the caller promises that this column lies in the operand.
                unsafe { *from.value_pointer(columns.start + place, depth + k) }
            } else {
                T::zero()
            };
        }
    }
}
