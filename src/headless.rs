//! The same events without a screen: a progress bar and a table for people, or one JSON object a line for programs.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    protocol::{
        Better, Change, DataPart, Evaluation, Event, Failure, Finding, MetricId, MetricInfo, MetricValue, RunInfo,
        StepReport, Summary, Unit, metric::TRAIN_LEARNING_RATE,
    },
    text::{Safe, duration, short, thousands},
};

/// The progress bar.
const TEMPLATE: &str = "{bar:32} step {human_pos} of {human_len} · {percent} % · {eta} left · {msg}";

/// How a run ended, as far as its events tell.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// All planned minibatches were trained.
    Finished(Summary),
    /// The source could not go on.
    Failed(Failure),
    /// Somebody stopped it at this step.
    Stopped(u64),
}

/// A consumer of events that needs no terminal.
pub trait Sink {
    /// Takes one event; an end means that no more are wanted.
    ///
    /// # Errors
    /// When the output can't be written; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    fn take(&mut self, event: &Event) -> io::Result<Option<End>>;

    /// Makes what was written so far visible.
    ///
    /// # Errors
    /// As [`Sink::take`].
    fn flush(&mut self) -> io::Result<()>;
}

fn end_of(event: &Event) -> Option<End> {
    match event {
        Event::Finished(summary) => Some(End::Finished(summary.clone())),
        Event::Failed(failure) => Some(End::Failed(failure.clone())),
        Event::Stopped { step } => Some(End::Stopped(*step)),
        _ => None,
    }
}

