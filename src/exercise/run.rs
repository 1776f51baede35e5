//! One experiment, trained and evaluated as the exercise did it.

use std::{ops::ControlFlow, sync::Arc, time::Instant};

use crate::{
    dataset::Dataset,
    train::{SetupError, StepError, TrainSpec, Trainer},
};

/// What a run showed.
#[derive(Clone, Debug, PartialEq)]
pub struct ExerciseRun {
    /// Its seed.
    pub seed: u64,
    /// One for each evaluation, in order.
    pub points: Vec<EvaluationPoint>,
    /// Time that training and evaluating took.
    pub seconds: f64,
}

/// An evaluation, and the minibatches since the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluationPoint {
    /// Minibatches completed.
    pub step: u64,
    /// Mean loss of their samples in nats, each before the update of its minibatch.
    pub train_loss: f64,
    /// Accuracy on their samples in percent, each before the update of its minibatch.
    pub train_accuracy: f64,
    /// Mean loss on all test samples in nats.
    pub test_loss: f64,
    /// Accuracy on all test samples in percent.
    pub test_accuracy: f64,
}

impl ExerciseRun {
    /// The evaluation with the best accuracy; the first of them.
    pub fn best(&self) -> Option<&EvaluationPoint> {
        self.points.iter().rev().max_by(|a, b| a.test_accuracy.total_cmp(&b.test_accuracy))
    }

    /// The lowest loss of all evaluations.
    pub fn lowest_loss(&self) -> f64 {
        self.points.iter().map(|point| point.test_loss).fold(f64::INFINITY, f64::min)
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The network or the batches don't fit the data.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Numbers went out of hand.
    #[error("step {step}: {source}")]
    Step {
        /// Minibatches completed, this one included.
        step: u64,
        /// What is not finite.
        source: StepError,
    },
    /// The observer wanted no more.
    #[error("interrupted")]
    Interrupted,
}

/// Trains what `spec` describes and evaluates it as often as it says, and after the last minibatch.
///
/// `observe` hears after every minibatch and every batch of an evaluation how many minibatches are complete; when it
/// breaks, the run ends with [`RunError::Interrupted`].
///
/// # Errors
/// When the network or the batches don't fit the data, or a number is not finite.
pub fn run(
    spec: &TrainSpec,
    data: Arc<Dataset>,
    mut observe: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<ExerciseRun, RunError> {
    let start = Instant::now();
    let mut trainer = Trainer::new(spec, data)?;
    let every = trainer.evaluate_every();
    let mut points = Vec::new();
    let (mut loss, mut accuracy, mut samples) = (0.0, 0.0, 0.0);
    while trainer.completed() < trainer.total_steps() {
        let outcome = trainer.step().map_err(|source| RunError::Step { step: trainer.completed(), source })?;
        let count = outcome.samples as f64;
        loss += count * outcome.loss;
        accuracy += count * 100.0 * outcome.accuracy;
        samples += count;
        let step = trainer.completed();
        if observe(step).is_break() {
            return Err(RunError::Interrupted);
        }
        if step.is_multiple_of(every) || step == trainer.total_steps() {
            let test = trainer.evaluate(|| observe(step)).ok_or(RunError::Interrupted)?;
            points.push(EvaluationPoint {
                step,
                train_loss: loss / samples,
                train_accuracy: accuracy / samples,
                test_loss: test.loss,
                test_accuracy: 100.0 * test.accuracy,
            });
            (loss, accuracy, samples) = (0.0, 0.0, 0.0);
        }
    }
    Ok(ExerciseRun { seed: spec.seed, points, seconds: start.elapsed().as_secs_f64() })
}
