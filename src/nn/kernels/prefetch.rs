//! Fetching from memory ahead of time.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // A single instruction for each line.

use crate::nn::Scalar;

/// Bytes of a cache line.
#[cfg(target_arch = "x86_64")]
pub(super) const LINE: usize = 64;

/// Bytes that are copied before the next ones are asked for. All at once they would wait for each other.
const PIECE: usize = 1024;

/// Copies `from` to `to` and meanwhile fetches `next`, as long, from which the next call will copy.
///
/// # Panics
///
/// If the first two slices differ in length.
pub fn copy_ahead<T: Scalar>(from: &[T], to: &mut [T], next: &[T]) {
    assert_eq!(from.len(), to.len(), "slices of one length");
    let piece = PIECE / size_of::<T>();
    for (number, (from, to)) in from.chunks(piece).zip(to.chunks_mut(piece)).enumerate() {
        prefetch(next.get(number * piece..).map_or(&[], |next| &next[..next.len().min(piece)]));
        to.copy_from_slice(from);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_copied_whatever_comes_next() {
        let from: Vec<f32> = (0..1000).map(|value| value as f32).collect();
        for length in [0, 1, 255, 256, 257, 1000] {
            for next in [0, 1, 300, 1000] {
                let mut to = vec![-1.0; length];
                copy_ahead(&from[..length], &mut to, &from[..next]);
                assert_eq!(to, from[..length]);
            }
        }
    }
}
