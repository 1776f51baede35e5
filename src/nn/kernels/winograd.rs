//! Convolution with a 3 × 3 kernel, stride 1 and padding 1 by Winograd's algorithm (Lavin and Gray 2016).
//!
//! The image is cut into tiles of M × M outputs, each computed from N × N inputs, N = M + 2. With the small matrices of
//! `scheme`, a tile of outputs of one channel is
//!
//! ```text
//! Y = Aᵀ[Σ_c U_c ⊙ V_c]A     U = G g Gᵀ (of the kernel)     V = Bᵀ d B (of the inputs)
//! ```
//!
//! so for each of the N² places ξ of a transformed tile there is one matrix product over the channels, with 4 (M = 4)
//! or 2.25 (M = 2) times fewer multiplications than the definition has. The algorithm is linear in g and in d, so its
//! transpose gives the gradients from the same products, with Z = A dY Aᵀ:
//!
//! ```text
//! ∂L/∂d = B [Σ_o U_o ⊙ Z_o] Bᵀ     (tiles overlap and are added up)        ∂L/∂g = Gᵀ[Σ_p V_p ⊙ Z_p]G
//! ```
//!
//! With p the tiles of all samples, c and o the channels, the three products for each ξ are M\[p,o\] = V U, D\[c,p\] =
//! U Z and E\[o,c\] = Z V. Each operand is stored in blocks of `WINOGRAD_LANES` columns: V\[p,c\] along c, Z\[o,p\]
//! along p, U\[c,o\] along o or c; so what stands on the right of a product is read as vectors, what stands on the left
//! value by value, and nothing is ever transposed. U, M, D and E only ever exist for one block of channels, in the
//! cache of the thread that works on it.
//!
//! Every output is added up by one thread in an order that the shapes alone decide.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

mod backward;
mod forward;
mod scheme;

use self::scheme::{FourOutputs, TwoOutputs, WINOGRAD_LANES};
use super::{
    locals::ThreadBuffers,
    pool::Pool,
    tile::{TileTask, Tiles},
};
use crate::nn::{Scalar, window::Window};

/// Fewest channels on either side for which the transforms pay.
const MIN_CHANNELS: usize = 16;

/// Tiles that a thread takes through all products before it goes on to the next.
const TILES_PER_PASS: usize = 64;

/// Channels that are worked on at a time where one block holds all tiles: so many that their U stays in the cache. With
/// several blocks it has to be read again for each in any case.
const CACHED_CHANNELS: usize = 256;

/// Outputs of a tile along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TileSize {
    TwoOutputs,
    FourOutputs,
}

impl TileSize {
    fn outputs(self) -> usize {
        match self {
            Self::TwoOutputs => 2,
            Self::FourOutputs => 4,
        }
    }

    /// Multiplications for each pair of channels on a plane.
    fn multiplications(self, height: usize, width: usize) -> usize {
        let (m, n) = (self.outputs(), self.outputs() + 2);
        height.div_ceil(m) * width.div_ceil(m) * n * n
    }
}

/// What a convolution is made of.
#[derive(Clone, Copy, Debug)]
struct WinogradPlan {
    /// C.
    channels: usize,
    /// O.
    outputs: usize,
    height: usize,
    width: usize,
    /// Tiles of a plane along the height and the width.
    down: usize,
    across: usize,
}

impl WinogradPlan {
    fn new(window: &Window, outputs: usize, size: TileSize) -> Self {
        let Window { channels, height, width, .. } = *window;
        let (down, across) = (height.div_ceil(size.outputs()), width.div_ceil(size.outputs()));
        Self { channels, outputs, height, width, down, across }
    }

    fn plane_values(&self) -> usize {
        self.height * self.width
    }

    fn tiles_per_plane(&self) -> usize {
        self.down * self.across
    }

    /// Distance between two places ξ of V for this many samples.
    fn v_pitch(&self, samples: usize) -> usize {
        self.channels.next_multiple_of(WINOGRAD_LANES) * samples * self.tiles_per_plane() + WINOGRAD_LANES
    }

    /// Distance between two places ξ of Z for this many samples.
    fn z_pitch(&self, samples: usize) -> usize {
        (samples * self.tiles_per_plane()).next_multiple_of(WINOGRAD_LANES) * self.outputs + WINOGRAD_LANES
    }

