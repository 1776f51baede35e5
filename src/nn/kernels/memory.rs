//! An allocator for Linux that keeps large pieces of memory in huge pages.
//!
//! A training step walks through tens or hundreds of megabytes of samples, weights and their states, and with pages of
//! 4 KiB the processor spends some percent of it looking up where they are. Linux gives pages of 2 MiB to those who ask
//! for them, if they are not turned off altogether.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// The usual huge page, in bytes.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Size of a piece from which on it has huge pages of its own, in bytes.
const MIN_LARGE_BYTES: usize = HUGE_PAGE_BYTES / 4;

/// The largest of the usual small pages, in bytes.
const SMALL_PAGE_BYTES: usize = 1 << 16;

/// The system's allocator for small pieces, and huge pages for large ones.
pub struct HugePageAllocator;

fn is_large(layout: Layout) -> bool {
    layout.size() >= MIN_LARGE_BYTES && layout.align() <= HUGE_PAGE_BYTES
}

/// Length of the mapping for this many bytes: a rest that would leave more than half of a huge page unused has small
/// ones.
fn mapping_bytes(size: usize) -> Option<usize> {
    size.checked_next_multiple_of(if size % HUGE_PAGE_BYTES < HUGE_PAGE_BYTES / 2 {
        SMALL_PAGE_BYTES
    } else {
        HUGE_PAGE_BYTES
    })
}

/// This many bytes of zeros that begin with a huge page, or null.
fn map_zeros(size: usize) -> *mut u8 {
    let Some((length, mapped)) =
        mapping_bytes(size).and_then(|length| Some((length, length.checked_add(HUGE_PAGE_BYTES)?)))
    else {
        return ptr::null_mut();
    };
    // SAFETY: a new mapping where the system has room.
    let Ok(start) =
        (unsafe { mmap_anonymous(ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) })
    else {
        return ptr::null_mut();
    };
    let before = start.addr().next_multiple_of(HUGE_PAGE_BYTES) - start.addr();
    let piece = start.wrapping_byte_add(before);
    let after = piece.wrapping_byte_add(length);
    // SAFETY: what lies before and after the piece was just mapped and is not used; what cannot be unmapped stays
    // untouched. Without huge pages the piece is as good as any.
    unsafe {
        if before > 0 {
            let _ = munmap(start, before);
        }
        let _ = munmap(after, HUGE_PAGE_BYTES - before);
        let _ = madvise(piece, length, Advice::LinuxHugepage);
    }
    piece.cast()
}

