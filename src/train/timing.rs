//! How fast the worker may train, how fast it trains, and how long it has trained.

use std::time::{Duration, Instant};

/// Time over which the sample rate is averaged.
const SAMPLE_RATE_WINDOW: Duration = Duration::from_millis(500);

/// A limit in minibatches a second.
#[derive(Clone, Copy, Debug)]
pub struct StepThrottle {
    /// The limit; `None` trains as fast as it goes.
    steps_per_second: Option<f64>,
    /// When the next minibatch may start. Empty without a limit, and before the first minibatch after an interruption.
    due: Option<Instant>,
}

impl StepThrottle {
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
    pub fn next_start(&self, now: Instant) -> Option<Instant> {
        self.due.filter(|due| *due > now)
    }

    /// Notes that a minibatch starts. What a slow one lost is caught up by at most one interval.
    pub fn record_start(&mut self, now: Instant) {
        self.due = self.steps_per_second.map(|steps_per_second| {
            let interval = Duration::from_secs_f64(1.0 / steps_per_second);
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
pub struct SampleRate {
    /// Start of the window and the samples in it. Empty after an interruption.
    window: Option<(Instant, usize)>,
    /// The rate in the last whole window. Empty until there is one.
    samples_per_second: Option<f64>,
}

impl SampleRate {
    /// Counts samples that are done `now`.
    pub fn add(&mut self, samples: usize, now: Instant) {
        let Some((start, counted)) = &mut self.window else {
            self.window = Some((now, 0));
            return;
        };
        *counted += samples;
        let elapsed = now.duration_since(*start);
        if elapsed >= SAMPLE_RATE_WINDOW {
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
pub struct TrainingTime {
    /// Time up to when it was last stopped.
    done: Duration,
    /// Since when it runs. Empty while it stands.
    since: Option<Instant>,
}

impl TrainingTime {
    /// Runs from now on, or stands.
    pub fn set_running(&mut self, running: bool, now: Instant) {
        if let Some(since) = self.since.take() {
            self.done += now.duration_since(since);
        }
        self.since = running.then_some(now);
    }

    /// Begins with so many seconds.
    pub fn set_seconds(&mut self, seconds: f64) {
        self.done = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    }

    /// Adds time that was spent while it stood.
    pub fn add_time(&mut self, time: Duration) {
        self.done += time;
    }

    /// Time up to now.
    pub fn seconds_until(&self, now: Instant) -> f64 {
        (self.done + self.since.map_or(Duration::ZERO, |since| now.duration_since(since))).as_secs_f64()
    }

    /// Time up to when it was last stopped.
    pub fn training_seconds(&self) -> f64 {
        self.done.as_secs_f64()
    }
}

/// The clocks of a run.
#[derive(Clone, Copy, Debug)]
pub struct RunTiming {
    /// How fast the run may go.
    pub throttle: StepThrottle,
    /// How fast it goes.
    pub sample_rate: SampleRate,
    /// How long it has trained.
    pub training_time: TrainingTime,
}

impl RunTiming {
    /// The clocks before a run with that limit in minibatches a second.
    pub fn new(steps_per_second: Option<f64>) -> Self {
        Self {
            throttle: StepThrottle::new(steps_per_second),
            sample_rate: SampleRate::default(),
            training_time: TrainingTime::default(),
        }
    }

    /// Sets the limit in minibatches a second. The rate under the old one says nothing of the new one.
    pub fn set_limit(&mut self, steps_per_second: Option<f64>) {
        self.throttle = StepThrottle::new(steps_per_second);
        self.sample_rate = SampleRate::default();
    }

    /// Lets throttle and sample rate begin anew after an interruption.
    pub fn restart(&mut self) {
        self.throttle.restart();
        self.sample_rate.restart();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_keeps_its_interval_and_does_not_race_after_a_stall() {
        let start = Instant::now();
        let mut throttle = StepThrottle::new(Some(10.0));
        assert_eq!(throttle.next_start(start), None);
        throttle.record_start(start);
        let interval = Duration::from_millis(100);
        assert_eq!(throttle.next_start(start), Some(start + interval));
        let late = start + 50 * interval;
        assert_eq!(throttle.next_start(late), None);
        throttle.record_start(late);
        assert_eq!(throttle.next_start(late), None, "one interval is caught up");
        throttle.record_start(late);
        assert_eq!(throttle.next_start(late), Some(late + interval));
    }

    #[test]
    fn the_rate_counts_only_uninterrupted_time() {
        let start = Instant::now();
        let mut rate = SampleRate::default();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        (0..=10).for_each(|i| rate.add(64, at(100 * i)));
        assert!((rate.samples_per_second().unwrap() - 640.0).abs() < 1e-9);
        rate.restart();
        (0..=5).for_each(|i| rate.add(64, at(100_000 + 100 * i)));
        assert!((rate.samples_per_second().unwrap() - 640.0).abs() < 1e-9);
    }

    #[test]
    fn a_new_limit_forgets_the_rate_under_the_old_one() {
        let start = Instant::now();
        let mut timing = RunTiming::new(Some(1.0));
        (0..=2).for_each(|i| timing.sample_rate.add(64, start + Duration::from_secs(i)));
        timing.throttle.record_start(start);
        assert!(timing.sample_rate.samples_per_second().is_some() && timing.throttle.next_start(start).is_some());
        timing.set_limit(Some(2.0));
        assert_eq!((timing.sample_rate.samples_per_second(), timing.throttle.next_start(start)), (None, None));
        assert_eq!(timing.throttle.steps_per_second(), Some(2.0));
    }

    #[test]
    fn the_time_leaves_pauses_out() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut time = TrainingTime::default();
        time.set_running(true, at(0));
        time.set_running(true, at(2));
        time.set_running(false, at(3));
        time.add_time(Duration::from_secs(1));
        time.set_running(true, at(10));
        time.set_running(false, at(11));
        assert!((time.training_seconds() - 5.0).abs() < 1e-9);
    }
}
