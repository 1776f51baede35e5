//! Everything that can be wrong with data, as sentences that name the file.

use std::io;

use thiserror::Error;

use super::{DataNote, DataNoteKind, Source};
use crate::memory::MemoryShortage;
use crate::text::thousands;

/// Why data could not be loaded. File names in it are already harmless ([`crate::text::Safe`]).
#[derive(Debug, Error)]
pub enum DataError {
    /// The path is not there, or in no format that is known.
    #[error(
        "{path}: {problem}; looked for IDX files (train-images-idx3-ubyte, …), CIFAR's binary files \
         (data_batch_1.bin, … or train.bin) or a .tar.gz with them, a .csv or .tsv file or train.csv, train_x.npy, and a folder \
         of PNG, JPEG, WebP or BMP images for each class; words: {}",
        list_source_words()
    )]
    Unrecognized {
        /// The path.
        path: String,
        /// What it is instead.
        problem: String,
    },
    /// The folder has none of the names that an IDX file may have.
    #[error("{folder}: no {name} (nor the same name with .gz or with a dot before idx)")]
    MissingIdx {
        /// The folder.
        folder: String,
        /// The first name that was looked for.
        name: &'static str,
    },
    /// A file of the set is not in the folder or archive.
    #[error("{folder}: no {name}, although other files of the data set are there")]
    Missing {
        /// The folder or archive.
        folder: String,
        /// The file.
        name: String,
    },
    /// Something other than a regular file, which might never end.
    #[error("{file}: {kind}, not a regular file")]
    NotAFile {
        /// The file.
        file: String,
        /// What it is instead, such as `a folder`.
        kind: &'static str,
    },
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Its reason.
        source: io::Error,
    },
    /// The compressed data is damaged.
    #[error("{file}: damaged gzip data after {} bytes of contents: {source}", thousands(*.at))]
    Gzip {
        /// The file.
        file: String,
        /// Bytes that came out whole.
        at: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// Bytes after the compressed data that are neither a member nor padding.
    #[error("{file}: something follows the end of the gzip data; expected another gzip member, zeros or nothing")]
    AfterGzip {
        /// The file.
        file: String,
    },
    /// The first four bytes are not those of an IDX file.
    #[error("{file}: not an IDX file: it starts with {found:02x?}, expected [00, 00, 08, {dimensions:02x}]")]
    Magic {
        /// The file.
        file: String,
        /// The bytes it starts with.
        found: [u8; 4],
        /// Number of dimensions that was expected.
        dimensions: u8,
    },
    /// An IDX file, but not of unsigned bytes.
    #[error("{file}: IDX element type {found:#04x}, expected 0x08 (unsigned bytes)")]
    ElementType {
        /// The file.
        file: String,
        /// The type byte.
        found: u8,
    },
    /// An IDX file of bytes, but with another number of dimensions.
    #[error("{file}: {found} dimensions, expected {expected}; are the image and label files swapped?")]
    Dimensions {
        /// The file.
        file: String,
        /// Number in the file.
        found: u8,
        /// Number needed.
        expected: u8,
    },
    /// A dimension is 0.
    #[error("{file}: {}, so there is nothing in it", join_sides(.dimensions))]
    Empty {
        /// The file.
        file: String,
        /// The dimensions.
        dimensions: Vec<u32>,
    },
    /// The dimensions multiply to more than can be read.
    #[error("{file}: {} is more than the {} bytes that are read at most", join_sides(.dimensions), thousands(*.limit))]
    TooLarge {
        /// The file.
        file: String,
        /// The dimensions.
        dimensions: Vec<u32>,
        /// Most bytes.
        limit: u64,
    },
    /// The file ends early.
    #[error("{file}: ends after {} bytes, expected {} by its header", thousands(*.found), thousands(*.expected))]
    Short {
        /// The file.
        file: String,
        /// Bytes that are there (unpacked).
        found: u64,
        /// Bytes that the header promises, header included.
        expected: u64,
    },
    /// The file goes on after the last element.
    #[error("{file}: goes on after the {} bytes that its header promises", thousands(*.expected))]
    Long {
        /// The file.
        file: String,
        /// Bytes that the header promises, header included.
        expected: u64,
    },
    /// Two files that belong together hold different numbers of items.
    #[error("{images}: {} samples, but {labels} has {} labels", thousands(*.image_count), thousands(*.label_count))]
    CountMismatch {
        /// The image file.
        images: String,
        /// Images in it.
        image_count: u64,
        /// The label file.
        labels: String,
        /// Labels in it.
        label_count: u64,
    },
    /// Training and test images differ in size.
    #[error("{file}: samples of {}, but the training samples are {}", join_sides(.found), join_sides(.expected))]
    ShapeMismatch {
        /// The test image file.
        file: String,
        /// Size of its images.
        found: Vec<u32>,
        /// Size of the training images.
        expected: Vec<u32>,
    },
    /// A label names no class.
    #[error("{file}: label {label} of item {} is out of range; there are {classes} classes, 0 to {}{hint}", thousands(*.item), .classes - 1)]
    Label {
        /// The label file.
        file: String,
        /// Position of the item, from 0.
        item: u64,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
        /// What to do, or nothing.
        hint: &'static str,
    },
    /// A label is no number that a class can have.
    #[error("{file}: label {label} of item {} is out of range; valid: whole numbers from 0 to 255, one for each of at most 256 classes", thousands(*.item))]
    ImpossibleLabel {
        /// The label file.
        file: String,
        /// Position of the item, from 0.
        item: u64,
        /// The label.
        label: i64,
    },
    /// All samples have the same label.
    #[error("{file}: every label is {label}; there must be at least two classes")]
    OneClass {
        /// The file with the labels.
        file: String,
        /// The label.
        label: String,
    },
    /// The list of class names can't be used.
    #[error("{file}: {problem}; expected 2 to 256 names in UTF-8, one a line")]
    ClassNames {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of CIFAR's is not made of whole records.
    #[error("{file}: {} bytes; expected a multiple of {}, the length of a record", thousands(*.bytes), thousands(*.record))]
    Records {
        /// The file.
        file: String,
        /// Bytes in it.
        bytes: u64,
        /// Bytes of a record.
        record: u64,
    },
    /// An archive is damaged, or has in it what is refused.
    #[error("{file}: {problem}")]
    Tar {
        /// The archive, and the entry in it.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A table is not what it should be.
    #[error("{file}{}: {problem}", at_line(*.line))]
    Csv {
        /// The file.
        file: String,
        /// Line on which the row begins, from 1; 0 for the whole file.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// An npy file is damaged, or holds what can't be used.
    #[error("{file}: {problem}")]
    Npy {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// An image is damaged or unlike the others, or a folder of images is not what it should be.
    #[error("{file}: {problem}")]
    Image {
        /// The file or folder.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The share for testing is so small that nothing would be split off.
    #[error(
        "{file}: a share of {share} of {samples} samples leaves nothing to test on; valid: a data.test_share of at least \
         {least}"
    )]
    NothingToTest {
        /// The file or folder.
        file: String,
        /// Samples in it.
        samples: usize,
        /// The share for testing.
        share: f64,
        /// The least share that leaves something.
        least: f64,
    },
    /// No class has a second sample, so that no share could split any off.
    #[error(
        "{file}: each of the {classes} classes has a single sample, so none can be kept for testing; more samples are \
         needed, or a test part of its own"
    )]
    SingleSamples {
        /// The file or folder.
        file: String,
        /// Number of classes.
        classes: usize,
    },
    /// More samples than are counted.
    #[error("{file}: more than 4,294,967,295 samples")]
    TooManySamples {
        /// The file or folder.
        file: String,
    },
    /// Another error, for which something that was left out may be the reason.
    #[error("{error}; {}", .left_out.join("; "))]
    LeftOut {
        /// What is wrong.
        error: Box<DataError>,
        /// What was left out.
        left_out: Vec<String>,
    },
    /// What is to be predicted is not there, or of no kind that can be read.
    #[error(
        "{path}: {problem}; valid: a .csv or .tsv file, an .npy file, a PNG, JPEG, WebP or BMP image, a folder of images, or \
         data that can be trained on"
    )]
    Input {
        /// The path.
        path: String,
        /// What it is instead.
        problem: String,
    },
    /// Samples that can be read, but are not like those that the network was trained on.
    #[error("{path}: {problem}")]
    Unfit {
        /// The path.
        path: String,
        /// What is different.
        problem: String,
    },
    /// The values don't fit into the memory.
    #[error("{file}: {shortage}; take fewer or smaller samples, or raise that limit")]
    Memory {
        /// Name of the file.
        file: String,
        /// What is needed and what there is.
        shortage: MemoryShortage,
    },
    /// The augmentations can't be done to these samples.
    #[error("{problem}")]
    Augment {
        /// Why not.
        problem: String,
    },
    /// The progress callback asked to stop.
    #[error("loading was interrupted")]
    Interrupted,
}

impl DataError {
    /// The error that the values of a file don't fit into the memory.
    pub(super) fn of_memory(file: &str) -> impl FnOnce(MemoryShortage) -> Self + '_ {
        move |shortage| Self::Memory { file: file.into(), shortage }
    }

    /// The same error with those of the notes that tell what was left out.
    pub(super) fn with_left_out(self, notes: &[DataNote]) -> Self {
        let left_out = notes.iter().filter(|note| note.kind == DataNoteKind::LeftOut).map(|note| note.text.clone());
        let left_out: Vec<String> = left_out.collect();
        if left_out.is_empty() { self } else { Self::LeftOut { error: Box::new(self), left_out } }
    }
}

/// `60000×28×28`.
fn join_sides(dimensions: &[u32]) -> String {
    dimensions.iter().map(u32::to_string).collect::<Vec<_>>().join("×")
}

/// ` line 7`.
fn at_line(line: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {}", thousands(line)) }
}

fn list_source_words() -> String {
    Source::built_in_words().collect::<Vec<_>>().join(", ")
}
