//! What can be done, what it takes, and what it does.

use crate::protocol::{Command, LEARNING_RATE, RunState};
use crate::text::short;

use super::editor::{Edit, Editor};
use super::needs::STEER;
use super::notices::Tone;
use super::prompt::{Line, Mode, Purpose, QuitChoice};
use super::screen::{Panel, Screen};
use super::trace::Follow;
use super::{App, Effect};

/// Factor of one press of `+` or `-`.
const RATE_FACTOR: f64 = 1.25;

/// Epochs that the question how many to add begins with.
const MORE_EPOCHS: u64 = 5;

/// What is said when the mouse changes hands.
const MOUSE_GIVEN: &str = "mouse given to the terminal, for copying; M takes it back";
const MOUSE_TAKEN: &str = "mouse taken: click a panel, the wheel zooms";

/// Limits in minibatches a second, slowest first; behind the last comes full speed.
const LADDER: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0];

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pause, or go on.
    PauseOrResume,
    /// One minibatch.
    Advance,
    /// To the end of the epoch.
    AdvanceEpoch,
    /// Learning rate × 1.25.
    RaiseRate,
    /// Learning rate ÷ 1.25.
    LowerRate,
    /// Ask for a learning rate.
    TypeRate,
    /// Down the ladder of speeds.
    Slower,
    /// Up the ladder of speeds.
    Faster,
    /// No limit.
    FullSpeed,
    /// Ask for more epochs.
    Extend,
    /// Turn to a screen.
    Show(Screen),
    /// Freeze the display, or catch up.
    Freeze,
    /// Move the cursor by so many columns.
    Cursor(i64),
    /// Half as many steps.
    ZoomIn,
    /// Twice as many steps.
    ZoomOut,
    /// The whole run.
    ResetView,
    /// Logarithmic scale on or off.
    LogScale,
    /// The next smoothing.
    Smoothing,
    /// The next metric in the focused chart.
    Figure,
    /// The next quantity of the layers.
    Quantity,
    /// The next parameter of the selected layer.
    Parameter,
    /// The next subject of the Data screen.
    Subject,
    /// The other part of the data.
    Split,
    /// Move the selection among the data by so many columns and rows.
    Move {
        /// Columns to the right.
        across: isize,
        /// Rows down.
        down: isize,
    },
    /// Move it by so many pages.
    Page(isize),
    /// Follow what is selected among the data.
    OpenEntry,
    /// Follow another sample.
    Follow(Follow),
    /// On by one phase of the minibatch in hand.
    AdvancePhase,
    /// Check the gradients of the selected layer.
    CheckGradients,
    /// The focused panel alone, or all of them.
    Expand,
    /// Focus another panel.
    Focus {
        /// The one before instead of the next.
        backwards: bool,
    },
    /// Move the selection.
    Select(isize),
    /// Change what is selected.
    Open,
    /// Out of whatever is open.
    Back,
    /// Save the screen.
    SaveScreen,
    /// Take the mouse, or give it back.
    Mouse,
    /// Open the help.
    Help,
    /// Open the command line.
    CommandLine,
    /// Leave, perhaps after a question.
    Quit,
    /// Back to the shell for a while.
    Suspend,
    /// Move the help by so many lines.
    Scroll(isize),
    /// Close help or line.
    Cancel,
    /// Carry out the line or the chosen answer.
    Submit,
    /// Complete the word.
    Complete,
    /// Older lines of the history, or newer ones.
    Recall(isize),
    /// Change the line.
    Edit(Edit),
    /// Answer the question.
    Answer(QuitChoice),
    /// Choose the other answer.
    Choose,
}

