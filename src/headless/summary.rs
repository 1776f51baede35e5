//! What a finished run came to, in a few lines.

use std::io::{self, Write};

use crate::{
    protocol::{Better, DataPart, MetricInfo, RunSummary, Unit},
    text::{Safe, decimals_within, duration, percent_within, thousands},
};

use super::{metrics::KnownMetrics, table::METRIC_COLUMNS};

/// Most values of the training, and most of the evaluation, that are written.
const MAX_SUMMARY_VALUES: usize = 4;

/// Writes what a finished run came to: a line about the run, one about each part of the data, and the fingerprint of
/// the weights, as far as the source gave them.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_summary(out: &mut impl Write, summary: &RunSummary, metrics: &[MetricInfo]) -> io::Result<()> {
    let mut known = KnownMetrics::default();
    known.add_metric_infos(metrics);
    write_summary_of_known_metrics(out, summary, &known)
}

/// The same with metrics that were taken in already.
pub(super) fn write_summary_of_known_metrics(
    out: &mut impl Write,
    summary: &RunSummary,
    metrics: &KnownMetrics,
) -> io::Result<()> {
    let time = summary.seconds.map(|seconds| format!(" after {} of training", duration(seconds)));
    let rate = summary.steps_per_second().map(|rate| format!(", {rate:.1} steps/s"));
    writeln!(
        out,
        "finished   step {}{}{}",
        thousands(summary.step),
        time.unwrap_or_default(),
        rate.unwrap_or_default()
    )?;
    let epoch = summary.means.iter().flat_map(|means| &means.epoch).take(MAX_SUMMARY_VALUES);
    let values = epoch.chain(summary.values.iter().take(MAX_SUMMARY_VALUES));
    let mut measured: Vec<(&MetricInfo, f64)> =
        values.filter_map(|value| Some((metrics.info(value.0)?, value.1))).collect();
    let mut parts: Vec<DataPart> = Vec::new();
    for part in measured.iter().map(|(info, _)| info.data_part_and_name().0) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    // What is the better the higher is what people look for first.
    measured.sort_by_key(|(info, _)| info.better != Better::Higher);
    for part in parts {
        let figures = measured.iter().filter(|(info, _)| info.data_part_and_name().0 == part).map(|(info, value)| {
            match info.unit {
                Unit::Share => format!("{} {}", info.title, percent_within(*value, 2, METRIC_COLUMNS)),
                _ => format!("{} {}", info.title, decimals_within(*value, 4, METRIC_COLUMNS)),
            }
        });
        let of_what = if part == DataPart::Train { " (mean over the newest epoch)" } else { "" };
        writeln!(out, "{:<10} {}{of_what}", data_part_word(part), figures.collect::<Vec<_>>().join(", "))?;
    }
    if let Some(hash) = &summary.weights_sha256 {
        writeln!(out, "weights    sha256 {}", Safe(hash))?;
    }
    Ok(())
}

/// What a line about a part of the data begins with.
fn data_part_word(part: DataPart) -> &'static str {
    match part {
        DataPart::Train => "train",
        DataPart::HeldOut(word) => word,
        DataPart::Whole => "result",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{MetricId, MetricValue};

    #[test]
    fn each_part_of_the_data_has_a_line_under_its_word() {
        let metrics = [
            MetricInfo::new(0, "val/loss", "loss"),
            MetricInfo::new(1, "val/f1", "F1").share().better(Better::Higher),
            MetricInfo::new(2, "test/loss", "loss"),
            MetricInfo::new(3, "perplexity", "perplexity"),
        ];
        let values = (0..).zip([0.5, 0.9, 0.25, 12.0]).map(|(id, value)| MetricValue(MetricId(id), value)).collect();
        let mut out = Vec::new();
        let summary = RunSummary { step: 1000, values, ..RunSummary::default() };
        write_summary(&mut out, &summary, &metrics).unwrap();
        let lines = [
            "finished   step 1,000",
            "valid      F1 90.00 %, loss 0.5000",
            "test       loss 0.2500",
            "result     perplexity 12.0000",
        ];
        assert_eq!(String::from_utf8(out).unwrap().lines().collect::<Vec<_>>(), lines);
    }
}
