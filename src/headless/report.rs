//! A progress bar and a table of evaluations, for people.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    protocol::{
        Branching, Change, DataNote, DataNoteKind, DataPart, Evaluation, Event, Finding, LayerInfo, MetricId,
        MetricInfo, MetricValue, RunInfo, RunSummary, StepReport, TrainingMeans, Unit,
    },
    text::{
        Safe, count_within, decimals_within, harmless, number_within, percent_within, short, thousands, wrap_whole,
    },
};

use super::{
    EventSink, ReportedEnd, end_of,
    metrics::KnownMetrics,
    summary::write_summary_of_known_metrics,
    table::{EPOCH_COLUMNS, METRIC_COLUMNS, RATE_COLUMNS, RowFacts, STEP_COLUMNS, TableLayout, table_time},
};

/// The progress bar; its last part is cut where the window is narrow.
const PROGRESS_BAR_TEMPLATE: &str = "{bar:12} step {human_pos} of {human_len} · {percent} % · {eta} left · {wide_msg}";

/// Writes a table of evaluations to `out` and keeps a progress bar on standard error.
#[derive(Debug)]
pub struct TableReport<W> {
    out: W,
    /// Columns of the window.
    width: usize,
    bar: ProgressBar,
    batch_size: Option<usize>,
    metrics: KnownMetrics,
    /// Metrics of the minibatches that have a column.
    train: Vec<MetricId>,
    /// Metrics of the evaluations that have a column.
    held_out: Vec<MetricId>,
    /// Whether the table has begun, so that new columns need new headings.
    begun: bool,
    /// Learning rate of the last update; empty until a minibatch reports it.
    learning_rate: Option<f64>,
    /// What the minibatches measured on average; empty until one reports it.
    means: Option<Box<TrainingMeans>>,
}

/// Metrics of evaluations that have a column, at most: with a third the table would be wider than a screen.
const MAX_HELD_OUT_COLUMNS: usize = 2;

/// Columns of the words in front of the lines about a run.
const LABEL_COLUMNS: usize = 11;

/// Fewest columns of a text that goes on in further lines.
const MIN_TEXT_COLUMNS: u16 = 20;

/// What stands for a number that is not known.
const UNKNOWN_NUMBER: &str = "–";

impl<W: Write> TableReport<W> {
    /// A sink that writes lines of at most `width` columns to `out`, and to standard error while that is a terminal.
    pub fn new(out: W, width: usize) -> Self {
        Self::with_target(out, width, ProgressDrawTarget::stderr_with_hz(10))
    }

    fn with_target(out: W, width: usize, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant that a test reads, so it is never refused.
        if let Ok(style) = ProgressStyle::with_template(PROGRESS_BAR_TEMPLATE) {
            bar.set_style(style);
        }
        Self {
            out,
            width,
            bar,
            batch_size: None,
            metrics: KnownMetrics::default(),
            train: Vec::new(),
            held_out: Vec::new(),
            begun: false,
            learning_rate: None,
            means: None,
        }
    }

    fn print_line(&mut self, text: &str) -> io::Result<()> {
        let Self { out, bar, .. } = self;
        bar.suspend(|| writeln!(out, "{text}"))
    }

