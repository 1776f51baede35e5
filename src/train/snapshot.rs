//! Everything that training needs to go on from a step as if it had never been interrupted, to the bit.
//!
//! The order of the samples and the masks of dropout are functions of the step, so that what is left is the weights,
//! what the optimizer keeps of them, the settings as they are now, and the memory of the rules that watch the run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    nn::Network,
    optim::{Schedule, SettingError},
    protocol::{
        BranchId, TroubleKind,
        inspection::{ConfusionMatrix, SamplePage},
    },
    tensors::{Precision, TensorError, TensorState, Tensors, Writer},
    train::{
        TestResult, Trainer, averaging::WeightAverage, early_stopping::BestEvaluation, fingerprint,
        health::HealthMonitor, minibatch_means::MinibatchMeans, trainer::StoredParts,
    },
};

/// A run at a step, to be stored.
#[derive(Debug)]
pub struct Snapshot {
    /// The weights and running statistics with which the run is evaluated: averaged ones, where there is an average.
    pub weights: Writer,
    /// All other tensors: those of the optimizer, the average, the weights that train where they are others.
    pub training: Writer,
    /// The weights of the best evaluation, where training may be stopped early.
    pub best: Option<Arc<Writer>>,
    /// Everything that is no tensor.
    pub state: TrainingState,
    /// What the last evaluation made of the test data; nothing before the first. Going on does not need it.
    pub predictions: Option<TestPredictions>,
}

impl Snapshot {
    /// Bytes of all its tensors.
    pub fn tensor_bytes(&self) -> usize {
        let best = self.best.as_ref().map_or(0, |best| best.bytes());
        self.weights.bytes() + self.training.bytes() + best
    }

    /// The same as if it had been stored and read.
    ///
    /// # Errors
    /// Never in practice: what was just written can be read.
    pub fn to_stored(&self) -> Result<StoredSnapshot, TensorError> {
        Ok(StoredSnapshot {
            weights: self.weights.clone().into_tensors()?,
            training: self.training.clone().into_tensors()?,
            best: self.best.as_ref().map(|best| best.as_ref().clone().into_tensors()).transpose()?,
            state: self.state.clone(),
        })
    }
}

/// What a network made of the test data, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestPredictions {
    /// How often each class was taken for each.
    pub confusion: ConfusionMatrix,
    /// The mistakes with the largest loss.
    pub worst: SamplePage,
}

/// A run at a step, as it was stored.
#[derive(Debug)]
pub struct StoredSnapshot {
    /// See [`Snapshot::weights`].
    pub weights: Tensors,
    /// See [`Snapshot::training`].
    pub training: Tensors,
    /// See [`Snapshot::best`].
    pub best: Option<Tensors>,
    /// See [`Snapshot::state`].
    pub state: TrainingState,
}

/// What of a run at a step is no tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Branch of the run.
    pub branch: BranchId,
    /// Changes that had been made on its branch. Absent are all that the ledger then had of it: a run that goes on after
    /// a crash has not yet made all of them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_changes: Option<usize>,
    /// Where the trainer stands.
    pub trainer: TrainerState,
    /// What the rules that watch the run remember.
    pub health: HealthMonitor,
    /// What the newest minibatches and those of the epoch measured.
    #[serde(default)]
    pub means: MinibatchMeans,
    /// The last evaluation of the test split.
    pub last_evaluation: Option<TestResult>,
    /// The best evaluation of the test split.
    pub best_evaluation: Option<BestEvaluation>,
    /// Time spent training in seconds, pauses left out.
    pub seconds: f64,
    /// Whether training was stopped early once; its end is then what it was extended to, not what was planned.
    pub stopped_early: bool,
    /// The trouble for which the run had stopped; normally empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TroubleKind>,
    /// Whether nothing is left to train.
    pub complete: bool,
}

impl TrainingState {
    /// Step and accuracy of the best evaluation of all, also that at the end, which no rule judges.
    pub fn best_accuracy(&self) -> Option<(u64, f64)> {
        let best = self.best_evaluation.map(|best| (best.step, best.accuracy));
        let last = self.last_evaluation.map(|last| (last.step, last.accuracy));
        best.into_iter().chain(last).reduce(|best, last| if last.1 > best.1 { last } else { best })
    }
}

