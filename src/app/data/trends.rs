//! The small curves beside the plane.

use crate::app::layers::SparklineCell;
use crate::app::metric::ChartFigure;
use crate::app::run::Run;
use crate::app::series::{Column, Extent, StepRange};

/// A figure over the whole planned run in `count` columns, of the minibatches and of the tests: as a share of the
/// largest value that it can have, or else of the largest in sight.
pub(super) fn figure_trends(run: &Run, figure: &ChartFigure, count: usize) -> [Vec<SparklineCell>; 2] {
    let planned = run.controls.as_ref().and_then(|controls| controls.total_steps).unwrap_or(0);
    let steps = StepRange { first: 1, last: planned.max(run.step).max(1) };
    let columns = [figure.train, figure.test].map(|curve| {
        curve.map_or_else(
            || vec![Column::default(); count],
            |curve| run.metrics.curve_track(curve).columns(run.lineage(), steps, count),
        )
    });
    let means = columns.iter().flatten().filter_map(|column| column.extent).map(|extent| extent.mean);
    let full = figure.ceiling.unwrap_or_else(|| means.fold(0.0, f64::max));
    let now = steps.column_of(run.step.max(1), count).unwrap_or(0);
    let height = |extent: Extent| if full > 0.0 { (extent.mean / full).clamp(0.0, 1.0) } else { 0.0 };
    columns.map(|columns| SparklineCell::cells_of(&columns, now, height))
}
