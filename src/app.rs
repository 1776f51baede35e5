//! What the dashboard knows. [`App::update`] takes messages and gives back effects, and is the only way in which
//! anything here changes; drawing is a function of `&App`. Nothing in this room knows a terminal, a clock or a task:
//! keys come as [`Key`], time as [`Message::Tick`], and whatever must be done outside leaves as an [`Effect`].

mod actions;
mod banner;
mod branches;
mod chart;
mod commands;
mod data;
mod display;
mod editor;
mod findings;
mod header;
mod input;
mod inside;
mod inspect;
mod keys;
mod layers;
mod leave;
mod look;
mod map;
mod message;
mod metric;
mod needs;
mod notices;
mod pending;
mod point;
mod prompt;
mod run;
mod screen;
mod series;
mod tables;
mod trace;
mod track;
mod view;

use std::collections::VecDeque;
use std::time::Duration;

use crate::protocol::{Capability, ChangedBy, Command, Event, change::EPOCHS};
use crate::text::thousands;

pub use actions::Action;
pub use banner::Banner;
pub use branches::{Branches, Lineage, Position, Stretch};
pub use chart::{Axis, Chart, ChartMark, Readout, Tick, Values};
pub use commands::{COMMANDS, CommandSpec};
pub use data::{DataView, PlaneRoom, Shown, Subject, Tiles};
pub use editor::{Edit, Editor, LONGEST_LINE};
pub use findings::{FindingRow, Findings};
pub use header::{Header, Phase, RateFacts};
pub use input::{Code, Key, Modifiers, Pointer};
pub use inside::{LayerValues, Part, Strip, UnitStrips};
pub use inspect::{Answers, LayerHistory, Moment};
pub use keys::{BINDINGS, Binding, Scope};
pub use layers::{ChainLayer, LayerLook, LayerRow, Layers, Spark, Sparkline};
pub use map::{HeatMap, HeatRow};
pub use message::{Effect, Exit, Message, Settings, Signal};
pub use metric::{ChartSlot, Curve, Figure, MetricStore};
pub use needs::{LOOK, Requirement};
pub use notices::{Notice, Notices, Tone};
pub use pending::Pending;
pub use prompt::{Line, Mode, Prompt, Purpose, QuitChoice};
pub use run::{CLASSES, Mark, Run};
pub use screen::{Panel, Screen};
pub use series::{Column, Extent, StepRange};
pub use tables::{ControlRow, FooterItem, HelpLine, HelpSection};
pub use trace::{
    ChainRow, Checking, Follow, Following, Lit, Product, Sum, Tracing, letter, loss_sum, own_share, sample_choice, sums,
};
pub use track::Track;
pub use view::{Scale, Smoothing, View, Window};

/// Lines that the history of commands keeps.
const HISTORY: usize = 100;

/// The state of the dashboard.
#[derive(Clone, Debug)]
pub struct App {
    settings: Settings,
    now: Duration,
    revision: u64,
    columns: u16,
    rows: u16,
    live: Run,
    frozen: Option<Box<Run>>,
    view: View,
    mode: Mode,
    pending: Pending,
    watching: inspect::Watching,
    notices: Notices,
    history: VecDeque<String>,
    mouse: bool,
    leaving: bool,
}

impl App {
    /// A dashboard that has heard nothing yet.
    pub fn new(settings: Settings) -> Self {
        let live = Run::new(&settings.run);
        let mouse = settings.mouse;
        Self {
            settings,
            now: Duration::ZERO,
            revision: 0,
            columns: 80,
            rows: 24,
            live,
            frozen: None,
            view: View::default(),
            mode: Mode::Normal,
            pending: Pending::default(),
            watching: inspect::Watching::default(),
            notices: Notices::default(),
            history: VecDeque::new(),
            mouse,
            leaving: false,
        }
    }

