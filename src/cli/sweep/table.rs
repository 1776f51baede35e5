//! The results of a sweep: one row for each combination of values, as a table, CSV or JSON.

use std::{
    io::{self, Write},
    path::Path,
};

use gradtop::{
    app::MAX_GHOSTS,
    runs::sweep::{PlannedRun, RunResult, SweepPlan, SweptRun},
    text::{Safe, columns, harmless_name, percent_number},
};
use serde_json::{Value, json};

use super::directory_words;

/// Runs whose curves are proposed to be laid over each other, at most: the first, and those that can lie over it.
const MAX_COMPARED_RUNS: usize = MAX_GHOSTS + 1;

/// What came of a sweep.
pub struct SweepTable {
    name: String,
    /// What names the folder of its runs on a command line, with a space before it; empty for the usual one.
    directory: String,
    keys: Vec<String>,
    pub rows: Vec<CombinationRow>,
}

/// What came of one combination of values.
pub struct CombinationRow {
    /// One for each key.
    values: Vec<String>,
    runs: Vec<(PlannedRun, SweptRun)>,
}

/// The mean of some values, and their sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MeanAndDeviation {
    mean: f64,
    /// `None` for a single value.
    deviation: Option<f64>,
}

impl MeanAndDeviation {
    /// `None` of no values.
    fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation })
    }

    fn text(self, number: impl Fn(f64) -> String, unit: &str) -> String {
        match self.deviation {
            Some(deviation) => format!("{} ± {}{unit}", number(self.mean), number(deviation)),
            None => format!("{}{unit}", number(self.mean)),
        }
    }

    fn json(of: Option<Self>) -> Value {
        of.map_or(Value::Null, |of| json!({"mean": of.mean, "deviation": of.deviation}))
    }
}

impl CombinationRow {
    fn results(&self) -> Vec<RunResult> {
        let result = |(_, run): &(PlannedRun, SweptRun)| match run {
            SweptRun::Finished { result, .. } => Some(*result),
            _ => None,
        };
        self.runs.iter().filter_map(result).collect()
    }

    fn figure(&self, value: fn(&RunResult) -> f64) -> Option<MeanAndDeviation> {
        MeanAndDeviation::of(&self.results().iter().map(value).collect::<Vec<_>>())
    }

    fn accuracy(&self) -> Option<MeanAndDeviation> {
        self.figure(|result| result.accuracy)
    }

    fn best_accuracy(&self) -> Option<MeanAndDeviation> {
        self.figure(|result| result.best_accuracy)
    }

    fn loss(&self) -> Option<MeanAndDeviation> {
        self.figure(|result| result.loss)
    }

    fn seconds(&self) -> Option<MeanAndDeviation> {
        self.figure(|result| result.seconds)
    }

    /// Its runs that diverged.
    fn diverged(&self) -> impl Iterator<Item = (&str, u64)> {
        self.runs.iter().filter_map(|(planned, run)| match run {
            SweptRun::Diverged { step, .. } => Some((planned.name.as_str(), *step)),
            _ => None,
        })
    }

    /// Whether any of its runs is finished.
    pub fn has_result(&self) -> bool {
        self.accuracy().is_some()
    }

    fn cells(&self) -> Vec<String> {
        let percent = |share: f64| percent_number(share, 2);
        let accuracy = |of: Option<MeanAndDeviation>| of.map_or("–".into(), |of| of.text(percent, " %"));
        let loss = self.loss().map_or("–".into(), |of| of.text(|loss| format!("{loss:.4}"), ""));
        let diverged = match self.diverged().count() {
            0 => String::new(),
            count => format!("{count} of {} diverged", self.runs.len()),
        };
        let figures = [accuracy(self.accuracy()), accuracy(self.best_accuracy()), loss, diverged];
        self.values.iter().map(|value| Safe(value).to_string()).chain(figures).collect()
    }
}

impl SweepTable {
    /// The table of the runs of a plan in a directory, each with how it stands.
    pub fn new(plan: &SweepPlan, directory: &Path, runs: &[PlannedRun], results: &[SweptRun]) -> Self {
        let row = |combination: usize| CombinationRow {
            values: plan.values(combination).into_iter().map(str::to_owned).collect(),
            runs: runs
                .iter()
                .zip(results)
                .filter(|(run, _)| run.combination == combination)
                .map(|(run, result)| (run.clone(), result.clone()))
                .collect(),
        };
        Self {
            name: plan.name.clone(),
            directory: directory_words(directory),
            keys: plan.settings.iter().map(|setting| setting.key.clone()).collect(),
            rows: (0..plan.combinations()).map(row).collect(),
        }
    }

