//! What stays the same while a run goes on, in the protocol's terms.

use crate::{
    dataset,
    nn::{self, Equations, LOSS_EQUATIONS, SettingValue},
    protocol::{
        ColumnInfo, DataInfo, DataNote, DataNoteKind, LayerEquations, LayerInfo, LayerKind, LayerRole, LossInfo,
        RunInfo, Setting,
    },
    train::{TrainSpec, Trainer, metrics},
};

/// All that stays the same while a run goes on.
pub fn describe_run(trainer: &Trainer, spec: &TrainSpec) -> RunInfo {
    let (network, data) = (trainer.network(), trainer.data());
    let layers: Vec<LayerInfo> = network.layer_infos().iter().map(describe_layer).collect();
    RunInfo {
        seed: Some(spec.seed),
        threads: Some(network.pool().threads()),
        data: Some(DataInfo {
            name: data.name.clone(),
            train: Some(data.train.len()),
            test: Some(data.test.len()),
            shape: Some(data.shape.clone()),
            classes: data.classes.clone(),
            columns: data.columns.iter().map(describe_column).collect(),
            notes: data.notes.iter().chain(trainer.notes()).map(describe_note).collect(),
        }),
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        layers,
        loss: Some(loss_info()),
        metrics: metrics::measured_metrics(),
        quantities: metrics::measured_quantities(),
        batch_size: Some(trainer.minibatch().batch_size()),
        steps_per_epoch: Some(trainer.steps_per_epoch()),
        evaluate_every: Some(trainer.evaluate_every()),
        optimizer: Some(spec.optimizer.name().into()),
        memory: None,
        folder: None,
    }
}

fn describe_column(column: &dataset::DataColumn) -> ColumnInfo {
    ColumnInfo { name: column.name.clone(), offset: Some(column.offset), scale: Some(column.scale) }
}

fn describe_note(note: &dataset::DataNote) -> DataNote {
    DataNote { kind: note.kind.into(), text: note.text.clone() }
}

impl From<dataset::DataNoteKind> for DataNoteKind {
    fn from(kind: dataset::DataNoteKind) -> Self {
        match kind {
            dataset::DataNoteKind::LeftOut => Self::LeftOut,
            dataset::DataNoteKind::Assumed => Self::Assumed,
            dataset::DataNoteKind::Suspicious => Self::Suspicious,
        }
    }
}

/// The loss of every network.
pub(crate) fn loss_info() -> LossInfo {
    LossInfo { text: "softmax, cross entropy".into(), equations: Some(describe_equations(&LOSS_EQUATIONS)) }
}

/// A layer in the protocol's terms; its path is its place in the network.
pub(crate) fn describe_layer(info: &nn::PlacedLayer) -> LayerInfo {
    LayerInfo {
        path: info.index.to_string(),
        parent: None,
        kind: LayerKind::from_word(
            info.spec.kind(),
            info.spec.settings().into_iter().map(|(name, value)| (name.to_owned(), describe_setting(value))).collect(),
        ),
        role: describe_role(info.spec.category()),
        input: Some(info.input.dimensions().to_vec()),
        output: Some(info.output.dimensions().to_vec()),
        parameters: Some(info.parameters as u64),
        text: info.spec.to_string(),
        equations: Some(describe_equations(info.spec.equations())),
    }
}

fn describe_equations(equations: &Equations) -> LayerEquations {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    LayerEquations {
        forward: lines(equations.forward),
        backward: lines(equations.backward),
        symbols: equations.symbols.into(),
    }
}

fn describe_setting(value: SettingValue) -> Setting {
    let count = |count: usize| Setting::Count(count as u64);
    match value {
        SettingValue::Count(value) => count(value),
        SettingValue::Number(value) => Setting::of(value),
        SettingValue::Pair(down, across) => Setting::List(vec![count(down), count(across)]),
        SettingValue::Layers(layers) => Setting::List(layers.into_iter().map(Setting::Text).collect()),
    }
}

fn describe_role(role: nn::LayerCategory) -> LayerRole {
    match role {
        nn::LayerCategory::Weights => LayerRole::Weights,
        nn::LayerCategory::Activation => LayerRole::Activation,
        nn::LayerCategory::Normalization => LayerRole::Normalization,
        nn::LayerCategory::Pooling => LayerRole::Pooling,
        nn::LayerCategory::Regularization => LayerRole::Regularization,
        nn::LayerCategory::Shape => LayerRole::Shape,
        nn::LayerCategory::Block => LayerRole::Block,
    }
}
