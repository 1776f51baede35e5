//! Passes over all elements of a few arrays, cut into chunks for the threads. Where each chunk gives a result of its own,
//! such as a sum, the caller cuts by the length of the arrays alone, so that no result depends on the number of threads.
#![allow(unsafe_code)]

use std::ops::Range;

use super::{instructions::run_vectorized, pool::Pool};

/// What one element of a pass costs, which decides from how many elements on several threads are worth their cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementCost {
    /// A few additions and multiplications.
    Cheap,
    /// An exponential or the like.
    Expensive,
}

impl ElementCost {
    /// Elements that are worth a chunk of their own: some ten microseconds of work.
    pub(super) fn chunk_elements(self) -> usize {
        match self {
            Self::Cheap => 1 << 15,
            Self::Expensive => 1 << 11,
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
    let slices = slices.map(DisjointSlice::new);
    assert!(slices.iter().all(|slice| slice.length == length), "slices of one length");
    pool.run(length.div_ceil(chunk), &|number| {
        let range = number * chunk..length.min((number + 1) * chunk);
        // SAFETY: the pool calls this once for each number, and ranges of different numbers do not overlap.
        let parts = slices.each_ref().map(|slice| unsafe { slice.range_mut(range.clone()) });
        run_vectorized(|| f(range, parts));
    });
}

/// Cuts `out` into planes of `plane` values, such as the positions of a channel, and calls `f` with the number of each and
/// the plane, spread over the threads. `work` is what one plane costs, in cheap elements: chunks are large enough to be
/// worth a thread.
pub fn for_each_plane<T: Send>(
    pool: &Pool,
    plane: usize,
    work: usize,
    out: &mut [T],
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let planes = (ElementCost::Cheap.chunk_elements() / 2 / work.max(1)).max(1);
    for_each_chunk(pool, planes * plane, [out], |range, [out]| {
        for (number, out) in (range.start / plane..).zip(out.chunks_exact_mut(plane)) {
            f(number, out);
        }
    });
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
    let results = DisjointSlice::new(results);
    for_each_chunk(pool, chunk, slices, |range, parts| {
        let number = range.start / chunk;
        // SAFETY: each chunk has a number of its own, below the number of chunks.
        let result = unsafe { results.range_mut(number..number + 1) };
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
    let results = DisjointSlice::new(results);
    pool.run(length.div_ceil(chunk), &|number| {
        // SAFETY: the pool calls this once for each number.
        let result = unsafe { results.range_mut(number..number + 1) };
        result[0] = f(number * chunk..length.min((number + 1) * chunk));
    });
}

/// A mutable slice that several threads take disjoint parts of.
pub(super) struct DisjointSlice<'a, T> {
    start: *mut T,
    length: usize,
    slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: threads only reach it through `range_mut`, whose caller promises that parts do not overlap, so every element
// is used by one thread, which `T: Send` allows.
unsafe impl<T: Send> Sync for DisjointSlice<'_, T> {}

impl<'a, T> DisjointSlice<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), slice: std::marker::PhantomData }
    }

    /// The elements in `range`.
    ///
    /// # Safety
    ///
    /// No two parts that are alive at the same time may overlap.
    #[allow(clippy::mut_from_ref)] // Disjointness is the caller's promise.
    pub(super) unsafe fn range_mut(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: the range lies in the slice, which is borrowed for as long as `self` lives, and the caller promises
        // that no other part overlaps it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}
