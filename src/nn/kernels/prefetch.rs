//! Fetching from memory ahead of time.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // A single instruction for each line.

/// Bytes of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for these values to be in the second cache soon: for memory that is visited in pieces too far apart for the
/// processor to see where it goes on. Nothing depends on it but time.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub(super) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let start = values.as_ptr().cast::<i8>();
        let before = start.addr() % LINE;
        let start = start.wrapping_sub(before);
        for offset in (0..before + size_of_val(values)).step_by(LINE) {
            // SAFETY: every processor of this kind has the instruction, which reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(start.wrapping_add(offset)) };
        }
    }
}

/// Values that [`copy_on_the_way`] copies between two requests: a few lines, which a processor keeps under way at once.
const PIECE: usize = 256;

/// Copies `from` to `to`, and meanwhile fetches `next`, which is to be copied after it and lies elsewhere.
///
/// # Panics
///
/// If `from` and `to` differ in length.
pub fn copy_on_the_way<T: Copy>(from: &[T], to: &mut [T], next: &[T]) {
    assert_eq!(from.len(), to.len(), "a copy");
    let mut next = next.chunks(PIECE);
    for (from, to) in from.chunks(PIECE).zip(to.chunks_mut(PIECE)) {
        if let Some(next) = next.next() {
            prefetch(next);
        }
        to.copy_from_slice(from);
    }
}
