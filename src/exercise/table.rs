//! How near a row came to its figures, as text and as Markdown.

use std::fmt::Write as _;

use super::{AccuracyAndLoss, ExerciseRow, ExerciseRun, rows::mean};
use crate::text::duration;

/// The runs of one row.
#[derive(Clone, Debug)]
pub struct RowOutcome {
    /// The row.
    pub row: &'static ExerciseRow,
    /// Its runs, one for each seed, at least one.
    pub runs: Vec<ExerciseRun>,
}

impl RowOutcome {
    /// Mean of the runs' best accuracies and of their lowest losses.
    pub fn mean_figures(&self) -> AccuracyAndLoss {
        let losses: Vec<f64> = self.runs.iter().map(ExerciseRun::lowest_loss).collect();
        AccuracyAndLoss { accuracy: mean(&self.accuracies()), loss: mean(&losses) }
    }

    /// Best accuracy of each run in percent.
    pub fn accuracies(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.best().map_or(f64::NAN, |best| best.test_accuracy)).collect()
    }

    /// The figures minus the reference's.
    pub fn difference_to_reference(&self) -> AccuracyAndLoss {
        let (ours, reference) = (self.mean_figures(), self.row.reference());
        AccuracyAndLoss { accuracy: ours.accuracy - reference.accuracy, loss: ours.loss - reference.loss }
    }

    /// Whether accuracy and loss are as near to the reference as the row asks for. A NaN is not near.
    pub fn passes(&self) -> bool {
        self.accuracy_passes() && self.loss_passes()
    }

    fn accuracy_passes(&self) -> bool {
        self.difference_to_reference().accuracy.abs() <= self.row.accuracy_tolerance()
    }

    fn loss_passes(&self) -> bool {
        self.row.loss_tolerance().is_none_or(|tolerance| self.difference_to_reference().loss.abs() <= tolerance)
    }

    /// Mean time of a run in seconds.
    pub fn mean_seconds(&self) -> f64 {
        let seconds: Vec<f64> = self.runs.iter().map(|run| run.seconds).collect();
        mean(&seconds)
    }

    /// What is too far away, for people; empty if nothing is.
    fn describe_misses(&self) -> String {
        let mut parts = Vec::new();
        if !self.accuracy_passes() {
            parts.push(format!("accuracy off by more than {}", self.row.accuracy_tolerance()));
        }
        if let (false, Some(tolerance)) = (self.loss_passes(), self.row.loss_tolerance()) {
            parts.push(format!("loss off by more than {tolerance}"));
        }
        parts.join(", ")
    }
}

/// The two lines above the [`text_line`]s.
pub fn text_heading() -> String {
    format!(
        "{:<27}  {:^34}  {:^34}\n{:<27}  {:>9} {:>9} {:>7} {:>6}  {:>9} {:>9} {:>7} {:>6}  {:>7}",
        "",
        "best test accuracy, %",
        "lowest test loss",
        "row",
        "published",
        "reference",
        "gradtop",
        "diff",
        "published",
        "reference",
        "gradtop",
        "diff",
        "time",
    )
}

/// A row as one line of text; with a verdict if the runs were `whole`.
pub fn text_line(outcome: &RowOutcome, whole: bool) -> String {
    let RowOutcome { row, .. } = outcome;
    let (published, reference) = (row.published, row.reference());
    let (ours, difference) = (outcome.mean_figures(), outcome.difference_to_reference());
    let verdict = match outcome.describe_misses() {
        _ if !whole => String::new(),
        complaint if complaint.is_empty() => "  ok".into(),
        complaint => format!("  {complaint}"),
    };
    format!(
        "{:<27}  {:>9.2} {:>9.2} {:>7.2} {:>6}  {:>9.2} {:>9.3} {:>7.3} {:>6}  {:>7}{verdict}",
        row.preset,
        published.accuracy,
        reference.accuracy,
        ours.accuracy,
        format_signed(difference.accuracy, 2),
        published.loss,
        reference.loss,
        ours.loss,
        format_signed(difference.loss, 3),
        duration(outcome.mean_seconds()),
    )
}

/// A difference with its sign; one that rounds to 0 is +0.
fn format_signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:+.decimals$}");
    if text.parse() == Ok(0.0) { text.replace('-', "+") } else { text }
}

