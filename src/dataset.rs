//! Data to train on: built-in images, toy problems and readers of the usual formats, preprocessing, augmentation,
//! seeded minibatches.

mod agreement;
mod augment;
mod batches;
mod cifar;
mod contents;
mod csv_file;
mod error;
mod features;
#[doc(hidden)]
pub mod fuzz;
mod idx;
mod image_size;
mod kind;
mod labels;
mod loading;
mod mnist;
mod note;
mod npy;
mod numbers;
mod origins;
mod part_files;
mod pictures;
mod preparation;
mod preprocessing;
mod progress;
mod raw;
mod samples;
mod source;
mod split;
mod summary;
mod tar;
#[cfg(test)]
mod tests;
mod toys;

pub use augment::{Augmentation, Augmentations, UnknownAugmentation};
pub use batches::{BatchSizeError, Batches};
pub use csv_file::{HeaderRow, LabelColumn};
pub use error::DataError;
pub use image_size::ImageSize;
pub use loading::{describe, load, load_summarized};
pub use note::{DataNote, DataNoteKind};
pub use preparation::{PreparationError, SamplePreparation};
pub use preprocessing::{Preprocessing, UnknownPreprocessing};
pub use progress::LoadingCallback;
pub use raw::DatasetOutline;
pub use samples::{InputSamples, SampleOrigin, read_samples};
pub use source::Source;
pub use split::DataSplit;
pub use summary::{ChannelSummary, DatasetSummary, PartSummary, summarize};
pub use toys::Toy;

/// Which data, and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSpec {
    /// Where it comes from.
    pub source: Source,
    /// What is done to every value.
    pub preprocessing: Preprocessing,
    /// What is done to training images anew in every epoch.
    pub augment: Augmentations,
    /// The size to which all images of a folder are brought; `None` if they must have one size.
    pub image_size: Option<ImageSize>,
    /// Which column of a CSV file holds the label.
    pub label_column: LabelColumn,
    /// Whether the first row of a CSV file names its columns.
    pub header: HeaderRow,
    /// Names or numbers of columns of a CSV file that are left out.
    pub leave_out: Vec<String>,
    /// Share of the samples of each class that is split off for testing where data comes without a test part; above
    /// 0 and below 1.
    pub test_share: f64,
    /// Points of a toy problem, training and test together.
    pub samples: usize,
    /// Standard deviation of what displaces the points of a toy problem, at least 0.
    pub noise: f64,
    /// Seed of toy problems and of the share that is split off; apart from the run's, so that runs with different
    /// seeds see the same data.
    pub seed: u64,
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            source: Source::default(),
            preprocessing: Preprocessing::default(),
            augment: Augmentations::default(),
            image_size: None,
            label_column: LabelColumn::default(),
            header: HeaderRow::default(),
            leave_out: Vec::new(),
            test_share: 0.2,
            samples: 2000,
            noise: 0.1,
            seed: 0,
        }
    }
}

/// A column of a table, and the way back from what the network sees to what is in the file:
/// `in_file = offset + scale × value`.
#[derive(Clone, Debug, PartialEq)]
pub struct DataColumn {
    /// Its name, or its number from 0 where it has none; harmless to show.
    pub name: String,
    /// The number in the file that became 0.
    pub offset: f64,
    /// What 1 stands for in the file, above 0.
    pub scale: f64,
}

/// Data in memory, ready to train on.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name, for people; harmless to show.
    pub name: String,
    /// Shape of one sample: `[1, 28, 28]` is channels, rows, columns; `[2]` is two numbers.
    pub shape: Vec<usize>,
    /// Names of the classes, 2 to 256; harmless to show.
    pub classes: Vec<String>,
    /// The values of a sample where they are columns of a table, in their order; empty for images.
    pub columns: Vec<DataColumn>,
    /// What was left out or assumed when the data were read.
    pub notes: Vec<DataNote>,
    /// What makes other samples ready as these were.
    pub preparation: SamplePreparation,
    /// What is trained on.
    pub train: DataSplit,
    /// What is only ever tested on.
    pub test: DataSplit,
}

impl Dataset {
    /// What it is, as [`describe`] tells it.
    pub fn outline(&self) -> DatasetOutline {
        let Self { shape, classes, train, test, .. } = self;
        DatasetOutline {
            shape: shape.clone(),
            classes: classes.clone(),
            train: train.len(),
            test: test.len(),
            bytes_per_value: train.bytes_per_value(),
        }
    }

    /// Number of values in one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }
}
