//! What part of the run is looked at, and how: the screen in hand, zoom, cursor, scales.

use super::data::DataView;
use super::metric::ChartSlot;
use super::screen::{Panel, Screen};
use super::series::StepRange;
use super::trace::Following;

/// How values become heights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Equal differences, equal heights.
    #[default]
    Linear,
    /// Equal ratios, equal heights.
    Log,
}

/// How strongly the bright line is smoothed: weight of the past in an exponential moving average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Smoothing {
    /// Raw values only.
    Off,
    /// 0.9: about ten minibatches.
    Light,
    /// 0.98: about fifty minibatches.
    #[default]
    Medium,
    /// 0.995: about two hundred minibatches.
    Strong,
}

impl Smoothing {
    /// Weight of the past at each minibatch; `None` when off.
    pub const fn weight(self) -> Option<f64> {
        match self {
            Self::Off => None,
            Self::Light => Some(0.9),
            Self::Medium => Some(0.98),
            Self::Strong => Some(0.995),
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

    /// Its name: `off`, `0.9`, ….
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Light => "0.9",
            Self::Medium => "0.98",
            Self::Strong => "0.995",
        }
    }
}

/// The steps that the charts show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The whole run so far.
    #[default]
    Whole,
    /// The newest `steps` minibatches; moves on with the run.
    Newest {
        /// How many, at least ten.
        steps: u64,
    },
    /// These and no others.
    Fixed(StepRange),
}

/// A place this far to the right in a window that ends at the newest step is near the end.
const NEAR_THE_END: f64 = 0.75;

/// The fewest steps a window shows.
pub const SHORTEST_WINDOW: u64 = 10;

/// How the run is looked at. Nothing in here changes the run.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The page in hand.
    pub screen: Screen,
    /// Whether somebody chose the page; until then it may follow the data.
    chosen: bool,
    /// Index of the focused panel in [`Screen::panels`], of each screen.
    focus: [usize; Screen::ALL.len()],
    /// Whether the focused panel has the page for itself.
    pub expanded: bool,
    /// The steps that the charts show.
    pub window: Window,
    /// Step whose values are read out.
    pub cursor: Option<u64>,
    /// Smoothing of the bright line.
    pub smoothing: Smoothing,
    /// Scale asked for in each chart.
    scales: [Scale; ChartSlot::ALL.len()],
    /// What somebody chose to see in each chart, by [`super::Figure::name`]; until then what the source tells first.
    charts: [Option<String>; ChartSlot::ALL.len()],
    /// Selected row of the layers, here and on the Layers screen.
    pub layer: usize,
    /// Which quantity of the layers is shown over the steps, here and on the Layers screen.
    pub quantity: usize,
    /// Selected parameter of the selected layer, counted round and round.
    pub parameter: usize,
    /// Selected unit of the selected layer.
    pub unit: Option<usize>,
    /// Whether histograms have a logarithmic scale of counts.
    pub log_counts: bool,
    /// Selected row of the hyperparameters.
    pub control: usize,
    /// First finding shown.
    pub finding: usize,
    /// How the data are looked at.
    pub data: DataView,
    /// What the Inspect screen follows.
    pub following: Following,
}

impl View {
    /// The focused panel.
    pub fn focus(&self) -> Panel {
        let panels = self.screen.panels();
        panels.get(self.focus[self.screen as usize]).or(panels.first()).copied().unwrap_or(Panel::Layers)
    }

    /// Moves the focus to `panel` if the page has it.
    pub fn focus_on(&mut self, panel: Panel) {
        if let Some(index) = self.screen.panels().iter().position(|candidate| *candidate == panel) {
            self.focus[self.screen as usize] = index;
        }
    }

    /// Moves the focus by one panel, round the page.
    pub fn focus_next(&mut self, backwards: bool) {
        let count = self.screen.panels().len();
        let focus = &mut self.focus[self.screen as usize];
        *focus = (*focus + if backwards { count - 1 } else { 1 }) % count;
    }

    /// Steps after this one are no longer those that were there.
    pub fn leave(&mut self, step: u64) {
        self.cursor.take_if(|cursor| *cursor > step);
        if matches!(self.window, Window::Fixed(steps) if steps.last > step) {
            self.window = Window::Whole;
        }
    }

