//! The keys that change nothing but what is looked at.

use super::{View, WindowSize};
use crate::app::actions::Action;
use crate::app::follow_up::FollowUp;
use crate::app::screen::{Panel, Screen};
use crate::app::watched::WatchedRun;

impl View {
    /// Does what a key stands for that changes nothing but what is looked at.
    pub(in crate::app) fn handle_action(&mut self, action: Action, watched: &WatchedRun, size: WindowSize) -> FollowUp {
        let layers = self.layers_screen(watched);
        match action {
            Action::Cursor(_) if self.focused_panel() == Panel::Units => self.layers.handle_action(action, layers),
            Action::LogScale if self.screen == Screen::Layers => self.layers.handle_action(action, layers),
            Action::Figure if self.focused_panel() == Panel::Layers => self.layers.handle_action(action, layers),
            Action::Quantity | Action::Parameter => self.layers.handle_action(action, layers),
            Action::Cursor(_)
            | Action::ZoomIn
            | Action::ZoomOut
            | Action::ResetView
            | Action::LogScale
            | Action::StepScale
            | Action::Smoothing
            | Action::Figure => {
                return self.charts.handle_action(action, watched.shown(), self.focused_chart(), size.0);
            }
            Action::Page(_) | Action::FeatureMaps if self.screen == Screen::Inspect => {
                return self.inspect.handle_action(action, watched);
            }
            Action::Subject | Action::Split | Action::Move { .. } | Action::Page(_) | Action::OpenEntry => {
                return self.data.handle_action(action, self.data_screen(watched, size));
            }
            Action::Follow(_) | Action::AdvancePhase | Action::CheckGradients => {
                return self.inspect.handle_action(action, watched);
            }
            Action::LayOver | Action::Open | Action::DeleteBranch => {
                let panel = self.focused_panel();
                return self.runs.handle_action(action, panel, &mut self.charts, watched);
            }
            Action::Show(screen) => self.show_screen(screen),
            Action::Expand => self.expanded = !self.expanded,
            Action::Focus { backwards } => {
                self.focus_next(backwards);
                // A place for which there is no chart is not on the page.
                let chart = self.focused_panel().chart_slot();
                if chart.is_some_and(|slot| !self.charts.has_chart(slot, watched.shown())) {
                    self.focus_next(backwards);
                }
            }
            Action::Select(by) => self.move_selection(by, watched, size),
            Action::Back if self.expanded => self.expanded = false,
            Action::Back if self.focused_panel() == Panel::Units && self.layers.unit.is_some() => {
                self.layers.unit = None;
            }
            Action::Back => self.charts.cursor = None,
            _ => debug_assert!(false, "no part of the dashboard handles {action:?}"),
        }
        FollowUp::Done
    }

    /// Moves the selection in the focused panel.
    pub(super) fn move_selection(&mut self, by: isize, watched: &WatchedRun, size: WindowSize) {
        let run = watched.shown();
        let moved = |now: usize, count: usize| now.saturating_add_signed(by).min(count.saturating_sub(1));
        match self.focused_panel() {
            Panel::Controls => self.control = moved(self.control, watched.hyperparameters().len()),
            Panel::Findings => self.finding = moved(self.finding, run.findings.len()),
            Panel::Layers | Panel::Map | Panel::Values | Panel::Units => {
                self.layers.select_row(moved(self.layers.row, run.layers.rows().len()));
            }
            Panel::Samples => {
                let action = Action::Move { across: 0, down: by };
                self.data.handle_action(action, self.data_screen(watched, size));
            }
            panel @ (Panel::Chain | Panel::Sample | Panel::Layer | Panel::Gradients) => {
                self.inspect.move_selection(panel, by, watched);
            }
            panel @ (Panel::Branches | Panel::Ledger | Panel::Recorded) => {
                self.runs.move_selection(by, panel, &self.charts, watched);
            }
            // A chart has nothing to select; the layers below it have.
            Panel::Chart(_) => self.focus_on(Panel::Layers),
        }
    }
}
