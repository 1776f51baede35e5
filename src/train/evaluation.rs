//! Loss and accuracy on the test split, and the fingerprint of the weights.

use std::{ops::ControlFlow, time::Instant};

use sha2::{Digest, Sha256};

use crate::{
    protocol::{Evaluation, inspection::Split},
    train::{Trainer, metrics},
};

/// What an evaluation of the test split found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestResult {
    /// Minibatches completed.
    pub step: u64,
    /// Epochs completed as a fraction.
    pub epoch: f64,
    /// Mean loss in nats.
    pub loss: f64,
    /// Share classified correctly, 0 to 1.
    pub accuracy: f64,
    /// Samples evaluated.
    pub samples: usize,
    /// Time it took in seconds.
    pub seconds: f64,
}

impl TestResult {
    /// The same as it is reported.
    pub(super) fn report(&self) -> Evaluation {
        Evaluation {
            step: self.step,
            epoch: Some(self.epoch),
            values: metrics::of_evaluation(self),
            samples: Some(self.samples as u64),
            seconds: Some(self.seconds),
        }
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
}
