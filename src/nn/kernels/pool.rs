//! A persistent pool of threads that runs one divided piece of work at a time.
//!
//! Each thread takes the same share of the chunks of every piece of work, so that what it has written in one piece is
//! in its own cache for the next; who has finished takes over chunks from the far end of another one's share. Which
//! thread computes a chunk must not matter to the result, and with chunks that write to disjoint places it does not.
//! Nothing is allocated while it runs, and idle threads sleep.
//!
//! Handing over a piece of work takes few atomic operations, and no lock as long as no thread sleeps. `model` tries the
//! protocol under many schedules.
#![allow(unsafe_code)]

mod gate;
#[cfg(feature = "pool-model")]
#[cfg(test)]
mod model;
mod share;
mod sync;

use std::{
    any::Any,
    cell::{Cell, UnsafeCell},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use self::{
    gate::{GateState, MAX_GATE_THREADS, WorkGate},
    share::{CachePadded, Share},
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        thread,
    },
};

/// How long a thread that ran out of work polls for more before it sleeps. Within a training step one piece of work
/// follows another within that time, and waking up takes about as long.
const MAX_POLL_TIME: Duration = Duration::from_micros(100);

/// How long of that it keeps the processor to itself.
const MAX_SPIN_TIME: Duration = Duration::from_micros(10);

thread_local! {
    /// This thread's number in its pool; 0 for the callers.
    static THREAD_NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// The number of the current thread in the pool that started it, below its [`Pool::threads`]; 0 for all others.
pub fn current_thread_number() -> usize {
    THREAD_NUMBER.get()
}

/// A pool of threads. The caller of [`Self::run`] works along, so a pool of one thread starts none.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<SharedState>,
    /// Held while a piece of work runs: a pool does one at a time.
    busy: Mutex<()>,
    workers: Vec<thread::JoinHandle<()>>,
}

/// The work that the caller lends to the threads for as long as it waits in [`Pool::run`].
type Work = *const (dyn Fn(usize) + Sync);

#[derive(Debug)]
struct SharedState {
    gate: CachePadded<WorkGate>,
    /// What is to be done; written by the caller while no thread is inside, read by those inside.
    work: UnsafeCell<Option<Work>>,
    /// Which chunks each thread still has before it, the caller's first.
    shares: Vec<CachePadded<Share>>,
    /// Threads that sleep until they are woken, so that none is called in vain.
    sleepers: AtomicUsize,
    /// Whether the caller sleeps until the last thread has left.
    caller_sleeps: AtomicBool,
    /// Whoever falls asleep holds it while it looks for work once more, and whoever wakes others takes it before; so no
    /// call is missed. It keeps what the first chunk that panicked panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Signals new work, or the end, to sleeping threads.
    wake: Condvar,
    /// Signals to the caller that the last thread left the work.
    left: Condvar,
}

// SAFETY: `work` is the only part that is not shared safely anyway. It is written by the one caller that holds `busy`
// while the gate is closed and no thread is inside, and read by threads inside, whom the gate let in after that. What
// it points to is `Sync` and alive for as long as a thread is inside, since the caller waits for that.
unsafe impl Send for SharedState {}
// SAFETY: as above.
unsafe impl Sync for SharedState {}

impl Pool {
    /// A pool of `threads` threads, the caller's own counted. If the system refuses to start one, there are fewer;
    /// results do not depend on it.
    ///
    /// # Panics
    ///
    /// For more than 65,536 threads.
    pub fn new(threads: NonZeroUsize) -> Self {
        assert!(threads.get() <= MAX_GATE_THREADS, "{threads} threads");
        let shared = Arc::new(SharedState {
            gate: CachePadded::default(),
            work: UnsafeCell::new(None),
            shares: (0..threads.get()).map(|_| CachePadded::default()).collect(),
            sleepers: AtomicUsize::new(0),
            caller_sleeps: AtomicBool::new(false),
            panic: Mutex::default(),
            wake: Condvar::new(),
            left: Condvar::new(),
        });
        let start = |number: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("compute-{number}")).spawn(move || shared.run_worker(number)).ok()
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
    /// If a chunk panics, with what it panicked with, after all threads have left the work; if there are 2³² chunks or
    /// more.
    pub fn run(&self, chunks: usize, chunk: &(dyn Fn(usize) + Sync)) {
        assert!(u32::try_from(chunks).is_ok(), "{chunks} chunks");
        let free = if self.workers.is_empty() || chunks < 2 { None } else { self.busy.try_lock().ok() };
        let Some(busy) = free else {
            (0..chunks).for_each(chunk);
            return;
        };
        // SAFETY: only the lifetime changes. The pointer is not followed after this function returns or unwinds:
        // `compute_chunks` catches panics, and `finish_work` waits until no thread is inside.
        let lent: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(chunk) };
        self.shared.offer_work(lent, chunks, self.threads());
        self.shared.compute_chunks(chunk, 0);
        let panic = self.shared.finish_work();
        drop(busy);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the pool is borrowed mutably, so nothing runs, and no thread is inside.
        unsafe { *self.shared.work.get() = None };
        self.shared.open_gate();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of its work, so there is nothing to learn from its result.
            let _ = worker.join();
        }
    }
}

