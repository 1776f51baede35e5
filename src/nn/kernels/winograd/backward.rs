//! The gradients.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::{marker::PhantomData, ops::Range};

use super::{
    LANES, Left, Plan, product,
    scheme::{GROUP, KERNEL, Kernels, Scheme, Square, nested, zeros},
};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::Raw,
        instructions::{VectorWork, run_vectorized},
        locals::Locals,
        pool::Pool,
        prefetch::prefetch,
        transpose::transpose,
    },
};

/// Values that are read to transpose a kernel for each lane: for the last one too as many as fill whole vectors.
const READ: usize = (LANES - 1) * KERNEL + GROUP;

/// Rows of weights or of their gradients that are fetched ahead.
const AHEAD: usize = 4;

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
            run_vectorized(Errors::<T, S, M, N> { plan, dy, w: &w, samples, tiles, block, scheme: PhantomData });
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
            run_vectorized(Weights::<T, S, M, N> {
                plan,
                v,
                w,
                dw: &dw,
                sums,
                samples,
                output,
                input,
                scheme: PhantomData,
            });
        });
    });
    let Some(dx) = dx else { return };
    let dx = Raw::new(dx);
    pool.run(input_blocks, &|block| {
        locals.with(|local| {
            let (u, sums) = local.split_at_mut(N * N * u_pitch);
            let (u, sums) = ((u, u_pitch), (sums, pitch));
            run_vectorized(Images::<T, S, M, N> {
                plan,
                w,
                weight,
                dx: &dx,
                u,
                sums,
                samples,
                block,
                scheme: PhantomData,
            });
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

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> VectorWork for Errors<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, samples, tiles, block, .. } = self;
        let (mut y, mut w): (Square<T, M>, Square<T, N>) = (zeros(), zeros());
        let pitch = plan.w_pitch(samples);
        let (places, lanes) = plan.places(tiles, samples);
        for output in block * LANES..plan.outputs.min((block + 1) * LANES) {
            for (lane, &(sample, row, column)) in places[..lanes].iter().enumerate() {
                let (top, left) = (row * M, column * M);
                let plane = &self.dy[(sample * plan.outputs + output) * plan.plane()..][..plan.plane()];
                let columns = M.min(plan.width - left);
                for (i, y) in y.iter_mut().enumerate() {
                    let row =
                        if top + i < plan.height { &plane[(top + i) * plan.width + left..][..columns] } else { &[] };
                    for (j, y) in y.iter_mut().enumerate() {
                        y[lane] = row.get(j).copied().unwrap_or_default();
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

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> VectorWork for Weights<'_, T, S, M, N> {
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
        let (mut e, mut kernels): (Square<T, N>, Kernels<T, 2>) = (zeros(), [zeros(); 2]);
        let mut gradients = [[T::zero(); GROUP]; LANES];
        for row in 0..rows {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&sums[place * pitch + row * LANES..][..LANES]);
            }
            nested(&e, &mut kernels[0], S::kernel_transposed);
            let values = kernels.as_flattened().as_flattened().as_flattened();
            transpose((GROUP, LANES), (values, LANES), (gradients.as_flattened_mut(), GROUP));
            let start = |row: usize| ((first + row) * plan.channels + channel) * KERNEL;
            // SAFETY: each pair of blocks has kernels of its own, of which one row is used at a time.
            let part = |row: usize| unsafe { dw.part(start(row)..start(row) + lanes * KERNEL) };
            if row + AHEAD < rows {
                prefetch(part(row + AHEAD));
            }
            let dw = part(row);
            for (dw, gradient) in dw.as_chunks_mut::<KERNEL>().0.iter_mut().zip(&gradients) {
                dw.copy_from_slice(&gradient[..KERNEL]);
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

impl<T: Scalar, S: Scheme<T, M, N>, const M: usize, const N: usize> VectorWork for Images<'_, T, S, M, N> {
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
        let (mut kernels, mut transformed): (Kernels<T, 2>, _) = ([zeros(); 2], zeros::<T, N>());
        let mut fetched = [T::zero(); READ];
        for (number, output) in outputs.enumerate() {
            let start = (output * plan.channels + first) * KERNEL;
            let ahead = start + AHEAD * plan.channels * KERNEL;
            prefetch(self.weight.get(ahead..ahead + channels * KERNEL).unwrap_or_default());
            let from = match self.weight[start..].first_chunk::<READ>() {
                Some(from) if channels == LANES => from,
                _ => {
                    fetched[..channels * KERNEL].copy_from_slice(&self.weight[start..][..channels * KERNEL]);
                    &fetched
                }
            };
            let values = kernels.as_flattened_mut().as_flattened_mut().as_flattened_mut();
            transpose((LANES, GROUP), (from, KERNEL), (values, LANES));
            nested(&kernels[0], &mut transformed, S::kernel);
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
        let (plan, first) = (self.plan, self.block * LANES);
        let (places, lanes) = plan.places(block, self.samples);
        let (mut e, mut d) = (zeros::<T, N>(), zeros::<T, N>());
        for channel in 0..channels {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&self.sums.0[place * self.sums.1 + channel * LANES..][..LANES]);
            }
            nested(&e, &mut d, S::input_transposed);
            for (lane, &(sample, row, column)) in places[..lanes].iter().enumerate() {
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
