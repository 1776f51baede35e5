//! Numbers as they were read, in the memory of `f32` and without losing what a large common offset would cost.
//!
//! A column of seconds since 1970 has nine digits that are all alike; rounded to an `f32` they leave a resolution of two
//! minutes. So values are kept block by block as differences from a number of the block's own where that is nearer to
//! the values than 0. What is subtracted later is subtracted in `f64`.

use crate::memory::{MemoryShortage, reserve_more};

/// Values that are staged as `f64` before they become a block, about.
const STAGED_VALUES: usize = 1 << 16;

/// Rows of a block of a table, at least, so that its offsets take little memory beside the values.
const MIN_TABLE_BLOCK_ROWS: usize = 16;

/// Rows of a block, at most.
const MAX_BLOCK_ROWS: usize = 4096;

/// How many times as large as their differences a column's values must be for the differences to be kept instead.
const OFFSET_RATIO: f64 = 4.0;

/// How many times as large as with its own offset the differences of a block may be with that of the block before.
const BEFORE_RATIO: f64 = 2.0;

/// Rows of finite numbers, all of the same length.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberTable {
    /// Values in a row.
    columns: usize,
    /// Neighbouring values of a row that share an offset: 1 in tables, all of an image.
    run: usize,
    /// What is left of the values without the offsets, row by row.
    differences: Vec<f32>,
    /// The rows in pieces, in order.
    blocks: Vec<NumberBlock>,
}

/// Some rows in a sequence.
#[derive(Clone, Debug)]
struct NumberBlock {
    rows: usize,
    /// One for each run of a row.
    offsets: Vec<f64>,
}

impl NumberTable {
    /// An empty table for samples of this `shape`.
    pub fn builder(shape: &[usize]) -> NumberTableBuilder {
        let columns: usize = shape.iter().product();
        // An image has one offset; as it may be large, few are staged.
        let (run, least) = if shape.len() > 1 { (columns, 1) } else { (1, MIN_TABLE_BLOCK_ROWS) };
        let rows = (STAGED_VALUES / columns).clamp(least, MAX_BLOCK_ROWS);
        NumberTableBuilder {
            table: Self { columns, run, differences: Vec::new(), blocks: Vec::new() },
            staged: Vec::new(),
            block_values: rows * columns,
            given_offsets: None,
        }
    }

    /// The table with these rows, one after the other.
    pub fn from_values(shape: &[usize], values: impl IntoIterator<Item = f64>) -> Self {
        let mut builder = Self::builder(shape);
        let mut row = Vec::with_capacity(builder.table.columns);
        for value in values {
            row.push(value);
            if row.len() == builder.table.columns {
                builder.push_row(row.drain(..));
            }
        }
        builder.finish()
    }

    /// What is taken off the first rows, one for each run of a row; empty if there are none.
    pub fn first_offsets(&self) -> &[f64] {
        self.blocks.first().map_or(&[], |block| &block.offsets)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.rows).sum()
    }

    /// Shows each row to `look`, in order.
    pub fn for_each_row(&self, mut look: impl FnMut(&[f64])) {
        let mut row = vec![0.0; self.columns];
        let mut rows = self.differences.chunks_exact(self.columns.max(1));
        for block in &self.blocks {
            for differences in rows.by_ref().take(block.rows) {
                for ((values, differences), offset) in
                    row.chunks_exact_mut(self.run).zip(differences.chunks_exact(self.run)).zip(&block.offsets)
                {
                    for (value, difference) in values.iter_mut().zip(differences) {
                        *value = offset + f64::from(*difference);
                    }
                }
                look(&row);
            }
        }
    }

    /// Two tables, one with the rows `first` and one with the rest, each in the order of this one; `first` is sorted.
    ///
    /// The larger stays where it is, so that no more memory is needed than for the smaller.
    pub fn split(mut self, first: &[u32]) -> (Self, Self) {
        let columns = self.columns;
        let keeps_first = 2 * first.len() >= self.rows();
        let moved_rows = if keeps_first { self.rows() - first.len() } else { first.len() };
        let differences = Vec::with_capacity(moved_rows * columns);
        let mut moved = Self { columns, run: self.run, differences, blocks: Vec::new() };
        let mut first = first.iter().copied().peekable();
        let (mut row, mut kept) = (0, 0);
        for block in &mut self.blocks {
            let mut kept_rows = 0;
            for _ in 0..block.rows {
                let here = row * columns..(row + 1) * columns;
                if first.next_if_eq(&(row as u32)).is_some() == keeps_first {
                    self.differences.copy_within(here, kept * columns);
                    (kept, kept_rows) = (kept + 1, kept_rows + 1);
                } else {
                    moved.differences.extend_from_slice(&self.differences[here]);
                }
                row += 1;
            }
            moved.blocks.push(NumberBlock { rows: block.rows - kept_rows, offsets: block.offsets.clone() });
            block.rows = kept_rows;
        }
        self.differences.truncate(kept * columns);
        self.differences.shrink_to_fit();
        if keeps_first { (self, moved) } else { (moved, self) }
    }

    /// The values, all of which are whole numbers from 0 to 255, as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.differences.len());
        self.for_each_row(|row| out.extend(row.iter().map(|&value| value as u8)));
        out
    }

    /// The values, row by row, as `change` makes them from the value and its place in its row, before they are rounded.
    /// They stay where they are in memory.
    pub fn into_floats(self, change: impl Fn(usize, f64) -> f64) -> Vec<f32> {
        let Self { columns, run, mut differences, blocks } = self;
        let mut rows = differences.chunks_exact_mut(columns.max(1));
        for block in &blocks {
            for row in rows.by_ref().take(block.rows) {
                for (place, value) in row.iter_mut().enumerate() {
                    *value = change(place, block.offsets[place / run] + f64::from(*value)) as f32;
                }
            }
        }
        differences
    }
}