    /// Takes a message in; what it gives back is to be done in this order.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let changed = match &message {
            Message::Tick { now } => {
                self.now = self.now.max(*now);
                self.notices.expire(self.now)
            }
            Message::Events(events) => !events.is_empty(),
            Message::Paste(_) => matches!(self.mode, Mode::Line(_)),
            Message::Resize { columns, rows } => (*columns, *rows) != (self.columns, self.rows),
            Message::Key(key) => {
                matches!(self.mode, Mode::Line(_)) || keys::binding(&self.mode, self.view.screen, *key).is_some()
            }
            _ => true,
        };
        self.revision += u64::from(changed);
        let mut effects = self.take(message);
        if changed {
            self.keep_sharp();
            effects.extend(self.watch());
        }
        effects
    }

    fn take(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Events(events) => events.into_iter().flat_map(|event| self.hear(event)).collect(),
            Message::SourceGone => self.source_gone(),
            Message::Key(key) => self.press(key),
            Message::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Message::Pointer(pointer) => {
                self.point(pointer);
                Vec::new()
            }
            Message::Resize { columns, rows } => {
                (self.columns, self.rows) = (columns, rows);
                Vec::new()
            }
            Message::Tick { .. } => Vec::new(),
            Message::CantSuspend => {
                self.say(Tone::Bad, "no shell could bring a suspended dashboard back");
                Vec::new()
            }
            Message::ScreenSaved(Ok(path)) => {
                self.say(Tone::Good, &format!("screen saved as {}", path.display()));
                Vec::new()
            }
            Message::ScreenSaved(Err(reason)) => {
                self.say(Tone::Bad, &format!("screen not saved: {reason}"));
                Vec::new()
            }
            Message::Signal(signal) => self.leave_now(Exit::Signal(signal)),
        }
    }

    /// Grows with every change that may show; draw when it differs from the one drawn last.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Columns and rows of the terminal.
    pub fn size(&self) -> (u16, u16) {
        (self.columns, self.rows)
    }

    /// The run as it is shown: as it is now, or as it was when the display was frozen.
    pub fn run(&self) -> &Run {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// The run as it is now.
    pub fn live(&self) -> &Run {
        &self.live
    }

    /// The step at which the display was frozen.
    pub fn frozen_at(&self) -> Option<u64> {
        self.frozen.as_ref().map(|run| run.step)
    }

    /// How the run is looked at.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What the keyboard is for.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The requests on their way.
    pub fn pending(&self) -> &Pending {
        &self.pending
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
        self.notices.deadline()
    }

    /// Whether a chart has a place: where one shows all that is measured, there is no other.
    pub fn has_chart(&self, slot: ChartSlot) -> bool {
        slot == ChartSlot::First || self.figure(slot).is_some() || self.run().metrics.figures().is_empty()
    }

    /// What a chart shows; `None` where fewer figures are measured than there are charts.
    pub fn figure(&self, slot: ChartSlot) -> Option<&Figure> {
        self.run().metrics.figures().get(self.figure_at(slot)?)
    }

    /// Place of that figure: the one that was chosen, or else as many as there are charts in the order of the source.
    fn figure_at(&self, slot: ChartSlot) -> Option<usize> {
        let figures = self.run().metrics.figures();
        let chosen = self.view.chosen(slot).and_then(|name| figures.iter().position(|figure| figure.name == name));
        chosen.or(Some(slot as usize).filter(|at| *at < figures.len()))
    }

    /// A chart in `columns` columns (or dots, if the drawing has several dots a column).
    pub fn chart(&self, slot: ChartSlot, columns: usize) -> Chart {
        match self.figure(slot) {
            Some(figure) => Chart::of(self.run(), &self.view, slot, figure, columns),
            // Before the source told what it measures, and in a place that one chart leaves over.
            None => Chart::of(self.run(), &self.view, slot, &Figure::default(), columns),
        }
    }

    /// What is looked at is kept at full detail.
    fn keep_sharp(&mut self) {
        let figures = ChartSlot::ALL.map(|slot| self.figure_at(slot));
        let quantity = self.quantity_at();
        figures.into_iter().flatten().for_each(|figure| self.live.metrics.keep_sharp(figure));
        self.live.layers.keep_sharp(quantity);
    }

    /// The steps that the charts and sparklines show.
    pub fn steps(&self) -> StepRange {
        self.view.steps(self.run().step)
    }

    /// Bytes held by the series, those of a frozen display included.
    pub fn memory(&self) -> usize {
        self.live.memory() + self.frozen.as_ref().map_or(0, |run| run.memory())
    }

    fn say(&mut self, tone: Tone, text: &str) {
        self.notices.say(self.now, tone, text);
    }

    fn hear(&mut self, event: Event) -> Vec<Effect> {
        match &event {
            Event::Applied { id, step } => {
                let command = self.pending.answered(*id);
                if let Some(Command::Watch { queries }) = &command {
                    self.watching.answered(queries, None);
                }
                if let Some(text) = command.and_then(|command| self.confirmation(&command, *step)) {
                    self.say(Tone::Good, &text);
                }
            }
            Event::Rejected { id, reason } => {
                let command = self.pending.answered(*id);
                if let Some(Command::Watch { queries }) = &command {
                    // Nobody pressed a key for it: the place that stays empty tells the reason.
                    self.watching.answered(queries, Some(display::sentence(reason)));
                } else if let Some(command) = command {
                    let what = tables::command_text(&command);
                    self.say(Tone::Bad, &format!("{what}: refused, {reason}"));
                }
            }
            Event::Phase(walk) => self.follow_walk(walk.phase),
            // The boundary between the classes says more than any curve, where it can be seen.
            Event::Ready(info)
                if self.live.can(Capability::Inspect)
                    && info.data.as_ref().and_then(|data| data.shape.as_deref()) == Some(&[2]) =>
            {
                self.view.suggest(Screen::Data);
            }
            Event::Branched(branching) => self.view.leave(branching.at),
            // A longer run is confirmed with its new end.
            Event::Changed { step, change } if change.by != Some(ChangedBy::Source) && change.key != EPOCHS => {
                let text = format!("{change} from step {} on", thousands(step.saturating_add(1)));
                self.say(Tone::Good, &text);
            }
            Event::Stopped { .. } => self.pending.clear(),
            Event::Inspection(inspection) if !self.heard_of_sample(inspection) => return Vec::new(),
            _ => {}
        }
        let stopped = matches!(event, Event::Stopped { .. });
        // A failure is worth seeing, also by somebody who was about to leave.
        self.leaving &= !matches!(event, Event::Failed(_));
        self.live.apply(event);
        if stopped && self.leaving { vec![Effect::Quit(Exit::Asked)] } else { Vec::new() }
    }

    fn source_gone(&mut self) -> Vec<Effect> {
        self.pending.clear();
        self.live.lost();
        if self.leaving { vec![Effect::Quit(Exit::Asked)] } else { Vec::new() }
    }

    fn press(&mut self, key: Key) -> Vec<Effect> {
        if let Some(binding) = keys::binding(&self.mode, self.view.screen, key) {
            if let Some(reason) = self.unmet(binding.needs) {
                self.say(Tone::Bad, reason);
                return Vec::new();
            }
            return self.act(binding.action);
        }
        if let (Mode::Line(line), Code::Char(c)) = (&mut self.mode, key.code)
            && !key.modifiers.control
            && !key.modifiers.alt
        {
            line.type_text(c.encode_utf8(&mut [0; 4]));
        }
        Vec::new()
    }

    /// Pasted text goes into an open line, its first line only; elsewhere it does nothing.
    fn paste(&mut self, text: &str) {
        if let Mode::Line(line) = &mut self.mode {
            let text = &text[..display::boundary(text, LONGEST_LINE)];
            line.type_text(text.split(['\n', '\r']).next().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests;
