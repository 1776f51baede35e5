//! One synchronous training step, and everything a step needs.

use std::{cell::OnceCell, ops::ControlFlow, sync::Arc, time::Instant};

use crate::{
    dataset::{BatchSizeError, DataNote, Dataset},
    nn::{BuildError, LossReport, Network, NetworkSpec, Pool, Shape, check_minibatch},
    optim,
    protocol::{Answer, Query, inspection::SplitName},
    train::{
        MemoryError, StepError, StepOutcome, TestResult, TrainSpec,
        averaging::WeightAverage,
        evaluator::Evaluator,
        fingerprint,
        inspect::{Inspector, PlaneExtent, QueryRules, RunningCheck},
        memory::buffer_samples,
        minibatch::{ComputedParts, Minibatch},
        notes,
        predictions::Predictions,
        update_rule::UpdateRule,
    },
};

/// A network, the data, and what trains, evaluates and inspects it.
pub struct Trainer {
    network: Network<f32>,
    data: Arc<Dataset>,
    minibatch: Minibatch,
    update_rule: UpdateRule,
    evaluator: Evaluator,
    /// What the network was built from, for gradient checks.
    network_spec: NetworkSpec,
    /// The part of the plane that is shown: where the samples lie, and a margin. Empty until a query needs it.
    plane_extent: OnceCell<PlaneExtent>,
    /// Minibatches that the run is planned for, which the schedule spans.
    planned_steps: u64,
    /// Minibatches after which the run ends: those planned, or fewer if it is to stop early.
    total_steps: u64,
    /// Number of the minibatch, from 1, whose update is to be left out; normally empty.
    skipped: Option<u64>,
    /// Minibatches between two evaluations.
    evaluate_every: u64,
    /// What was assumed to train on these data.
    notes: Vec<DataNote>,
}

/// The parts of a trainer that hold what it has learned and computed.
pub(super) struct StoredParts<'a> {
    pub network: &'a mut Network<f32>,
    pub minibatch: &'a mut Minibatch,
    pub update_rule: &'a mut UpdateRule,
    pub evaluator: &'a mut Evaluator,
}

