//! Training figures are means over samples: those of tables, summaries and reports equal what a reader of `--json` adds up.

use std::{collections::VecDeque, fmt::Write as _, fs, path::Path};

use super::program::output_in;
use gradtop::protocol::{Event, MetricId, MetricValue, StepReport, TrainingMeans, metric};

/// Samples in the table; minibatches of 64 leave one.
const SAMPLES: usize = 65;

/// A table of points that no line divides, and the same as data to test on.
fn write_tables(folder: &Path) {
    for (name, offset) in [("train.csv", 0.0), ("test.csv", 0.25)] {
        let mut text = String::from("x,y,kind\n");
        for row in 0..SAMPLES {
            let (angle, kind) = (row as f64 * 0.7 + offset, if row % 2 == 0 { "even" } else { "odd" });
            let _ = writeln!(text, "{},{},{kind}", angle.sin(), (angle * 1.3).cos());
        }
        fs::write(folder.join(name), text).unwrap();
    }
}

const ARGUMENTS: [&str; 10] =
    ["--data", ".", "--batch-size", "64", "--epochs", "60", "--lr", "0.05", "--no-record", "--threads=1"];

/// The value of a metric of minibatches.
fn value(report: &StepReport, id: MetricId) -> f64 {
    MetricValue::find(&report.values, id).unwrap()
}

/// Mean over the samples of some minibatches, as (samples, value).
fn sample_mean<'a>(minibatches: impl IntoIterator<Item = &'a (f64, f64)>) -> f64 {
    let (sum, samples) =
        minibatches.into_iter().fold((0.0, 0.0), |(sum, samples), (n, value)| (sum + n * value, samples + n));
    sum / samples
}

fn assert_near(left: f64, right: f64, what: &str) {
    assert!((left - right).abs() <= 1e-9 * right.abs().max(1e-9), "{what}: {left} is not {right}");
}

#[test]
fn training_figures_are_those_that_a_reader_of_json_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    write_tables(folder.path());
    let run = |kind: &str| output_in(folder.path(), &[&["train", kind], &ARGUMENTS[..]].concat());
    let events: Vec<Event> = run("--json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let info = events.iter().find_map(|event| if let Event::Ready(info) = event { Some(info) } else { None }).unwrap();
    assert_eq!((info.steps_per_epoch, info.batch_size), (Some(2), Some(64)));
    let ids = [metric::TRAIN_LOSS, metric::TRAIN_ACCURACY]
        .map(|tag| info.metrics.iter().find(|metric| metric.tag == tag).unwrap().id);

    let mut last: Option<Box<TrainingMeans>> = None;
    let mut epochs: Vec<[f64; 2]> = Vec::new();
    let mut recent: [VecDeque<(f64, f64)>; 2] = Default::default();
    let mut epoch: [Vec<(f64, f64)>; 2] = Default::default();
    for event in &events {
        let Event::Step(report) = event else { continue };
        let means = report.means.clone().unwrap();
        for (place, id) in ids.into_iter().enumerate() {
            let minibatch = (report.samples.unwrap() as f64, value(report, id));
            recent[place].push_back(minibatch);
            recent[place].drain(..recent[place].len().saturating_sub(50));
            if (report.step - 1).is_multiple_of(2) {
                epoch[place].clear();
            }
            epoch[place].push(minibatch);
            assert_near(MetricValue::find(&means.recent, id).unwrap(), sample_mean(&recent[place]), "the last 50");
            assert_near(MetricValue::find(&means.epoch, id).unwrap(), sample_mean(&epoch[place]), "the epoch");
        }
        assert_eq!(means.minibatches, report.step.min(50));
        if report.step.is_multiple_of(2) {
            epochs.push([sample_mean(&epoch[0]), sample_mean(&epoch[1])]);
        }
        last = Some(means);
    }
    let Some(Event::Finished(summary)) = events.last() else { panic!("{:?}", events.last()) };
    assert_eq!(summary.means, last);

    let text = run("--headless");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 8 && words[0].ends_with(".00"))
        .collect();
    assert_eq!(rows.len(), 60, "{text}");
    for (row, [loss, accuracy]) in rows.iter().zip(&epochs) {
        let shown = [row[3], row[4]].map(|cell| cell.parse::<f64>().unwrap());
        assert!(
            (shown[0] - loss).abs() <= 0.5e-4 + 1e-9 && (shown[1] - 100.0 * accuracy).abs() <= 0.5e-2 + 1e-9,
            "{row:?}"
        );
    }
    let [loss, accuracy] = epochs[59];
    let end = format!("train      accuracy {:.2} %, loss {loss:.4} (mean over the newest epoch)", 100.0 * accuracy);
    assert!(text.contains(&end), "{end}\n{text}");
}
