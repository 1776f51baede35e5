//! The small curves beside the plane.

use crate::app::layers::SparklineCell;
use crate::app::metric::ChartFigure;
use crate::app::run::Run;
use crate::app::series::{Column, Extent, StepRange};

/// A figure over the whole planned run, small.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureTrends {
    /// Step at the left edge, and at the right.
    pub steps: (u64, u64),
    /// Value at the upper edge; 0 is at the lower one.
    pub full: f64,
    /// Columns of the minibatches, and of the tests.
    pub curves: [Vec<SparklineCell>; 2],
}

/// A figure in `count` columns, as a share of the largest value that it can have, or else of the largest in sight.
pub(super) fn figure_trends(run: &Run, figure: &ChartFigure, count: usize) -> FigureTrends {
    let steps = planned_steps(run);
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
    let curves = columns.map(|columns| SparklineCell::cells_of(&columns, now, height));
    FigureTrends { steps: (steps.first, steps.last), full, curves }
}

/// The steps of the whole planned run.
pub(super) fn planned_steps(run: &Run) -> StepRange {
    let planned = run.controls.as_ref().and_then(|controls| controls.total_steps).unwrap_or(0);
    StepRange { first: 1, last: planned.max(run.step).max(1) }
}
