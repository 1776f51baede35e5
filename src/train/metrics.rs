//! What the engine measures, as data: a table for minibatches, one for evaluations and one for layers. A metric that is
//! added to a table is described to every viewer and shown by every viewer.

use crate::{
    protocol::{
        Better, MetricId, MetricInfo, MetricValue, MetricValues, Unit,
        metric::{
            EFFECTIVE_LEARNING_RATE, LAYER_DEAD_UNITS, LAYER_GRADIENT_NORM, LAYER_UPDATE_RATIO, LAYER_WEIGHT_NORM,
            TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_GRADIENT_NORM, TRAIN_LOSS,
        },
    },
    train::measures::{LayerMeasures, StepMeasures, TestResult},
};

/// A metric, and how it is read out of what was measured.
struct MeasuredMetric<T> {
    info: fn(u32) -> MetricInfo,
    value: fn(&T) -> Option<f64>,
}

const OF_STEPS: [MeasuredMetric<StepMeasures>; 4] = [
    MeasuredMetric { info: |id| loss(id, TRAIN_LOSS), value: |step| Some(step.loss) },
    MeasuredMetric { info: |id| accuracy(id, TRAIN_ACCURACY), value: |step| step.accuracy },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, TRAIN_GRADIENT_NORM, "gradient norm").floor(0.0),
        value: |step| step.gradient_norm,
    },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, EFFECTIVE_LEARNING_RATE, "learning rate").floor(0.0),
        value: |step| Some(step.effective_learning_rate),
    },
];

const OF_EVALUATIONS: [MeasuredMetric<TestResult>; 2] = [
    MeasuredMetric { info: |id| loss(id, TEST_LOSS), value: |test| Some(test.loss) },
    MeasuredMetric { info: |id| accuracy(id, TEST_ACCURACY), value: |test| Some(test.accuracy) },
];

const OF_LAYERS: [MeasuredMetric<LayerMeasures>; 4] = [
    MeasuredMetric {
        info: |id| MetricInfo::new(id, LAYER_GRADIENT_NORM, "gradient norm").short("norm").floor(0.0),
        value: |layer| Some(layer.gradient_norm),
    },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, LAYER_UPDATE_RATIO, "update / weight").short("upd/w").floor(0.0),
        value: |layer| Some(layer.update_ratio()),
    },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, LAYER_DEAD_UNITS, "dead units").short("dead").share().better(Better::Lower),
        value: |layer| layer.dead,
    },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, LAYER_WEIGHT_NORM, "weight norm").floor(0.0),
        value: |layer| Some(layer.weight_norm),
    },
];

/// The first id of the metrics of evaluations; those of minibatches come before.
const FIRST_OF_EVALUATIONS: u32 = OF_STEPS.len() as u32;

fn loss(id: u32, tag: &str) -> MetricInfo {
    MetricInfo::new(id, tag, "loss").unit(Unit::Named("nats".into())).floor(0.0).better(Better::Lower)
}

fn accuracy(id: u32, tag: &str) -> MetricInfo {
    MetricInfo::new(id, tag, "accuracy").short("acc").share().better(Better::Higher)
}

/// The metrics of minibatches and of evaluations.
pub fn measured_metrics() -> Vec<MetricInfo> {
    infos(&OF_STEPS, 0).chain(infos(&OF_EVALUATIONS, FIRST_OF_EVALUATIONS)).collect()
}

/// What is measured of layers.
pub fn measured_quantities() -> Vec<MetricInfo> {
    infos(&OF_LAYERS, 0).collect()
}

/// The values of a minibatch.
pub(super) fn of_step(step: &StepMeasures) -> MetricValues {
    values(&OF_STEPS, 0, step)
}

/// The values of an evaluation.
pub(super) fn of_evaluation(test: &TestResult) -> MetricValues {
    values(&OF_EVALUATIONS, FIRST_OF_EVALUATIONS, test)
}

/// The values of a layer.
pub(super) fn of_layer(layer: &LayerMeasures) -> MetricValues {
    values(&OF_LAYERS, 0, layer)
}

fn infos<T>(table: &[MeasuredMetric<T>], first: u32) -> impl Iterator<Item = MetricInfo> {
    table.iter().zip(first..).map(|(measured, id)| (measured.info)(id))
}

fn values<T>(table: &[MeasuredMetric<T>], first: u32, from: &T) -> MetricValues {
    let values = table.iter().zip(first..);
    values.filter_map(|(measured, id)| Some(MetricValue(MetricId(id), (measured.value)(from)?))).collect()
}
