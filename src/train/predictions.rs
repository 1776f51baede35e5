//! What the network predicted for every sample when a part of the data was last evaluated.

use crate::nn::{Network, cross_entropy_of_sample};

/// One entry for each sample, in the order of the data.
#[derive(Clone, Debug, Default)]
pub(super) struct Predictions {
    /// Minibatches completed when they were made; `None` before that.
    pub step: Option<u64>,
    /// Time that the evaluation took.
    pub seconds: f64,
    /// The class with the largest probability.
    pub predicted: Vec<u8>,
    /// That probability.
    pub confidence: Vec<f32>,
    /// Loss in nats.
    pub loss: Vec<f32>,
}

impl Predictions {
    /// Memory for the predictions of `samples` samples.
    pub fn with_samples(samples: usize) -> Self {
        let mut predictions = Self::default();
        predictions.resize(samples);
        predictions
    }

    /// Whether a sample of this class was classified correctly; one whose logits are not numbers was not.
    pub fn is_correct(&self, sample: usize, class: u8) -> bool {
        self.predicted[sample] == class && !self.loss[sample].is_nan()
    }

    pub fn resize(&mut self, samples: usize) {
        self.predicted.resize(samples, 0);
        self.confidence.resize(samples, 0.0);
        self.loss.resize(samples, 0.0);
    }

    /// Records what the network predicted for a batch that begins with sample `from`.
    pub fn record(&mut self, from: usize, network: &Network<f32>, labels: &[u8]) {
        let (logits, probabilities) = (network.logits(), network.probabilities());
        let rows = logits.rows().into_iter().zip(probabilities.rows()).zip(labels);
        for (sample, ((z, p), &label)) in (from..).zip(rows) {
            let best = argmax(z.iter().copied());
            self.predicted[sample] = best as u8;
            self.confidence[sample] = p[best];
            self.loss[sample] = cross_entropy_of_sample(z.iter().copied(), label.into(), 0.0) as f32;
        }
    }
}

/// Place of the largest value; the first of equal ones, and 0 where there is none.
pub(super) fn argmax(values: impl Iterator<Item = f32>) -> usize {
    let places = values.enumerate();
    places.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(place, _)| place)
}
