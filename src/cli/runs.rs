//! `gradtop runs`, `rm` and `rename`: the recorded runs.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use gradtop::{
    config::Config,
    protocol::Change,
    runs::{
        Manifest, changes_on_way,
        finding::find_run,
        folder::{UNSAVED, list_runs, remove_run, rename_run},
        ledger::read_ledger,
        newest_state,
        storage::DiskStorage,
    },
    text::{Safe, columns, harmless_name, percent_number, thousands, wrap_whole},
    train::{LAST_STEP, PLANNED_STEPS},
};
use serde_json::json;

use super::{
    recording,
    resume::recorded_config,
    run_arguments::{RemoveArguments, RenameArguments, RunsArguments},
    screen::output_columns,
    start::{self, WrongUse},
};

/// Fewest columns for what of a run's configuration is not the default.
const MIN_DIFFERENCES_COLUMNS: usize = 24;

/// Keys that do not tell runs apart.
pub const INCIDENTAL_KEYS: [&str; 2] = ["run.name", "run.directory"];

/// What is listed of a run.
struct ListedRun {
    /// Name of its folder.
    folder: String,
    name: String,
    began: String,
    state: &'static str,
    /// Whether nobody has said yet that it is to be kept.
    unsaved: bool,
    /// Minibatches at its newest checkpoint; `None` before the first.
    step: Option<u64>,
    planned: Option<u64>,
    /// Test accuracy of its best evaluation.
    best_accuracy: Option<f64>,
    /// What of its configuration is not the default: `optimizer.lr=0.01`.
    differences: Vec<String>,
}

impl ListedRun {
    /// Reads what is listed of a run; an error is a sentence.
    fn read(folder: &Path) -> Result<Self, String> {
        let manifest = Manifest::read(&DiskStorage, folder).map_err(|error| error.to_string())?;
        let state = newest_state(&DiskStorage, folder);
        let config = recorded_config(folder, &manifest.text, &[]).ok();
        let ledger = read_ledger(&DiskStorage, folder).map(|ledger| ledger.entries).unwrap_or_default();
        let changes = changes_on_way(&ledger).unwrap_or_default();
        let trainer = state.as_ref().map(|state| &state.training.trainer);
        Ok(Self {
            folder: harmless_name(folder.file_name().unwrap_or_default()),
            name: Safe(&manifest.facts.name).to_string(),
            began: Safe(&manifest.facts.began).to_string(),
            state: recording::state_word(folder, state.as_ref()),
            unsaved: folder.parent().is_some_and(|parent| parent.ends_with(UNSAVED)),
            step: trainer.map(|trainer| trainer.step),
            planned: trainer.map(|trainer| trainer.planned_steps),
            best_accuracy: state
                .as_ref()
                .and_then(|state| state.training.best_accuracy())
                .map(|(_, accuracy)| accuracy),
            differences: config.map(|config| differences(&config, &changes)).unwrap_or_default(),
        })
    }

    /// When it began is in the name of its folder.
    fn cells(&self) -> [String; 5] {
        let steps = match (self.step, self.planned) {
            (Some(step), Some(planned)) if planned != step => format!("{} of {}", thousands(step), thousands(planned)),
            (Some(step), _) => thousands(step),
            (None, _) => "–".into(),
        };
        let accuracy =
            self.best_accuracy.map_or_else(|| "–".into(), |accuracy| format!("{} %", percent_number(accuracy, 2)));
        let state = if self.unsaved { format!("{}, unsaved", self.state) } else { self.state.into() };
        [self.folder.clone(), state, steps, accuracy, self.differences.join(", ")]
    }
}

/// What is not the default: in the configuration, and of what was changed on the way to where the run stands, the last of
/// each.
fn differences(config: &Config, changes: &[(u64, Change)]) -> Vec<String> {
    let mut all: Vec<(String, String)> =
        config.differences_from_default().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    for (_, change) in changes {
        // The plan in minibatches is the one that counts, however it was written before.
        let replaced = |key: &str| key == change.key || change.key == PLANNED_STEPS && key == "run.epochs";
        if change.key == LAST_STEP {
            continue;
        }
        all.retain(|(key, _)| !replaced(key));
        all.push((change.key.clone(), change.to.to_string()));
    }
    all.iter()
        .filter(|(key, _)| !INCIDENTAL_KEYS.contains(&key.as_str()))
        .map(|(key, value)| format!("{key}={}", Safe(value)))
        .collect()
}

