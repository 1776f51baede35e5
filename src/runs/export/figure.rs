//! What was measured of a run, as figures for a report.

use crate::{
    protocol::metric::{
        EFFECTIVE_LEARNING_RATE, TEST_ACCURACY, TEST_LOSS, TRAIN_ACCURACY, TRAIN_GRADIENT_NORM, TRAIN_LOSS,
    },
    report::{PlotFigure, PlotMark, PlotPanel, PlotScale, PlotSeries, PlotStroke},
    runs::history::RunHistory,
    text::{Safe, thousands},
};

/// Most points of a line; more are drawn as means of neighbours, with a band from the least to the largest.
const MAX_LINE_POINTS: usize = 240;

/// How many times the largest mean the vertical axis of a loss may reach.
const HEADROOM: f64 = 1.25;

/// What a panel shows, and by what its values are multiplied.
struct PanelPlan {
    title: &'static str,
    unit: &'static str,
    factor: f64,
    /// Name in the legend, tag and stroke of each line.
    lines: &'static [(&'static str, &'static str, PlotStroke)],
}

const TRAINING: [PanelPlan; 2] = [
    PanelPlan {
        title: "Loss",
        unit: "loss, nats",
        factor: 1.0,
        lines: &[
            ("training minibatches", TRAIN_LOSS, PlotStroke::Dashed),
            ("test samples", TEST_LOSS, PlotStroke::Solid),
        ],
    },
    PanelPlan {
        title: "Accuracy",
        unit: "accuracy, %",
        factor: 100.0,
        lines: &[
            ("training minibatches", TRAIN_ACCURACY, PlotStroke::Dashed),
            ("test samples", TEST_ACCURACY, PlotStroke::Solid),
        ],
    },
];

const STEERING: [PanelPlan; 2] = [
    PanelPlan {
        title: "Learning rate",
        unit: "learning rate",
        factor: 1.0,
        lines: &[("used by the updates", EFFECTIVE_LEARNING_RATE, PlotStroke::Dashed)],
    },
    PanelPlan {
        title: "Gradient",
        unit: "norm before clipping",
        factor: 1.0,
        lines: &[("whole gradient", TRAIN_GRADIENT_NORM, PlotStroke::Dashed)],
    },
];

/// Loss and accuracy over the minibatches, with a mark where something was changed; `None` if neither was measured.
pub fn training_figure(history: &RunHistory) -> Option<PlotFigure> {
    let data = history.info.as_ref().and_then(|info| info.data.as_ref()).map(|data| Safe(&data.name).to_string());
    let facts = &history.manifest.facts;
    let steps = history.series.iter().filter_map(|series| series.points.last()).map(|point| point.0).max()?;
    let subtitle = [
        data,
        history.info.as_ref().and_then(|info| info.optimizer.as_deref()).map(|name| Safe(name).to_string()),
        Some(format!("{} minibatches", thousands(steps))),
        Some(Safe(&facts.began).to_string()),
    ];
    let subtitle = subtitle.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    figure(history, &TRAINING, Safe(&facts.name).to_string(), subtitle)
}

/// Learning rate and norm of the gradient; `None` if neither was measured.
pub(super) fn steering_figure(history: &RunHistory) -> Option<PlotFigure> {
    figure(history, &STEERING, "Steps".into(), "what the updates used".into())
}

fn figure(history: &RunHistory, plans: &[PanelPlan], title: String, subtitle: String) -> Option<PlotFigure> {
    let panels: Vec<PlotPanel> = plans.iter().filter_map(|plan| plan.panel(history)).collect();
    (!panels.is_empty()).then_some(PlotFigure { title, subtitle, panels })
}

impl PanelPlan {
    fn panel(&self, history: &RunHistory) -> Option<PlotPanel> {
        let line = |&(name, tag, stroke): &(&str, &str, PlotStroke)| {
            let points = history.points(tag);
            (!points.is_empty()).then(|| bucketed_line(name, stroke, points, self.factor))
        };
        let series: Vec<PlotSeries> = self.lines.iter().filter_map(line).collect();
        if series.is_empty() {
            return None;
        }
        let means = series.iter().flat_map(|series| &series.points).map(|point| point.1).filter(|y| y.is_finite());
        let highest = means.fold(f64::NEG_INFINITY, f64::max);
        Some(PlotPanel {
            title: self.title.into(),
            x_label: "minibatches".into(),
            x_scale: PlotScale::FromZero,
            y_label: self.unit.into(),
            // A few wild minibatches do not flatten all others.
            y_most: (highest > 0.0).then_some(HEADROOM * highest),
            series,
            note: None,
            marks: marks(history),
        })
    }
}

fn marks(history: &RunHistory) -> Vec<PlotMark> {
    let mark = |step: u64, text: &str| PlotMark { x: step as f64, text: Safe(text).to_string() };
    let mut marks: Vec<PlotMark> = history.changes.iter().map(|change| mark(change.step, &change.text)).collect();
    marks.sort_by(|a, b| a.x.total_cmp(&b.x));
    marks
}

/// A line through the values, or through the means of equally many neighbours.
fn bucketed_line(name: &str, stroke: PlotStroke, points: &[(u64, f32)], factor: f64) -> PlotSeries {
    let length = points.len().div_ceil(MAX_LINE_POINTS).max(1);
    let mut series = PlotSeries { name: name.into(), stroke, points: Vec::new(), band: Vec::new() };
    for bucket in points.chunks(length) {
        let values = || bucket.iter().map(|point| factor * f64::from(point.1));
        // The last step, so that the line ends where the run does.
        let step = bucket.last().map_or(0.0, |point| point.0 as f64);
        series.points.push((step, values().sum::<f64>() / bucket.len() as f64));
        if length > 1 {
            let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
            series.band.push((step, least, most));
        }
    }
    series
}
