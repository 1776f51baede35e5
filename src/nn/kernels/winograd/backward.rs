//! The gradients.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::{marker::PhantomData, ops::Range};

use super::{
    LANES, Left, Plan, product,
    scheme::{Scheme, Square, nested, zeros},
};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::Raw,
        locals::Locals,
        pool::Pool,
        wide::{Work, do_wide},
    },
};

/// See [`super::Winograd::backward`]; `inputs` is V, `scratch` holds W.
pub(super) fn backward<T: Scalar, S: Scheme<T, M, N> + Sync, const M: usize, const N: usize>(
    plan: &Plan,
    pool: &Pool,
    (scratch, locals): (&mut [T], &mut Locals<T>),
    [v, weight, dy]: [&[T]; 3],
    dw: &mut [T],
    dx: Option<&mut [T]>,
) {
    let samples = dy.len() / (plan.outputs * plan.plane());
    let tile_blocks = (samples * plan.tiles()).div_ceil(LANES);
    let (input_blocks, output_blocks) = (plan.channels.div_ceil(LANES), plan.outputs.div_ceil(LANES));
    {
        let w = Raw::new(scratch);
        pool.run(tile_blocks * output_blocks, &|chunk| {
            let (tiles, block) = (chunk / output_blocks, chunk % output_blocks);
            do_wide(Errors::<T, S, M, N> { plan, dy, w: &w, samples, tiles, block, scheme: PhantomData });
        });
    }
    let depth = Plan::depth(plan.outputs, samples * plan.tiles(), LANES);
    let (u_pitch, pitch) = (depth * LANES + LANES, LANES * LANES + LANES);
    locals.reserve(pool, N * N * (u_pitch + pitch));
    let (w, dw) = (&*scratch, Raw::new(dw));
    pool.run(output_blocks * input_blocks, &|chunk| {
        let (output, input) = (chunk / input_blocks, chunk % input_blocks);
        locals.with(|local| {
            let sums = (&mut *local, pitch);
            do_wide(Weights::<T, S, M, N> { plan, v, w, dw: &dw, sums, samples, output, input, scheme: PhantomData });
        });
    });
    let Some(dx) = dx else { return };
    let dx = Raw::new(dx);
    pool.run(input_blocks, &|block| {
        locals.with(|local| {
            let (u, sums) = local.split_at_mut(N * N * u_pitch);
            let (u, sums) = ((u, u_pitch), (sums, pitch));
            do_wide(Images::<T, S, M, N> { plan, w, weight, dx: &dx, u, sums, samples, block, scheme: PhantomData });
        });
    });
}

/// W of one block of tiles and one of output channels.
struct Errors<'a, T, S, const M: usize, const N: usize> {
    plan: &'a Plan,
    dy: &'a [T],
    w: &'a Raw<'a, T>,
    samples: usize,
    tiles: usize,
    block: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> Work for Errors<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, samples, tiles, block, .. } = self;
        let (mut y, mut w): (Square<T, M>, Square<T, N>) = (zeros(), zeros());
        let pitch = plan.w_pitch(samples);
        for output in block * LANES..plan.outputs.min((block + 1) * LANES) {
            for lane in 0..LANES.min(samples * plan.tiles() - tiles * LANES) {
                let (sample, row, column) = plan.place(tiles * LANES + lane);
                let (top, left) = (row * M, column * M);
                let plane = &self.dy[(sample * plan.outputs + output) * plan.plane()..][..plan.plane()];
                for (i, y) in y.iter_mut().enumerate() {
                    for (j, y) in y.iter_mut().enumerate() {
                        let inside = top + i < plan.height && left + j < plan.width;
                        y[lane] = if inside { plane[(top + i) * plan.width + left + j] } else { T::zero() };
                    }
                }
            }
            nested(&y, &mut w, S::output_transposed);
            for (place, w) in w.as_flattened().iter().enumerate() {
                let start = place * pitch + (tiles * plan.outputs + output) * LANES;
                // SAFETY: each block of tiles and output channel has a row of its own.
                unsafe { self.w.part(start..start + LANES) }.copy_from_slice(w);
            }
        }
    }
}

/// ∂L/∂g of one block of output channels and one of input channels.
struct Weights<'a, T, S, const M: usize, const N: usize> {
    plan: &'a Plan,
    v: &'a [T],
    w: &'a [T],
    dw: &'a Raw<'a, T>,
    sums: (&'a mut [T], usize),
    samples: usize,
    output: usize,
    input: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> Work for Weights<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, v, w, dw, sums: (sums, pitch), samples, output, input, .. } = self;
        let (first, channel, tiles) = (output * LANES, input * LANES, samples * plan.tiles());
        let rows = LANES.min(plan.outputs - first);
        let lanes = LANES.min(plan.channels - channel);
        for place in 0..N * N {
            let w = Left {
                values: &w[place * plan.w_pitch(samples) + first * LANES..],
                row: LANES,
                column: 1,
                span: LANES,
                next_span: plan.outputs * LANES,
            };
            let v = &v[place * plan.v_pitch(samples) + input * tiles * LANES..];
            product((rows, tiles), false, w, v, &mut sums[place * pitch..]);
        }
        let (mut e, mut g): (Square<T, N>, Square<T, 3>) = (zeros(), zeros());
        for row in 0..rows {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&sums[place * pitch + row * LANES..][..LANES]);
            }
            nested(&e, &mut g, S::kernel_transposed);
            let start = ((first + row) * plan.channels + channel) * 9;
            // SAFETY: each pair of blocks has kernels of its own.
            let dw = unsafe { dw.part(start..start + lanes * 9) };
            for (lane, dw) in dw.chunks_exact_mut(9).enumerate() {
                for (dw, g) in dw.iter_mut().zip(g.as_flattened()) {
                    *dw = g[lane];
                }
            }
        }
    }
}

