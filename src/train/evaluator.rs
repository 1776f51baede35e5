//! Loss and accuracy on a part of the data, with the averaged weights if there are any.

use std::{ops::ControlFlow, time::Instant};

use crate::{
    dataset::{self, Dataset},
    nn::{LossReport, Mode, Network},
    protocol::{Evaluation, inspection::SplitName},
    train::{TestResult, averaging::WeightAverage, metrics, predictions::Predictions},
};

/// Samples of a batch in an evaluation, at most.
const MAX_BATCH_SAMPLES: usize = 256;

/// An evaluation as it is reported.
pub(super) fn evaluation_report(test: &TestResult) -> Evaluation {
    Evaluation {
        step: test.step,
        epoch: Some(test.epoch),
        values: metrics::evaluation_values(test),
        samples: Some(test.samples as u64),
        seconds: Some(test.seconds),
    }
}

/// A part of the data, by its name in the protocol.
pub(super) fn part_of(data: &Dataset, split: SplitName) -> &dataset::DataSplit {
    match split {
        SplitName::Train => &data.train,
        SplitName::Test | SplitName::Unknown => &data.test,
    }
}

/// What evaluations need besides the network, and what they found.
#[derive(Debug)]
pub(super) struct Evaluator {
    /// The average that takes the place of the weights during an evaluation.
    average: Option<WeightAverage>,
    /// Samples that fit into the network's buffers.
    max_batch: usize,
    /// What the last evaluation predicted for each sample of the training part. Empty until a user asks.
    train: Predictions,
    /// The same for the test part.
    test: Predictions,
    /// Memory for the next predictions.
    spare: Predictions,
}

impl Evaluator {
    /// Evaluates a network with buffers for `max_batch` samples on data with `test_samples` test samples.
    pub fn new(average: Option<WeightAverage>, max_batch: usize, test_samples: usize) -> Self {
        Self {
            average,
            max_batch,
            train: Predictions::default(),
            test: Predictions::with_samples(test_samples),
            spare: Predictions::with_samples(test_samples),
        }
    }

    /// Takes the weights after an update into their average.
    pub fn average_weights(&mut self, network: &Network<f32>) {
        if let Some(average) = &mut self.average {
            average.update(network);
        }
    }

    /// The average of the weights, if there is one.
    pub fn average(&self) -> Option<&WeightAverage> {
        self.average.as_ref()
    }

    /// The average of the weights, to be restored.
    pub fn average_mut(&mut self) -> Option<&mut WeightAverage> {
        self.average.as_mut()
    }

    /// Puts another average, or none, in the place of this one, and gives this one.
    pub fn replace_average(&mut self, average: Option<WeightAverage>) -> Option<WeightAverage> {
        std::mem::replace(&mut self.average, average)
    }

    /// What the last evaluation predicted for a part of the data.
    pub fn predictions(&self, split: SplitName) -> &Predictions {
        match split {
            SplitName::Train => &self.train,
            SplitName::Test | SplitName::Unknown => &self.test,
        }
    }

    /// Forgets what was predicted, since the weights are those of another step.
    pub fn forget_predictions(&mut self) {
        (self.train.step, self.test.step) = (None, None);
    }

    /// Samples that fit into the network's buffers.
    pub fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// Does something with the network while it has the averaged weights, if there are any. The passes of the minibatch
    /// must have been discarded, since other weights computed them.
    pub fn with_average<R>(&mut self, network: &mut Network<f32>, work: impl FnOnce(&mut Network<f32>) -> R) -> R {
        self.exchange_average(network);
        let result = work(network);
        self.exchange_average(network);
        result
    }

    fn exchange_average(&mut self, network: &mut Network<f32>) {
        // Before the first step the average holds the initial weights too.
        if let Some(average) = &mut self.average {
            average.swap_weights(network);
        }
    }

    /// Evaluates a part of the data after `step` minibatches, in the order of the file, and keeps the predictions.
    /// Gives the mean loss and the number of correct ones; `None` if `keep_going` ended it between two batches. Weights
    /// and the course of the training are untouched, and nothing is allocated as long as the part is the same.
    ///
    /// The passes of the minibatch must have been discarded.
    pub fn evaluate(
        &mut self,
        network: &mut Network<f32>,
        data: &Dataset,
        (split, step): (SplitName, u64),
        keep_going: impl FnMut() -> ControlFlow<()>,
    ) -> Option<LossReport> {
        let start = Instant::now();
        let part = part_of(data, split);
        // The last predictions stay until all of the new ones are made.
        let mut predictions = std::mem::take(&mut self.spare);
        predictions.resize(part.len());
        let max_batch = self.max_batch;
        let report =
            self.with_average(network, |network| predict(network, part, max_batch, &mut predictions, keep_going));
        if report.is_some() {
            (predictions.step, predictions.seconds) = (Some(step), start.elapsed().as_secs_f64());
            let last = if split == SplitName::Train { &mut self.train } else { &mut self.test };
            std::mem::swap(last, &mut predictions);
        }
        self.spare = predictions;
        report
    }
}

/// Predicts the class of every sample of a part with the weights as they are.
fn predict(
    network: &mut Network<f32>,
    part: &dataset::DataSplit,
    max_batch: usize,
    predictions: &mut Predictions,
    mut keep_going: impl FnMut() -> ControlFlow<()>,
) -> Option<LossReport> {
    let (mut loss, mut correct) = (0.0, 0);
    let (mut indices, mut labels) = ([0_u32; MAX_BATCH_SAMPLES], [0_u8; MAX_BATCH_SAMPLES]);
    let samples = part.len();
    for from in (0..samples).step_by(max_batch.min(MAX_BATCH_SAMPLES)) {
        let batch = max_batch.min(MAX_BATCH_SAMPLES).min(samples - from);
        let (indices, labels) = (&mut indices[..batch], &mut labels[..batch]);
        (from as u32..).zip(indices.iter_mut()).for_each(|(sample, index)| *index = sample);
        part.gather_labels(indices, labels);
        network.fill_input(batch, |rows, values| part.gather(&indices[rows], values));
        network.forward(Mode::Evaluate);
        let report = network.loss(labels);
        predictions.record(from, network, labels);
        loss += report.loss * batch as f64;
        correct += report.correct;
        if keep_going().is_break() {
            return None;
        }
    }
    Some(LossReport { loss: loss / samples as f64, correct })
}
