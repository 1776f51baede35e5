//! Training figures as people read them: means over the newest minibatches and over the epoch.
//!
//! Every sample counts the same, so a last minibatch of an epoch that is smaller than the others weighs less.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    protocol::{RECENT_MINIBATCHES, TrainingMeans},
    train::metrics::{SAMPLE_METRIC_COUNT, mean_values},
};

/// Sums of what some minibatches measured, each value times the samples of its minibatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SampleSums {
    samples: f64,
    sums: [f64; SAMPLE_METRIC_COUNT],
}

impl SampleSums {
    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            *sum += other;
        }
    }

    fn means(&self) -> [f64; SAMPLE_METRIC_COUNT] {
        self.sums.map(|sum| sum / self.samples)
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
    /// Takes in what a minibatch measured, finite means over its samples, that belongs to the epoch after `epochs_before`
    /// others.
    pub fn record(&mut self, epochs_before: u64, samples: usize, values: [f64; SAMPLE_METRIC_COUNT]) {
        let samples = samples as f64;
        let minibatch = SampleSums { samples, sums: values.map(|value| value * samples) };
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
        let [recent, epoch] = [recent, self.epoch].map(|sums| mean_values(sums.means()));
        let minibatches = self.recent.len() as u64;
        (minibatches > 0).then(|| Box::new(TrainingMeans { recent, minibatches, epoch }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(minibatches: &[(u64, usize, f64)]) -> TrainingMeans {
        let mut means = MinibatchMeans::default();
        for &(epoch, samples, value) in minibatches {
            means.record(epoch, samples, [value, 0.0]);
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
