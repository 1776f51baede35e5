//! Charts made ready for drawing: columns, heights, ticks, marks and the values at the cursor.

use crate::text::thousands;

mod axis;
mod curve;
mod marks;
mod overlay;
mod step_ticks;

pub use axis::{AxisTick, ValueAxis};
use curve::Sight;
pub use curve::{CurveEnds, MeanSpan, MinibatchMean};
pub use overlay::Overlay;
use overlay::{OverlaySource, ghost_overlays};

use super::axes::{StepAxis, ValueScale};
use super::chart_view::{ChartView, Smoothing};
use super::metric::{ChartFigure, ChartSlot, FigureCurve};
use super::run::Run;
use super::series::{Column, MeanWindow, StepRange};
use super::track::MetricTrack;
use crate::protocol::{Better, Unit};

/// The size of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlotSize {
    /// Places across for which a column is made.
    pub columns: usize,
    /// Rows of cells, in each of which a label has room.
    pub rows: u16,
}

/// A chart of one figure for a plot of a given size.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title of what it shows, safe to show.
    pub title: String,
    /// What its values count.
    pub unit: Unit,
    /// Which way is up.
    pub better: Better,
    /// The words of its two curves: `train`, `test`.
    pub words: [&'static str; 2],
    /// Smoothing of the bright line; `None` where there is nothing to smooth.
    pub smoothing: Option<Smoothing>,
    /// The steps from its left to its right edge.
    pub steps: StepRange,
    /// How they are spread between them.
    pub step_scale: ValueScale,
    /// Every minibatch: smallest and largest value a column.
    pub train: Vec<Column>,
    /// Where the curve of the minibatches crosses the edges.
    pub train_ends: CurveEnds,
    /// The smoothed minibatches; only `None` where smoothing is off.
    pub smoothed: Vec<Option<f64>>,
    /// Where the smoothed curve crosses the edges.
    pub smoothed_ends: CurveEnds,
    /// The evaluations of the test split. Most columns are empty: the line goes from one filled column to the next.
    pub test: Vec<Column>,
    /// Where the curve of the evaluations crosses the edges.
    pub test_ends: CurveEnds,
    /// Other curves over it, to be drawn in this order: abandoned futures of the run, and other runs.
    pub overlays: Vec<Overlay>,
    /// How many more abandoned futures there are, beside those that are drawn and those that are hidden.
    pub undrawn: usize,
    /// Changes in sight; those close together are one.
    pub marks: Vec<ChartMark>,
    /// The axis of the values.
    pub axis: ValueAxis,
    /// The cursor, where it is in sight.
    pub cursor: Option<CursorReadout>,
    /// The newest values of all.
    pub latest: ChartValues,
    /// What will fill the chart, while nothing does.
    pub note: Option<String>,
    /// The step of the first evaluation, while there are minibatches and none was evaluated.
    pub first_test: Option<u64>,
}

/// A mark on the step axis, whose words are of changes close together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartMark {
    /// The column beside which its words stand: of the first change, or the edge where that is out of sight.
    pub column: usize,
    /// The columns in which changes of it took effect, ascending.
    pub columns: Vec<usize>,
    /// Minibatches completed when the first change of it took effect.
    pub step: u64,
    /// What was changed, from the first value to the last, to be shown.
    pub text: String,
}

/// The cursor and what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct CursorReadout {
    /// Its column.
    pub column: usize,
    /// Its step.
    pub step: u64,
    /// The values there.
    pub values: ChartValues,
}

/// The values of all curves at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartValues {
    /// Every minibatch; an extent where only a summary of several minibatches is left. NaN travels as `broken`.
    pub train: Option<Column>,
    /// The mean of the minibatches around the place, or of the newest ones.
    pub mean: Option<MinibatchMean>,
    /// The last evaluation at or before the place.
    pub test: Option<f64>,
    /// The steps of [`Self::train`] and [`Self::test`] where they are before that of the place.
    pub earlier: [Option<u64>; 2],
}

impl Chart {
    /// The axis of its steps.
    pub fn step_axis(&self) -> StepAxis {
        StepAxis { steps: self.steps, scale: self.step_scale }
    }

