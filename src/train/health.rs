//! Rules that turn measurements into verdicts and sentences.
//!
//! A rule about a layer speaks only after its condition held for [`PATIENCE_LOOKS`] looks in a row, so that a single
//! odd minibatch raises no alarm, and speaks again only after the condition was gone for as long.

use serde::{Deserialize, Serialize};

use crate::{
    protocol::{Finding, Health, number},
    train::{LayerMeasures, TestResult},
};

/// Looks of the probe for which a condition must hold before it becomes a finding.
const PATIENCE_LOOKS: u32 = 10;

/// Evaluations in a row with a test loss well above the best, and a training loss below that of then, before
/// overfitting is named.
const PATIENCE_EVALUATIONS: u32 = 3;

/// What is well above the best test loss: this multiple of it, and this many nats more.
const WELL_ABOVE_BEST: (f64, f64) = (1.1, 0.02);

/// Share of the largest layer's gradient norm below which a gradient has vanished.
const VANISHED_GRADIENT_SHARE: f64 = 1e-5;

/// What can be wrong with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LayerComplaint {
    MostlyDead,
    HalfDead,
    HugeUpdates,
    LargeUpdates,
    VanishedGradient,
}

const COMPLAINTS: [LayerComplaint; 5] = [
    LayerComplaint::MostlyDead,
    LayerComplaint::HugeUpdates,
    LayerComplaint::VanishedGradient,
    LayerComplaint::HalfDead,
    LayerComplaint::LargeUpdates,
];

impl LayerComplaint {
    fn holds(self, layer: &LayerMeasures, largest_gradient: f64, dead_somewhere: bool) -> bool {
        let dead = layer.dead.unwrap_or(0.0);
        let ratio = layer.update_ratio();
        match self {
            Self::MostlyDead => dead > 0.9,
            Self::HalfDead => dead > 0.5 && dead <= 0.9,
            Self::HugeUpdates => ratio > 1.0,
            Self::LargeUpdates => ratio > 0.1 && ratio <= 1.0,
            // Where units are dead, nothing comes through: that is then the cause to name.
            Self::VanishedGradient => {
                layer.gradient_norm < VANISHED_GRADIENT_SHARE * largest_gradient && !dead_somewhere
            }
        }
    }

    fn health(self) -> Health {
        match self {
            Self::MostlyDead | Self::HugeUpdates | Self::VanishedGradient => Health::Bad,
            Self::HalfDead | Self::LargeUpdates => Health::Watch,
        }
    }

    fn finding_sentences(self, layer: &LayerMeasures) -> (String, &'static str) {
        let index = layer.layer;
        match self {
            Self::MostlyDead | Self::HalfDead => (
                format!("{:.0} % of the units of layer {index} are dead", 100.0 * layer.dead.unwrap_or(0.0)),
                "lower the learning rate; dead units rarely come back, so start again, or use leaky_relu",
            ),
            Self::HugeUpdates | Self::LargeUpdates => (
                format!("each update changes layer {index} by {:.0} % of its weights", 100.0 * layer.update_ratio()),
                "lower the learning rate; about 0.1 % is usual",
            ),
            Self::VanishedGradient => {
                (format!("the gradient vanishes before it reaches layer {index}"), "use relu with he, or fewer layers")
            }
        }
    }
}

/// How long one complaint about one layer has held, or has been gone since it was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct ComplaintStreak {
    /// Looks in a row at which it held; after the report, looks left until it counts as gone. Normally 0.
    looks: u32,
    /// Whether it was reported and is not gone since. Normally false.
    reported: bool,
}

impl ComplaintStreak {
    /// Counts a look; true when the complaint is to be reported now.
    fn count_look(&mut self, holds: bool) -> bool {
        self.looks = if holds == self.reported {
            if holds { PATIENCE_LOOKS } else { 0 }
        } else if holds {
            self.looks + 1
        } else {
            self.looks - 1
        };
        if !self.reported && self.looks == PATIENCE_LOOKS {
            self.reported = true;
            return true;
        }
        if self.reported && self.looks == 0 {
            self.reported = false;
        }
        false
    }
}