    /// Prints a text that may be long after a word or a mark, its further lines under the first.
    fn print_wrapped(&mut self, label: &str, indent: usize, text: &str) -> io::Result<()> {
        let room = u16::try_from(self.width.saturating_sub(indent)).unwrap_or(u16::MAX).max(MIN_TEXT_COLUMNS);
        for (i, line) in wrap_whole(text, room).iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.print_line(&format!("{label:<indent$}{line}"))?;
        }
        Ok(())
    }

    fn print_labelled(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.print_wrapped(label, LABEL_COLUMNS, text)
    }

    /// Prints what was noticed or changed after a mark.
    fn print_marked(&mut self, mark: &str, text: &str) -> io::Result<()> {
        self.print_wrapped(mark, 2, text)
    }

    fn print_run_info(&mut self, info: &RunInfo) -> io::Result<()> {
        self.batch_size = info.batch_size;
        if let Some(data) = &info.data {
            let count = |count: Option<usize>| count.map_or(UNKNOWN_NUMBER.into(), |count| thousands(count as u64));
            let classes =
                if data.classes.is_empty() { String::new() } else { format!(", {} classes", data.classes.len()) };
            let (train, test) = (count(data.train), count(data.test));
            let text = format!("{}: {train} training and {test} test samples{classes}", Safe(&data.name));
            self.print_labelled("data", &text)?;
            self.print_notes(&data.notes)?;
        }
        if !info.layers.is_empty() {
            let chain: Vec<String> = info.layers.iter().map(layer_text).collect();
            let parameters =
                info.parameters.map(|count| format!(" ({} parameters)", thousands(count))).unwrap_or_default();
            self.print_labelled("network", &format!("{}{parameters}", chain.join(" · ")))?;
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
            self.print_labelled("training", &facts.join(", "))?;
        }
        if let Some(folder) = &info.folder {
            self.print_line(&format!("recorded   in {}", harmless(folder)))?;
        }
        if !facts.is_empty() || info.folder.is_some() {
            self.print_line("")?;
        }
        self.add_metric_infos(&info.metrics)?;
        self.choose_columns();
        self.begun = true;
        if !self.train.is_empty() {
            let text = "training figures are means over the epoch so far, each sample before its update";
            self.print_labelled("table", text)?;
        }
        self.print_headings()
    }

    /// Says what was left out or assumed when the data were read, and what looks wrong.
    fn print_notes(&mut self, notes: &[DataNote]) -> io::Result<()> {
        for note in notes {
            let mark = if note.kind == DataNoteKind::Suspicious { "!" } else { "*" };
            self.print_marked(mark, &format!("{}: {}", note.kind.words(), harmless(&note.text)))?;
        }
        Ok(())
    }

    /// Takes in metrics, also those that a source adds later: the table goes on with their columns under new headings.
    fn add_late_metrics(&mut self, metrics: &[MetricInfo]) -> io::Result<()> {
        self.add_metric_infos(metrics)?;
        if self.choose_columns() && self.begun { self.print_headings() } else { Ok(()) }
    }

    fn add_metric_infos(&mut self, metrics: &[MetricInfo]) -> io::Result<()> {
        match self.metrics.add_metric_infos(metrics) {
            0 => Ok(()),
            refused => {
                let refused = thousands(refused as u64);
                let text = format!("metrics left out, since there are too many or their tags are too long: {refused}");
                self.print_marked("*", &text)
            }
        }
    }

    /// Chooses the columns of the table; true if they changed.
    fn choose_columns(&mut self) -> bool {
        let (train, held_out) = self.metrics.choose_column_metrics(MAX_HELD_OUT_COLUMNS);
        let changed = self.train != train || self.held_out != held_out;
        (self.train, self.held_out) = (train, held_out);
        changed
    }

    fn print_headings(&mut self) -> io::Result<()> {
        let heading = |id: MetricId| self.metrics.info(id).map(column_heading).unwrap_or_default();
        let train: Vec<String> = self.train.iter().map(|id| heading(*id)).collect();
        let held_out: Vec<String> = self.held_out.iter().map(|id| heading(*id)).collect();
        let [epoch, step, learning_rate, time] = ["epoch", "step", "lr", "time"].map(Into::into);
        self.print_row(&RowFacts { epoch, step, learning_rate, time }, [&train, &held_out])
    }

    fn print_row(&mut self, facts: &RowFacts, groups: [&[String]; 2]) -> io::Result<()> {
        self.print_line(&TableLayout::new(self.width).format_row(facts, groups))
    }

    /// A value of a metric in a cell of the table.
    fn format_cell(&self, id: MetricId, value: Option<f64>) -> String {
        let share = self.metrics.info(id).is_some_and(|info| info.unit == Unit::Share);
        match value {
            None => UNKNOWN_NUMBER.into(),
            Some(value) if share => percent_within(value, 2, METRIC_COLUMNS),
            Some(value) => decimals_within(value, 4, METRIC_COLUMNS),
        }
    }

    fn handle_step(&mut self, report: &StepReport) {
        let learning_rate = self.metrics.learning_rate_metric().and_then(|id| MetricValue::find(&report.values, id));
        self.learning_rate = learning_rate.or(self.learning_rate);
        if report.means.is_some() {
            self.means.clone_from(&report.means);
        }
        self.bar.set_position(report.step);
        let means = self.means.as_deref().map(|means| self.format_recent_means(means));
        let speed = report.samples_per_second.map(|samples| {
            let steps = self.batch_size.map(|size| format!(", {} steps/s", short(samples / size as f64)));
            format!("{} samples/s{}", thousands(samples as u64), steps.unwrap_or_default())
        });
        let parts: Vec<String> = means.into_iter().chain(speed).filter(|part| !part.is_empty()).collect();
        self.bar.set_message(parts.join(" · "));
    }

    /// The training figures of the newest minibatches: `last 50: loss 0.0831, acc 97.1 %`.
    fn format_recent_means(&self, means: &TrainingMeans) -> String {
        let figure = |id: &MetricId| {
            let (info, value) = (self.metrics.info(*id)?, MetricValue::find(&means.recent, *id)?);
            Some(format!("{} {}", info.short.as_ref().unwrap_or(&info.title), info.unit.format_value(value)))
        };
        let figures: Vec<String> = self.train.iter().filter_map(figure).collect();
        if figures.is_empty() {
            return String::new();
        }
        format!("last {}: {}", means.minibatches, figures.join(", "))
    }

    fn print_evaluation(&mut self, evaluation: &Evaluation) -> io::Result<()> {
        let mean = |id: &MetricId| self.means.as_ref().and_then(|means| MetricValue::find(&means.epoch, *id));
        let train: Vec<String> = self.train.iter().map(|id| self.format_cell(*id, mean(id))).collect();
        let value = |id: &MetricId| self.format_cell(*id, MetricValue::find(&evaluation.values, *id));
        let held_out: Vec<String> = self.held_out.iter().map(value).collect();
        let number =
            |value: Option<f64>, width| value.map_or(UNKNOWN_NUMBER.into(), |value| number_within(value, width));
        let facts = RowFacts {
            epoch: evaluation.epoch.map_or(UNKNOWN_NUMBER.into(), |epoch| decimals_within(epoch, 2, EPOCH_COLUMNS)),
            step: count_within(evaluation.step, STEP_COLUMNS),
            learning_rate: number(self.learning_rate, RATE_COLUMNS),
            time: table_time(self.bar.elapsed().as_secs_f64()),
        };
        self.print_row(&facts, [&train, &held_out])
    }

    fn print_change(&mut self, step: u64, change: &Change) -> io::Result<()> {
        self.print_marked("*", &format!("step {}: {change}", thousands(step)))
    }

    /// Goes on from an earlier step: the minibatches after it are no longer history.
    fn handle_branching(&mut self, branching: &Branching) -> io::Result<()> {
        (self.means, self.learning_rate) = (None, None);
        self.bar.set_position(branching.at);
        let change = branching.change.as_ref().map(|change| format!(": {change}")).unwrap_or_default();
        self.print_marked("*", &format!("goes on from step {}{change}", thousands(branching.at)))
    }

    fn print_finding(&mut self, finding: &Finding) -> io::Result<()> {
        let (what, advice) = (harmless(&finding.what), harmless(&finding.advice));
        self.print_marked("!", &format!("step {}: {what}; {advice}", thousands(finding.step)))
    }

    fn print_summary(&mut self, summary: &RunSummary) -> io::Result<()> {
        self.bar.finish_and_clear();
        writeln!(self.out)?;
        write_summary_of_known_metrics(&mut self.out, summary, &self.metrics)
    }
}