impl App {
    /// Does what a key stands for.
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::PauseOrResume => self.pause_or_resume(),
            Action::Advance => self.request(Command::Advance { count: 1 }),
            Action::AdvanceEpoch => self.request(Command::AdvanceEpoch),
            Action::RaiseRate => self.scale_rate(RATE_FACTOR),
            Action::LowerRate => self.scale_rate(1.0 / RATE_FACTOR),
            Action::TypeRate => self.ask_value(LEARNING_RATE),
            Action::Slower => self.slower(),
            Action::Faster => self.faster(),
            Action::FullSpeed => self.throttle(None),
            Action::Extend => self.open_line(Purpose::Extend, Editor::proposing(&MORE_EPOCHS.to_string())),
            Action::Freeze => self.freeze(),
            Action::Quit => self.quit(),
            Action::Suspend => vec![Effect::Suspend],
            Action::SaveScreen => vec![Effect::SaveScreen { path: self.picture_path() }],
            Action::Mouse => {
                self.mouse = !self.mouse;
                self.say(Tone::Good, if self.mouse { MOUSE_TAKEN } else { MOUSE_GIVEN });
                vec![Effect::CaptureMouse(self.mouse)]
            }
            Action::CommandLine => self.open_line(Purpose::Command, Editor::default()),
            Action::Help => {
                self.mode = Mode::Help { scroll: 0 };
                Vec::new()
            }
            Action::Answer(QuitChoice::Stop) => self.stop_and_leave(),
            Action::Answer(QuitChoice::Cancel) | Action::Cancel => {
                self.mode = Mode::Normal;
                Vec::new()
            }
            Action::Submit => self.submit(),
            Action::Complete | Action::Recall(_) | Action::Edit(_) => {
                self.edit_line(action);
                Vec::new()
            }
            Action::Open => self.open_selected(),
            Action::OpenEntry => self.open_entry(),
            Action::Follow(Follow::Typed) => self.open_line(Purpose::Sample, Editor::default()),
            Action::AdvancePhase => self.advance_phase(),
            Action::CheckGradients => self.check_gradients(),
            _ => {
                self.look(action);
                Vec::new()
            }
        }
    }

    fn pause_or_resume(&mut self) -> Vec<Effect> {
        let command = if self.wants_resume() { Command::Resume } else { Command::Pause };
        self.request(command)
    }

    /// Whether the key that pauses would let the training go on now.
    pub(super) fn wants_resume(&self) -> bool {
        let asked = self.pending.iter().rev().find_map(|command| match command {
            Command::Pause => Some(true),
            // While it advances on request, the source may call itself paused or running: either way, stop it.
            Command::Resume | Command::Advance { .. } | Command::AdvanceEpoch => Some(false),
            _ => None,
        });
        asked.unwrap_or(self.live.state == RunState::Paused)
    }

    /// Asks the source for something, and remembers that until it answers.
    pub(super) fn request(&mut self, command: Command) -> Vec<Effect> {
        if let Some(request) = self.pending.ask(command) {
            vec![Effect::Send(request)]
        } else {
            self.say(Tone::Bad, "too many requests wait for an answer already");
            Vec::new()
        }
    }

    fn scale_rate(&mut self, factor: f64) -> Vec<Effect> {
        let Some(parameter) = self.live.hyperparameter(LEARNING_RATE) else {
            self.say(Tone::Bad, "this source reported no learning rate");
            return Vec::new();
        };
        let range = parameter.range;
        let now = self.pending.value(LEARNING_RATE).unwrap_or(parameter.value);
        let wanted = round(now * factor);
        // Not `clamp`, which panics where the range told by the source is upside down.
        let wanted = wanted.max(range.min).min(range.max);
        if !range.contains(wanted) || wanted == now {
            self.say(Tone::Bad, &format!("the learning rate can't go beyond {}; valid: {range}", short(now)));
            return Vec::new();
        }
        self.request(Command::Set { key: LEARNING_RATE.into(), value: wanted })
    }

    /// Asks for a limit in minibatches a second.
    pub(super) fn throttle(&mut self, steps_per_second: Option<f64>) -> Vec<Effect> {
        if self.throttle_wanted() == steps_per_second {
            self.say(Tone::Good, if steps_per_second.is_none() { "already at full speed" } else { "already so" });
            return Vec::new();
        }
        self.request(Command::SetThrottle { steps_per_second })
    }

    fn slower(&mut self) -> Vec<Effect> {
        // From full speed the first step down is the first that is felt.
        let limit = self.throttle_wanted().or(self.live.steps_per_second()).unwrap_or(f64::INFINITY);
        match LADDER.iter().rev().find(|rung| **rung < limit) {
            Some(rung) => self.throttle(Some(*rung)),
            None if self.throttle_wanted().is_none() => self.throttle(Some(LADDER[0])),
            None => {
                self.say(Tone::Bad, "this is the slowest; Space pauses");
                Vec::new()
            }
        }
    }

    fn faster(&mut self) -> Vec<Effect> {
        let wanted = self.throttle_wanted().and_then(|limit| LADDER.into_iter().find(|rung| *rung > limit));
        self.throttle(wanted)
    }

    /// The throttle asked for last, or else the one in effect.
    pub(super) fn throttle_wanted(&self) -> Option<f64> {
        let now = || self.live.controls.as_ref().and_then(|controls| controls.throttle);
        self.pending.throttle().unwrap_or_else(now)
    }

    fn freeze(&mut self) -> Vec<Effect> {
        self.frozen = match self.frozen.take() {
            None => Some(Box::new(self.live.clone())),
            Some(_) => None,
        };
        Vec::new()
    }

    fn open_selected(&mut self) -> Vec<Effect> {
        if self.view.focus() != Panel::Controls {
            return self.act(Action::Expand);
        }
        if let Some(reason) = self.unmet(STEER) {
            self.say(Tone::Bad, reason);
            return Vec::new();
        }
        let list = self.live.controls.as_ref().map(|controls| &controls.hyperparameters);
        match list.and_then(|list| list.get(self.view.control)).map(|parameter| parameter.key.clone()) {
            Some(key) => self.ask_value(&key),
            None => Vec::new(),
        }
    }

    fn ask_value(&mut self, key: &str) -> Vec<Effect> {
        if self.live.hyperparameter(key).is_none() {
            self.say(Tone::Bad, "this source has no such hyperparameter");
            return Vec::new();
        }
        self.open_line(Purpose::Value { key: key.into() }, Editor::default())
    }

    fn open_line(&mut self, purpose: Purpose, editor: Editor) -> Vec<Effect> {
        self.mode = Mode::Line(Line::new(purpose, editor));
        Vec::new()
    }

    /// Where `p` saves the screen: the run's name and the step, in the folder where the program was started.
    pub(super) fn picture_path(&self) -> std::path::PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
        let name: String = self.run().name.chars().take(40).map(plain).collect();
        let name = if name.is_empty() { "run".into() } else { name };
        format!("gradtop-{name}-{}.svg", self.run().step).into()
    }

    /// The limit in minibatches a second and how to lift it.
    pub(super) fn pace(&self) -> Option<String> {
        let limit = self.live.controls.as_ref()?.throttle?;
        let word = if self.settings.paced { "paced" } else { "throttled" };
        Some(format!("{word}: {} steps/s, }} lifts it", short(limit)))
    }
}

/// Nine significant digits, so that ×1.25 and ÷1.25 meet again.
fn round(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}
