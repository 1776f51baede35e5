//! Which values of a long run stay: all at first, then of each bucket of steps the least, the largest and the last.

/// Bytes of an event log up to which every value is written.
pub const FULL_BYTES: u64 = 20_000_000;

/// Bytes after which buckets are twice as long as before. With twenty doublings, the billion minibatches that a day of a
/// small network can have, a log stays under 100 MB.
pub const BYTES_FOR_DOUBLING: u64 = 3_500_000;

/// Steps of a bucket in a log of that many bytes, a power of two; 1 keeps everything.
pub fn bucket_steps(bytes: u64) -> u64 {
    match bytes.checked_sub(FULL_BYTES) {
        None => 1,
        Some(over) => 2 << (over / BYTES_FOR_DOUBLING).min(61),
    }
}

/// A value with its step and its time in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedValue {
    pub step: u64,
    pub wall_time: f64,
    pub value: f64,
}

/// The values of one tag in a bucket.
#[derive(Clone, Copy, Debug)]
pub struct ValueBucket {
    least: TimedValue,
    largest: TimedValue,
    last: TimedValue,
}

impl ValueBucket {
    /// A bucket with its first value.
    pub fn new(value: TimedValue) -> Self {
        Self { least: value, largest: value, last: value }
    }

    /// Adds the next value. One that is not a number counts as the largest, so that it is never lost.
    pub fn add(&mut self, value: TimedValue) {
        if value.value < self.least.value {
            self.least = value;
        }
        if value.value > self.largest.value || value.value.is_nan() && !self.largest.value.is_nan() {
            self.largest = value;
        }
        self.last = value;
    }

    /// What stays: at most three values, in the order of their steps.
    pub fn kept(&self) -> impl Iterator<Item = TimedValue> {
        let mut kept = [Some(self.least), Some(self.largest), Some(self.last)];
        kept.sort_by_key(|value| value.map(|value| value.step));
        for at in 1..3 {
            if kept[at].map(|value| value.step) == kept[at - 1].map(|value| value.step) {
                kept[at - 1] = None;
            }
        }
        kept.into_iter().flatten()
    }
}
