//! The gradients.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::{marker::PhantomData, ops::Range};

use super::{
    LeftOperand, WINOGRAD_LANES, WinogradPlan, multiply_lanes,
    scheme::{
        KERNEL_VALUES, KERNELS_PER_GROUP, LaneKernels, LaneSquare, WinogradScheme, transform_square, zero_square,
    },
};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::DisjointSlice,
        instructions::{VectorWork, run_vectorized},
        locals::ThreadBuffers,
        pool::Pool,
        prefetch::prefetch,
        transpose::transpose,
    },
};

/// Values that are read to transpose a kernel for each lane: for the last one too as many as fill whole vectors.
const TRANSPOSE_READ_VALUES: usize = (WINOGRAD_LANES - 1) * KERNEL_VALUES + KERNELS_PER_GROUP;

/// Rows of weights or of their gradients that are fetched ahead.
const PREFETCHED_ROWS: usize = 4;

/// See [`super::WinogradConv::backward`]; `inputs` is V, `scratch` holds Z.
pub(super) fn backward<T: Scalar, S: WinogradScheme<T, M, N> + Sync, const M: usize, const N: usize>(
    plan: &WinogradPlan,
    pool: &Pool,
    (scratch, locals): (&mut [T], &mut ThreadBuffers<T>),
    [v, weight, dy]: [&[T]; 3],
    dw: &mut [T],
    dx: Option<&mut [T]>,
) {
    let samples = dy.len() / (plan.outputs * plan.plane_values());
    let tile_blocks = (samples * plan.tiles_per_plane()).div_ceil(WINOGRAD_LANES);
    let (input_blocks, output_blocks) = (plan.channels.div_ceil(WINOGRAD_LANES), plan.outputs.div_ceil(WINOGRAD_LANES));
    {
        let z = DisjointSlice::new(scratch);
        pool.run(tile_blocks * output_blocks, &|chunk| {
            let (tiles, block) = (chunk / output_blocks, chunk % output_blocks);
            run_vectorized(OutputGradientBlock::<T, S, M, N> {
                plan,
                dy,
                z: &z,
                samples,
                tiles,
                block,
                scheme: PhantomData,
            });
        });
    }
    let depth = WinogradPlan::channels_at_a_time(plan.outputs, samples * plan.tiles_per_plane(), WINOGRAD_LANES);
    let (u_pitch, pitch) = (depth * WINOGRAD_LANES + WINOGRAD_LANES, WINOGRAD_LANES * WINOGRAD_LANES + WINOGRAD_LANES);
    locals.reserve(pool, N * N * (u_pitch + pitch));
    let (z, dw) = (&*scratch, DisjointSlice::new(dw));
    pool.run(output_blocks * input_blocks, &|chunk| {
        let (output, input) = (chunk / input_blocks, chunk % input_blocks);
        locals.with_buffer(|local| {
            let sums = (&mut *local, pitch);
            run_vectorized(WeightGradientBlock::<T, S, M, N> {
                plan,
                v,
                z,
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
    let dx = DisjointSlice::new(dx);
    pool.run(input_blocks, &|block| {
        locals.with_buffer(|local| {
            let (u, sums) = local.split_at_mut(N * N * u_pitch);
            let (u, sums) = ((u, u_pitch), (sums, pitch));
            run_vectorized(InputGradientBlock::<T, S, M, N> {
                plan,
                z,
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

/// Z of one block of tiles and one of output channels.
struct OutputGradientBlock<'a, T, S, const M: usize, const N: usize> {
    plan: &'a WinogradPlan,
    dy: &'a [T],
    z: &'a DisjointSlice<'a, T>,
    samples: usize,
    tiles: usize,
    block: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> VectorWork
    for OutputGradientBlock<'_, T, S, M, N>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, samples, tiles, block, .. } = self;
        let (mut y, mut z): (LaneSquare<T, M>, LaneSquare<T, N>) = (zero_square(), zero_square());
        let pitch = plan.z_pitch(samples);
        let (places, lanes) = plan.block_positions(tiles, samples);
        for output in block * WINOGRAD_LANES..plan.outputs.min((block + 1) * WINOGRAD_LANES) {
            for (lane, &(sample, row, column)) in places[..lanes].iter().enumerate() {
                let (top, left) = (row * M, column * M);
                let plane = &self.dy[(sample * plan.outputs + output) * plan.plane_values()..][..plan.plane_values()];
                let columns = M.min(plan.width - left);
                for (i, y) in y.iter_mut().enumerate() {
                    let row =
                        if top + i < plan.height { &plane[(top + i) * plan.width + left..][..columns] } else { &[] };
                    for (j, y) in y.iter_mut().enumerate() {
                        y[lane] = row.get(j).copied().unwrap_or_default();
                    }
                }
            }
            transform_square(&y, &mut z, S::output_transposed);
            for (place, z) in z.as_flattened().iter().enumerate() {
                let start = place * pitch + (tiles * plan.outputs + output) * WINOGRAD_LANES;
                // SAFETY: each block of tiles and output channel has a row of its own.
                unsafe { self.z.range_mut(start..start + WINOGRAD_LANES) }.copy_from_slice(z);
            }
        }
    }
}

/// ∂L/∂g of one block of output channels and one of input channels.
struct WeightGradientBlock<'a, T, S, const M: usize, const N: usize> {
    plan: &'a WinogradPlan,
    v: &'a [T],
    z: &'a [T],
    dw: &'a DisjointSlice<'a, T>,
    sums: (&'a mut [T], usize),
    samples: usize,
    output: usize,
    input: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> VectorWork
    for WeightGradientBlock<'_, T, S, M, N>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, v, z, dw, sums: (sums, pitch), samples, output, input, .. } = self;
        let (first, channel, tiles) =
            (output * WINOGRAD_LANES, input * WINOGRAD_LANES, samples * plan.tiles_per_plane());
        let rows = WINOGRAD_LANES.min(plan.outputs - first);
        let lanes = WINOGRAD_LANES.min(plan.channels - channel);
        for place in 0..N * N {
            let z = LeftOperand {
                values: &z[place * plan.z_pitch(samples) + first * WINOGRAD_LANES..],
                row: WINOGRAD_LANES,
                column: 1,
                span: WINOGRAD_LANES,
                next_span: plan.outputs * WINOGRAD_LANES,
            };
            let v = &v[place * plan.v_pitch(samples) + input * tiles * WINOGRAD_LANES..];
            multiply_lanes((rows, tiles), false, z, v, &mut sums[place * pitch..]);
        }
        let (mut e, mut kernels): (LaneSquare<T, N>, LaneKernels<T, 2>) = (zero_square(), [zero_square(); 2]);
        let mut gradients = [[T::zero(); KERNELS_PER_GROUP]; WINOGRAD_LANES];
        for row in 0..rows {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&sums[place * pitch + row * WINOGRAD_LANES..][..WINOGRAD_LANES]);
            }
            transform_square(&e, &mut kernels[0], S::kernel_transposed);
            let values = kernels.as_flattened().as_flattened().as_flattened();
            transpose(
                (KERNELS_PER_GROUP, WINOGRAD_LANES),
                (values, WINOGRAD_LANES),
                (gradients.as_flattened_mut(), KERNELS_PER_GROUP),
            );
            let start = |row: usize| ((first + row) * plan.channels + channel) * KERNEL_VALUES;
            // SAFETY: each pair of blocks has kernels of its own, of which one row is used at a time.
            let part = |row: usize| unsafe { dw.range_mut(start(row)..start(row) + lanes * KERNEL_VALUES) };
            if row + PREFETCHED_ROWS < rows {
                prefetch(part(row + PREFETCHED_ROWS));
            }
            let dw = part(row);
            for (dw, gradient) in dw.as_chunks_mut::<KERNEL_VALUES>().0.iter_mut().zip(&gradients) {
                dw.copy_from_slice(&gradient[..KERNEL_VALUES]);
            }
        }
    }
}

/// ∂L/∂d of one block of input channels, added up.
struct InputGradientBlock<'a, T, S, const M: usize, const N: usize> {
    plan: &'a WinogradPlan,
    z: &'a [T],
    weight: &'a [T],
    dx: &'a DisjointSlice<'a, T>,
    u: (&'a mut [T], usize),
    sums: (&'a mut [T], usize),
    samples: usize,
    block: usize,
    scheme: PhantomData<S>,
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> VectorWork
    for InputGradientBlock<'_, T, S, M, N>
{
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (plan, first) = (self.plan, self.block * WINOGRAD_LANES);
        let channels = WINOGRAD_LANES.min(plan.channels - first);
        for sample in 0..self.samples {
            let start = (sample * plan.channels + first) * plan.plane_values();
            // SAFETY: each block of channels has planes of its own.
            unsafe { self.dx.range_mut(start..start + channels * plan.plane_values()) }.fill(T::zero());
        }
        let tiles = self.samples * plan.tiles_per_plane();
        let depth = WinogradPlan::channels_at_a_time(plan.outputs, tiles, WINOGRAD_LANES);
        for output in (0..plan.outputs).step_by(depth) {
            let outputs = output..plan.outputs.min(output + depth);
            self.transform_weights(outputs.clone(), channels);
            for block in 0..tiles.div_ceil(WINOGRAD_LANES) {
                self.multiply(outputs.clone(), block, channels);
                if outputs.end == plan.outputs {
                    self.add_up(block, channels);
                }
            }
        }
    }
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> InputGradientBlock<'_, T, S, M, N> {
    /// U\[c,o\] along c, for some output channels.
    #[inline(always)]
    fn transform_weights(&mut self, outputs: Range<usize>, channels: usize) {
        let (plan, first, (u, pitch)) = (self.plan, self.block * WINOGRAD_LANES, (&mut *self.u.0, self.u.1));
        let (mut kernels, mut transformed): (LaneKernels<T, 2>, _) = ([zero_square(); 2], zero_square::<T, N>());
        let mut fetched = [T::zero(); TRANSPOSE_READ_VALUES];
        for (number, output) in outputs.enumerate() {
            let start = (output * plan.channels + first) * KERNEL_VALUES;
            let ahead = start + PREFETCHED_ROWS * plan.channels * KERNEL_VALUES;
            prefetch(self.weight.get(ahead..ahead + channels * KERNEL_VALUES).unwrap_or_default());
            let from = match self.weight[start..].first_chunk::<TRANSPOSE_READ_VALUES>() {
                Some(from) if channels == WINOGRAD_LANES => from,
                _ => {
                    fetched[..channels * KERNEL_VALUES]
                        .copy_from_slice(&self.weight[start..][..channels * KERNEL_VALUES]);
                    &fetched
                }
            };
            let values = kernels.as_flattened_mut().as_flattened_mut().as_flattened_mut();
            transpose((WINOGRAD_LANES, KERNELS_PER_GROUP), (from, KERNEL_VALUES), (values, WINOGRAD_LANES));
            transform_square(&kernels[0], &mut transformed, S::kernel);
            for (place, values) in transformed.as_flattened().iter().enumerate() {
                u[place * pitch + number * WINOGRAD_LANES..][..WINOGRAD_LANES].copy_from_slice(values);
            }
        }
    }

    /// D\[c,p\] for a block of tiles, or that much more of it.
    #[inline(always)]
    fn multiply(&mut self, outputs: Range<usize>, block: usize, channels: usize) {
        let plan = self.plan;
        let ((u, u_pitch), (sums, pitch)) = ((&*self.u.0, self.u.1), (&mut *self.sums.0, self.sums.1));
        for place in 0..N * N {
            let u = LeftOperand {
                values: &u[place * u_pitch..][..outputs.len() * WINOGRAD_LANES],
                row: 1,
                column: WINOGRAD_LANES,
                span: outputs.len(),
                next_span: 0,
            };
            let start = place * plan.z_pitch(self.samples) + (block * plan.outputs + outputs.start) * WINOGRAD_LANES;
            multiply_lanes(
                (channels, outputs.len()),
                outputs.start > 0,
                u,
                &self.z[start..],
                &mut sums[place * pitch..],
            );
        }
    }

    /// Adds the tiles of a block to the planes they lie on.
    #[inline(always)]
    fn add_up(&self, block: usize, channels: usize) {
        let (plan, first) = (self.plan, self.block * WINOGRAD_LANES);
        let (places, lanes) = plan.block_positions(block, self.samples);
        let (mut e, mut d) = (zero_square::<T, N>(), zero_square::<T, N>());
        for channel in 0..channels {
            for (place, e) in e.as_flattened_mut().iter_mut().enumerate() {
                e.copy_from_slice(&self.sums.0[place * self.sums.1 + channel * WINOGRAD_LANES..][..WINOGRAD_LANES]);
            }
            transform_square(&e, &mut d, S::input_transposed);
            for (lane, &(sample, row, column)) in places[..lanes].iter().enumerate() {
                let start = (sample * plan.channels + first + channel) * plan.plane_values();
                // SAFETY: each block of channels has planes of its own.
                let plane = unsafe { self.dx.range_mut(start..start + plan.plane_values()) };
                add_tile(plan, plane, [row * M, column * M], &d, lane);
            }
        }
    }
}

/// Adds one lane of a tile of inputs, which begins one row and column before (`top`, `left`), to its plane.
#[inline(always)]
fn add_tile<T: Scalar, const N: usize>(
    plan: &WinogradPlan,
    plane: &mut [T],
    [top, left]: [usize; 2],
    d: &LaneSquare<T, N>,
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
