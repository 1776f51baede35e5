//! The outputs.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::ops::Range;

use super::{
    LeftOperand, TILES_PER_PASS, WINOGRAD_LANES, WinogradPlan, multiply_lanes,
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

/// See [`super::WinogradConv::forward`]; `inputs` is V.
pub(super) fn forward<T: Scalar, S: WinogradScheme<T, M, N> + Sync, const M: usize, const N: usize>(
    plan: &WinogradPlan,
    pool: &Pool,
    locals: &mut ThreadBuffers<T>,
    inputs: &mut [T],
    [x, weight, bias]: [&[T]; 3],
    y: &mut [T],
) {
    let samples = x.len() / (plan.channels * plan.plane_values());
    let blocks = plan.channels.div_ceil(WINOGRAD_LANES);
    {
        let v = DisjointSlice::new(inputs);
        pool.run(samples * blocks, &|chunk| {
            let (sample, block) = (chunk / blocks, chunk % blocks);
            run_vectorized(InputBlock::<T, S, M, N> {
                plan,
                x,
                v: &v,
                samples,
                sample,
                block,
                scheme: std::marker::PhantomData,
            });
        });
    }
    let depth = WinogradPlan::channels_at_a_time(plan.channels, samples * plan.tiles_per_plane(), TILES_PER_PASS);
    let (u_pitch, m_pitch) =
        (depth * WINOGRAD_LANES + WINOGRAD_LANES, TILES_PER_PASS * WINOGRAD_LANES + WINOGRAD_LANES);
    locals.reserve(pool, N * N * (u_pitch + m_pitch));
    let (y, v) = (DisjointSlice::new(y), &*inputs);
    pool.run(plan.outputs.div_ceil(WINOGRAD_LANES), &|block| {
        locals.with_buffer(|local| {
            let (u, m) = local.split_at_mut(N * N * u_pitch);
            let outputs = OutputBlock::<T, S, M, N> {
                plan,
                v,
                weight,
                bias,
                y: &y,
                u: (u, u_pitch),
                m: (m, m_pitch),
                samples,
                block,
                scheme: std::marker::PhantomData,
            };
            run_vectorized(outputs);
        });
    });
}

/// V of one block of channels of one sample.
struct InputBlock<'a, T, S, const M: usize, const N: usize> {
    plan: &'a WinogradPlan,
    x: &'a [T],
    v: &'a DisjointSlice<'a, T>,
    samples: usize,
    sample: usize,
    block: usize,
    scheme: std::marker::PhantomData<S>,
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> VectorWork for InputBlock<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { plan, samples, sample, block, .. } = self;
        let (width, plane) = (plan.width, plan.plane_values());
        let first = block * WINOGRAD_LANES;
        let lanes = WINOGRAD_LANES.min(plan.channels - first);
        let x = &self.x[(sample * plan.channels + first) * plane..][..lanes * plane];
        let (mut d, mut v) = (zero_square::<T, N>(), zero_square::<T, N>());
        for tile in 0..plan.tiles_per_plane() {
            let (row, column) = (tile / plan.across * M, tile % plan.across * M);
            for (i, d) in d.iter_mut().enumerate() {
                for (j, d) in d.iter_mut().enumerate() {
                    // The padding is 1, so the tile's inputs begin one before its outputs.
                    let (y, x_at) = (row + i, column + j);
                    if (1..=plan.height).contains(&y) && (1..=width).contains(&x_at) {
                        let from = &x[(y - 1) * width + x_at - 1..];
                        for (lane, d) in d[..lanes].iter_mut().enumerate() {
                            *d = from[lane * plane];
                        }
                    } else {
                        d.fill(T::zero());
                    }
                }
            }
            transform_square(&d, &mut v, S::input);
            let at = (block * samples + sample) * plan.tiles_per_plane() + tile;
            for (place, v) in v.as_flattened().iter().enumerate() {
                let start = place * plan.v_pitch(samples) + at * WINOGRAD_LANES;
                // SAFETY: each sample and block of channels has rows of its own.
                unsafe { self.v.range_mut(start..start + WINOGRAD_LANES) }.copy_from_slice(v);
            }
        }
    }
}

/// y of one block of output channels.
struct OutputBlock<'a, T, S, const M: usize, const N: usize> {
    plan: &'a WinogradPlan,
    v: &'a [T],
    weight: &'a [T],
    bias: &'a [T],
    y: &'a DisjointSlice<'a, T>,
    u: (&'a mut [T], usize),
    m: (&'a mut [T], usize),
    samples: usize,
    block: usize,
    scheme: std::marker::PhantomData<S>,
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> VectorWork for OutputBlock<'_, T, S, M, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let plan = self.plan;
        let tiles = self.samples * plan.tiles_per_plane();
        let depth = WinogradPlan::channels_at_a_time(plan.channels, tiles, TILES_PER_PASS);
        for channel in (0..plan.channels).step_by(depth) {
            let channels = channel..plan.channels.min(channel + depth);
            self.transform_weights(channels.clone());
            for start in (0..tiles).step_by(TILES_PER_PASS) {
                let rows = TILES_PER_PASS.min(tiles - start);
                self.multiply(channels.clone(), start, rows);
                if channels.end == plan.channels {
                    // A closure would be compiled for narrow vectors.
                    for row in 0..rows {
                        self.write_tile(row, start + row);
                    }
                }
            }
        }
    }
}

