//! The same events without a screen: a progress bar and a table for people, or one JSON object a line for programs.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    protocol::{Evaluation, Event, Failure, Finding, RunInfo, StepReport, Summary},
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
    batch_size: usize,
    train: Means,
    effective_lr: f64,
}

/// Means of what the minibatches since the last evaluation showed.
#[derive(Clone, Copy, Debug, Default)]
struct Means {
    loss: f64,
    accuracy: f64,
    reports: f64,
}

impl Means {
    fn add(&mut self, report: &StepReport) {
        self.loss += report.loss;
        self.accuracy += report.accuracy;
        self.reports += 1.0;
    }
}

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
        Self { out, bar, batch_size: 1, train: Means::default(), effective_lr: f64::NAN }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let Self { out, bar, .. } = self;
        bar.suspend(|| writeln!(out, "{text}"))
    }

    fn ready(&mut self, info: &RunInfo) -> io::Result<()> {
        self.batch_size = info.batch_size;
        let data = &info.data;
        let chain: Vec<String> = info.layers.iter().map(|layer| Safe(&layer.kind).to_string()).collect();
        self.line(&format!(
            "data       {}: {} training and {} test samples, {} classes",
            Safe(&data.name),
            thousands(data.train as u64),
            thousands(data.test as u64),
            data.classes.len()
        ))?;
        self.line(&format!("network    {} ({} parameters)", chain.join(" · "), thousands(info.parameters)))?;
        self.line(&format!(
            "training   {}, batches of {}, {} minibatches an epoch, seed {}, {} threads\n",
            info.optimizer,
            info.batch_size,
            thousands(info.steps_per_epoch),
            info.seed,
            info.threads
        ))?;
        self.line("  epoch       step         lr   train loss  train acc    test loss   test acc       time")
    }

    fn step(&mut self, report: &StepReport) {
        self.train.add(report);
        self.effective_lr = report.effective_lr;
        self.bar.set_position(report.step);
        let rate = report.samples_per_second;
        if rate > 0.0 {
            let steps = short(rate / self.batch_size as f64);
            self.bar.set_message(format!("{steps} steps/s, {} samples/s", thousands(rate as u64)));
        }
    }

    fn evaluation(&mut self, evaluation: &Evaluation) -> io::Result<()> {
        let Means { loss, accuracy, reports } = std::mem::take(&mut self.train);
        self.line(&format!(
            "{:>7.2} {:>10} {:>10}   {:>10.4} {:>8.2} %   {:>10.4} {:>8.2} % {:>10}",
            evaluation.epoch,
            thousands(evaluation.step),
            short(self.effective_lr),
            loss / reports,
            100.0 * accuracy / reports,
            evaluation.loss,
            100.0 * evaluation.accuracy,
            duration(self.bar.elapsed().as_secs_f64()),
        ))
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (what, advice) = (Safe(&finding.what), Safe(&finding.advice));
        self.line(&format!("! step {}: {what}; {advice}", thousands(finding.step)))
    }

    fn finished(&mut self, summary: &Summary) -> io::Result<()> {
        self.bar.finish_and_clear();
        writeln!(self.out)?;
        write_summary(&mut self.out, summary)
    }
}

/// Writes what a finished run came to: three lines that end with the fingerprint of the weights.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_summary(out: &mut impl Write, summary: &Summary) -> io::Result<()> {
    writeln!(
        out,
        "finished   step {} after {} of training, {:.1} steps/s",
        thousands(summary.step),
        duration(summary.seconds),
        summary.steps_per_second()
    )?;
    writeln!(out, "test       accuracy {:.2} %, loss {:.4}", 100.0 * summary.test_accuracy, summary.test_loss)?;
    writeln!(out, "weights    sha256 {}", summary.weights_sha256)
}

impl<W: Write> Sink for Report<W> {
    fn take(&mut self, event: &Event) -> io::Result<Option<End>> {
        match event {
            Event::Loading(loading) => self.bar.set_message(Safe(&loading.what).to_string()),
            Event::Ready(info) => self.ready(info)?,
            Event::Controls(controls) => self.bar.set_length(controls.total_steps),
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
    use crate::protocol::Health;

    fn evaluation(step: u64, loss: f64) -> Event {
        Event::Evaluation(Evaluation { step, epoch: 0.5, loss, accuracy: 0.25, samples: 10, seconds: 0.1 })
    }

    fn step(step: u64, loss: f64) -> Event {
        Event::Step(StepReport {
            step,
            epoch: 0.5,
            loss,
            accuracy: 0.5,
            lr: 0.1,
            effective_lr: 0.05,
            samples_per_second: 640.0,
            probe: None,
        })
    }

    fn finished() -> Event {
        let weights_sha256 = "ab".repeat(32);
        Event::Finished(Summary { step: 2, test_loss: 1.5, test_accuracy: 0.875, weights_sha256, seconds: 4.0 })
    }

    #[test]
    fn the_progress_bar_can_be_drawn() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn the_report_ends_with_accuracy_and_fingerprint() {
        let mut out = Vec::new();
        let mut report = Report::with_target(&mut out, ProgressDrawTarget::hidden());
        for event in [step(1, 3.0), step(2, 1.0), evaluation(2, 1.5)] {
            assert_eq!(report.take(&event).unwrap(), None);
        }
        assert!(matches!(report.take(&finished()).unwrap(), Some(End::Finished(summary)) if summary.step == 2));
        let text = String::from_utf8(out).unwrap();
        let row: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
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
