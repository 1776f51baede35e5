use super::*;

fn pool(threads: usize) -> Pool {
    Pool::new(NonZeroUsize::new(threads).unwrap())
}

#[test]
fn every_chunk_runs_once() {
    for threads in [1, 2, 3, 7, 16] {
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
    for threads in [1, 3, 7, 16] {
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

#[test]
fn threads_that_fell_asleep_are_woken_for_work_and_for_the_end() {
    let long = 20 * MAX_POLL_TIME;
    let pool = pool(3);
    for _ in 0..20 {
        let done = AtomicUsize::new(0);
        thread::sleep(long);
        pool.run(9, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 9);
    }
    thread::sleep(long);
}

#[test]
fn a_caller_that_fell_asleep_is_woken_by_the_last_thread() {
    let pool = pool(2);
    let caller = thread::current().id();
    for _ in 0..20 {
        let (started, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        pool.run(2, &|_| {
            if thread::current().id() == caller {
                // The thread that comes second must find the other one's chunk taken.
                while !started.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
            } else {
                started.store(true, Ordering::SeqCst);
                thread::sleep(20 * MAX_POLL_TIME);
            }
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 2);
    }
}