/// Prints a table of all runs, the newest last.
pub fn list(arguments: &RunsArguments) -> anyhow::Result<u8> {
    let folders = list_runs(&arguments.runs.directory)?;
    let mut listed = Vec::new();
    for folder in &folders {
        match ListedRun::read(folder) {
            Ok(run) => listed.push(run),
            Err(problem) => start::print_complaint(&format!("gradtop: {problem}")),
        }
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        print_json(&mut out, &listed)?;
    } else {
        print_table(&mut out, &listed, arguments)?;
    }
    Ok(0)
}

fn print_json(out: &mut impl Write, runs: &[ListedRun]) -> io::Result<()> {
    for run in runs {
        let line = json!({
            "run": run.folder,
            "name": run.name,
            "began": run.began,
            "state": run.state,
            "unsaved": run.unsaved,
            "step": run.step,
            "planned_steps": run.planned,
            "best_accuracy": run.best_accuracy,
            "differences": run.differences,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn print_table(out: &mut impl Write, runs: &[ListedRun], arguments: &RunsArguments) -> io::Result<()> {
    if runs.is_empty() {
        let directory = harmless_name(arguments.runs.directory.as_os_str());
        return writeln!(out, "no runs in {directory} yet; `gradtop train` records one");
    }
    print_rows(out, &runs.iter().map(ListedRun::cells).collect::<Vec<_>>(), output_columns())
}

/// Prints the runs as a table; in a window that is too narrow for one, each under its name.
fn print_rows(out: &mut impl Write, runs: &[[String; 5]], width: usize) -> io::Result<()> {
    let headings = ["run", "state", "steps", "best test", "differs in"].map(String::from);
    let rows: Vec<&[String; 5]> = std::iter::once(&headings).chain(runs).collect();
    let widths: Vec<usize> =
        (0..4).map(|column| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0) + 2).collect();
    let before: usize = widths.iter().sum();
    let room = |indent: usize| u16::try_from(width.saturating_sub(indent)).unwrap_or(u16::MAX);
    if before + MIN_DIFFERENCES_COLUMNS <= width {
        for row in rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - columns(cell)));
            }
            for part in wrap_whole(&row[4], room(before)) {
                writeln!(out, "{line}{part}")?;
                line = " ".repeat(before);
            }
            if row[4].is_empty() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        return Ok(());
    }
    for [run, state, steps, accuracy, differences] in runs {
        writeln!(out, "{run}")?;
        let facts = format!("{state}, {steps} steps, best test {accuracy}");
        let facts = wrap_whole(&facts, room(2)).into_iter().chain(wrap_whole(differences, room(2)));
        for line in facts {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

/// Removes a run, once a person has said yes.
pub fn remove(arguments: &RemoveArguments) -> anyhow::Result<u8> {
    let folder = find_run(&arguments.runs.directory, &arguments.run)?;
    let shown = harmless_name(folder.as_os_str());
    if !arguments.yes {
        if !io::stdin().is_terminal() {
            return Err(WrongUse(format!("{shown} would be removed for good; --yes removes it without asking")).into());
        }
        let mut out = io::stdout().lock();
        write!(out, "Remove {shown} for good? [y/N] ")?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
            writeln!(out, "kept       {shown}")?;
            return Ok(0);
        }
    }
    remove_run(&DiskStorage, &folder)?;
    writeln!(io::stdout(), "removed    {shown}")?;
    Ok(0)
}

/// Gives a run another name.
pub fn rename(arguments: &RenameArguments) -> anyhow::Result<u8> {
    let folder = find_run(&arguments.runs.directory, &arguments.run)?;
    // The same names are valid as in a configuration.
    Config::from_toml_str("the new name", "", &[format!("run.name={}", json!(arguments.name))])?;
    let renamed = rename_run(&DiskStorage, &folder, &arguments.name)?;
    writeln!(io::stdout(), "renamed    {}", harmless_name(renamed.as_os_str()))?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_listed_without_wrapping_in_any_window() {
        let run = |name: &str, differences: &str| {
            [name, "finished, unsaved", "1,204 of 12,000", "97.25 %", differences].map(String::from)
        };
        let runs = [
            run("20261130-120000-fashion-mnist", "optimizer.lr=0.01, run.epochs=12, model.layers=linear 64, relu"),
            run("b", ""),
        ];
        for width in [60, 80, 120, 200] {
            let mut out = Vec::new();
            print_rows(&mut out, &runs, width).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| columns(line) <= width && line.trim_end() == line), "{width}:\n{text}");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("20261130-120000-fashion-mnist") && words.contains("97.25 %"), "{text}");
            assert_eq!(text.contains("differs in"), width >= 120, "{text}");
            assert!(text.replace(char::is_whitespace, "").contains("model.layers=linear64,relu"), "{text}");
        }
    }
}
