//! Two-dimensional convolution; as everywhere in deep learning, a cross-correlation.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{ImageScratch, Layer, PassContext};
use crate::nn::{
    Equations, Init, LayerCategory, LayerFacts, LayerPosition, Parameter, Scalar, Shape,
    init::InitialDraw,
    kernels::{
        elementwise::for_each_plane,
        matmul::{Start, matmul},
        pool::Pool,
        sums::{PlaneSums, sum},
        winograd::WinogradConv,
    },
    rows::{values, values_mut},
    window::Window,
};

/// Values of the unfolded input that are worked on at a time: 8 MiB of `f32`.
const BLOCK_VALUES: usize = 1 << 21;

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "conv",
    form: "conv CHANNELS HEIGHTxWIDTH [stride N] [pad N|HxW|same]",
    category: LayerCategory::Weights,
    properties: &[],
    equations: Equations {
        forward: &["y = W U(x) + b"],
        backward: &["∂L/∂W = dy U(x)ᵀ", "∂L/∂b = Σ dy", "∂L/∂U = Wᵀ dy"],
        symbols: "U(x) has a column for each place: what the kernel sees there",
    },
};

/// With x (batch, C, H, W), W (O, C, h, w), b (O), y (batch, O, H′, W′), stride t and padding q:
///
/// ```text
/// y[s,o,i,j] = b[o] + Σ_{c,k,l} W[o,c,k,l] · x[s, c, i·t + k - q, j·t + l - q]      x is 0 outside of the image
/// ```
///
/// That is a linear layer at every place (i,j), whose input is the part of the image under the kernel. Written as a
/// column for each place, these parts make a matrix U(x) (C·h·w, places), and y = W U(x) + b with W as (O, C·h·w). So
/// the gradients are those of a linear layer, summed over all places too:
///
/// ```text
/// ∂L/∂W = dy U(x)ᵀ     ∂L/∂b[o] = Σ_{s,i,j} dy[s,o,i,j]     ∂L/∂U = Wᵀ dy
/// ```
///
/// and as U copies each value of x to every place of the kernel that covers it, ∂L/∂x is the sum over these copies.
///
/// The batch is worked on in blocks of as many samples as `BLOCK_VALUES` allows, the same number whatever the threads;
/// the sums of ∂L/∂W go on from block to block.
///
/// Kernels of 3 × 3 that move one by one between many channels take the faster way of [`WinogradConv`].
///
/// Cached: nothing; U(x) is made again, which takes less time than memory of its size for every layer would. The
/// faster way keeps its transformed inputs.
pub struct Conv<T> {
    parameters: [Parameter<T>; 2],
    window: Window,
    /// O.
    channels: usize,
    /// Samples of a block.
    block: usize,
    /// The faster way, where there is one.
    fast: Option<WinogradConv<T>>,
    max_batch: usize,
}

impl<T: Scalar> Conv<T> {
    /// A layer to `channels` channels whose initial values follow from `init`, `seed` and its place in the network.
    pub fn new(
        position: &LayerPosition,
        window: Window,
        channels: usize,
        max_batch: usize,
        init: Init,
        seed: u64,
    ) -> Self {
        let (fan_in, (height, width)) = (window.values(), window.kernel);
        let mut draw = InitialDraw::new(init, seed, position.number, fan_in, channels * height * width);
        let shape = Shape::new([channels, window.channels, height, width]);
        let weight = Parameter::new(position, "weight", shape, || T::from_f64(draw.draw_weight()));
        let bias = Parameter::new(position, "bias", Shape::new([channels]), || T::from_f64(draw.draw_bias()));
        let block = block_samples(&window, max_batch);
        let fast = WinogradConv::new(&window, channels, max_batch);
        Self { parameters: [weight, bias], window, channels, block, fast, max_batch }
    }

    /// Makes room for this layer's matrix products and copies, so that no step has to.
    pub fn reserve(&self, pass: &mut PassContext<T>) {
        let PassContext { workspace, scratch, .. } = pass;
        if let Some(fast) = &self.fast {
            return scratch.reserve(fast.scratch_values(self.max_batch), 0);
        }
        for [m, k, n] in products(&self.window, self.channels, self.block) {
            workspace.reserve(m, k, n);
        }
        let places = self.block * self.window.places();
        scratch.reserve(self.window.values() * places, self.channels * places);
    }

    /// Works on this many samples at a time.
    #[cfg(test)]
    pub(super) fn set_block(&mut self, samples: usize) {
        self.block = samples;
    }

