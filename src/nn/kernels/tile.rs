//! The innermost part of the matrix product: one tile of the result, held in registers.
//!
//! A tile of R rows and V vectors of columns is the sum over k of a column of the left matrix times a row of the
//! right one. The left values are spread over a vector each, the right ones are loaded as vectors from a packed panel.
//! All variants do the same arithmetic in the same order, with fused multiply-adds where the instruction set has them,
//! so the portable one of x86-64 rounds otherwise than the others; only tiles of [`NARROW_COLUMNS`] columns sum in
//! another order.
#![allow(unsafe_code)]

use super::{instructions::InstructionSet, squares::TransposeSquare};

/// Where a tile finds its operands and leaves its sums.
#[derive(Clone, Copy, Debug)]
pub struct TileTask<T> {
    /// Number of products in each sum.
    pub depth: usize,
    /// First value of the left rows.
    pub left: *const T,
    /// Distance from one left row to the next.
    pub left_row: isize,
    /// Distance from one left column to the next.
    pub left_column: isize,
    /// Left columns that lie in such distances. A matrix in memory is one such span; Winograd's convolution stores its
    /// left operand in several, each with some of the channels (`winograd.rs`).
    pub left_span: usize,
    /// What comes on top of [`Self::left_column`] from the last column of a span to the first of the next.
    pub left_jump: isize,
    /// The right panel: `depth` rows of as many values as the tile has columns; see [`Tiles::narrow`] for theirs.
    pub right: *const T,
    /// Distance from one row of the panel to the next.
    pub right_row: usize,
    /// First value of the result, whose columns are neighbours.
    pub out: *mut T,
    /// Distance from one row of the result to the next.
    pub out_row: isize,
    /// What the sums are added to, laid out as the result is but for the distance of its rows: the result itself, a
    /// row that is added to every row (a distance of 0), or null for nothing.
    pub base: *const T,
    /// Distance from one row of the base to the next.
    pub base_row: isize,
}

/// Computes one tile.
///
/// # Safety
///
/// All that the task describes must be valid to read or write, the result must not be used by others meanwhile, and the
/// processor must have the instructions.
pub type TileKernel<T> = unsafe fn(TileTask<T>);

/// Rows that a tile has at most, in any variant.
pub const MAX_TILE_ROWS: usize = 8;

/// The tiles of one instruction set.
#[derive(Debug)]
pub struct Tiles<T: 'static> {
    /// Name of the instruction set.
    pub name: &'static str,
    /// Values in a vector.
    pub lanes: usize,
    /// `tiles[rows - 1][vectors - 1]` for every number of rows and one or two vectors of columns.
    pub tiles: &'static [[TileKernel<T>; 2]],
    /// `halves[rows - 1]` for half a vector of columns; empty where there are no such vectors.
    pub halves: &'static [TileKernel<T>],
    /// `narrow[rows - 1]` for [`NARROW_COLUMNS`] columns, of which each vector takes as many products at a time; empty where
    /// there are no such tiles. Their panels hold, for each [`NARROW_COLUMNS`] depths, column after column, these depths of
    /// it.
    pub narrow: &'static [TileKernel<T>],
    /// Writes a square of vectors transposed.
    pub transpose: TransposeSquare<T>,
}

impl<T> Tiles<T> {
    /// Rows of the tallest tile.
    pub fn max_rows(&self) -> usize {
        self.tiles.len()
    }

    /// Columns of the widest tile.
    pub fn max_columns(&self) -> usize {
        2 * self.lanes
    }

    /// Columns of the narrowest tile that has at least this many, which are no more than the widest has; 0 for none.
    pub fn padded_columns(&self, columns: usize) -> usize {
        let half = self.lanes / 2;
        if (1..=half).contains(&columns) && !self.halves.is_empty() {
            half
        } else {
            columns.next_multiple_of(self.lanes)
        }
    }

