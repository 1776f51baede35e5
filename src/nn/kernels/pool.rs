//! A persistent pool of threads that runs one divided piece of work at a time.
//!
//! Chunks are handed out in order to whoever is free; which thread computes a chunk must not matter, and with chunks
//! that write to disjoint places it does not. Nothing is allocated while it runs, and idle threads sleep.
#![allow(unsafe_code)]

use std::{
    any::Any,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a thread that ran out of work looks for more before it sleeps. Within a training step one piece of work
/// follows another within that time, and being woken takes about as long; who waits for longer sleeps.
const LOOK_AROUND: Duration = Duration::from_micros(100);

/// How long of that it keeps the processor to itself.
const ALONE: Duration = Duration::from_micros(3);

/// A pool of threads. The caller of [`Self::run`] works along, so a pool of one thread starts none.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    /// Held while a piece of work runs: a pool does one at a time.
    busy: Mutex<()>,
    workers: Vec<thread::JoinHandle<()>>,
}

/// The work that the caller lends to the threads for as long as it waits in [`Pool::run`].
#[derive(Clone, Copy, Debug)]
struct Work {
    chunk: *const (dyn Fn(usize) + Sync),
    chunks: usize,
}

// SAFETY: the pointer is only followed while the caller of `run` waits, so what it points to is alive, and that is
// `Sync`, so threads may share it.
unsafe impl Send for Work {}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signals new work, or the end, to sleeping threads.
    wake: Condvar,
    /// Signals to the caller that the last thread left the work.
    left: Condvar,
    /// Copy of [`State::generation`], to be looked at without the lock.
    generation: AtomicU64,
    /// Copy of [`State::inside`], to be looked at without the lock.
    inside: AtomicUsize,
    /// The next chunk that nobody has taken.
    next: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the pieces of work, and the end.
    generation: u64,
    /// The work that may still be entered.
    work: Option<Work>,
    /// Threads, besides the caller, that may hold the work's pointer.
    inside: usize,
    /// Threads that sleep until they are woken, so that nobody is called in vain.
    sleepers: usize,
    /// Whether the caller sleeps until the last thread has left.
    caller_sleeps: bool,
    /// What the first chunk that panicked panicked with.
    panic: Option<Box<dyn Any + Send>>,
    end: bool,
}

impl Pool {
    /// A pool of `threads` threads, the caller's own counted. If the system refuses to start one, there are fewer;
    /// results do not depend on it.
    pub fn new(threads: NonZeroUsize) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            left: Condvar::new(),
            generation: AtomicU64::new(0),
            inside: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
        });
        let start = |number: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("compute-{number}")).spawn(move || shared.work()).ok()
        };
        let workers = (1..threads.get()).map_while(start).collect();
        Self { shared, busy: Mutex::default(), workers }
    }

    /// Number of threads that compute, the caller's own counted.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `chunk` with every number in `0..chunks`, spread over the threads, and returns when all are done.
    ///
    /// While the pool is busy, as it is when a chunk itself calls this, the chunks run on the calling thread alone.
    ///
    /// # Panics
    ///
    /// If a chunk panics, with what it panicked with, after all threads have left the work.
    pub fn run(&self, chunks: usize, chunk: &(dyn Fn(usize) + Sync)) {
        let free = if self.workers.is_empty() || chunks < 2 { None } else { self.busy.try_lock().ok() };
        let Some(busy) = free else {
            (0..chunks).for_each(chunk);
            return;
        };
        // SAFETY: only the lifetime changes. The pointer is taken back below before this function returns or unwinds:
        // `work` catches panics, and `take_back` waits until no thread is inside.
        let lent: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(chunk) };
        let work = Work { chunk: lent, chunks };
        self.shared.offer(work);
        self.shared.take_part(work);
        let panic = self.shared.take_back();
        drop(busy);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            state.end = true;
            self.shared.next_generation(&mut state);
        }
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of its work, so there is nothing to learn from its result.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_generation(&self, state: &mut State) {
        state.generation += 1;
        self.generation.store(state.generation, Ordering::Release);
    }

    fn offer(&self, work: Work) {
        let mut state = self.lock();
        self.next.store(0, Ordering::Relaxed);
        state.work = Some(work);
        self.next_generation(&mut state);
        let sleepers = state.sleepers;
        drop(state);
        if sleepers > 0 {
            self.wake.notify_all();
        }
    }

    /// Computes chunks until none is left; keeps the first panic.
    fn take_part(&self, work: Work) {
        // SAFETY: the caller of `run` waits until every thread that got hold of `work` is through here.
        let chunk = unsafe { &*work.chunk };
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= work.chunks {
                return;
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| chunk(number))) {
                self.next.store(work.chunks, Ordering::Relaxed);
                self.lock().panic.get_or_insert(panic);
            }
        }
    }

    /// Lets no further thread into the work, waits for those inside, and gives what one of them panicked with.
    fn take_back(&self) -> Option<Box<dyn Any + Send>> {
        self.lock().work = None;
        look_around(|| self.inside.load(Ordering::Acquire) == 0);
        let mut state = self.lock();
        while state.inside > 0 {
            state.caller_sleeps = true;
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.caller_sleeps = false;
        }
        state.panic.take()
    }

    /// The life of a thread of the pool.
    fn work(&self) {
        let mut seen = 0;
        loop {
            look_around(|| self.generation.load(Ordering::Acquire) != seen);
            let mut state = self.lock();
            while state.generation == seen {
                state.sleepers += 1;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleepers -= 1;
            }
            if state.end {
                return;
            }
            seen = state.generation;
            let Some(work) = state.work else { continue };
            state.inside += 1;
            self.inside.store(state.inside, Ordering::Relaxed);
            drop(state);
            self.take_part(work);
            let mut state = self.lock();
            state.inside -= 1;
            self.inside.store(state.inside, Ordering::Release);
            if state.inside == 0 && state.caller_sleeps {
                self.left.notify_one();
            }
        }
    }
}

