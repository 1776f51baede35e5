//! Where the tiles of a product go.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use crate::nn::{
    Scalar,
    kernels::{
        instructions::{VectorWork, run_vectorized},
        tile::{MAX_TILE_COLUMNS, MAX_TILE_ROWS, Tiles},
    },
};

/// Rows of sums in a buffer, at most: two tiles, which fill a vector or more.
pub(super) const MAX_BUFFER_ROWS: usize = 2 * MAX_TILE_ROWS;

/// Sums of one or two tiles, row by row.
pub(super) type TileSums<T> = [[T; MAX_TILE_COLUMNS]; MAX_BUFFER_ROWS];

/// The result or what it is added to: its first value and the distances of rows and columns.
#[derive(Clone, Copy)]
pub(super) struct StridedMatrix<T> {
    pub start: *mut T,
    pub row: isize,
    pub column: isize,
}

impl<T> StridedMatrix<T> {
    /// The part of it from this row and column on.
    pub fn submatrix_from(self, row: usize, column: usize) -> Self {
        Self { start: self.value_pointer(row, column), ..self }
    }

    /// Where a value lies.
    fn value_pointer(&self, row: usize, column: usize) -> *mut T {
        self.start.wrapping_offset(row as isize * self.row + column as isize * self.column)
    }

    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }
}

/// Sums on their way to a part of the result of any layout.
pub(super) struct SumWriter<'a, T: 'static> {
    pub tiles: &'static Tiles<T>,
    pub sums: &'a TileSums<T>,
    pub height: usize,
    pub width: usize,
    /// The part of the result.
    pub out: StridedMatrix<T>,
    /// What they are added to.
    pub base: Option<StridedMatrix<T>>,
}

impl<T: Scalar> SumWriter<'_, T> {
    /// Writes them.
    ///
    /// # Safety
    ///
    /// Result and base must hold a part of this height and width, which must not be used by others meanwhile, and the
    /// processor must have the instructions of the tiles.
    pub unsafe fn write(self) {
        if self.out.row == 1 && self.base.is_none_or(|base| base.row == 1) {
            run_vectorized(TransposedWriter(self));
        } else {
            // SAFETY: as the caller promises.
            unsafe { self.write_values() };
        }
    }

    unsafe fn write_values(&self) {
        let Self { out, base, .. } = self;
        for column in 0..self.width {
            for row in 0..self.height {
                let sum = self.sums[row][column];
                // SAFETY: the caller promises that the part lies in the result, and the base has its shape.
                unsafe {
                    *out.value_pointer(row, column) = base.map_or(sum, |base| *base.value_pointer(row, column) + sum);
                };
            }
        }
    }
}

/// Sums of a result whose columns are contiguous.
struct TransposedWriter<'a, T: 'static>(SumWriter<'a, T>);

impl<T: Scalar> VectorWork for TransposedWriter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let SumWriter { tiles, sums, height, width, out, base } = self.0;
        let mut lines = [[T::zero(); MAX_BUFFER_ROWS]; MAX_TILE_COLUMNS];
        let whole = height / tiles.lanes * tiles.lanes;
        for row in (0..whole).step_by(tiles.lanes) {
            for column in (0..width).step_by(tiles.lanes) {
                let from = sums.as_flattened()[row * MAX_TILE_COLUMNS + column..].as_ptr();
                let to = lines.as_flattened_mut()[column * MAX_BUFFER_ROWS + row..].as_mut_ptr();
                // SAFETY: both squares are whole, as rows and columns of sums and lines are multiples of the lanes.
                unsafe { (tiles.transpose)(from, MAX_TILE_COLUMNS as isize, to, MAX_BUFFER_ROWS) };
            }
        }
        for (column, line) in lines[..width].iter_mut().enumerate() {
            for row in whole..height {
                line[row] = sums[row][column];
            }
            let line = &mut line[..height];
            // SAFETY: the caller of `write` promises that the part lies in the result, and the base has its shape.
            unsafe {
                if let Some(base) = base {
                    let base = base.value_pointer(0, column);
                    line.iter_mut().enumerate().for_each(|(row, value)| *value = *base.add(row) + *value);
                }
                let out = out.value_pointer(0, column);
                line.iter().enumerate().for_each(|(row, &value)| *out.add(row) = value);
            }
        }
    }
}
