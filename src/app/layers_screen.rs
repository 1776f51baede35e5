//! The Layers screen, and what the Overview shows of the layers.

use crate::protocol::{MetricInfo, Query};

use super::actions::Action;
use super::chart_view::ChartView;
use super::heat_map::HeatMap;
use super::inspect::LayerHistory;
use super::layer_values::{LayerValues, UnitStrips};
use super::layers::{LayerRow, SparklineCell, SparklineScale};
use super::run::Run;
use super::series::{Column, StepRange};
use super::watched::WatchedRun;

/// What is selected among the layers, here and on the Overview.
#[derive(Clone, Copy, Debug, Default)]
pub struct LayerSelection {
    /// Selected row of the layers.
    pub row: usize,
    /// Which quantity of the layers is shown over the steps, counted round and round.
    quantity: usize,
    /// Selected parameter of the selected layer, counted round and round.
    parameter: usize,
    /// Selected unit of the selected layer.
    pub unit: Option<usize>,
    /// Whether histograms have a logarithmic scale of counts.
    pub log_counts: bool,
}

impl LayerSelection {
    /// Does what a key stands for that changes how the layers are shown.
    pub(super) fn handle_action(&mut self, action: Action, screen: LayersScreen<'_>) {
        match action {
            Action::LogScale => self.log_counts = !self.log_counts,
            Action::Quantity | Action::Figure => {
                let count = screen.run.layers.quantities().len();
                self.quantity = (self.quantity + 1).checked_rem(count).unwrap_or(0);
            }
            Action::Parameter => {
                let count = screen.layer_values(1).map_or(0, |values| values.parameters);
                self.parameter = (self.parameter + 1) % count.max(1);
            }
            // The first press only shows which unit is selected.
            Action::Cursor(by) => {
                let Ok(units) = screen.unit_strips() else { return };
                let by = isize::try_from(by).unwrap_or(0);
                let moved = units.selected.map_or(0, |unit| unit.saturating_add_signed(by));
                self.unit = units.unit_count().checked_sub(1).map(|last| moved.min(last));
            }
            _ => {}
        }
    }

    /// Selects another row.
    pub(super) fn select_row(&mut self, row: usize) {
        self.row = row;
        self.parameter = 0;
    }
}

/// The layers of the run as it is shown, what is selected among them, and the steps in sight.
#[derive(Clone, Copy, Debug)]
pub struct LayersScreen<'a> {
    watched: &'a WatchedRun,
    run: &'a Run,
    selection: LayerSelection,
    steps: StepRange,
    cursor: Option<u64>,
}

impl<'a> LayersScreen<'a> {
    pub(super) fn new(watched: &'a WatchedRun, selection: LayerSelection, charts: &ChartView) -> Self {
        let run = watched.shown();
        Self { watched, run, selection, steps: charts.shown_steps(run.step_extent()), cursor: charts.cursor }
    }

    /// Place of the quantity that is shown over the steps.
    pub(super) fn quantity_place(&self) -> usize {
        self.selection.quantity.checked_rem(self.run.layers.quantities().len()).unwrap_or(0)
    }

    /// The quantity that is shown over the steps.
    pub fn quantity(&self) -> Option<&'a MetricInfo> {
        self.run.layers.quantities().get(self.quantity_place())
    }

    /// That quantity of all rows in `count` columns, and the scale that they share.
    pub fn sparklines(&self, count: usize) -> (SparklineScale, Vec<Vec<SparklineCell>>) {
        let (layers, place) = (&self.run.layers, self.quantity_place());
        let columns = |row| layers.quantity_columns(self.run.lineage(), row, place, self.steps, count);
        let rows: Vec<Vec<Column>> = layers.rows().iter().map(columns).collect();
        let unit = self.quantity().map(|quantity| quantity.unit.clone()).unwrap_or_default();
        let scale = SparklineScale::of(&rows, &unit);
        (scale, rows.iter().map(|columns| scale.cells(columns)).collect())
    }

    /// The step of the cursor, where it is in sight.
    pub fn cursor_step(&self) -> Option<u64> {
        self.cursor.filter(|step| self.steps.contains(*step))
    }

    /// The step of the values that stand beside the rows while there is a cursor: that of the last probe before it.
    pub fn probed_step(&self) -> Option<u64> {
        let cursor = self.cursor_step()?;
        self.run.layers.probed_step(self.run.lineage(), self.quantity_place(), Some(cursor))
    }

    /// A quantity of a row, by its place, at a step or the last time that it was measured before; a summary of the
    /// steps around it where only that is left.
    pub fn value_at(&self, row: &LayerRow, quantity: usize, step: u64) -> Option<Column> {
        row.track(quantity)?.value_at(self.run.lineage(), step).map(|(_, column)| column)
    }

    /// That quantity of all rows in `count` columns.
    pub fn heat_map(&self, count: usize) -> HeatMap {
        HeatMap::of(self.run, self.quantity_place(), self.steps, self.cursor, count)
    }

    /// How the selected layer's values are distributed, and were at most `count` times before; or why that is unknown.
    ///
    /// # Errors
    /// A sentence for the empty place.
    pub fn layer_values(&self, count: usize) -> Result<LayerValues<'a>, String> {
        let (row, history) = self.selected_layer()?;
        Ok(LayerValues::of(row, history, self.selection.parameter, count))
    }

    /// What each unit of the selected layer comes to, or why that is unknown.
    ///
    /// # Errors
    /// A sentence for the empty place.
    pub fn unit_strips(&self) -> Result<UnitStrips<'a>, String> {
        let (row, history) = self.selected_layer()?;
        let image = self.run.layers.chain().iter().any(|layer| layer.index == row.index && layer.output.len() == 3);
        Ok(UnitStrips::of(row, history.newest, image, self.selection.unit))
    }

    /// What the screen wants to know: the selected layer from the inside.
    pub(super) fn wanted_queries(&self) -> Vec<Query> {
        let row = self.run.layers.rows().get(self.selection.row);
        row.map(|row| Query::Layer { layer: row.index }).into_iter().collect()
    }

    /// The selected layer with its past, or why nothing is known of it.
    fn selected_layer(&self) -> Result<(&'a LayerRow, LayerHistory<'a>), String> {
        let rows = self.run.layers.rows();
        let row = rows.get(self.selection.row).or(rows.last());
        let row = row.ok_or("no layers yet: they show once the network is built")?;
        let history = self.run.answers.layer_history(self.run.lineage(), row.index);
        let why = || self.watched.why_unanswered(&[Query::Layer { layer: row.index }]);
        Ok((row, history.ok_or_else(why)?))
    }
}