/// The evaluation with the least test loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct BestEvaluation {
    step: u64,
    #[serde(with = "number")]
    test_loss: f64,
    /// Mean over the minibatches that led to it; NaN if there were none.
    #[serde(with = "number")]
    training_loss: f64,
}

/// Losses that are added up for their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct LossSum {
    #[serde(with = "number")]
    sum: f64,
    count: u32,
}

/// The memory of the rules over one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HealthMonitor {
    /// For each layer with parameters; empty before the first look.
    streaks: Vec<[ComplaintStreak; COMPLAINTS.len()]>,
    /// The losses of the minibatches since the last evaluation.
    training: LossSum,
    /// Empty before the first evaluation.
    best: Option<BestEvaluation>,
    /// Step of the last evaluation, so that the same one is not counted again.
    last_evaluation: Option<u64>,
    /// Evaluations in a row that were well above the best. Normally 0.
    worse_evaluations: u32,
    /// Whether overfitting was reported since the best evaluation. Normally false.
    overfitting_reported: bool,
}

impl HealthMonitor {
    /// Judges each layer, writes the verdicts into `layers` and returns what is new.
    pub fn judge_layers(&mut self, step: u64, layers: &mut [LayerMeasures]) -> Vec<Finding> {
        self.streaks.resize(layers.len(), Default::default());
        let largest = layers.iter().map(|layer| layer.gradient_norm).fold(0.0, f64::max);
        let dead_somewhere = layers.iter().any(|layer| layer.dead.is_some_and(|dead| dead > 0.9));
        let mut findings = Vec::new();
        for (layer, streaks) in layers.iter_mut().zip(&mut self.streaks) {
            layer.health = Health::Good;
            for (complaint, streak) in COMPLAINTS.into_iter().zip(streaks) {
                if streak.count_look(complaint.holds(layer, largest, dead_somewhere)) {
                    let (what, advice) = complaint.finding_sentences(layer);
                    let health = complaint.health();
                    findings.push(Finding { step, health, layer: Some(layer.layer), what, advice: advice.into() });
                }
                if streak.reported && layer.health == Health::Good {
                    layer.health = complaint.health();
                }
            }
        }
        findings
    }

    /// Takes note of the loss of a minibatch.
    pub fn record_training_loss(&mut self, loss: f64) {
        self.training.sum += loss;
        self.training.count += 1;
    }

