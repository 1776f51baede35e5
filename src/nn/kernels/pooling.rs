//! Max pooling over the planes of an image.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::ops::Range;

use super::{
    elementwise::DisjointSlice,
    instructions::{VectorWork, run_vectorized},
    pool::Pool,
};
use crate::nn::{Scalar, window::Window};

/// Values of a chunk of planes for the threads.
const CHUNK_VALUES: usize = 1 << 14;

/// Writes the largest value of every window into `y` (planes, places), and into `winners` its position on its plane of
/// `x` (planes, height · width). Of equal values the first one wins, rows first, and a NaN always does.
///
/// # Panics
///
/// If the slices are not those of whole planes of one batch.
pub fn max_pool<T: Scalar>(pool: &Pool, window: &Window, x: &[T], y: &mut [T], winners: &mut [u32]) {
    let planes = y.len() / window.places();
    assert!(planes * window.plane() == x.len() && winners.len() == y.len(), "planes of one batch");
    let (y, winners) = (DisjointSlice::new(y), DisjointSlice::new(winners));
    for_each_chunk_of_planes(pool, planes, window, |first, count| {
        let (places, plane) = (window.places(), window.plane());
        let part = first * places..(first + count) * places;
        // SAFETY: each chunk has planes of its own.
        let (y, winners) = unsafe { (y.range_mut(part.clone()), winners.range_mut(part)) };
        let x = &x[first * plane..(first + count) * plane];
        let fits = (PLACE_LANES - 1) * window.stride + window.kernel.1 <= MAX_ROW_VALUES
            && window.kernel.0 <= MAX_BUFFERED_ROWS;
        match window.stride {
            1 if fits => run_vectorized(MaxPoolKernel::<T, 1> { window, x, y, winners }),
            2 if fits => run_vectorized(MaxPoolKernel::<T, 2> { window, x, y, winners }),
            3 if fits => run_vectorized(MaxPoolKernel::<T, 3> { window, x, y, winners }),
            _ => max_pool_any_window(window, x, y, winners),
        }
    });
}

/// Adds every value of `dy` (planes, places) to where its winner came from: `dx` (planes, height · width).
pub fn max_pool_backward<T: Scalar>(pool: &Pool, window: &Window, winners: &[u32], dy: &[T], dx: &mut [T]) {
    let planes = dx.len() / window.plane();
    let dx = DisjointSlice::new(dx);
    for_each_chunk_of_planes(pool, planes, window, |first, count| {
        for number in first..first + count {
            // SAFETY: each chunk has planes of its own.
            let dx = unsafe { dx.range_mut(number * window.plane()..(number + 1) * window.plane()) };
            dx.fill(T::zero());
            let places = number * window.places()..(number + 1) * window.places();
            for (&dy, &winner) in dy[places.clone()].iter().zip(&winners[places]) {
                dx[winner as usize] += dy;
            }
        }
    });
}

/// Calls `f` with the first plane and the number of planes of each chunk.
fn for_each_chunk_of_planes(pool: &Pool, planes: usize, window: &Window, f: impl Fn(usize, usize) + Sync) {
    let count = (CHUNK_VALUES / window.plane()).max(1);
    pool.run(planes.div_ceil(count), &|chunk| f(chunk * count, count.min(planes - chunk * count)));
}

/// Places that are worked on side by side.
const PLACE_LANES: usize = 16;

/// Values of a row that these places see at most.
const MAX_ROW_VALUES: usize = 64;

/// Rows of a plane that are at hand at a time, at least as many as a window has.
const MAX_BUFFERED_ROWS: usize = 16;

/// Some planes; the stride is that of the window.
struct MaxPoolKernel<'a, T, const STRIDE: usize> {
    window: &'a Window,
    x: &'a [T],
    y: &'a mut [T],
    winners: &'a mut [u32],
}

impl<T: Scalar, const STRIDE: usize> VectorWork for MaxPoolKernel<'_, T, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { window: w, x, y, winners } = self;
        let band = (MAX_BUFFERED_ROWS - w.kernel.0) / STRIDE + 1;
        for place in (0..w.out_width).step_by(PLACE_LANES) {
            let seen = WindowRow::<STRIDE>::new(w, place, PLACE_LANES.min(w.out_width - place));
            // Columns of the padding stay like this, and never win; the others are written for each plane, but for rows
            // of the padding, which are passed over.
            let mut rows = [[T::neg_infinity(); MAX_ROW_VALUES]; MAX_BUFFERED_ROWS];
            let outputs = y.chunks_exact_mut(w.places()).zip(winners.chunks_exact_mut(w.places()));
            for (x, (y, winners)) in x.chunks_exact(w.plane()).zip(outputs) {
                for first in (0..w.out_height).step_by(band) {
                    // Rows are copied long before they are read in other pieces than they were written in: a
                    // processor that has not written them to its cache yet would have to wait.
                    let last = w.out_height.min(first + band);
                    seen.copy_rows(x, first..last, &mut rows);
                    for out in first..last {
                        let (largest, positions) = seen.find_winners(&rows[(out - first) * STRIDE..], out);
                        let places = out * w.out_width + place..out * w.out_width + place + seen.count;
                        y[places.clone()].copy_from_slice(&largest[..seen.count]);
                        winners[places].copy_from_slice(&positions[..seen.count]);
                    }
                }
            }
        }
    }
}

