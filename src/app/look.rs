//! The actions that change nothing but what is looked at.

use super::App;
use super::actions::Action;
use super::metric::ChartSlot;
use super::notices::Tone;
use super::prompt::Mode;
use super::screen::{Panel, Screen};
use super::view::{Scale, Window};

/// Lines by which the help can be scrolled at most; the drawing stops at its last page.
const LONGEST_HELP: usize = 200;

impl App {
    /// Does what changes nothing but what is looked at.
    pub(super) fn look(&mut self, action: Action) {
        let newest = self.run().step;
        let steps = self.view.steps(newest);
        match action {
            Action::Cursor(by) if self.view.focus() == Panel::Units => self.select_unit(by),
            Action::Cursor(columns) => {
                let column = (steps.length() / u64::from(self.columns.max(40) / 2)).max(1);
                let count = columns.saturating_mul(i64::try_from(column).unwrap_or(i64::MAX));
                self.view.move_cursor(newest, count);
            }
            Action::ZoomIn | Action::ZoomOut => {
                let factor = if action == Action::ZoomIn { 0.5 } else { 2.0 };
                let fraction = self
                    .view
                    .cursor
                    .filter(|cursor| steps.contains(*cursor))
                    .map_or(1.0, |cursor| (cursor - steps.first) as f64 / (steps.length() - 1).max(1) as f64);
                self.view.zoom(newest, fraction, factor);
                if self.view.steps(newest) == steps {
                    let why = if factor < 1.0 { "this is as near as it gets" } else { "this is the whole run" };
                    self.say(Tone::Good, why);
                }
            }
            Action::ResetView => {
                if (self.view.window, self.view.cursor) == (Window::Whole, None) {
                    self.say(Tone::Good, "this is the whole run");
                }
                self.view.reset();
            }
            Action::LogScale if self.view.screen == Screen::Layers => self.view.log_counts = !self.view.log_counts,
            Action::LogScale => self.toggle_log(),
            Action::Smoothing => {
                self.view.smoothing = self.view.smoothing.next();
                let text = format!("smoothing {}", self.view.smoothing.label());
                self.say(Tone::Good, &text);
            }
            Action::Show(screen) => self.view.show(screen),
            Action::Figure if self.view.focus() == Panel::Layers => self.next_quantity(),
            Action::Figure => self.next_figure(),
            Action::Quantity => self.next_quantity(),
            Action::Parameter => self.view.parameter = (self.view.parameter + 1) % self.parameters().max(1),
            Action::Subject => self.next_subject(),
            Action::Split => self.other_split(),
            Action::Move { across, down } => self.move_selection(across, down),
            Action::Page(by) => self.turn_page(by),
            Action::Follow(follow) => self.follow(follow),
            Action::Expand => self.view.expanded = !self.view.expanded,
            Action::Focus { backwards } => {
                self.view.focus_next(backwards);
                // A place for which there is no chart is not on the page.
                if self.view.focus().chart().is_some_and(|slot| !self.has_chart(slot)) {
                    self.view.focus_next(backwards);
                }
            }
            Action::Select(by) => self.select(by),
            Action::Back if self.view.expanded => self.view.expanded = false,
            Action::Back if self.view.focus() == Panel::Units && self.view.unit.is_some() => self.view.unit = None,
            Action::Back => self.view.cursor = None,
            Action::Scroll(by) => {
                if let Mode::Help { scroll } = &mut self.mode {
                    *scroll = scroll.saturating_add_signed(by).min(LONGEST_HELP);
                }
            }
            Action::Choose => {
                if let Mode::Quit(choice) = &mut self.mode {
                    *choice = choice.other();
                }
            }
            _ => {}
        }
    }

    /// How many parameters of the selected layer can be chosen.
    fn parameters(&self) -> usize {
        self.values(1).map_or(0, |values| values.parameters)
    }

    /// Moves the selected unit; the first press only shows it.
    fn select_unit(&mut self, by: i64) {
        let Ok(units) = self.units() else { return };
        let by = isize::try_from(by).unwrap_or(0);
        let moved = units.selected.map_or(0, |unit| unit.saturating_add_signed(by));
        self.view.unit = units.known().checked_sub(1).map(|last| moved.min(last));
    }

    /// Shows the next figure in the focused chart, or in the first one.
    fn next_figure(&mut self) {
        let slot = self.view.focus().chart().unwrap_or(ChartSlot::First);
        let figures = self.run().metrics.figures();
        let shown = ChartSlot::ALL.map(|slot| self.figure_at(slot));
        let first = self.figure_at(slot).map_or(0, |at| at + 1);
        let others = (first..figures.len()).chain(0..first.min(figures.len()));
        // One that stands in a chart already would only be there twice.
        let next = others.into_iter().find(|at| !shown.contains(&Some(*at)));
        match next.map(|at| figures[at].name.clone()) {
            Some(name) => self.view.choose(slot, &name),
            None if figures.is_empty() => {}
            None => self.say(Tone::Good, "the charts show all that this source measures"),
        }
    }

    fn next_quantity(&mut self) {
        let count = self.run().layers.quantities().len();
        self.view.quantity = (self.view.quantity + 1).checked_rem(count).unwrap_or(0);
    }

    fn toggle_log(&mut self) {
        let slot = self.view.focus().chart().unwrap_or(ChartSlot::First);
        if self.view.scale(slot) == Scale::Log {
            self.view.set_scale(slot, Scale::Linear);
            return;
        }
        let run = self.run();
        let steps = self.view.steps(run.step);
        let curves = self.figure(slot).map(|figure| [figure.train, figure.test]).unwrap_or_default();
        let positive = curves.into_iter().flatten().any(|curve| {
            let columns = run.metrics.track(curve).columns(run.lineage(), steps, 64);
            columns.iter().filter_map(|column| column.extent).any(|extent| extent.max > 0.0)
        });
        if positive {
            self.view.set_scale(slot, Scale::Log);
        } else {
            self.say(Tone::Bad, "a logarithmic scale needs positive values");
        }
    }

    fn select(&mut self, by: isize) {
        let run = self.run();
        let (layers, findings) = (run.layers.rows().len(), run.findings.len());
        let controls = self.live.controls.as_ref().map_or(0, |controls| controls.hyperparameters.len());
        let moved = |now: usize, count: usize| now.saturating_add_signed(by).min(count.saturating_sub(1));
        match self.view.focus() {
            Panel::Controls => self.view.control = moved(self.view.control, controls),
            Panel::Findings => self.view.finding = moved(self.view.finding, findings),
            Panel::Layers | Panel::Map | Panel::Values | Panel::Units => {
                self.view.layer = moved(self.view.layer, layers);
                self.view.parameter = 0;
            }
            Panel::Samples => self.move_selection(0, by),
            panel @ (Panel::Chain | Panel::Sample | Panel::Layer | Panel::Gradients) => self.select_link(panel, by),
            // A chart has nothing to select; the layers below it have.
            Panel::Chart(_) => self.view.focus_on(Panel::Layers),
        }
    }
}
