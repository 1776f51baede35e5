//! Max pooling.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, Pass, values, values_mut};
use crate::nn::{Scalar, kernels::elementwise::for_each_plane, window::Window};

/// `y_o` = max over window o of `x_i`, on every channel. The padding never wins. Of equal values the first one does,
/// rows first, and a NaN always does, as in `PyTorch`.
///
/// `∂y_o/∂x_i` is 1 where i is the winner of window o and 0 elsewhere, so `∂L/∂x_i = Σ_{o won by i} dy_o`.
///
/// Cached: nothing; y is given again, and the winner is the first value of its window that equals it.
pub struct MaxPool {
    window: Window,
}

impl MaxPool {
    /// A layer whose window moves like this.
    pub fn new(window: Window) -> Self {
        Self { window }
    }
}

/// Windows of a row that are worked on at a time.
const BLOCK: usize = 64;

/// The values of a row that lie under column `kx` of the windows from the place `first` on.
#[inline]
fn under<'a, T>(
    w: &Window,
    x: &'a [T],
    row: usize,
    kx: usize,
    first: usize,
) -> impl Iterator<Item = &'a T> + use<'a, T> {
    // Where no window has its column on the image, this may begin behind the row.
    let start = (row * w.width + first * w.stride + kx).saturating_sub(w.pad).min((row + 1) * w.width);
    x[start..(row + 1) * w.width].iter().step_by(w.stride)
}

/// Adds the gradient `dy` of each window of a block of a row to the first of its values that is its largest, `y`.
#[inline]
fn give_to_winners<T: Scalar>(w: &Window, x: &[T], (y, dy): (&[T], &[T]), (oy, first): (usize, usize), dx: &mut [T]) {
    let mut winners = [0; BLOCK];
    // From the last value of the windows to the first, so that the first of equals stays.
    for (row, kx) in w.rows(oy).rev().flat_map(|row| (0..w.kernel.1).rev().map(move |kx| (row, kx))) {
        let on = w.places_on(kx);
        let on = on.start.max(first)..on.end.min(first + BLOCK);
        if on.is_empty() {
            continue;
        }
        let places = (row * w.width + on.start * w.stride + kx - w.pad..).step_by(w.stride);
        let windows = y[on.clone()].iter().zip(&mut winners[on.start - first..on.end - first]);
        for (((y, winner), &x), place) in windows.zip(under(w, x, row, kx, on.start)).zip(places) {
            *winner = if x == *y || x.is_nan() { place } else { *winner };
        }
    }
    for (&winner, &dy) in winners.iter().zip(&dy[first..]) {
        dx[winner] += dy;
    }
}

/// Place and value of the winner at (`oy`, `ox`) of a plane.
#[inline]
fn winner<T: Scalar>(w: &Window, x: &[T], oy: usize, ox: usize) -> (usize, T) {
    let columns = w.columns(ox);
    let (mut place, mut largest) = (w.rows(oy).start * w.width + columns.start, T::neg_infinity());
    for row in w.rows(oy) {
        let start = row * w.width + columns.start;
        for (at, &x) in (start..).zip(&x[start..start + columns.len()]) {
            if x > largest || x.is_nan() {
                (place, largest) = (at, x);
            }
        }
    }
    (place, largest)
}

impl<T: Scalar> Layer<T> for MaxPool {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut Pass<'_, T>) {
        let (x, w) = (values(x), self.window);
        for_each_plane(pass.pool, w.places(), w.plane(), values_mut(y), |number, y| {
            let x = &x[number * w.plane()..(number + 1) * w.plane()];
            y.fill(T::neg_infinity());
            for (oy, y) in y.chunks_exact_mut(w.out_width).enumerate() {
                for (row, kx) in w.rows(oy).flat_map(|row| (0..w.kernel.1).map(move |kx| (row, kx))) {
                    // All windows of the row meet their next value at the same time, without a branch.
                    let on = w.places_on(kx);
                    for (y, &x) in y[on.clone()].iter_mut().zip(under(&w, x, row, kx, on.start)) {
                        *y = if x > *y || x.is_nan() { x } else { *y };
                    }
                }
            }
        });
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut Pass<'_, T>,
    ) {
        let Some(dx) = dx else { return };
        let (x, y, dy, w) = (values(x), values(y), values(dy), self.window);
        for_each_plane(pass.pool, w.plane(), w.plane(), values_mut(dx), |number, dx| {
            dx.fill(T::zero());
            let x = &x[number * w.plane()..(number + 1) * w.plane()];
            for oy in 0..w.out_height {
                let start = number * w.places() + oy * w.out_width;
                let (y, dy) = (&y[start..start + w.out_width], &dy[start..start + w.out_width]);
                for first in (0..w.out_width).step_by(BLOCK) {
                    give_to_winners(&w, x, (y, dy), (oy, first), dx);
                }
            }
        });
    }

    fn choices(&self, x: ArrayView2<'_, T>, choices: &mut [Vec<u32>]) {
        let w = self.window;
        for (choices, x) in choices.iter_mut().zip(values(x).chunks_exact(w.channels * w.plane())) {
            for x in x.chunks_exact(w.plane()) {
                let places = (0..w.out_height).flat_map(|oy| (0..w.out_width).map(move |ox| (oy, ox)));
                choices.extend(places.map(|(oy, ox)| winner(&w, x, oy, ox).0 as u32));
            }
        }
    }

    fn has_kink(&self) -> bool {
        true
    }
}
