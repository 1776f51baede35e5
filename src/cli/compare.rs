//! `gradtop compare`: what tells recorded runs apart, as a table, or as curves over each other on the dashboard.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use gradtop::{
    app::{Alignment, StepScale},
    config::Config,
    protocol::{Better, Change, DataPart, MetricInfo, RECENT_MINIBATCHES, Unit, metric::TRAIN_LOSS},
    runs::{changes_on_way, history::RunHistory, read_step_times, storage::DiskStorage},
    text::{Safe, columns, cut, duration, percent_number, short, thousands},
};

use super::{
    open, recording,
    resume::recorded_config,
    run_arguments::CompareArguments,
    runs::INCIDENTAL_KEYS,
    screen::output_columns,
    shelf::{self, ChosenGhosts},
    start::{self, WrongUse},
    train::screen_is_usable,
};

/// Places at which the results of runs are put beside each other.
const COURSE_ROWS: u32 = 8;

/// Narrowest column of a run, and the widest one of what a row is about.
const MIN_RUN_COLUMNS: usize = 12;
const MAX_LABEL_COLUMNS: usize = 26;

/// Most changes of one setting that are named.
const MAX_NAMED_CHANGES: usize = 3;

/// Shows the first run with the others over it, or prints what tells them apart.
pub fn run(arguments: &CompareArguments) -> anyhow::Result<u8> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for name in &arguments.chosen {
        let folder = recording::chosen_run(&arguments.runs.directory, name)?;
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let [first, others @ ..] = folders.as_slice() else { return Ok(0) };
    if others.is_empty() {
        return Err(WrongUse("these are all one run; name another one to compare it with".into()).into());
    }
    let by = arguments.by.into();
    if !arguments.text && screen_is_usable() {
        let ghosts = ChosenGhosts { folders: others.to_vec(), alignment: by };
        shelf::refuse_too_many(&ghosts.folders)?;
        return open::show(arguments.runs.directory.clone(), first.clone(), &ghosts);
    }
    let runs = folders.iter().map(|folder| ComparedRun::read(folder, by)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(run) = runs.iter().find(|run| !run.scale.knows(by)) {
        let (name, word) = (&run.name, by.word());
        return Err(WrongUse(format!("{name}: its steps can't be placed by {word}; use --by step")).into());
    }
    print_sections(&mut io::stdout().lock(), &sections(&runs, by), output_columns())?;
    Ok(0)
}

/// A run with what is compared of it.
struct ComparedRun {
    name: String,
    history: RunHistory,
    /// What was changed on the way to where it stands.
    changes: Vec<Change>,
    config: Option<Config>,
    scale: StepScale,
}

impl ComparedRun {
    fn read(folder: &Path, by: Alignment) -> anyhow::Result<Self> {
        let history = RunHistory::read(&DiskStorage, folder).map_err(|error| WrongUse(error.to_string()))?;
        for note in &history.notes {
            start::print_complaint(&format!("gradtop: {}: {}", history.folder, Safe(note)));
        }
        let changes = changes_on_way(&history.ledger).unwrap_or_else(|problem| {
            start::print_complaint(&format!("gradtop: {}: {problem}; its changes are left out", history.folder));
            Vec::new()
        });
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        let config = recorded_config(folder, &history.manifest.text, &[])
            .map_err(|error| start::print_complaint(&format!("gradtop: {error}; its settings are not compared")))
            .ok();
        let mut scale = history.info.as_ref().map(StepScale::of).unwrap_or_default();
        if by == Alignment::Time {
            scale.set_times(read_step_times(&DiskStorage, folder)?);
        }
        Ok(Self { name: Safe(&history.manifest.facts.name).to_string(), history, changes, config, scale })
    }

    /// Minibatches completed, as far as is recorded.
    fn last_step(&self) -> u64 {
        let saved = self.history.state.as_ref().map_or(0, |state| state.training.trainer.step);
        let points = self.history.series.iter().filter_map(|series| series.points.last());
        points.map(|(step, _)| *step).fold(saved, u64::max)
    }

    /// A setting as the run began with it, and what it was changed to.
    fn setting(&self, key: &str) -> String {
        let begun = self
            .config
            .as_ref()
            .and_then(|config| config.key_values().into_iter().find(|(path, _)| *path == key).map(|(_, value)| value));
        let changed = self.changes.iter().filter(|change| change.key == key).map(|change| change.to.to_string());
        let all: Vec<String> = begun.into_iter().chain(changed.take(MAX_NAMED_CHANGES)).collect();
        if all.is_empty() { "–".into() } else { Safe(&all.join(" → ")).to_string() }
    }

    /// The newest values of a metric, on average.
    fn recent_mean(&self, tag: &str) -> Option<f64> {
        let points = self.history.points(tag);
        let newest = &points[points.len().saturating_sub(RECENT_MINIBATCHES)..];
        let sum: f64 = newest.iter().map(|(_, value)| f64::from(*value)).sum();
        (!newest.is_empty()).then(|| sum / newest.len() as f64)
    }

    /// The newest value of a metric after so many minibatches; `None` after the end of the run.
    fn value_at(&self, tag: &str, step: f64) -> Option<f64> {
        if step > self.last_step() as f64 {
            return None;
        }
        let points = self.history.points(tag);
        let after = points.partition_point(|(at, _)| *at as f64 <= step);
        points.get(after.checked_sub(1)?).map(|(_, value)| f64::from(*value))
    }
}

/// A part of the table: a heading, and rows with a cell for each run.
struct Section {
    heading: String,
    rows: Vec<(String, Vec<String>)>,
}

fn sections(runs: &[ComparedRun], by: Alignment) -> Vec<Section> {
    let names = Section {
        heading: String::new(),
        rows: vec![("run".into(), runs.iter().map(|run| run.name.clone()).collect())],
    };
    let settings = Section { heading: "settings that differ".into(), rows: setting_rows(runs) };
    let results = Section { heading: "results".into(), rows: result_rows(runs) };
    let mut all = vec![names, settings, results];
    all.extend(course(runs, by));
    all
}

/// The keys of the configuration that are not the same in all runs.
fn setting_rows(runs: &[ComparedRun]) -> Vec<(String, Vec<String>)> {
    let configured = runs.iter().filter_map(|run| run.config.as_ref());
    let mut keys: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let listed = configured.flat_map(Config::key_values).map(|(key, _)| key.to_owned());
    let changed = runs.iter().flat_map(|run| &run.changes).map(|change| change.key.clone());
    for key in listed.chain(changed).filter(|key| !INCIDENTAL_KEYS.contains(&key.as_str())) {
        if known.insert(key.clone()) {
            keys.push(key);
        }
    }
    let rows = keys.into_iter().map(|key| {
        let cells: Vec<String> = runs.iter().map(|run| run.setting(&key)).collect();
        (Safe(&key).to_string(), cells)
    });
    rows.filter(|(_, cells)| cells.iter().any(|cell| *cell != cells[0])).collect()
}

fn result_rows(runs: &[ComparedRun]) -> Vec<(String, Vec<String>)> {
    let row = |label: &str, cell: &dyn Fn(&ComparedRun) -> Option<String>| {
        (label.to_owned(), runs.iter().map(|run| cell(run).unwrap_or_else(|| "–".into())).collect::<Vec<_>>())
    };
    let seconds = |run: &ComparedRun| run.history.state.as_ref().map(|state| state.training.seconds);
    let mut rows = vec![
        row("parameters", &|run| run.history.info.as_ref()?.parameters.map(thousands)),
        row("steps", &|run| Some(thousands(run.last_step()))),
        row("epochs", &|run| Some(short(run.scale.amount_at(run.last_step() as f64, Alignment::Epoch)?))),
        row("training time", &|run| seconds(run).map(duration)),
        row("samples/s", &|run| {
            let step = run.history.state.as_ref()?.training.trainer.step as f64;
            let rate =
                run.scale.amount_at(step, Alignment::Samples)? / seconds(run).filter(|seconds| *seconds > 0.0)?;
            Some(thousands(rate.round() as u64))
        }),
        row("train loss, last 50", &|run| run.recent_mean(TRAIN_LOSS).map(short)),
    ];
    for metric in judged_metrics(runs) {
        let points = |run: &ComparedRun| -> Vec<f64> {
            run.history.points(&metric.tag).iter().map(|(_, value)| f64::from(*value)).collect()
        };
        let label = metric_label(&metric);
        rows.push(row(&format!("{label}, final"), &|run| {
            let (step, value) = *run.history.points(&metric.tag).last()?;
            // The end of a run that was stopped may not have been evaluated.
            let text = metric_text(&metric, f64::from(value));
            Some(if step < run.last_step() { format!("{text} @ {}", thousands(step)) } else { text })
        }));
        rows.push(row(&format!("{label}, best"), &|run| {
            let finite = points(run).into_iter().filter(|value| value.is_finite());
            let best = if metric.better == Better::Lower { finite.reduce(f64::min) } else { finite.reduce(f64::max) };
            best.map(|best| metric_text(&metric, best))
        }));
    }
    rows.retain(|(_, cells)| cells.iter().any(|cell| cell != "–"));
    rows
}

/// The metrics of data held out that are meant to be small or large, as the runs tell them; what grows first.
fn judged_metrics(runs: &[ComparedRun]) -> Vec<MetricInfo> {
    let mut metrics: Vec<MetricInfo> = Vec::new();
    for metric in runs.iter().filter_map(|run| run.history.info.as_ref()).flat_map(|info| &info.metrics) {
        let held_out = matches!(metric.data_part_and_name().0, DataPart::HeldOut(_));
        let judged = matches!(metric.better, Better::Lower | Better::Higher);
        if held_out && judged && metrics.iter().all(|other| other.tag != metric.tag) {
            metrics.push(metric.clone());
        }
    }
    metrics.sort_by_key(|metric| metric.better != Better::Higher);
    metrics
}

fn metric_label(metric: &MetricInfo) -> String {
    let word = match metric.data_part_and_name().0 {
        DataPart::HeldOut(word) => word,
        DataPart::Train => "train",
        DataPart::Whole => "",
    };
    Safe(format!("{word} {}", metric.title).trim_start()).to_string()
}

fn metric_text(metric: &MetricInfo, value: f64) -> String {
    match metric.unit {
        Unit::Share if value.is_finite() => format!("{} %", percent_number(value, 2)),
        _ => short(value),
    }
}

/// The first of the judged metrics on its way: what each run had reached after as much training.
fn course(runs: &[ComparedRun], by: Alignment) -> Option<Section> {
    let metric = judged_metrics(runs).into_iter().next()?;
    let end = |run: &ComparedRun| run.scale.amount_at(run.last_step() as f64, by);
    let longest = runs.iter().filter_map(end).fold(0.0, f64::max);
    let row = |place: u32| {
        let amount = longest * f64::from(place) / f64::from(COURSE_ROWS);
        let cell = |run: &ComparedRun| {
            // What rounding takes from the last place is no reason to leave it empty.
            let step = run.scale.step_at(amount, by)?;
            let step = if (step - run.last_step() as f64).abs() < 0.5 { run.last_step() as f64 } else { step };
            Some(metric_text(&metric, run.value_at(&metric.tag, step)?))
        };
        let label = match by {
            Alignment::Step | Alignment::Samples => thousands(amount.round() as u64),
            Alignment::Epoch => short(amount),
            Alignment::Time => duration(amount),
        };
        (format!("{} {label}", by.word()), runs.iter().map(|run| cell(run).unwrap_or_else(|| "–".into())).collect())
    };
    let rows: Vec<(String, Vec<String>)> = (1..=COURSE_ROWS).map(row).collect();
    (longest > 0.0).then(|| Section { heading: format!("{} by {}", metric_label(&metric), by.word()), rows })
}

/// Prints the table; runs that have no room beside the others stand below them.
fn print_sections(out: &mut impl Write, sections: &[Section], width: usize) -> io::Result<()> {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| columns(text)).max().unwrap_or(0);
    let label = widest(&mut rows().map(|(label, _)| label)).clamp(4, MAX_LABEL_COLUMNS) + 2;
    let count = rows().map(|(_, cells)| cells.len()).max().unwrap_or(0);
    let room = width.saturating_sub(label);
    let at_once = (room / (MIN_RUN_COLUMNS + 2)).clamp(1, count.max(1));
    for from in (0..count).step_by(at_once) {
        let shown = from..(from + at_once).min(count);
        let most = (room / shown.len().max(1)).saturating_sub(2).max(4);
        let widths: Vec<usize> =
            shown.clone().map(|run| widest(&mut rows().filter_map(|(_, cells)| cells.get(run))).min(most)).collect();
        if from > 0 {
            writeln!(out)?;
        }
        for section in sections.iter().filter(|section| !section.rows.is_empty()) {
            if !section.heading.is_empty() {
                writeln!(out, "\n{}", cut(&section.heading, as_columns(width), "…"))?;
            }
            for (name, cells) in &section.rows {
                let mut line = padded(name, label);
                for (cell, width) in cells[shown.clone()].iter().zip(&widths) {
                    line.push_str(&padded(cell, width + 2));
                }
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    Ok(())
}

/// A text in so many columns, of which the last two stay free.
fn padded(text: &str, width: usize) -> String {
    let shown = cut(text, as_columns(width.saturating_sub(2)), "…");
    format!("{shown}{}", " ".repeat(width.saturating_sub(columns(&shown))))
}

fn as_columns(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_into_any_window() {
        let cells = |text: &str| -> Vec<String> { (0..5).map(|run| format!("{text}{run}")).collect() };
        let sections = [
            Section { heading: String::new(), rows: vec![("run".into(), cells("a very long name of a run "))] },
            Section {
                heading: "settings that differ".into(),
                rows: vec![("model.layers".into(), cells("linear 64, relu, linear 10, and more of that "))],
            },
        ];
        for width in [40, 80, 120, 200] {
            let mut out = Vec::new();
            print_sections(&mut out, &sections, width).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| columns(line) <= width && line.trim_end() == line), "{width}:\n{text}");
            assert_eq!(text.matches("settings that differ").count() > 1, width < 120, "{width}:\n{text}");
        }
    }
}
