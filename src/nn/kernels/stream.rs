//! Writing past the caches, with non-temporal stores.
//!
//! Before a processor writes to a line that another one holds, it waits until that one has given it up. Where the two
//! share no cache, that takes so long that it is faster to write to memory, from where whoever is next reads it.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::prefetch::LINE;
use crate::nn::Scalar;

/// Whether this processor can.
pub(super) fn is_possible() -> bool {
    #[cfg(target_arch = "x86_64")]
    let possible = is_x86_feature_detected!("avx");
    #[cfg(not(target_arch = "x86_64"))]
    let possible = false;
    possible
}

/// Copies `from` to `to`, past the caches where that is possible.
///
/// # Panics
///
/// If the slices differ in length.
///
/// # Safety
///
/// This thread must call [`finish`] before anybody, itself included, uses `to` in any other way.
pub(super) unsafe fn stream<T: Scalar>(from: &[T], to: &mut [T]) {
    assert_eq!(from.len(), to.len(), "slices of one length");
    #[cfg(target_arch = "x86_64")]
    if is_possible() {
        // What comes before the first line and behind the last one goes as usual.
        let lanes = LINE / size_of::<T>();
        let before = to.as_ptr().align_offset(LINE).min(to.len());
        let whole = (to.len() - before) / lanes * lanes;
        to[..before].copy_from_slice(&from[..before]);
        to[before + whole..].copy_from_slice(&from[before + whole..]);
        let (from, to) = (&from[before..before + whole], &mut to[before..before + whole]);
        // SAFETY: both are as many lines, those of `to` aligned, and the processor has the instructions. The caller
        // promises the fence.
        unsafe { x86::stream(from.as_ptr().cast(), to.as_mut_ptr().cast(), size_of_val(from) / LINE) };
        return;
    }
    to.copy_from_slice(from);
}

/// Waits until other threads see all that this one has streamed.
pub(super) fn finish() {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every processor of this kind has the instruction.
        unsafe { std::arch::x86_64::_mm_sfence() };
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_mm256_loadu_ps, _mm256_stream_ps};

    use super::LINE;

    /// Copies so many lines.
    ///
    /// # Safety
    ///
    /// They must be valid to read and write, and `to` aligned; for the fence see [`super::stream`].
    #[target_feature(enable = "avx")]
    pub unsafe fn stream(from: *const f32, to: *mut f32, lines: usize) {
        for line in 0..lines {
            for half in [0, LINE / 8] {
                let at = line * (LINE / 4) + half;
                // SAFETY: the caller promises the lines.
                unsafe { _mm256_stream_ps(to.add(at), _mm256_loadu_ps(from.add(at))) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy<T: Scalar>() {
        let from: Vec<T> = (0..200).map(|value| T::from_f64(value.into())).collect();
        for start in 0..20 {
            for length in [0, 1, 15, 16, 17, 33, 100, 180] {
                let mut to = [T::from_f64(-1.0); 200];
                // SAFETY: the fence follows.
                unsafe { stream(&from[start..start + length], &mut to[start..start + length]) };
                finish();
                for (at, &value) in to.iter().enumerate() {
                    let copied = (start..start + length).contains(&at);
                    assert_eq!(value.as_f64(), if copied { at as f64 } else { -1.0 }, "{length} from {start}");
                }
            }
        }
    }

    #[test]
    fn all_is_copied_wherever_it_begins() {
        copy::<f32>();
        copy::<f64>();
    }
}
