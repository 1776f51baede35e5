//! One synchronous training step, and everything a step needs.

use std::{cell::OnceCell, sync::Arc};

use crate::{
    dataset::{BatchSizeError, Batches, Dataset},
    nn::{BuildError, Network, NetworkSpec, Pool, Shape},
    optim::{self, Optimizer, Schedule},
    train::{TrainSpec, averaging::Average, predictions::Predictions, progress::Progress},
};

/// Fewest rows the network's buffers hold, so that evaluation is quick whatever the batch size.
const MIN_ROWS: usize = 64;

/// A network, its optimizer and its data, between two minibatches.
pub struct Trainer {
    pub(super) network: Network<f32>,
    pub(super) optimizer: Optimizer<f32>,
    pub(super) data: Arc<Dataset>,
    pub(super) labels: Vec<u8>,
    pub(super) rows: usize,
    pub(super) average: Option<Average>,
    pub(super) batches: Batches,
    pub(super) seed: u64,
    /// What the network was built from.
    pub(super) spec: NetworkSpec,
    /// How far the minibatch in hand is.
    pub(super) progress: Progress,
    /// What the last evaluation made of each sample: of the training part, and of the test part.
    pub(super) predictions: [Predictions; 2],
    /// Room for the next ones.
    pub(super) spare: Predictions,
    /// Where points in the plane lie, left and right, below and above, once somebody asked.
    pub(super) extent: OnceCell<[[f64; 2]; 2]>,
    schedule: Schedule,
    learning_rate: f64,
    clip_norm: Option<f64>,
    step: u64,
    total_steps: u64,
}

/// What one minibatch showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOutcome {
    /// Mean loss of the minibatch before the update, in nats.
    pub loss: f64,
    /// Share of the minibatch that was classified correctly before the update.
    pub accuracy: f64,
    /// Norm of the whole gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate that the update used.
    pub effective_lr: f64,
    /// Samples in the minibatch.
    pub samples: usize,
}

/// Why a trainer could not be set up.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetupError {
    /// The network can't be built, or not for these data.
    #[error(transparent)]
    Network(#[from] BuildError),
    /// The batches don't fit the data.
    #[error(transparent)]
    Batches(#[from] BatchSizeError),
}

/// A minibatch whose numbers are not finite; it counts as a step, but its update was left out.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepError {
    /// The loss.
    #[error("the loss of this minibatch is {loss}")]
    Loss {
        /// The loss.
        loss: f64,
    },
    /// The gradient of a layer, although the loss is finite.
    #[error("the gradient of layer {layer} is not finite (norm {norm}) although the loss is {loss}")]
    Gradient {
        /// First layer in the network's order whose gradient is not finite.
        layer: usize,
        /// Its norm.
        norm: f64,
        /// The loss.
        loss: f64,
    },
}

impl StepError {
    /// The minibatch's loss.
    pub fn loss(&self) -> f64 {
        match *self {
            Self::Loss { loss } | Self::Gradient { loss, .. } => loss,
        }
    }
}

impl Trainer {
    /// Builds the network for the data and stands before the first minibatch.
    ///
    /// # Errors
    /// When the layers' shapes don't fit together or don't fit the data, or a batch is larger than the data.
    pub fn new(spec: &TrainSpec, data: Arc<Dataset>) -> Result<Self, SetupError> {
        let rows = spec.batch_size.max(MIN_ROWS);
        let pool = Arc::new(Pool::new(spec.threads));
        let shape = Shape::new(data.shape.clone());
        let network = Network::new(&spec.network, &shape, data.classes.len(), rows, spec.seed, pool)?;
        let optimizer = Optimizer::new(&spec.optimizer, &network);
        let average = spec.ema.map(|decay| Average::new(decay, &network));
        let batches = Batches::new(data.train.len(), spec.batch_size, spec.seed)?;
        let total_steps = spec.steps.unwrap_or_else(|| spec.epochs.saturating_mul(batches.steps_per_epoch()));
        Ok(Self {
            network,
            optimizer,
            average,
            labels: vec![0; rows],
            rows,
            batches,
            seed: spec.seed,
            spec: spec.network.clone(),
            progress: Progress::default(),
            // Only a person asks what becomes of the training part.
            predictions: [Predictions::default(), Predictions::of(data.test.len())],
            spare: Predictions::of(data.test.len()),
            extent: OnceCell::new(),
            data,
            schedule: spec.schedule,
            learning_rate: spec.learning_rate,
            clip_norm: spec.clip_norm,
            step: 0,
            total_steps,
        })
    }