impl SharedState {
    fn lock_panic(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer_work(&self, work: Work, chunks: usize, threads: usize) {
        for (thread, share) in self.shares[..threads].iter().enumerate() {
            share.set(thread * chunks / threads..(thread + 1) * chunks / threads);
        }
        // SAFETY: the caller holds `busy`, and the last piece of work has finished, so no thread is inside.
        unsafe { *self.work.get() = Some(work) };
        self.open_gate();
    }

    /// Opens the gate and wakes those who sleep.
    fn open_gate(&self) {
        self.gate.open();
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // Who has counted itself but does not wait yet holds the lock, and will look again before it waits.
            drop(self.lock_panic());
            self.wake.notify_all();
        }
    }

    /// Computes chunks until none is left, those of the own share first; keeps the first panic.
    fn compute_chunks(&self, chunk: &(dyn Fn(usize) + Sync), number: usize) {
        let compute = |taken: usize| match catch_unwind(AssertUnwindSafe(|| chunk(taken))) {
            Ok(()) => true,
            Err(panic) => {
                self.shares.iter().for_each(|share| share.set(0..0));
                let mut first = self.lock_panic();
                if first.is_none() {
                    *first = Some(panic);
                } else {
                    // What it panicked with may panic again when it is dropped, and here nothing would catch that.
                    std::mem::forget(panic);
                }
                false
            }
        };
        let own = &self.shares[number];
        while let Some(taken) = own.take_first_chunk() {
            if !compute(taken) {
                return;
            }
        }
        let others = (1..self.shares.len()).map(|distance| &self.shares[(number + distance) % self.shares.len()]);
        for other in others {
            while let Some(taken) = other.take_last_chunk() {
                if !compute(taken) {
                    return;
                }
            }
        }
    }

    /// Lets no further thread into the work, waits for those inside, and gives what one of them panicked with.
    fn finish_work(&self) -> Option<Box<dyn Any + Send>> {
        self.gate.close();
        if poll_briefly(|| (self.gate.state().threads_inside() == 0).then_some(())).is_none() {
            let mut panic = self.lock_panic();
            self.caller_sleeps.store(true, Ordering::SeqCst);
            while self.gate.state().threads_inside() > 0 {
                panic = self.left.wait(panic).unwrap_or_else(PoisonError::into_inner);
            }
            self.caller_sleeps.store(false, Ordering::SeqCst);
        }
        self.lock_panic().take()
    }

    /// What a thread of the pool does until the end: waits for work, takes part in it, and leaves.
    fn run_worker(&self, number: usize) {
        THREAD_NUMBER.set(number);
        let mut done = 0;
        loop {
            let seen = self.wait_for_work(done);
            if !self.gate.enter(seen) {
                continue;
            }
            done = seen.piece_number();
            // SAFETY: this thread is inside, so the caller neither changes the work nor goes away.
            let work = unsafe { (*self.work.get()).map(|work| &*work) };
            let end = work.is_none();
            if let Some(work) = work {
                self.compute_chunks(work, number);
            }
            // From here on the work may be gone.
            let left = self.gate.leave();
            if left.threads_inside() == 0 && self.caller_sleeps.load(Ordering::SeqCst) {
                drop(self.lock_panic());
                self.left.notify_one();
            }
            if end {
                return;
            }
        }
    }

    /// Waits until the gate is open to a piece of work other than the one that is `done`, asleep if it takes long.
    fn wait_for_work(&self, done: u64) -> GateState {
        let new_work = || {
            let state = self.gate.state();
            (state.is_open() && state.piece_number() != done).then_some(state)
        };
        if let Some(state) = poll_briefly(new_work) {
            return state;
        }
        let mut panic = self.lock_panic();
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let state = loop {
            if let Some(state) = new_work() {
                break state;
            }
            panic = self.wake.wait(panic).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        state
    }
}

/// Waits for what `check` finds without sleeping, but not longer than [`MAX_POLL_TIME`].
///
/// After a moment it yields the processor each time: the thread that is waited for may have been put on this very one,
/// and would not run before the wait is over. In the model nothing takes time, so it checks once.
fn poll_briefly<R>(check: impl Fn() -> Option<R>) -> Option<R> {
    let mut start = None;
    loop {
        if let Some(found) = check() {
            return Some(found);
        }
        let waited = start.get_or_insert_with(Instant::now).elapsed();
        if waited > MAX_POLL_TIME || cfg!(all(test, feature = "pool-model")) {
            return None;
        }
        if waited > MAX_SPIN_TIME {
            thread::yield_now();
        } else {
            (0..4).for_each(|_| std::hint::spin_loop());
        }
    }
}

#[cfg(not(feature = "pool-model"))]
#[cfg(test)]
mod tests;
