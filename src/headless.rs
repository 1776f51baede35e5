//! The same events without a screen: a progress bar and a table for people, or one JSON object a line for programs.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    protocol::{Evaluation, Event, Failure, Finding, RunInfo, StepReport, Summary},
    text::{Safe, duration, short, thousands},
};

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
    steps_per_epoch: u64,
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
        // The template is a constant that a test draws with, so it is never refused.
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:32} step {human_pos} of {human_len} · {percent} % · {per_sec} · {eta} left · {msg}",
        ) {
            bar.set_style(style);
        }
        Self { out, bar, steps_per_epoch: 1, train: Means::default(), effective_lr: f64::NAN }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let Self { out, bar, .. } = self;
        bar.suspend(|| writeln!(out, "{text}"))
    }

    fn ready(&mut self, info: &RunInfo) -> io::Result<()> {
        self.steps_per_epoch = info.steps_per_epoch;
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
        self.bar.set_message(format!("{} samples/s", thousands(report.samples_per_second as u64)));
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
        let rate = summary.step as f64 / summary.seconds;
        self.line(&format!(
            "\nfinished   step {} after {} of training, {} steps/s",
            thousands(summary.step),
            duration(summary.seconds),
            short(rate)
        ))?;
        self.line(&format!(
            "test       accuracy {:.2} %, loss {:.4}",
            100.0 * summary.test_accuracy,
            summary.test_loss
        ))?;
        self.line(&format!("weights    sha256 {}", summary.weights_sha256))
    }
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
