//! Loss and accuracy on the test split, and the fingerprint of the weights.

use std::{ops::ControlFlow, time::Instant};

use sha2::{Digest, Sha256};

use crate::{nn::Mode, protocol::Evaluation, train::Trainer};

impl Trainer {
    /// Evaluates the whole test split in the order of the file; `keep_going` may end it between two batches.
    ///
    /// With a moving average of the weights, that is what is evaluated. Weights and the course of the training are
    /// untouched.
    pub fn evaluate(&mut self, keep_going: impl FnMut() -> ControlFlow<()>) -> Option<Evaluation> {
        self.exchange_average();
        let evaluation = self.evaluate_network(keep_going);
        self.exchange_average();
        evaluation
    }

    fn exchange_average(&mut self) {
        // Before the first step there is nothing but the initial weights, which the average holds too.
        if let Some(average) = &mut self.average {
            average.exchange(&mut self.network);
        }
    }

    fn evaluate_network(&mut self, mut keep_going: impl FnMut() -> ControlFlow<()>) -> Option<Evaluation> {
        let start = Instant::now();
        let samples = self.data.test.len();
        let (mut loss, mut correct) = (0.0, 0);
        let mut indices = [0_u32; 256];
        let rows = self.rows.min(indices.len());
        for from in (0..samples).step_by(rows) {
            let indices = &mut indices[..rows.min(samples - from)];
            (from as u32..).zip(indices.iter_mut()).for_each(|(sample, index)| *index = sample);
            let labels = &mut self.labels[..indices.len()];
            self.data.test.labels(indices, labels);
            let test = &self.data.test;
            self.network.fill_input(indices.len(), |rows, values| test.gather(&indices[rows], values));
            self.network.forward(Mode::Evaluate);
            let report = self.network.loss(labels);
            loss += report.loss * indices.len() as f64;
            correct += report.correct;
            if keep_going().is_break() {
                return None;
            }
        }
        Some(Evaluation {
            step: self.completed(),
            epoch: self.epoch(),
            loss: loss / samples as f64,
            accuracy: correct as f64 / samples as f64,
            samples,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// SHA-256 of all weights and then all running statistics as little-endian f32 in the network's order, in
    /// hexadecimal. A moving average is a function of them all and no part of it.
    pub fn weights_sha256(&self) -> String {
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