    /// The tile with this many rows, and with columns that are [`Self::padded_columns`] or [`NARROW_COLUMNS`].
    pub fn kernel(&self, rows: usize, columns: usize) -> TileKernel<T> {
        if columns == NARROW_COLUMNS && !self.narrow.is_empty() {
            self.narrow[rows - 1]
        } else if columns < self.lanes {
            self.halves[rows - 1]
        } else {
            self.tiles[rows - 1][columns / self.lanes - 1]
        }
    }
}

/// Columns that a tile has at most, in any variant.
pub const MAX_TILE_COLUMNS: usize = 32;

/// Columns of a narrow tile. They fill no vector, so each vector takes several products of each column at a time, whose
/// sums are added up at the end.
pub const NARROW_COLUMNS: usize = 4;

/// Writes the tile function of one instruction set and its table.
macro_rules! tiles {
    (
        $table:ident, $tile:ident, $name:literal, $(#[$feature:meta])?
        $number:ty, $lanes:literal, [$($rows:literal)+] [$($half:ident)?] [$($narrow:ident)?], $transpose:path,
        $zero:expr, $load:expr, $store:expr, $splat:expr, $add:expr, $multiply_add:expr
    ) => {
        $(#[$feature])?
        unsafe fn $tile<const ROWS: usize, const VECTORS: usize>(task: TileTask<$number>) {
            let mut sums = [[$zero; VECTORS]; ROWS];
            let (mut left, mut right) = (task.left, task.right);
            // Distances from the first of four rows to each of them, and to the next four. If the compiler knew that they
            // are multiples of one distance, it would compute each row's address from that of the row before, eight
            // additions in a chain; a tile of one vector, which has little else to do, would have to wait for them.
            let distances = [[0, 1, 2, 3], [4; 4]].map(|rows| rows.map(|row| row * task.left_row));
            let [rows, [second, ..]] = if VECTORS == 1 { std::hint::black_box(distances) } else { distances };
            let mut depth = task.depth;
            while depth > 0 {
                let span = depth.min(task.left_span);
                for _ in 0..span {
                    // SAFETY: the caller promises `depth` columns of the left rows and `depth` rows of the panel. Both
                    // pointers move on once a turn and may end after the last value without being read there.
                    unsafe {
                        let mut row = [$zero; VECTORS];
                        for vector in 0..VECTORS {
                            row[vector] = $load(right.add(vector * $lanes));
                        }
                        let fours = [left, left.wrapping_offset(second)];
                        for i in 0..ROWS {
                            let value = $splat(*fours[i / 4].offset(rows[i % 4]));
                            for vector in 0..VECTORS {
                                sums[i][vector] = $multiply_add(value, row[vector], sums[i][vector]);
                            }
                        }
                        left = left.wrapping_offset(task.left_column);
                        right = right.wrapping_add(task.right_row);
                    }
                }
                left = left.wrapping_offset(task.left_jump);
                depth -= span;
            }
            for i in 0..ROWS {
                for vector in 0..VECTORS {
                    // SAFETY: the caller promises a result, and a base if it is not null, of this many rows and
                    // columns.
                    unsafe {
                        let sum = if task.base.is_null() {
                            sums[i][vector]
                        } else {
                            let base = task.base.offset(i as isize * task.base_row).add(vector * $lanes);
                            $add($load(base), sums[i][vector])
                        };
                        $store(task.out.offset(i as isize * task.out_row).add(vector * $lanes), sum);
                    }
                }
            }
        }

        pub(super) static $table: Tiles<$number> = Tiles {
            name: $name,
            lanes: $lanes,
            tiles: &[$([$tile::<$rows, 1>, $tile::<$rows, 2>]),+],
            halves: &tiles!(@halves [$($rows)+] $($half)?),
            narrow: &tiles!(@narrow [$($rows)+] $($narrow)?),
            transpose: $transpose,
        };
    };
    (@halves $rows:tt) => { [] };
    (@halves [$($rows:literal)+] $half:ident) => { [$($half::<$rows, 1>),+] };
    (@narrow $rows:tt) => { [] };
    (@narrow [$($rows:literal)+] $narrow:ident) => { [$($narrow::<$rows>),+] };
}

/// The tiles for `f32` of an instruction set.
pub fn tiles_f32(instructions: InstructionSet) -> &'static Tiles<f32> {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => &x86::AVX512_F32,
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => &x86::AVX2_F32,
        _ => &portable::F32,
    }
}

