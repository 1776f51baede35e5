//! How fast a run trains: as measured under its present limit, and as it may be expected under a new one.

/// Share of the limit below which a measured speed is the machine's and not the limit's.
const UNLIMITED_SHARE: f64 = 0.9;

/// The speed of a run, with what is known of it where the limit has just changed and nothing is measured yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainingSpeed {
    /// Samples trained a second of late. Empty until a minibatch under the present limit reports it.
    measured: Option<f64>,
    /// The same when no limit held the training back last. Empty until then.
    unlimited: Option<f64>,
    /// Limit in minibatches a second.
    limit: Option<f64>,
    /// Whether a speed was ever measured; before that a limit says little.
    known: bool,
}

impl TrainingSpeed {
    /// Takes note of the samples a second that a report gives, of minibatches with so many samples.
    pub(super) fn measure(&mut self, samples_per_second: Option<f64>, batch: Option<usize>) {
        self.measured = samples_per_second.filter(|speed| speed.is_finite() && *speed > 0.0);
        self.known |= self.measured.is_some();
        let limit = self.limit.zip(batch).map(|(limit, batch)| limit * batch as f64);
        if self.limit.is_none() || self.measured.zip(limit).is_some_and(|(now, limit)| now < UNLIMITED_SHARE * limit) {
            self.unlimited = self.measured.or(self.unlimited);
        }
    }

    /// Takes note of the limit; what was measured under another one no longer holds.
    pub(super) fn set_limit(&mut self, steps_per_second: Option<f64>) {
        if self.limit != steps_per_second {
            (self.limit, self.measured) = (steps_per_second, None);
        }
    }

    /// Forgets what was measured.
    pub(super) fn forget_measured(&mut self) {
        self.measured = None;
    }

    /// Samples trained a second of late, as measured.
    pub fn samples_per_second(&self) -> Option<f64> {
        self.measured
    }

    /// Minibatches of so many samples that are trained a second: those measured, or else those to be expected.
    pub(super) fn steps_per_second(&self, batch: usize) -> Option<f64> {
        let speed = self.measured.or(self.unlimited).map(|samples| samples / batch.max(1) as f64);
        let speed = match (speed, self.limit) {
            (Some(speed), Some(limit)) => Some(speed.min(limit)),
            (speed, limit) => speed.or(limit.filter(|_| self.known)),
        };
        speed.filter(|speed| speed.is_finite() && *speed > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_limit_holds_before_anything_is_measured_under_it() {
        let mut speed = TrainingSpeed::default();
        speed.set_limit(Some(40.0));
        assert_eq!(speed.steps_per_second(64), None, "nothing was trained yet");
        speed.measure(Some(2560.0), Some(64));
        speed.set_limit(Some(5.0));
        assert_eq!((speed.samples_per_second(), speed.steps_per_second(64)), (None, Some(5.0)));
        speed.set_limit(None);
        assert_eq!(speed.steps_per_second(64), None, "how fast it is without a limit was never seen");
        speed.measure(Some(6400.0), Some(64));
        speed.set_limit(Some(320.0));
        assert_eq!(speed.steps_per_second(64), Some(100.0), "the machine does not reach the limit");
        speed.measure(Some(64.0), Some(64));
        speed.set_limit(Some(640.0));
        assert_eq!(speed.steps_per_second(64), Some(1.0), "it was below its limit, so that was all it could do");
    }
}
