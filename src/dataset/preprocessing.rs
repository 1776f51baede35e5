//! What is done to a value before the network sees it.
//!
//! Whatever is learnt from data is learnt from the training part and done to both parts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::features::{Features, Transform};
use super::numbers::NumberTable;
use super::raw::Values;

/// What is done to every value before it enters the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preprocessing {
    /// Nothing: pixels are 0 to 255.
    None,
    /// To 0 to 1: pixels are divided by 255, other numbers go from their least to their largest.
    Scale,
    /// `(x − μ)/σ` with the mean and the standard deviation of the training set: of each channel of images, of each
    /// column of other numbers.
    #[default]
    Standardize,
    /// Minus the mean of the training set at the same place, without a division.
    MeanImage,
}

impl Preprocessing {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::None, Self::Scale, Self::Standardize, Self::MeanImage];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scale => "scale",
            Self::Standardize => "standardize",
            Self::MeanImage => "mean_image",
        }
    }
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word names no kind of preprocessing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown preprocessing; valid: none, scale, standardize, mean_image")]
pub struct UnknownPreprocessing;

impl FromStr for Preprocessing {
    type Err = UnknownPreprocessing;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or(UnknownPreprocessing)
    }
}

/// Both parts ready for the network, and what was learnt from the first to make them so.
pub(super) struct PreprocessedParts {
    pub train: Features,
    pub test: Features,
    pub learnt: LearntPreprocessing,
}

/// Learns from the training part, which has at least one sample, and makes both parts ready.
pub(super) fn preprocess_parts(
    preprocessing: Preprocessing,
    shape: &[usize],
    train: Values,
    test: Values,
) -> PreprocessedParts {
    let (train, test) = match (train, test) {
        pixels @ (Values::Bytes(_), Values::Bytes(_)) => pixels,
        (train, test) => (Values::Numbers(train.into_numbers(shape)), Values::Numbers(test.into_numbers(shape))),
    };
    let learnt = LearntPreprocessing::learn(preprocessing, shape, &train);
    PreprocessedParts { train: learnt.apply(shape, train), test: learnt.apply(shape, test), learnt }
}

/// What is done to every value, with all that was learnt from the training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LearntPreprocessing {
    /// What is done to pixels from 0 to 255: `(x − mean)/deviation`, with one pair for all channels or one for each.
    Pixels(Vec<(f64, f64)>),
    /// What is taken away from each pixel of a sample.
    MeanImage(Vec<f32>),
    /// What is done to other numbers.
    Numbers(NumberTransform),
}

impl LearntPreprocessing {
    /// Learns from training values, at least one sample.
    fn learn(preprocessing: Preprocessing, shape: &[usize], train: &Values) -> Self {
        match train {
            Values::Numbers(table) => Self::Numbers(NumberTransform::learn(preprocessing, shape, table)),
            Values::Bytes(pixels) => match preprocessing {
                Preprocessing::None => Self::Pixels(vec![(0.0, 1.0)]),
                Preprocessing::Scale => Self::Pixels(vec![(0.0, 255.0)]),
                Preprocessing::Standardize => Self::Pixels(channel_moments(shape, pixels)),
                Preprocessing::MeanImage => Self::MeanImage(mean_image(shape, pixels)),
            },
        }
    }

    /// Makes values of samples of this shape ready. Numbers that become pixels are whole and from 0 to 255.
    pub fn apply(&self, shape: &[usize], values: Values) -> Features {
        match self {
            Self::Pixels(pairs) => Features::Bytes { values: values.into_bytes(), transform: look_up_tables(pairs) },
            Self::MeanImage(mean) => {
                Features::Bytes { values: values.into_bytes(), transform: Transform::Minus(mean.as_slice().into()) }
            }
            Self::Numbers(transform) => {
                let table = values.into_numbers(shape);
                Features::Floats(table.into_floats(|place, value| transform.apply(place, value)))
            }
        }
    }

    /// What other numbers are rounded relative to, see
    /// [`with_offsets`](super::numbers::NumberTableBuilder::with_offsets); empty for pixels.
    pub fn offsets(&self) -> &[f64] {
        match self {
            Self::Numbers(transform) => &transform.offsets,
            Self::Pixels(_) | Self::MeanImage(_) => &[],
        }
    }

    /// Whether it is done to pixels.
    pub fn takes_pixels(&self) -> bool {
        !matches!(self, Self::Numbers(_))
    }

