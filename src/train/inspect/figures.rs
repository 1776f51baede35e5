//! Summaries of many values, and which of them are shown.

use crate::{
    optim::norm,
    protocol::inspection::{ActivationSummary, Distribution, TensorSlice},
    train::largest::rank_size,
};

/// Bins of a distribution.
const HISTOGRAM_BINS: usize = 48;

/// Values of a thumbnail, at most.
const MAX_THUMBNAIL_VALUES: usize = 64;

/// Rows and columns of the corner of a matrix, at most.
const MAX_CORNER_SIDE: usize = 8;

/// How `values` are distributed, in two passes over them.
pub(super) fn describe_distribution(values: &[f32]) -> Distribution {
    let mut found = Distribution { count: values.len(), ..Distribution::default() };
    let (mut minimum, mut maximum) = (f32::INFINITY, f32::NEG_INFINITY);
    let (mut sum, mut squares) = (0.0, 0.0);
    for &value in values {
        if value.is_finite() {
            (minimum, maximum) = (minimum.min(value), maximum.max(value));
            found.zeros += usize::from(value == 0.0);
            sum += f64::from(value);
            squares += f64::from(value) * f64::from(value);
        } else {
            found.not_finite += 1;
        }
    }
    let finite = values.len() - found.not_finite;
    if finite == 0 {
        return found;
    }
    found.mean = sum / finite as f64;
    found.deviation = (squares / finite as f64 - found.mean * found.mean).max(0.0).sqrt();
    found.norm = squares.sqrt();
    (found.minimum, found.maximum) = (f64::from(minimum), f64::from(maximum));
    if found.zeros < finite {
        found.bins = count_bins(values, found.minimum, found.maximum);
    }
    found
}

/// Counts the finite values that are not 0.
fn count_bins(values: &[f32], minimum: f64, maximum: f64) -> Vec<u32> {
    let mut bins = vec![0; HISTOGRAM_BINS];
    let scale = if maximum > minimum { HISTOGRAM_BINS as f64 / (maximum - minimum) } else { 0.0 };
    for &value in values {
        if value.is_finite() && value != 0.0 {
            let bin = ((f64::from(value) - minimum) * scale) as usize;
            bins[bin.min(HISTOGRAM_BINS - 1)] += 1;
        }
    }
    bins
}

/// Summarizes the values of one sample.
pub(super) fn summarize_values(values: &[f32]) -> ActivationSummary {
    let count = values.len().max(1) as f64;
    let wide = || values.iter().map(|&value| f64::from(value));
    // A NaN is the least and the largest of all.
    let pick = |best: f64, value: f64, better: bool| if value.is_nan() || better { value } else { best };
    let least = |best: f64, value: f64| if best.is_nan() { best } else { pick(best, value, value < best) };
    let largest = |best: f64, value: f64| if best.is_nan() { best } else { pick(best, value, value > best) };
    let run = values.len().div_ceil(MAX_THUMBNAIL_VALUES).max(1);
    let tallest = |run: &[f32]| {
        run.iter().fold(0.0, |best: f32, &value| if rank_size(value) > rank_size(best) { value } else { best })
    };
    ActivationSummary {
        minimum: wide().fold(f64::INFINITY, least),
        mean: wide().sum::<f64>() / count,
        maximum: wide().fold(f64::NEG_INFINITY, largest),
        norm: norm(values),
        zeros: values.iter().filter(|value| **value == 0.0).count() as f64 / count,
        thumbnail: values.chunks(run).map(tallest).collect(),
    }
}

/// The values of one sample, of a long vector the first, of a large image whole channels or at least whole rows.
pub(super) fn leading_slice(values: &[f32], shape: &[usize], most: usize) -> TensorSlice {
    let kept = match *shape {
        _ if values.len() <= most => shape.to_vec(),
        [channels, height, width] if height * width <= most => {
            vec![(most / (height * width)).min(channels), height, width]
        }
        [_, height, width] if width <= most => vec![1, (most / width).min(height), width],
        [_, _, _] => vec![1, 1, most],
        _ => vec![most],
    };
    let length = kept.iter().product();
    TensorSlice { shape: shape.to_vec(), kept, values: values[..length].to_vec() }
}