/// ∂L/∂d of one block of input channels, added up.
struct Images<'a, T, S, const M: usize, const N: usize> {
    plan: &'a Plan,
    w: &'a [T],
    weight: &'a [T],
    dx: &'a Raw<'a, T>,
    u: (&'a mut [T], usize),
    sums: (&'a mut [T], usize),
    samples: usize,
    block: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> Work for Images<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (plan, first) = (self.plan, self.block * LANES);
        let channels = LANES.min(plan.channels - first);
        for sample in 0..self.samples {
            let start = (sample * plan.channels + first) * plan.plane();
            // SAFETY: each block of channels has planes of its own.
            unsafe { self.dx.part(start..start + channels * plan.plane()) }.fill(T::zero());
        }
        let tiles = self.samples * plan.tiles();
        let depth = Plan::depth(plan.outputs, tiles, LANES);
        for output in (0..plan.outputs).step_by(depth) {
            let outputs = output..plan.outputs.min(output + depth);
            self.transform_weights(outputs.clone(), channels);
            for block in 0..tiles.div_ceil(LANES) {
                self.multiply(outputs.clone(), block, channels);
                if outputs.end == plan.outputs {
                    self.add_up(block, channels);
                }
            }
        }
    }
}

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> Images<'_, T, S, M, N> {
    /// U\[c,o\] along c, for some output channels.
    #[inline(always)]
    fn transform_weights(&mut self, outputs: Range<usize>, channels: usize) {
        let (plan, first, (u, pitch)) = (self.plan, self.block * LANES, (&mut *self.u.0, self.u.1));
        let (mut g, mut transformed) = (zeros::<T, 3>(), zeros::<T, N>());
        for (number, output) in outputs.enumerate() {
            let from = &self.weight[(output * plan.channels + first) * 9..][..channels * 9];
            for (k, g) in g.as_flattened_mut().iter_mut().enumerate() {
                for (g, from) in g.iter_mut().zip(from.as_chunks::<9>().0) {
                    *g = from[k];
                }
            }
            nested(&g, &mut transformed, S::kernel);
            for (place, values) in transformed.as_flattened().iter().enumerate() {
                u[place * pitch + number * LANES..][..LANES].copy_from_slice(values);
            }
        }
    }

    /// D\[c,p\] for a block of tiles, or that much more of it.
    #[inline(always)]
    fn multiply(&mut self, outputs: Range<usize>, block: usize, channels: usize) {
        let plan = self.plan;
        let ((u, u_pitch), (sums, pitch)) = ((&*self.u.0, self.u.1), (&mut *self.sums.0, self.sums.1));
        for place in 0..N * N {
            let u = Left {
                values: &u[place * u_pitch..][..outputs.len() * LANES],
                row: 1,
                column: LANES,
                span: outputs.len(),
                next_span: 0,
            };
            let start = place * plan.w_pitch(self.samples) + (block * plan.outputs + outputs.start) * LANES;
            product((channels, outputs.len()), outputs.start > 0, u, &self.w[start..], &mut sums[place * pitch..]);
        }
    }

    /// Adds the tiles of a block to the planes they lie on.
    #[inline(always)]
    fn add_up(&self, block: usize, channels: usize) {
        let (plan, first, tiles) = (self.plan, self.block * LANES, self.samples * self.plan.tiles());
        let (mut e, mut d) = (zeros::<T, N>(), zeros::<T, N>());
        for channel in 0..channels {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&self.sums.0[place * self.sums.1 + channel * LANES..][..LANES]);
            }
            nested(&e, &mut d, S::input_transposed);
            for lane in 0..LANES.min(tiles - block * LANES) {
                let (sample, row, column) = plan.place(block * LANES + lane);
                let start = (sample * plan.channels + first + channel) * plan.plane();
                // SAFETY: each block of channels has planes of its own.
                let plane = unsafe { self.dx.part(start..start + plan.plane()) };
                add_tile(plan, plane, [row * M, column * M], &d, lane);
            }
        }
    }
}

/// Adds one lane of a tile of inputs, which begins one row and column before (`top`, `left`), to its plane.
#[inline(always)]
fn add_tile<T: Scalar, const N: usize>(
    plan: &Plan,
    plane: &mut [T],
    [top, left]: [usize; 2],
    d: &Square<T, N>,
    lane: usize,
) {
    let (from_row, from_column) = (usize::from(top == 0), usize::from(left == 0));
    let (rows, columns) = (N.min(plan.height + 1 - top), N.min(plan.width + 1 - left));
    for (i, d) in d.iter().enumerate().take(rows).skip(from_row) {
        let start = (top + i - 1) * plan.width + left + from_column - 1;
        let out = &mut plane[start..start + columns - from_column];
        for (out, d) in out.iter_mut().zip(&d[from_column..]) {
            *out += d[lane];
        }
    }
}