impl<T: Scalar, S: WinogradScheme<T, M, N>, const M: usize, const N: usize> OutputBlock<'_, T, S, M, N> {
    /// U\[c,o\] along o, for some channels.
    #[inline(always)]
    fn transform_weights(&mut self, channels: Range<usize>) {
        let first = self.block * WINOGRAD_LANES;
        let lanes = WINOGRAD_LANES.min(self.plan.outputs - first);
        let (u, pitch) = (&mut *self.u.0, self.u.1);
        let (mut kernels, mut transformed) = ([zero_square(); KERNELS_PER_GROUP], zero_square::<T, N>());
        for (number, channel) in channels.clone().enumerate() {
            // Kernels of one output are neighbours: some of each are fetched together.
            if number % KERNELS_PER_GROUP == 0 {
                let row = self.plan.channels * KERNEL_VALUES;
                let from = &self.weight[first * row + channel * KERNEL_VALUES..];
                prefetch_kernels((from, row), (KERNELS_PER_GROUP.min(channels.end - channel), lanes), &mut kernels);
                if channel + KERNELS_PER_GROUP < channels.end {
                    for from in from.chunks(row).take(lanes) {
                        prefetch(
                            from.get(KERNELS_PER_GROUP * KERNEL_VALUES..2 * KERNELS_PER_GROUP * KERNEL_VALUES)
                                .unwrap_or_default(),
                        );
                    }
                }
            }
            transform_square(&kernels[number % KERNELS_PER_GROUP], &mut transformed, S::kernel);
            for (place, values) in transformed.as_flattened().iter().enumerate() {
                u[place * pitch + number * WINOGRAD_LANES..][..WINOGRAD_LANES].copy_from_slice(values);
            }
        }
    }

    /// M\[p,o\] for the tiles from `start` on, or that much more of it.
    #[inline(always)]
    fn multiply(&mut self, channels: Range<usize>, start: usize, rows: usize) {
        let plan = self.plan;
        let (tiles, v_pitch) = (self.samples * plan.tiles_per_plane(), plan.v_pitch(self.samples));
        let ((u, u_pitch), (m, m_pitch)) = ((&*self.u.0, self.u.1), (&mut *self.m.0, self.m.1));
        for place in 0..N * N {
            let v = LeftOperand {
                values: &self.v[place * v_pitch + channels.start * tiles + start * WINOGRAD_LANES..],
                row: WINOGRAD_LANES,
                column: 1,
                span: WINOGRAD_LANES,
                next_span: tiles * WINOGRAD_LANES,
            };
            let (u, m) = (&u[place * u_pitch..], &mut m[place * m_pitch..]);
            multiply_lanes((rows, channels.len()), channels.start > 0, v, u, m);
        }
    }

    /// Writes the outputs of the tile `p`, whose sums are in `row` of M.
    #[inline(always)]
    fn write_tile(&self, row: usize, p: usize) {
        let plan = self.plan;
        let (sample, tile_row, tile_column) = plan.tile_position(p);
        let (top, left, first) = (tile_row * M, tile_column * M, self.block * WINOGRAD_LANES);
        let (height, width) = (M.min(plan.height - top), M.min(plan.width - left));
        let (mut m, mut y): (LaneSquare<T, N>, LaneSquare<T, M>) = (zero_square(), zero_square());
        for (place, m) in m.as_flattened_mut().iter_mut().enumerate() {
            m.copy_from_slice(&self.m.0[place * self.m.1 + row * WINOGRAD_LANES..][..WINOGRAD_LANES]);
        }
        transform_square(&m, &mut y, S::output);
        for lane in 0..WINOGRAD_LANES.min(plan.outputs - first) {
            let bias = self.bias[first + lane];
            let plane = (sample * plan.outputs + first + lane) * plan.plane_values() + top * plan.width + left;
            for (i, y) in y[..height].iter().enumerate() {
                let start = plane + i * plan.width;
                // SAFETY: each block of output channels has planes of its own.
                let out = unsafe { self.y.range_mut(start..start + width) };
                for (out, y) in out.iter_mut().zip(y) {
                    *out = y[lane] + bias;
                }
            }
        }
    }
}

/// The first kernels of some outputs, those of an output beside each other and the outputs `row` apart, as lanes.
fn prefetch_kernels<T: Scalar>(
    (from, row): (&[T], usize),
    (count, outputs): (usize, usize),
    kernels: &mut LaneKernels<T, KERNELS_PER_GROUP>,
) {
    let values = kernels.as_flattened_mut().as_flattened_mut();
    if (count, outputs) == (KERNELS_PER_GROUP, WINOGRAD_LANES) {
        transpose(
            (WINOGRAD_LANES, KERNELS_PER_GROUP * KERNEL_VALUES),
            (from, row),
            (values.as_flattened_mut(), WINOGRAD_LANES),
        );
        return;
    }
    for (lane, from) in from.chunks(row).take(outputs).enumerate() {
        for (values, from) in values.iter_mut().zip(&from[..count * KERNEL_VALUES]) {
            values[lane] = *from;
        }
    }
}
