//! The exercise's figures: loss and accuracy of a row while it is trained, on training and test images.

use super::{EvaluationPoint, RowOutcome, rows};
use crate::report::{PlotFigure, PlotPanel, PlotScale, PlotSeries, PlotStroke};
use crate::text::short;

/// Loss and accuracy over the minibatches; with several seeds their mean, and a band from the least to the largest.
pub fn training_figure(outcome: &RowOutcome) -> PlotFigure {
    let panel =
        |title: &str, unit: &str, train: fn(&EvaluationPoint) -> f64, test: fn(&EvaluationPoint) -> f64| PlotPanel {
            title: title.into(),
            x_label: "minibatches".into(),
            x_scale: PlotScale::FromZero,
            y_label: unit.into(),
            series: vec![
                mean_and_band("training minibatches", PlotStroke::Dashed, outcome, train),
                mean_and_band("test images", PlotStroke::Solid, outcome, test),
            ],
            y_most: None,
            note: None,
            marks: Vec::new(),
        };
    let mut loss = panel("Loss", "cross entropy, nats", |point| point.train_loss, |point| point.test_loss);
    show_the_later_part(&mut loss);
    let row = outcome.row;
    let seeds = match outcome.runs.len() {
        1 => String::new(),
        seeds => format!("; mean and range of {seeds} seeds"),
    };
    PlotFigure {
        title: format!("{} on CIFAR-10", row.model),
        subtitle: format!(
            "{}, learning rate {}, initial weights: {}{seeds}",
            row.optimizer, row.learning_rate, row.init
        ),
        panels: vec![loss, panel("Accuracy", "accuracy, %", |point| point.train_accuracy, |point| point.test_accuracy)],
    }
}

/// How many times the largest loss on test images may be exceeded.
const FAR_ABOVE: f64 = 1.5;

/// Ends the axis early where the first minibatches, before the weights have found their scale, lose many times as much
/// as all later ones; says how much.
fn show_the_later_part(panel: &mut PlotPanel) {
    let most = |series: &PlotSeries| series.points.iter().map(|&(_, y)| y).fold(f64::NEG_INFINITY, f64::max);
    let [train, test] = panel.series.as_slice() else { return };
    let (highest, edge) = (most(train), FAR_ABOVE * most(test));
    if highest > edge {
        panel.y_most = Some(edge);
        panel.note = Some(format!("training begins at {}", short(highest)));
    }
}

fn mean_and_band(
    name: &str,
    stroke: PlotStroke,
    outcome: &RowOutcome,
    value: fn(&EvaluationPoint) -> f64,
) -> PlotSeries {
    let mut series = PlotSeries { name: name.into(), stroke, points: Vec::new(), band: Vec::new() };
    let Some(first) = outcome.runs.first() else { return series };
    for (at, point) in first.points.iter().enumerate() {
        let values: Vec<f64> = outcome.runs.iter().filter_map(|run| run.points.get(at)).map(value).collect();
        let (least, most) = rows::extremes(&values);
        series.points.push((point.step as f64, rows::mean(&values)));
        if outcome.runs.len() > 1 {
            series.band.push((point.step as f64, least, most));
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::{EXERCISE_ROWS, ExerciseRun};

    #[test]
    fn a_wild_beginning_does_not_flatten_the_rest() {
        let point = |step, train_loss| EvaluationPoint {
            step,
            train_loss,
            train_accuracy: 20.0,
            test_loss: 2.0,
            test_accuracy: 3.0,
        };
        let figure = |first| {
            let points = vec![point(100, first), point(200, 1.9)];
            training_figure(&RowOutcome {
                row: &EXERCISE_ROWS[0],
                runs: vec![ExerciseRun { seed: 0, points, seconds: 1.0 }],
            })
        };
        let (wild, tame) = (figure(34.06), figure(2.9));
        assert_eq!(wild.panels[0].y_most, Some(3.0));
        assert_eq!(wild.panels[0].note.as_deref(), Some("training begins at 34.1"));
        assert_eq!((tame.panels[0].y_most, wild.panels[1].y_most), (None, None));
    }

    #[test]
    fn seeds_become_a_mean_and_a_band() {
        let point = |test_loss| EvaluationPoint {
            step: 100,
            train_loss: 2.0,
            train_accuracy: 20.0,
            test_loss,
            test_accuracy: 3.0,
        };
        let run = |seed, loss| ExerciseRun { seed, points: vec![point(loss)], seconds: 1.0 };
        let figure = training_figure(&RowOutcome { row: &EXERCISE_ROWS[0], runs: vec![run(0, 1.0), run(1, 4.0)] });
        assert_eq!(figure.panels[0].series[1].points, [(100.0, 2.5)]);
        assert_eq!(figure.panels[0].series[1].band, [(100.0, 1.0, 4.0)]);
        assert!(figure.subtitle.ends_with("range of 2 seeds"));
        let svg = figure.to_svg();
        assert!(svg.contains("array MLP 100 on CIFAR-10") && svg.contains("cross entropy, nats"));
    }
}