/// The rows as a Markdown table.
pub fn markdown(outcomes: &[RowOutcome]) -> String {
    let mut text = String::from(
        "| row | model | init | optimizer | lr | published acc / loss | reference acc / loss | gradtop acc, each seed \
         | gradtop acc / loss | difference | time a run |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for outcome in outcomes {
        let RowOutcome { row, .. } = outcome;
        let (published, reference) = (row.published, row.reference());
        let (ours, difference) = (outcome.mean_figures(), outcome.difference_to_reference());
        let each: Vec<String> = outcome.accuracies().iter().map(|accuracy| format!("{accuracy:.2}")).collect();
        let mark = if outcome.passes() { "" } else { " ✗" };
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {:.2} / {:.2} | {:.2} / {:.3} | {} | {:.2} / {:.3} | {} / {}{mark} | {} |",
            row.preset,
            row.model,
            row.init,
            row.optimizer,
            row.learning_rate,
            published.accuracy,
            published.loss,
            reference.accuracy,
            reference.loss,
            each.join(" "),
            ours.accuracy,
            ours.loss,
            format_signed(difference.accuracy, 2),
            format_signed(difference.loss, 3),
            duration(outcome.mean_seconds()),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::EvaluationPoint;

    fn run(seed: u64, evaluations: &[(f64, f64)]) -> ExerciseRun {
        let point = |(&(test_accuracy, test_loss), step)| EvaluationPoint {
            step,
            train_loss: 1.0,
            train_accuracy: 50.0,
            test_loss,
            test_accuracy,
        };
        ExerciseRun { seed, points: evaluations.iter().zip(1..).map(point).collect(), seconds: 61.0 }
    }

    fn outcome(name: &str, evaluations: &[(f64, f64)]) -> RowOutcome {
        RowOutcome { row: ExerciseRow::find(name).unwrap(), runs: vec![run(0, evaluations)] }
    }

    #[test]
    fn a_row_counts_its_best_accuracy_and_its_lowest_loss() {
        let run = run(0, &[(40.0, 1.7), (42.0, 1.6), (42.0, 1.9), (41.0, 1.5)]);
        assert_eq!((run.best().unwrap().step, run.lowest_loss()), (2, 1.5));
        let both =
            RowOutcome { row: &super::super::EXERCISE_ROWS[0], runs: vec![run.clone(), self::run(1, &[(44.0, 1.7)])] };
        assert_eq!(both.mean_figures(), AccuracyAndLoss { accuracy: 43.0, loss: 1.6 });
        assert_eq!(both.accuracies(), [42.0, 44.0]);
    }

    #[test]
    fn no_difference_has_no_minus() {
        assert_eq!(
            [-0.0004, 0.0, -0.0006, 1.0].map(|value| format_signed(value, 3)),
            ["+0.000", "+0.000", "-0.001", "+1.000"]
        );
    }

    #[test]
    fn the_tolerance_decides() {
        // The reference's means are 47.87 and 1.495.
        for (evaluation, passes) in [
            ((48.8, 1.5), true),
            ((48.9, 1.5), false),
            ((46.9, 1.5), true),
            ((46.8, 1.5), false),
            ((47.9, 1.524), true),
            ((47.9, 1.526), false),
            ((f64::NAN, 1.5), false),
        ] {
            assert_eq!(outcome("mlp-100", &[evaluation]).passes(), passes, "{evaluation:?}");
        }
        assert!(outcome("cnn", &[(76.6, 2.0)]).passes(), "the loss of the CNN does not count");
        assert!(!outcome("cnn", &[(76.7, 0.72)]).passes());
    }

    #[test]
    fn a_line_says_what_is_wrong() {
        let line = text_line(&outcome("mlp-100", &[(45.0, 1.6)]), true);
        assert!(line.ends_with("1:01  accuracy off by more than 1, loss off by more than 0.03"), "{line}");
        assert!(text_line(&outcome("mlp-100", &[(48.0, 1.5)]), true).ends_with("1:01  ok"));
        assert!(text_line(&outcome("mlp-100", &[(45.0, 1.6)]), false).ends_with("1:01"));
        let heading = text_heading();
        assert_eq!(heading.lines().nth(1).unwrap().chars().count(), line.find("  accuracy").unwrap());
    }

    #[test]
    fn markdown_has_a_line_for_each_row_of_as_many_cells() {
        let text = markdown(&[outcome("mlp-100", &[(48.0, 1.5)]), outcome("cnn", &[(70.0, 0.9)])]);
        let cells: Vec<usize> = text.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [12; 4]);
        assert!(text.contains("| 48.00 | 48.00 / 1.500 | +0.13 / +0.005 | 1:01 |"), "{text}");
        assert!(text.contains("-5.19 / +0.178 ✗"), "{text}");
    }
}
