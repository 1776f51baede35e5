//! The pool itself under a scheduler that decides at random, or one after the other in all ways that there are, which
//! thread goes on at each use of an atomic number, a lock or a condition.
//!
//! ```text
//! cargo test --lib --features pool-model pool::model
//! ```
//!
//! A wake-up that is lost shows as a deadlock, a chunk that runs twice or not at all by its count, and a thread that is
//! still inside after [`Pool::run`] has returned by a flag. All atomic operations are sequentially consistent in this
//! model, as they are in the gate; the weaker orderings of the shares, panics in chunks and several callers are not
//! modelled.

use std::{num::NonZeroUsize, sync::Arc};

use super::{
    Pool,
    share::Share,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        thread,
    },
};

/// Schedules that are tried of each model.
const MAX_SCHEDULES: usize = 20_000;

/// Pieces of work one after the other on `threads` threads, each chunk of which must run once and within its piece.
fn run_pieces(threads: usize, pieces: &[usize]) {
    let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
    // They outlive the pool's threads, so that one that is late finds them.
    let counts = |chunks: &usize| (0..*chunks).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
    let watched: Vec<_> = pieces.iter().map(|chunks| (counts(chunks), AtomicBool::new(false))).collect();
    for (counts, is_over) in &watched {
        pool.run(counts.len(), &|chunk| {
            assert!(!is_over.load(Ordering::SeqCst), "a thread is inside after the end");
            counts[chunk].fetch_add(1, Ordering::SeqCst);
        });
        is_over.store(true, Ordering::SeqCst);
        assert!(counts.iter().all(|count| count.load(Ordering::SeqCst) == 1), "each chunk runs once");
    }
}

#[test]
fn every_chunk_runs_once_and_no_thread_is_left_asleep_under_random_schedules() {
    shuttle::check_random(|| run_pieces(2, &[2, 3]), MAX_SCHEDULES);
    shuttle::check_random(|| run_pieces(3, &[4, 1, 2]), MAX_SCHEDULES);
}

#[test]
fn every_chunk_runs_once_under_schedules_with_few_preemptions() {
    shuttle::check_pct(|| run_pieces(2, &[2, 2]), MAX_SCHEDULES, 3);
}

#[test]
fn a_share_is_handed_out_once_under_all_schedules() {
    let takes = || {
        let share = Arc::new(Share::default());
        share.set(0..3);
        let other = Arc::clone(&share);
        let last = thread::spawn(move || [other.take_last_chunk(), other.take_last_chunk()]);
        let first = [share.take_first_chunk(), share.take_first_chunk()];
        let mut taken: Vec<usize> = first.into_iter().chain(last.join().unwrap()).flatten().collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2]);
    };
    shuttle::check_dfs(takes, None);
}