    /// Trains one minibatch, or what is left of it. Allocates nothing after the first call.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite; the weights are then untouched, and the step counts.
    pub fn step(&mut self) -> Result<StepOutcome, StepError> {
        let (report, samples) = self.complete_passes();
        self.step += 1;
        if !report.loss.is_finite() {
            return Err(StepError::Loss { loss: report.loss });
        }
        let gradient_norm = optim::gradient_norm(&self.network);
        if !gradient_norm.is_finite() {
            return Err(self.broken_gradient(report.loss));
        }
        let scale = self.clip_norm.map_or(1.0, |most| optim::clip_scale(gradient_norm, most));
        let effective_lr = self.learning_rate * self.schedule.factor(self.step - 1, self.total_steps);
        self.optimizer.step(&mut self.network, effective_lr, scale);
        if let Some(average) = &mut self.average {
            average.update(&self.network);
        }
        let accuracy = report.correct as f64 / samples as f64;
        Ok(StepOutcome { loss: report.loss, accuracy, gradient_norm, effective_lr, samples })
    }

    fn broken_gradient(&self, loss: f64) -> StepError {
        let broken = self
            .network
            .parameters()
            .map(|parameter| (parameter.layer, optim::norm(&parameter.gradient)))
            .find(|(_, norm)| !norm.is_finite());
        let (layer, norm) = broken.unwrap_or((0, f64::NAN));
        StepError::Gradient { layer, norm, loss }
    }

    /// The network, with what was computed last in its buffers.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// Samples of the minibatch that was computed last.
    pub fn samples(&self) -> usize {
        self.progress.samples
    }

    /// Minibatches completed.
    pub fn completed(&self) -> u64 {
        self.step
    }

    /// Minibatch after which the run is finished.
    pub fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// Minibatches in an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.steps_per_epoch()
    }

    /// Epochs completed as a fraction.
    pub fn epoch(&self) -> f64 {
        self.step as f64 / self.steps_per_epoch() as f64
    }

    /// Puts the end of the run `epochs` further away.
    pub fn extend(&mut self, epochs: u64) {
        self.total_steps = self.total_steps.saturating_add(epochs.saturating_mul(self.steps_per_epoch()));
    }

    /// Base learning rate, before the schedule.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Learning rate that the next update will use.
    pub fn effective_lr(&self) -> f64 {
        self.learning_rate * self.schedule.factor(self.step, self.total_steps)
    }

    /// Largest gradient norm, where gradients are clipped.
    pub fn clip_norm(&self) -> Option<f64> {
        self.clip_norm
    }

    /// Sets the base learning rate, which the caller has checked against its range.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Sets the largest gradient norm; `None` leaves gradients alone.
    pub fn set_clip_norm(&mut self, clip_norm: Option<f64>) {
        self.clip_norm = clip_norm;
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Replaces the schedule.
    pub fn set_schedule(&mut self, schedule: Schedule) {
        self.schedule = schedule;
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, ops::ControlFlow};

    use super::*;
    use crate::{
        dataset::{self, DataSpec},
        nn::{NetworkSpec, kernels::allocations::allocations},
        optim::OptimizerSpec,
    };

    fn data() -> Arc<Dataset> {
        Arc::new(dataset::load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap())
    }

    fn spec(threads: usize) -> TrainSpec {
        let layers = ["linear 24", "relu", "dropout 0.2", "linear 10"].map(|layer| layer.parse().unwrap()).to_vec();
        TrainSpec {
            seed: 1,
            epochs: 2,
            steps: None,
            batch_size: 900,
            evaluate_every: None,
            probe_every: 1,
            threads: NonZeroUsize::new(threads).unwrap(),
            network: NetworkSpec { layers, init: "he".parse().unwrap(), label_smoothing: 0.0 },
            optimizer: OptimizerSpec::ADAM,
            learning_rate: 1e-3,
            clip_norm: Some(1.0),
            schedule: Schedule::COSINE,
            ema: None,
        }
    }

    #[test]
    fn a_step_allocates_nothing_nor_does_a_new_epoch_or_an_evaluation() {
        let data = data();
        for threads in [1, 2] {
            let mut trainer = Trainer::new(&spec(threads), Arc::clone(&data)).unwrap();
            trainer.step().unwrap();
            let pool = Arc::clone(trainer.network.pool());
            let before = allocations(&pool);
            // The last batch of an epoch is smaller, and a new one begins.
            for _ in 1..2 * trainer.steps_per_epoch() {
                trainer.step().unwrap();
            }
            trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
            assert_eq!(allocations(&pool), before, "{threads} threads");
        }
    }

    #[test]
    fn an_evaluation_changes_nothing_of_the_training() {
        let data = data();
        let fingerprint = |evaluate: bool| {
            let mut trainer = Trainer::new(&spec(1), Arc::clone(&data)).unwrap();
            for _ in 0..4 {
                trainer.step().unwrap();
                if evaluate {
                    trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
                }
            }
            trainer.weights_sha256()
        };
        assert_eq!(fingerprint(true), fingerprint(false));
    }
}
