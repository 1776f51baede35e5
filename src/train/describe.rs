//! What stays the same while a run goes on, in the protocol's terms.

use crate::{
    nn::{self, Equations, LOSS_EQUATIONS, SettingValue},
    protocol::{DataInfo, LayerEquations, LayerInfo, LayerKind, LayerRole, LossInfo, RunInfo, Setting},
    train::{TrainSpec, Trainer, metrics},
};

/// All that stays the same while a run goes on.
pub fn describe_run(trainer: &Trainer, spec: &TrainSpec) -> RunInfo {
    let (network, data) = (trainer.network(), trainer.data());
    let layers: Vec<LayerInfo> = network.layer_infos().iter().map(layer).collect();
    RunInfo {
        seed: Some(spec.seed),
        threads: Some(network.pool().threads()),
        data: Some(DataInfo {
            name: data.name.clone(),
            train: Some(data.train.len()),
            test: Some(data.test.len()),
            shape: Some(data.shape.clone()),
            classes: data.classes.clone(),
        }),
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        layers,
        loss: Some(loss()),
        metrics: metrics::measured_metrics(),
        quantities: metrics::measured_quantities(),
        batch_size: Some(spec.batch_size),
        steps_per_epoch: Some(trainer.steps_per_epoch()),
        evaluate_every: Some(trainer.evaluate_every()),
        optimizer: Some(spec.optimizer.name().into()),
    }
}

/// The loss of every network.
pub(crate) fn loss() -> LossInfo {
    LossInfo { text: "softmax, cross entropy".into(), equations: Some(equations(&LOSS_EQUATIONS)) }
}

/// A layer in the protocol's terms; its path is its place in the network.
pub(crate) fn layer(info: &nn::LayerInfo) -> LayerInfo {
    LayerInfo {
        path: info.index.to_string(),
        parent: None,
        kind: LayerKind::read(
            info.spec.kind(),
            info.spec.settings().into_iter().map(|(name, value)| (name.to_owned(), setting(value))).collect(),
        ),
        role: role(info.spec.role()),
        input: Some(info.input.dimensions().to_vec()),
        output: Some(info.output.dimensions().to_vec()),
        parameters: Some(info.parameters as u64),
        text: info.spec.to_string(),
        equations: Some(equations(info.spec.equations())),
    }
}

fn equations(equations: &Equations) -> LayerEquations {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    LayerEquations {
        forward: lines(equations.forward),
        backward: lines(equations.backward),
        symbols: equations.symbols.into(),
    }
}

fn setting(value: SettingValue) -> Setting {
    let count = |count: usize| Setting::Count(count as u64);
    match value {
        SettingValue::Count(value) => count(value),
        SettingValue::Number(value) => Setting::of(value),
        SettingValue::Pair(down, across) => Setting::List(vec![count(down), count(across)]),
        SettingValue::Layers(layers) => Setting::List(layers.into_iter().map(Setting::Text).collect()),
    }
}

fn role(role: nn::LayerRole) -> LayerRole {
    match role {
        nn::LayerRole::Weights => LayerRole::Weights,
        nn::LayerRole::Activation => LayerRole::Activation,
        nn::LayerRole::Normalization => LayerRole::Normalization,
        nn::LayerRole::Pooling => LayerRole::Pooling,
        nn::LayerRole::Regularization => LayerRole::Regularization,
        nn::LayerRole::Shape => LayerRole::Shape,
        nn::LayerRole::Block => LayerRole::Block,
    }
}
