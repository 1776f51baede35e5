//! A data set in numbers: samples of each class, and where the values lie.

use serde::Serialize;

use super::raw::Values;
use super::{DataNote, DataSplit, Dataset};

/// A data set in numbers; the values are those that preprocessing gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Its name.
    pub name: String,
    /// Shape of one sample.
    pub shape: Vec<usize>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Names of the columns of a table; empty for images.
    pub columns: Vec<String>,
    /// What was left out or assumed when the data were read.
    pub notes: Vec<DataNote>,
    /// The training part.
    pub train: PartSummary,
    /// The test part.
    pub test: PartSummary,
}

/// One part of a data set in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartSummary {
    /// Number of samples.
    pub samples: usize,
    /// Samples of each class.
    pub counts: Vec<usize>,
    /// The values of each channel of images, of each column of other data.
    pub channels: Vec<ChannelSummary>,
}

/// The values of one channel or column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChannelSummary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation (biased).
    pub std: f64,
    /// Least value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// A data set in numbers as preprocessing gives them.
pub fn summarize(data: &Dataset) -> DatasetSummary {
    let channels = [&data.train, &data.test].map(|split| summarize_split(split, &data.shape));
    describe_in_numbers(data, channels)
}

/// The same with the `channels` of the training and the test part.
pub(super) fn describe_in_numbers(
    Dataset { name, shape, classes, columns, notes, train, test, .. }: &Dataset,
    [train_channels, test_channels]: [Vec<ChannelSummary>; 2],
) -> DatasetSummary {
    let part = |split: &DataSplit, channels| {
        let mut counts = vec![0; classes.len()];
        split.labels.iter().for_each(|&label| counts[label as usize] += 1);
        PartSummary { samples: split.len(), counts, channels }
    };
    DatasetSummary {
        train: part(train, train_channels),
        test: part(test, test_channels),
        name: name.clone(),
        shape: shape.clone(),
        classes: classes.clone(),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        notes: notes.clone(),
    }
}

/// The channels or columns of values as they were stored.
pub(super) fn summarize_values(values: &Values, shape: &[usize]) -> Vec<ChannelSummary> {
    match values {
        Values::Numbers(table) => summarize_channels(shape, |look| table.for_each_row(look)),
        Values::Bytes(bytes) => summarize_channels(shape, |look| {
            let mut sample = Vec::new();
            for pixels in bytes.chunks_exact(shape.iter().product()) {
                sample.clear();
                sample.extend(pixels.iter().copied().map(f64::from));
                look(&sample);
            }
        }),
    }
}

fn summarize_split(split: &DataSplit, shape: &[usize]) -> Vec<ChannelSummary> {
    summarize_channels(shape, |look| {
        let mut sample = vec![0.0_f64; split.features()];
        for index in 0..split.len() as u32 {
            split.gather(&[index], &mut sample);
            look(&sample);
        }
    })
}

/// Goes twice through all samples, which `for_each_sample` shows.
fn summarize_channels(shape: &[usize], for_each_sample: impl Fn(&mut dyn FnMut(&[f64]))) -> Vec<ChannelSummary> {
    // A vector's numbers are columns, an image's first axis counts its channels.
    let (count, run) = (shape[0], shape[1..].iter().product::<usize>());
    let start = ChannelSummary { mean: 0.0, std: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
    let mut channels = vec![start; count];
    let mut samples = 0_usize;
    for_each_sample(&mut |sample| {
        samples += 1;
        for (channel, values) in channels.iter_mut().zip(sample.chunks_exact(run)) {
            channel.mean += values.iter().sum::<f64>();
            channel.min = values.iter().copied().fold(channel.min, f64::min);
            channel.max = values.iter().copied().fold(channel.max, f64::max);
        }
    });
    let values = samples as f64 * run as f64;
    for channel in &mut channels {
        channel.mean /= values;
    }
    for_each_sample(&mut |sample| {
        for (channel, values) in channels.iter_mut().zip(sample.chunks_exact(run)) {
            channel.std += values.iter().map(|value| (value - channel.mean).powi(2)).sum::<f64>();
        }
    });
    for channel in &mut channels {
        channel.std = (channel.std / values).sqrt();
    }
    channels
}