/// The tiles for `f64` of an instruction set.
pub fn tiles_f64(instructions: InstructionSet) -> &'static Tiles<f64> {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => &x86::AVX512_F64,
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => &x86::AVX2_F64,
        _ => &portable::F64,
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::needless_range_loop)] // The loops are unrolled; indices keep rows and vectors apart.
mod x86 {
    use std::arch::x86_64::{
        _mm_add_ps, _mm_loadu_ps, _mm_storeu_ps, _mm256_add_pd, _mm256_add_ps, _mm256_fmadd_pd, _mm256_fmadd_ps,
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_setzero_pd, _mm256_setzero_ps,
        _mm256_storeu_pd, _mm256_storeu_ps, _mm512_add_pd, _mm512_add_ps, _mm512_broadcast_f32x4,
        _mm512_castps512_ps128, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps,
        _mm512_maskz_compress_ps, _mm512_permute_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd,
        _mm512_setzero_ps, _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::{
        super::squares::{
            transpose_square,
            x86::{avx2_f32_transpose, avx512_f32_transpose},
        },
        NARROW_COLUMNS, TileTask, Tiles,
    };

    tiles! {
        AVX512_F32, avx512_f32, "AVX-512", #[target_feature(enable = "avx512f")] f32, 16, [1 2 3 4 5 6 7 8] [avx2_f32] [avx512_f32_narrow], avx512_f32_transpose,
        _mm512_setzero_ps(), _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_fmadd_ps
    }
    tiles! {
        AVX512_F64, avx512_f64, "AVX-512", #[target_feature(enable = "avx512f")] f64, 8, [1 2 3 4 5 6 7 8] [avx2_f64] [], transpose_square::<f64, 8>,
        _mm512_setzero_pd(), _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_add_pd, _mm512_fmadd_pd
    }
    // Sixteen registers: twelve sums, two right vectors, one left value.
    tiles! {
        AVX2_F32, avx2_f32, "AVX2", #[target_feature(enable = "avx2,fma")] f32, 8, [1 2 3 4 5 6] [] [], avx2_f32_transpose,
        _mm256_setzero_ps(), _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_fmadd_ps
    }
    tiles! {
        AVX2_F64, avx2_f64, "AVX2", #[target_feature(enable = "avx2,fma")] f64, 4, [1 2 3 4 5 6] [] [], transpose_square::<f64, 4>,
        _mm256_setzero_pd(), _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_add_pd, _mm256_fmadd_pd
    }

    /// A tile of ROWS rows and [`NARROW_COLUMNS`] columns. So few columns don't fill a vector, so a vector holds several
    /// partial sums of each column, one after the other: of four, for instance, the first adds up the products of depths
    /// 0, 4, 8, …, the second those of 1, 5, 9, …. They are added at the end, neighbours first. With a single sum for
    /// each column, loading and spreading the left values would take longer than the multiplications.
    ///
    /// # Safety
    ///
    /// See [`super::TileKernel`]. The left columns must be neighbours in a single span, and their number a multiple of
    /// [`NARROW_COLUMNS`].
    #[target_feature(enable = "avx512f")]
    unsafe fn avx512_f32_narrow<const ROWS: usize>(task: TileTask<f32>) {
        let mut sums = [_mm512_setzero_ps(); ROWS];
        let (mut left, mut right) = (task.left, task.right);
        let distances: [isize; ROWS] = std::array::from_fn(|row| row as isize * task.left_row);
        for _ in 0..task.depth / NARROW_COLUMNS {
            // SAFETY: the caller promises these columns of the left rows and of the panel. Both pointers move on once a
            // turn and may end after the last value without being read there.
            unsafe {
                let columns = _mm512_loadu_ps(right);
                for (sum, distance) in sums.iter_mut().zip(distances) {
                    let values = _mm512_broadcast_f32x4(_mm_loadu_ps(left.offset(distance)));
                    *sum = _mm512_fmadd_ps(values, columns, *sum);
                }
            }
            left = left.wrapping_add(NARROW_COLUMNS);
            right = right.wrapping_add(NARROW_COLUMNS * NARROW_COLUMNS);
        }
        for (i, sum) in (0..).zip(sums) {
            let pairs = _mm512_add_ps(sum, _mm512_permute_ps::<0b10_11_00_01>(sum));
            let fours = _mm512_add_ps(pairs, _mm512_permute_ps::<0b01_00_11_10>(pairs));
            let firsts = _mm512_maskz_compress_ps(0x1111, fours);
            let sums = _mm512_castps512_ps128(firsts);
            // SAFETY: the caller promises a result, and a base if it is not null, of this many rows and columns.
            unsafe {
                let sums = if task.base.is_null() {
                    sums
                } else {
                    _mm_add_ps(_mm_loadu_ps(task.base.offset(i * task.base_row)), sums)
                };
                _mm_storeu_ps(task.out.offset(i * task.out_row), sums);
            }
        }
    }
}

#[allow(clippy::needless_range_loop)] // The loops are unrolled; indices keep rows and vectors apart.
#[allow(clippy::inline_always)] // These stand for single instructions.
mod portable {
    use super::{super::squares::transpose_square, TileTask, Tiles};