    /// For each value of a sample that is a number, not a pixel: what is subtracted from it, then divided by.
    pub fn moves(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Numbers(NumberTransform { pairs, run, .. }) => {
                pairs.iter().flat_map(|&pair| std::iter::repeat_n(pair, *run)).collect()
            }
            Self::Pixels(_) | Self::MeanImage(_) => Vec::new(),
        }
    }

    /// Whether it can be applied to samples of this shape.
    pub fn fits(&self, shape: &[usize]) -> bool {
        let features: usize = shape.iter().product();
        let is_sound = |&(offset, divisor): &(f64, f64)| offset.is_finite() && divisor.is_finite() && divisor > 0.0;
        match self {
            Self::Pixels(pairs) => {
                (pairs.len() == 1 || pairs.len() == channel_count(shape)) && pairs.iter().all(is_sound)
            }
            Self::MeanImage(mean) => mean.len() == features && mean.iter().all(|value| value.is_finite()),
            Self::Numbers(NumberTransform { pairs, run, offsets }) => {
                let offset_count = if shape.len() > 1 { 1 } else { features };
                pairs.len().checked_mul(*run) == Some(features)
                    && pairs.iter().all(is_sound)
                    && offsets.len() == offset_count
                    && offsets.iter().all(|offset| offset.is_finite())
            }
        }
    }
}

/// Number of channels of which each counts on its own; bytes that are no images are pixels all the same.
fn channel_count(shape: &[usize]) -> usize {
    if shape.len() == 3 { shape[0] } else { 1 }
}

/// What each byte becomes, with one pair for all channels or one for each.
fn look_up_tables(pairs: &[(f64, f64)]) -> Transform {
    let table = |&(mean, deviation): &(f64, f64)| std::array::from_fn(|byte| ((byte as f64 - mean) / deviation) as f32);
    match pairs {
        [only] => Transform::Same(Box::new(table(only))),
        _ => Transform::Channels(pairs.iter().map(table).collect()),
    }
}

/// Mean and deviation of each channel.
fn channel_moments(shape: &[usize], pixels: &[u8]) -> Vec<(f64, f64)> {
    let (features, channels) = (shape.iter().product::<usize>(), channel_count(shape));
    let mut counts = vec![[0_u64; 256]; channels];
    for (position, plane) in pixels.chunks_exact(features / channels).enumerate() {
        let counts = &mut counts[position % channels];
        for &byte in plane {
            counts[byte as usize] += 1;
        }
    }
    counts.iter().map(byte_moments).collect()
}

/// The mean of each pixel.
fn mean_image(shape: &[usize], pixels: &[u8]) -> Vec<f32> {
    let features: usize = shape.iter().product();
    let mut sums = vec![0_u64; features];
    for sample in pixels.chunks_exact(features) {
        sums.iter_mut().zip(sample).for_each(|(sum, &byte)| *sum += u64::from(byte));
    }
    let samples = (pixels.len() / features) as f64;
    sums.into_iter().map(|sum| (sum as f64 / samples) as f32).collect()
}

/// Mean and (biased) standard deviation; the deviation of constant pixels counts as 1, so that they become 0.
///
/// Counting bytes keeps the sums exact: the result does not depend on an order of summation.
fn byte_moments(counts: &[u64; 256]) -> (f64, f64) {
    let total = counts.iter().sum::<u64>() as f64;
    let mean = (0..).zip(counts).map(|(byte, count)| byte * count).sum::<u64>() as f64 / total;
    let squares: f64 =
        (0_u32..).zip(counts).map(|(byte, &count)| (f64::from(byte) - mean).powi(2) * count as f64).sum();
    (mean, positive_or_one((squares / total).sqrt()))
}

fn positive_or_one(deviation: f64) -> f64 {
    if deviation > 0.0 { deviation } else { 1.0 }
}

/// What becomes of numbers: `(x − offset)/divisor`, with one pair for each run of equally many values of a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NumberTransform {
    pairs: Vec<(f64, f64)>,
    run: usize,
    /// What numbers are rounded relative to; those of the training table.
    offsets: Vec<f64>,
}

