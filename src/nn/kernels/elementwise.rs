//! Passes over all elements of a few arrays, cut into chunks for the threads: of fixed length wherever chunks have results
//! of their own.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Zip};

use super::{
    pool::Pool,
    wide::{Work, do_wide},
};
use crate::nn::Scalar;

/// What one element of a pass costs, which decides from when on threads pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A few additions and multiplications.
    Cheap,
    /// An exponential or the like.
    Dear,
}

impl Cost {
    /// Elements that are worth a chunk of their own: some ten microseconds of work.
    pub(super) fn chunk(self) -> usize {
        match self {
            Self::Cheap => 1 << 15,
            Self::Dear => 1 << 11,
        }
    }
}

/// y = f(x), element by element; both arrays have the same shape.
///
/// Here as in the functions below, `f` should own the numbers it needs (`move`): of those it borrows, the compiler
/// does not know that writing y leaves them alone, and then makes no vectors.
pub fn map<T: Scalar>(
    pool: &Pool,
    cost: Cost,
    x: ArrayView2<'_, T>,
    mut y: ArrayViewMut2<'_, T>,
    f: impl Fn(T) -> T + Copy + Sync,
) {
    debug_assert_eq!(x.dim(), y.dim());
    let shape = x.dim();
    if let (Some(x), Some(y)) = (x.as_slice(), y.as_slice_mut()) {
        for_each_part(pool, cost, shape, y, |range, y| do_wide(Map { x: &x[range], y, f }));
    } else {
        Zip::from(y).and(x).for_each(|y, &x| *y = f(x));
    }
}

/// out = f(a, b), element by element; all arrays have the same shape.
pub fn zip<T: Scalar>(
    pool: &Pool,
    cost: Cost,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    mut out: ArrayViewMut2<'_, T>,
    f: impl Fn(T, T) -> T + Copy + Sync,
) {
    debug_assert!(a.dim() == b.dim() && a.dim() == out.dim());
    let shape = a.dim();
    if let (Some(a), Some(b), Some(out)) = (a.as_slice(), b.as_slice(), out.as_slice_mut()) {
        for_each_part(pool, cost, shape, out, |range, out| zip_slices(&a[range.clone()], &b[range], out, f));
    } else {
        Zip::from(out).and(a).and(b).for_each(|out, &a, &b| *out = f(a, b));
    }
}

/// Calls `f` with parts of a matrix in standard layout and their places, spread over the threads: chunks of neighbours
/// or, of a small matrix that is no taller than wide, each row's part of a strip of columns. A product of that form was
/// mostly computed by columns, and then each thread goes on with what it has itself written.
fn for_each_part<T: Send>(
    pool: &Pool,
    cost: Cost,
    (rows, columns): (usize, usize),
    out: &mut [T],
    f: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let strips = 2 * pool.threads();
    let width = columns.div_ceil(strips).next_multiple_of(STRIP);
    let small = (cost.chunk() / 4..=cost.chunk()).contains(&out.len());
    if !small || pool.threads() == 1 || rows > columns || width >= columns {
        return for_each_chunk(pool, cost.chunk(), [out], |range, [out]| f(range, out));
    }
    let out = Raw::new(out);
    pool.run(columns.div_ceil(width), &|strip| {
        for row in 0..rows {
            let range = row * columns + strip * width..row * columns + columns.min((strip + 1) * width);
            // SAFETY: the pool calls this once for each strip, and strips do not overlap.
            f(range.clone(), unsafe { out.part(range) });
        }
    });
}

/// Columns that a strip has at least, and a multiple of which it begins at: a line of `f32`.
const STRIP: usize = 16;

/// y = f(x), element by element, on this thread.
pub fn map_slice<T: Scalar>(x: &[T], y: &mut [T], f: impl Fn(T) -> T + Copy) {
    do_wide(Map { x, y, f });
}

/// out = f(a, b), element by element, on this thread.
pub fn zip_slices<T: Scalar>(a: &[T], b: &[T], out: &mut [T], f: impl Fn(T, T) -> T + Copy) {
    do_wide(ZipSlices { a, b, out, f });
}

struct Map<'a, T, F> {
    x: &'a [T],
    y: &'a mut [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> T> Work for Map<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = (self.f)(x);
        }
    }
}

struct ZipSlices<'a, T, F> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
    f: F,
}

impl<T: Scalar, F: Fn(T, T) -> T> Work for ZipSlices<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, (&a, &b)) in self.out.iter_mut().zip(self.a.iter().zip(self.b)) {
            *out = (self.f)(a, b);
        }
    }
}

