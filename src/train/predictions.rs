//! What the network made of every sample when a part of the data was last evaluated.

use std::{ops::ControlFlow, time::Instant};

use crate::{
    nn::{Mode, Network},
    protocol::inspection::Split,
    train::{Trainer, inspect::argmax},
};

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

    fn resize(&mut self, samples: usize) {
        self.predicted.resize(samples, 0);
        self.confidence.resize(samples, 0.0);
        self.loss.resize(samples, 0.0);
    }

    /// Takes in what the network made of a batch that begins with sample `from`.
    fn take(&mut self, from: usize, network: &Network<f32>, labels: &[u8]) {
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

impl Trainer {
    /// The predictions for a part of the data.
    pub(super) fn predictions(&self, split: Split) -> &Predictions {
        &self.predictions[place(split)]
    }

    /// Evaluates a part of the data in the order of the file with the weights as they are, and keeps what comes out for
    /// each sample. Gives the mean loss and the number of right ones; nothing if `keep_going` ended it between two
    /// batches. The minibatch in hand must have been set aside. Allocates nothing as long as the part is the same.
    pub(super) fn predict(
        &mut self,
        split: Split,
        mut keep_going: impl FnMut() -> ControlFlow<()>,
    ) -> Option<(f64, usize)> {
        let start = Instant::now();
        let (step, data) = (self.completed(), &self.data);
        let part = if split == Split::Train { &data.train } else { &data.test };
        let samples = part.len();
        // What was known stays until all of the new is there.
        let mut predictions = std::mem::take(&mut self.spare);
        predictions.resize(part.len());
        let (mut loss, mut correct) = (0.0, 0);
        let mut indices = [0_u32; 256];
        let rows = self.rows.min(indices.len());
        for from in (0..part.len()).step_by(rows) {
            let indices = &mut indices[..rows.min(part.len() - from)];
            (from as u32..).zip(indices.iter_mut()).for_each(|(sample, index)| *index = sample);
            let labels = &mut self.labels[..indices.len()];
            part.labels(indices, labels);
            self.network.fill_input(indices.len(), |rows, values| part.gather(&indices[rows], values));
            self.network.forward(Mode::Evaluate);
            let report = self.network.loss(labels);
            predictions.take(from, &self.network, labels);
            loss += report.loss * indices.len() as f64;
            correct += report.correct;
            if keep_going().is_break() {
                self.spare = predictions;
                return None;
            }
        }
        predictions.step = Some(step);
        predictions.seconds = start.elapsed().as_secs_f64();
        self.spare = std::mem::replace(&mut self.predictions[place(split)], predictions);
        Some((loss / samples as f64, correct))
    }
}

fn place(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Test | Split::Unknown => 1,
    }
}
