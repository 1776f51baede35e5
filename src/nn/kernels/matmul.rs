//! Matrix product: C = A·B, or C + A·B, or A·B with a row added to every row.
//!
//! In the manner of BLIS (Van Zee and van de Geijn 2015), simplified for the shapes of training, where one operand is
//! a minibatch: one operand is packed into panels of vectors, the other is read where it is if its rows run along the
//! sum, and packed if not. Which one, and whether the result is computed transposed, is a matter of cost only.
//!
//! An element of C is always the sum of its blocks of depth in order, each block summed in order with the same
//! operations, so its bits depend on the shapes alone: not on the number of threads, tiles or orientation. `ndarray`'s
//! own product would allocate at each call.
#![allow(unsafe_code)]

mod grid;

use std::{ops::Range, ptr};

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use self::grid::Grid;
use super::{
    elementwise::for_each_chunk,
    locals::Locals,
    pack::{Operand, pack},
    pool::Pool,
    tile::{MAX_COLUMNS, MAX_ROWS, Task, Tiles},
};
use crate::nn::Scalar;

/// Longest sum that a tile computes in one go; a panel of that depth and the rows that meet it fit the caches.
const DEPTH: usize = 512;

/// Panels of the right operand for each thread from which on each panel is packed by the thread that uses it, just
/// before; with fewer, threads share panels, which are packed first.
const PANELS_A_THREAD: usize = 8;

/// Values of the panels that a thread packs together, at most: 512 KiB of `f32`, half of a usual second cache.
const LOCAL: usize = 1 << 17;

/// Products, in multiply-adds, below which waking other threads costs more than they save.
const WORTH_THREADS: usize = 1 << 17;

/// What the result starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    /// C = A·B.
    Zero,
    /// C = C + A·B.
    Keep,
    /// C = A·B with this added to every row; as long as a row of C.
    Row(&'a [T]),
}

/// Reusable memory for packed operands.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    right: Vec<T>,
    left: Vec<T>,
    locals: Locals<T>,
}

impl<T: Scalar> Workspace<T> {
    /// An empty one, which grows when needed.
    pub fn new() -> Self {
        Self { right: Vec::new(), left: Vec::new(), locals: Locals::default() }
    }

    /// Makes room for products of (m, k) by (k, n) and all that are smaller in any dimension.
    pub fn reserve(&mut self, m: usize, k: usize, n: usize) {
        let lanes = T::tiles().lanes;
        let side = m.max(n);
        grow(&mut self.right, side.next_multiple_of(lanes) * k);
        grow(&mut self.left, side * k);
    }
}

fn grow<T: Scalar>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::zero());
    }
}

/// Computes the product of `a` (m, k) and `b` (k, n) into `c` (m, n). Any strides will do.
///
/// Allocates nothing if `workspace` has room for the product, see [`Workspace::reserve`], and was used with this pool.
///
/// # Panics
///
/// If the shapes do not fit.
pub fn matmul<T: Scalar>(
    pool: &Pool,
    workspace: &mut Workspace<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    start: Start<'_, T>,
    c: ArrayViewMut2<'_, T>,
) {
    matmul_with(T::tiles(), pool, workspace, a, b, start, c);
}

