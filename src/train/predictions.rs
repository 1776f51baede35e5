//! What the network made of every sample when a part of the data was last evaluated.

use crate::nn::Network;

/// Smallest probability whose logarithm in `f32` is good enough for a loss.
const SMALLEST: f32 = 1e-30;

/// One entry a sample, in the order of the data.
#[derive(Clone, Debug, Default)]
pub(super) struct Predictions {
    /// Minibatches completed when they were made; `None` before that.
    pub step: Option<u64>,
    /// Time that it took.
    pub seconds: f64,
    /// The class with the largest probability.
    pub predicted: Vec<u8>,
    /// That probability.
    pub confidence: Vec<f32>,
    /// Loss in nats.
    pub loss: Vec<f32>,
}

impl Predictions {
    /// Room for so many samples.
    pub(super) fn of(samples: usize) -> Self {
        let mut predictions = Self::default();
        predictions.resize(samples);
        predictions
    }

    /// Whether a sample of this class was classified correctly; one whose logits are not numbers was not.
    pub(super) fn is_right(&self, sample: usize, class: u8) -> bool {
        self.predicted[sample] == class && !self.loss[sample].is_nan()
    }

    pub(super) fn resize(&mut self, samples: usize) {
        self.predicted.resize(samples, 0);
        self.confidence.resize(samples, 0.0);
        self.loss.resize(samples, 0.0);
    }

    /// Takes in what the network made of a batch that begins with sample `from`.
    pub(super) fn take(&mut self, from: usize, network: &Network<f32>, labels: &[u8]) {
        let (logits, probabilities) = (network.logits(), network.probabilities());
        let rows = logits.rows().into_iter().zip(probabilities.rows()).zip(labels);
        for (row, ((z, p), &label)) in rows.enumerate() {
            let best = argmax(z.iter().copied());
            let right = p[usize::from(label)];
            self.predicted[from + row] = best as u8;
            self.confidence[from + row] = p[best];
            self.loss[from + row] =
                if right > SMALLEST { -right.ln() } else { z[best] - z[usize::from(label)] - p[best].ln() };
        }
    }
}

/// Place of the largest value; the first of equal ones, and 0 where there is none.
pub(super) fn argmax(values: impl Iterator<Item = f32>) -> usize {
    let places = values.enumerate();
    places.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(place, _)| place)
}