/// What `count` windows beside each other see of the rows, from the place on.
struct WindowRow<'a, const STRIDE: usize> {
    window: &'a Window,
    place: usize,
    count: usize,
    /// First column that they see, and how many of the padding lie before it.
    begin: usize,
    skipped: usize,
    /// Columns of the plane that they see.
    inside: usize,
}

impl<'a, const STRIDE: usize> WindowRow<'a, STRIDE> {
    #[inline(always)]
    fn new(window: &'a Window, place: usize, count: usize) -> Self {
        let (left, seen) = (place * STRIDE, (count - 1) * STRIDE + window.kernel.1);
        let (skipped, begin) = (window.pad.1.saturating_sub(left), left.saturating_sub(window.pad.1));
        let inside = (seen - skipped.min(seen)).min(window.width.saturating_sub(begin));
        Self { window, place, count, begin, skipped, inside }
    }

    /// Copies the rows under the windows of these rows of outputs.
    #[inline(always)]
    fn copy_rows<T: Scalar>(&self, x: &[T], outs: Range<usize>, rows: &mut [[T; MAX_ROW_VALUES]; MAX_BUFFERED_ROWS]) {
        let w = self.window;
        for (number, row) in rows[..(outs.len() - 1) * STRIDE + w.kernel.0].iter_mut().enumerate() {
            let Some(y) = w.row_under(number, outs.start) else { continue };
            let from = &x[y * w.width + self.begin..][..self.inside];
            row[self.skipped..self.skipped + self.inside].iter_mut().zip(from).for_each(|(to, &x)| *to = x);
        }
    }

    /// The winners of the row `out`, under which these rows lie, and their positions.
    #[inline(always)]
    fn find_winners<T: Scalar>(
        &self,
        rows: &[[T; MAX_ROW_VALUES]],
        out: usize,
    ) -> ([T; PLACE_LANES], [u32; PLACE_LANES]) {
        let w = self.window;
        let (mut largest, mut positions) = ([T::neg_infinity(); PLACE_LANES], [0; PLACE_LANES]);
        let first_row = (out * STRIDE).saturating_sub(w.pad.0);
        for (lane, position) in positions.iter_mut().enumerate() {
            *position = (first_row * w.width + ((self.place + lane) * STRIDE).saturating_sub(w.pad.1)) as u32;
        }
        for (ky, row) in rows[..w.kernel.0].iter().enumerate() {
            let Some(y) = w.row_under(ky, out) else { continue };
            // Positions in the padding may wrap around, but never win.
            let start = (y * w.width + self.place * STRIDE) as u32;
            for kx in 0..w.kernel.1 {
                let challengers = &row[kx..=kx + (PLACE_LANES - 1) * STRIDE];
                let start = start.wrapping_add(kx as u32).wrapping_sub(w.pad.1 as u32);
                for lane in 0..PLACE_LANES {
                    let challenger = challengers[lane * STRIDE];
                    let wins = (challenger > largest[lane]) | challenger.is_nan();
                    largest[lane] = if wins { challenger } else { largest[lane] };
                    positions[lane] = if wins { start.wrapping_add((lane * STRIDE) as u32) } else { positions[lane] };
                }
            }
        }
        (largest, positions)
    }
}

/// Any window, place by place.
fn max_pool_any_window<T: Scalar>(w: &Window, x: &[T], y: &mut [T], winners: &mut [u32]) {
    for (place, (y, winner)) in y.iter_mut().zip(winners).enumerate() {
        let (plane, out) = (place / w.places(), place % w.places());
        let (x, columns) = (&x[plane * w.plane()..][..w.plane()], w.covered_columns(out % w.out_width));
        let rows = w.covered_rows(out / w.out_width);
        (*y, *winner) = (T::neg_infinity(), (rows.start * w.width + columns.start) as u32);
        for at in rows.flat_map(|row| columns.clone().map(move |column| row * w.width + column)) {
            if x[at] > *y || x[at].is_nan() {
                (*y, *winner) = (x[at], at as u32);
            }
        }
    }
}
