//! What the charts show, and how: the steps in sight, the cursor, scales, smoothing, and a figure in each.

use super::actions::Action;
use super::axes::{StepAxis, ValueScale};
use super::follow_up::FollowUp;
use super::ghosts::Ghosts;
use super::metric::{ChartFigure, ChartSlot};
use super::run::Run;
use super::series::{StepExtent, StepRange};
use crate::protocol::RECENT_MINIBATCHES;

/// How strongly the bright line is smoothed: a mean of minibatches that does not lag, since it goes as far to either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Smoothing {
    /// Raw values only.
    Off,
    /// At the newest minibatch the mean of the last 10.
    Light,
    /// Of the last 50. So is the figure in the title, which also goes across changes.
    #[default]
    Medium,
    /// Of the last 200.
    Strong,
}

impl Smoothing {
    /// How many minibatches the mean reaches to either side; `None` when off.
    pub const fn reach(self) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::Light => Some(9),
            Self::Medium => Some(RECENT_MINIBATCHES as u64 - 1),
            Self::Strong => Some(199),
        }
    }

    /// The next one in the cycle.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Off => Self::Light,
            Self::Light => Self::Medium,
            Self::Medium => Self::Strong,
            Self::Strong => Self::Off,
        }
    }
}

/// The steps that the charts show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepWindow {
    /// The whole run so far.
    #[default]
    Whole,
    /// The newest `steps` minibatches up to where the run stands; moves on with it.
    Newest {
        /// How many, at least ten.
        steps: u64,
    },
    /// These and no others.
    Fixed(StepRange),
}

/// A place this far to the right in a window that ends at the newest step is near the end.
const NEAR_END_FRACTION: f64 = 0.75;

/// The fewest steps a window shows.
pub const MIN_WINDOW_STEPS: u64 = 10;

/// How the charts are looked at. Steps and cursor are those of the heat map, too.
#[derive(Clone, Debug, Default)]
pub struct ChartView {
    /// The steps that the charts show.
    pub window: StepWindow,
    /// Step whose values are read out.
    pub cursor: Option<u64>,
    /// Other runs that lie over the charts.
    pub ghosts: Ghosts,
    /// How the steps are spread over the charts.
    pub step_scale: ValueScale,
    /// Smoothing of the bright line.
    pub smoothing: Smoothing,
    /// Scale asked for in each chart.
    scales: [ValueScale; ChartSlot::ALL.len()],
    /// What was chosen for each chart, by [`ChartFigure::name`]; until then what the source tells first.
    figures: [Option<String>; ChartSlot::ALL.len()],
}

impl ChartView {
    /// Does what a key stands for that changes what the charts show of a run; `slot` is the chart that it is about,
    /// `columns` the width of the window.
    pub(super) fn handle_action(&mut self, action: Action, run: &Run, slot: ChartSlot, columns: u16) -> FollowUp {
        match action {
            Action::Cursor(by) => {
                let extent = run.step_extent();
                let column = self.cursor_steps(extent, u64::from(columns.max(40) / 2));
                let count = by.saturating_mul(i64::try_from(column).unwrap_or(i64::MAX));
                self.move_cursor(extent, count);
                FollowUp::Done
            }
            Action::ZoomIn => self.zoom_at_cursor(run.step_extent(), 0.5, "this is as near as it gets"),
            Action::ZoomOut => self.zoom_at_cursor(run.step_extent(), 2.0, "this is the whole run"),
            Action::ResetView => {
                let whole = (self.window, self.cursor) == (StepWindow::Whole, None);
                (self.window, self.cursor) = (StepWindow::Whole, None);
                if whole { FollowUp::good_notice("this is the whole run") } else { FollowUp::Done }
            }
            Action::LogScale => self.toggle_log_scale(slot, run),
            Action::StepScale => self.set_step_scale(match self.step_scale {
                ValueScale::Linear => ValueScale::Log,
                ValueScale::Log => ValueScale::Linear,
            }),
            Action::Smoothing => {
                self.smoothing = self.smoothing.next();
                FollowUp::good_notice(match self.smoothing.reach() {
                    None => "no smoothing: every minibatch".into(),
                    Some(reach) => {
                        format!("smoothed: the mean of {reach} on either side, never across a change")
                    }
                })
            }
            Action::Figure => self.next_figure(slot, run),
            _ => FollowUp::Done,
        }
    }

    /// The run stands elsewhere: drops a cursor and a window on steps that there are no more.
    pub(super) fn keep_within(&mut self, extent: StepExtent) {
        self.cursor.take_if(|cursor| *cursor > extent.tip);
        if matches!(self.window, StepWindow::Fixed(steps) if steps.last > self.whole_steps(extent).last) {
            self.window = StepWindow::Whole;
        }
    }

