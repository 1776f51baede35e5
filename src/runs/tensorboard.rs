//! `TensorBoard`'s event files: written while a run is trained, and read to show it again.
//!
//! A file is a sequence of records: the length in eight bytes, little-endian; a masked CRC-32C of these; the bytes of an
//! `Event` in the encoding of protocol buffers; and a masked CRC-32C of them.

mod histogram;
mod message;
mod reader;
mod record;
mod thinning;
mod writer;

pub use reader::{LogReader, LoggedEvent, LoggedValue};
pub use writer::EventWriter;

#[cfg(test)]
mod tests;
