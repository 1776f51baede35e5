//! How fast the worker may go, and how fast it goes.

use std::time::{Duration, Instant};

/// Time over which the rate of samples is averaged.
const RATE_WINDOW: Duration = Duration::from_millis(500);

/// A limit in minibatches a second.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    steps_per_second: Option<f64>,
    due: Option<Instant>,
}

impl Pace {
    /// A limit, or none.
    pub fn new(steps_per_second: Option<f64>) -> Self {
        Self { steps_per_second, due: None }
    }

    /// The limit in minibatches a second.
    pub fn steps_per_second(&self) -> Option<f64> {
        self.steps_per_second
    }

    /// Whether there is a limit.
    pub fn is_limited(&self) -> bool {
        self.steps_per_second.is_some()
    }

    /// When the next minibatch may start; `None` is at once.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.due.filter(|due| *due > now)
    }

    /// Notes that a minibatch starts. What a slow one lost is caught up by at most one interval.
    pub fn started(&mut self, now: Instant) {
        self.due = self.steps_per_second.map(|rate| {
            let interval = Duration::from_secs_f64(1.0 / rate);
            self.due.map_or(now, |due| due.max(now.checked_sub(interval).unwrap_or(now))) + interval
        });
    }

    /// Forgets when the last minibatch started.
    pub fn restart(&mut self) {
        self.due = None;
    }
}

/// Samples a second over the last half second or more of uninterrupted training.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateMeter {
    window: Option<(Instant, usize)>,
    samples_per_second: Option<f64>,
}

impl RateMeter {
    /// Counts samples that are done `now`.
    pub fn add(&mut self, samples: usize, now: Instant) {
        let Some((start, counted)) = &mut self.window else {
            self.window = Some((now, 0));
            return;
        };
        *counted += samples;
        let elapsed = now.duration_since(*start);
        if elapsed >= RATE_WINDOW {
            self.samples_per_second = Some(*counted as f64 / elapsed.as_secs_f64());
            self.window = Some((now, 0));
        }
    }

    /// The rate; `None` while unknown.
    pub fn samples_per_second(&self) -> Option<f64> {
        self.samples_per_second
    }

    /// Begins a new window after an interruption, keeping the last rate.
    pub fn restart(&mut self) {
        self.window = None;
    }
}

/// Time spent training, pauses left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    done: Duration,
    since: Option<Instant>,
}

impl Stopwatch {
    /// Runs from now on, or stands.
    pub fn run(&mut self, running: bool, now: Instant) {
        if let Some(since) = self.since.take() {
            self.done += now.duration_since(since);
        }
        self.since = running.then_some(now);
    }

    /// Adds time that was spent while it stood.
    pub fn add(&mut self, time: Duration) {
        self.done += time;
    }

    /// Time up to when it was last stopped.
    pub fn seconds(&self) -> f64 {
        self.done.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_keeps_its_interval_and_does_not_race_after_a_stall() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(10.0));
        assert_eq!(pace.due(start), None);
        pace.started(start);
        let interval = Duration::from_millis(100);
        assert_eq!(pace.due(start), Some(start + interval));
        let late = start + 50 * interval;
        assert_eq!(pace.due(late), None);
        pace.started(late);
        assert_eq!(pace.due(late), None, "one interval is caught up");
        pace.started(late);
        assert_eq!(pace.due(late), Some(late + interval));
    }

    #[test]
    fn the_rate_counts_only_uninterrupted_time() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        (0..=10).for_each(|i| meter.add(64, at(100 * i)));
        assert!((meter.samples_per_second().unwrap() - 640.0).abs() < 1e-9);
        meter.restart();
        (0..=5).for_each(|i| meter.add(64, at(100_000 + 100 * i)));
        assert!((meter.samples_per_second().unwrap() - 640.0).abs() < 1e-9);
    }

    #[test]
    fn the_stopwatch_leaves_pauses_out() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut stopwatch = Stopwatch::default();
        stopwatch.run(true, at(0));
        stopwatch.run(true, at(2));
        stopwatch.run(false, at(3));
        stopwatch.add(Duration::from_secs(1));
        stopwatch.run(true, at(10));
        stopwatch.run(false, at(11));
        assert!((stopwatch.seconds() - 5.0).abs() < 1e-9);
    }
}
