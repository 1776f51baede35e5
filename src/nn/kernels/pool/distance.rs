//! How far apart the threads are: whether what one has written reaches the other through a cache that both share.

use std::{
    hint,
    num::NonZeroU64,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::share::OwnLine;

/// Round trips of a line that are timed.
const ROUNDS: u32 = 16;

/// A round trip that takes longer goes by way of the memory's controller. Through a shared cache it takes 50 to 100 ns,
/// without one 200 to 400 ns.
const FAR: Duration = Duration::from_nanos(160);

/// How long a measurement holds: where the threads run may change at any time, and a measurement takes a few
/// microseconds.
const HOLDS: Duration = Duration::from_millis(20);

/// How long the first thread waits for the other one to take part.
const PATIENCE: Duration = Duration::from_micros(20);

/// What the line holds when the first thread has given up.
const OVER: u32 = u32::MAX;

/// The last measurement.
#[derive(Debug, Default)]
pub(super) struct Distance {
    far: AtomicBool,
    measured: Mutex<Option<Instant>>,
}

impl Distance {
    /// Whether the threads shared no cache when `measure`, which is asked again after a while, gave a round trip.
    pub(super) fn is_far(&self, measure: impl FnOnce() -> Option<Duration>) -> bool {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.is_none_or(|at| at.elapsed() > HOLDS) {
            if let Some(round_trip) = measure() {
                self.far.store(round_trip > FAR, Ordering::Relaxed);
            }
            *measured = Some(Instant::now());
        }
        self.far.load(Ordering::Relaxed)
    }

    /// Holds the threads for far apart for a day.
    #[cfg(test)]
    pub(super) fn pretend_far(&self) {
        self.far.store(true, Ordering::Relaxed);
        *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + 4_000_000 * HOLDS);
    }
}

/// A line that two threads hand to each other.
#[derive(Debug, Default)]
pub(super) struct Line {
    turn: OwnLine<AtomicU32>,
    nanoseconds: OwnLine<AtomicU64>,
}

impl Line {
    /// The first thread's part: hands over the line and waits for it, again and again, timed from the first answer on.
    pub(super) fn serve(&self) {
        let begin = Instant::now();
        let mut first_answer = None;
        for round in 0..=ROUNDS {
            self.turn.store(2 * round + 1, Ordering::Release);
            while self.turn.load(Ordering::Acquire) != 2 * round + 2 {
                // Who has answered once answers again, so the clock need not be asked any more.
                if first_answer.is_none() && begin.elapsed() > PATIENCE && self.pass_on(1, OVER) {
                    return;
                }
                hint::spin_loop();
            }
            first_answer.get_or_insert_with(Instant::now);
        }
        let took = first_answer.map_or(Duration::ZERO, |first| first.elapsed());
        self.nanoseconds.store(took.as_nanos() as u64, Ordering::Release);
    }

    /// The other thread's part: gives the line back each time it gets it.
    pub(super) fn answer(&self) {
        for round in 0..=ROUNDS {
            loop {
                match self.turn.load(Ordering::Acquire) {
                    OVER => return,
                    turn if turn == 2 * round + 1 => break,
                    _ => hint::spin_loop(),
                }
            }
            if !self.pass_on(2 * round + 1, 2 * round + 2) {
                return;
            }
        }
    }

    /// Changes the turn, unless the other thread was faster.
    fn pass_on(&self, from: u32, to: u32) -> bool {
        self.turn.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// How long a round trip took, if there was one.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        let took = NonZeroU64::new(self.nanoseconds.load(Ordering::Acquire))?;
        Some(Duration::from_nanos(took.get() / u64::from(ROUNDS)))
    }
}
