//! Everything that can be wrong with data, as sentences that name the file.

use std::io;

use thiserror::Error;

use crate::text::thousands;

/// Why data could not be loaded. File names in it are already harmless ([`crate::text::Safe`]).
#[derive(Debug, Error)]
pub enum DataError {
    /// The folder has none of the names a file may have.
    #[error("{folder}: no {name} (nor the same name with .gz or with a dot before idx)")]
    Missing {
        /// The folder.
        folder: String,
        /// The first name that was looked for.
        name: &'static str,
    },
    /// The folder is not there or is not a folder.
    #[error(
        "{folder}: not a folder; valid: fashion-mnist (built in), or a folder with the four IDX files of a data set"
    )]
    NotAFolder {
        /// The path.
        folder: String,
    },
    /// Something other than a regular file, which might never end.
    #[error("{file}: not a regular file")]
    NotAFile {
        /// The file.
        file: String,
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
    /// More bytes behind the compressed data.
    #[error("{file}: something follows the end of the gzip data; expected one member and nothing behind it")]
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
    #[error("{file}: {}, so there is nothing in it", sides(.dimensions))]
    Empty {
        /// The file.
        file: String,
        /// The dimensions.
        dimensions: Vec<u32>,
    },
    /// The dimensions multiply to more than can be read.
    #[error("{file}: {} is more than the {} bytes that are read at most", sides(.dimensions), thousands(*.limit))]
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
    #[error("{images}: {} images, but {labels} has {} labels", thousands(*.image_count), thousands(*.label_count))]
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
    #[error("{file}: images of {}, but the training images are {}", sides(.found), sides(.expected))]
    ShapeMismatch {
        /// The test image file.
        file: String,
        /// Size of its images.
        found: Vec<u32>,
        /// Size of the training images.
        expected: Vec<u32>,
    },
    /// A label names no class.
    #[error("{file}: label {label} of item {} is out of range; there are {classes} classes, 0 to {}", thousands(*.item), .classes - 1)]
    Label {
        /// The label file.
        file: String,
        /// Position of the item, from 0.
        item: u64,
        /// The label.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
    /// All samples have the same label.
    #[error("{file}: every label is {label}; there must be at least two classes")]
    OneClass {
        /// The label file.
        file: String,
        /// The label.
        label: u8,
    },
    /// The list of class names can't be used.
    #[error("{file}: {problem}; expected 2 to 256 names in UTF-8, one a line")]
    ClassNames {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The progress callback asked to stop.
    #[error("loading was interrupted")]
    Interrupted,
}

/// `60000×28×28`.
fn sides(dimensions: &[u32]) -> String {
    dimensions.iter().map(u32::to_string).collect::<Vec<_>>().join("×")
}
