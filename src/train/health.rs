//! Rules that turn measurements into verdicts and sentences; `docs/health.md` lists them.
//!
//! A rule is a row of a table, in a file for each family. It speaks only after its condition held for as many looks in a
//! row as its patience says, so that a single odd minibatch raises no alarm, and speaks again only after the condition
//! was gone for as long. Sentences and advice name what the monitor can see, such as the learning rate.

mod circumstances;
mod evaluations;
mod layers;
mod rule;
mod training;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::{
    circumstances::{Circumstances, chance_loss},
    evaluations::FavouriteClass,
};
use self::{
    evaluations::EvaluationMemory,
    layers::{LayerMemory, ReportedLayers},
    training::{BROKEN_RULE, LossMemory},
};
use crate::{
    protocol::Finding,
    train::{LayerMeasures, StepError, TestResult},
};

/// The memory of the rules over one run. What an older checkpoint does not have begins anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthMonitor {
    /// For each layer with parameters; empty before the first look.
    layers: Vec<LayerMemory>,
    loss: LossMemory,
    evaluations: EvaluationMemory,
}

impl HealthMonitor {
    /// Judges each layer, writes the verdicts into `layers` and returns what is new.
    pub fn judge_layers(&mut self, layers: &mut [LayerMeasures], at: &Circumstances) -> Vec<Finding> {
        layers::judge_layers(&mut self.layers, layers, at, self.loss.is_at_chance(at))
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

    /// What to say of a minibatch with numbers that are not finite.
    pub fn judge_broken_step(&self, error: &StepError, at: &Circumstances) -> Finding {
        let layer = match *error {
            StepError::Gradient { layer, .. } => Some(layer),
            StepError::Loss { .. } => None,
        };
        BROKEN_RULE.describe(&self.loss.broken_look(error, at), at.step, layer)
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