    /// The blocks of a batch.
    fn sample_blocks(&self, batch: usize) -> impl Iterator<Item = Range<usize>> + use<T> {
        let block = self.block;
        (0..batch).step_by(block).map(move |first| first..batch.min(first + block))
    }
}

/// Samples that are unfolded at a time.
pub fn block_samples(window: &Window, max_batch: usize) -> usize {
    (BLOCK_VALUES / (window.values() * window.places()).max(1)).clamp(1, max_batch)
}

/// The products of both passes for this many unfolded samples, (m, k) by (k, n) each.
pub fn products(window: &Window, channels: usize, samples: usize) -> [[usize; 3]; 3] {
    let (depth, places) = (window.values(), samples * window.places());
    [[channels, depth, places], [channels, places, depth], [depth, channels, places]]
}

impl<T: Scalar> Layer<T> for Conv<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let (batch, window, channels) = (x.nrows(), self.window, self.channels);
        let (x, y) = (values(x), values_mut(y));
        let [weight, bias] = &self.parameters;
        if let Some(fast) = &mut self.fast {
            return fast.forward(&pass.pool, &mut pass.scratch.locals, x, &weight.value, &bias.value, y);
        }
        for samples in self.sample_blocks(batch) {
            let places = samples.len() * window.places();
            let (columns, planes) = pass.scratch.buffers_mut(window.values() * places, channels * places);
            unfold(&pass.pool, &window, sample_values(x, &samples, window.channels * window.plane()), columns);
            // W U(x): (O, C·h·w) · (C·h·w, places)
            let (unfolded, product) = (as_matrix(columns, places), as_matrix_mut(planes, places));
            matmul(&pass.pool, &mut pass.workspace, weight.as_matrix(), unfolded, Start::Zero, product);
            let y = &mut y[samples.start * channels * window.places()..samples.end * channels * window.places()];
            // y (samples, O, places) = W U(x) (O, samples · places) + b (O)
            for_each_plane(&pass.pool, window.places(), window.places(), y, |number, y| {
                let (sample, channel) = (number / channels, number % channels);
                let b = bias.value[channel];
                for (y, &value) in y.iter_mut().zip(&planes[channel * places + sample * window.places()..]) {
                    *y = value + b;
                }
            });
        }
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let (batch, window, channels) = (x.nrows(), self.window, self.channels);
        let (x, dy, mut dx) = (values(x), values(dy), dx.map(values_mut));
        let blocks = self.sample_blocks(batch);
        let [weight, bias] = &mut self.parameters;
        // ∂L/∂b (O) = Σ over samples and places of dy (batch, O, places)
        sum_planes(&pass.pool, &mut pass.scratch.sums, dy, window.places(), &mut bias.gradient);
        if let Some(fast) = &self.fast {
            let ImageScratch { columns, locals, .. } = &mut pass.scratch;
            return fast.backward(&pass.pool, (columns, locals), &weight.value, dy, &mut weight.gradient, dx);
        }
        for samples in blocks {
            let places = samples.len() * window.places();
            let (columns, planes) = pass.scratch.buffers_mut(window.values() * places, channels * places);
            unfold(&pass.pool, &window, sample_values(x, &samples, window.channels * window.plane()), columns);
            gather_channel_rows(
                &pass.pool,
                sample_values(dy, &samples, channels * window.places()),
                window.places(),
                planes,
                channels,
            );
            // ∂L/∂W (O, C·h·w) += dy (O, places) · U(x)ᵀ (places, C·h·w)
            let start = if samples.start == 0 { Start::Zero } else { Start::Keep };
            let (d, u) = (as_matrix(planes, places), as_matrix(columns, places));
            matmul(&pass.pool, &mut pass.workspace, d, u.t(), start, weight.gradient_matrix_mut());
            if let Some(dx) = &mut dx {
                // ∂L/∂U (C·h·w, places) = Wᵀ (C·h·w, O) · dy (O, places), whose copies are added up
                let weights = weight.as_matrix();
                matmul(&pass.pool, &mut pass.workspace, weights.t(), d, Start::Zero, as_matrix_mut(columns, places));
                let features = window.channels * window.plane();
                fold(&pass.pool, &window, columns, &mut dx[samples.start * features..samples.end * features]);
            }
        }
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }
}