/// A table in the making.
#[derive(Debug)]
pub(super) struct NumberTableBuilder {
    table: NumberTable,
    /// Rows that are not yet in a block.
    staged: Vec<f64>,
    /// Values in a full block.
    block_values: usize,
    /// Offsets that all blocks take, as far as their values allow it.
    given_offsets: Option<Vec<f64>>,
}

impl NumberTableBuilder {
    /// With the [first offsets](NumberTable::first_offsets) of another table, so that a value is rounded as it is there,
    /// whatever rows are beside it.
    pub fn with_offsets(self, offsets: &[f64]) -> Self {
        Self { given_offsets: (!offsets.is_empty()).then(|| offsets.to_vec()), ..self }
    }

    /// Makes sure that there is memory for one more row.
    ///
    /// # Errors
    /// When there is none.
    pub fn reserve_row(&mut self) -> Result<(), MemoryShortage> {
        let staged = self.staged.len() + self.table.columns;
        if staged < self.block_values { Ok(()) } else { reserve_more(&mut self.table.differences, staged, usize::MAX) }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When it has not as many values as the others.
    pub fn push_row(&mut self, row: impl IntoIterator<Item = f64>) {
        self.staged.extend(row);
        assert!(self.staged.len().is_multiple_of(self.table.columns), "rows of {} values", self.table.columns);
        if self.staged.len() >= self.block_values {
            self.close_block();
        }
    }

    /// The table with all rows that were added.
    pub fn finish(mut self) -> NumberTable {
        self.close_block();
        self.table
    }

    /// Puts what is staged behind the other rows.
    fn close_block(&mut self) {
        let Self { table: NumberTable { columns, run, differences, blocks }, staged, given_offsets, .. } = self;
        let wanted = match (given_offsets, blocks.last()) {
            (Some(given), _) => WantedOffsets::Given(given),
            (None, Some(block)) => WantedOffsets::Before(&block.offsets),
            (None, None) => WantedOffsets::Any,
        };
        let offsets = choose_offsets(staged, *columns, *run, wanted);
        for (values, offset) in staged.chunks_exact(*run).zip(offsets.iter().cycle()) {
            differences.extend(values.iter().map(|value| (value - offset) as f32));
        }
        blocks.push(NumberBlock { rows: staged.len() / *columns, offsets });
        staged.clear();
    }
}

/// Which offsets a block should have.
#[derive(Clone, Copy)]
enum WantedOffsets<'a> {
    /// Its own.
    Any,
    /// Those of the block before if they are about as good, so that rows are rounded alike all through a table.
    Before(&'a [f64]),
    /// These if its values allow it.
    Given(&'a [f64]),
}

/// For each run of the rows what is taken off its values: what is wanted, or their median if they are far from 0 and near
/// to each other, a few outliers aside; else 0.
fn choose_offsets(rows: &[f64], columns: usize, run: usize, wanted: WantedOffsets<'_>) -> Vec<f64> {
    let mut values = Vec::new();
    (0..columns / run)
        .map(|place| {
            values.clear();
            for row in rows.chunks_exact(columns) {
                values.extend_from_slice(&row[place * run..(place + 1) * run]);
            }
            match wanted {
                WantedOffsets::Any => choose_offset(&mut values),
                WantedOffsets::Given(given) => {
                    if fits(&values, given[place]) {
                        given[place]
                    } else {
                        0.0
                    }
                }
                WantedOffsets::Before(before) => {
                    let (own, before) = (choose_offset(&mut values), before[place]);
                    let is_good = total_size(&values, before) <= BEFORE_RATIO * total_size(&values, own);
                    if is_good && fits(&values, before) { before } else { own }
                }
            }
        })
        .collect()
}

fn choose_offset(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    let is_far = total_size(values, 0.0) >= OFFSET_RATIO * total_size(values, median);
    if is_far && fits(values, median) { median } else { 0.0 }
}

/// The sum of what is left of the values.
fn total_size(values: &[f64], offset: f64) -> f64 {
    values.iter().map(|value| (value - offset).abs()).sum()
}

/// Whether what is left of the values is finite; the difference of numbers at both ends of an `f32` is not.
fn fits(values: &[f64], offset: f64) -> bool {
    values.iter().all(|value| ((value - offset) as f32).is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(table: &NumberTable) -> Vec<f64> {
        let mut all = Vec::new();
        table.for_each_row(|row| all.extend_from_slice(row));
        all
    }

    #[test]
    fn a_common_offset_costs_no_precision() {
        let seconds: Vec<f64> = (0..10_000).map(|i| 1.7e9 + f64::from(i % 100) / 8.0).collect();
        assert_eq!(values(&NumberTable::from_values(&[1], seconds.iter().copied())), seconds);
        // Each column has its own.
        let mixed: Vec<f64> = (0..2000).map(|i| if i % 2 == 0 { 1e12 + f64::from(i) } else { f64::from(i) }).collect();
        assert_eq!(values(&NumberTable::from_values(&[2], mixed.iter().copied())), mixed);
        // What an f32 holds exactly stays exact where no offset is needed.
        let plain: Vec<f64> = (0..999).map(|i| f64::from((i * i) as f32 * 0.1 - 7.3)).collect();
        assert_eq!(values(&NumberTable::from_values(&[3], plain.iter().copied())), plain);
    }

    #[test]
    fn few_values_are_staged() {
        let staged_rows = |shape: &[usize]| {
            let builder = NumberTable::builder(shape);
            builder.block_values / builder.table.columns
        };
        assert_eq!([&[3, 4096, 4096][..], &[1, 16, 16], &[2]].map(staged_rows), [1, 256, 4096]);
        // A table's offsets are a fraction of its values.
        assert_eq!(staged_rows(&[1 << 20]), 16);
    }

    #[test]
    fn differences_of_the_largest_numbers_stay_finite() {
        let largest = f64::from(f32::MAX);
        let row = |row: usize| if row == 7 { -largest } else { largest };
        let kept = values(&NumberTable::from_values(&[1], (0..1000).map(row)));
        assert_eq!(kept, (0..1000).map(row).collect::<Vec<_>>());
    }

    #[test]
    fn an_outlier_costs_its_own_digits_only() {
        let seconds = |row: usize| 1.7e9 + (row % 100) as f64;
        for outlier in [0.0, 1e12, -5.5] {
            let rows = (0..5000).map(|row| if row == 7 { outlier } else { seconds(row) });
            let kept = values(&NumberTable::from_values(&[1], rows));
            for (row, value) in kept.into_iter().enumerate() {
                match row {
                    7 => assert!((value - outlier).abs() <= 2.0 * f64::from(f32::EPSILON) * outlier.abs().max(1.7e9)),
                    _ => assert_eq!(value, seconds(row)),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn splitting_and_reading_keep_every_row(
            columns in 1_usize..5, rows in 1_usize..200, picks in prop::collection::vec(any::<bool>(), 200),
        ) {
            let all: Vec<f64> = (0..rows * columns).map(|i| i as f64).collect();
            let table = NumberTable::from_values(&[columns], all.iter().copied());
            let first: Vec<u32> = (0..rows as u32).filter(|&row| picks[row as usize]).collect();
            let (chosen, rest) = table.split(&first);
            prop_assert_eq!(chosen.rows(), first.len());
            let row = |row: usize| all[row * columns..][..columns].to_vec();
            let expected: Vec<f64> = first.iter().flat_map(|&index| row(index as usize)).collect();
            prop_assert_eq!(values(&chosen), expected);
            let expected: Vec<f64> = (0..rows).filter(|&index| !picks[index]).flat_map(row).collect();
            prop_assert_eq!(&values(&rest), &expected);
            let doubled = rest.into_floats(|place, value| 2.0 * value + place as f64);
            let expected: Vec<f32> =
                expected.iter().enumerate().map(|(i, value)| (2.0 * value) as f32 + (i % columns) as f32).collect();
            prop_assert_eq!(doubled, expected);
        }
    }
}
