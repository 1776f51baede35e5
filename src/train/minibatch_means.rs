//! Training figures as people read them: means over the newest minibatches and over the epoch.
//!
//! Every sample counts the same, so a last minibatch of an epoch that is smaller than the others weighs less.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::protocol::{MetricValue, MetricValues, RECENT_MINIBATCHES, TrainingMeans};

/// Sums of what some minibatches measured, each value times the samples of its minibatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SampleSums {
    samples: u64,
    sums: MetricValues,
}

impl SampleSums {
    /// The sums of one minibatch.
    fn of_minibatch(samples: usize, values: impl Iterator<Item = MetricValue>) -> Self {
        let sums = values.map(|MetricValue(id, value)| MetricValue(id, value * samples as f64)).collect();
        Self { samples: samples as u64, sums }
    }

    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        for &MetricValue(id, sum) in &other.sums {
            match self.sums.iter_mut().find(|value| value.0 == id) {
                Some(value) => value.1 += sum,
                None => self.sums.push(MetricValue(id, sum)),
            }
        }
    }

    fn means(&self) -> MetricValues {
        self.sums.iter().map(|MetricValue(id, sum)| MetricValue(*id, sum / self.samples as f64)).collect()
    }
}

/// What the minibatches of a run measured, as far as its means need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MinibatchMeans {
    /// The newest minibatches, at most [`RECENT_MINIBATCHES`], oldest first.
    recent: VecDeque<SampleSums>,
    /// All minibatches of the current epoch.
    epoch: SampleSums,
    /// Epochs completed before it.
    epochs_before: u64,
}

impl MinibatchMeans {
    /// Takes in what a minibatch measured that belongs to the epoch after `epochs_before` others. All minibatches measure
    /// the same metrics.
    pub fn record(&mut self, epochs_before: u64, samples: usize, values: impl Iterator<Item = MetricValue>) {
        let minibatch = SampleSums::of_minibatch(samples, values);
        if self.epochs_before != epochs_before {
            (self.epoch, self.epochs_before) = (SampleSums::default(), epochs_before);
        }
        self.epoch.add(&minibatch);
        if self.recent.len() == RECENT_MINIBATCHES {
            self.recent.pop_front();
        }
        self.recent.push_back(minibatch);
    }

    /// The means as they stand; `None` before the first minibatch.
    pub fn report(&self) -> Option<Box<TrainingMeans>> {
        // Added up anew, so that no rounding error grows with the run.
        let mut recent = SampleSums::default();
        self.recent.iter().for_each(|minibatch| recent.add(minibatch));
        let (recent, count) = ((recent.samples > 0).then(|| recent.means())?, self.recent.len() as u64);
        Some(Box::new(TrainingMeans { recent, minibatches: count, epoch: self.epoch.means() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::MetricId;

    fn recorded(minibatches: &[(u64, usize, f64)]) -> TrainingMeans {
        let mut means = MinibatchMeans::default();
        for &(epoch, samples, value) in minibatches {
            means.record(epoch, samples, std::iter::once(MetricValue(MetricId(0), value)));
        }
        *means.report().unwrap()
    }

    fn values(means: &TrainingMeans) -> (f64, f64) {
        (means.recent[0].1, means.epoch[0].1)
    }

    #[test]
    fn every_sample_counts_the_same() {
        // 65 samples in minibatches of 64: 32 right, then 1.
        let means = recorded(&[(0, 64, 0.5), (0, 1, 1.0)]);
        assert_eq!((values(&means), means.minibatches), ((33.0 / 65.0, 33.0 / 65.0), 2));
    }

    #[test]
    fn an_epoch_begins_anew_and_the_newest_minibatches_do_not() {
        let means = recorded(&[(0, 2, 4.0), (0, 1, 1.0), (1, 2, 0.5)]);
        assert_eq!(values(&means), (2.0, 0.5));
        let many: Vec<(u64, usize, f64)> = (0..200).map(|step| (step / 100, 3, step as f64)).collect();
        let means = recorded(&many);
        // Steps 150 to 199, and 100 to 199.
        assert_eq!((values(&means), means.minibatches), ((174.5, 149.5), 50));
    }

    #[test]
    fn nothing_is_known_before_the_first_minibatch() {
        assert_eq!(MinibatchMeans::default().report(), None);
    }
}