/// What of a trainer is no tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainerState {
    /// Minibatches completed.
    pub step: u64,
    /// Minibatches that the run is planned for, which the schedule spans.
    pub planned_steps: u64,
    /// Minibatch after which it stops, at most those planned.
    pub total_steps: u64,
    /// Updates of the optimizer, and those of them with momentum.
    pub optimizer_steps: [u64; 2],
    /// Whether the average of the weights has taken in any.
    pub average_begun: bool,
    /// Base learning rate.
    pub learning_rate: f64,
    /// The optimizer's own hyperparameters by name.
    pub hyperparameters: Vec<(String, f64)>,
    /// The schedule as text.
    pub schedule: String,
    /// Largest norm of the gradient, if it is clipped.
    pub clip_norm: Option<f64>,
    /// Number of the minibatch, from 1, whose update is to be left out; normally empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// SHA-256 of the weights that train and the running statistics, in hexadecimal; empty in memory, where nothing can
    /// have changed them.
    pub weights_sha256: String,
}

/// Why a trainer can't go on from what was stored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A tensor is missing or does not fit.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A setting is invalid.
    #[error("the stored {0} is invalid: {1}")]
    Setting(String, String),
    /// The weights are not those that were stored.
    #[error("the stored weights have the fingerprint {found}, but {expected} was recorded")]
    Fingerprint {
        /// Fingerprint of the weights.
        found: String,
        /// The recorded one.
        expected: String,
    },
}

impl Trainer {
    /// The weights with which evaluations are made: averaged ones, where there is an average. `PyTorch` takes the file
    /// for its own network.
    pub(super) fn evaluated_weights(&mut self) -> Writer {
        let completed = self.completed();
        let StoredParts { network, minibatch, evaluator, .. } = self.stored_parts();
        minibatch.discard_passes(network);
        evaluator.with_average(network, |network| {
            let mut weights = Writer::new(Precision::F32);
            network.save(&mut weights);
            for name in network.batch_counter_names() {
                weights.push_count(name, i64::try_from(completed).unwrap_or(i64::MAX));
            }
            weights
        })
    }

    /// Everything that training needs to go on from here: evaluated weights, the other tensors, and what is no tensor.
    pub(super) fn store(&mut self) -> (Writer, Writer, TrainerState) {
        let (weights, training, mut state) = self.store_in_memory();
        state.weights_sha256 = fingerprint::weights_sha256(self.network());
        (weights, training, state)
    }

    /// The same without the fingerprint, which takes longer than all the rest.
    pub(super) fn store_in_memory(&mut self) -> (Writer, Writer, TrainerState) {
        let weights = self.evaluated_weights();
        let mut training = Writer::new(Precision::F32);
        let (step, planned_steps, total_steps) = (self.completed(), self.planned_steps(), self.total_steps());
        let skipped = self.skipped();
        let StoredParts { network, update_rule, evaluator, .. } = self.stored_parts();
        update_rule.optimizer().save(&mut training);
        if let Some(average) = evaluator.average() {
            average.save(&mut training);
            network.save(&mut training);
        }
        let optimizer = update_rule.optimizer();
        let hyperparameters = optimizer.hyperparameters().into_iter().map(|(name, value)| (name.into(), value));
        let state = TrainerState {
            step,
            planned_steps,
            total_steps,
            optimizer_steps: optimizer.step_counts(),
            average_begun: evaluator.average().is_some_and(WeightAverage::has_begun),
            learning_rate: update_rule.learning_rate,
            hyperparameters: hyperparameters.collect(),
            schedule: update_rule.schedule.to_string(),
            clip_norm: update_rule.clip_norm,
            skipped,
            weights_sha256: String::new(),
        };
        (weights, training, state)
    }

