//! Rules that turn measurements into verdicts and sentences; `docs/health.md` lists them.
//!
//! A rule is a row of a table, in a file for each family. It speaks only after its condition held for as many looks in a
//! row as its patience says, so that a single odd minibatch raises no alarm, and speaks again only after the condition
//! was gone for as long. Sentences and advice name what the monitor can see, such as the learning rate.

mod circumstances;
mod evaluations;
mod layers;
mod rule;
mod settings;
mod training;
mod trouble;
mod usual;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::{
    circumstances::{Circumstances, chance_loss},
    evaluations::FavouriteClass,
    settings::{EXPLODING_RANGE, HealthSettings, SPIKE_RANGE},
};
use self::{
    evaluations::EvaluationMemory,
    layers::{LayerMemory, ReportedLayers},
    training::{BROKEN_RULE, LossMemory},
    trouble::TroubleMemory,
};
use crate::{
    protocol::Finding,
    train::{LayerMeasures, StepError, StepOutcome, TestResult, evidence::Evidence},
};

/// The memory of the rules over one run. What an older checkpoint does not have begins anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthMonitor {
    /// For each layer with parameters; empty before the first look.
    layers: Vec<LayerMemory>,
    loss: LossMemory,
    evaluations: EvaluationMemory,
    trouble: TroubleMemory,
}

impl HealthMonitor {
    /// Judges each layer, writes the verdicts into `layers` and returns what is new.
    pub fn judge_layers(&mut self, layers: &mut [LayerMeasures], at: &Circumstances) -> Vec<Finding> {
        let findings = layers::judge_layers(&mut self.layers, layers, at, self.loss.is_at_chance(at));
        if !self.trouble.is_suspicious() {
            layers::note_usual_gradients(&mut self.layers, layers);
        }
        findings
    }

    /// Writes the verdicts of the last look into `layers`.
    pub fn repeat_verdicts(&self, layers: &mut [LayerMeasures]) {
        for (layer, memory) in layers.iter_mut().zip(&self.layers) {
            layer.health = memory.verdict;
        }
    }

    /// Takes note of the loss of a minibatch; speaks when it stays at chance.
    pub fn judge_loss(&mut self, loss: f64, at: &Circumstances) -> Vec<Finding> {
        self.evaluations.add_training_loss(loss);
        self.loss.judge_loss(loss, layers::reported_layers(&self.layers), at)
    }

    /// Takes note of loss and gradient norm of a minibatch; speaks of a spike, and when they explode. `evidence` is asked for only
    /// where something is wrong. To be called before the layers of the same minibatch are judged.
    pub fn judge_minibatch(
        &mut self,
        outcome: &StepOutcome,
        settings: &HealthSettings,
        at: &Circumstances,
        evidence: impl FnOnce() -> Evidence,
    ) -> Option<Finding> {
        let Self { layers, trouble, .. } = self;
        trouble.judge_minibatch(outcome, settings, at, || {
            let evidence = evidence();
            let layer = layers::first_jumped_gradient(layers, &evidence.gradients);
            (evidence, layer)
        })
    }

    /// What to say of a minibatch with numbers that are not finite.
    pub fn judge_broken_step(&mut self, error: &StepError, at: &Circumstances, evidence: Evidence) -> Finding {
        let layer = match *error {
            StepError::Gradient { layer, .. } => Some(layer),
            StepError::Loss { .. } | StepError::Skipped { .. } => None,
        };
        let look = self.loss.broken_look(error, at, &evidence);
        let trouble = Some(Box::new(self.trouble.judge_broken(evidence, at)));
        Finding { trouble, ..BROKEN_RULE.describe(&look, at.step, layer) }
    }

    /// Minibatches in a row with numbers that are not finite, up to the newest.
    pub fn broken_minibatches(&self) -> u32 {
        self.trouble.broken_minibatches()
    }

    /// Judges an evaluation of the test split, for which `favourite` was predicted most often.
    pub fn judge_evaluation(
        &mut self,
        evaluation: &TestResult,
        favourite: FavouriteClass,
        at: &Circumstances,
    ) -> Vec<Finding> {
        self.evaluations.judge(evaluation, favourite, at)
    }

    /// What to say at the end of the run if it was too short for the rules, and they have found nothing.
    pub fn judge_end(&self, at: &Circumstances) -> Option<Finding> {
        let silent = layers::reported_layers(&self.layers) == ReportedLayers::None && !self.loss.is_reported();
        let looks = self.layers.iter().map(|layer| layer.looks).max().unwrap_or(0);
        if silent { self.loss.judge_end(looks, at) } else { None }
    }
}
