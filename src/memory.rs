//! The program's memory on Linux: large pieces of it in huge pages.
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
const PAGE: usize = 2 << 20;

/// Size of a piece from which on it has huge pages of its own, in bytes.
const LARGE: usize = PAGE / 4;

/// The largest of the usual small pages, in bytes.
const SMALL: usize = 1 << 16;

/// The system's allocator for small pieces, and huge pages for large ones.
pub struct HugePages;

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

/// Length of the mapping for so many bytes: a rest that would leave more than three quarters of a huge page
/// unused has small ones.
fn length(size: usize) -> Option<usize> {
    size.checked_next_multiple_of(if size % PAGE < LARGE { SMALL } else { PAGE })
}

/// So many bytes of zeros that begin with a huge page, or null.
fn map(size: usize) -> *mut u8 {
    let Some((length, mapped)) = length(size).and_then(|length| Some((length, length.checked_add(PAGE)?))) else {
        return ptr::null_mut();
    };
    // SAFETY: a new mapping where the system has room.
    let Ok(start) =
        (unsafe { mmap_anonymous(ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) })
    else {
        return ptr::null_mut();
    };
    let before = start.addr().next_multiple_of(PAGE) - start.addr();
    let piece = start.wrapping_byte_add(before);
    let behind = piece.wrapping_byte_add(length);
    // SAFETY: what lies before and behind the piece was just mapped and nobody uses it; what cannot be unmapped stays
    // untouched. Without huge pages the piece is as good as any.
    unsafe {
        if before > 0 {
            let _ = munmap(start, before);
        }
        let _ = munmap(behind, PAGE - before);
        let _ = madvise(piece, length, Advice::LinuxHugepage);
    }
    piece.cast()
}

// SAFETY: whether a piece is large follows from its layout alone, so it goes back to where it came from. Mappings are
// as large and as aligned as they must be, belong to one piece each, and nothing here unwinds.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if is_large(layout) { map(layout.size()) } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        if is_large(layout) { map(layout.size()) } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the piece was allocated with this layout, so a large one is such a mapping, which is given up whole.
        unsafe {
            if is_large(layout) {
                let _ = munmap(start.cast(), length(layout.size()).unwrap_or_default());
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
            if is_large(layout) && is_large(wanted) && length(layout.size()) == length(size) {
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

    fn values(piece: &[u8], ends: [usize; 2]) -> [u8; 2] {
        ends.map(|end| piece[end])
    }

    #[test]
    fn large_pieces_are_zeros_where_huge_pages_may_begin() {
        for size in [LARGE, PAGE - 1, PAGE, PAGE + 1, PAGE + SMALL, 5 * PAGE / 2] {
            let mut piece = vec![0u8; size];
            assert!(piece.as_ptr().addr().is_multiple_of(PAGE));
            assert!(piece.iter().all(|&byte| byte == 0));
            piece.fill(1);
        }
    }

    #[test]
    fn a_piece_keeps_its_bytes_while_it_grows_and_shrinks_across_the_threshold() {
        let mut piece: Vec<u8> = (0..=255).cycle().take(LARGE - 1).collect();
        let expected = values(&piece, [1000, LARGE - 2]);
        for capacity in [LARGE, PAGE / 2, PAGE, 3 * PAGE + 5] {
            piece.reserve_exact(capacity - piece.len());
            assert_eq!(values(&piece, [1000, LARGE - 2]), expected);
        }
        piece.shrink_to_fit();
        assert_eq!(values(&piece, [1000, LARGE - 2]), expected);
        piece.truncate(2000);
        piece.shrink_to_fit();
        assert_eq!(piece[1000], expected[0]);
    }
}
