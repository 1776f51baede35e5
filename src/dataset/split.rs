//! A part of the data in memory, and how its samples become the rows of a minibatch.

use super::augment::{Augmentations, SampleMoves};
use super::features::Features;
use super::origins::PartOrigins;

/// A part of the data: samples and their labels, in the order of the files.
#[derive(Clone, Debug)]
pub struct DataSplit {
    pub(super) features: Features,
    pub(super) labels: Vec<u8>,
    /// Shape of one sample.
    pub(super) shape: Vec<usize>,
    /// What [`gather_augmented`](Self::gather_augmented) does; nothing for anything but training images.
    pub(super) augmentations: Augmentations,
    pub(super) origins: PartOrigins,
}

impl DataSplit {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample, which [`load`](super::load) never returns.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Where a sample stands in the files that were read, as `table.csv:414`; `None` where its number says it.
    pub fn origin(&self, sample: usize) -> Option<String> {
        self.origins.of(sample)
    }

    /// Bytes in which a value is kept.
    pub(super) fn bytes_per_value(&self) -> usize {
        match self.features {
            Features::Bytes { .. } => 1,
            Features::Floats(_) => size_of::<f32>(),
        }
    }

    /// Number of values in one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Writes the preprocessed samples `indices` to `out`, one row of [`features`](Self::features) each.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), or `out` is not exactly as long as the rows.
    pub fn gather<T: Copy + From<f32>>(&self, indices: &[u32], out: &mut [T]) {
        for (row, index) in self.rows_with_indices(indices, out) {
            let start = index as usize * row.len();
            match &self.features {
                Features::Bytes { values, transform } => transform.apply(&values[start..start + row.len()], row),
                Features::Floats(values) => copy_values(values[start..start + row.len()].iter().copied(), row),
            }
        }
    }

    /// As [`gather`](Self::gather), each sample augmented as the configuration says: a function of the `seed`, the
    /// `epoch` and the sample alone. Allocates nothing.
    ///
    /// # Panics
    /// As [`gather`](Self::gather).
    pub fn gather_augmented<T: Copy + From<f32>>(&self, indices: &[u32], seed: u64, epoch: u64, out: &mut [T]) {
        let &[_, height, width] = self.shape.as_slice() else { return self.gather(indices, out) };
        if self.augmentations.is_empty() {
            return self.gather(indices, out);
        }
        for (row, index) in self.rows_with_indices(indices, out) {
            let moves = self.augmentations.draw_moves(seed, epoch, index, height, width);
            self.move_image(index as usize, moves, [height, width], row);
        }
    }