    /// Watches the test loss; speaks once when it stays well above its best although the training loss fell.
    pub fn judge_evaluation(&mut self, evaluation: &TestResult) -> Option<Finding> {
        if !evaluation.loss.is_finite() || self.last_evaluation == Some(evaluation.step) {
            return None;
        }
        self.last_evaluation = Some(evaluation.step);
        let LossSum { sum, count } = std::mem::take(&mut self.training);
        let training_loss = sum / f64::from(count);
        match self.best {
            Some(best) if evaluation.loss > best.test_loss => {
                let (times, more) = WELL_ABOVE_BEST;
                let above = evaluation.loss > (best.test_loss * times).max(best.test_loss + more);
                // Where both rise it is the learning rate, and says so elsewhere.
                let overfits = above && training_loss < best.training_loss;
                self.worse_evaluations = if overfits { self.worse_evaluations + 1 } else { 0 };
                if self.worse_evaluations < PATIENCE_EVALUATIONS || self.overfitting_reported {
                    return None;
                }
                self.overfitting_reported = true;
                Some(Finding {
                    step: evaluation.step,
                    health: Health::Watch,
                    layer: None,
                    what: format!(
                        "the test loss rises since step {}: {:.3} → {:.3}; the network overfits",
                        best.step, best.test_loss, evaluation.loss
                    ),
                    advice: "stop here, lower the learning rate, or add dropout or weight decay".into(),
                })
            }
            _ => {
                self.best = Some(BestEvaluation { step: evaluation.step, test_loss: evaluation.loss, training_loss });
                self.worse_evaluations = 0;
                self.overfitting_reported = false;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(dead: f64, gradient_norm: f64, update_norm: f64) -> LayerMeasures {
        LayerMeasures { layer: 2, weight_norm: 1.0, gradient_norm, update_norm, dead: Some(dead), health: Health::Good }
    }

    #[test]
    fn a_condition_is_told_once_and_again_after_it_was_gone() {
        let mut monitor = HealthMonitor::default();
        let mut told = Vec::new();
        for step in 1..=60 {
            let sick = step <= 25 || step > 45;
            let mut layers = [layer(if sick { 0.95 } else { 0.0 }, 1.0, 1e-3)];
            told.extend(
                monitor.judge_layers(step, &mut layers).into_iter().map(|finding| (finding.step, finding.health)),
            );
            let expected = if (10..35).contains(&step) || step >= 55 { Health::Bad } else { Health::Good };
            assert_eq!(layers[0].health, expected, "step {step}");
        }
        assert_eq!(told, [(10, Health::Bad), (55, Health::Bad)]);
    }

    #[test]
    fn each_rule_names_its_layer() {
        for (probe, word) in [
            (layer(0.6, 1.0, 1e-3), "dead"),
            (layer(0.0, 1.0, 0.5), "50 %"),
            (layer(0.0, 1.0, 2.0), "200 %"),
            (layer(0.0, 1e-9, 1e-3), "vanishes"),
            // Nothing comes through dead units: one cause, named once.
            (layer(1.0, 0.0, 1e-3), "dead"),
        ] {
            let mut monitor = HealthMonitor::default();
            let mut layers = [probe, LayerMeasures { layer: 4, ..layer(0.0, 1.0, 1e-3) }];
            let findings: Vec<Finding> = (1..=10).flat_map(|step| monitor.judge_layers(step, &mut layers)).collect();
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].what.contains(word) && findings[0].layer == Some(2), "{findings:?}");
        }
    }

    #[test]
    fn overfitting_is_named_after_three_worse_evaluations() {
        let mut monitor = HealthMonitor::default();
        // The same step evaluated again, and a loss that is no number, say nothing.
        let losses = [1.0, 0.5, 0.6, 0.6, 0.6, f64::NAN, 0.57, 0.7, 0.8, 0.4, 0.5];
        let told: Vec<u64> = losses
            .into_iter()
            .zip([1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9])
            .filter_map(|(loss, step)| {
                monitor.record_training_loss(1.0 / step as f64);
                let evaluation = TestResult { step, epoch: 0.0, loss, accuracy: 0.5, samples: 10, seconds: 0.0 };
                monitor.judge_evaluation(&evaluation).map(|finding| finding.step)
            })
            .collect();
        assert_eq!(told, [6]);
    }

    #[test]
    fn a_rate_that_is_too_high_and_a_trifle_are_no_overfitting() {
        let told = |test: [f64; 5], training: [f64; 5]| {
            let mut monitor = HealthMonitor::default();
            let rounds = test.into_iter().zip(training).zip(1..);
            rounds.fold(false, |told, ((loss, trained), step)| {
                monitor.record_training_loss(trained);
                let evaluation = TestResult { step, epoch: 0.0, loss, accuracy: 0.5, samples: 10, seconds: 0.0 };
                monitor.judge_evaluation(&evaluation).is_some() || told
            })
        };
        assert!(told([0.5, 0.6, 0.6, 0.6, 0.6], [0.5, 0.4, 0.3, 0.2, 0.1]));
        assert!(!told([0.5, 0.6, 0.6, 0.6, 0.6], [0.5, 0.9, 0.8, 0.7, 0.6]));
        assert!(!told([0.016, 0.017, 0.018, 0.017, 0.018], [0.02, 0.019, 0.018, 0.017, 0.016]));
    }
}
