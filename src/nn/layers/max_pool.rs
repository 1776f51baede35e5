//! Max pooling.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the caller's wide vectors.

use std::slice;

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

/// The values of a row from the one under column `kx` of the window at the place `first` on.
fn under<'a, T>(w: &Window, x: &'a [T], row: usize, kx: usize, first: usize) -> &'a [T] {
    &x[row * w.width + first * w.stride + kx - w.pad..(row + 1) * w.width]
}

/// Raises each y to the value of x at its place, `STRIDE` apart, if that is larger or NaN.
///
/// All windows of a row meet their next value at the same time and without a branch, so that the processor can do
/// several at once.
#[inline(always)]
fn raise<const STRIDE: usize, T: Scalar>(y: &mut [T], x: &[T]) {
    let larger = |y: T, x: T| if x > y || x.is_nan() { x } else { y };
    let (whole, rest) = x.as_chunks::<STRIDE>();
    for (y, x) in y.iter_mut().zip(whole) {
        *y = larger(*y, x[0]);
    }
    if let (Some(y), Some(&x)) = (y.get_mut(whole.len()), rest.first()) {
        *y = larger(*y, x);
    }
}

/// Makes the value of x at its place, `STRIDE` apart, the winner of each y that it equals; the first is at `place`.
#[inline(always)]
fn claim<const STRIDE: usize, T: Scalar>(winners: &mut [u32], y: &[T], x: &[T], place: u32) {
    let first = |winner: u32, y: T, x: T, place: u32| if x == y || x.is_nan() { place } else { winner };
    let (whole, rest) = x.as_chunks::<STRIDE>();
    for (i, ((winner, &y), x)) in (0..).zip(winners.iter_mut().zip(y).zip(whole)) {
        *winner = first(*winner, y, x[0], place + i * STRIDE as u32);
    }
    if let (Some(winner), Some(&x)) = (winners.get_mut(whole.len()), rest.first()) {
        *winner = first(*winner, y[whole.len()], x, place + (whole.len() * STRIDE) as u32);
    }
}

/// Adds the gradient `dy` of each window of a block of a row to the first of its values that is its largest, `y`.
#[inline]
fn give_to_winners<T: Scalar>(w: &Window, x: &[T], (y, dy): (&[T], &[T]), (oy, first): (usize, usize), dx: &mut [T]) {
    let mut winners = [0_u32; BLOCK];
    // From the last value of the windows to the first, so that the first of equals stays.
    for (row, kx) in w.rows(oy).rev().flat_map(|row| (0..w.kernel.1).rev().map(move |kx| (row, kx))) {
        let on = w.places_on(kx);
        let on = on.start.max(first)..on.end.min(first + BLOCK);
        if on.is_empty() {
            continue;
        }
        let place = (row * w.width + on.start * w.stride + kx - w.pad) as u32;
        let (winners, x) = (&mut winners[on.start - first..on.end - first], under(w, x, row, kx, on.start));
        match w.stride {
            1 => claim::<1, T>(winners, &y[on], x, place),
            2 => claim::<2, T>(winners, &y[on], x, place),
            _ => {
                for (i, (winner, y)) in (0..).zip(winners.iter_mut().zip(&y[on])) {
                    claim::<1, T>(slice::from_mut(winner), &[*y], &x[i * w.stride..], place + (i * w.stride) as u32);
                }
            }
        }
    }
    for (&winner, &dy) in winners.iter().zip(&dy[first..]) {
        dx[winner as usize] += dy;
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
                    let on = w.places_on(kx);
                    if on.is_empty() {
                        continue;
                    }
                    let (x, y) = (under(&w, x, row, kx, on.start), &mut y[on]);
                    match w.stride {
                        1 => raise::<1, T>(y, x),
                        2 => raise::<2, T>(y, x),
                        stride => (0..).zip(y).for_each(|(i, y)| raise::<1, T>(slice::from_mut(y), &x[i * stride..])),
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
