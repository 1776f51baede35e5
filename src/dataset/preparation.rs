//! Everything that is needed to make another sample ready exactly as those were that a network was trained on.

use serde::{Deserialize, Serialize};

use super::csv_file::TablePreparation;
use super::features::Features;
use super::labels::{MAX_CLASSES, are_numbered, fashion_classes};
use super::preprocessing::LearntPreprocessing;
use super::raw::Values;

/// Most values of a sample, so that their number can be computed with.
const MAX_SAMPLE_VALUES: usize = 1 << 32;

/// How samples were made ready for a network: their shape, its classes, the columns of a table, and what preprocessing
/// learnt from the training part.
///
/// It is stored as JSON, and comes back the same to the bit. What is read is checked, so that one that is there can be
/// used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PreparationFields")]
pub struct SamplePreparation(PreparationFields);

/// What a [`SamplePreparation`] consists of, before it is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PreparationFields {
    /// Shape of one sample.
    shape: Vec<usize>,
    /// Names of the classes, harmless to show.
    classes: Vec<String>,
    /// What is done to every value.
    preprocessing: LearntPreprocessing,
    /// The columns, where samples are numbers.
    table: Option<TablePreparation>,
    /// Whether images are brought to the size of the shape; else they must have it.
    resize_images: bool,
}

/// Why something that was stored is no preparation of samples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not say how samples are made ready: {0}")]
pub struct PreparationError(&'static str);

impl TryFrom<PreparationFields> for SamplePreparation {
    type Error = PreparationError;

    fn try_from(fields: PreparationFields) -> Result<Self, Self::Error> {
        let PreparationFields { shape, classes, preprocessing, table, .. } = &fields;
        let values = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        let Some(values) = values.filter(|values| (1..=MAX_SAMPLE_VALUES).contains(values)) else {
            return Err(PreparationError("no sample has that shape"));
        };
        if !matches!(shape.len(), 1 | 3) {
            return Err(PreparationError("a sample has one or three axes"));
        }
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            return Err(PreparationError("there are 2 to 256 classes"));
        }
        if !preprocessing.fits(shape) {
            return Err(PreparationError("its preprocessing does not fit its shape"));
        }
        let is_table = shape.len() == 1 && !preprocessing.takes_pixels();
        if table.is_some() != is_table || table.as_ref().is_some_and(|table| !table.fits(values, classes.len())) {
            return Err(PreparationError("its columns do not fit its shape or its classes"));
        }
        Ok(Self(fields))
    }
}

impl SamplePreparation {
    /// That of samples of a shape.
    pub(super) fn new(
        shape: Vec<usize>,
        classes: Vec<String>,
        preprocessing: LearntPreprocessing,
        table: Option<TablePreparation>,
        resize_images: bool,
    ) -> Self {
        Self(PreparationFields { shape, classes, preprocessing, table, resize_images })
    }

    /// Shape of one sample.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Names of the classes, harmless to show.
    pub fn classes(&self) -> &[String] {
        &self.0.classes
    }

    /// Whether the classes are numbers rather than names. Those of Fashion-MNIST are both: its labels are known by their
    /// checksum and then get the official names.
    pub(super) fn has_numbered_classes(&self) -> bool {
        self.table().map_or_else(|| are_numbered(self.classes()), TablePreparation::has_numbered_classes)
            || self.classes() == fashion_classes()
    }

    /// The class that is this number, where the classes are numbers.
    pub(super) fn class_of_number(&self, number: u8) -> Option<usize> {
        match self.table().filter(|table| table.has_numbered_classes()) {
            Some(table) => table.class_of_number(number),
            None => {
                Some(usize::from(number)).filter(|&class| self.has_numbered_classes() && class < self.classes().len())
            }
        }
    }

    /// The columns, where samples are numbers.
    pub(super) fn table(&self) -> Option<&TablePreparation> {
        self.0.table.as_ref()
    }

    /// Channels, rows and columns of images that are made of pixels.
    pub(super) fn image_shape(&self) -> Option<[usize; 3]> {
        <[usize; 3]>::try_from(self.shape()).ok().filter(|_| self.takes_pixels())
    }

    /// Whether the values of samples are pixels, whole numbers from 0 to 255.
    pub(super) fn takes_pixels(&self) -> bool {
        self.0.preprocessing.takes_pixels()
    }

    /// Whether images are brought to the size of the shape.
    pub(super) fn resizes_images(&self) -> bool {
        self.0.resize_images
    }

    /// What numbers are rounded relative to, as in the training; empty for pixels.
    pub(super) fn offsets(&self) -> &[f64] {
        self.0.preprocessing.offsets()
    }

    /// Makes values ready, which are pixels if it takes pixels.
    pub(super) fn apply(&self, values: Values) -> Features {
        self.0.preprocessing.apply(self.shape(), values)
    }
}
