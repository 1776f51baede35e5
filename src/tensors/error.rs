//! Everything that can be wrong with a file of tensors, as sentences that name the tensor.

use thiserror::Error;

use crate::{memory::MemoryShortage, text::thousands};

/// What is wrong with a file. All names in it are harmless to show.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: {fault}")]
pub struct TensorError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The operating system refused, or the file is none.
    #[error("{0}")]
    Io(String),
    /// A tensor does not fit into the memory.
    #[error("{0}")]
    Memory(MemoryShortage),
    /// The file ends before its header does.
    #[error("not a safetensors file: it ends before its header does")]
    Short,
    /// The header is said to be longer than one may be.
    #[error("not a safetensors file: a header of {} bytes; at most 100,000,000", thousands(*.0))]
    LongHeader(u64),
    /// The header is no JSON object that lists tensors.
    #[error("not a safetensors file: its header is no list of tensors: {0}")]
    Header(String),
    /// A name that stands in the header twice.
    #[error("tensor {0} is there twice")]
    Duplicate(String),
    /// Two tensors that share bytes.
    #[error("tensors {0} and {1} overlap")]
    Overlap(String, String),
    /// Bytes of no tensor.
    #[error("{} bytes before tensor {name} belong to no tensor", thousands(*.bytes as u64))]
    Hole {
        /// The tensor after them.
        name: String,
        /// How many.
        bytes: usize,
    },
    /// Bytes of no tensor at the end.
    #[error("{} bytes at the end belong to no tensor", thousands(*.0 as u64))]
    Trailing(usize),
    /// A tensor that ends before it begins or after the end of the file.
    #[error("tensor {0} lies beyond the end of the file")]
    Beyond(String),
    /// A tensor whose bytes are not as many as its shape and type ask for.
    #[error("tensor {name} of shape {shape:?} and type {dtype} can't have {} bytes", thousands(*.bytes as u64))]
    Size {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Its type.
        dtype: String,
        /// Its bytes.
        bytes: usize,
    },
    /// A tensor that is needed.
    #[error("no tensor {0}")]
    Missing(String),
    /// A tensor that nothing needs.
    #[error("tensor {0} belongs to nothing in the network")]
    Unknown(String),
    /// A tensor of another shape.
    #[error("tensor {name} has the shape {found:?}; expected {expected}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: String,
    },
    /// A tensor of another type.
    #[error("tensor {name} has the type {found}; expected {expected}")]
    Type {
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A label that is no class.
    #[error("tensor {name}: element {at} is {label}; with {classes} classes it must be from 0 to {}", .classes - 1)]
    Label {
        /// The tensor.
        name: String,
        /// Which element, from 0.
        at: usize,
        /// Its value.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
}
