//! A product of strided operands, tile by tile.
#![allow(unsafe_code)]

use std::{ops::Range, ptr};

use super::{
    MAX_BLOCK_DEPTH, MAX_LOCAL_VALUES, MAX_SHALLOW_DEPTH, MIN_PANELS_PER_THREAD, MIN_PANELS_PER_THREAD_WIDE,
    MIN_THREADED_MULTIPLY_ADDS, SHARED_PIECE_DEPTH, Workspace,
    grid::ChunkGrid,
    result::{MAX_BUFFER_ROWS, StridedMatrix, SumWriter, TileSums},
};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::{DisjointSlice, for_each_chunk},
        locals::{ThreadBuffers, grow_buffer},
        pack::{MatrixOperand, pack_columns, pack_narrow},
        pool::Pool,
        tile::{MAX_TILE_COLUMNS, NARROW_COLUMNS, TileKernel, TileTask, Tiles},
    },
};

/// C (m, n) = left (m, k) · right (k, n), the right operand to be packed.
#[derive(Clone, Copy)]
pub(super) struct Product<T: 'static> {
    pub tiles: &'static Tiles<T>,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub left: MatrixOperand<T>,
    /// Copies of the left operand in panels of rows, one depth after the other; where there are none it is read in
    /// place.
    pub packed_left: Option<*const T>,
    pub right: MatrixOperand<T>,
    pub out: StridedMatrix<T>,
    /// What the first block of depth is added to, if anything.
    pub base: Option<StridedMatrix<T>>,
}