    /// Place of the row with the highest mean accuracy, and of equal ones the lowest mean loss. A row whose runs all
    /// diverged is none.
    fn best(&self) -> Option<usize> {
        let figures = |row: &CombinationRow| Some((row.accuracy()?.mean, row.loss()?.mean));
        let rows = self.rows.iter().enumerate().filter_map(|(place, row)| Some((place, figures(row)?)));
        let better = |a: (usize, (f64, f64)), b: (usize, (f64, f64))| {
            let order = b.1.0.total_cmp(&a.1.0).then(a.1.1.total_cmp(&b.1.1));
            if order.is_gt() { b } else { a }
        };
        rows.reduce(better).map(|(place, _)| place)
    }

    /// Prints the table, which runs diverged, and how to lay the others over each other. It holds no times, so that it is
    /// the same whenever the sweep was interrupted.
    ///
    /// # Errors
    /// When standard output can't be written to.
    pub fn print(&self) -> io::Result<()> {
        self.write_text(&mut io::stdout().lock())
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let headings = ["test accuracy", "best", "test loss", ""].map(String::from);
        let mut rows = vec![self.keys.iter().cloned().chain(headings).collect::<Vec<_>>()];
        rows.extend(self.rows.iter().map(CombinationRow::cells));
        let widths: Vec<usize> =
            (0..rows[0].len()).map(|at| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0)).collect();
        let best = self.best();
        for (place, row) in rows.iter().enumerate() {
            let mut line = String::from(if best.is_some_and(|best| best + 1 == place) { "* " } else { "  " });
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - columns(cell) + 2));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
        for (name, step) in self.rows.iter().flat_map(CombinationRow::diverged) {
            writeln!(out, "diverged   {name} at step {step}")?;
        }
        if let Some(best) = best {
            writeln!(out, "best       {}", self.settings_text(best))?;
        }
        let names = self.compared_runs();
        if names.len() > 1 {
            writeln!(out, "curves     gradtop compare{} {}", self.directory, names.join(" "))?;
        }
        out.flush()
    }

    /// The names of all runs or, if those are too many curves, of the first one of each combination.
    fn compared_runs(&self) -> Vec<&str> {
        let all: Vec<&str> = self.rows.iter().flat_map(|row| &row.runs).map(|(run, _)| run.name.as_str()).collect();
        if all.len() <= MAX_COMPARED_RUNS {
            return all;
        }
        let firsts = self.rows.iter().filter_map(|row| row.runs.first());
        firsts.map(|(run, _)| run.name.as_str()).take(MAX_COMPARED_RUNS).collect()
    }

    /// The values of a row, as `--set` takes them.
    fn settings_text(&self, row: usize) -> String {
        if self.keys.is_empty() {
            return self.name.clone();
        }
        let pairs = self.keys.iter().zip(&self.rows[row].values);
        pairs.map(|(key, value)| format!("{key}={}", Safe(value))).collect::<Vec<_>>().join(" ")
    }

    /// Prints the same as one JSON object.
    ///
    /// # Errors
    /// When standard output can't be written to.
    pub fn print_json(&self) -> io::Result<()> {
        let best = self.best();
        let row = |(place, row): (usize, &CombinationRow)| {
            let settings: serde_json::Map<String, Value> =
                self.keys.iter().cloned().zip(row.values.iter().map(|value| json!(value))).collect();
            json!({
                "settings": settings,
                "test_accuracy": MeanAndDeviation::json(row.accuracy()),
                "best_accuracy": MeanAndDeviation::json(row.best_accuracy()),
                "test_loss": MeanAndDeviation::json(row.loss()),
                "seconds": MeanAndDeviation::json(row.seconds()),
                "best": best == Some(place),
                "runs": row.runs.iter().map(run_json).collect::<Vec<_>>(),
            })
        };
        let rows: Vec<Value> = self.rows.iter().enumerate().map(row).collect();
        writeln!(io::stdout().lock(), "{}", json!({"sweep": self.name, "rows": rows}))
    }

    /// Writes the same with commas between the columns.
    ///
    /// # Errors
    /// When the file can't be written to.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let figures = ["test_accuracy", "best_accuracy", "test_loss", "seconds"];
        let headings = figures.into_iter().flat_map(|figure| [figure.to_owned(), format!("{figure}_deviation")]);
        let counts = ["runs", "diverged"].map(String::from);
        write_record(out, self.keys.iter().cloned().chain(counts).chain(headings))?;
        for row in &self.rows {
            let counts = [row.runs.len(), row.diverged().count()].map(|count| count.to_string());
            let figures = [row.accuracy(), row.best_accuracy(), row.loss(), row.seconds()];
            let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
            let figures = figures
                .into_iter()
                .flat_map(|of| [number(of.map(|of| of.mean)), number(of.and_then(|of| of.deviation))]);
            write_record(out, row.values.iter().cloned().chain(counts).chain(figures))?;
        }
        Ok(())
    }
}

