//! The two kinds of numbers that a network may be made of.

use ndarray::NdFloat;

use super::{
    exp::exp,
    instructions::InstructionSet,
    tile::{Tiles, tiles_f32, tiles_f64},
};

/// `f32` or `f64`: arithmetic, conversion, and the kernels written for it.
pub trait Scalar: NdFloat + Default {
    /// Whether convolutions may take Winograd's algorithm: for training, whose numbers are noisy anyway, but not where
    /// gradients are checked, which wants every digit.
    const WINOGRAD: bool;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;

    /// The same value as `f64`, exactly.
    fn as_f64(self) -> f64;

    /// eˣ, of which the compiler makes vectors where it can; at most two units in the last place off.
    #[must_use]
    fn quick_exp(self) -> Self;

    /// The tiles of the matrix product for the instruction set in use.
    fn tiles() -> &'static Tiles<Self>;
}

impl Scalar for f32 {
    const WINOGRAD: bool = true;

    #[inline]
    fn from_f64(value: f64) -> Self {
        value as Self
    }

    #[inline]
    fn as_f64(self) -> f64 {
        self.into()
    }

    #[allow(clippy::inline_always)] // Only where it is inlined is it compiled for the widest vectors.
    #[inline(always)]
    fn quick_exp(self) -> Self {
        exp(self)
    }

    fn tiles() -> &'static Tiles<Self> {
        tiles_f32(InstructionSet::in_use())
    }
}

impl Scalar for f64 {
    const WINOGRAD: bool = false;

    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline]
    fn as_f64(self) -> f64 {
        self
    }

    #[inline]
    fn quick_exp(self) -> Self {
        self.exp()
    }

    fn tiles() -> &'static Tiles<Self> {
        tiles_f64(InstructionSet::in_use())
    }
}