impl NumberTransform {
    fn learn(preprocessing: Preprocessing, shape: &[usize], train: &NumberTable) -> Self {
        let features: usize = shape.iter().product();
        // Columns of a table have nothing to do with each other; the pixels of a channel have.
        let runs = match preprocessing {
            Preprocessing::Scale if shape.len() > 1 => 1,
            Preprocessing::Standardize if shape.len() > 1 => channel_count(shape),
            _ => features,
        };
        let run = features / runs;
        let pairs = match preprocessing {
            Preprocessing::None => vec![(0.0, 1.0); runs],
            Preprocessing::MeanImage => value_means(train, run, runs).into_iter().map(|mean| (mean, 1.0)).collect(),
            Preprocessing::Standardize => {
                let means = value_means(train, run, runs);
                let variances = run_means(train, run, runs, |index, value| (value - means[index]).powi(2));
                let deviations = variances.into_iter().map(|variance| positive_or_one(variance.sqrt()));
                means.iter().copied().zip(deviations).collect()
            }
            Preprocessing::Scale => run_ranges(train, run, runs)
                .into_iter()
                .map(|(least, largest)| (least, positive_or_one(largest - least)))
                .collect(),
        };
        Self { pairs, run, offsets: train.first_offsets().to_vec() }
    }

    /// What the value in this place of a sample becomes.
    fn apply(&self, place: usize, value: f64) -> f64 {
        let (offset, divisor) = self.pairs[place / self.run];
        // A test value far outside the training range could leave what a float holds.
        ((value - offset) / divisor).clamp(f64::from(f32::MIN), f64::from(f32::MAX))
    }
}

/// The mean of each run. A run of one value has that value for its mean, to the last bit, so that nothing is left of it
/// when its mean is taken away.
fn value_means(table: &NumberTable, run: usize, runs: usize) -> Vec<f64> {
    let means = run_means(table, run, runs, |_, value| value);
    let settle = |(mean, (least, largest))| if least == largest { least } else { mean };
    means.into_iter().zip(run_ranges(table, run, runs)).map(settle).collect()
}

/// The mean of something of each value, for each of the `runs` runs of `run` values, in the order of the file.
fn run_means(table: &NumberTable, run: usize, runs: usize, of: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; runs];
    table.for_each_row(|row| {
        for (index, values) in row.chunks_exact(run).enumerate() {
            sums[index] += values.iter().map(|&value| of(index, value)).sum::<f64>();
        }
    });
    let count = (table.rows() * run) as f64;
    sums.into_iter().map(|sum| sum / count).collect()
}

