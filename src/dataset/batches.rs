//! Seeded minibatches that can be resumed at any position.

use thiserror::Error;

use crate::random::{Purpose, stream};
use crate::text::thousands;

/// The minibatches of a run: which samples each step sees, as a function of the seed and the step alone.
///
/// Every epoch is a new random order of all samples, cut into batches; the last one of an epoch may be smaller.
#[derive(Debug)]
pub struct Batches {
    seed: u64,
    batch_size: usize,
    /// The order of the current epoch.
    order: Vec<u32>,
    /// The epoch that `order` belongs to.
    epoch: Option<u64>,
}

/// A batch size that does not fit the data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("batches of {} do not fit {} training samples; valid: 1 to {}", thousands(*.batch_size as u64), thousands(*.samples as u64), .samples)]
pub struct BatchSizeError {
    /// Samples in a batch, as asked.
    pub batch_size: usize,
    /// Samples there are.
    pub samples: usize,
}

impl Batches {
    /// Batches of `batch_size` out of `samples` samples. The only allocation is made here.
    ///
    /// # Errors
    /// When `batch_size` is 0 or above `samples`, or there are more samples than a `u32` counts.
    pub fn new(samples: usize, batch_size: usize, seed: u64) -> Result<Self, BatchSizeError> {
        if batch_size == 0 || batch_size > samples || u32::try_from(samples).is_err() {
            return Err(BatchSizeError { batch_size, samples });
        }
        Ok(Self { seed, batch_size, order: (0..samples as u32).collect(), epoch: None })
    }

    /// Samples in a full minibatch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Minibatches in an epoch, the smaller last one included.
    pub fn steps_per_epoch(&self) -> u64 {
        self.order.len().div_ceil(self.batch_size) as u64
    }

    /// The samples of the minibatch that follows `step` completed ones; the first minibatch of a run has `step` 0.
    pub fn indices(&mut self, step: u64) -> &[u32] {
        let steps_per_epoch = self.steps_per_epoch();
        self.shuffle_for_epoch(step / steps_per_epoch);
        let start = (step % steps_per_epoch) as usize * self.batch_size;
        &self.order[start..self.order.len().min(start + self.batch_size)]
    }

    /// Puts the samples into the order of `epoch`.
    fn shuffle_for_epoch(&mut self, epoch: u64) {
        if self.epoch != Some(epoch) {
            // From the same start every time, so that the order does not depend on the epochs seen before.
            (0..).zip(&mut self.order).for_each(|(index, place)| *place = index);
            stream(self.seed, Purpose::Shuffle, epoch).shuffle(&mut self.order);
            self.epoch = Some(epoch);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_epoch_sees_every_sample_once(
            samples in 1_usize..300, share in 0.0..1.0_f64, seed: u64, epoch in 0_u64..1 << 40,
        ) {
            let batch_size = 1 + (share * (samples - 1) as f64) as usize;
            let mut batches = Batches::new(samples, batch_size, seed).unwrap();
            let steps = batches.steps_per_epoch();
            let mut seen = Vec::new();
            for step in epoch * steps..(epoch + 1) * steps {
                let batch = batches.indices(step);
                let last = step + 1 == (epoch + 1) * steps;
                prop_assert!(batch.len() == batch_size || (last && (1..batch_size).contains(&batch.len())));
                seen.extend_from_slice(batch);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..samples as u32).collect::<Vec<_>>());
        }

        #[test]
        fn jumping_anywhere_equals_going_there(
            samples in 1_usize..60, share in 0.0..1.0_f64, seed: u64, steps in prop::collection::vec(0_u64..200, 1..20),
        ) {
            let batch_size = 1 + (share * (samples - 1) as f64) as usize;
            let mut walking = Batches::new(samples, batch_size, seed).unwrap();
            let walked: Vec<Vec<u32>> = (0..200).map(|step| walking.indices(step).to_vec()).collect();
            let mut jumping = Batches::new(samples, batch_size, seed).unwrap();
            for step in steps {
                prop_assert_eq!(jumping.indices(step), &walked[step as usize][..]);
            }
        }
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let order = |seed, step| Batches::new(100, 100, seed).unwrap().indices(step).to_vec();
        assert_ne!(order(0, 0), order(0, 1));
        assert_ne!(order(0, 0), order(1, 0));
    }

    #[test]
    fn golden_order_never_changes() {
        let mut batches = Batches::new(10, 4, 0).unwrap();
        let batches: Vec<Vec<u32>> = (0..4).map(|step| batches.indices(step).to_vec()).collect();
        assert_eq!(format!("{batches:?}"), "[[0, 3, 1, 4], [8, 5, 7, 9], [6, 2], [8, 6, 0, 2]]");
    }

    #[test]
    fn impossible_batch_sizes_are_refused() {
        for (samples, batch_size) in [(10, 0), (10, 11), (0, 1), (0, 0)] {
            assert_eq!(Batches::new(samples, batch_size, 0).err(), Some(BatchSizeError { batch_size, samples }));
        }
        assert_eq!(
            Batches::new(10_000, 20_000, 0).unwrap_err().to_string(),
            "batches of 20,000 do not fit 10,000 training samples; valid: 1 to 10000"
        );
    }

    #[test]
    fn the_last_possible_step_does_not_overflow() {
        assert_eq!(Batches::new(3, 2, 0).unwrap().indices(u64::MAX).len(), 1 + usize::from(u64::MAX % 2 == 0));
    }
}
