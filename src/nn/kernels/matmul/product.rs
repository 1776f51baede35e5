//! A product of strided operands, tile by tile.
#![allow(unsafe_code)]

use std::{ops::Range, ptr, slice};

use super::{
    DEPTH, FEW_PANELS, LARGE, LOCAL, PANELS, PIECE, SHALLOW, WORTH_THREADS, Workspace,
    grid::Grid,
    grow,
    result::{Buffer, HEIGHT, Place, Sums},
};
use crate::nn::{
    Scalar,
    kernels::{
        elementwise::{Raw, for_each_chunk},
        pack::{Operand, pack, pack_quarter},
        pool::Pool,
        stream::{finish, stream},
        tile::{MAX_COLUMNS, QUARTER, Task, Tile, Tiles},
    },
};

/// What is told of every part of C, by its rows and columns, as soon as it is computed.
pub(super) type Then<'a> = &'a (dyn Fn(Range<usize>, Range<usize>) + Sync);

/// C (m, n) = left (m, k) · right (k, n), the right operand to be packed.
#[derive(Clone, Copy)]
pub(super) struct Product<'a, T: 'static> {
    pub tiles: &'static Tiles<T>,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub left: Operand<T>,
    pub right: Operand<T>,
    pub out: Place<T>,
    /// What the first block of depth is added to, if its start is not null.
    pub base: Place<T>,
    /// Who is told of the parts of C.
    pub then: Option<Then<'a>>,
    /// Whether the roles of rows and columns are exchanged.
    pub turned: bool,
    /// Whether the result is written past the caches, with non-temporal stores.
    pub streamed: bool,
}

// SAFETY: operands and base are only read; the result is written in disjoint tiles.
unsafe impl<T: Scalar> Sync for Product<'_, T> {}

