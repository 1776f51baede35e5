//! What the engine measures, as data: a table for minibatches, one for evaluations and one for layers. A metric that is
//! added to a table is described to every viewer, and every chart can show it.

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

/// How many metrics of minibatches are means over their samples.
pub(super) const SAMPLE_METRIC_COUNT: usize = 2;

/// Metrics of minibatches that are means over their samples: several minibatches have a mean, too.
const SAMPLE_METRICS: [MeasuredMetric<StepMeasures>; SAMPLE_METRIC_COUNT] = [
    MeasuredMetric { info: |id| loss_metric(id, TRAIN_LOSS), value: |step| Some(step.loss) },
    MeasuredMetric { info: |id| accuracy_metric(id, TRAIN_ACCURACY), value: |step| step.accuracy },
];

/// The other metrics of minibatches.
const UPDATE_METRICS: [MeasuredMetric<StepMeasures>; 2] = [
    MeasuredMetric {
        info: |id| MetricInfo::new(id, TRAIN_GRADIENT_NORM, "gradient norm").floor(0.0),
        value: |step| step.gradient_norm,
    },
    MeasuredMetric {
        info: |id| MetricInfo::new(id, EFFECTIVE_LEARNING_RATE, "learning rate").floor(0.0),
        value: |step| Some(step.effective_learning_rate),
    },
];

const EVALUATION_METRICS: [MeasuredMetric<TestResult>; 2] = [
    MeasuredMetric { info: |id| loss_metric(id, TEST_LOSS), value: |test| Some(test.loss) },
    MeasuredMetric { info: |id| accuracy_metric(id, TEST_ACCURACY), value: |test| Some(test.accuracy) },
];

const LAYER_METRICS: [MeasuredMetric<LayerMeasures>; 4] = [
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

/// The first ids of the second and the third table.
const FIRST_UPDATE_METRIC_ID: u32 = SAMPLE_METRICS.len() as u32;
const FIRST_EVALUATION_METRIC_ID: u32 = FIRST_UPDATE_METRIC_ID + UPDATE_METRICS.len() as u32;

fn loss_metric(id: u32, tag: &str) -> MetricInfo {
    MetricInfo::new(id, tag, "loss").unit(Unit::Named("nats".into())).floor(0.0).better(Better::Lower)
}

fn accuracy_metric(id: u32, tag: &str) -> MetricInfo {
    MetricInfo::new(id, tag, "accuracy").short("acc").share().better(Better::Higher)
}

/// The metrics of minibatches and of evaluations.
pub fn measured_metrics() -> Vec<MetricInfo> {
    metric_infos(&SAMPLE_METRICS, 0)
        .chain(metric_infos(&UPDATE_METRICS, FIRST_UPDATE_METRIC_ID))
        .chain(metric_infos(&EVALUATION_METRICS, FIRST_EVALUATION_METRIC_ID))
        .collect()
}

/// What is measured of layers.
pub fn measured_quantities() -> Vec<MetricInfo> {
    metric_infos(&LAYER_METRICS, 0).collect()
}

/// The values of a minibatch.
pub(super) fn step_values(step: &StepMeasures) -> MetricValues {
    read_values(&SAMPLE_METRICS, 0, step).chain(read_values(&UPDATE_METRICS, FIRST_UPDATE_METRIC_ID, step)).collect()
}

/// Those of them that are means over its samples; NaN where one is not known.
pub(super) fn sample_values(step: &StepMeasures) -> [f64; SAMPLE_METRIC_COUNT] {
    SAMPLE_METRICS.each_ref().map(|measured| (measured.value)(step).unwrap_or(f64::NAN))
}

/// Means of these, as they are reported.
pub(super) fn mean_values(means: [f64; SAMPLE_METRIC_COUNT]) -> MetricValues {
    (0..).zip(means).map(|(id, mean)| MetricValue(MetricId(id), mean)).collect()
}

/// The values of an evaluation.
pub(super) fn evaluation_values(test: &TestResult) -> MetricValues {
    read_values(&EVALUATION_METRICS, FIRST_EVALUATION_METRIC_ID, test).collect()
}

/// The values of a layer.
pub(super) fn layer_values(layer: &LayerMeasures) -> MetricValues {
    read_values(&LAYER_METRICS, 0, layer).collect()
}

fn metric_infos<T>(table: &[MeasuredMetric<T>], first: u32) -> impl Iterator<Item = MetricInfo> {
    table.iter().zip(first..).map(|(measured, id)| (measured.info)(id))
}

fn read_values<T>(table: &[MeasuredMetric<T>], first: u32, from: &T) -> impl Iterator<Item = MetricValue> {
    let values = table.iter().zip(first..);
    values.filter_map(|(measured, id)| Some(MetricValue(MetricId(id), (measured.value)(from)?)))
}