    /// The pixels of an image as they are stored, 0 to 255, channel by channel, row by row; numbers that were never
    /// bytes go from black for their least to white for their largest. `None` for what is no image.
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len).
    pub fn pixels(&self, index: u32) -> Option<Vec<u8>> {
        if self.shape.len() != 3 {
            return None;
        }
        let start = index as usize * self.features();
        let range = start..start + self.features();
        Some(match &self.features {
            Features::Bytes { values, .. } => values[range].to_vec(),
            Features::Floats(values) => {
                let values = &values[range];
                let least = values.iter().copied().fold(f32::INFINITY, f32::min);
                let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let scale = if largest > least { 255.0 / (largest - least) } else { 0.0 };
                values.iter().map(|value| ((value - least) * scale).round() as u8).collect()
            }
        })
    }

    /// Gives all labels and then all values in memory as little-endian bytes, a piece at a time.
    pub fn visit_bytes(&self, mut visit: impl FnMut(&[u8])) {
        visit(&self.labels);
        match &self.features {
            Features::Bytes { values, .. } => visit(values),
            Features::Floats(values) => {
                for piece in values.chunks(4096) {
                    let bytes: Vec<u8> = piece.iter().flat_map(|value| value.to_le_bytes()).collect();
                    visit(&bytes);
                }
            }
        }
    }

    /// The labels of all samples, in the order of the files.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Writes the labels of the samples `indices` to `out`.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), or `out` is not as long as `indices`.
    pub fn gather_labels(&self, indices: &[u32], out: &mut [u8]) {
        assert_eq!(out.len(), indices.len());
        for (label, &index) in out.iter_mut().zip(indices) {
            *label = self.labels[index as usize];
        }
    }

    /// The rows of `out` with the samples that go there.
    fn rows_with_indices<'a, T>(
        &self,
        indices: &'a [u32],
        out: &'a mut [T],
    ) -> impl Iterator<Item = (&'a mut [T], u32)> {
        let features = self.features();
        assert_eq!(out.len(), indices.len() * features, "a batch of {} rows of {features}", indices.len());
        out.chunks_exact_mut(features).zip(indices.iter().copied())
    }

    /// Writes one image, shifted, mirrored and with a square cut out of it.
    fn move_image<T: Copy + From<f32>>(
        &self,
        index: usize,
        moves: SampleMoves,
        [height, width]: [usize; 2],
        out: &mut [T],
    ) {
        let image = index * out.len();
        // Columns of the shifted image that lie in the original: `from..to`, at `from + right` there.
        let from = (-moves.right).max(0) as usize;
        let to = width.saturating_add_signed(-moves.right).min(width);
        let source_column = (moves.right.max(0)) as usize;
        for (line, out) in out.chunks_exact_mut(width).enumerate() {
            let (channel, row) = (line / height, line % height);
            let at = line * width;
            let source_row = row.checked_add_signed(moves.down).filter(|&row| row < height && from < to);
            let Some(source_row) = source_row else {
                self.fill_outside(channel, at, out);
                continue;
            };
            let start = image + (channel * height + source_row) * width + source_column;
            let (first, last) = if moves.flip { (width - to, width - from) } else { (from, to) };
            self.fill_outside(channel, at, &mut out[..first]);
            self.fill_outside(channel, at + last, &mut out[last..]);
            self.copy_pixels(start, moves.flip, channel, at + first, &mut out[first..last]);
        }
        if let Some(((top, bottom), (left, right))) = moves.cutout {
            for image in out.chunks_exact_mut(height * width) {
                for line in image.chunks_exact_mut(width).take(bottom).skip(top) {
                    line[left..right].fill(T::from(0.0));
                }
            }
        }
    }

    /// Writes what lies outside of an image to a run of pixels, the first of which is the value `at` of the sample.
    fn fill_outside<T: Copy + From<f32>>(&self, channel: usize, at: usize, out: &mut [T]) {
        match &self.features {
            Features::Bytes { transform, .. } => {
                let black = std::iter::repeat_n(0, out.len());
                transform.apply_run(black, channel, at, out);
            }
            Features::Floats(_) => out.fill(T::from(0.0)),
        }
    }

    /// Writes the stored values from `start`, mirrored or not, to a run of pixels as [`fill`](Self::fill_outside) does.
    fn copy_pixels<T: Copy + From<f32>>(&self, start: usize, mirrored: bool, channel: usize, at: usize, out: &mut [T]) {
        match (&self.features, mirrored) {
            (Features::Bytes { values, transform }, false) => {
                transform.apply_run(values[start..start + out.len()].iter().copied(), channel, at, out);
            }
            (Features::Bytes { values, transform }, true) => {
                transform.apply_run(values[start..start + out.len()].iter().rev().copied(), channel, at, out);
            }
            (Features::Floats(values), false) => copy_values(values[start..start + out.len()].iter().copied(), out),
            (Features::Floats(values), true) => {
                copy_values(values[start..start + out.len()].iter().rev().copied(), out);
            }
        }
    }
}