/// Waits for `ready` without sleeping, but not longer than [`LOOK_AROUND`].
///
/// After a moment it offers the processor to others each time: whoever is waited for may have been put on this very
/// one, and would else not run before the wait is over.
fn look_around(ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        let waited = start.elapsed();
        if waited > LOOK_AROUND {
            return;
        }
        if waited > ALONE {
            thread::yield_now();
        } else {
            (0..4).for_each(|_| std::hint::spin_loop());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn pool(threads: usize) -> Pool {
        Pool::new(NonZeroUsize::new(threads).unwrap())
    }

    #[test]
    fn every_chunk_runs_once() {
        for threads in [1, 2, 4] {
            let pool = pool(threads);
            assert_eq!(pool.threads(), threads);
            for round in 0..300 {
                let chunks = round % 7;
                let counts: [AtomicUsize; 7] = Default::default();
                pool.run(chunks, &|chunk| {
                    counts[chunk].fetch_add(1, Ordering::Relaxed);
                });
                for (chunk, count) in counts.iter().enumerate() {
                    assert_eq!(count.load(Ordering::Relaxed), usize::from(chunk < chunks), "chunk {chunk}");
                }
            }
        }
    }

    #[test]
    fn threads_share_the_work() {
        let pool = pool(2);
        // Each chunk waits for the other one, so this ends only if two threads compute.
        let started = AtomicUsize::new(0);
        pool.run(2, &|_| {
            started.fetch_add(1, Ordering::SeqCst);
            while started.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        for threads in [1, 3] {
            let pool = pool(threads);
            let result = catch_unwind(AssertUnwindSafe(|| pool.run(16, &|chunk| assert!(chunk != 5, "chunk five"))));
            let panic = result.unwrap_err();
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"chunk five"));
            let done = AtomicUsize::new(0);
            pool.run(16, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.load(Ordering::Relaxed), 16);
        }
    }

    #[test]
    fn a_chunk_may_use_the_pool_itself() {
        let pool = pool(2);
        let done = AtomicUsize::new(0);
        pool.run(4, &|_| {
            pool.run(8, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(done.load(Ordering::Relaxed), 32);
    }

    #[test]
    fn several_callers_get_along() {
        let pool = pool(2);
        let failed = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let done = AtomicUsize::new(0);
                        pool.run(5, &|_| {
                            done.fetch_add(1, Ordering::Relaxed);
                        });
                        failed.fetch_or(done.load(Ordering::Relaxed) != 5, Ordering::Relaxed);
                    }
                });
            }
        });
        assert!(!failed.load(Ordering::Relaxed));
    }
}
