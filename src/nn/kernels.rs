//! The fast paths: threads, matrix product, passes over all elements. The only place where `unsafe` is allowed.

pub mod elementwise;
pub mod matmul;
mod pack;
pub mod pool;
pub mod tile;
