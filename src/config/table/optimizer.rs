//! The keys of `optimizer`.

use super::super::OptimizerKind;
use super::super::keys::{ConfigKey, ValueKind};
use super::super::words::choose;
use crate::optim::{self, Range};

/// The keys in the order of `config.toml`.
pub(super) const KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "optimizer.kind",
        about: "Which rule moves the weights",
        kind: ValueKind::Text {
            values: "\"sgd\", \"rmsprop\", \"adam\", \"adamw\"",
            get: |c| c.optimizer.kind.name().into(),
            set: |c, text| choose(text, OptimizerKind::ALL, OptimizerKind::name).map(|kind| c.optimizer.kind = kind),
        },
    },
    ConfigKey {
        path: "optimizer.lr",
        about: "Learning rate, before the schedule",
        kind: ValueKind::Number {
            range: || optimizer_range("lr"),
            get: |c| c.optimizer.learning_rate,
            set: |c, v| c.optimizer.learning_rate = v,
        },
    },
    ConfigKey {
        path: "optimizer.momentum",
        about: "Momentum of sgd and rmsprop",
        kind: ValueKind::Number {
            range: || optimizer_range("momentum"),
            get: |c| c.optimizer.momentum,
            set: |c, v| c.optimizer.momentum = v,
        },
    },
    ConfigKey {
        path: "optimizer.nesterov",
        about: "Whether the momentum of sgd looks ahead (Nesterov)",
        kind: ValueKind::Flag { get: |c| c.optimizer.nesterov, set: |c, v| c.optimizer.nesterov = v },
    },
    ConfigKey {
        path: "optimizer.alpha",
        about: "Decay rate of the mean of squared gradients, of rmsprop",
        kind: ValueKind::Number {
            range: || optimizer_range("alpha"),
            get: |c| c.optimizer.alpha,
            set: |c, v| c.optimizer.alpha = v,
        },
    },
    ConfigKey {
        path: "optimizer.beta1",
        about: "Decay rate of the mean of gradients, of adam and adamw",
        kind: ValueKind::Number {
            range: || optimizer_range("beta1"),
            get: |c| c.optimizer.beta1,
            set: |c, v| c.optimizer.beta1 = v,
        },
    },
    ConfigKey {
        path: "optimizer.beta2",
        about: "Decay rate of the mean of squared gradients, of adam and adamw",
        kind: ValueKind::Number {
            range: || optimizer_range("beta2"),
            get: |c| c.optimizer.beta2,
            set: |c, v| c.optimizer.beta2 = v,
        },
    },
    ConfigKey {
        path: "optimizer.epsilon",
        about: "What rmsprop, adam and adamw add to the denominator",
        kind: ValueKind::Number {
            range: || optimizer_range("epsilon"),
            get: |c| c.optimizer.epsilon,
            set: |c, v| c.optimizer.epsilon = v,
        },
    },
    ConfigKey {
        path: "optimizer.weight_decay",
        about: "Weight decay: sgd, rmsprop and adam add that share of the weights to the gradient, adamw decays apart \
                from it",
        kind: ValueKind::Number {
            range: || optimizer_range("weight_decay"),
            get: |c| c.optimizer.weight_decay,
            set: |c, v| c.optimizer.weight_decay = v,
        },
    },
    ConfigKey {
        path: "optimizer.clip_norm",
        about: "Norm above which the whole gradient is scaled down to it; 0 is never",
        kind: ValueKind::Number {
            range: || optimizer_range("clip_norm"),
            get: |c| c.optimizer.clip_norm.unwrap_or(0.0),
            set: |c, v| c.optimizer.clip_norm = (v > 0.0).then_some(v),
        },
    },
    ConfigKey {
        path: "optimizer.ema",
        about: "Decay of the moving average of the weights that evaluations use, such as 0.999; 0 evaluates the \
                weights themselves. Training is the same",
        kind: ValueKind::Number {
            range: || Range::below(0.0, 1.0),
            get: |c| c.optimizer.ema.unwrap_or(0.0),
            set: |c, v| c.optimizer.ema = (v > 0.0).then_some(v),
        },
    },
];

/// The values that a hyperparameter may take, the same as while a run goes on.
fn optimizer_range(name: &str) -> Range {
    let any = Range { min: f64::MIN, min_included: true, max: f64::MAX, max_included: true };
    optim::hyperparameter_range(name).unwrap_or(any)
}
