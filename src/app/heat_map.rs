//! The heat map of the layers: one row per layer, one column per stretch of steps.

use super::layers::SparklineCell;
use super::run::Run;
use super::series::{Column, StepRange};
use crate::protocol::{MetricInfo, Unit};

/// A heat map ready for drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// What it shows; `None` where nothing is measured of the layers.
    pub quantity: Option<MetricInfo>,
    /// The steps from its left to its right edge.
    pub steps: StepRange,
    /// One row per layer that has parameters, in the network's order.
    pub rows: Vec<HeatRow>,
    /// The values at the two ends of the colours; `None` while there is nothing to show.
    pub ends: Option<(f64, f64)>,
    /// Column and step of the cursor, where it is in sight.
    pub cursor: Option<(usize, u64)>,
    /// The step of the rows' values: that of the last probe, of those before the cursor if it is in sight.
    pub probed: Option<u64>,
}

/// A row of a heat map.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow {
    /// Name of the layer, safe to show.
    pub name: String,
    /// The largest value of each column, from 0 at the lower end of the colours to 1.
    pub cells: Vec<SparklineCell>,
    /// The value at the cursor, or the newest one; an extent where only a summary of several steps is left.
    pub value: Option<Column>,
}

impl HeatMap {
    /// The quantity at this place, in `count` columns of these steps.
    pub(super) fn of(run: &Run, quantity: usize, steps: StepRange, cursor: Option<u64>, count: usize) -> Self {
        let info = run.layers.quantities().get(quantity).cloned();
        let unit = info.as_ref().map(|info| info.unit.clone()).unwrap_or_default();
        let layers = run.layers.rows();
        let columns: Vec<Vec<Column>> =
            layers.iter().map(|row| run.layers.quantity_columns(run.lineage(), row, quantity, steps, count)).collect();
        // Also the smallest, since the value beside a row need not be the largest of its column.
        let extents = columns.iter().flatten().filter_map(|column| column.extent);
        let ends = color_scale_ends(&unit, extents.flat_map(|extent| [extent.min, extent.max]));
        let cursor = cursor.and_then(|step| Some((steps.column_of(step, count)?, step)));
        let probed = run.layers.probed_step(run.lineage(), quantity, cursor.map(|(_, step)| step));
        let rows = layers.iter().zip(&columns).map(|(row, columns)| {
            let value = row.track(quantity).and_then(|track| {
                let newest = || track.latest_value(run.lineage()).map(|(step, _)| step);
                let step = cursor.map(|(_, step)| step).or_else(newest)?;
                track.value_at(run.lineage(), step).map(|(_, column)| column)
            });
            HeatRow { name: row.name.clone(), cells: heat_cells(columns, &unit, ends), value }
        });
        Self { quantity: info, steps, rows: rows.collect(), ends, cursor, probed }
    }
}

/// The values at the ends of the colours: shares from 0 to 1, anything else from its smallest positive value in sight
/// to its largest.
fn color_scale_ends(unit: &Unit, mut values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        })
    };
    match unit {
        Unit::Share => bounds(&mut values).map(|_| (0.0, 1.0)),
        Unit::None | Unit::Named(_) => {
            let (low, high) = bounds(&mut values.filter(|value| *value > 0.0))?;
            // Less than a power of ten between the ends is shown with less than all of the colours.
            Some((low.min(high / 10.0).max(f64::MIN_POSITIVE), high))
        }
    }
}

fn heat_cells(columns: &[Column], unit: &Unit, ends: Option<(f64, f64)>) -> Vec<SparklineCell> {
    let level = |value: f64| match (unit, ends) {
        (Unit::Share, _) => value.clamp(0.0, 1.0),
        (_, Some((low, high))) if value > 0.0 => ((value / low).ln() / (high / low).ln()).clamp(0.0, 1.0),
        _ => 0.0,
    };
    // Nothing is known after the newest probe.
    let newest = columns.iter().rposition(|column| column.extent.is_some() || column.broken).unwrap_or(0);
    SparklineCell::cells_of(columns, newest, |extent| level(extent.max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Extent;

    fn column(value: f64) -> Column {
        let extent = value.is_finite().then_some(Extent { min: value, max: value, mean: value });
        Column { extent, broken: !value.is_finite() }
    }

    #[test]
    fn colours_span_the_values_in_sight_on_a_log_scale() {
        let values = [1e-3, 0.0, 1e-1, 1e1];
        let ends = color_scale_ends(&Unit::None, values.into_iter());
        assert_eq!(ends, Some((1e-3, 1e1)));
        let shown = heat_cells(&values.map(column), &Unit::None, ends);
        let heights: Vec<i64> = shown
            .iter()
            .map(|cell| if let SparklineCell::Height(height) = cell { (height * 100.0).round() as i64 } else { -1 })
            .collect();
        assert_eq!(heights, [0, 0, 50, 100]);
    }

    #[test]
    fn shares_always_span_the_whole_and_nothing_gives_no_ends() {
        assert_eq!(color_scale_ends(&Unit::Share, [0.2].into_iter()), Some((0.0, 1.0)));
        assert_eq!(color_scale_ends(&Unit::Share, [].into_iter()), None);
        assert_eq!(color_scale_ends(&Unit::None, [0.0].into_iter()), None);
        assert_eq!(color_scale_ends(&Unit::None, [2.0].into_iter()), Some((0.2, 2.0)));
    }

    #[test]
    fn gaps_keep_the_last_value_but_breaks_and_the_future_do_not() {
        let columns = [Column::default(), column(1.0), Column::default(), column(f64::NAN), Column::default()];
        let shown = heat_cells(&columns, &Unit::Share, Some((0.0, 1.0)));
        assert_eq!(
            shown,
            [
                SparklineCell::Empty,
                SparklineCell::Height(1.0),
                SparklineCell::Height(1.0),
                SparklineCell::Broken,
                SparklineCell::Empty
            ]
        );
    }
}
