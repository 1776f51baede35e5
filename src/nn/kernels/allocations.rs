//! Counts allocations and their bytes, thread by thread, for the tests that a training step makes none and that training
//! takes the memory that it says.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::pool::Pool;

thread_local! {
    static ALLOCATION_COUNT: Cell<usize> = const { Cell::new(0) };
    /// Bytes that this thread has allocated and not freed, which are below 0 after it freed those of another; and the most since
    /// [`start_peak`].
    static HELD_BYTES: Cell<[isize; 2]> = const { Cell::new([0; 2]) };
}

struct CountingAllocator;

#[global_allocator]
static COUNTING_ALLOCATOR: CountingAllocator = CountingAllocator;

fn count_allocation() {
    // A thread that is ending has no count any more, and none is asked for.
    let _ = ALLOCATION_COUNT.try_with(|count| count.set(count.get() + 1));
}

fn count_bytes(more: usize, less: usize) {
    let _ = HELD_BYTES.try_with(|held| {
        let [now, peak] = held.get();
        let now = now + more as isize - less as isize;
        held.set([now, peak.max(now)]);
    });
}

// SAFETY: everything is left to the system's allocator; counting itself does not allocate.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_allocation();
        count_bytes(layout.size(), 0);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_allocation();
        count_bytes(layout.size(), 0);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_allocation();
        // The new place is there before the old one is freed.
        count_bytes(size, 0);
        count_bytes(0, layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_bytes(0, layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Begins to look for the most bytes that this thread holds at a time; gives what it holds now.
pub(crate) fn start_peak() -> isize {
    let [now, _] = HELD_BYTES.get();
    HELD_BYTES.set([now, now]);
    now
}

/// The most bytes that this thread held at a time since [`start_peak`].
pub(crate) fn peak_bytes() -> isize {
    HELD_BYTES.get()[1]
}

/// Allocations so far of the calling thread and of all threads of `pool`.
pub(crate) fn allocations(pool: &Pool) -> usize {
    let (arrived, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // No thread goes on before all have arrived, so each chunk runs on a thread of its own.
    pool.run(pool.threads(), &|_| {
        sum.fetch_add(ALLOCATION_COUNT.get(), Ordering::SeqCst);
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < pool.threads() {
            std::thread::yield_now();
        }
    });
    sum.into_inner()
}
