//! The fast paths: threads, matrix product, passes over all elements. The only place where `unsafe` is allowed.
//!
//! `naive` has the definitions of the products, convolutions and poolings, against which the tests hold them.
//! `instructions` decides once which vectors are used, and `pool` spreads the work over the threads.
#![allow(clippy::cast_possible_wrap)] // Offsets within an allocation, which never exceeds isize::MAX.
#![allow(clippy::needless_pass_by_value)] // Views are taken by value, as ndarray does.

#[cfg(test)]
pub(crate) mod allocations;
pub mod elementwise;
pub mod exp;
pub mod instructions;
pub mod locals;
pub mod matmul;
#[cfg(target_os = "linux")]
pub mod memory;
#[cfg(test)]
pub(crate) mod naive;
mod pack;
pub mod pointwise;
pub mod pool;
pub mod pooling;
pub mod prefetch;
pub(super) mod scalar;
mod squares;
pub mod sums;
pub mod tile;
pub mod transpose;
pub mod winograd;
