//! Messages of a made-up source that measures what the engine measures; for tests.

use crate::protocol::{
    Capability, Evaluation, Health, LayerInfo, LayerProbe, MetricId, MetricValue, MetricValues, RunInfo, RunSummary,
    StepReport,
    metric::{
        EFFECTIVE_LEARNING_RATE, LAYER_DEAD_UNITS, LAYER_GRADIENT_NORM, LAYER_UPDATE_RATIO, TEST_ACCURACY, TEST_LOSS,
        TRAIN_ACCURACY, TRAIN_LOSS,
    },
};
use crate::{
    nn::{self, LayerSpec, Shape},
    train::{self, measured_metrics, measured_quantities},
};

/// What the engine can be asked to do.
pub const CAPABILITIES: [Capability; 13] = [
    Capability::Pause,
    Capability::Advance,
    Capability::Steer,
    Capability::Throttle,
    Capability::Extend,
    Capability::Evaluate,
    Capability::Inspect,
    Capability::Phase,
    Capability::Save,
    Capability::Rewind,
    Capability::Skip,
    Capability::Silence,
    Capability::RangeTest,
];

/// What is measured, and by what it is judged.
pub fn measured() -> RunInfo {
    RunInfo {
        metrics: measured_metrics(),
        quantities: measured_quantities(),
        loss: Some(train::describe::loss_info()),
        ..RunInfo::default()
    }
}

/// Values of metrics that are called by their tags.
pub fn values(values: &[(&str, f64)]) -> MetricValues {
    let metrics = measured_metrics();
    let id = |tag: &str| metrics.iter().find(|info| info.tag == tag).map(|info| info.id).unwrap();
    values.iter().map(|(tag, value)| MetricValue(id(tag), *value)).collect()
}

/// The id of a quantity of layers.
pub fn quantity(tag: &str) -> MetricId {
    measured_quantities().iter().find(|info| info.tag == tag).map(|info| info.id).unwrap()
}

/// A minibatch of 64 samples.
pub fn report(step: u64, loss: f64, accuracy: f64, effective_rate: f64) -> StepReport {
    let values = values(&[(TRAIN_LOSS, loss), (TRAIN_ACCURACY, accuracy), (EFFECTIVE_LEARNING_RATE, effective_rate)]);
    StepReport { step, samples: Some(64), values, ..StepReport::default() }
}

/// What the probe saw of a layer: gradient norm, update ratio and dead units.
pub fn probe(layer: usize, values: [Option<f64>; 3], health: Health) -> LayerProbe {
    let tags = [LAYER_GRADIENT_NORM, LAYER_UPDATE_RATIO, LAYER_DEAD_UNITS];
    let values = tags.into_iter().zip(values).filter_map(|(tag, value)| Some(MetricValue(quantity(tag), value?)));
    LayerProbe { layer, values: values.collect(), health: Some(health) }
}

/// An evaluation of 2,000 samples.
pub fn evaluation(step: u64, loss: f64, accuracy: f64) -> Evaluation {
    let values = values(&[(TEST_LOSS, loss), (TEST_ACCURACY, accuracy)]);
    Evaluation { step, values, samples: Some(2_000), seconds: Some(0.1), epoch: None }
}

/// How a run ended.
pub fn summary(step: u64, loss: f64, accuracy: f64, hash: &str, seconds: f64) -> RunSummary {
    let values = values(&[(TEST_LOSS, loss), (TEST_ACCURACY, accuracy)]);
    RunSummary { step, values, means: None, weights_sha256: Some(hash.into()), seconds: Some(seconds) }
}

/// A layer as the engine would tell it, from its text; `linear` alone has as many units as its output.
pub fn layer(index: usize, text: &str, input: &[usize], output: &[usize], parameters: u64) -> LayerInfo {
    let spec: LayerSpec = match text {
        "linear" => LayerSpec::Linear { units: output.iter().product() },
        text => text.parse().unwrap(),
    };
    let (input, output) = (Shape::new(input), Shape::new(output));
    let info = nn::PlacedLayer { index, spec, input, output, parameters: parameters as usize };
    LayerInfo { text: text.into(), ..train::describe::describe_layer(&info) }
}
