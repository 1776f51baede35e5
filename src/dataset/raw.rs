//! What every reader gives: samples as they were stored, their labels, and the names of the classes; or, before the
//! samples are read, their number and shape.

use super::{DataError, DataSpec};
use crate::random::{Purpose, stream};

/// A data set as it was stored.
#[derive(Debug)]
pub(super) struct RawDataset {
    pub shape: Vec<usize>,
    pub classes: Vec<String>,
    pub train: Part,
    pub test: Part,
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
}

/// Samples and their labels; every label is below the number of classes.
#[derive(Debug)]
pub(super) struct Part {
    pub values: Values,
    pub labels: Vec<u8>,
}

/// The samples' values, row by row.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Pixels from 0 to 255.
    Bytes(Vec<u8>),
    /// Finite numbers.
    Floats(Vec<f32>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// The values as numbers, pixels as 0 to 255.
    pub fn into_floats(self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values.into_iter().map(f32::from).collect(),
            Self::Floats(values) => values,
        }
    }

    /// The rows `rows` of `features` values each.
    fn select_rows(&self, rows: &[u32], features: usize) -> Self {
        fn select_rows<T: Copy>(values: &[T], rows: &[u32], features: usize) -> Vec<T> {
            let mut out = Vec::with_capacity(rows.len() * features);
            for &row in rows {
                out.extend_from_slice(&values[row as usize * features..][..features]);
            }
            out
        }
        match self {
            Self::Bytes(values) => Self::Bytes(select_rows(values, rows, features)),
            Self::Floats(values) => Self::Floats(select_rows(values, rows, features)),
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
        let (samples, share) = (labels.len(), spec.test_share);
        return Err(DataError::NothingToTest { file: file.into(), samples, share });
    }
    train.sort_unstable();
    test.sort_unstable();
    Ok((train, test))
}

impl Part {
    /// Splits a share off for testing, see [`train_and_test_rows`]; the parts for training and for testing.
    pub fn split_off_test(self, file: &str, spec: &DataSpec) -> Result<(Self, Self), DataError> {
        let (train, test) = train_and_test_rows(file, &self.labels, spec)?;
        let features = self.values.len() / self.labels.len().max(1);
        let part = |rows: &[u32]| Self {
            values: self.values.select_rows(rows, features),
            labels: rows.iter().map(|&row| self.labels[row as usize]).collect(),
        };
        Ok((part(&train), part(&test)))
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
        assert_eq!(error, "x: a share of 0.1 of 4 samples leaves nothing to test on; valid: a larger data.test_share");
    }

    #[test]
    fn rows_go_where_their_labels_go() {
        let part = Part { values: Values::Bytes((0..20).collect()), labels: (0..10).map(|i| i % 2).collect() };
        let (train, test) = part.split_off_test("x", &spec(0.4, 1)).unwrap();
        for part in [train, test] {
            let Values::Bytes(values) = part.values else { panic!("bytes stay bytes") };
            for (row, label) in values.chunks(2).zip(part.labels) {
                assert!(row[1] == row[0] + 1 && row[0] / 2 % 2 == label, "{row:?} {label}");
            }
        }
    }
}
