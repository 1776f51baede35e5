//! Everything that needs the whole crate or the real binary.

mod house;