/// Why a trainer could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The network can't be built, or not for these data.
    #[error(transparent)]
    Network(#[from] BuildError),
    /// The batches don't fit the data.
    #[error(transparent)]
    Batches(#[from] BatchSizeError),
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

impl Trainer {
    /// Builds the network for the data and stands before the first minibatch.
    ///
    /// # Errors
    /// When there is not enough memory, the layers' shapes don't fit together or don't fit the data, a batch that was chosen is larger than the
    /// data, or batches of one sample leave a batch normalization nothing to work on.
    pub fn new(spec: &TrainSpec, data: Arc<Dataset>) -> Result<Self, SetupError> {
        let outline = data.outline();
        spec.check_memory(&outline, outline.memory_bytes(), false)?;
        let samples = data.train.len();
        let batch_size = spec.batch_size.for_samples(samples);
        let max_batch = buffer_samples(batch_size);
        let pool = Arc::new(Pool::new(spec.threads));
        let shape = Shape::new(data.shape.clone());
        let network = Network::new(&spec.network, &shape, data.classes.len(), max_batch, spec.seed, pool)?;
        let average = spec.ema.map(|decay| WeightAverage::new(decay, &network));
        let minibatch = Minibatch::new(samples, batch_size, spec.seed)?;
        check_minibatch(network.layer_infos(), batch_size)?;
        let steps_per_epoch = minibatch.steps_per_epoch();
        let planned_steps = spec.steps.unwrap_or_else(|| spec.epochs.saturating_mul(steps_per_epoch));
        let notes = notes::describe_assumptions(spec, network.layer_infos(), samples, planned_steps);
        Ok(Self {
            notes,
            update_rule: UpdateRule::new(spec, &network),
            evaluator: Evaluator::new(average, max_batch, data.test.len()),
            network,
            data,
            minibatch,
            network_spec: spec.network.clone(),
            plane_extent: OnceCell::new(),
            planned_steps,
            skipped: None,
            total_steps: spec.stop_after.map_or(planned_steps, |stop| stop.min(planned_steps)),
            evaluate_every: spec.evaluate_every.unwrap_or(steps_per_epoch),
        })
    }

    /// Trains one minibatch, or what is left of it. Allocates nothing after the first call.
    ///
    /// # Errors
    /// When the loss or a gradient is not finite, or the update is to be left out; the weights and the running statistics
    /// are then untouched, and the step counts.
    pub fn step(&mut self) -> Result<StepOutcome, StepError> {
        let outcome = self.train_minibatch();
        self.skipped.take_if(|minibatch| *minibatch <= self.minibatch.completed() + 1);
        if outcome.is_err() {
            self.minibatch.restore_running_stats(&mut self.network);
        }
        self.minibatch.finish();
        outcome
    }

    fn train_minibatch(&mut self) -> Result<StepOutcome, StepError> {
        let effective_learning_rate = self.learning_rate_at(self.completed());
        let is_skipped = self.skipped == Some(self.completed() + 1);
        let Self { network, data, minibatch, update_rule, evaluator, .. } = self;
        minibatch.load_samples(network, &data.train);
        minibatch.finish_forward(network);
        let LossReport { loss, correct } = minibatch.compute_loss(network);
        if is_skipped {
            return Err(StepError::Skipped { loss });
        }
        if !loss.is_finite() {
            return Err(StepError::Loss { loss });
        }
        minibatch.finish_backward(network);
        let gradient_norm = optim::gradient_norm(network);
        if !gradient_norm.is_finite() {
            return Err(StepError::of_gradient(network, loss));
        }
        update_rule.apply(network, effective_learning_rate, gradient_norm);
        // The evaluator keeps the moving average, since nothing else uses it.
        evaluator.average_weights(network);
        let samples = minibatch.samples();
        let accuracy = correct as f64 / samples as f64;
        Ok(StepOutcome { loss, accuracy, gradient_norm, effective_learning_rate, samples })
    }

    /// Walks on by one phase of the minibatch. Gives what came of it with the last phase, the update, or when the loss
    /// turned out not to be finite.
    pub fn advance_phase(&mut self) -> Option<Result<StepOutcome, StepError>> {
        if self.minibatch.compute_next_phase(&mut self.network, &self.data.train) {
            return None;
        }
        self.update_rule.traces = true;
        let outcome = self.step();
        self.update_rule.traces = false;
        // Without an update the walk is simply over.
        if outcome.is_ok() {
            self.minibatch.end_walk();
        }
        Some(outcome)
    }

    /// Walks no further; what is computed goes into the next step.
    pub fn leave_walk(&mut self) {
        self.minibatch.leave_walk();
    }

    /// Computes the passes of the minibatch as far as the walk has come, or wholly outside of a walk.
    pub(super) fn ensure_computed(&mut self) -> ComputedParts {
        self.minibatch.ensure_computed(&mut self.network, &self.data.train)
    }

    /// Computes one more phase of the minibatch ahead of the step; false if only the update is left.
    pub(super) fn compute_ahead(&mut self) -> bool {
        self.minibatch.compute_ahead(&mut self.network, &self.data.train)
    }

    /// Evaluates the whole test split in the order of the file; `keep_going` may end it between two batches.
    ///
    /// With a moving average of the weights, that is what is evaluated. Weights and the course of the training are
    /// untouched.
    pub fn evaluate(&mut self, keep_going: impl FnMut() -> ControlFlow<()>) -> Option<TestResult> {
        let start = Instant::now();
        let LossReport { loss, correct } = self.evaluate_split(SplitName::Test, keep_going)?;
        let samples = self.data.test.len();
        let accuracy = correct as f64 / samples as f64;
        let seconds = start.elapsed().as_secs_f64();
        Some(TestResult { step: self.completed(), epoch: self.epoch(), loss, accuracy, samples, seconds })
    }

    /// Evaluates a part of the data and keeps the predictions, see [`Evaluator::evaluate`].
    pub(super) fn evaluate_split(
        &mut self,
        split: SplitName,
        keep_going: impl FnMut() -> ControlFlow<()>,
    ) -> Option<LossReport> {
        let Self { network, data, minibatch, evaluator, .. } = self;
        minibatch.discard_passes(network);
        evaluator.evaluate(network, data, (split, minibatch.completed()), keep_going)
    }

    /// What the last evaluation predicted for a part of the data.
    pub(super) fn predictions(&self, split: SplitName) -> &Predictions {
        self.evaluator.predictions(split)
    }

    /// SHA-256 of all weights and then all running statistics as little-endian f32 in the network's order, in
    /// hexadecimal. The moving average of the weights is not part of it, since it follows from the weights of all steps;
    /// nor is what is computed of the current minibatch.
    pub fn weights_sha256(&mut self) -> String {
        self.minibatch.discard_passes(&mut self.network);
        fingerprint::weights_sha256(&self.network)
    }

    /// Answers a query. What needs an evaluation is answered from the last one; for a gradient check see
    /// [`Self::gradient_check`].
    ///
    /// # Errors
    /// When there is no such layer or sample, the decision boundary cannot be computed at so many points, or the data are
    /// not of the kind that the query is about; the reason says what is valid.
    pub fn inspect(&mut self, query: &Query) -> Result<Answer, String> {
        self.inspector().answer(query)
    }

    /// Whether a query can be answered, now or later.
    ///
    /// # Errors
    /// As [`Self::inspect`].
    pub fn check_query(&self, query: &Query) -> Result<(), String> {
        QueryRules::new(&self.network, &self.data, self.minibatch.batch_size()).check(query)
    }

    /// Begins to check a layer's gradients of the current minibatch on a copy of the network in `f64`.
    ///
    /// # Errors
    /// When there is no such layer, or it has no parameters; the reason says which have.
    pub fn gradient_check(&mut self, layer: usize) -> Result<RunningCheck, String> {
        self.check_query(&Query::GradientCheck { layer })?;
        RunningCheck::new(&self.network, &self.network_spec, &mut self.minibatch, &self.data, layer)
    }

    fn inspector(&mut self) -> Inspector<'_> {
        let Self { network, data, minibatch, update_rule, evaluator, plane_extent, .. } = self;
        Inspector { network, minibatch, evaluator, data, plane_extent, update: update_rule.traced() }
    }

    /// The parts that a snapshot is made of: network, minibatch, update rule, evaluator.
    pub(super) fn stored_parts(&mut self) -> StoredParts<'_> {
        let Self { network, minibatch, update_rule, evaluator, .. } = self;
        StoredParts { network, minibatch, update_rule, evaluator }
    }

    /// The network, with what was computed last in its buffers.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    #[cfg(test)]
    pub(super) fn network_mut(&mut self) -> &mut Network<f32> {
        &mut self.network
    }

    /// The data.
    pub(super) fn data(&self) -> &Dataset {
        &self.data
    }

    /// The data, for another trainer.
    pub(super) fn shared_data(&self) -> Arc<Dataset> {
        Arc::clone(&self.data)
    }

    /// What was assumed to train on them: about the minibatches, not about how they were read.
    pub(super) fn notes(&self) -> &[DataNote] {
        &self.notes
    }

    /// The current minibatch, and where the walk through it stands.
    pub(super) fn minibatch(&self) -> &Minibatch {
        &self.minibatch
    }

    /// What turns gradients into updates.
    pub(super) fn update_rule(&self) -> &UpdateRule {
        &self.update_rule
    }

    /// What turns gradients into updates, to be changed between two minibatches.
    pub(super) fn update_rule_mut(&mut self) -> &mut UpdateRule {
        &mut self.update_rule
    }

    /// Learning rate of the update that follows `step` completed minibatches.
    pub fn learning_rate_at(&self, step: u64) -> f64 {
        self.update_rule.learning_rate_at(step, self.planned_steps)
    }

    /// Minibatches completed.
    pub fn completed(&self) -> u64 {
        self.minibatch.completed()
    }

    /// Minibatch after which the run is finished.
    pub fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// Minibatches in an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.minibatch.steps_per_epoch()
    }

    /// Minibatches that the run is planned for.
    pub fn planned_steps(&self) -> u64 {
        self.planned_steps
    }

    /// Plans the run, and its schedule, for so many minibatches; a run that was to end with the plan still does.
    pub(super) fn set_planned_steps(&mut self, planned: u64) {
        self.total_steps = if self.total_steps == self.planned_steps { planned } else { self.total_steps.min(planned) };
        self.planned_steps = planned;
    }

    /// Stops after so many minibatches, at most those planned.
    pub(super) fn stop_after(&mut self, steps: u64) {
        self.total_steps = steps.min(self.planned_steps);
    }

    /// Number of the minibatch, from 1, whose update is to be left out; `None` if that of none is.
    pub(super) fn skipped(&self) -> Option<u64> {
        self.skipped
    }

    /// Leaves out the update of the minibatch with this number, from 1; `None` of none.
    pub(super) fn set_skipped(&mut self, minibatch: Option<u64>) {
        self.skipped = minibatch;
    }

    /// The samples that the last step trained on, by their places in the training data.
    pub(super) fn trained_samples(&mut self) -> &[u32] {
        let number = self.minibatch.completed();
        self.minibatch.indices(number.max(1))
    }

    /// Minibatches between two evaluations.
    pub fn evaluate_every(&self) -> u64 {
        self.evaluate_every
    }

    /// Epochs completed as a fraction.
    pub fn epoch(&self) -> f64 {
        self.completed() as f64 / self.steps_per_epoch() as f64
    }

    /// Puts the end of the run `epochs` further away; the plan, and with it the schedule, only where that is after its
    /// end.
    pub fn extend(&mut self, epochs: u64) {
        self.total_steps = self.total_steps.saturating_add(epochs.saturating_mul(self.steps_per_epoch()));
        self.planned_steps = self.planned_steps.max(self.total_steps);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::{
        dataset::{self, DataSpec},
        nn::kernels::allocations::allocations,
        optim::{OptimizerSpec, Schedule},
        train::{BatchSize, HealthSettings},
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
            stop_after: None,
            batch_size: BatchSize::Exactly(900),
            evaluate_every: None,
            patience: None,
            probe_every: 1,
            threads: NonZeroUsize::new(threads).unwrap(),
            network: NetworkSpec { layers, init: "he".parse().unwrap(), label_smoothing: 0.0 },
            optimizer: OptimizerSpec::ADAM,
            learning_rate: 1e-3,
            clip_norm: Some(1.0),
            schedule: Schedule::COSINE,
            health: HealthSettings::default(),
            ema: None,
        }
    }

    #[test]
    fn a_step_allocates_nothing_nor_does_a_new_epoch_or_an_evaluation() {
        let data = data();
        for threads in [1, 2] {
            let mut trainer = Trainer::new(&spec(threads), Arc::clone(&data)).unwrap();
            trainer.step().unwrap();
            let pool = Arc::clone(trainer.network().pool());
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
    fn a_run_that_stops_early_is_the_beginning_of_the_one_that_is_planned() {
        let data = data();
        let whole = Trainer::new(&spec(1), Arc::clone(&data)).unwrap();
        let mut begun = Trainer::new(&TrainSpec { stop_after: Some(5), ..spec(1) }, Arc::clone(&data)).unwrap();
        assert_eq!((whole.total_steps(), begun.total_steps()), (24, 5));
        let rates = |trainer: &Trainer| (0..24).map(|step| trainer.learning_rate_at(step)).collect::<Vec<_>>();
        let planned = rates(&whole);
        assert_eq!(rates(&begun), planned);
        assert!(begun.notes().is_empty());
        // Extended, it goes on along the plan, and then makes a longer one.
        begun.extend(1);
        assert_eq!((begun.total_steps(), rates(&begun)), (17, planned.clone()));
        begun.extend(1);
        assert_eq!(begun.total_steps(), 29);
        assert_ne!(rates(&begun), planned);
        let long = Trainer::new(&TrainSpec { stop_after: Some(1000), ..spec(1) }, data).unwrap();
        assert_eq!(long.total_steps(), 24);
        assert!(long.notes()[0].text.contains("after the 24 minibatches that it is planned for, not after 1,000"));
    }

    #[test]
    fn a_batch_size_that_nobody_chose_shrinks_to_the_data_and_a_chosen_one_does_not() {
        let data = data();
        let with = |batch_size| Trainer::new(&TrainSpec { batch_size, ..spec(1) }, Arc::clone(&data));
        let shrunk = with(BatchSize::AtMost(20_000)).unwrap();
        assert_eq!(shrunk.minibatch().batch_size(), 10_000);
        let text = &shrunk.notes()[0].text;
        assert!(text.starts_with("minibatches of 10,000, all training samples, because there are fewer than 20,000"));
        assert!(with(BatchSize::AtMost(10_000)).unwrap().notes().is_empty());
        assert!(matches!(with(BatchSize::Exactly(20_000)), Err(SetupError::Batches(_))));
    }

    #[test]
    fn batch_normalization_on_single_values_is_refused_or_told() {
        let data = data();
        let with = |batch_size| {
            let layers = ["linear 4", "batchnorm", "linear classes"].map(|layer| layer.parse().unwrap()).to_vec();
            let network = NetworkSpec { layers, ..NetworkSpec::default() };
            let batch_size = BatchSize::Exactly(batch_size);
            Trainer::new(
                &TrainSpec { network, batch_size, optimizer: OptimizerSpec::SGD, ..spec(1) },
                Arc::clone(&data),
            )
        };
        let Err(SetupError::Network(error)) = with(1) else { panic!("it was built") };
        assert_eq!(error.layer, Some(1));
        assert!(error.message().starts_with("layer 1, batchnorm: in minibatches of 1 sample"), "{error}");
        assert!(with(5000).unwrap().notes().is_empty());
        // One minibatch of 9,999 samples and one of 1: as the note says, the latter moves neither the first layer nor the
        // running statistics, but the layers from the normalization on.
        let mut trainer = with(9_999).unwrap();
        assert!(trainer.notes()[0].text.contains("(10,000 samples in minibatches of 9,999): there layer 1, batchnorm"));
        trainer.step().unwrap();
        let weights = |trainer: &Trainer| -> Vec<Vec<f32>> {
            trainer.network().parameters().map(|parameter| parameter.value.clone()).collect()
        };
        let statistics = |trainer: &Trainer| -> Vec<Vec<f32>> {
            trainer.network().buffers().map(|buffer| buffer.value.clone()).collect()
        };
        let before = (weights(&trainer), statistics(&trainer));
        assert_eq!(trainer.step().unwrap().samples, 1);
        let after = (weights(&trainer), statistics(&trainer));
        assert_eq!((&before.0[..2], &before.1), (&after.0[..2], &after.1));
        assert_ne!(before.0[3..], after.0[3..]);
        assert!(after.1.iter().flatten().all(|value| value.is_finite()));
    }

    /// A network of four layers without biases whose initial weights are scaled.
    fn scaled_trainer(scales: [f32; 4]) -> Trainer {
        let layers = ["linear 8", "linear 8", "linear 8", "linear classes"].map(|layer| layer.parse().unwrap());
        let network = NetworkSpec { layers: layers.to_vec(), ..NetworkSpec::default() };
        let mut trainer = Trainer::new(&TrainSpec { network, ..spec(1) }, data()).unwrap();
        let scales = scales.into_iter().flat_map(|scale| [scale, 0.0]);
        for (parameter, scale) in trainer.network.parameters_mut().zip(scales) {
            parameter.value.iter_mut().for_each(|value| *value *= scale);
        }
        trainer
    }

    #[test]
    fn numbers_that_are_not_finite_never_reach_the_weights() {
        let bits = |trainer: &Trainer| -> Vec<u32> {
            trainer.network().parameters().flat_map(|parameter| &parameter.value).map(|value| value.to_bits()).collect()
        };
        // Large outputs break the loss. With small inputs to large weights only the way back breaks.
        for (scales, breaks_loss) in [([1e13; 4], true), ([1e-12, 1e14, 1e14, 1e14], false)] {
            let mut trainer = scaled_trainer(scales);
            let before = bits(&trainer);
            let error = trainer.step().unwrap_err();
            assert_eq!(matches!(error, StepError::Loss { .. }), breaks_loss, "{error}");
            assert_eq!(bits(&trainer), before, "{error}");
            // The same by walking.
            let mut walked = scaled_trainer(scales);
            let outcome = loop {
                if let Some(outcome) = walked.advance_phase() {
                    break outcome;
                }
            };
            assert!(outcome.is_err());
            assert_eq!(bits(&walked), before);
        }
    }

    #[test]
    fn a_minibatch_whose_update_is_left_out_leaves_the_running_statistics_as_they_were() {
        let layers =
            ["linear 4", "batchnorm", "residual [linear 4, batchnorm]", "linear classes"].map(|l| l.parse().unwrap());
        let network = NetworkSpec { layers: layers.to_vec(), ..NetworkSpec::default() };
        let mut trainer = Trainer::new(&TrainSpec { network, ..spec(1) }, data()).unwrap();
        let statistics = |trainer: &Trainer| -> Vec<f32> {
            trainer.network().buffers().flat_map(|buffer| buffer.value.clone()).collect()
        };
        let new = statistics(&trainer);
        trainer.step().unwrap();
        let before = statistics(&trainer);
        assert_ne!(before, new);
        // Only the loss is not finite: the statistics of this minibatch are.
        trainer.network_mut().parameters_mut().last().unwrap().value[0] = f32::NAN;
        assert!(matches!(trainer.step(), Err(StepError::Loss { .. })));
        assert_eq!((statistics(&trainer), trainer.completed()), (before.clone(), 2));
        while trainer.advance_phase().is_none() {}
        assert_eq!((statistics(&trainer), trainer.completed()), (before, 3));
    }

    #[test]
    fn a_minibatch_that_is_skipped_leaves_everything_that_trains_as_it_was() {
        let layers = ["linear 4", "batchnorm", "relu", "linear classes"].map(|l| l.parse().unwrap());
        let network = NetworkSpec { layers: layers.to_vec(), ..NetworkSpec::default() };
        let spec = TrainSpec { network, ema: Some(0.9), ..spec(1) };
        let mut trainer = Trainer::new(&spec, data()).unwrap();
        (0..3).for_each(|_| assert!(trainer.step().is_ok()));
        // Weights, running statistics, optimizer, its counts and the average.
        let tensors = |trainer: &mut Trainer| {
            let (_, training, state) = trainer.store();
            (training.into_tensors().unwrap().names().map(String::from).collect::<Vec<_>>(), state)
        };
        let (names, before) = tensors(&mut trainer);
        assert!(names.len() > 8, "{names:?}");
        trainer.set_skipped(Some(4));
        let (_, standing) = tensors(&mut trainer);
        assert_eq!(standing.skipped, Some(4));
        assert!(matches!(trainer.step(), Err(StepError::Skipped { loss }) if loss.is_finite()));
        let (_, after) = tensors(&mut trainer);
        assert_eq!((after.step, after.skipped), (4, None));
        assert_eq!(crate::train::TrainerState { step: 3, ..after }, before);
        // By walking, too, and only this one.
        trainer.set_skipped(Some(5));
        let outcome = loop {
            if let Some(outcome) = trainer.advance_phase() {
                break outcome;
            }
        };
        assert!(matches!(outcome, Err(StepError::Skipped { .. })));
        assert_eq!(trainer.weights_sha256(), before.weights_sha256);
        trainer.step().unwrap();
        assert_ne!(trainer.weights_sha256(), before.weights_sha256);
        // Also where its numbers are not finite: it was to be left out.
        trainer.network_mut().parameters_mut().last().unwrap().value[0] = f32::NAN;
        trainer.set_skipped(Some(7));
        assert!(matches!(trainer.step(), Err(StepError::Skipped { .. })));
        assert!(matches!(trainer.step(), Err(StepError::Loss { .. })));
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
