//! What the mouse does: it focuses, selects, sets the cursor and zooms.

use super::{View, WindowSize};
use crate::app::input::Pointer;
use crate::app::screen::Panel;
use crate::app::series::StepExtent;
use crate::app::watched::WatchedRun;

impl View {
    /// Does what the mouse did.
    pub(in crate::app) fn handle_pointer(&mut self, pointer: Pointer, watched: &WatchedRun, size: WindowSize) {
        let extent = watched.shown().step_extent();
        match pointer {
            Pointer::Screen { screen } => self.show_screen(screen),
            Pointer::Click { panel } => self.focus_on(panel),
            Pointer::ClickAt { panel, fraction } => {
                self.focus_on(panel);
                self.put_cursor(panel, extent, fraction);
            }
            Pointer::ClickCell { panel, row, fraction } => {
                self.focus_on(panel);
                self.select_row(panel, row, watched, size);
                self.put_cursor(panel, extent, fraction);
            }
            Pointer::ClickRow { panel, row } => {
                self.focus_on(panel);
                self.select_row(panel, row, watched, size);
            }
            Pointer::Wheel { panel, fraction, up } if panel.has_step_axis() => {
                let fraction = self.share_of_steps(panel, extent, fraction);
                self.charts.zoom(extent, fraction, if up { 0.8 } else { 1.25 });
            }
            Pointer::Wheel { panel, up, .. } => {
                let focus = self.focused_panel();
                self.focus_on(panel);
                self.move_selection(if up { -1 } else { 1 }, watched, size);
                self.focus_on(focus);
            }
        }
    }

    fn put_cursor(&mut self, panel: Panel, extent: StepExtent, fraction: f64) {
        if panel.has_step_axis() {
            self.charts.put_cursor(extent, self.share_of_steps(panel, extent, fraction));
        }
    }

    /// A place along the step axis of a panel as a share of the steps in sight.
    fn share_of_steps(&self, panel: Panel, extent: StepExtent, fraction: f64) -> f64 {
        let chart = panel.chart_slot().is_some();
        if chart { self.charts.share_of_steps(extent, fraction) } else { fraction }
    }

    /// Selects a row of a list, if it has that many.
    fn select_row(&mut self, panel: Panel, row: usize, watched: &WatchedRun, size: WindowSize) {
        let run = watched.shown();
        match panel {
            Panel::Layers | Panel::Map if row < run.layers.rows().len() => self.layers.row = row,
            Panel::Units => self.layers.unit = Some(row),
            Panel::Samples => self.data.select_entry(self.data_screen(watched, size), row),
            Panel::Chain if row <= run.layers.last_chain_place() => self.inspect.select_place(row),
            Panel::Branches | Panel::Recorded => self.runs.select_row(row, panel, &self.charts, watched),
            Panel::Controls if row < watched.hyperparameters().len() => self.control = row,
            Panel::Findings if row < run.findings.len() => self.finding = row,
            _ => {}
        }
    }
}
