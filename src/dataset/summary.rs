//! A data set in numbers: samples of each class, and where the values lie.

use serde::Serialize;

use super::{DataSplit, Dataset};

/// A data set in numbers; the values are those that preprocessing gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Its name.
    pub name: String,
    /// Shape of one sample.
    pub shape: Vec<usize>,
    /// Names of the classes.
    pub classes: Vec<String>,
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

/// Goes through all samples twice.
pub fn summarize(data: &Dataset) -> DatasetSummary {
    let Dataset { name, shape, classes, train, test } = data;
    let part = |split: &DataSplit| {
        let mut counts = vec![0; classes.len()];
        split.labels.iter().for_each(|&label| counts[label as usize] += 1);
        PartSummary { samples: split.len(), counts, channels: summarize_channels(split, shape) }
    };
    DatasetSummary {
        train: part(train),
        test: part(test),
        name: name.clone(),
        shape: shape.clone(),
        classes: classes.clone(),
    }
}

fn summarize_channels(split: &DataSplit, shape: &[usize]) -> Vec<ChannelSummary> {
    // A vector's numbers are columns, an image's first axis counts its channels.
    let (count, run) = (shape[0], shape[1..].iter().product::<usize>());
    let start = ChannelSummary { mean: 0.0, std: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
    let mut channels = vec![start; count];
    let values = split.len() as f64 * run as f64;
    let mut sample = vec![0.0_f64; split.features()];
    for index in 0..split.len() as u32 {
        split.gather(&[index], &mut sample);
        for (channel, values) in channels.iter_mut().zip(sample.chunks_exact(run)) {
            channel.mean += values.iter().sum::<f64>();
            channel.min = values.iter().copied().fold(channel.min, f64::min);
            channel.max = values.iter().copied().fold(channel.max, f64::max);
        }
    }
    for channel in &mut channels {
        channel.mean /= values;
    }
    for index in 0..split.len() as u32 {
        split.gather(&[index], &mut sample);
        for (channel, values) in channels.iter_mut().zip(sample.chunks_exact(run)) {
            channel.std += values.iter().map(|value| (value - channel.mean).powi(2)).sum::<f64>();
        }
    }
    for channel in &mut channels {
        channel.std = (channel.std / values).sqrt();
    }
    channels
}