    pub(super) fn of(run: &Run, view: &ChartView, slot: ChartSlot, figure: &ChartFigure, size: PlotSize) -> Self {
        let count = size.columns.min(MAX_CHART_COLUMNS);
        let (steps, lineage, scale) = (view.shown_steps(run.step_extent()), run.lineage(), view.scale(slot));
        let track = |curve: Option<FigureCurve>| curve.map(|curve| run.metrics.curve_track(curve));
        let (trained, tested) = (track(figure.train), track(figure.test));
        let step_axis = StepAxis { steps, scale: view.step_scale };
        // What is measured on no part of the data does not vary with its samples.
        let is_smoothed = figure.is_sample_mean() && trained.is_some();
        let reach = view.smoothing.reach().filter(|_| is_smoothed);
        let cuts = reach.map_or_else(Vec::new, |_| run.cuts_on(lineage));
        let window = reach.map(|reach| MeanWindow::of_steps(reach, &cuts));
        let cursor = view.cursor.filter(|step| steps.contains(*step));
        let sight = Sight { lineage, window, axis: step_axis, count, scale, cursor: cursor.map(StepRange::of) };
        let ((train, train_ends), (test, test_ends)) = (sight.curve(trained), sight.curve(tested));
        let (smoothed, smoothed_ends) = sight.smoothed(trained, &train);
        let mut overlays = abandoned_futures(run, trained.or(tested), sight);
        if let Some(curve) = figure.train.or(figure.test) {
            overlays.extend(ghost_overlays(&view.ghosts, &run.metrics.curve_info(curve).tag, sight));
        }
        let samples = train.iter().chain(&test).filter_map(|column| column.extent);
        let drawn = samples.flat_map(|extent| [extent.min, extent.max]).chain(smoothed.iter().flatten().copied());
        let ends = [train_ends, smoothed_ends, test_ends].into_iter().flat_map(CurveEnds::values);
        let axis = ValueAxis::showing(&drawn.chain(ends).collect::<Vec<_>>(), &overlays, figure, scale, size.rows);
        let cursor = cursor.and_then(|step| {
            let column = step_axis.column_of(step, count)?;
            Some(CursorReadout { column, step, values: values_at(run, [trained, tested], step, reach) })
        });
        let newest = trained.and_then(|track| track.latest_value(lineage));
        let latest = ChartValues {
            train: newest.map(|(_, value)| Column::of(value)),
            mean: figure.train.filter(|_| figure.is_sample_mean()).and_then(|curve| MinibatchMean::newest(run, curve)),
            test: tested.and_then(|track| track.latest_value(lineage)).map(|(_, value)| value),
            earlier: [None; 2],
        };
        let word = |curve: Option<FigureCurve>| curve.map_or("", |curve| curve.word);
        Self {
            title: figure.title.clone(),
            unit: figure.unit.clone(),
            better: figure.better,
            words: [word(figure.train), word(figure.test)],
            smoothing: figure.is_sample_mean().then_some(view.smoothing),
            steps,
            step_scale: view.step_scale,
            note: (newest.is_none() && latest.test.is_none() && overlays.is_empty()).then(|| empty_chart_note(figure)),
            first_test: first_evaluation_step(run, newest.is_some(), figure.test.is_some() && latest.test.is_none()),
            train,
            train_ends,
            smoothed,
            smoothed_ends,
            test,
            test_ends,
            undrawn: run.branches.undrawn_futures(),
            overlays,
            marks: marks::visible_marks(run.marks_on(lineage), step_axis, count),
            axis,
            cursor,
            latest,
        }
    }
}

/// What a run did on other branches, by the values of a track.
fn abandoned_futures(run: &Run, track: Option<&MetricTrack>, own: Sight<'_>) -> Vec<Overlay> {
    let futures = run.branches.abandoned_futures();
    let Some(track) = track.filter(|_| !futures.is_empty()) else { return Vec::new() };
    let drawn = own.drawn(track);
    let overlay = |future| {
        let source = OverlaySource::of_future(run, future, track, own.window.is_some())?;
        Overlay::of(source, own, &drawn)
    };
    futures.iter().filter_map(overlay).collect()
}

/// The values of the minibatches and of the evaluations at a step, also after the one at which the run stands, and the mean
/// of the minibatches up to `reach` from it.
fn values_at(run: &Run, tracks: [Option<&MetricTrack>; 2], step: u64, reach: Option<u64>) -> ChartValues {
    let way = &if step > run.step { run.branches.way_to_tip() } else { run.lineage().clone() };
    let mean = reach.zip(tracks[0]).and_then(|(reach, trained)| {
        let cuts = run.cuts_on(way);
        let value = trained.drawn_at(way, StepRange::of(step), Some(MeanWindow::of_steps(reach, &cuts)))?;
        Some(MinibatchMean { value, span: MeanSpan::Around(reach) })
    });
    let [train, test] = tracks.map(|track| track?.value_at(way, step));
    ChartValues {
        train: train.map(|(_, column)| column),
        mean,
        test: test.and_then(|(_, column)| Some(column.extent?.mean)),
        earlier: [train, test].map(|sampled| sampled.map(|(steps, _)| steps.last).filter(|last| *last < step)),
    }
}

impl StepRange {
    /// At most `most` labelled steps of an axis with that many columns.
    pub fn ticks(self, most: usize, columns: u16) -> Vec<AxisTick> {
        let cell = |step: u64| self.column_of(step, columns.into()).and_then(|column| u16::try_from(column).ok());
        let mut ticks: Vec<AxisTick> = Vec::new();
        for step in self.round_steps(most) {
            if let Some(cell) = cell(step)
                && ticks.last().is_none_or(|tick| tick.cell < cell)
            {
                ticks.push(AxisTick { cell, label: thousands(step) });
            }
        }
        ticks
    }

    /// At most `most` round steps, evenly spread.
    fn round_steps(self, most: usize) -> impl Iterator<Item = u64> {
        let (low, high) = (self.first as f64, self.last as f64);
        let rough = ((high - low) / most.clamp(1, 100) as f64).max(1.0);
        let power = 10f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= rough);
        let every = round.map_or(1, |step| step as u64).max(1);
        let first = self.first.div_ceil(every).saturating_mul(every);
        (0..most as u64).map(move |i| first.saturating_add(i.saturating_mul(every)))
    }
}

/// Charts are never asked for more columns than the largest terminal has dots.
const MAX_CHART_COLUMNS: usize = 8192;

fn empty_chart_note(figure: &ChartFigure) -> String {
    let what = if figure.test.is_some() && figure.train.is_none() { "evaluation" } else { "minibatch" };
    format!("nothing yet: the first {what} will show here")
}

/// The step of the first evaluation, if there are minibatches and it is still `missing`.
fn first_evaluation_step(run: &Run, trained: bool, missing: bool) -> Option<u64> {
    if !trained || !missing {
        return None;
    }
    let every = run.info.as_ref()?.evaluate_every.filter(|every| *every > 0)?;
    let first = (run.step / every).saturating_add(1).saturating_mul(every);
    let end = run.controls.as_ref().and_then(|controls| controls.total_steps);
    Some(end.map_or(first, |end| first.min(end.max(run.step))))
}
