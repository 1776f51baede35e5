//! The results of a sweep: one row for each combination of values, as a table, CSV or JSON.

use std::io::{self, Write};

use gradtop::{
    runs::sweep::{PlannedRun, RunResult, SweepPlan, SweptRun},
    text::{Safe, columns, duration, harmless_name, percent_number},
};
use serde_json::{Value, json};

/// Names of runs that are listed in one line at most; of more the pattern is enough.
const MAX_COMPARED_RUNS: usize = 12;

/// What came of a sweep.
pub struct SweepTable {
    name: String,
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
        let time = self.seconds().map_or("–".into(), |of| duration(of.mean));
        let diverged = match self.diverged().count() {
            0 => String::new(),
            count => format!("{count} of {} diverged", self.runs.len()),
        };
        let figures = [accuracy(self.accuracy()), accuracy(self.best_accuracy()), loss, time, diverged];
        self.values.iter().map(|value| Safe(value).to_string()).chain(figures).collect()
    }
}

impl SweepTable {
    /// The table of the runs of a plan, each with how it stands.
    pub fn new(plan: &SweepPlan, runs: &[PlannedRun], results: &[SweptRun]) -> Self {
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

    /// Prints the table, which runs diverged, and how to lay the others over each other.
    ///
    /// # Errors
    /// When standard output can't be written to.
    pub fn print(&self) -> io::Result<()> {
        self.write_text(&mut io::stdout().lock())
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let headings = ["test accuracy", "best", "test loss", "time", ""].map(String::from);
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
        let names: Vec<String> = self.rows.iter().flat_map(|row| &row.runs).map(|(run, _)| run.name.clone()).collect();
        if names.len() > 1 && names.len() <= MAX_COMPARED_RUNS {
            writeln!(out, "curves     gradtop compare {}", names.join(" "))?;
        }
        out.flush()
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