    /// Turns to a page because somebody asked for it.
    pub fn show(&mut self, screen: Screen) {
        self.chosen = true;
        if self.screen != screen {
            self.screen = screen;
            self.expanded = false;
        }
    }

    /// Turns to the page that suits the data, unless somebody chose one already.
    pub fn suggest(&mut self, screen: Screen) {
        if !self.chosen {
            self.screen = screen;
        }
    }

    /// The scale asked for in a chart.
    pub fn scale(&self, slot: ChartSlot) -> Scale {
        self.scales[slot as usize]
    }

    /// Asks for a scale in a chart.
    pub fn set_scale(&mut self, slot: ChartSlot, scale: Scale) {
        self.scales[slot as usize] = scale;
    }

    /// What was chosen for a chart, if anything was.
    pub fn chosen(&self, slot: ChartSlot) -> Option<&str> {
        self.charts[slot as usize].as_deref()
    }

    /// Chooses what a chart shows; its scale is linear again.
    pub fn choose(&mut self, slot: ChartSlot, figure: &str) {
        self.charts[slot as usize] = Some(figure.to_owned());
        self.set_scale(slot, Scale::Linear);
    }

    /// The steps to show of a run whose newest step is `newest`.
    pub fn steps(&self, newest: u64) -> StepRange {
        let whole = whole(newest);
        match self.window {
            Window::Whole => whole,
            Window::Newest { steps } => {
                StepRange { first: whole.last.saturating_sub(steps.saturating_sub(1)).max(whole.first), ..whole }
            }
            Window::Fixed(range) => range,
        }
    }

    /// Shows `factor` times as many steps, keeping the step at `fraction` of the window where it is; near the newest
    /// step, that one stays in sight.
    pub fn zoom(&mut self, newest: u64, fraction: f64, factor: f64) {
        let whole = whole(newest);
        let now = self.steps(newest);
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 1.0 };
        let length = now.length() as f64;
        let wanted = ((length * factor).round() as u64).max(SHORTEST_WINDOW);
        if wanted >= whole.length() {
            self.window = Window::Whole;
            return;
        }
        // Near the newest step the window goes on ending there, as long as that keeps the place in sight.
        let near_the_end =
            now.last >= whole.last && fraction >= NEAR_THE_END && length * (1.0 - fraction) < wanted as f64;
        let fraction = if near_the_end { 1.0 } else { fraction };
        let first = now.first as f64 + fraction * (length - wanted as f64);
        self.place(whole, first.max(0.0) as u64, wanted);
    }

    /// Moves the cursor by `count` steps, negative to the left; the window follows it.
    pub fn move_cursor(&mut self, newest: u64, count: i64) {
        let whole = whole(newest);
        let now = self.steps(newest);
        // The first press only shows the cursor, at the newest step in sight.
        let cursor = match self.cursor {
            None => now.last.min(newest.max(whole.first)),
            Some(cursor) => cursor.clamp(now.first, now.last).saturating_add_signed(count),
        };
        let cursor = cursor.clamp(whole.first, newest.max(whole.first));
        self.cursor = Some(cursor);
        if cursor < now.first {
            self.place(whole, cursor, now.length());
        } else if cursor > now.last {
            self.place(whole, now.first.saturating_add(cursor - now.last), now.length());
        }
    }

    /// Back to the whole run, without a cursor.
    pub fn reset(&mut self) {
        self.window = Window::Whole;
        self.cursor = None;
    }

    fn place(&mut self, whole: StepRange, first: u64, length: u64) {
        let latest_first = whole.last.saturating_sub(length - 1).max(whole.first);
        self.window = if first >= latest_first {
            Window::Newest { steps: length }
        } else {
            let first = first.max(whole.first);
            Window::Fixed(StepRange { first, last: first.saturating_add(length - 1) })
        };
    }
}

/// The range of a whole run, never shorter than a window may be.
fn whole(newest: u64) -> StepRange {
    StepRange { first: 1, last: newest.max(SHORTEST_WINDOW) }
}