    /// Whether a chart has a place: where one shows all that is measured, there is no other.
    pub fn has_chart(&self, slot: ChartSlot, run: &Run) -> bool {
        slot == ChartSlot::First || self.chart_figure(slot, run).is_some() || run.metrics.figures().is_empty()
    }

    /// What a chart shows; `None` where fewer figures are measured than there are charts.
    pub fn chart_figure<'a>(&self, slot: ChartSlot, run: &'a Run) -> Option<&'a ChartFigure> {
        run.metrics.figures().get(self.chart_figure_place(slot, run)?)
    }

    /// Place of that figure: the one that was chosen, or else as many as there are charts in the order of the source.
    pub(super) fn chart_figure_place(&self, slot: ChartSlot, run: &Run) -> Option<usize> {
        let figures = run.metrics.figures();
        let chosen = self.figures[slot as usize].as_deref();
        let chosen = chosen.and_then(|name| figures.iter().position(|figure| figure.name == name));
        chosen.or(Some(slot as usize).filter(|at| *at < figures.len()))
    }

    /// Chooses what a chart shows; its scale is linear again.
    pub(super) fn set_chart_figure(&mut self, slot: ChartSlot, figure: &str) {
        self.figures[slot as usize] = Some(figure.to_owned());
        self.set_scale(slot, ValueScale::Linear);
    }

    /// Shows the next figure in a chart.
    fn next_figure(&mut self, slot: ChartSlot, run: &Run) -> FollowUp {
        let figures = run.metrics.figures();
        let shown = ChartSlot::ALL.map(|slot| self.chart_figure_place(slot, run));
        let first = self.chart_figure_place(slot, run).map_or(0, |at| at + 1);
        let others = (first..figures.len()).chain(0..first.min(figures.len()));
        // One that stands in a chart already would only be there twice.
        let next = others.into_iter().find(|at| !shown.contains(&Some(*at)));
        match next {
            Some(next) => self.set_chart_figure(slot, &figures[next].name),
            None if figures.is_empty() => {}
            None => return FollowUp::good_notice("the charts show all that this source measures"),
        }
        FollowUp::Done
    }

    fn toggle_log_scale(&mut self, slot: ChartSlot, run: &Run) -> FollowUp {
        if self.scale(slot) == ValueScale::Log {
            self.set_scale(slot, ValueScale::Linear);
            return FollowUp::Done;
        }
        let steps = self.shown_steps(run.step_extent());
        let curves = self.chart_figure(slot, run).map(|figure| [figure.train, figure.test]).unwrap_or_default();
        let positive = curves.into_iter().flatten().any(|curve| {
            let columns = run.metrics.curve_track(curve).columns(run.lineage(), steps, 64);
            columns.iter().filter_map(|column| column.extent).any(|extent| extent.max > 0.0)
        });
        if !positive {
            return FollowUp::bad_notice("a logarithmic scale needs positive values");
        }
        self.set_scale(slot, ValueScale::Log);
        FollowUp::Done
    }

    /// Shows `factor` times as many steps around the cursor, or else around where the run stands; says why if that can't be.
    fn zoom_at_cursor(&mut self, extent: StepExtent, factor: f64, limit: &str) -> FollowUp {
        let steps = self.shown_steps(extent);
        let fraction = [self.cursor, Some(extent.now)]
            .into_iter()
            .flatten()
            .find(|step| steps.contains(*step))
            .map_or(1.0, |step| (step - steps.first) as f64 / (steps.length() - 1).max(1) as f64);
        self.zoom(extent, fraction, factor);
        if self.shown_steps(extent) == steps { FollowUp::good_notice(limit) } else { FollowUp::Done }
    }

    /// Spreads the steps over the charts in another way.
    pub(super) fn set_step_scale(&mut self, scale: ValueScale) -> FollowUp {
        self.step_scale = scale;
        FollowUp::good_notice(match scale {
            ValueScale::Linear => "the steps have a linear axis",
            ValueScale::Log => "the steps have a logarithmic axis",
        })
    }

    /// Steps by which a key moves the cursor on charts of so many columns.
    fn cursor_steps(&self, extent: StepExtent, columns: u64) -> u64 {
        let shown = self.shown_steps(extent);
        match self.step_scale {
            ValueScale::Linear => (shown.length() / columns).max(1),
            ValueScale::Log => {
                let cursor = self.cursor.unwrap_or(extent.now).max(1) as f64;
                let ratio = (shown.last.max(1) as f64 / shown.first.max(1) as f64).powf(1.0 / columns as f64);
                ((cursor * (ratio - 1.0)) as u64).max(1)
            }
        }
    }

    /// A place along the step axis of a chart as a share of the steps in sight.
    pub(super) fn share_of_steps(&self, extent: StepExtent, fraction: f64) -> f64 {
        let steps = self.shown_steps(extent);
        if self.step_scale == ValueScale::Linear || !fraction.is_finite() {
            return fraction;
        }
        let step = StepAxis { steps, scale: self.step_scale }.step_at(fraction.clamp(0.0, 1.0));
        (step - steps.first) as f64 / (steps.length() - 1).max(1) as f64
    }

    /// Puts the cursor at a place along the step axis, 0 at its left end and 1 at its right.
    pub(super) fn put_cursor(&mut self, extent: StepExtent, fraction: f64) {
        if fraction.is_finite() {
            let steps = self.shown_steps(extent);
            let offset = (fraction.clamp(0.0, 1.0) * (steps.length() - 1) as f64).round() as u64;
            self.cursor = Some(steps.first.saturating_add(offset).min(extent.tip).max(1));
        }
    }

    /// The scale asked for in a chart.
    pub fn scale(&self, slot: ChartSlot) -> ValueScale {
        self.scales[slot as usize]
    }

    /// Asks for a scale in a chart.
    fn set_scale(&mut self, slot: ChartSlot, scale: ValueScale) {
        self.scales[slot as usize] = scale;
    }

    /// The steps to show of a run whose steps go so far.
    pub fn shown_steps(&self, extent: StepExtent) -> StepRange {
        match self.window {
            StepWindow::Whole => self.whole_steps(extent),
            StepWindow::Newest { steps } => {
                let whole = whole_run_steps(extent.now);
                StepRange { first: whole.last.saturating_sub(steps.saturating_sub(1)).max(whole.first), ..whole }
            }
            StepWindow::Fixed(range) => range,
        }
    }

    /// All steps that are drawn, those of other runs included.
    fn whole_steps(&self, extent: StepExtent) -> StepRange {
        whole_run_steps(self.ghosts.newest_step().map_or(extent.end, |newest| newest.max(extent.end)))
    }

    /// Shows `factor` times as many steps, keeping the step at `fraction` of the window where it is; near the step at
    /// which the run stands, that one stays in sight.
    pub fn zoom(&mut self, extent: StepExtent, fraction: f64, factor: f64) {
        let whole = self.whole_steps(extent);
        let now = self.shown_steps(extent);
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 1.0 };
        let length = now.length() as f64;
        let wanted = ((length * factor).round() as u64).max(MIN_WINDOW_STEPS);
        if wanted >= whole.length() {
            self.window = StepWindow::Whole;
            return;
        }
        // Where the window ends with the run it goes on doing so, as long as that keeps the place in sight.
        let near_the_end = now.last == whole_run_steps(extent.now).last
            && fraction >= NEAR_END_FRACTION
            && length * (1.0 - fraction) < wanted as f64;
        let fraction = if near_the_end { 1.0 } else { fraction };
        let first = now.first as f64 + fraction * (length - wanted as f64);
        self.set_window(extent, first.max(0.0) as u64, wanted);
    }

    /// Moves the cursor by `count` steps, negative to the left; the window follows it.
    pub fn move_cursor(&mut self, extent: StepExtent, count: i64) {
        let now = self.shown_steps(extent);
        // The first press only shows the cursor, where the run stands, or else at the newest step in sight.
        let cursor = match self.cursor {
            None => now.last.min(extent.now),
            Some(cursor) => cursor.clamp(now.first, now.last).saturating_add_signed(count),
        };
        let cursor = cursor.clamp(1, extent.tip.max(1));
        self.cursor = Some(cursor);
        if cursor < now.first {
            self.set_window(extent, cursor, now.length());
        } else if cursor > now.last {
            self.set_window(extent, now.first.saturating_add(cursor - now.last), now.length());
        }
    }

    /// Shows `length` steps from `first` on, as far as there are so many; where they end with the run, they move on with it.
    fn set_window(&mut self, extent: StepExtent, first: u64, length: u64) {
        let whole = self.whole_steps(extent);
        let latest_first = whole.last.saturating_sub(length - 1).max(whole.first);
        let first = first.clamp(whole.first, latest_first);
        let last = first.saturating_add(length - 1);
        self.window = if last == whole_run_steps(extent.now).last {
            StepWindow::Newest { steps: length }
        } else {
            StepWindow::Fixed(StepRange { first, last })
        };
    }
}

/// The steps up to the newest, never fewer than a window shows.
fn whole_run_steps(newest: u64) -> StepRange {
    StepRange { first: 1, last: newest.max(MIN_WINDOW_STEPS) }
}
