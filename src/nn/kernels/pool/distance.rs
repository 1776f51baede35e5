//! How far apart the threads are: whether what one has written reaches the other through a cache that both share.

use std::{
    hint,
    num::NonZeroU64,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::share::OwnLine;

/// Round trips that are timed together, and how often: the fastest few count, since one interruption would outweigh all.
const ROUNDS: u32 = 4;
const TIMES: u32 = 4;

/// A round trip that takes longer goes by way of the memory's controller. Through a shared cache it takes 50 to 100 ns,
/// without one 200 to 400 ns.
const FAR: Duration = Duration::from_nanos(160);

/// How long a measurement holds: where the threads run may change at any time, and a measurement takes a few
/// microseconds.
const HOLDS: Duration = Duration::from_millis(20);

/// How long the first thread waits for the other one to take part.
const PATIENCE: Duration = Duration::from_micros(20);

/// Looks at the line after which a waiting thread offers the processor to others: the other one may be meant to run there.
const LOOKS: u32 = 1 << 12;

/// What the line holds when the first thread has given up.
const OVER: u32 = u32::MAX;

/// The last measurement: whether the threads were far apart, and when it was tried.
#[derive(Debug, Default)]
pub(super) struct Distance(Mutex<(bool, Option<Instant>)>);

impl Distance {
    /// Whether the threads shared no cache when `measure`, which is asked again after a while, last gave a round trip.
    pub(super) fn is_far(&self, measure: impl FnOnce() -> Option<Duration>) -> bool {
        let (far, tried) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_none_or(|at| at.elapsed() > HOLDS) {
            if let Some(round_trip) = measure() {
                *far = round_trip > FAR;
            }
            *tried = Some(Instant::now());
        }
        *far
    }

    /// Holds the threads for far apart for a day.
    #[cfg(test)]
    pub(super) fn pretend_far(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (true, Some(Instant::now() + 4_000_000 * HOLDS));
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
        if !self.serve_one(0, || begin.elapsed() > PATIENCE && self.pass_on(1, OVER)) {
            return;
        }
        // Who has answered once answers again, so the clock need not be asked while waiting.
        let mut least = Duration::MAX;
        for time in 0..TIMES {
            let begin = Instant::now();
            for round in 0..ROUNDS {
                self.serve_one(1 + time * ROUNDS + round, || false);
            }
            least = least.min(begin.elapsed());
        }
        self.nanoseconds.store(least.as_nanos() as u64, Ordering::Release);
    }

    /// One round trip, unless `give_up` ends it.
    fn serve_one(&self, round: u32, give_up: impl Fn() -> bool) -> bool {
        self.turn.store(2 * round + 1, Ordering::Release);
        wait(|| match self.turn.load(Ordering::Acquire) {
            turn if turn == 2 * round + 2 => Some(true),
            _ => give_up().then_some(false),
        })
    }

    /// The other thread's part: gives the line back each time it gets it.
    pub(super) fn answer(&self) {
        for round in 0..=TIMES * ROUNDS {
            let is_over = wait(|| match self.turn.load(Ordering::Acquire) {
                OVER => Some(true),
                turn => (turn == 2 * round + 1).then_some(false),
            });
            if is_over || !self.pass_on(2 * round + 1, 2 * round + 2) {
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

/// Waits for what `look` finds.
fn wait<R>(look: impl Fn() -> Option<R>) -> R {
    loop {
        for _ in 0..LOOKS {
            if let Some(found) = look() {
                return found;
            }
            hint::spin_loop();
        }
        thread::yield_now();
    }
}
