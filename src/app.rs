//! What the dashboard knows. [`App::update`] takes messages and gives back effects, and is the only way in which
//! anything here changes; drawing is a function of `&App`. Nothing in this module knows a terminal, a clock or a task:
//! keys come as [`Key`], time as [`Message::Tick`], and whatever must be done outside leaves as an [`Effect`].

mod act;
mod actions;
mod attention;
mod axes;
mod banner;
mod branch_tree;
mod branches;
mod chart;
mod chart_view;
mod columns;
mod commands;
mod data;
mod dialog;
mod display;
mod editor;
mod findings;
mod ghosts;
mod going_back;
mod header;
mod input;

mod follow_up;
mod heat_map;
mod inspect;
mod keys;
mod layer_values;
mod layers;
mod layers_screen;
mod message;
mod metric;
mod needs;
mod notices;
mod pending;
mod prompt;
mod quit;
mod range_test;
mod record;
mod remedy;
mod rewind;
mod run;
mod runs_screen;
mod screen;
mod series;
mod speed;
mod steering;
mod step_scale;
mod tables;
mod trace;
mod track;
mod typed;
mod update;
mod view;
mod watched;

use std::time::Duration;

use crate::protocol::Query;

pub use actions::{Action, Remedy, SampleStep};
pub use axes::{StepAxis, ValueScale};
pub use banner::Banner;
pub use branch_tree::{BranchFigure, BranchResult, BranchRow, BranchTree, LedgerRow};
pub use branches::{AbandonedFuture, Branch, BranchStretch, Branches, Lineage, MAX_DRAWN_FUTURES, RunPosition};
pub use chart::{
    AxisTick, Chart, ChartMark, ChartValues, CursorReadout, CurveEnds, MeanSpan, MinibatchMean, Overlay, PlotSize,
    ValueAxis,
};
pub use chart_view::{ChartView, Smoothing, StepWindow};
pub use columns::TableColumns;
pub use commands::{COMMANDS, CommandSpec};
pub use data::{DataScreen, DataSelection, DataSubject, FigureTrends, PlaneLayout, ShownAnswer, TileLayout};
pub use editor::{LineEdit, LineEditor, MAX_LINE_BYTES};
pub use findings::{FindingRow, Findings, FoundTrouble};
pub use ghosts::{
    AlignedGhost, Ghost, GhostRun, Ghosts, MAX_GHOSTS, MAX_LISTED_RUNS, OVERLAY_LOOKS, PLACES_PER_STEP, RecordedAnswer,
    RecordedRequest, RecordedRun,
};
pub use header::{Header, LearningRates};
pub use heat_map::{HeatMap, HeatRow};
pub use input::{Code, Key, Modifiers, Pointer};
pub use inspect::{LayerHistory, LayerSnapshot, NewestAnswers};
pub use keys::{Binding, BindingScope, bindings};
pub use layer_values::{LayerValues, UnitStrip, UnitStrips, ValueHistogram};
pub use layers::{ChainLayer, LayerRow, Layers, ProbedLayer, SparklineCell, SparklineScale};
pub use layers_screen::{LayerSelection, LayersScreen};
pub use message::{Effect, Exit, Message, RunFate, RunOrigin, Settings, Signal};
pub use metric::{ChartFigure, ChartSlot, FigureCurve, MetricStore};
pub use needs::{INSPECT_NEEDS, Requirement};
pub use notices::{Notice, NoticeTone, Notices};
pub use pending::PendingRequests;
pub use prompt::{KeyboardMode, LinePurpose, Prompt, TypedLine};
pub use quit::QuitChoice;
pub use range_test::{RangeTestPanel, RangeTestPlot, RangeTestStatus};
pub use record::RecordStatus;
pub use remedy::TroubleOffer;
pub use rewind::{RewindProgress, RewindTarget};
pub use run::{ChangeMark, MAX_CLASS_NAMES, Run};
pub use runs_screen::{RecordedRow, RunsScreen};
pub use screen::{Panel, Screen};
pub use series::{Column, Extent, StepExtent, StepRange};
pub use step_scale::{Alignment, StepScale};
pub use tables::{ControlRow, FooterItem, HelpLine, HelpSection};
pub use trace::{
    ChainRow, CompletedPhase, InspectScreen, InspectSelection, SampleTrace, ShownGradientCheck, SumTerm, WorkedSum,
    element_input, loss_sum, parameter_letter, parse_sample_choice, sample_gradient_share, worked_sums,
};
pub use track::MetricTrack;
pub use view::View;
pub use watched::{RunPhase, WatchedRun};

use dialog::Dialog;
use remedy::Remedies;

/// The smallest window in which the dashboard can be read, in columns and rows.
pub const MIN_WINDOW_CELLS: (u16, u16) = (60, 18);

/// The state of the dashboard.
#[derive(Clone, Debug)]
pub struct App {
    settings: Settings,
    now: Duration,
    revision: u64,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    watched: WatchedRun,
    view: View,
    dialog: Dialog,
    remedies: Remedies,
    /// Whether a rewind was given up whose answer is not there yet. Normally false.
    gives_up: bool,
    notices: Notices,
    mouse: bool,
    /// What to do with the run, while the dashboard is being left.
    leaving: Option<RunFate>,
}

