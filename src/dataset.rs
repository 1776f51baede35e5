//! Data to train on: the built-in part of Fashion-MNIST, IDX files from a folder, preprocessing, seeded minibatches.

use std::fmt;
use std::path::PathBuf;

mod batches;
mod error;
mod idx;
mod loading;
mod preprocessing;
#[cfg(test)]
mod tests;

pub use batches::{BatchSizeError, Batches};
pub use error::DataError;
pub use loading::{Description, Progress, describe, load};
pub use preprocessing::{Preprocessing, UnknownPreprocessing};

/// Which data, and what is done to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSpec {
    /// Where it comes from.
    pub source: Source,
    /// What is done to every pixel.
    pub preprocessing: Preprocessing,
}

/// Where data comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The balanced part of Fashion-MNIST inside the program: 10,000 training and 2,000 test images.
    #[default]
    FashionMnist,
    /// A folder with four IDX files, plain or gzipped, under their usual names (`train-images-idx3-ubyte`, …); a
    /// file `classes.txt` may name the classes, one a line.
    Idx(PathBuf),
}

impl Source {
    /// The word for the built-in data; everything else is a folder.
    pub const FASHION_MNIST: &'static str = "fashion-mnist";

    /// The source that `text` means: the word for the built-in data, or a folder.
    pub fn parse(text: &str) -> Self {
        if text == Self::FASHION_MNIST { Self::FashionMnist } else { Self::Idx(text.into()) }
    }

    /// Name of its data: the word for the built-in data, or the folder's own name.
    fn name(&self) -> String {
        match self {
            Self::FashionMnist => Self::FASHION_MNIST.into(),
            Self::Idx(folder) => {
                let name = folder.file_name().unwrap_or(folder.as_os_str());
                crate::text::Safe(&name.to_string_lossy()).to_string()
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FashionMnist => f.write_str(Self::FASHION_MNIST),
            Self::Idx(folder) => folder.display().fmt(f),
        }
    }
}

/// Data in memory, ready to train on.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name, for people; harmless to show.
    pub name: String,
    /// Shape of one sample: `[1, 28, 28]` is channels, rows, columns.
    pub shape: Vec<usize>,
    /// Names of the classes, at least two; harmless to show.
    pub classes: Vec<String>,
    /// What is trained on.
    pub train: Split,
    /// What is only ever tested on.
    pub test: Split,
}

impl Dataset {
    /// Number of values in one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A part of the data: samples and their labels, in the order of the files.
#[derive(Clone, Debug)]
pub struct Split {
    features: Features,
    labels: Vec<u8>,
}

/// The samples' values, row by row.
#[derive(Clone, Debug)]
enum Features {
    /// Bytes as they were stored, and what preprocessing makes of each.
    Bytes { values: Vec<u8>, table: Box<[f32; 256]> },
}

impl Split {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample, which [`load`] never returns.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of values in one sample.
    pub fn features(&self) -> usize {
        let Features::Bytes { values, .. } = &self.features;
        values.len() / self.labels.len().max(1)
    }

    /// Writes the preprocessed samples `indices` to `out`, one row of [`features`](Self::features) each.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), or `out` is not exactly as long as the rows.
    pub fn gather<T: Copy + From<f32>>(&self, indices: &[u32], out: &mut [T]) {
        let features = self.features();
        assert_eq!(out.len(), indices.len() * features, "a batch of {} rows of {features}", indices.len());
        let Features::Bytes { values, table } = &self.features;
        for (row, &index) in out.chunks_exact_mut(features).zip(indices) {
            let start = index as usize * features;
            for (value, &byte) in row.iter_mut().zip(&values[start..start + features]) {
                *value = T::from(table[byte as usize]);
            }
        }
    }

    /// Writes the labels of the samples `indices` to `out`.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), or `out` is not as long as `indices`.
    pub fn labels(&self, indices: &[u32], out: &mut [u8]) {
        assert_eq!(out.len(), indices.len());
        for (label, &index) in out.iter_mut().zip(indices) {
            *label = self.labels[index as usize];
        }
    }
}
