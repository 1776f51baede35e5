//! What every reader gives: samples as they were stored, their labels, and the names of the classes; or, before the
//! samples are read, their number and shape.

use super::contents::file_name;
use super::numbers::NumberTable;
use super::origins::PartOrigins;
use super::{DataError, DataNote, DataSpec};
use crate::memory::check_memory;
use crate::random::{Purpose, stream};
use crate::text::thousands;

/// A data set as it was stored.
#[derive(Debug)]
pub(super) struct RawDataset {
    pub shape: Vec<usize>,
    pub classes: Vec<String>,
    /// Names of the values of a sample, harmless to show; empty where they have none.
    pub columns: Vec<String>,
    pub train: Part,
    pub test: Part,
    /// Whether the test part was split off from one part, so that both hold the same kind of values.
    pub is_split: bool,
    /// What was left out or assumed.
    pub notes: Vec<DataNote>,
}

/// What is known of a data set before its samples are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetOutline {
    /// Shape of one sample, as [`Dataset::shape`](super::Dataset::shape).
    pub shape: Vec<usize>,
    /// Names of the classes, as [`Dataset::classes`](super::Dataset::classes).
    pub classes: Vec<String>,
    /// Number of training samples.
    pub train: usize,
    /// Number of test samples.
    pub test: usize,
    /// Bytes in which a value is kept: 1 for pixels, 4 for other numbers.
    pub bytes_per_value: usize,
}

impl DatasetOutline {
    /// Memory that the samples and their labels take, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        let samples = (self.train as u64).saturating_add(self.test as u64);
        let values = self.shape.iter().fold(samples, |product, &side| product.saturating_mul(side as u64));
        values.saturating_mul(self.bytes_per_value as u64).saturating_add(samples)
    }

    /// How data that were described like this differ from `other`, found later in the same place; `None` if they do not.
    pub fn find_difference(&self, other: &Self) -> Option<String> {
        let count = |what: &str, then: usize, now: usize| {
            (then != now).then(|| format!("{} {what} then, {} now", thousands(then as u64), thousands(now as u64)))
        };
        count("training samples", self.train, other.train)
            .or_else(|| count("test samples", self.test, other.test))
            .or_else(|| count("classes", self.classes.len(), other.classes.len()))
            .or_else(|| {
                let (then, now) = self.classes.iter().zip(&other.classes).find(|(then, now)| then != now)?;
                Some(format!("a class named \"{then}\" then, \"{now}\" now"))
            })
            .or_else(|| {
                let (then, now) = (&self.shape, &other.shape);
                (then != now).then(|| format!("samples of the shape {then:?} then, {now:?} now"))
            })
    }
}

/// Samples and their labels; every label is below the number of classes.
#[derive(Debug)]
pub(super) struct Part {
    pub values: Values,
    pub labels: Vec<u8>,
    pub origins: PartOrigins,
}

/// The samples' values, row by row.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Pixels of images from 0 to 255.
    Bytes(Vec<u8>),
    /// Finite numbers.
    Numbers(NumberTable),
}

impl Values {
    /// The values as numbers, for samples of this shape.
    pub fn into_numbers(self, shape: &[usize]) -> NumberTable {
        match self {
            Self::Bytes(pixels) => NumberTable::from_values(shape, pixels.into_iter().map(f64::from)),
            Self::Numbers(table) => table,
        }
    }

    /// What the first numbers are rounded relative to; empty for pixels.
    pub fn first_offsets(&self) -> &[f64] {
        match self {
            Self::Bytes(_) => &[],
            Self::Numbers(table) => table.first_offsets(),
        }
    }

    /// The values, which are pixels or whole numbers from 0 to 255, as pixels.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(pixels) => pixels,
            Self::Numbers(table) => table.into_bytes(),
        }
    }

    /// Two sets of values, one of the rows `first` and one of the others; `first` is sorted, and a row of pixels has
    /// `features` of them.
    fn split(self, first: &[u32], features: usize) -> (Self, Self) {
        match self {
            Self::Numbers(table) => {
                let (first, rest) = table.split(first);
                (Self::Numbers(first), Self::Numbers(rest))
            }
            Self::Bytes(values) => {
                let mut parts = (Vec::with_capacity(first.len() * features), Vec::new());
                let mut first = first.iter().copied().peekable();
                for (row, pixels) in (0..).zip(values.chunks_exact(features)) {
                    let part = if first.next_if_eq(&row).is_some() { &mut parts.0 } else { &mut parts.1 };
                    part.extend_from_slice(pixels);
                }
                (Self::Bytes(parts.0), Self::Bytes(parts.1))
            }
        }
    }
}

/// Index of the stream that splits; toy problems use the numbers below.
const SPLIT_STREAM: u64 = 100;