// SAFETY: the operands are only read. The result is written in disjoint tiles, each by one thread. The base is either a
// row that is only read, or, for `Start::Keep` and after the first block of depth, the result itself, of which the
// thread that writes a tile reads that tile only.
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
            base: self.base.map(StridedMatrix::transposed),
            ..self
        }
    }

    /// This product or the transposed one, whichever moves less.
    pub fn cheaper_form(self) -> Self {
        let transposed = self.transposed();
        if self.estimate_overhead() <= transposed.estimate_overhead() { self } else { transposed }
    }

    /// Whether the left operand is read where it is: its rows are contiguous, or the few columns that there are.
    fn is_left_in_place(&self) -> bool {
        self.left.depth == 1 || self.left.outer == 1 && self.k <= MAX_SHALLOW_DEPTH
    }

    /// Moves besides the multiplications, in about the time that one scalar takes.
    fn estimate_overhead(&self) -> usize {
        let copy = |values: usize, from: MatrixOperand<T>| match (from.outer, from.depth) {
            (1, _) => values / 8,
            (_, 1) => values / 4,
            _ => values,
        };
        let left = if self.is_left_in_place() { 0 } else { copy(self.m * self.k, self.left) };
        let right = copy(self.n.next_multiple_of(self.tiles.lanes) * self.k, self.right);
        let results = self.m * self.n * self.k.div_ceil(MAX_BLOCK_DEPTH);
        let result = match (self.out.row, self.out.column) {
            (_, 1) => 0,
            (1, _) => results * 3 / 4,
            _ => 2 * results,
        };
        left + right + result
    }

    /// Computes the product.
    ///
    /// # Safety
    ///
    /// Operands, base and result must be valid for the dimensions, and the result must not be used by others meanwhile.
    pub unsafe fn run(mut self, pool: &Pool, workspace: &mut Workspace<T>) {
        let worth_threads = self.m * self.n * self.k >= MIN_THREADED_MULTIPLY_ADDS;
        let threads = if worth_threads { pool.threads() } else { 1 };
        workspace.locals.reserve(pool, MAX_LOCAL_VALUES);
        // SAFETY: as the caller promises.
        unsafe {
            if !self.is_left_in_place() {
                self.packed_left = Some(self.pack_left(pool, threads, &mut workspace.left));
            }
            let panels = self.n.div_ceil(self.tiles.max_columns());
            let is_wide = self.m <= self.n;
            if panels >= threads * if is_wide { MIN_PANELS_PER_THREAD_WIDE } else { MIN_PANELS_PER_THREAD } {
                self.run_by_columns(pool, threads, &workspace.locals);
            } else {
                self.run_with_shared_panels(pool, threads, &mut workspace.right);
            }
        }
    }

    /// Packs the left operand.
    unsafe fn pack_left(&self, pool: &Pool, threads: usize, packed: &mut Vec<T>) -> *const T {
        grow_buffer(packed, self.m * self.k);
        let rows = self.tiles.max_rows();
        let panels_per_chunk = self.m.div_ceil(rows).div_ceil(if threads > 1 { 4 * threads } else { 1 });
        let chunk = panels_per_chunk * rows * self.k;
        for_each_chunk(pool, chunk, [&mut packed[..self.m * self.k]], |range, [packed]| {
            let first = range.start / self.k;
            for (row, panel) in (first..).step_by(rows).zip(packed.chunks_mut(rows * self.k)) {
                let height = panel.len() / self.k;
                // SAFETY: the caller promises the operand, in which these rows lie.
                unsafe { pack_columns(self.tiles, self.left, row..row + height, 0..self.k, height, panel) };
            }
        });
        packed.as_ptr()
    }

    /// Each chunk is some columns of the result, whose panels its thread packs for itself, just before it uses them.
    unsafe fn run_by_columns(&self, pool: &Pool, threads: usize, locals: &ThreadBuffers<T>) {
        let columns = self.tiles.max_columns();
        let panels = self.n.div_ceil(columns);
        let fitting = (MAX_LOCAL_VALUES / (MAX_BLOCK_DEPTH.min(self.k) * columns)).max(1);
        // Several chunks for each thread, so that a late one does not keep the others waiting; at least one panel each.
        let wanted = if threads > 1 { panels / (MIN_PANELS_PER_THREAD * threads) } else { panels };
        let width = wanted.clamp(1, fitting) * columns;
        pool.run(self.n.div_ceil(width), &|chunk| {
            let columns = chunk * width..self.n.min((chunk + 1) * width);
            // SAFETY: the caller promises the operands; chunks are disjoint columns of the result.
            locals.with_buffer(|local| unsafe { self.compute_columns(columns, local) });
        });
    }

    unsafe fn compute_columns(&self, columns: Range<usize>, local: &mut [T]) {
        for depth in (0..self.k).step_by(MAX_BLOCK_DEPTH) {
            let depths = depth..self.k.min(depth + MAX_BLOCK_DEPTH);
            let place = |column: usize| (column - columns.start) * depths.len();
            for column in columns.clone().step_by(self.tiles.max_columns()) {
                // SAFETY: the caller promises the operand.
                unsafe { self.pack_panel(column, depths.clone(), &mut local[place(column)..]) };
            }
            let packed = local.as_ptr();
            let panel = |column: usize| packed.wrapping_add(place(column));
            // SAFETY: the caller promises that these columns of the result are its own.
            unsafe { self.compute_block(0..self.m, columns.clone(), depths.clone(), panel) };
        }
    }

    /// All threads pack all panels first; then each chunk is a part of the result, computed from panels that all read.
    unsafe fn run_with_shared_panels(&self, pool: &Pool, threads: usize, packed: &mut Vec<T>) {
        let columns = self.tiles.max_columns();
        let last = self.n % columns;
        let length = (self.n - last + self.padded_columns(last)) * self.k;
        grow_buffer(packed, length);
        // In each panel all depths follow each other.
        let place = |column: usize, depth: usize| column * self.k + depth * self.panel_widths(column).1;
        let panels = DisjointSlice::new(&mut packed[..length]);
        let piece_depth = if threads > 1 { SHARED_PIECE_DEPTH } else { self.k };
        let pieces = self.k.div_ceil(piece_depth);
        let pack_piece = |chunk: usize| {
            let (column, depth) = (chunk / pieces * columns, chunk % pieces * piece_depth);
            let depths = depth..self.k.min(depth + piece_depth);
            let part = place(column, depths.start)..place(column, depths.end);
            // SAFETY: the caller promises the operand, and pieces of panels do not overlap.
            unsafe { self.pack_panel(column, depths, panels.range_mut(part)) };
        };
        let count = self.n.div_ceil(columns) * pieces;
        if threads > 1 {
            pool.run(count, &pack_piece);
        } else {
            (0..count).for_each(pack_piece);
        }
        let packed = &packed[..length];
        let grid = ChunkGrid::new((self.rows_per_pass(), columns), (self.m, self.n), threads);
        pool.run(grid.chunk_count(), &|chunk| {
            let (rows, columns) = grid.chunk_ranges(chunk);
            for depth in (0..self.k).step_by(MAX_BLOCK_DEPTH) {
                let depths = depth..self.k.min(depth + MAX_BLOCK_DEPTH);
                let panel = |column: usize| packed[place(column, depth)..].as_ptr();
                // SAFETY: both operands are ready, and chunks are disjoint parts of the result.
                unsafe { self.compute_block(rows.clone(), columns.clone(), depths, panel) };
            }
        });
    }

    /// Columns of the panel that begins there, and as many as its rows are long.
    fn panel_widths(&self, column: usize) -> (usize, usize) {
        let width = self.tiles.max_columns().min(self.n - column);
        (width, self.padded_columns(width))
    }

    /// Columns of the tile that computes this many, or 0 for none.
    fn padded_columns(&self, columns: usize) -> usize {
        if (1..=NARROW_COLUMNS).contains(&columns) && self.has_narrow_tiles() {
            NARROW_COLUMNS
        } else {
            self.tiles.padded_columns(columns)
        }
    }

    /// The columns that are computed several depths at a time.
    #[cfg(test)]
    pub fn narrow_columns(&self) -> Range<usize> {
        let last = self.n % self.tiles.max_columns();
        let columns = if last <= NARROW_COLUMNS && self.has_narrow_tiles() { last } else { 0 };
        self.n - columns..self.n
    }

    /// Whether a few columns can be computed several depths at a time.
    fn has_narrow_tiles(&self) -> bool {
        !self.tiles.narrow.is_empty() && self.left.depth == 1 && self.k.is_multiple_of(NARROW_COLUMNS)
    }

    /// Packs these depths of the panel of the right operand at `column`.
    unsafe fn pack_panel(&self, column: usize, depths: Range<usize>, panel: &mut [T]) {
        let (width, padded) = self.panel_widths(column);
        let columns = column..column + width;
        // SAFETY: the caller promises the operand.
        unsafe {
            if padded == NARROW_COLUMNS && self.has_narrow_tiles() {
                pack_narrow(self.right, columns, depths, panel);
            } else {
                pack_columns(self.tiles, self.right, columns, depths, padded, panel);
            }
        }
    }

    /// Rows that are worked on together: a result whose rows are neighbours is written in vectors along them, which two
    /// tiles fill.
    fn rows_per_pass(&self) -> usize {
        self.tiles.max_rows() * if self.out.column == 1 { 1 } else { 2 }
    }

    /// What a block that begins at this depth is added to: the result, from the second block on.
    fn base_of_block(&self, depth: usize) -> Option<StridedMatrix<T>> {
        if depth > 0 { Some(self.out) } else { self.base }
    }

    /// Whether tiles can read the base and write the result where they are: columns are neighbours.
    fn is_direct(&self) -> bool {
        self.out.column == 1 && self.base.is_none_or(|base| base.column == 1)
    }

    /// Computes these depths' share of a part of the result, row by row; `panel` gives the packed panel of a column.
    unsafe fn compute_block(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        depths: Range<usize>,
        panel: impl Fn(usize) -> *const T,
    ) {
        let (height, width) = (self.rows_per_pass(), self.tiles.max_columns());
        // Panels whose tiles go to the result as they are, which is most of them.
        let whole = columns.start + if self.is_direct() { columns.len() / width * width } else { 0 };
        let base = self.base_of_block(depths.start);
        for row in rows.clone().step_by(height) {
            let rows = row..rows.end.min(row + height);
            if columns.start < whole {
                let (tile, mut task) = self.prepare_tile(row, width, depths.clone());
                for column in (columns.start..whole).step_by(width) {
                    task.right = panel(column);
                    task.set_result(
                        self.out.submatrix_from(row, column),
                        base.map(|base| base.submatrix_from(row, column)),
                    );
                    // SAFETY: the tiles lie in the part that is the caller's, their operands in the operands, and the
                    // processor runs them.
                    unsafe { tile(task) };
                }
            }
            for column in (whole..columns.end).step_by(width) {
                // SAFETY: as above.
                unsafe { self.compute_edge(rows.clone(), column, depths.clone(), panel(column)) };
            }
        }
    }

    /// Computes one or two tiles of the panel at `column`, by way of a buffer if the result is not made of whole
    /// neighbouring vectors there.
    unsafe fn compute_edge(&self, rows: Range<usize>, column: usize, depths: Range<usize>, right: *const T) {
        let (width, padded) = self.panel_widths(column);
        let (out, base) = (self.out.submatrix_from(rows.start, column), self.base_of_block(depths.start));
        let base = base.map(|base| base.submatrix_from(rows.start, column));
        let compute = |row: usize, out: StridedMatrix<T>, base: Option<StridedMatrix<T>>| {
            let (tile, mut task) = self.prepare_tile(row, padded, depths.clone());
            task.right = right;
            task.set_result(out, base);
            // SAFETY: the caller promises the operands and the part, and the processor runs these tiles.
            unsafe { tile(task) };
        };
        if self.is_direct() && width == padded {
            compute(rows.start, out, base);
            return;
        }
        let mut sums: TileSums<T> = [[T::zero(); MAX_TILE_COLUMNS]; MAX_BUFFER_ROWS];
        for row in rows.clone().step_by(self.tiles.max_rows()) {
            let start = sums[row - rows.start..].as_mut_ptr().cast();
            // The buffer has room for two of the largest tiles.
            compute(row, StridedMatrix { start, row: MAX_TILE_COLUMNS as isize, column: 1 }, None);
        }
        let writer = SumWriter { tiles: self.tiles, sums: &sums, height: rows.len(), width, out, base };
        // SAFETY: the caller promises the part.
        unsafe { writer.write() };
    }

    /// The tile of the rows from `row` on and of this many columns, and what it is to do but for its right panel and
    /// where the sums go.
    fn prepare_tile(&self, row: usize, columns: usize, depths: Range<usize>) -> (TileKernel<T>, TileTask<T>) {
        let height = self.tiles.max_rows().min(self.m - row);
        let (left, left_row, left_column) = match self.packed_left {
            Some(packed) => (packed.wrapping_add(row * self.k + depths.start * height), 1, height as isize),
            None => (self.left.value_pointer(row, depths.start), self.left.outer, self.left.depth),
        };
        let task = TileTask {
            depth: depths.len(),
            left,
            left_row,
            left_column,
            left_span: depths.len(),
            left_jump: 0,
            right_row: columns,
            right: ptr::null(),
            out: ptr::null_mut(),
            out_row: 0,
            base: ptr::null(),
            base_row: 0,
        };
        (self.tiles.kernel(height, columns), task)
    }
}

impl<T> TileTask<T> {
    /// Where the sums go, and what they are added to.
    fn set_result(&mut self, out: StridedMatrix<T>, base: Option<StridedMatrix<T>>) {
        (self.out, self.out_row) = (out.start, out.row);
        if let Some(base) = base {
            (self.base, self.base_row) = (base.start, base.row);
        }
    }
}