fn matmul_with<T: Scalar>(
    tiles: &'static Tiles<T>,
    pool: &Pool,
    workspace: &mut Workspace<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    start: Start<'_, T>,
    mut c: ArrayViewMut2<'_, T>,
) {
    let ((m, k), (k_b, n)) = (a.dim(), b.dim());
    assert!(k == k_b && c.dim() == (m, n), "{:?} times {:?} into {:?}", a.dim(), b.dim(), c.dim());
    if k == 0 {
        match start {
            Start::Zero => c.fill(T::zero()),
            Start::Keep => {}
            Start::Row(row) => c.rows_mut().into_iter().for_each(|mut c| c.assign(&ArrayView1::from(row))),
        }
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let out = Place { start: c.as_mut_ptr(), row: c.strides()[0], column: c.strides()[1] };
    let base = match start {
        Start::Zero => Place { start: ptr::null_mut(), ..out },
        Start::Keep => out,
        Start::Row(row) => {
            assert_eq!(row.len(), n, "a row of the result");
            Place { start: row.as_ptr().cast_mut(), row: 0, column: 1 }
        }
    };
    let straight = Product {
        tiles,
        m,
        n,
        k,
        left: Operand { start: a.as_ptr(), outer: a.strides()[0], depth: a.strides()[1] },
        right: Operand { start: b.as_ptr(), outer: b.strides()[1], depth: b.strides()[0] },
        out,
        base,
    };
    let transposed = straight.transposed();
    let product = if straight.overhead() <= transposed.overhead() { straight } else { transposed };
    // SAFETY: pointers, strides and dimensions are those of the views, whose borrows outlive the call.
    unsafe { product.run(pool, workspace) };
}

/// Where the result is, or what it is added to.
#[derive(Clone, Copy)]
struct Place<T> {
    start: *mut T,
    row: isize,
    column: isize,
}

impl<T> Place<T> {
    fn at(&self, row: usize, column: usize) -> *mut T {
        self.start.wrapping_offset(row as isize * self.row + column as isize * self.column)
    }

    fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }
}

/// C (m, n) = left (m, k) · right (k, n), the right operand to be packed.
#[derive(Clone, Copy)]
struct Product<T: 'static> {
    tiles: &'static Tiles<T>,
    m: usize,
    n: usize,
    k: usize,
    left: Operand<T>,
    right: Operand<T>,
    out: Place<T>,
    /// What the first block of depth is added to, if its start is not null.
    base: Place<T>,
}

// SAFETY: operands and base are only read; the result is written in disjoint tiles.
unsafe impl<T: Scalar> Sync for Product<T> {}

impl<T: Scalar> Product<T> {
    /// The same product with the roles of the operands exchanged: Cᵀ = rightᵀ · leftᵀ.
    fn transposed(self) -> Self {
        Self {
            m: self.n,
            n: self.m,
            left: self.right,
            right: self.left,
            out: self.out.transposed(),
            base: self.base.transposed(),
            ..self
        }
    }

    /// Moves besides the multiplications, in about the time that one scalar takes.
    fn overhead(&self) -> usize {
        let copy = |values: usize, from: Operand<T>| match (from.outer, from.depth) {
            (1, _) => values / 8,
            (_, 1) => values / 4,
            _ => values,
        };
        let left = if self.left.depth == 1 { 0 } else { copy(self.m * self.k, self.left) };
        let right = copy(self.n.next_multiple_of(self.tiles.lanes) * self.k, self.right);
        let result = if self.out.column == 1 { 0 } else { 2 * self.m * self.n * self.k.div_ceil(DEPTH) };
        left + right + result
    }