    /// Goes on from what [`Self::store`] gave.
    ///
    /// # Errors
    /// When a tensor or a setting does not fit this trainer; it is then good for nothing.
    pub(super) fn restore(&mut self, stored: &StoredSnapshot) -> Result<(), RestoreError> {
        let TrainerState { step, planned_steps, total_steps, skipped, .. } = stored.state.trainer;
        let state = &stored.state.trainer;
        let StoredParts { network, minibatch, update_rule, evaluator } = self.stored_parts();
        let weights = if evaluator.average().is_some() { &stored.training } else { &stored.weights };
        network.load(weights)?;
        let expected = &state.weights_sha256;
        if !expected.is_empty() {
            let found = fingerprint::weights_sha256(network);
            if found != *expected {
                return Err(RestoreError::Fingerprint { found, expected: expected.clone() });
            }
        }
        if let Some(average) = evaluator.average_mut() {
            average.load(&stored.training)?;
            average.set_begun(state.average_begun);
        }
        let invalid = |name: &str, error: SettingError| RestoreError::Setting(name.into(), error.to_string());
        for (name, value) in &state.hyperparameters {
            update_rule.set_hyperparameter(name, *value).map_err(|error| invalid(name, error))?;
        }
        update_rule.schedule = state
            .schedule
            .parse::<Schedule>()
            .map_err(|error| RestoreError::Setting("schedule".into(), error.to_string()))?;
        (update_rule.learning_rate, update_rule.clip_norm) = (state.learning_rate, state.clip_norm);
        let optimizer = update_rule.optimizer_mut();
        optimizer.load(&stored.training)?;
        optimizer.set_step_counts(state.optimizer_steps);
        minibatch.go_to(step);
        self.set_planned_steps(planned_steps);
        self.stop_after(total_steps);
        self.set_skipped(skipped);
        Ok(())
    }

    /// Bytes that [`Self::store`] copies, about.
    pub(super) fn stored_bytes(&self) -> u64 {
        let weights: usize = self.network().parameters().map(|parameter| parameter.value.len()).sum();
        let optimizer = self.update_rule().optimizer();
        let places = 0..self.network().parameters().count();
        let states: usize = places.map(|place| optimizer.states(place).map(<[f32]>::len).iter().sum::<usize>()).sum();
        ((3 * weights + states) * size_of::<f32>()) as u64
    }

    /// Forgets what evaluations predicted, since the weights are those of another step.
    pub(super) fn forget_predictions(&mut self) {
        self.stored_parts().evaluator.forget_predictions();
    }

    /// Puts the weights of a file, and nothing else, into the network: of another run, or of another program. Gives a
    /// sentence for each tensor that did not fit.
    pub(super) fn take_weights(&mut self, weights: &Tensors) -> Vec<String> {
        let StoredParts { network, minibatch, .. } = self.stored_parts();
        minibatch.discard_passes(network);
        take_fitting_weights(network, weights)
    }

    /// Goes back to evaluated weights of this run; the course of the training is over.
    ///
    /// # Errors
    /// When a tensor is missing or does not fit.
    pub(super) fn end_on_weights(&mut self, weights: &Tensors) -> Result<(), TensorError> {
        let StoredParts { network, minibatch, evaluator, .. } = self.stored_parts();
        minibatch.discard_passes(network);
        network.load(weights)?;
        if let Some(average) = evaluator.average_mut() {
            average.copy_weights(network);
        }
        Ok(())
    }
}

/// A snapshot of a trainer that nobody has watched.
pub fn snapshot_of(trainer: &mut Trainer) -> Snapshot {
    let (weights, training, trainer) = trainer.store();
    let state = TrainingState { trainer, ..TrainingState::default() };
    Snapshot { weights, training, best: None, state, predictions: None }
}

/// Copies every tensor of the network that `weights` has in its shape, and says which it has not.
fn take_fitting_weights(network: &mut Network<f32>, weights: &Tensors) -> Vec<String> {
    let mut problems = Vec::new();
    let mut take = |name: &str, shape: &[usize], to: &mut [f32]| match weights.floats(name, shape) {
        Ok(values) => crate::nn::copy_from_f64(to, &values),
        Err(TensorError { fault, .. }) => problems.push(format!("{fault}; it begins as a new one does")),
    };
    for parameter in network.parameters_mut() {
        let name = parameter.full_name();
        take(&name, parameter.shape.dimensions(), &mut parameter.value);
    }
    for buffer in network.buffers_mut() {
        let name = buffer.full_name();
        take(&name, buffer.shape.dimensions(), &mut buffer.value);
    }
    let known: Vec<String> = network.tensor_names().collect();
    let unknown = weights.names().filter(|name| !known.iter().any(|known| known == name));
    problems.extend(unknown.map(|name| format!("tensor {} has no place in this network", crate::text::Safe(name))));
    problems
}
