//! Fetching from memory ahead of time.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // A single instruction for each line.

/// Asks for these values to be in the second cache soon: for memory that is visited in pieces too far apart for the
/// processor to see where it goes on. Nothing depends on it but time.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub(super) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};

        const CACHE_LINE_BYTES: usize = 64;
        let start = values.as_ptr().cast::<i8>();
        let before = start.addr() % CACHE_LINE_BYTES;
        let start = start.wrapping_sub(before);
        for offset in (0..before + size_of_val(values)).step_by(CACHE_LINE_BYTES) {
            // SAFETY: every processor of this kind has the instruction, which reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(start.wrapping_add(offset)) };
        }
    }
}
