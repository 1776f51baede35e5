//! A thread's share of the chunks of a piece of work.

use std::ops::{Deref, Range};

use super::sync::atomic::{AtomicU64, Ordering};

/// Chunks that are not taken yet: the first one in the upper half of the number, the one after the last in the lower
/// half.
#[derive(Debug, Default)]
pub(super) struct Share(AtomicU64);

impl Share {
    /// Replaces what is left of it.
    ///
    /// # Panics
    ///
    /// If there are 2³² chunks or more.
    pub(super) fn set(&self, chunks: Range<usize>) {
        let half = |bound: usize| u64::from(u32::try_from(bound).expect("fewer chunks than 2^32"));
        self.0.store(half(chunks.start) << 32 | half(chunks.end), Ordering::Release);
    }

    /// Takes the first chunk that is left, as the owner does.
    pub(super) fn take_first_chunk(&self) -> Option<usize> {
        self.take_chunk(|left| left.start, |left| left.start + 1..left.end)
    }

    /// Takes the last one, as the others do: it is the farthest from what is in the owner's cache.
    pub(super) fn take_last_chunk(&self) -> Option<usize> {
        self.take_chunk(|left| left.end - 1, |left| left.start..left.end - 1)
    }

    fn take_chunk(&self, chunk: impl Fn(&Range<u64>) -> u64, rest: impl Fn(Range<u64>) -> Range<u64>) -> Option<usize> {
        let mut taken = None;
        let update = |value: u64| {
            let left = value >> 32..value % (1 << 32);
            taken = (!left.is_empty()).then(|| chunk(&left) as usize);
            taken.map(|_| {
                let rest = rest(left);
                rest.start << 32 | rest.end
            })
        };
        // A failure means that none is left, which `taken` says, too.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
        taken
    }
}

/// A value on cache lines of its own, so that threads that use its neighbours do not slow down those that use it. Some
/// processors fetch lines in pairs of 64 bytes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct CachePadded<T>(T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(not(feature = "pool-model"))]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_taken_from_both_ends_until_none_is_left() {
        let share = Share::default();
        assert_eq!(share.take_first_chunk(), None);
        share.set(3..7);
        assert_eq!(
            [share.take_first_chunk(), share.take_last_chunk(), share.take_last_chunk()],
            [Some(3), Some(6), Some(5)]
        );
        assert_eq!(
            [share.take_first_chunk(), share.take_first_chunk(), share.take_last_chunk()],
            [Some(4), None, None]
        );
    }
}