    /// Computes the product.
    ///
    /// # Safety
    ///
    /// Operands and result must be valid for the dimensions, and nobody else may use the result meanwhile.
    unsafe fn run(mut self, pool: &Pool, workspace: &mut Workspace<T>) {
        let threads = if self.m * self.n * self.k < WORTH_THREADS { 1 } else { pool.threads() };
        let (rows, columns) = (self.tiles.rows(), self.tiles.columns());
        if self.left.depth != 1 {
            grow(&mut workspace.left, self.m * self.k);
            let packed = &mut workspace.left[..self.m * self.k];
            let panels_a_chunk = self.m.div_ceil(rows).div_ceil(if threads > 1 { 4 * threads } else { 1 });
            for_each_chunk(pool, panels_a_chunk * rows * self.k, [packed], |range, [packed]| {
                // SAFETY: the rows lie in the left operand, as the caller promises.
                unsafe { self.pack_left(range.start / self.k, packed) };
            });
            // From here on the left operand is the packed one; `outer` and `depth` depend on the panel.
            self.left = Operand { start: workspace.left.as_ptr(), outer: 1, depth: 0 };
        }
        let panels = self.n.div_ceil(columns);
        if panels >= PANELS_A_THREAD * threads {
            let fitting = (LOCAL / (DEPTH.min(self.k) * columns)).max(1);
            let wanted = panels / if threads > 1 { PANELS_A_THREAD * threads } else { 1 };
            let width = wanted.min(fitting) * columns;
            workspace.locals.reserve(pool, LOCAL.max(DEPTH * columns));
            let locals = &workspace.locals;
            pool.run(self.n.div_ceil(width), &|chunk| {
                let columns = chunk * width..self.n.min((chunk + 1) * width);
                // SAFETY: chunks are disjoint columns of the result, whose operands the caller promises.
                locals.with(|local| unsafe { self.columns(columns, local) });
            });
            return;
        }
        let width = self.n.next_multiple_of(self.tiles.lanes);
        grow(&mut workspace.right, width * self.k);
        let packed = &mut workspace.right[..width * self.k];
        let panels_a_chunk = if threads > 1 { 1 } else { panels };
        for_each_chunk(pool, panels_a_chunk * columns * self.k, [packed], |range, [packed]| {
            // SAFETY: the columns lie in the right operand, as the caller promises.
            unsafe { self.pack_right(range.start / self.k, packed) };
        });
        let grid = Grid::new(self.tiles, (self.m, self.n), threads);
        let right = Shared(workspace.right.as_ptr());
        pool.run(grid.chunks(), &|chunk| {
            // SAFETY: both operands are ready, and chunks are disjoint parts of the result.
            unsafe { self.block(&grid, chunk, &right) };
        });
    }

    /// Packs whole panels of the right operand from `column` on: panel after panel, in each all depth.
    unsafe fn pack_right(&self, column: usize, packed: &mut [T]) {
        let columns = self.tiles.columns();
        for (panel, packed) in packed.chunks_mut(columns * self.k).enumerate() {
            let first = column + panel * columns;
            let width = packed.len() / self.k;
            // SAFETY: the caller promises the operand.
            unsafe { pack(self.tiles, self.right, first..self.n.min(first + width), 0..self.k, width, packed) };
        }
    }

    /// Packs whole panels of the left operand from `row` on, the last one as short as there are rows.
    unsafe fn pack_left(&self, row: usize, packed: &mut [T]) {
        let rows = self.tiles.rows();
        for (panel, packed) in packed.chunks_mut(rows * self.k).enumerate() {
            let first = row + panel * rows;
            let height = packed.len() / self.k;
            // SAFETY: the caller promises the operand.
            unsafe { pack(self.tiles, self.left, first..first + height, 0..self.k, height, packed) };
        }
    }

    /// Computes these columns of the result, whose panels are packed into `local` just before they are used.
    unsafe fn columns(&self, columns: Range<usize>, local: &mut [T]) {
        for depth in (0..self.k).step_by(DEPTH) {
            let depths = depth..self.k.min(depth + DEPTH);
            for column in columns.clone().step_by(self.tiles.columns()) {
                let (width, padded) = self.panel(column);
                let panel = &mut local[(column - columns.start) * depths.len()..];
                // SAFETY: the caller promises the operand.
                unsafe { pack(self.tiles, self.right, column..column + width, depths.clone(), padded, panel) };
            }
            let first = local.as_ptr();
            // SAFETY: the caller promises that these columns of the result are its own.
            unsafe {
                self.tiles(0..self.m, columns.clone(), depths.clone(), |column, _| {
                    first.wrapping_add((column - columns.start) * depths.len())
                });
            }
        }
    }

