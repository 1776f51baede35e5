//! What part of the run is looked at, and how: the screen, its focused panel, and the choices of each screen.

mod keys;
mod mouse;

use super::actions::Action;
use super::chart_view::ChartView;
use super::data::{DataScreen, DataSelection, DataSubject};
use super::ghosts::Ghosts;
use super::layers_screen::{LayerSelection, LayersScreen};
use super::metric::ChartSlot;
use super::runs_screen::{RunsScreen, RunsSelection};
use super::screen::{Panel, Screen};
use super::trace::{InspectScreen, InspectSelection};
use super::watched::WatchedRun;
use crate::protocol::Query;

/// Columns and rows of the window.
pub type WindowSize = (u16, u16);

/// How the run is looked at. Nothing in here changes the run.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The screen that is shown.
    pub screen: Screen,
    /// Whether the screen was chosen; until then it may follow the data.
    chosen: bool,
    /// Index of the focused panel in [`Screen::panels`], of each screen.
    focus: [usize; Screen::ALL.len()],
    /// Whether the focused panel has the screen for itself.
    pub expanded: bool,
    /// What the charts show.
    pub charts: ChartView,
    /// What is selected among the layers.
    pub layers: LayerSelection,
    /// Selected row of the hyperparameters.
    pub control: usize,
    /// First finding shown.
    pub finding: usize,
    /// What was chosen on the Data screen.
    pub data: DataSelection,
    /// What is selected on the Inspect screen.
    pub inspect: InspectSelection,
    /// What is selected on the Runs screen.
    pub runs: RunsSelection,
    /// Whether the recorded runs were listed since the screen that shows them was turned to.
    pub(super) lists_runs: bool,
}

impl View {
    /// A view with these runs laid over the charts.
    pub(super) fn with_ghosts(ghosts: Ghosts) -> Self {
        let mut view = Self::default();
        view.charts.ghosts = ghosts;
        view
    }

    /// The Layers screen of a run, and what the Overview shows of the layers.
    pub(super) fn layers_screen<'a>(&self, watched: &'a WatchedRun) -> LayersScreen<'a> {
        LayersScreen::new(watched, self.layers, &self.charts)
    }

    /// The Data screen of a run.
    pub(super) fn data_screen<'a>(&self, watched: &'a WatchedRun, size: WindowSize) -> DataScreen<'a> {
        DataScreen::new(watched, self.data, size, self.expanded)
    }

    /// The Inspect screen of a run.
    pub(super) fn inspect_screen<'a>(&self, watched: &'a WatchedRun) -> InspectScreen<'a> {
        InspectScreen::new(watched, self.inspect)
    }

    /// The Runs screen of a run.
    pub(super) fn runs_screen<'a>(&'a self, watched: &'a WatchedRun) -> RunsScreen<'a> {
        self.runs.screen(&self.charts, watched)
    }

    /// What the screen wants to know of the inside of a run, the most important first.
    pub(super) fn wanted_queries(&self, watched: &WatchedRun, size: WindowSize) -> Vec<Query> {
        match self.screen {
            Screen::Layers => self.layers_screen(watched).wanted_queries(),
            Screen::Data => self.data_screen(watched, size).wanted_queries(),
            Screen::Inspect => self.inspect_screen(watched).wanted_queries(),
            Screen::Overview | Screen::Runs => Vec::new(),
        }
    }

    /// Why an action would change nothing of what the screen shows now.
    pub(super) fn idle_action_reason(
        &self,
        action: Action,
        watched: &WatchedRun,
        size: WindowSize,
    ) -> Option<&'static str> {
        match self.screen {
            Screen::Data => self.data_screen(watched, size).idle_action_reason(action),
            Screen::Overview | Screen::Layers | Screen::Inspect | Screen::Runs => None,
        }
    }

    /// Whether following what is selected leads to the mistakes.
    pub(super) fn opens_mistakes(&self, watched: &WatchedRun, size: WindowSize) -> bool {
        matches!(self.data_screen(watched, size).subject(), DataSubject::Plane | DataSubject::Confusion)
    }

    /// The focused panel.
    pub fn focused_panel(&self) -> Panel {
        let panels = self.screen.panels();
        panels.get(self.focus[self.screen as usize]).or(panels.first()).copied().unwrap_or(Panel::Layers)
    }

    /// The focused chart, or else the first one.
    fn focused_chart(&self) -> ChartSlot {
        self.focused_panel().chart_slot().unwrap_or(ChartSlot::First)
    }

    /// Moves the focus to `panel` if the screen has it.
    fn focus_on(&mut self, panel: Panel) {
        if let Some(index) = self.screen.panels().iter().position(|candidate| *candidate == panel) {
            self.focus[self.screen as usize] = index;
        }
    }

    /// Moves the focus by one panel, round the screen.
    fn focus_next(&mut self, backwards: bool) {
        let count = self.screen.panels().len();
        let focus = &mut self.focus[self.screen as usize];
        *focus = (*focus + if backwards { count - 1 } else { 1 }) % count;
    }

    /// Turns to a screen because it was asked for.
    pub(super) fn show_screen(&mut self, screen: Screen) {
        self.chosen = true;
        if self.screen != screen {
            self.screen = screen;
            self.expanded = false;
        }
    }

    /// Turns to the screen that suits the data, unless one was chosen already.
    pub(super) fn suggest_screen(&mut self, screen: Screen) {
        if !self.chosen {
            self.screen = screen;
        }
    }

    /// Shows a figure in the focused chart.
    pub(super) fn show_figure(&mut self, figure: &str) {
        self.charts.set_chart_figure(self.focused_chart(), figure);
        self.show_screen(Screen::Overview);
    }

    /// Shows a unit of the layer at a place of the chain; `None` keeps the layer.
    pub(super) fn show_unit(&mut self, layer: Option<usize>, unit: usize, watched: &WatchedRun) {
        let row = watched.shown().layers.rows().iter().position(|row| Some(row.index) == layer);
        self.layers.row = row.unwrap_or(self.layers.row);
        self.layers.unit = Some(unit);
        self.show_screen(Screen::Layers);
    }
}