/// The first corner of a parameter: 8 × 8 of a matrix, of a convolution 8 units with about 64 values each, in whole
/// kernels.
pub(super) fn leading_corner(values: &[f32], shape: &[usize]) -> TensorSlice {
    let kept: Vec<usize> = match *shape {
        [length] => vec![length.min(MAX_CORNER_SIDE * MAX_CORNER_SIDE)],
        [units, inputs] => vec![units.min(MAX_CORNER_SIDE), inputs.min(MAX_CORNER_SIDE)],
        [units, channels, height, width] => {
            let channels = channels.min((MAX_CORNER_SIDE * MAX_CORNER_SIDE / (height * width)).max(1));
            vec![units.min(MAX_CORNER_SIDE), channels, height, width]
        }
        _ => shape.to_vec(),
    };
    // The first values of each unit, which of a convolution are its first kernels.
    let lengths = |shape: &[usize]| shape[1..].iter().product::<usize>();
    let (row, run) = (lengths(shape), lengths(&kept));
    let values = values.chunks(row).take(kept[0]).flat_map(|row| &row[..run]).copied().collect();
    TensorSlice { shape: shape.to_vec(), kept, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let values = [0.0, -1.0, 3.0, f32::NAN, 0.0, f32::INFINITY, 1.0, 3.0];
        let found = describe_distribution(&values);
        assert_eq!((found.count, found.zeros, found.not_finite), (8, 2, 2));
        assert_eq!((found.minimum, found.maximum, found.mean), (-1.0, 3.0, 1.0));
        assert!(
            (found.norm - 20_f64.sqrt()).abs() < 1e-12
                && (found.deviation - (20.0 / 6.0 - 1.0_f64).sqrt()).abs() < 1e-12
        );
        assert_eq!(found.bins.iter().sum::<u32>(), 4);
        assert_eq!((found.bins[0], found.bins[24], found.bins[47]), (1, 1, 2));
        assert_eq!(describe_distribution(&[2.0; 5]).bins[0], 5);
        assert!(describe_distribution(&[0.0; 5]).bins.is_empty() && describe_distribution(&[f32::NAN]).bins.is_empty());
    }

    #[test]
    fn a_summary_shows_its_peaks_and_never_hides_a_nan() {
        let mut values = vec![0.0; 1000];
        (values[500], values[999]) = (-7.0, 2.0);
        let shown = summarize_values(&values);
        assert!(
            shown.thumbnail.len() <= MAX_THUMBNAIL_VALUES
                && shown.thumbnail.contains(&-7.0)
                && shown.thumbnail.contains(&2.0)
        );
        assert_eq!((shown.minimum, shown.maximum, shown.zeros), (-7.0, 2.0, 0.998));
        values[3] = f32::NAN;
        let shown = summarize_values(&values);
        assert!(shown.minimum.is_nan() && shown.maximum.is_nan() && shown.norm.is_nan());
    }

    #[test]
    fn slices_keep_whole_planes_and_corners_whole_kernels() {
        let values: Vec<f32> = (0..3 * 4 * 5).map(|value| value as f32).collect();
        assert_eq!(leading_slice(&values, &[3, 4, 5], 50).kept, [2, 4, 5]);
        assert_eq!(leading_slice(&values, &[3, 4, 5], 12).kept, [1, 2, 5]);
        assert_eq!(leading_slice(&values, &[60], 7).values, &values[..7]);
        assert_eq!(leading_slice(&values, &[3, 4, 5], 60).values, values);
        let matrix: Vec<f32> = (0..200).map(|value| value as f32).collect();
        let found = leading_corner(&matrix, &[10, 20]);
        assert_eq!((found.kept.as_slice(), found.values[8], found.values[63]), (&[8, 8][..], 20.0, 147.0));
        let kernels: Vec<f32> = (0..9 * 16 * 9).map(|value| value as f32).collect();
        let found = leading_corner(&kernels, &[9, 16, 3, 3]);
        assert_eq!((found.kept.as_slice(), found.values[63]), (&[8, 7, 3, 3][..], 144.0));
        assert_eq!(leading_corner(&kernels[..100], &[100]).kept, [64]);
    }
}