    /// Channels to be worked on at a time, of `channels`, for `tiles` tiles in blocks of `block`.
    fn channels_at_a_time(channels: usize, tiles: usize, block: usize) -> usize {
        if tiles <= block { channels.min(CACHED_CHANNELS) } else { channels }
    }

    /// Sample, row and column of the tile `p` of a batch.
    #[inline(always)]
    fn tile_position(&self, p: usize) -> (usize, usize, usize) {
        let (sample, tile) = (p / self.tiles_per_plane(), p % self.tiles_per_plane());
        (sample, tile / self.across, tile % self.across)
    }

    /// The places of a block of tiles of a batch, and how many of its lanes have one.
    fn block_positions(&self, block: usize, samples: usize) -> ([(usize, usize, usize); WINOGRAD_LANES], usize) {
        let first = block * WINOGRAD_LANES;
        (
            std::array::from_fn(|lane| self.tile_position(first + lane)),
            WINOGRAD_LANES.min(samples * self.tiles_per_plane() - first),
        )
    }
}

/// Values of the buffers of a [`WinogradConv`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinogradBuffers {
    /// Transformed inputs, which a layer keeps.
    pub inputs: usize,
    /// What the backward pass needs room for, the same for all layers.
    pub scratch: usize,
    /// What each thread needs room for, the same for all layers.
    pub local: usize,
}

/// A 3 × 3 convolution with its transformed inputs.
#[derive(Clone, Debug)]
pub struct WinogradConv<T> {
    plan: WinogradPlan,
    size: TileSize,
    /// V of the last forward pass.
    inputs: Vec<T>,
}

impl<T: Scalar> WinogradConv<T> {
    /// The fast way for this window to `outputs` channels, if there is one that is faster than unfolding.
    pub fn new(window: &Window, outputs: usize, max_batch: usize) -> Option<Self> {
        Some(Self::with_size(window, outputs, max_batch, Self::fastest_tiles(window, outputs)?))
    }

    /// The buffers that [`Self::new`] and its passes make, for batches of up to `max_batch` samples.
    pub fn buffers(window: &Window, outputs: usize, max_batch: usize) -> Option<WinogradBuffers> {
        let size = Self::fastest_tiles(window, outputs)?;
        let plan = WinogradPlan::new(window, outputs, size);
        let (squares, tiles) = ((size.outputs() + 2).pow(2), max_batch * plan.tiles_per_plane());
        let local = |channels, block| {
            let depth = WinogradPlan::channels_at_a_time(channels, tiles, block);
            squares * (depth + 1 + block + 1) * WINOGRAD_LANES
        };
        Some(WinogradBuffers {
            inputs: squares * plan.v_pitch(max_batch),
            scratch: squares * plan.z_pitch(max_batch),
            local: local(plan.channels, TILES_PER_PASS).max(local(plan.outputs, WINOGRAD_LANES)),
        })
    }

    fn fastest_tiles(window: &Window, outputs: usize) -> Option<TileSize> {
        let Window { channels, height, width, kernel, stride, pad, .. } = *window;
        let many = channels.min(outputs) >= MIN_CHANNELS;
        if !(T::WINOGRAD && many && kernel == (3, 3) && stride == 1 && pad == (1, 1)) {
            return None;
        }
        let size = if TileSize::FourOutputs.multiplications(height, width)
            < TileSize::TwoOutputs.multiplications(height, width)
        {
            TileSize::FourOutputs
        } else {
            TileSize::TwoOutputs
        };
        if size.multiplications(height, width) >= 5 * height * width {
            return None;
        }
        Some(size)
    }

    fn with_size(window: &Window, outputs: usize, max_batch: usize, size: TileSize) -> Self {
        let plan = WinogradPlan::new(window, outputs, size);
        let squares = (size.outputs() + 2).pow(2);
        Self { plan, size, inputs: vec![T::zero(); squares * plan.v_pitch(max_batch)] }
    }

    /// Values that [`Self::backward`] needs room for.
    pub fn scratch_values(&self, max_batch: usize) -> usize {
        (self.size.outputs() + 2).pow(2) * self.plan.z_pitch(max_batch)
    }