    /// Values in a vector of the portable variant; compilers map it to the registers there are.
    const PORTABLE_LANES: usize = 4;

    type PortableVector<T> = [T; PORTABLE_LANES];

    #[inline(always)]
    unsafe fn load<T: Copy>(from: *const T) -> PortableVector<T> {
        // SAFETY: the caller promises one vector of values; an array is aligned as its elements are.
        unsafe { *from.cast() }
    }

    #[inline(always)]
    unsafe fn store<T: Copy>(to: *mut T, vector: PortableVector<T>) {
        // SAFETY: the caller promises room for one vector of values; an array is aligned as its elements are.
        unsafe { *to.cast() = vector }
    }

    #[inline(always)]
    fn splat<T: Copy>(value: T) -> PortableVector<T> {
        [value; PORTABLE_LANES]
    }

    #[inline(always)]
    fn add<T: Copy + std::ops::Add<Output = T>>(a: PortableVector<T>, b: PortableVector<T>) -> PortableVector<T> {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    /// `mul_add` is one instruction on the first kind of processor and a slow library call on the others.
    #[inline(always)]
    fn multiply_add<T: ndarray::NdFloat>(
        a: PortableVector<T>,
        b: PortableVector<T>,
        sum: PortableVector<T>,
    ) -> PortableVector<T> {
        let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        std::array::from_fn(
            |lane| if fused { a[lane].mul_add(b[lane], sum[lane]) } else { a[lane] * b[lane] + sum[lane] },
        )
    }

    tiles!(F32, f32_tile, "portable", f32, 4, [1 2 3 4 5 6] [] [], transpose_square::<f32, 4>, [0.0; PORTABLE_LANES], load, store, splat, add, multiply_add);
    tiles!(F64, f64_tile, "portable", f64, 4, [1 2 3 4 5 6] [] [], transpose_square::<f64, 4>, [0.0; PORTABLE_LANES], load, store, splat, add, multiply_add);
}

/// The tiles for `f32` of every instruction set that this processor has, for the tests.
#[cfg(test)]
pub fn all_f32() -> Vec<&'static Tiles<f32>> {
    let sets = [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable];
    sets.into_iter().filter(|set| *set <= InstructionSet::widest()).map(tiles_f32).collect()
}