/// Cuts slices of one length into chunks of `chunk` elements, the last one shorter, and calls `f` with the range and
/// the parts of each chunk, spread over the threads.
///
/// # Panics
///
/// If the slices differ in length or `chunk` is 0.
pub fn for_each_chunk<T: Send, const N: usize>(
    pool: &Pool,
    chunk: usize,
    slices: [&mut [T]; N],
    f: impl Fn(Range<usize>, [&mut [T]; N]) + Sync,
) {
    let length = slices.first().map_or(0, |slice| slice.len());
    let slices = slices.map(Raw::new);
    assert!(slices.iter().all(|slice| slice.length == length), "slices of one length");
    pool.run(length.div_ceil(chunk), &|number| {
        let range = number * chunk..length.min((number + 1) * chunk);
        // SAFETY: the pool calls this once for each number, and ranges of different numbers do not overlap.
        let parts = slices.each_ref().map(|slice| unsafe { slice.part(range.clone()) });
        with_wide_vectors(|| f(range, parts));
    });
}

/// Cuts `out` into planes of `plane` values and calls `f` with the number of each and the plane, spread over the
/// threads in chunks that `work`, what a plane costs in about the time of one value each, makes worth it.
pub fn for_each_plane<T: Send>(
    pool: &Pool,
    plane: usize,
    work: usize,
    out: &mut [T],
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let planes = (Cost::Cheap.chunk() / 2 / work.max(1)).max(1);
    for_each_chunk(pool, planes * plane, [out], |range, [out]| {
        for (number, out) in (range.start / plane..).zip(out.chunks_exact_mut(plane)) {
            f(number, out);
        }
    });
}

/// Calls `f` compiled for the widest vectors this processor has, where it is inlined.
///
/// Rust neither fuses nor reorders floating-point operations by itself, so the results are the same bits.
pub fn with_wide_vectors<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn with_avx2<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the processor has the instructions.
        return unsafe { with_avx2(f) };
    }
    f()
}

/// As [`for_each_chunk`], with a result for each chunk, in their order.
///
/// # Panics
///
/// If the slices differ in length, `chunk` is 0, or there are not as many results as chunks.
pub fn map_chunks<T: Send, R: Send, const N: usize>(
    pool: &Pool,
    chunk: usize,
    slices: [&mut [T]; N],
    results: &mut [R],
    f: impl Fn(Range<usize>, [&mut [T]; N]) -> R + Sync,
) {
    let length = slices.first().map_or(0, |slice| slice.len());
    assert_eq!(results.len(), length.div_ceil(chunk), "one result a chunk");
    let results = Raw::new(results);
    for_each_chunk(pool, chunk, slices, |range, parts| {
        let number = range.start / chunk;
        // SAFETY: each chunk has a number of its own, below the number of chunks.
        let result = unsafe { results.part(number..number + 1) };
        result[0] = f(range, parts);
    });
}

/// Cuts `0..length` into chunks, the last one shorter, and writes what `f` makes of each to its place among `results`.
///
/// # Panics
///
/// If `chunk` is 0, or there are more chunks than results.
pub fn map_ranges<R: Send>(
    pool: &Pool,
    length: usize,
    chunk: usize,
    results: &mut [R],
    f: impl Fn(Range<usize>) -> R + Sync,
) {
    let results = Raw::new(results);
    pool.run(length.div_ceil(chunk), &|number| {
        // SAFETY: the pool calls this once for each number.
        let result = unsafe { results.part(number..number + 1) };
        result[0] = f(number * chunk..length.min((number + 1) * chunk));
    });
}

/// A mutable slice that several threads take disjoint parts of.
pub(super) struct Raw<'a, T> {
    start: *mut T,
    length: usize,
    slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: threads only reach it through `part`, whose caller promises that parts do not overlap, so every element is
// used by one thread, which `T: Send` allows.
unsafe impl<T: Send> Sync for Raw<'_, T> {}

impl<'a, T> Raw<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: std::marker::PhantomData }
    }

    /// The elements in `range`.
    ///
    /// # Safety
    ///
    /// No two parts that are alive at the same time may overlap.
    #[allow(clippy::mut_from_ref)] // Disjointness is the caller's promise.
    pub(super) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: the range lies in the slice, which is borrowed for as long as `self` lives, and the caller promises
        // that nobody else has any of it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_element_is_passed_once_however_the_matrix_is_cut() {
        for threads in [1, 2, 3, 4] {
            let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
            for shape in [(64, 256), (100, 100), (90, 97), (300, 30), (1, 9000), (9000, 1), (200, 400), (3, 5), (0, 7)]
            {
                let mut next = 0.0;
                let x = Array2::from_shape_simple_fn(shape, || {
                    next += 1.0;
                    next
                });
                let (mut y, mut z) = (Array2::<f64>::zeros(shape), Array2::zeros(shape));
                map(&pool, Cost::Cheap, x.view(), y.view_mut(), |x| 2.0 * x);
                zip(&pool, Cost::Dear, x.view(), y.view(), z.view_mut(), |x, y| x + y);
                assert!(y == &x * 2.0 && z == &x * 3.0, "{shape:?} on {threads} threads");
            }
        }
    }
}