/// The least and the largest value of each run.
fn run_ranges(table: &NumberTable, run: usize, runs: usize) -> Vec<(f64, f64)> {
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); runs];
    table.for_each_row(|row| {
        for (range, values) in ranges.iter_mut().zip(row.chunks_exact(run)) {
            for &value in values {
                *range = (range.0.min(value), range.1.max(value));
            }
        }
    });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_round_trip() {
        for kind in Preprocessing::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("Scale".parse::<Preprocessing>(), Err(UnknownPreprocessing));
    }

    /// The training part after preprocessing.
    fn prepared(preprocessing: Preprocessing, shape: &[usize], train: Values) -> Vec<f64> {
        let features: usize = shape.iter().product();
        let (count, test) = match &train {
            Values::Bytes(values) => (values.len(), Values::Bytes(Vec::new())),
            Values::Numbers(table) => (table.rows() * features, numbers(shape, &[])),
        };
        let mut out = vec![0.0; count];
        match preprocess_parts(preprocessing, shape, train, test).train {
            Features::Floats(values) => values.iter().zip(&mut out).for_each(|(value, out)| *out = f64::from(*value)),
            Features::Bytes { values, transform } => {
                for (bytes, out) in values.chunks(features).zip(out.chunks_mut(features)) {
                    transform.apply(bytes, out);
                }
            }
        }
        out
    }

    fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let count = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / count;
        (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
    }

    fn numbers(shape: &[usize], values: &[f64]) -> Values {
        Values::Numbers(NumberTable::from_values(shape, values.iter().copied()))
    }

    fn both(shape: &[usize], bytes: &[u8]) -> [Values; 2] {
        let values: Vec<f64> = bytes.iter().map(|&byte| byte.into()).collect();
        [Values::Bytes(bytes.to_vec()), numbers(shape, &values)]
    }

    #[test]
    fn standardized_channels_have_mean_zero_and_deviation_one_each() {
        let pixels: Vec<u8> = (0..12_000_u32).map(|i| (i * i % (100 + 50 * (i / 4 % 3))) as u8).collect();
        for values in both(&[3, 2, 2], &pixels) {
            let out = prepared(Preprocessing::Standardize, &[3, 2, 2], values);
            for channel in 0..3 {
                let plane = out.iter().enumerate().filter(|(i, _)| i / 4 % 3 == channel).map(|(_, value)| *value);
                let (mean, deviation) = moments(plane);
                assert!(mean.abs() < 1e-6 && (deviation - 1.0).abs() < 1e-6, "{mean} {deviation}");
            }
        }
        // One channel, and bytes that are no images, have one mean for all.
        for shape in [&[1, 3, 4][..], &[12]] {
            let out = prepared(Preprocessing::Standardize, shape, Values::Bytes(pixels.clone()));
            let (mean, deviation) = moments(out.iter().copied());
            assert!(mean.abs() < 1e-6 && (deviation - 1.0).abs() < 1e-6, "{mean} {deviation}");
            assert_eq!(out[0].to_bits(), out[pixels.iter().rposition(|&byte| byte == pixels[0]).unwrap()].to_bits());
        }
    }

    #[test]
    fn columns_of_numbers_are_standardized_and_scaled_each_on_its_own() {
        let table = numbers(&[3], &[1.0, 1e6, 7.0, 3.0, 3e6, 7.0]);
        assert_eq!(prepared(Preprocessing::Standardize, &[3], table.clone()), [-1.0, -1.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(prepared(Preprocessing::Scale, &[3], table.clone()), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(prepared(Preprocessing::None, &[3], table), [1.0, 1e6, 7.0, 3.0, 3e6, 7.0]);
        // The pixels of an image share one scale, so that their colours stay what they are.
        let image = numbers(&[2, 1, 2], &[0.0, 1.0, 2.0, 4.0]);
        assert_eq!(prepared(Preprocessing::Scale, &[2, 1, 2], image), [0.0, 0.25, 0.5, 1.0]);
    }

    #[test]
    fn the_mean_image_is_taken_away_and_nothing_is_divided() {
        for values in both(&[3, 1, 1], &[10, 0, 255, 20, 100, 255]) {
            assert_eq!(prepared(Preprocessing::MeanImage, &[3, 1, 1], values), [-5.0, -50.0, 0.0, 5.0, 50.0, 0.0]);
        }
    }

    #[test]
    fn what_is_learnt_from_training_is_done_to_the_test_part() {
        let (train, test) = (numbers(&[1], &[0.0, 2.0]), numbers(&[1], &[4.0]));
        let PreprocessedParts { test, learnt, .. } = preprocess_parts(Preprocessing::Scale, &[1], train, test);
        assert!(matches!(test, Features::Floats(values) if values == [2.0]));
        assert_eq!(learnt.moves(), [(0.0, 2.0)]);
        // Even then nothing infinite comes out.
        let (train, test) = (numbers(&[1], &[0.0, 1e-40]), numbers(&[1], &[f64::from(f32::MAX)]));
        let PreprocessedParts { test, .. } = preprocess_parts(Preprocessing::Scale, &[1], train, test);
        assert!(matches!(test, Features::Floats(values) if values[0].is_finite()));
    }

    #[test]
    fn constant_values_become_zero_and_not_infinite() {
        for kind in [Preprocessing::Standardize, Preprocessing::MeanImage] {
            for values in both(&[3, 1, 2], &[7; 30]) {
                assert_eq!(prepared(kind, &[3, 1, 2], values), [0.0; 30]);
            }
            // The mean of numbers that are not exact is not the number.
            for value in [0.1, 1.7e9 + 0.1, -1e-300] {
                assert_eq!(prepared(kind, &[1], numbers(&[1], &[value; 30])), [0.0; 30], "{value}");
            }
        }
    }

    #[test]
    fn what_is_subtracted_is_subtracted_before_rounding() {
        let seconds: Vec<f64> = (0..100).map(f64::from).collect();
        let late: Vec<f64> = seconds.iter().map(|second| 1.7e9 + second).collect();
        for kind in [Preprocessing::Standardize, Preprocessing::Scale, Preprocessing::MeanImage] {
            let [near, far] = [&seconds, &late].map(|values| prepared(kind, &[1], numbers(&[1], values)));
            assert_eq!(near, far, "{kind}");
        }
    }

    #[test]
    fn scaling_maps_255_to_1_and_none_changes_nothing() {
        let pixels = Values::Bytes(vec![0, 51, 255]);
        let expected = [0.0, f64::from(0.2_f32), 1.0];
        assert_eq!(prepared(Preprocessing::Scale, &[1, 1, 3], pixels.clone()), expected);
        assert_eq!(prepared(Preprocessing::None, &[1, 1, 3], pixels), [0.0, 51.0, 255.0]);
    }
}
