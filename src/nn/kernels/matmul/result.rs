//! Where the tiles of a product go.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use crate::nn::{
    Scalar,
    kernels::{
        tile::{MAX_COLUMNS, MAX_ROWS, Tiles},
        wide::{Work, do_wide},
    },
};

/// Rows of a buffer: two tiles, which fill a vector or more.
pub(super) const HEIGHT: usize = 2 * MAX_ROWS;

/// Sums of one or two tiles, row by row.
pub(super) type Buffer<T> = [[T; MAX_COLUMNS]; HEIGHT];

/// Where the result is, or what it is added to.
#[derive(Clone, Copy)]
pub(super) struct Place<T> {
    pub start: *mut T,
    pub row: isize,
    pub column: isize,
}

impl<T> Place<T> {
    pub fn at(&self, row: usize, column: usize) -> *mut T {
        self.start.wrapping_offset(row as isize * self.row + column as isize * self.column)
    }

    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    /// Whether this is nothing.
    pub fn is_null(&self) -> bool {
        self.start.is_null()
    }
}

/// Sums on their way to a part of the result of any layout.
pub(super) struct Sums<'a, T: 'static> {
    pub tiles: &'static Tiles<T>,
    pub buffer: &'a Buffer<T>,
    pub height: usize,
    pub width: usize,
    /// The part of the result.
    pub out: Place<T>,
    /// What they are added to, or nothing.
    pub base: Place<T>,
}

impl<T: Scalar> Sums<'_, T> {
    /// Writes them.
    ///
    /// # Safety
    ///
    /// The places must hold a part of this height and width, of which nobody else may use the result meanwhile, and
    /// the processor must have the instructions of the tiles.
    pub unsafe fn write(self) {
        if self.out.row == 1 && (self.base.is_null() || self.base.row == 1) {
            do_wide(Transposed(self));
        } else {
            // SAFETY: as the caller promises.
            unsafe { self.write_values() };
        }
    }

    unsafe fn write_values(&self) {
        let Self { out, base, .. } = self;
        for column in 0..self.width {
            for row in 0..self.height {
                let value = self.buffer[row][column];
                // SAFETY: the caller promises that the part lies in the result, and the base has its shape.
                unsafe {
                    *out.at(row, column) = if base.is_null() { value } else { *base.at(row, column) + value };
                }
            }
        }
    }
}

/// Sums of a result whose columns are contiguous.
struct Transposed<'a, T: 'static>(Sums<'a, T>);

impl<T: Scalar> Work for Transposed<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Sums { tiles, buffer, height, width, out, base } = self.0;
        let mut lines = [[T::zero(); HEIGHT]; MAX_COLUMNS];
        let whole = height / tiles.lanes * tiles.lanes;
        for row in (0..whole).step_by(tiles.lanes) {
            for column in (0..width).step_by(tiles.lanes) {
                let from = buffer.as_flattened()[row * MAX_COLUMNS + column..].as_ptr();
                let to = lines.as_flattened_mut()[column * HEIGHT + row..].as_mut_ptr();
                // SAFETY: both squares are whole, as rows and columns of buffer and lines are multiples of the lanes.
                unsafe { (tiles.transpose)(from, MAX_COLUMNS as isize, to, HEIGHT) };
            }
        }
        for (column, line) in lines[..width].iter_mut().enumerate() {
            for row in whole..height {
                line[row] = buffer[row][column];
            }
            let line = &mut line[..height];
            // SAFETY: whoever wrote the sums promises that the part lies in the result, and the base has its shape.
            unsafe {
                if !base.is_null() {
                    let base = base.at(0, column);
                    line.iter_mut().enumerate().for_each(|(row, value)| *value = *base.add(row) + *value);
                }
                let out = out.at(0, column);
                line.iter().enumerate().for_each(|(row, &value)| *out.add(row) = value);
            }
        }
    }
}
