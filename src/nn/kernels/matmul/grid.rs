//! How a result is cut into chunks for the threads.

use std::ops::Range;

/// The chunks of an (m, n) result, in rows of chunks.
pub(super) struct ChunkGrid {
    m: usize,
    n: usize,
    /// Rows and columns of a chunk.
    rows: usize,
    columns: usize,
    chunks_across: usize,
    chunks_down: usize,
}

impl ChunkGrid {
    /// Chunks of an (m, n) result for this many threads, each of whole parts of `height` rows and `width` columns.
    pub(super) fn new((height, width): (usize, usize), (m, n): (usize, usize), threads: usize) -> Self {
        // Many chunks a thread, so that all have as much to do, and one that is held up does not hold up the others.
        let wanted = if threads == 1 { 1 } else { 16 * threads };
        let rows = m.div_ceil(height).div_ceil(wanted) * height;
        let chunks_down = m.div_ceil(rows);
        let columns = n.div_ceil(width).div_ceil(wanted.div_ceil(chunks_down)) * width;
        Self { m, n, rows, columns, chunks_across: n.div_ceil(columns), chunks_down }
    }

    /// Number of chunks.
    pub(super) fn chunk_count(&self) -> usize {
        self.chunks_across * self.chunks_down
    }

    /// Rows and columns of a chunk.
    pub(super) fn chunk_ranges(&self, chunk: usize) -> (Range<usize>, Range<usize>) {
        let (row, column) = (chunk / self.chunks_across * self.rows, chunk % self.chunks_across * self.columns);
        (row..self.m.min(row + self.rows), column..self.n.min(column + self.columns))
    }
}
