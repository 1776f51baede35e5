//! Whether the test part holds values like those of the training part: test pixels from 0 to 1 beside training pixels
//! from 0 to 255 can be computed with and mean nothing.

use super::DataNote;
use super::raw::{Part, Values};
use crate::text::short;

/// Deviations of the training values by which the test values' mean may be off.
const MAX_MEAN_SHIFT: f64 = 6.0;

/// How many times the deviations of the two parts may differ.
const MAX_DEVIATION_RATIO: f64 = 30.0;

/// Test samples from which their deviation says something.
const MIN_TEST_SAMPLES: u64 = 10;

/// Samples of images that are looked at, about.
const LOOKED_AT_IMAGES: usize = 2000;

/// Columns that are named in a note.
const NAMED_COLUMNS: usize = 3;

/// What values of one kind are like.
#[derive(Clone, Copy, Debug)]
struct ValueSpread {
    count: u64,
    /// The first value; sums are of differences from it, which keeps their digits.
    origin: f64,
    sum: f64,
    squares: f64,
    least: f64,
    largest: f64,
}

impl ValueSpread {
    const NOTHING: Self =
        Self { count: 0, origin: 0.0, sum: 0.0, squares: 0.0, least: f64::INFINITY, largest: f64::NEG_INFINITY };

    fn add(&mut self, value: f64) {
        if self.count == 0 {
            self.origin = value;
        }
        let difference = value - self.origin;
        self.count += 1;
        self.sum += difference;
        self.squares += difference * difference;
        (self.least, self.largest) = (self.least.min(value), self.largest.max(value));
    }

    fn mean(&self) -> f64 {
        self.origin + self.sum / self.count as f64
    }

    fn deviation(&self) -> f64 {
        let mean = self.sum / self.count as f64;
        (self.squares / self.count as f64 - mean * mean).max(0.0).sqrt()
    }

    /// Whether `test` can hardly hold values of the same kind as these.
    fn disagrees_with(&self, test: &Self) -> bool {
        let (expected, found) = (self.deviation(), test.deviation());
        if expected == 0.0 || test.count == 0 {
            return false;
        }
        let ratio = found / expected;
        let spread = found > 0.0 && test.count >= MIN_TEST_SAMPLES;
        (test.mean() - self.mean()).abs() > MAX_MEAN_SHIFT * expected
            || spread && !(MAX_DEVIATION_RATIO.recip()..=MAX_DEVIATION_RATIO).contains(&ratio)
    }

    fn range(&self) -> String {
        format!("{} to {}", short(self.least), short(self.largest))
    }
}

/// What is said of test values that are unlike the training values.
pub(super) fn compare_parts(shape: &[usize], columns: &[String], train: &Part, test: &Part) -> Option<DataNote> {
    let (train, test) = (spreads(shape, &train.values), spreads(shape, &test.values));
    let differing: Vec<usize> =
        (0..train.len()).filter(|&column| train[column].disagrees_with(&test[column])).collect();
    if differing.is_empty() {
        return None;
    }
    let describe = |&column: &usize| {
        let ranges = format!("{}, in training {}", test[column].range(), train[column].range());
        match (shape.len(), columns.get(column)) {
            (1, Some(name)) => format!("column {name}: {ranges}"),
            (1, None) => format!("column {column}: {ranges}"),
            _ => ranges,
        }
    };
    let named: Vec<String> = differing.iter().take(NAMED_COLUMNS).map(describe).collect();
    let more = differing.len().saturating_sub(NAMED_COLUMNS);
    let more = if more > 0 { format!("; and {more} columns more") } else { String::new() };
    Some(DataNote::suspicious(format!(
        "the values of the test part are unlike the training values; are they in another unit? {}{more}",
        named.join("; ")
    )))
}

/// The spread of each column of a table; of all values together of images.
fn spreads(shape: &[usize], values: &Values) -> Vec<ValueSpread> {
    let features: usize = shape.iter().product();
    let kinds = if shape.len() == 1 { features } else { 1 };
    let mut spreads = vec![ValueSpread::NOTHING; kinds];
    match values {
        Values::Bytes(bytes) => {
            let step = (bytes.len() / features / LOOKED_AT_IMAGES).max(1);
            for image in bytes.chunks_exact(features).step_by(step) {
                for &byte in image {
                    spreads[0].add(byte.into());
                }
            }
        }
        Values::Numbers(table) => table.for_each_row(|row| {
            for (place, &value) in row.iter().enumerate() {
                spreads[place % kinds].add(value);
            }
        }),
    }
    spreads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::numbers::NumberTable;

    fn part(shape: &[usize], values: impl IntoIterator<Item = f64>) -> Part {
        Part::numbered(Values::Numbers(NumberTable::from_values(shape, values)), Vec::new())
    }

    fn numbers(count: u32, factor: f64, offset: f64) -> impl Iterator<Item = f64> {
        (0..count).flat_map(move |i| [f64::from(i * 37 % 101) * factor + offset, f64::from(i * 13 % 17)])
    }

    #[test]
    fn values_in_another_unit_are_noted_with_both_ranges() {
        let compare = |train: &Part, test: &Part| compare_parts(&[2], &["size".into(), "age".into()], train, test);
        let train = part(&[2], numbers(200, 1.0, 1e9));
        for (factor, offset) in [(1.0, 1e9), (0.2, 1e9), (3.0, 1e9 + 50.0)] {
            assert_eq!(compare(&train, &part(&[2], numbers(40, factor, offset))), None, "{factor} {offset}");
        }
        let note = compare(&train, &part(&[2], numbers(40, 0.01, 1e9))).unwrap();
        assert!(note.text.contains("column size: ") && !note.text.contains("age"), "{}", note.text);
        assert!(compare(&train, &part(&[2], numbers(1, 1.0, 0.0))).is_some());
        // A column that never changes says nothing, nor do few samples of one value.
        assert_eq!(compare(&part(&[2], [1.0; 80]), &part(&[2], [5.0; 20])), None);
    }

    #[test]
    fn pixels_from_0_to_1_beside_pixels_from_0_to_255_are_noted() {
        let image = [1, 4, 4];
        let pixels = |scale: f64| part(&image, (0..640_u32).map(move |i| f64::from(i * i % 256) / scale));
        let bytes = Part::numbered(Values::Bytes((0..640_u32).map(|i| (i * i % 256) as u8).collect()), Vec::new());
        assert_eq!(compare_parts(&image, &[], &bytes, &pixels(1.0)), None);
        let note = compare_parts(&image, &[], &bytes, &pixels(255.0)).unwrap();
        assert!(note.text.ends_with("are they in another unit? 0 to 0.976, in training 0 to 249"), "{}", note.text);
    }
}
