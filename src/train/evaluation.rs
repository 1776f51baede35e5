//! Loss and accuracy on the test split, and the fingerprint of the weights.

use std::{ops::ControlFlow, time::Instant};

use sha2::{Digest, Sha256};

use crate::{
    nn::Mode,
    protocol::{Evaluation, inspection::Split},
    train::{TestResult, Trainer, metrics, predictions::Predictions},
};

/// An evaluation as it is reported.
pub(super) fn report(test: &TestResult) -> Evaluation {
    Evaluation {
        step: test.step,
        epoch: Some(test.epoch),
        values: metrics::of_evaluation(test),
        samples: Some(test.samples as u64),
        seconds: Some(test.seconds),
    }
}

impl Trainer {
    /// Evaluates the whole test split in the order of the file; `keep_going` may end it between two batches.
    ///
    /// With a moving average of the weights, that is what is evaluated. Weights and the course of the training are
    /// untouched.
    pub fn evaluate(&mut self, keep_going: impl FnMut() -> ControlFlow<()>) -> Option<TestResult> {
        let start = Instant::now();
        let (loss, correct) = self.judge(Split::Test, keep_going)?;
        let samples = self.data.test.len();
        Some(TestResult {
            step: self.completed(),
            epoch: self.epoch(),
            loss,
            accuracy: correct as f64 / samples as f64,
            samples,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// As [`Self::predict`], with the moving average of the weights if there is one.
    pub(super) fn judge(&mut self, split: Split, keep_going: impl FnMut() -> ControlFlow<()>) -> Option<(f64, usize)> {
        self.with_average(|trainer| trainer.predict(split, keep_going))
    }

    /// Does something with the moving average of the weights in their place, if there is one. What is computed of the
    /// minibatch in hand is set aside, since other weights computed it.
    pub(super) fn with_average<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        self.set_aside();
        self.exchange_average();
        let result = work(self);
        self.exchange_average();
        result
    }

    fn exchange_average(&mut self) {
        // Before the first step there is nothing but the initial weights, which the average holds too.
        if let Some(average) = &mut self.average {
            average.exchange(&mut self.network);
        }
    }

    /// SHA-256 of all weights and then all running statistics as little-endian f32 in the network's order, in
    /// hexadecimal. A moving average is a function of them all and no part of it, and so is what is computed of the
    /// minibatch in hand.
    pub fn weights_sha256(&mut self) -> String {
        self.set_aside();
        let mut hash = Sha256::new();
        self.network.visit_weight_bytes(|bytes| hash.update(bytes));
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            use std::fmt::Write as _;
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

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
