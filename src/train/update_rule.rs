//! What the gradients do to the weights: clipping, the scheduled learning rate, the optimizer.

use crate::{
    nn::Network,
    optim::{self, Optimizer, Schedule, SettingError, UpdateFacts},
    train::{
        TrainSpec,
        traced_update::{StateBeforeUpdate, TracedUpdate},
    },
};

/// The optimizer with everything that can be set about an update while the run goes on.
#[derive(Debug)]
pub(super) struct UpdateRule {
    optimizer: Optimizer<f32>,
    /// Base learning rate, before the schedule, which the caller has checked against its range.
    pub learning_rate: f64,
    pub schedule: Schedule,
    /// Largest norm of the gradient; `None` leaves gradients alone.
    pub clip_norm: Option<f64>,
    /// Whether updates are traced: what became of the weights that changed the most is kept. Normally false.
    pub traces: bool,
    /// The last update in numbers, if it was traced.
    traced: Option<TracedUpdate>,
}

impl UpdateRule {
    /// The rule that `spec` describes, before the first update of the network.
    pub fn new(spec: &TrainSpec, network: &Network<f32>) -> Self {
        Self {
            optimizer: Optimizer::new(&spec.optimizer, network),
            learning_rate: spec.learning_rate,
            schedule: spec.schedule,
            clip_norm: spec.clip_norm,
            traces: false,
            traced: None,
        }
    }

    /// The same rule in the same state, whose rate no schedule changes.
    pub fn copy_at_constant_rate(&self) -> Self {
        Self {
            optimizer: self.optimizer.clone(),
            learning_rate: self.learning_rate,
            schedule: Schedule::default(),
            clip_norm: self.clip_norm,
            traces: false,
            traced: None,
        }
    }

    /// Learning rate of the update that follows `step` completed minibatches, in a run of `planned_steps`.
    pub fn learning_rate_at(&self, step: u64, planned_steps: u64) -> f64 {
        self.learning_rate * self.schedule.factor(step, planned_steps)
    }

    /// Updates the weights with their gradients, which together have the norm `gradient_norm`.
    pub fn apply(&mut self, network: &mut Network<f32>, learning_rate: f64, gradient_norm: f64) {
        let before = self.traces.then(|| StateBeforeUpdate::new(network, &self.optimizer));
        let clip_scale = self.clip_scale(gradient_norm);
        self.optimizer.step(network, learning_rate, clip_scale.unwrap_or(1.0));
        self.traced = before.map(|before| {
            let [step, momentum_steps] = self.optimizer.step_counts();
            let facts = UpdateFacts { learning_rate, clip_scale, step, momentum_begins: momentum_steps == 1 };
            before.compare(network, &self.optimizer, &facts)
        });
    }

    /// The last update in numbers, if it was traced.
    pub fn traced(&self) -> Option<&TracedUpdate> {
        self.traced.as_ref()
    }

    /// What a gradient of this norm is multiplied by; `None` where gradients are not clipped.
    fn clip_scale(&self, gradient_norm: f64) -> Option<f64> {
        self.clip_norm.map(|max_norm| optim::clip_scale(gradient_norm, max_norm))
    }

    /// The optimizer, with the norms of its last updates.
    pub fn optimizer(&self) -> &Optimizer<f32> {
        &self.optimizer
    }

    /// The optimizer, to be restored.
    pub fn optimizer_mut(&mut self) -> &mut Optimizer<f32> {
        &mut self.optimizer
    }

    /// Sets one of the optimizer's own hyperparameters.
    ///
    /// # Errors
    /// As [`Optimizer::set_hyperparameter`].
    pub fn set_hyperparameter(&mut self, key: &str, value: f64) -> Result<(), SettingError> {
        self.optimizer.set_hyperparameter(key, value)
    }
}