    /// Computes y (batch, O, H, W) from x (batch, C, H, W), the weights (O, C, 3, 3) and the bias (O).
    pub fn forward(
        &mut self,
        pool: &Pool,
        locals: &mut ThreadBuffers<T>,
        x: &[T],
        weight: &[T],
        bias: &[T],
        y: &mut [T],
    ) {
        let Self { plan, size, inputs } = self;
        match size {
            TileSize::TwoOutputs => {
                forward::forward::<T, TwoOutputs, 2, 4>(plan, pool, locals, inputs, [x, weight, bias], y);
            }
            TileSize::FourOutputs => {
                forward::forward::<T, FourOutputs, 4, 6>(plan, pool, locals, inputs, [x, weight, bias], y);
            }
        }
    }

    /// Computes the gradients of the weights and, where asked for, of x from that of y. It must follow the forward
    /// pass of the same batch.
    pub fn backward(
        &self,
        pool: &Pool,
        (scratch, locals): (&mut [T], &mut ThreadBuffers<T>),
        weight: &[T],
        dy: &[T],
        dw: &mut [T],
        dx: Option<&mut [T]>,
    ) {
        let Self { plan, size, inputs } = self;
        match size {
            TileSize::TwoOutputs => {
                backward::backward::<T, TwoOutputs, 2, 4>(plan, pool, (scratch, locals), [inputs, weight, dy], dw, dx);
            }
            TileSize::FourOutputs => {
                backward::backward::<T, FourOutputs, 4, 6>(plan, pool, (scratch, locals), [inputs, weight, dy], dw, dx);
            }
        }
    }
}

/// How the left operand of a product lies in memory. Its columns lie in spans, since operands are stored in blocks of
/// columns. V of 100 tiles in blocks of 32 channels has a `row` of 32, a `column` of 1, a `span` of 32 and a `next_span`
/// of 3200: row 2, column 67 is at 2·32 + 2·3200 + 3·1.
#[derive(Clone, Copy)]
struct LeftOperand<'a, T> {
    values: &'a [T],
    /// Distance from a row to the next.
    row: usize,
    /// Distance from a column to the next within a span.
    column: usize,
    /// Columns of a span.
    span: usize,
    /// Distance from a span to the next.
    next_span: usize,
}

/// out (rows, lanes) = left (rows, depth) · right (depth, lanes), or out + that.
fn multiply_lanes<T: Scalar>(
    (rows, depth): (usize, usize),
    add: bool,
    left: LeftOperand<'_, T>,
    right: &[T],
    out: &mut [T],
) {
    let tiles: &'static Tiles<T> = T::tiles();
    if rows == 0 || depth == 0 {
        return;
    }
    let LeftOperand { values, row, column, span, next_span } = left;
    let last = depth - 1;
    let farthest = |k: usize| (rows - 1) * row + k / span * next_span + k % span * column;
    // The last value of the last whole span may lie after the last value.
    assert!(farthest(last) < values.len() && farthest((depth / span * span).saturating_sub(1)) < values.len());
    assert!(
        right.len() >= depth * WINOGRAD_LANES
            && out.len() >= rows * WINOGRAD_LANES
            && WINOGRAD_LANES.is_multiple_of(tiles.max_columns())
    );
    for first in (0..rows).step_by(tiles.max_rows()) {
        let height = tiles.max_rows().min(rows - first);
        for lane in (0..WINOGRAD_LANES).step_by(tiles.max_columns()) {
            let out = out[first * WINOGRAD_LANES + lane..].as_mut_ptr();
            let task = TileTask {
                depth,
                left: values[first * row..].as_ptr(),
                left_row: row as isize,
                left_column: column as isize,
                left_span: span,
                left_jump: next_span as isize - (span * column) as isize,
                right: right[lane..].as_ptr(),
                right_row: WINOGRAD_LANES,
                out,
                out_row: WINOGRAD_LANES as isize,
                base: if add { out } else { std::ptr::null() },
                base_row: WINOGRAD_LANES as isize,
            };
            // SAFETY: the last value of each operand is within its slice, as asserted, and so are all before it; the
            // result is borrowed mutably. `tiles` are those that this processor runs.
            unsafe { tiles.tiles[height - 1][1](task) };
        }
    }
}

#[cfg(test)]
mod tests;
