//! Which instructions the kernels use: decided once, in one place.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // Only where it is inlined is work compiled for wide vectors.

use std::{env, sync::OnceLock};

/// Name of the environment variable that forces the portable kernels, by any value but `0` and nothing.
pub const PORTABLE_VARIABLE: &str = "GRADTOP_PORTABLE";

/// The instructions that kernels are written or compiled for, from the narrowest vectors to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// What every processor of the target has.
    Portable,
    /// AVX2 with fused multiply-adds: vectors of 256 bits.
    Avx2,
    /// AVX-512 (F, VL, BW and DQ): vectors of 512 bits.
    Avx512,
}

impl InstructionSet {
    /// The one in use: the widest of this processor, unless [`PORTABLE_VARIABLE`] was set when it was first asked for.
    pub fn in_use() -> Self {
        static IN_USE: OnceLock<InstructionSet> = OnceLock::new();
        *IN_USE.get_or_init(|| {
            let forced = env::var_os(PORTABLE_VARIABLE).is_some_and(|value| !value.is_empty() && value != "0");
            if forced { Self::Portable } else { Self::widest() }
        })
    }

    /// Its name, for people and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The widest that this processor has.
    pub fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let has_avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq");
            if has_avx2 {
                return if has_avx512 { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Portable
    }
}

/// Work that is compiled for several instruction sets. `run` must be `#[inline(always)]`, as must be what it calls.
///
/// Rust neither fuses nor reorders floating-point operations by itself, so all variants give the same bits.
pub trait VectorWork {
    /// What it computes.
    type Output;

    /// Computes it.
    fn run(self) -> Self::Output;
}

/// A closure is compiled for wide vectors as far as the compiler chooses to inline it.
impl<R, F: FnOnce() -> R> VectorWork for F {
    type Output = R;

    #[inline(always)]
    fn run(self) -> R {
        self()
    }
}

/// Runs the variant for the instruction set in use.
pub fn run_vectorized<W: VectorWork>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
        fn with_avx512<W: VectorWork>(work: W) -> W::Output {
            work.run()
        }
        #[target_feature(enable = "avx2")]
        fn with_avx2<W: VectorWork>(work: W) -> W::Output {
            work.run()
        }
        match InstructionSet::in_use() {
            // SAFETY: the processor has the instructions.
            InstructionSet::Avx512 => return unsafe { with_avx512(work) },
            // SAFETY: as above.
            InstructionSet::Avx2 => return unsafe { with_avx2(work) },
            InstructionSet::Portable => {}
        }
    }
    work.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_forces_what_every_processor_has() {
        let forced = env::var_os(PORTABLE_VARIABLE).is_some_and(|value| !value.is_empty() && value != "0");
        let expected = if forced { InstructionSet::Portable } else { InstructionSet::widest() };
        assert_eq!(InstructionSet::in_use(), expected);
    }
}
