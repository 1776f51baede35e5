//! What a day of training leaves in the event files.

use std::{
    fs,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    protocol::{
        Evaluation, Event, LayerInfo, LayerKind, LayerProbe, LayerRole, MetricId, MetricInfo, MetricValue, RunInfo,
        StepReport,
    },
    runs::{
        event_log::{EventLog, EventTags, event_files},
        storage::DiskStorage,
    },
};

const SECONDS: u64 = 24 * 60 * 60;

/// Minibatches a second if nobody says how many: `GRADTOP_DAY_STEPS=1000 cargo test --lib runs::tests::day`.
const USUAL_STEPS: u64 = 5;

/// Layers with parameters, each with weights and biases.
const LAYERS: usize = 3;

fn info() -> RunInfo {
    let metric = |(id, tag): (u32, &str)| MetricInfo::new(id, tag, tag);
    let layer = |number: usize| LayerInfo {
        path: number.to_string(),
        parent: None,
        kind: LayerKind::Linear { units: 10 },
        role: LayerRole::Weights,
        input: None,
        output: None,
        parameters: Some(100),
        text: "linear 10".into(),
        equations: None,
    };
    let metrics = ["train/loss", "train/accuracy", "learning_rate", "gradient_norm", "test/loss", "test/accuracy"];
    let quantities = ["gradient_norm", "update_ratio", "dead_units", "weight_norm"];
    RunInfo {
        layers: (0..LAYERS).map(layer).collect(),
        metrics: (0..).zip(metrics).map(metric).collect(),
        quantities: (0..).zip(quantities).map(metric).collect(),
        ..RunInfo::default()
    }
}

fn values(ids: std::ops::Range<u32>, step: u64) -> impl Iterator<Item = MetricValue> {
    ids.map(move |id| MetricValue(MetricId(id), ((step * 31 + u64::from(id)) as f64).sin()))
}

#[test]
#[expect(clippy::print_stdout)]
fn a_day_of_training_stays_under_100_megabytes() {
    let per_second = std::env::var("GRADTOP_DAY_STEPS").map_or(USUAL_STEPS, |steps| steps.parse().unwrap());
    let (run, begin) = (TempDir::new().unwrap(), Instant::now());
    let mut log = EventLog::create(&DiskStorage, run.path(), EventTags::of(&info())).unwrap();
    let mut step = 0;
    let (mut histograms, mut last_looks) = (0, Vec::new());
    for second in 0..SECONDS {
        for _ in 0..per_second {
            step += 1;
            let probe = |layer| LayerProbe { layer, values: values(0..4, step).collect(), health: None };
            let layers = if step % 10 == 0 { (0..LAYERS).map(probe).collect() } else { Vec::new() };
            log.record(&Event::Step(StepReport {
                step,
                values: values(0..4, step).collect(),
                layers,
                ..StepReport::default()
            }))
            .unwrap();
            if step % 100 == 0 {
                let values = values(4..6, step).collect();
                log.record(&Event::Evaluation(Evaluation { step, values, ..Evaluation::default() })).unwrap();
            }
        }
        if log.takes_histograms(begin + Duration::from_secs(second)) {
            histograms += 1;
            last_looks.push(second);
            for tensor in 0..4 * LAYERS {
                // Of all sizes, as those of many weights are.
                let mut values = (0..800).map(|at| if at % 2 == 0 { 0.97_f64.powi(at) } else { -0.97_f64.powi(at) });
                log.record_histogram(step, &format!("layer/{tensor}"), &mut values).unwrap();
            }
        }
        if second % 30 == 0 {
            log.finish().unwrap();
        }
    }
    log.finish().unwrap();
    let files = event_files(&DiskStorage, run.path()).unwrap();
    let bytes: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    println!("{step} minibatches, {histograms} looks at all values, {bytes} bytes");
    assert!(bytes < 100_000_000, "{bytes}");
    // They go on to the end, ever more seldom.
    assert!(histograms > 100 && last_looks.last().is_some_and(|last| *last > SECONDS / 2), "{last_looks:?}");
}