fn run_json((planned, run): &(PlannedRun, SweptRun)) -> Value {
    let (state, folder, result, step) = match run {
        SweptRun::Missing => ("missing", None, None, None),
        SweptRun::Unfinished { folder } => ("unfinished", Some(folder), None, None),
        SweptRun::Finished { folder, result } => ("finished", Some(folder), Some(result), None),
        SweptRun::Diverged { folder, step } => ("diverged", Some(folder), None, Some(step)),
    };
    json!({
        "name": planned.name,
        "seed": planned.seed,
        "state": state,
        "folder": folder.map(|folder| harmless_name(folder.as_os_str())),
        "diverged_at": step,
        "test_accuracy": result.map(|result| result.accuracy),
        "best_accuracy": result.map(|result| result.best_accuracy),
        "test_loss": result.map(|result| result.loss),
        "seconds": result.map(|result| result.seconds),
    })
}

/// A line with commas; what has commas, quotes or line ends itself stands between quotes (RFC 4180).
fn write_record(out: &mut dyn Write, fields: impl Iterator<Item = String>) -> io::Result<()> {
    let quoted = fields.map(|field| {
        if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    });
    writeln!(out, "{}", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use gradtop::runs::sweep::SweptSetting;

    use super::*;

    fn plan(values: &[&str], seeds: u64) -> SweepPlan {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let settings = vec![SweptSetting { key: "optimizer.lr".into(), values }];
        SweepPlan { name: "lr".into(), first_seed: 0, seeds, settings, configuration: String::new() }
    }

    fn finished(accuracy: f64, loss: f64) -> SweptRun {
        let result = RunResult { accuracy, loss, best_accuracy: accuracy + 0.01, seconds: 3.0 };
        SweptRun::Finished { folder: "runs/x".into(), result }
    }

    fn diverged(step: u64) -> SweptRun {
        SweptRun::Diverged { folder: "runs/x".into(), step }
    }

    fn table(values: &[&str], seeds: u64, results: &[SweptRun]) -> SweepTable {
        let plan = plan(values, seeds);
        SweepTable::new(&plan, Path::new("runs"), &plan.runs(), results)
    }

    #[test]
    fn rows_have_means_and_sample_deviations_and_name_what_diverged() {
        let results =
            [finished(0.8, 0.5), finished(0.9, 0.7), diverged(12), finished(0.7, 0.2), diverged(3), diverged(4)];
        let mut out = Vec::new();
        table(&["1e-3", "1e-2", "1"], 2, &results).write_text(&mut out).unwrap();
        let expected = "  optimizer.lr  test accuracy   best            test loss
* 1e-3          85.00 ± 7.07 %  86.00 ± 7.07 %  0.6000 ± 0.1414
  1e-2          70.00 %         71.00 %         0.2000           1 of 2 diverged
  1             –               –               –                2 of 2 diverged

diverged   lr-2-seed-0 at step 12
diverged   lr-3-seed-0 at step 3
diverged   lr-3-seed-1 at step 4
best       optimizer.lr=1e-3
curves     gradtop compare lr-1-seed-0 lr-1-seed-1 lr-2-seed-0 lr-2-seed-1 lr-3-seed-0 lr-3-seed-1
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_best_has_the_highest_accuracy_and_of_equal_ones_the_lowest_loss() {
        let best = |results: &[SweptRun]| table(&["1", "2", "3"], 1, results).best();
        assert_eq!(best(&[finished(0.8, 0.5), finished(0.9, 0.9), finished(0.8, 0.1)]), Some(1));
        assert_eq!(best(&[finished(0.9, 0.5), finished(0.9, 0.4), finished(0.9, 0.4)]), Some(1));
        assert_eq!(best(&[diverged(1), finished(0.1, f64::NAN), diverged(1)]), Some(1));
        assert_eq!(best(&[diverged(1), diverged(1), diverged(1)]), None);
    }

    #[test]
    fn of_many_runs_one_of_each_combination_is_compared() {
        let results = vec![finished(0.5, 1.0); 10];
        let of_seeds = |seeds: u64| table(&["1", "2"], seeds, &results[..2 * seeds as usize]);
        assert_eq!(of_seeds(4).compared_runs().len(), 8);
        assert_eq!(of_seeds(5).compared_runs(), ["lr-1-seed-0", "lr-2-seed-0"]);
        let values = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
        assert_eq!(table(&values, 1, &results).compared_runs().len(), 9);
    }

    #[test]
    fn the_line_that_lays_curves_over_each_other_names_the_folder_of_the_runs() {
        let plan = plan(&["1", "2"], 1);
        let results = [finished(0.5, 1.0), finished(0.5, 1.0)];
        let mut out = Vec::new();
        SweepTable::new(&plan, Path::new("my runs"), &plan.runs(), &results).write_text(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("gradtop compare --directory 'my runs' lr-1-seed-0 lr-2-seed-0\n"), "{text}");
    }

    #[test]
    fn fields_with_commas_stand_between_quotes() {
        let mut out = Vec::new();
        table(&["[1, \"x\"]", "2"], 1, &[finished(0.5, 1.0), diverged(1)]).write_csv(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\n\"[1, \"\"x\"\"]\",1,0,0.5,,0.51,,1,,3,\n2,1,1,,,,,,,,\n"), "{text}");
    }
}