impl<T: Scalar> Product<'_, T> {
    /// The same product with the roles of the operands exchanged: Cᵀ = rightᵀ · leftᵀ.
    fn transposed(self) -> Self {
        Self {
            m: self.n,
            n: self.m,
            left: self.right,
            right: self.left,
            out: self.out.transposed(),
            base: self.base.transposed(),
            turned: !self.turned,
            ..self
        }
    }

    /// This product or the transposed one, whichever moves less.
    pub fn cheaper(self) -> Self {
        let transposed = self.transposed();
        if self.overhead() <= transposed.overhead() { self } else { transposed }
    }

    /// Whether the left operand is read where it is: its rows are contiguous, or the few columns that there are. A
    /// distance of 0, as a value has that was spread, is the mark of a packed one and must become that.
    fn left_in_place(&self) -> bool {
        self.left.depth == 1 || self.left.outer == 1 && self.left.depth != 0 && self.k <= SHALLOW
    }

    /// Moves besides the multiplications, in about the time that one scalar takes.
    fn overhead(&self) -> usize {
        let copy = |values: usize, from: Operand<T>| match (from.outer, from.depth) {
            (1, _) => values / 8,
            (_, 1) => values / 4,
            _ => values,
        };
        let left = if self.left_in_place() { 0 } else { copy(self.m * self.k, self.left) };
        let right = copy(self.n.next_multiple_of(self.tiles.lanes) * self.k, self.right);
        let results = self.m * self.n * self.k.div_ceil(DEPTH);
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
    /// Operands and result must be valid for the dimensions, and nobody else may use the result meanwhile.
    pub unsafe fn run(mut self, pool: &Pool, workspace: &mut Workspace<T>) {
        let threads = if self.m * self.n * self.k < WORTH_THREADS { 1 } else { pool.threads() };
        let (rows, columns) = (self.tiles.rows(), self.tiles.columns());
        let far = threads > 1 && pool.is_far_apart();
        self.streamed = far && self.is_left_for_long();
        if !self.left_in_place() {
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
        workspace.locals.reserve(pool, LOCAL.max(DEPTH * columns));
        let locals = &workspace.locals;
        let panels = self.n.div_ceil(columns);
        if panels >= threads * if self.m <= self.n { FEW_PANELS } else { PANELS } {
            let fitting = (LOCAL / (DEPTH.min(self.k) * columns)).max(1);
            let wanted = if threads > 1 { panels / (PANELS * threads) } else { panels };
            let width = wanted.clamp(1, fitting) * columns;
            pool.run(self.n.div_ceil(width), &|chunk| {
                let columns = chunk * width..self.n.min((chunk + 1) * width);
                // SAFETY: chunks are disjoint columns of the result, whose operands the caller promises.
                locals.with(|local| unsafe { self.columns(columns, local) });
            });
            return;
        }
        let rest = self.n % columns;
        let width = self.n - rest + self.padded(rest);
        grow(&mut workspace.right, width * self.k);
        let packed = Raw::new(&mut workspace.right[..width * self.k]);
        let piece = if threads > 1 { PIECE } else { self.k };
        let pieces = self.k.div_ceil(piece);
        let pack = |chunk: usize| {
            let (column, depth) = (chunk / pieces * columns, chunk % pieces * piece);
            let depths = depth..self.k.min(depth + piece);
            let (_, padded) = self.panel(column);
            let start = column * self.k + depths.start * padded;
            // SAFETY: the columns lie in the right operand, as the caller promises, and pieces of panels do not overlap.
            unsafe {
                let packed = packed.part(start..start + depths.len() * padded);
                if far {
                    locals.with(|local| {
                        let local = &mut local[..packed.len()];
                        self.pack_panel(column, depths, local);
                        stream(local, packed);
                    });
                    finish();
                } else {
                    self.pack_panel(column, depths, packed);
                }
            }
        };
        if threads > 1 {
            pool.run(panels * pieces, &pack);
        } else {
            (0..panels * pieces).for_each(pack);
        }
        let grid = Grid::new((self.height(), columns), (self.m, self.n), threads);
        let right = Shared(workspace.right.as_ptr());
        pool.run(grid.chunks(), &|chunk| {
            // SAFETY: both operands are ready, and chunks are disjoint parts of the result.
            unsafe { self.block(&grid, chunk, &right) };
        });
    }

    /// Whether the result is so large that little of it stays in the caches, written as it is once, and not read again at
    /// once.
    fn is_left_for_long(&self) -> bool {
        let whole_rows = self.out.column == 1 && self.base.is_null() && self.k <= DEPTH;
        whole_rows && self.then.is_none() && self.m * self.n >= LARGE
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
                let panel = &mut local[(column - columns.start) * depths.len()..];
                // SAFETY: the caller promises the operand.
                unsafe { self.pack_panel(column, depths.clone(), panel) };
            }
            let first = local.as_ptr();
            let panel = |column: usize| first.wrapping_add((column - columns.start) * depths.len());
            // SAFETY: the caller promises that these columns of the result are its own.
            unsafe { self.tiles(0..self.m, columns.clone(), depths.clone(), panel) };
        }
        self.finished(0..self.m, columns);
    }

    /// Computes one chunk of the result from packed panels, in each of which all depth follows.
    unsafe fn block(&self, grid: &Grid, chunk: usize, right: &Shared<T>) {
        let (rows, columns) = grid.part(chunk);
        for depth in (0..self.k).step_by(DEPTH) {
            let panel = |column: usize| right.0.wrapping_add(column * self.k + depth * self.panel(column).1);
            // SAFETY: the caller promises that this chunk of the result is its own.
            unsafe { self.tiles(rows.clone(), columns.clone(), depth..self.k.min(depth + DEPTH), panel) };
        }
        self.finished(rows, columns);
    }

    /// Says that this part of the result is computed.
    fn finished(&self, rows: Range<usize>, columns: Range<usize>) {
        if self.streamed {
            finish();
        }
        if let Some(then) = self.then {
            if self.turned { then(columns, rows) } else { then(rows, columns) }
        }
    }

    /// Columns of the panel that begins there, and as many as its rows are long.
    fn panel(&self, column: usize) -> (usize, usize) {
        let width = self.tiles.columns().min(self.n - column);
        (width, self.padded(width))
    }

    /// Columns of the tile that computes so many, or 0 for none.
    fn padded(&self, columns: usize) -> usize {
        if (1..=QUARTER).contains(&columns) && self.has_quarters() { QUARTER } else { self.tiles.padded(columns) }
    }

    /// The columns that are computed several depths at a time.
    #[cfg(test)]
    pub fn quarter(&self) -> Range<usize> {
        let rest = self.n % self.tiles.columns();
        let columns = if rest <= QUARTER && self.has_quarters() { rest } else { 0 };
        self.n - columns..self.n
    }

    /// Whether a few columns can be computed several depths at a time.
    fn has_quarters(&self) -> bool {
        !self.tiles.quarters.is_empty() && self.left.depth == 1 && self.k.is_multiple_of(QUARTER)
    }

    /// Packs these depths of the panel of the right operand at `column`.
    unsafe fn pack_panel(&self, column: usize, depths: Range<usize>, panel: &mut [T]) {
        let (width, padded) = self.panel(column);
        let columns = column..column + width;
        // SAFETY: the caller promises the operand.
        unsafe {
            if padded == QUARTER && self.has_quarters() {
                pack_quarter(self.right, columns, depths, panel);
            } else {
                pack(self.tiles, self.right, columns, depths, padded, panel);
            }
        }
    }

    /// Rows that are worked on together: a result whose rows are neighbours is written in vectors along them, which two
    /// tiles fill.
    fn height(&self) -> usize {
        self.tiles.rows() * if self.out.column == 1 { 1 } else { 2 }
    }

    /// Computes these depths' share of a part of the result, row by row; `panel` gives the packed panel of a column.
    unsafe fn tiles(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        depths: Range<usize>,
        panel: impl Fn(usize) -> *const T,
    ) {
        let (height, width) = (self.height(), self.tiles.columns());
        let direct = self.out.column == 1 && self.base.column == 1 && !self.streamed;
        // Panels whose tiles go to the result as they are, which is most of them.
        let whole = columns.start + if direct { columns.len() / width * width } else { 0 };
        let base = if depths.start > 0 { self.out } else { self.base };
        for row in rows.clone().step_by(height) {
            let rows = row..rows.end.min(row + height);
            if columns.start < whole {
                let (tile, mut task) = self.tile(row, width, depths.clone());
                for column in (columns.start..whole).step_by(width) {
                    task.right = panel(column);
                    task.out = self.out.at(row, column);
                    task.out_row = self.out.row;
                    if !base.is_null() {
                        (task.base, task.base_row) = (base.at(row, column), base.row);
                    }
                    // SAFETY: the tiles lie in the part that is the caller's, their operands in the operands, and the
                    // processor runs them.
                    unsafe { tile(task) };
                }
            }
            for column in (whole..columns.end).step_by(width) {
                // SAFETY: as above.
                unsafe { self.part(rows.clone(), column, depths.clone(), panel(column)) };
            }
        }
    }

    /// Computes one or two tiles of the panel at `column`, by way of a buffer if the result is not made of whole
    /// neighbouring vectors there.
    unsafe fn part(&self, rows: Range<usize>, column: usize, depths: Range<usize>, right: *const T) {
        let (width, padded) = self.panel(column);
        let (out, base) = (self.out, if depths.start > 0 { self.out } else { self.base });
        let compute = |row: usize, out: Place<T>, base: Place<T>| {
            let (tile, task) = self.tile(row, padded, depths.clone());
            let (out_row, base_row) = (out.row, base.row);
            // SAFETY: the caller promises the operands and the part, and the processor runs these tiles.
            unsafe { tile(Task { right, out: out.start, out_row, base: base.start, base_row, ..task }) };
        };
        let at = |place: Place<T>, row| {
            let start = if place.is_null() { ptr::null_mut() } else { place.at(row, column) };
            Place { start, ..place }
        };
        if out.column == 1 && base.column == 1 && width == padded && !self.streamed {
            compute(rows.start, at(out, rows.start), at(base, rows.start));
            return;
        }
        let mut buffer: Buffer<T> = [[T::zero(); MAX_COLUMNS]; HEIGHT];
        let nothing = Place { start: ptr::null_mut(), row: 0, column: 1 };
        for row in rows.clone().step_by(self.tiles.rows()) {
            let start = buffer[row - rows.start..].as_mut_ptr().cast();
            // The buffer has room for two of the largest tiles.
            compute(row, Place { start, row: MAX_COLUMNS as isize, column: 1 }, nothing);
        }
        if self.streamed {
            for (row, sums) in rows.zip(&buffer) {
                // SAFETY: the caller promises the part, and the fence follows when it is finished.
                unsafe { stream(&sums[..width], slice::from_raw_parts_mut(self.out.at(row, column), width)) };
            }
            return;
        }
        let (out, base) = (at(out, rows.start), at(base, rows.start));
        // SAFETY: the caller promises the part.
        unsafe { Sums { tiles: self.tiles, buffer: &buffer, height: rows.len(), width, out, base }.write() };
    }

    /// The tile of the rows from `row` on and so many columns, and what it is to do but for its right panel and where the
    /// sums go.
    fn tile(&self, row: usize, columns: usize, depths: Range<usize>) -> (Tile<T>, Task<T>) {
        let height = self.tiles.rows().min(self.m - row);
        let (left, left_row, left_column) = self.left_panel(row, height, depths.start);
        let task = Task {
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
        (self.tiles.tile(height, columns), task)
    }

    /// Where the left rows from `row` on begin at `depth`, and the distances of rows and columns there.
    fn left_panel(&self, row: usize, height: usize, depth: usize) -> (*const T, isize, isize) {
        let Operand { start, outer, depth: step } = self.left;
        if step == 0 {
            (start.wrapping_add(row * self.k + depth * height), 1, height as isize)
        } else {
            (self.left.at(row, depth), outer, step)
        }
    }
}

/// A packed operand that all threads read.
struct Shared<T>(*const T);

// SAFETY: nobody writes it while it is shared.
unsafe impl<T: Scalar> Sync for Shared<T> {}
