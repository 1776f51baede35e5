//! Functions of each value by itself, on whole arrays and on the parts of a matrix product that have just been computed.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::{array::from_fn, marker::PhantomData, ops::Range, slice};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{
    elementwise::Cost,
    pool::Pool,
    wide::{Work, do_wide},
};
use crate::nn::Scalar;

/// A part of N arrays that are read and of one that is written, all of one shape and in standard layout.
pub struct Part<'a, T, const N: usize> {
    inputs: [*const T; N],
    output: *mut T,
    rows: usize,
    columns: usize,
    /// Distance from one row to the next.
    distance: usize,
    arrays: PhantomData<&'a mut [T]>,
}

impl<T: Scalar, const N: usize> Part<'_, T, N> {
    /// Writes `f` of the inputs, value by value.
    ///
    /// `f` should own the numbers it needs (`move`): of those it borrows, the compiler does not know that writing leaves
    /// them alone, and then makes no vectors.
    pub fn write(self, f: impl Fn([T; N]) -> T + Copy) {
        do_wide(Write { part: self, f });
    }
}

struct Write<'a, T, F, const N: usize> {
    part: Part<'a, T, N>,
    f: F,
}

impl<T: Scalar, F: Fn([T; N]) -> T, const N: usize> Work for Write<'_, T, F, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Part { inputs, output, rows, columns, distance, .. } = self.part;
        for row in 0..rows {
            let start = row * distance;
            // SAFETY: whoever made the part promised that these values are there and that nobody else uses the output.
            let (inputs, output) = unsafe {
                let inputs = inputs.map(|input| slice::from_raw_parts(input.add(start), columns));
                (inputs, slice::from_raw_parts_mut(output.add(start), columns))
            };
            // A loop over all columns: of one over blocks of them the compiler would make vectors across the blocks.
            for column in 0..columns {
                output[column] = (self.f)(from_fn(|n| inputs[n][column]));
            }
        }
    }
}

/// N arrays that are read and one that is written, all of one shape, which several threads take disjoint parts of.
pub(super) struct Arrays<'a, T, const N: usize> {
    inputs: [*const T; N],
    output: *mut T,
    shape: (usize, usize),
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: threads only reach the output through `part`, whose caller promises that parts do not overlap, and the inputs
// are only read.
unsafe impl<T: Scalar, const N: usize> Sync for Arrays<'_, T, N> {}

impl<'a, T: Scalar, const N: usize> Arrays<'a, T, N> {
    /// Arrays of which the inputs may still be written by those who ask for parts.
    ///
    /// # Panics
    ///
    /// If the output is not in standard layout.
    ///
    /// # Safety
    ///
    /// The inputs must have the output's shape, be in standard layout and live as long.
    pub(super) unsafe fn new(inputs: [*const T; N], output: ArrayViewMut2<'a, T>) -> Self {
        let shape = output.dim();
        let output = output.into_slice().expect("rows in standard layout");
        Self { inputs, output: output.as_mut_ptr(), shape, borrowed: PhantomData }
    }

    /// The part in these rows and columns.
    ///
    /// # Safety
    ///
    /// It must lie in the arrays, nobody may be writing the inputs there, and no two parts that are alive at the same
    /// time may overlap.
    pub(super) unsafe fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Part<'_, T, N> {
        debug_assert!(rows.end <= self.shape.0 && columns.end <= self.shape.1, "a part of the arrays");
        let distance = self.shape.1;
        let first = rows.start * distance + columns.start;
        // SAFETY: the caller promises that the part lies in the arrays.
        let inputs = self.inputs.map(|input| unsafe { input.add(first) });
        // SAFETY: as above.
        let output = unsafe { self.output.add(first) };
        Part { inputs, output, rows: rows.len(), columns: columns.len(), distance, arrays: PhantomData }
    }
}

/// Writes `f` of the inputs to the output, value by value, on this thread.
///
/// # Panics
///
/// If the slices differ in length.
pub fn write<T: Scalar, const N: usize>(inputs: [&[T]; N], output: &mut [T], f: impl Fn([T; N]) -> T + Copy) {
    assert!(inputs.iter().all(|input| input.len() == output.len()), "slices of one length");
    let (columns, inputs) = (output.len(), inputs.map(<[T]>::as_ptr));
    let output = output.as_mut_ptr();
    Part { inputs, output, rows: 1, columns, distance: columns, arrays: PhantomData }.write(f);
}

/// Has `f` write the output from the inputs, part by part, spread over the threads.
///
/// # Panics
///
/// If one of the arrays is not in standard layout, or the shapes differ.
pub fn for_each_part<T: Scalar, const N: usize>(
    pool: &Pool,
    cost: Cost,
    inputs: [ArrayView2<'_, T>; N],
    output: ArrayViewMut2<'_, T>,
    f: impl Fn(Part<'_, T, N>) + Sync,
) {
    let (rows, columns) = output.dim();
    let values = |input: &ArrayView2<'_, T>| {
        assert_eq!(input.dim(), (rows, columns), "arrays of one shape");
        input.as_slice().expect("rows in standard layout").as_ptr()
    };
    // SAFETY: the inputs have the shape of the output, and are borrowed as long.
    let arrays = unsafe { Arrays::new(inputs.each_ref().map(values), output) };
    // One long row, whose pieces may begin anywhere.
    let arrays = Arrays { shape: (1, rows * columns), ..arrays };
    let (length, chunk) = (rows * columns, cost.chunk());
    pool.run(length.div_ceil(chunk), &|number| {
        let columns = number * chunk..length.min((number + 1) * chunk);
        // SAFETY: the pool calls this once for each number, and pieces of different numbers do not overlap.
        f(unsafe { arrays.part(0..1, columns) });
    });
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_value_is_written_once_however_the_arrays_are_cut() {
        for threads in [1, 2, 3] {
            let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
            for shape in [(64, 256), (90, 97), (1, 9000), (9000, 1), (3, 5), (0, 7)] {
                let mut next = 0.0;
                let x = Array2::from_shape_simple_fn(shape, || {
                    next += 1.0;
                    next
                });
                let (mut y, mut z) = (Array2::<f64>::zeros(shape), Array2::zeros(shape));
                for_each_part(&pool, Cost::Dear, [x.view()], y.view_mut(), |part| part.write(|[x]| 2.0 * x));
                for_each_part(&pool, Cost::Dear, [x.view(), y.view()], z.view_mut(), |part| part.write(|[x, y]| x + y));
                assert!(y == &x * 2.0 && z == &x * 3.0, "{shape:?} on {threads} threads");
            }
        }
    }
}