impl App {
    /// A dashboard that was told nothing yet.
    pub fn new(settings: Settings) -> Self {
        let watched = WatchedRun::new(&settings.run, settings.origin == RunOrigin::Recorded);
        let mouse = settings.mouse;
        let view = View::with_ghosts(Ghosts::loading(&settings.ghosts, settings.alignment));
        Self {
            settings,
            now: Duration::ZERO,
            revision: 0,
            size: (80, 24),
            watched,
            view,
            dialog: Dialog::default(),
            remedies: Remedies::default(),
            gives_up: false,
            notices: Notices::default(),
            mouse,
            leaving: None,
        }
    }

    /// Grows with every change that may show; draw when it differs from the one drawn last.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Columns and rows of the terminal.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The run with the requests on their way to its source.
    pub fn watched(&self) -> &WatchedRun {
        &self.watched
    }

    /// The run as it is shown: as it is now, or as it was when the display was frozen.
    pub fn run(&self) -> &Run {
        self.watched.shown()
    }

    /// The run as it is now.
    pub fn live(&self) -> &Run {
        self.watched.live()
    }

    /// How the run is looked at.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What the keyboard is for.
    pub fn mode(&self) -> &KeyboardMode {
        self.dialog.mode()
    }

    /// What can be done about a trouble of the training; nothing while there is none, or something else has the keyboard.
    pub fn trouble_offer(&self) -> Option<TroubleOffer> {
        self.is_offering().then(|| self.remedies.shown_offer(&self.watched)).flatten()
    }

    /// Whether the keys that do something about a trouble are valid.
    fn is_offering(&self) -> bool {
        self.remedies.is_offering() && matches!(self.mode(), KeyboardMode::Normal)
    }

    /// The short messages.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Whether the mouse is captured.
    pub fn mouse_captured(&self) -> bool {
        self.mouse
    }

    /// When the next [`Message::Tick`] is needed, in time since the start; none is needed otherwise.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.notices.next_expiry()
    }

    /// The facts of the header line.
    pub fn header(&self) -> Header {
        Header::of(&self.watched, self.settings.throttled_by_default)
    }

    /// What has to be said above everything else; nothing while everything goes on.
    pub fn banner(&self) -> Option<Banner> {
        Banner::of(&self.watched)
    }

    /// What the footer says, the most important first.
    pub fn footer_items(&self) -> Vec<FooterItem> {
        tables::footer_items(self.mode(), &self.view, &self.watched, self.size)
    }

    /// The help of the screen.
    pub fn help_sections(&self) -> Vec<HelpSection> {
        tables::help_sections(&self.view, &self.watched, self.size)
    }

    /// The hyperparameters that can be changed. They are live, also while the display is frozen.
    pub fn control_rows(&self) -> Vec<ControlRow> {
        tables::control_rows(&self.watched, self.view.control)
    }

    /// The open line together with what to say about it.
    pub fn prompt(&self) -> Option<Prompt<'_>> {
        self.dialog.prompt(&self.watched)
    }

    /// The steps that the charts and sparklines show.
    pub fn shown_steps(&self) -> StepRange {
        self.view.charts.shown_steps(self.run().step_extent())
    }

    /// Whether a chart has a place: where one shows all that is measured, there is no other.
    pub fn has_chart(&self, slot: ChartSlot) -> bool {
        self.view.charts.has_chart(slot, self.run())
    }

    /// What a chart shows; `None` where fewer figures are measured than there are charts.
    pub fn chart_figure(&self, slot: ChartSlot) -> Option<&ChartFigure> {
        self.view.charts.chart_figure(slot, self.run())
    }

    /// A chart for a plot of that size; its columns are dots, if the drawing has several dots a column.
    pub fn chart(&self, slot: ChartSlot, size: PlotSize) -> Chart {
        match self.chart_figure(slot) {
            Some(figure) => Chart::of(self.run(), &self.view.charts, slot, figure, size),
            // Before the source told what it measures, and in a place that one chart leaves over.
            None => Chart::of(self.run(), &self.view.charts, slot, &ChartFigure::default(), size),
        }
    }

    /// The Layers screen, and what the Overview shows of the layers.
    pub fn layers_screen(&self) -> LayersScreen<'_> {
        self.view.layers_screen(&self.watched)
    }

    /// The Data screen.
    pub fn data_screen(&self) -> DataScreen<'_> {
        self.view.data_screen(&self.watched, self.size)
    }

    /// The Inspect screen.
    pub fn inspect_screen(&self) -> InspectScreen<'_> {
        self.view.inspect_screen(&self.watched)
    }

    /// The Runs screen.
    pub fn runs_screen(&self) -> RunsScreen<'_> {
        self.view.runs_screen(&self.watched)
    }

    /// What the screen wants to know of the inside of the run, the most important first.
    pub fn wanted_queries(&self) -> Vec<Query> {
        self.view.wanted_queries(&self.watched, self.size)
    }
}

#[cfg(test)]
mod tests;