/// Which samples are for training and which for testing, each in the order of the file.
///
/// Of every class the share `spec.test_share` goes to testing, rounded, chosen by `spec.seed`; at least one sample
/// stays for training.
pub(super) fn train_and_test_rows(
    file: &str,
    labels: &[u8],
    spec: &DataSpec,
) -> Result<(Vec<u32>, Vec<u32>), DataError> {
    let too_many = || DataError::TooManySamples { file: file.into() };
    let mut order: Vec<u32> = (0..u32::try_from(labels.len()).map_err(|_| too_many())?).collect();
    stream(spec.seed, Purpose::Data, SPLIT_STREAM).shuffle(&mut order);
    let mut counts = [0_usize; 256];
    for &label in labels {
        counts[label as usize] += 1;
    }
    let mut wanted = counts.map(|count| ((count as f64 * spec.test_share).round() as usize).min(count.max(1) - 1));
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for sample in order {
        let wanted = &mut wanted[labels[sample as usize] as usize];
        if *wanted > 0 {
            *wanted -= 1;
            test.push(sample);
        } else {
            train.push(sample);
        }
    }
    if test.is_empty() {
        return Err(nothing_to_test_error(file, &counts, spec.test_share));
    }
    train.sort_unstable();
    test.sort_unstable();
    Ok((train, test))
}

/// Why a share leaves nothing to test on, with the share that would.
fn nothing_to_test_error(file: &str, counts: &[usize; 256], share: f64) -> DataError {
    let file = file.into();
    let largest = counts.iter().copied().max().unwrap_or_default();
    if largest < 2 {
        return DataError::SingleSamples { file, classes: counts.iter().filter(|&&count| count > 0).count() };
    }
    // Half a sample is rounded up; three digits are enough for people.
    let least = (500.0 / largest as f64).ceil() / 1000.0;
    DataError::NothingToTest { file, samples: counts.iter().sum(), share, least }
}

impl Part {
    /// Samples whose number says where they come from, or nothing does.
    pub fn numbered(values: Values, labels: Vec<u8>) -> Self {
        Self { values, labels, origins: PartOrigins::Numbers }
    }

    /// The rows of the array in a file.
    pub fn of_array(values: Values, labels: Vec<u8>, file: &str) -> Self {
        let origins = PartOrigins::Rows { file: file_name(file), rows: (0..labels.len() as u32).collect() };
        Self { values, labels, origins }
    }

    /// Splits a share off for testing, see [`train_and_test_rows`]; the parts for training and for testing. A sample has
    /// `features` values.
    pub fn split_off_test(self, features: usize, file: &str, spec: &DataSpec) -> Result<(Self, Self), DataError> {
        let (train, test) = train_and_test_rows(file, &self.labels, spec)?;
        // Of numbers the smaller part is copied, of bytes both.
        let copied = match self.values {
            Values::Bytes(_) => self.labels.len(),
            Values::Numbers(_) => size_of::<f32>() * train.len().min(test.len()),
        };
        check_memory((copied * features) as u64).map_err(DataError::of_memory(file))?;
        let labels = |rows: &[u32]| rows.iter().map(|&row| self.labels[row as usize]).collect();
        let (train_labels, test_labels) = (labels(&train), labels(&test));
        let (train_origins, test_origins) = self.origins.split(&train);
        let (train, test) = self.values.split(&train, features);
        Ok((
            Self { values: train, labels: train_labels, origins: train_origins },
            Self { values: test, labels: test_labels, origins: test_origins },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(test_share: f64, seed: u64) -> DataSpec {
        DataSpec { test_share, seed, ..DataSpec::default() }
    }

    #[test]
    fn each_class_gives_its_share_and_order_is_kept() {
        let labels: Vec<u8> = (0..100).map(|i| u8::from(i >= 80)).collect();
        let (train, test) = train_and_test_rows("x", &labels, &spec(0.25, 3)).unwrap();
        assert_eq!((train.len(), test.len()), (75, 25));
        assert_eq!(test.iter().filter(|&&sample| sample >= 80).count(), 5);
        assert!(train.is_sorted() && test.is_sorted());
        let mut all = [train.clone(), test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(train_and_test_rows("x", &labels, &spec(0.25, 3)).unwrap().0, train);
        assert_ne!(train_and_test_rows("x", &labels, &spec(0.25, 4)).unwrap().0, train);
    }

    #[test]
    fn every_class_keeps_a_sample_for_training_and_something_is_left_to_test() {
        let (train, test) = train_and_test_rows("x", &[0, 1, 1, 1], &spec(0.99, 0)).unwrap();
        assert!(train.contains(&0) && train.len() == 2 && test.len() == 2);
        let error = train_and_test_rows("x", &[0, 1, 0, 1], &spec(0.1, 0)).unwrap_err().to_string();
        assert_eq!(
            error,
            "x: a share of 0.1 of 4 samples leaves nothing to test on; valid: a data.test_share of at least 0.25"
        );
    }

    #[test]
    fn rows_go_where_their_labels_go() {
        let lines = PartOrigins::Lines { file: "t.csv".into(), lines: (100..110).collect() };
        let labels = (0..10).map(|i| i % 2).collect();
        let part = Part { values: Values::Bytes((0..20).collect()), labels, origins: lines };
        let (train, test) = part.split_off_test(2, "x", &spec(0.4, 1)).unwrap();
        for part in [train, test] {
            let Values::Bytes(values) = part.values else { panic!("bytes stay bytes") };
            for (sample, (row, label)) in values.chunks(2).zip(part.labels).enumerate() {
                assert!(row[1] == row[0] + 1 && row[0] / 2 % 2 == label, "{row:?} {label}");
                assert_eq!(part.origins.of(sample), Some(format!("t.csv:{}", 100 + row[0] / 2)));
            }
        }
    }
}