fn copy_values<T: From<f32>>(values: impl Iterator<Item = f32>, out: &mut [T]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = T::from(value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::Preprocessing;
    use crate::dataset::numbers::NumberTable;
    use crate::dataset::preprocessing::preprocess_parts;
    use crate::dataset::raw::Values;

    /// Two images of `shape` with bytes that differ everywhere.
    fn images(shape: [usize; 3], preprocessing: Preprocessing, augmentations: Augmentations, bytes: bool) -> DataSplit {
        let count = 2 * shape.iter().product::<usize>();
        let stored: Vec<u8> = (0..count).map(|i| (i * 37 % 251) as u8).collect();
        let train = if bytes {
            Values::Bytes(stored)
        } else {
            Values::Numbers(NumberTable::from_values(&shape, stored.iter().map(|&byte| f64::from(byte))))
        };
        let mut test = Values::Bytes(Vec::new());
        if !bytes {
            test = Values::Numbers(NumberTable::default());
        }
        let features = preprocess_parts(preprocessing, &shape, train, test).train;
        let origins = PartOrigins::default();
        DataSplit { features, labels: vec![0, 1], shape: shape.to_vec(), augmentations, origins }
    }

    /// The slow twin: pixel by pixel, from the definition.
    fn slowly(split: &DataSplit, moves: SampleMoves, index: u32) -> Vec<f64> {
        let [channels, height, width] = split.shape[..] else { panic!("an image") };
        let mut plain = vec![0.0_f64; split.features()];
        split.gather(&[index], &mut plain);
        let mut out = Vec::new();
        for (channel, row, column) in
            (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))))
        {
            let mirrored = if moves.flip { width - 1 - column } else { column };
            let y = row.checked_add_signed(moves.down).filter(|&y| y < height);
            let x = mirrored.checked_add_signed(moves.right).filter(|&x| x < width);
            let at = (channel * height + row) * width + column;
            let cut = moves.cutout.is_some_and(|((top, bottom), (left, right))| {
                (top..bottom).contains(&row) && (left..right).contains(&column)
            });
            out.push(match &split.features {
                _ if cut => 0.0,
                Features::Floats(_) => y.zip(x).map_or(0.0, |(y, x)| plain[(channel * height + y) * width + x]),
                Features::Bytes { values, transform } => {
                    let image = index as usize * split.features();
                    let byte = y.zip(x).map_or(0, |(y, x)| values[image + (channel * height + y) * width + x]);
                    let mut value = [0.0];
                    transform.apply_run(std::iter::once(byte), channel, at, &mut value);
                    value[0]
                }
            });
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn moving_runs_equals_moving_pixels(
            channels in 1_usize..4, height in 2_usize..8, width in 2_usize..8, flip: bool, crop in 0_u8..8,
            cutout in 0_u8..8, kind in 0_usize..4, bytes: bool, seed: u64, epoch in 0_u64..100,
        ) {
            let side = height.min(width) as u8;
            let all = Augmentations { flip, crop: crop.min(side - 1), cutout: cutout.min(side) };
            let split = images([channels, height, width], Preprocessing::ALL[kind], all, bytes);
            let mut rows = vec![0.0_f64; 2 * split.features()];
            split.gather_augmented(&[1, 0], seed, epoch, &mut rows);
            for (row, index) in rows.chunks(split.features()).zip([1, 0]) {
                let moves = all.draw_moves(seed, epoch, index, height, width);
                prop_assert_eq!(row, slowly(&split, moves, index), "{:?}", moves);
            }
        }
    }

    #[test]
    fn pixels_are_as_they_were_stored() {
        let stored: Vec<u8> = (20..40).map(|i| (i * 37 % 251) as u8).collect();
        let split = images([1, 4, 5], Preprocessing::Standardize, Augmentations::default(), true);
        assert_eq!(split.pixels(1), Some(stored));
        let floats = images([1, 4, 5], Preprocessing::None, Augmentations::default(), false).pixels(0).unwrap();
        assert_eq!((floats.iter().min(), floats.iter().max()), (Some(&0), Some(&255)));
        assert_eq!(DataSplit { shape: vec![20], ..split }.pixels(0), None);
    }

    #[test]
    fn without_augmentations_both_gather_the_same() {
        let split = images([3, 4, 5], Preprocessing::Standardize, Augmentations::default(), true);
        let (mut plain, mut augmented) = (vec![0.0_f32; 120], vec![1.0_f32; 120]);
        split.gather(&[1, 0], &mut plain);
        split.gather_augmented(&[1, 0], 3, 4, &mut augmented);
        assert_eq!(plain, augmented);
    }
}