// SAFETY: whether a piece is large follows from its layout alone, so it goes back to where it came from. Mappings are
// as large and as aligned as they must be, belong to one piece each, and nothing here unwinds.
unsafe impl GlobalAlloc for HugePageAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if is_large(layout) { map_zeros(layout.size()) } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if is_large(layout) { map_zeros(layout.size()) } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the piece was allocated with this layout, so a large one is such a mapping, which is given up whole.
        unsafe {
            if is_large(layout) {
                let _ = munmap(start.cast(), mapping_bytes(layout.size()).unwrap_or_default());
            } else {
                System.dealloc(start, layout);
            }
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that makes a layout with this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as the caller promises; the new piece is another one, and as long as what is copied.
        unsafe {
            if !is_large(layout) && !is_large(wanted) {
                return System.realloc(start, layout, size);
            }
            if let (true, true, Some(old), Some(new)) =
                (is_large(layout), is_large(wanted), mapping_bytes(layout.size()), mapping_bytes(size))
                && new <= old
            {
                // What is no longer needed is given back; nothing has to be copied.
                if new < old {
                    let _ = munmap(start.wrapping_byte_add(new).cast(), old - new);
                }
                return start;
            }
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(start, moved, size.min(layout.size()));
                self.dealloc(start, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 4).unwrap()
    }

    /// Bytes that tell where they stand.
    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn large_pieces_are_zeros_where_huge_pages_may_begin() {
        for size in [
            MIN_LARGE_BYTES,
            HUGE_PAGE_BYTES - 1,
            HUGE_PAGE_BYTES,
            HUGE_PAGE_BYTES + 1,
            HUGE_PAGE_BYTES + SMALL_PAGE_BYTES,
            5 * HUGE_PAGE_BYTES / 2,
        ] {
            for allocate in [HugePageAllocator::alloc, HugePageAllocator::alloc_zeroed] {
                // SAFETY: a piece of this layout, used within its size and given back with the same layout.
                unsafe {
                    let start = allocate(&HugePageAllocator, layout(size));
                    assert!(!start.is_null() && start.addr().is_multiple_of(HUGE_PAGE_BYTES), "{size}");
                    let piece = std::slice::from_raw_parts_mut(start, size);
                    assert!(piece.iter().all(|&byte| byte == 0), "{size}");
                    piece.fill(1);
                    HugePageAllocator.dealloc(start, layout(size));
                }
            }
        }
    }

    #[test]
    fn what_is_aligned_to_more_than_a_huge_page_is() {
        let layout = Layout::from_size_align(HUGE_PAGE_BYTES, 2 * HUGE_PAGE_BYTES).unwrap();
        // SAFETY: a piece of this layout, given back with the same layout.
        unsafe {
            let start = HugePageAllocator.alloc(layout);
            assert!(!start.is_null() && start.addr().is_multiple_of(2 * HUGE_PAGE_BYTES));
            HugePageAllocator.dealloc(start, layout);
        }
    }

    #[test]
    fn no_size_is_too_large_to_be_refused() {
        // SAFETY: nothing is used of what must be null.
        unsafe { assert!(HugePageAllocator.alloc(layout(isize::MAX as usize - 3)).is_null()) };
    }

    #[test]
    fn a_large_piece_shrinks_where_it_is() {
        // SAFETY: the piece is used within its size, and given back with its last layout.
        unsafe {
            let start = HugePageAllocator.alloc(layout(5 * HUGE_PAGE_BYTES));
            let mut old = 5 * HUGE_PAGE_BYTES;
            for new in [3 * HUGE_PAGE_BYTES + 5, 3 * HUGE_PAGE_BYTES, HUGE_PAGE_BYTES, MIN_LARGE_BYTES] {
                std::slice::from_raw_parts_mut(start, old).copy_from_slice(&pattern(old));
                assert_eq!(HugePageAllocator.realloc(start, layout(old), new), start, "{old} to {new}");
                assert!(std::slice::from_raw_parts(start, new) == pattern(new), "{old} to {new}");
                old = new;
            }
            HugePageAllocator.dealloc(start, layout(old));
        }
    }

    #[test]
    fn a_piece_keeps_its_bytes_while_it_grows_and_shrinks_across_the_threshold() {
        let sizes = [
            100,
            MIN_LARGE_BYTES - 1,
            MIN_LARGE_BYTES,
            HUGE_PAGE_BYTES / 2,
            HUGE_PAGE_BYTES,
            3 * HUGE_PAGE_BYTES + 5,
            2 * HUGE_PAGE_BYTES,
            HUGE_PAGE_BYTES / 2,
            MIN_LARGE_BYTES - 1,
            100,
        ];
        // SAFETY: the piece is used within its size, and given back with its last layout.
        unsafe {
            let mut start = HugePageAllocator.alloc(layout(sizes[0]));
            for pair in sizes.windows(2) {
                let (old, new) = (pair[0], pair[1]);
                std::slice::from_raw_parts_mut(start, old).copy_from_slice(&pattern(old));
                start = HugePageAllocator.realloc(start, layout(old), new);
                let kept = old.min(new);
                assert!(std::slice::from_raw_parts(start, kept) == pattern(kept), "{old} to {new}");
            }
            HugePageAllocator.dealloc(start, layout(100));
        }
    }
}