/// Writes one event a line as JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// A sink that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn take(&mut self, event: &Event) -> io::Result<Option<End>> {
        serde_json::to_writer(&mut self.out, event)?;
        self.out.write_all(b"\n")?;
        Ok(end_of(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a table of evaluations to `out` and keeps a progress bar on standard error.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    bar: ProgressBar,
    batch_size: Option<usize>,
    metrics: Vec<MetricInfo>,
    /// Metrics of the minibatches that have a column, each with its mean since the last evaluation.
    train: Vec<(MetricId, RunningMean)>,
    /// Metrics of the evaluations that have a column.
    test: Vec<MetricId>,
    rate: Option<f64>,
}

/// A mean over the samples of some minibatches.
#[derive(Clone, Copy, Debug, Default)]
struct RunningMean {
    sum: f64,
    samples: f64,
}

impl RunningMean {
    fn add(&mut self, value: f64, samples: f64) {
        self.sum += value * samples;
        self.samples += samples;
    }

    fn take(&mut self) -> Option<f64> {
        let Self { sum, samples } = std::mem::take(self);
        (samples > 0.0).then(|| sum / samples)
    }
}

/// Most metrics of evaluations that have a column: with three the table is still as wide as a screen.
const MAX_COLUMNS: usize = 2;

/// Columns of a number in the table.
const CELL: usize = 10;

/// What stands for a number that nobody knows.
const NONE: &str = "–";

impl<W: Write> Report<W> {
    /// A sink that writes to `out`, and to standard error while that is a terminal.
    pub fn new(out: W) -> Self {
        Self::with_target(out, ProgressDrawTarget::stderr_with_hz(10))
    }

    fn with_target(out: W, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant that a test reads, so it is never refused.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { out, bar, batch_size: None, metrics: Vec::new(), train: Vec::new(), test: Vec::new(), rate: None }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let Self { out, bar, .. } = self;
        bar.suspend(|| writeln!(out, "{text}"))
    }

    fn ready(&mut self, info: &RunInfo) -> io::Result<()> {
        self.batch_size = info.batch_size;
        if let Some(data) = &info.data {
            let count = |count: Option<usize>| count.map_or(NONE.into(), |count| thousands(count as u64));
            let classes =
                if data.classes.is_empty() { String::new() } else { format!(", {} classes", data.classes.len()) };
            let (train, test) = (count(data.train), count(data.test));
            self.line(&format!("data       {}: {train} training and {test} test samples{classes}", Safe(&data.name)))?;
        }
        if !info.layers.is_empty() {
            let chain: Vec<String> = info.layers.iter().map(|layer| Safe(&layer.text).to_string()).collect();
            let parameters =
                info.parameters.map(|count| format!(" ({} parameters)", thousands(count))).unwrap_or_default();
            self.line(&format!("network    {}{parameters}", chain.join(" · ")))?;
        }
        let facts = [
            info.optimizer.as_ref().map(|optimizer| Safe(optimizer).to_string()),
            info.batch_size.map(|size| format!("batches of {size}")),
            info.steps_per_epoch.map(|steps| format!("{} minibatches an epoch", thousands(steps))),
            info.seed.map(|seed| format!("seed {seed}")),
            info.threads.map(|threads| format!("{threads} threads")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            self.line(&format!("training   {}\n", facts.join(", ")))?;
        }
        self.columns(&info.metrics);
        let heading = |id: &MetricId| self.metrics.iter().find(|info| info.id == *id).map(heading).unwrap_or_default();
        let train: Vec<String> = self.train.iter().map(|(id, _)| heading(id)).collect();
        let test: Vec<String> = self.test.iter().map(heading).collect();
        self.line(&row(["epoch", "step", "lr"].map(Into::into), [&train, &test], "time"))
    }

    /// Chooses the columns of the table: what is evaluated, and the same of the minibatches.
    fn columns(&mut self, metrics: &[MetricInfo]) {
        let held = metrics.iter().filter(|info| matches!(info.part().0, DataPart::Held(_))).take(MAX_COLUMNS);
        for info in held {
            let same = |other: &&MetricInfo| other.part() == (DataPart::Train, info.part().1);
            self.train.extend(metrics.iter().find(same).map(|info| (info.id, RunningMean::default())));
            self.test.push(info.id);
        }
        self.metrics = metrics.to_vec();
    }

    /// A value of a metric in a cell of the table.
    fn cell(&self, id: MetricId, value: Option<f64>) -> String {
        let share = self.metrics.iter().any(|info| info.id == id && info.unit == Unit::Share);
        match value {
            None => NONE.into(),
            Some(value) if share => format!("{:.2} %", 100.0 * value),
            Some(value) if (1e-3..1e5).contains(&value.abs()) || value == 0.0 => format!("{value:.4}"),
            Some(value) => short(value),
        }
    }

    fn step(&mut self, report: &StepReport) {
        let samples = report.samples.map_or(1.0, |samples| samples as f64);
        for MetricValue(id, value) in &report.values {
            if let Some((_, mean)) = self.train.iter_mut().find(|(other, _)| other == id) {
                mean.add(*value, samples);
            }
            if self.metrics.iter().any(|info| info.id == *id && info.tag == TRAIN_LEARNING_RATE) {
                self.rate = Some(*value);
            }
        }
        self.bar.set_position(report.step);
        if let Some(rate) = report.samples_per_second {
            let steps = self.batch_size.map(|size| format!("{} steps/s, ", short(rate / size as f64)));
            self.bar.set_message(format!("{}{} samples/s", steps.unwrap_or_default(), thousands(rate as u64)));
        }
    }

    fn evaluation(&mut self, evaluation: &Evaluation) -> io::Result<()> {
        let means: Vec<(MetricId, Option<f64>)> = self.train.iter_mut().map(|(id, mean)| (*id, mean.take())).collect();
        let train: Vec<String> = means.into_iter().map(|(id, mean)| self.cell(id, mean)).collect();
        let value = |id: &MetricId| self.cell(*id, MetricValue::find(&evaluation.values, *id));
        let test: Vec<String> = self.test.iter().map(value).collect();
        let epoch = evaluation.epoch.map_or(NONE.into(), |epoch| format!("{epoch:.2}"));
        let time = duration(self.bar.elapsed().as_secs_f64());
        let place = [epoch, thousands(evaluation.step), self.rate.map_or(NONE.into(), short)];
        self.line(&row(place, [&train, &test], &time))
    }

    fn change(&mut self, step: u64, change: &Change) -> io::Result<()> {
        self.line(&format!("* step {}: {change}", thousands(step)))
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (what, advice) = (Safe(&finding.what), Safe(&finding.advice));
        self.line(&format!("! step {}: {what}; {advice}", thousands(finding.step)))
    }

    fn finished(&mut self, summary: &Summary) -> io::Result<()> {
        self.bar.finish_and_clear();
        writeln!(self.out)?;
        write_summary(&mut self.out, summary, &self.metrics)
    }
}

/// The heading of a metric's column: `train acc`.
fn heading(info: &MetricInfo) -> String {
    let part = match info.part().0 {
        DataPart::Train => "train ",
        DataPart::Held(word) => &format!("{word} "),
        DataPart::Whole => "",
    };
    format!("{part}{}", Safe(info.short.as_ref().unwrap_or(&info.title)))
}

/// A row of the table; each part of the data is a group of columns.
fn row([epoch, step, rate]: [String; 3], groups: [&[String]; 2], time: &str) -> String {
    let mut row = format!("{epoch:>7} {step:>CELL$} {rate:>CELL$}");
    for group in groups {
        let cells: Vec<String> = group.iter().map(|cell| format!("{cell:>CELL$}")).collect();
        row.push_str(if cells.is_empty() { "" } else { "   " });
        row.push_str(&cells.join(" "));
    }
    format!("{row} {time:>CELL$}")
}

/// Writes what a finished run came to: a line about the run, one about its test data, and the fingerprint of the
/// weights, as far as the source told them.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_summary(out: &mut impl Write, summary: &Summary, metrics: &[MetricInfo]) -> io::Result<()> {
    let time = summary.seconds.map(|seconds| format!(" after {} of training", duration(seconds)));
    let rate = summary.steps_per_second().map(|rate| format!(", {rate:.1} steps/s"));
    writeln!(
        out,
        "finished   step {}{}{}",
        thousands(summary.step),
        time.unwrap_or_default(),
        rate.unwrap_or_default()
    )?;
    let value = |info: &&MetricInfo| MetricValue::find(&summary.values, info.id);
    let mut measured: Vec<(&MetricInfo, f64)> =
        metrics.iter().filter_map(|info| Some((info, value(&info)?))).take(2 * MAX_COLUMNS).collect();
    // What is the better the higher is what people look for first.
    measured.sort_by_key(|(info, _)| info.better != Better::Higher);
    let measured = measured.iter().map(|(info, value)| match info.unit {
        Unit::Share => format!("{} {:.2} %", Safe(&info.title), 100.0 * value),
        _ => format!("{} {value:.4}", Safe(&info.title)),
    });
    let measured: Vec<String> = measured.collect();
    if !measured.is_empty() {
        writeln!(out, "test       {}", measured.join(", "))?;
    }
    if let Some(hash) = &summary.weights_sha256 {
        writeln!(out, "weights    sha256 {}", Safe(hash))?;
    }
    Ok(())
}

impl<W: Write> Sink for Report<W> {
    fn take(&mut self, event: &Event) -> io::Result<Option<End>> {
        match event {
            Event::Loading(loading) => self.bar.set_message(Safe(&loading.what).to_string()),
            Event::Ready(info) => self.ready(info)?,
            Event::Metrics(new) => self.metrics.extend_from_slice(&new.metrics),
            Event::Controls(controls) => match controls.total_steps {
                Some(steps) => self.bar.set_length(steps),
                None => self.bar.unset_length(),
            },
            Event::Changed { step, change } => self.change(*step, change)?,
            Event::Step(report) => self.step(report),
            Event::Evaluation(evaluation) => self.evaluation(evaluation)?,
            Event::Finding(finding) => self.finding(finding)?,
            Event::Finished(summary) => self.finished(summary)?,
            Event::Failed(_) | Event::Stopped { .. } => self.bar.finish_and_clear(),
            _ => {}
        }
        Ok(end_of(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Health, made_up};

    fn ready() -> Event {
        Event::Ready(Box::new(made_up::measured()))
    }

    fn evaluation(step: u64, loss: f64) -> Event {
        Event::Evaluation(Evaluation { epoch: Some(0.5), ..made_up::evaluation(step, loss, 0.25) })
    }

    fn step(step: u64, loss: f64) -> Event {
        Event::Step(StepReport { epoch: Some(0.5), ..made_up::report(step, loss, 0.5, 0.05) })
    }

    fn finished() -> Event {
        Event::Finished(made_up::summary(2, 1.5, 0.875, &"ab".repeat(32), 4.0))
    }

    #[test]
    fn the_progress_bar_can_be_drawn() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn the_report_ends_with_accuracy_and_fingerprint() {
        let mut out = Vec::new();
        let mut report = Report::with_target(&mut out, ProgressDrawTarget::hidden());
        for event in [ready(), step(1, 3.0), step(2, 1.0), evaluation(2, 1.5)] {
            assert_eq!(report.take(&event).unwrap(), None);
        }
        assert!(matches!(report.take(&finished()).unwrap(), Some(End::Finished(summary)) if summary.step == 2));
        let text = String::from_utf8(out).unwrap();
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        // Epoch, step, rate, the means of both minibatches, the test split.
        assert_eq!(row[..9], ["0.50", "2", "0.05", "2.0000", "50.00", "%", "1.5000", "25.00", "%"]);
        let end: Vec<&str> = text.lines().rev().take(2).collect();
        assert_eq!(end[0], format!("weights    sha256 {}", "ab".repeat(32)));
        assert_eq!(end[1], "test       accuracy 87.50 %, loss 1.5000");
    }

    #[test]
    fn json_lines_come_back_as_the_events_they_were() {
        let events = [step(1, 3.0), evaluation(1, f64::INFINITY), finished()];
        let mut out = Vec::new();
        let mut sink = JsonLines::new(&mut out);
        let ends: Vec<bool> = events.iter().map(|event| sink.take(event).unwrap().is_some()).collect();
        assert_eq!(ends, [false, false, true]);
        let text = String::from_utf8(out).unwrap();
        let read: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events);
    }

    #[test]
    fn hostile_names_are_harmless_in_the_report() {
        let mut out = Vec::new();
        let mut report = Report::with_target(&mut out, ProgressDrawTarget::hidden());
        let what = "bad \u{1b}]52;c;AA\u{7}\u{202e} label".into();
        let finding = Finding { step: 1, health: Health::Bad, layer: None, what, advice: "\u{9b}2J".into() };
        report.take(&Event::Finding(finding)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}