/// The heading of a metric's column: `train acc`.
fn column_heading(info: &MetricInfo) -> String {
    let part = match info.data_part_and_name().0 {
        DataPart::Train => "train ",
        DataPart::HeldOut(word) => &format!("{word} "),
        DataPart::Whole => "",
    };
    format!("{part}{}", info.short.as_ref().unwrap_or(&info.title))
}

/// A layer in the line about the network: its text, or its kind where the source gives no text.
fn layer_text(layer: &LayerInfo) -> String {
    Safe(if layer.text.is_empty() { layer.kind.word() } else { &layer.text }).to_string()
}

impl<W: Write> EventSink for TableReport<W> {
    fn take(&mut self, event: &Event) -> io::Result<Option<ReportedEnd>> {
        match event {
            Event::Loading(loading) => self.bar.set_message(Safe(&loading.what).to_string()),
            Event::Ready(info) => self.print_run_info(info)?,
            Event::Metrics(new) => self.add_late_metrics(&new.metrics)?,
            Event::Controls(controls) => match controls.total_steps {
                Some(steps) => self.bar.set_length(steps),
                None => self.bar.unset_length(),
            },
            Event::Changed { step, change } => self.print_change(*step, change)?,
            Event::Branched(branching) => self.handle_branching(branching)?,
            Event::Step(report) => self.handle_step(report),
            Event::Evaluation(evaluation) => self.print_evaluation(evaluation)?,
            Event::Finding(finding) => self.print_finding(finding)?,
            Event::Finished(summary) => self.print_summary(summary)?,
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
    use crate::protocol::{
        BranchId, ChangedBy, DataInfo, Health, LEARNING_RATE, NewMetrics, Setting, made_up,
        metric::{TRAIN_ACCURACY, TRAIN_LOSS},
    };

    fn ready() -> Event {
        Event::Ready(Box::new(made_up::measured()))
    }

    fn evaluation(step: u64, loss: f64) -> Event {
        Event::Evaluation(Evaluation { epoch: Some(0.5), ..made_up::evaluation(step, loss, 0.25) })
    }

    fn step(step: u64, loss: f64) -> Event {
        let report = made_up::report(step, loss, 0.5, 0.05);
        let means = |loss: f64| made_up::values(&[(TRAIN_LOSS, loss), (TRAIN_ACCURACY, 0.5)]);
        let means = TrainingMeans { recent: means(loss / 2.0), minibatches: step, epoch: means(loss / 4.0) };
        Event::Step(StepReport { epoch: Some(0.5), means: Some(Box::new(means)), ..report })
    }

    fn finished() -> Event {
        let epoch = made_up::values(&[(TRAIN_LOSS, 0.25), (TRAIN_ACCURACY, 0.96875)]);
        let means = Some(Box::new(TrainingMeans { epoch, ..TrainingMeans::default() }));
        Event::Finished(RunSummary { means, ..made_up::summary(2, 1.5, 0.875, &"ab".repeat(32), 4.0) })
    }

    #[test]
    fn the_progress_bar_can_be_drawn() {
        assert!(ProgressStyle::with_template(PROGRESS_BAR_TEMPLATE).is_ok());
    }

    #[test]
    fn the_report_ends_with_accuracy_and_fingerprint() {
        let mut out = Vec::new();
        let mut report = TableReport::with_target(&mut out, 80, ProgressDrawTarget::hidden());
        for event in [ready(), step(1, 3.0), step(2, 1.0), evaluation(2, 1.5)] {
            assert_eq!(report.take(&event).unwrap(), None);
        }
        assert!(matches!(report.take(&finished()).unwrap(), Some(ReportedEnd::Finished(summary)) if summary.step == 2));
        let text = String::from_utf8(out).unwrap();
        let row: Vec<&str> = text.lines().nth(3).unwrap().split_whitespace().collect();
        // Epoch, step, rate, the means over the epoch, the test split.
        assert_eq!(row[..9], ["0.50", "2", "0.05", "0.2500", "50.00", "%", "1.5000", "25.00", "%"]);
        let end: Vec<&str> = text.lines().rev().take(3).collect();
        assert_eq!(end[0], format!("weights    sha256 {}", "ab".repeat(32)));
        assert_eq!(end[1], "test       accuracy 87.50 %, loss 1.5000");
        assert_eq!(end[2], "train      accuracy 96.88 %, loss 0.2500 (mean over the newest epoch)");
    }

    #[test]
    fn the_progress_bar_says_what_its_figures_are_means_of() {
        let mut report = TableReport::with_target(Vec::new(), 80, ProgressDrawTarget::hidden());
        for event in [ready(), step(1, 3.0), step(2, 1.0)] {
            report.take(&event).unwrap();
        }
        assert_eq!(report.bar.message(), "last 2: loss 0.5, acc 50.0 %");
    }

    #[test]
    fn hostile_names_are_harmless_in_the_report() {
        let mut out = Vec::new();
        let mut report = TableReport::with_target(&mut out, 80, ProgressDrawTarget::hidden());
        let what = "bad \u{1b}]52;c;AA\u{7}\u{202e} label".into();
        let finding =
            Finding { step: 1, health: Health::Bad, layer: None, what, advice: "\u{9b}2J".into(), trouble: None };
        report.take(&Event::Finding(finding)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }

    /// What a report writes about these events.
    fn written(events: &[Event]) -> String {
        let mut out = Vec::new();
        let mut report = TableReport::with_target(&mut out, 80, ProgressDrawTarget::hidden());
        for event in events {
            assert_eq!(report.take(event).unwrap(), None);
        }
        String::from_utf8(out).unwrap()
    }

    fn words(line: &str) -> Vec<&str> {
        line.split_whitespace().collect()
    }

    #[test]
    fn a_branch_is_told_and_its_means_know_nothing_of_what_was_abandoned() {
        let (from, to) = (Setting::Number(0.1), Setting::Number(0.05));
        let change = Some(Change { key: LEARNING_RATE.into(), from: Some(from), to, by: Some(ChangedBy::Viewer) });
        let branch = |at, change| Event::Branched(Branching { branch: BranchId(1), parent: BranchId(0), at, change });
        let text =
            written(&[ready(), step(1, 9.0), branch(0, change), step(1, 1.0), evaluation(1, 1.5), branch(1, None)]);
        let lines: Vec<&str> = text.lines().skip(3).collect();
        assert_eq!((lines[0], lines[2]), ("* goes on from step 0: lr 0.1 → 0.05", "* goes on from step 1"));
        assert_eq!(words(lines[1])[3], "0.2500");
    }

    #[test]
    fn notes_on_the_data_are_told_before_the_training() {
        let note = |kind, text: &str| DataNote { kind, text: text.into() };
        let notes = vec![
            note(DataNoteKind::LeftOut, "column 1 counts the rows"),
            note(DataNoteKind::Suspicious, "class \u{1b}[2Jrare has one sample"),
            note(DataNoteKind::Unknown, "something new"),
        ];
        let data = Some(DataInfo { name: "wine".into(), notes, ..DataInfo::default() });
        let text = written(&[Event::Ready(Box::new(RunInfo { data, ..RunInfo::default() }))]);
        let lines: Vec<&str> = text.lines().skip(1).take(3).collect();
        assert_eq!(
            lines,
            [
                "* left out: column 1 counts the rows",
                "! worth a look: class ·[2Jrare has one sample",
                "* assumed: something new"
            ]
        );
    }

    #[test]
    fn metrics_that_come_late_get_columns_under_new_headings() {
        let metric = |id, tag: &str| MetricInfo::new(id, tag, "loss");
        let described =
            |metrics: &[MetricInfo]| Event::Metrics(NewMetrics { metrics: metrics.to_vec(), ..NewMetrics::default() });
        let evaluated = |step, values: &[(u32, f64)]| {
            let values = values.iter().map(|(id, value)| MetricValue(MetricId(*id), *value)).collect();
            Event::Evaluation(Evaluation { step, values, samples: None, seconds: None, epoch: None })
        };
        let info = RunInfo { metrics: vec![metric(4, "val/loss")], ..RunInfo::default() };
        let text = written(&[
            Event::Ready(Box::new(info)),
            evaluated(1, &[(4, 0.5)]),
            described(&[metric(5, "speed")]),
            described(&[metric(4_000_000_000, "test/loss")]),
            evaluated(2, &[(4_000_000_000, 0.25), (4, 0.5)]),
        ]);
        let lines: Vec<Vec<&str>> = text.lines().map(words).collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[2], ["epoch", "step", "lr", "valid", "loss", "test", "loss", "time"]);
        assert_eq!(lines[3][1..5], ["2", "–", "0.5000", "0.2500"]);
    }

    #[test]
    fn metrics_beyond_the_bound_are_told_as_left_out() {
        let metrics: Vec<MetricInfo> = (0..5000).map(|id| MetricInfo::new(id, "x", "x")).collect();
        let text = written(&[Event::Metrics(NewMetrics { metrics, ..NewMetrics::default() })]);
        assert!(text.starts_with("* metrics left out") && text.ends_with(": 904\n"), "{text}");
    }

    #[test]
    fn layers_without_a_text_are_called_by_their_kinds() {
        let bare = LayerInfo { text: String::new(), ..made_up::layer(0, "relu", &[4], &[4], 0) };
        let layers = vec![bare, made_up::layer(1, "linear", &[4], &[2], 10)];
        let text = written(&[Event::Ready(Box::new(RunInfo { layers, ..RunInfo::default() }))]);
        assert_eq!(text.lines().next(), Some("network    relu · linear"));
    }
}
