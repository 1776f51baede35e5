//! An optimizer's update of one weight in the symbols of `docs/mathematics.md`, with its constants.

use super::OptimizerSpec;

/// How one update was done, besides the optimizer's own hyperparameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateFacts {
    /// η, the learning rate after the schedule.
    pub learning_rate: f64,
    /// c, what the gradient was multiplied by to clip its norm; `None` where gradients are not clipped.
    pub clip_scale: Option<f64>,
    /// t, the number of the update, from 1.
    pub step: u64,
    /// Whether it was SGD's first update with momentum, whose m is the gradient itself.
    pub momentum_begins: bool,
}

impl OptimizerSpec {
    /// What becomes of a weight θ with the gradient g, one assignment after the other. Terms that are switched off are
    /// left out.
    pub fn update_equations(&self, facts: &UpdateFacts) -> Vec<&'static str> {
        let decays = |weight_decay: f64| (weight_decay > 0.0).then_some("g ← g + λθ");
        let mut lines: Vec<&'static str> = facts.clip_scale.map(|_| "g ← cg").into_iter().collect();
        match *self {
            Self::Sgd { momentum, nesterov, weight_decay } => {
                lines.extend(decays(weight_decay));
                lines.extend(match (momentum > 0.0, facts.momentum_begins) {
                    (false, _) => None,
                    (true, true) => Some("m ← g"),
                    (true, false) => Some("m ← ρm + g"),
                });
                lines.push(match (momentum > 0.0, nesterov) {
                    (false, _) => "θ ← θ − ηg",
                    (true, false) => "θ ← θ − ηm",
                    (true, true) => "θ ← θ − η(g + ρm)",
                });
            }
            Self::RmsProp { momentum, weight_decay, .. } => {
                lines.extend(decays(weight_decay));
                lines.push("v ← αv + (1 − α)g²");
                lines.extend(if momentum > 0.0 {
                    ["m ← ρm + g/(√v + ε)", "θ ← θ − ηm"].iter()
                } else {
                    ["θ ← θ − ηg/(√v + ε)"].iter()
                });
            }
            Self::Adam { weight_decay, .. } | Self::AdamW { weight_decay, .. } => {
                let decoupled = matches!(self, Self::AdamW { .. });
                lines.extend(decays(weight_decay).filter(|_| !decoupled));
                lines.extend(["m ← β₁m + (1 − β₁)g", "v ← β₂v + (1 − β₂)g²"]);
                lines.extend(["m̂ = m/(1 − β₁ᵗ)", "v̂ = v/(1 − β₂ᵗ)"]);
                lines.push(if decoupled && weight_decay > 0.0 {
                    "θ ← θ − ηm̂/(√v̂ + ε) − ηλθ"
                } else {
                    "θ ← θ − ηm̂/(√v̂ + ε)"
                });
            }
        }
        lines
    }

    /// The constants of [`Self::update_equations`] by their symbols.
    pub fn update_constants(&self, facts: &UpdateFacts) -> Vec<(&'static str, f64)> {
        let mut found = vec![("η", facts.learning_rate)];
        found.extend(facts.clip_scale.map(|scale| ("c", scale)));
        let optional = |symbol, value: f64| (value > 0.0).then_some((symbol, value));
        match *self {
            Self::Sgd { momentum, weight_decay, .. } => {
                found.extend([optional("ρ", momentum), optional("λ", weight_decay)].into_iter().flatten());
            }
            Self::RmsProp { alpha, epsilon, momentum, weight_decay } => {
                found.extend([("α", alpha), ("ε", epsilon)]);
                found.extend([optional("ρ", momentum), optional("λ", weight_decay)].into_iter().flatten());
            }
            Self::Adam { beta1, beta2, epsilon, weight_decay }
            | Self::AdamW { beta1, beta2, epsilon, weight_decay } => {
                found.extend([("t", facts.step as f64), ("β₁", beta1), ("β₂", beta2), ("ε", epsilon)]);
                found.extend(optional("λ", weight_decay));
            }
        }
        found
    }

    /// Whether an update goes by a mean of gradients, m.
    pub fn has_momentum(&self) -> bool {
        match *self {
            Self::Sgd { momentum, .. } | Self::RmsProp { momentum, .. } => momentum > 0.0,
            Self::Adam { .. } | Self::AdamW { .. } => true,
        }
    }

    /// The step size of a weight whose mean of squared gradients is `second` after the update: η, divided by √v + ε
    /// where there is a v, both means corrected for their bias.
    pub fn step_size(&self, facts: &UpdateFacts, second: f64) -> f64 {
        let rate = facts.learning_rate;
        match *self {
            Self::Sgd { .. } => rate,
            Self::RmsProp { epsilon, .. } => rate / (second.sqrt() + epsilon),
            Self::Adam { beta1, beta2, epsilon, .. } | Self::AdamW { beta1, beta2, epsilon, .. } => {
                let correction = |beta: f64| 1.0 - beta.powf(facts.step as f64);
                rate / correction(beta1) / ((second / correction(beta2)).sqrt() + epsilon)
            }
        }
    }
}