/// The values of some samples.
fn sample_values<'a, T>(x: &'a [T], samples: &Range<usize>, features: usize) -> &'a [T] {
    &x[samples.start * features..samples.end * features]
}

fn as_matrix<T>(values: &[T], columns: usize) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((values.len() / columns, columns), values).unwrap_or_else(|_| unreachable!())
}

fn as_matrix_mut<T>(values: &mut [T], columns: usize) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape((values.len() / columns, columns), values).unwrap_or_else(|_| unreachable!())
}

/// Writes U(x): row (c, k, l), column (s, i, j) is x[s, c, i·t + k - q, j·t + l - q], or 0 outside of the image.
fn unfold<T: Scalar>(pool: &Pool, window: &Window, x: &[T], columns: &mut [T]) {
    let row_length = columns.len() / window.values();
    for_each_plane(pool, row_length, row_length, columns, |row, out| {
        let (height, width) = window.kernel;
        let (channel, ky, kx) = (row / (height * width), row / width % height, row % width);
        let on = window.places_over_column(kx);
        for (sample, out) in out.chunks_exact_mut(window.places()).enumerate() {
            let plane = &x[(sample * window.channels + channel) * window.plane()..][..window.plane()];
            for (oy, out) in out.chunks_exact_mut(window.out_width).enumerate() {
                let Some(y) = window.row_under(ky, oy).filter(|_| !on.is_empty()) else {
                    out.fill(T::zero());
                    continue;
                };
                out[..on.start].fill(T::zero());
                out[on.end..].fill(T::zero());
                let from =
                    &plane[y * window.width + on.start * window.stride + kx - window.pad.1..(y + 1) * window.width];
                if window.stride == 1 {
                    out[on.clone()].copy_from_slice(&from[..on.len()]);
                } else {
                    out[on.clone()].iter_mut().zip(from.iter().step_by(window.stride)).for_each(|(out, &x)| *out = x);
                }
            }
        }
    });
}

/// Adds up what [`unfold`] copied: dx[s, c, ·] is the sum over all places at which it was copied to.
fn fold<T: Scalar>(pool: &Pool, window: &Window, columns: &[T], dx: &mut [T]) {
    let row_length = columns.len() / window.values();
    for_each_plane(pool, window.plane(), window.plane() * window.kernel.0 * window.kernel.1, dx, |number, dx| {
        let (sample, channel) = (number / window.channels, number % window.channels);
        dx.fill(T::zero());
        for ky in 0..window.kernel.0 {
            for kx in 0..window.kernel.1 {
                let row = (channel * window.kernel.0 + ky) * window.kernel.1 + kx;
                let from = &columns[row * row_length + sample * window.places()..][..window.places()];
                let on = window.places_over_column(kx);
                for (oy, from) in from.chunks_exact(window.out_width).enumerate() {
                    let Some(y) = window.row_under(ky, oy).filter(|_| !on.is_empty()) else { continue };
                    let to = &mut dx
                        [y * window.width + on.start * window.stride + kx - window.pad.1..(y + 1) * window.width];
                    if window.stride == 1 {
                        to.iter_mut().zip(&from[on.clone()]).for_each(|(dx, &du)| *dx += du);
                    } else {
                        to.iter_mut().step_by(window.stride).zip(&from[on.clone()]).for_each(|(dx, &du)| *dx += du);
                    }
                }
            }
        }
    });
}

/// Writes the planes of dy (samples, channels, places) as a row for each channel (channels, samples · places).
fn gather_channel_rows<T: Scalar>(pool: &Pool, dy: &[T], places: usize, rows: &mut [T], channels: usize) {
    let row_length = rows.len() / channels;
    for_each_plane(pool, row_length, row_length, rows, |channel, row| {
        for (sample, row) in row.chunks_exact_mut(places).enumerate() {
            row.copy_from_slice(&dy[(sample * channels + channel) * places..][..places]);
        }
    });
}

/// Sums dy (samples, channels, places) over samples and places.
fn sum_planes<T: Scalar>(pool: &Pool, plane_sums: &mut PlaneSums, dy: &[T], places: usize, sums: &mut [T]) {
    let channels = sums.len();
    let planes = plane_sums.of(pool, (dy.len() / places, places), |number| {
        [sum(&dy[number * places..(number + 1) * places], |dy| dy), 0.0]
    });
    for (channel, total) in sums.iter_mut().enumerate() {
        *total = T::from_f64(planes.iter().skip(channel).step_by(channels).map(|[sum, _]| sum).sum());
    }
}