    /// Computes one chunk of the result from packed panels, in each of which all depth follows.
    unsafe fn block(&self, grid: &Grid, chunk: usize, right: &Shared<T>) {
        let (rows, columns) = grid.part(chunk);
        for depth in (0..self.k).step_by(DEPTH) {
            // SAFETY: the caller promises that this chunk of the result is its own.
            unsafe {
                self.tiles(rows.clone(), columns.clone(), depth..self.k.min(depth + DEPTH), |column, padded| {
                    right.0.wrapping_add(column * self.k + depth * padded)
                });
            }
        }
    }

    /// Columns of the panel that begins there, and as many as its rows are long.
    fn panel(&self, column: usize) -> (usize, usize) {
        let width = self.tiles.columns().min(self.n - column);
        (width, width.next_multiple_of(self.tiles.lanes))
    }

    /// Computes these depths' share of a part of the result, row by row; `right` gives the packed panel of a column.
    unsafe fn tiles(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        depths: Range<usize>,
        right: impl Fn(usize, usize) -> *const T,
    ) {
        for row in rows.step_by(self.tiles.rows()) {
            for column in columns.clone().step_by(self.tiles.columns()) {
                let (width, padded) = self.panel(column);
                let panel = right(column, padded);
                // SAFETY: the tile lies in the part that is the caller's, its operands in the operands.
                unsafe { self.tile(row, column..column + width, depths.clone(), panel) };
            }
        }
    }

    /// Where the left rows from `row` on begin at `depth`, and the distances of rows and columns there.
    fn left_panel(&self, row: usize, height: usize, depth: usize) -> (*const T, isize, isize) {
        let Operand { start, outer, depth: step } = self.left;
        if step == 0 {
            (start.wrapping_add(row * self.k + depth * height), 1, height as isize)
        } else {
            (start.wrapping_offset(row as isize * outer + depth as isize * step), outer, step)
        }
    }

    /// Computes the tile of the rows from `row` on, by way of a buffer if the result is not made of whole neighbouring
    /// vectors there; `right` is the packed panel from the first of these depths on.
    unsafe fn tile(&self, row: usize, columns: Range<usize>, depths: Range<usize>, right: *const T) {
        let (height, width) = (self.tiles.rows().min(self.m - row), columns.len());
        let vectors = width.div_ceil(self.tiles.lanes);
        let (left, left_row, left_column) = self.left_panel(row, height, depths.start);
        let (out, base) = (self.out, if depths.start > 0 { self.out } else { self.base });
        let compute = self.tiles.tiles[height - 1][vectors - 1];
        let task = Task {
            depth: depths.len(),
            left,
            left_row,
            left_column,
            left_span: depths.len(),
            left_jump: 0,
            right_row: vectors * self.tiles.lanes,
            right,
            out: out.at(row, columns.start),
            out_row: out.row,
            base: if base.start.is_null() { ptr::null() } else { base.at(row, columns.start) },
            base_row: base.row,
        };
        if out.column == 1 && base.column == 1 && width == vectors * self.tiles.lanes {
            // SAFETY: the caller promises the tile.
            unsafe { compute(task) };
            return;
        }
        let mut buffer = [T::zero(); MAX_ROWS * MAX_COLUMNS];
        // SAFETY: the caller promises the operands, and the buffer has room for the largest tile.
        unsafe {
            compute(Task { out: buffer.as_mut_ptr(), out_row: MAX_COLUMNS as isize, base: ptr::null(), ..task });
        }
        for column in 0..width {
            for i in 0..height {
                let value = buffer[i * MAX_COLUMNS + column];
                let (row, column) = (row + i, columns.start + column);
                // SAFETY: the caller promises that the tile lies in the result, and the base has its shape.
                unsafe {
                    *out.at(row, column) = if base.start.is_null() { value } else { *base.at(row, column) + value };
                }
            }
        }
    }
}

/// A packed operand that all threads read.
struct Shared<T>(*const T);

// SAFETY: nobody writes it while it is shared.
unsafe impl<T: Scalar> Sync for Shared<T> {}

#[cfg(test)]
mod tests;
