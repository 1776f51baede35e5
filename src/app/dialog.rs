//! What lies over the screen and takes the keyboard: the help, a line that is typed, the question before leaving.

use std::collections::VecDeque;

use crate::protocol::{LEARNING_RATE, MOST_EPOCHS};
use crate::text::short;

use super::actions::{Action, SampleStep};
use super::commands::{carry_out, command_hint, completion};
use super::display::{boundary, name, sentence};
use super::editor::{Editor, MAX_LINE_BYTES};
use super::input::{Code, Key};
use super::prompt::{LinePurpose, Mode, Prompt, QuitChoice, TypedLine};
use super::reply::Reply;
use super::watched::WatchedRun;

/// Lines that the history of commands keeps.
const MAX_HISTORY_LINES: usize = 100;

/// Lines by which the help can be scrolled at most; the drawing stops at its last page.
const MAX_HELP_LINES: usize = 200;

/// Epochs that the question how many to add begins with.
const MORE_EPOCHS: u64 = 5;

/// What the keyboard is for, and the commands that were typed.
#[derive(Clone, Debug, Default)]
pub struct Dialog {
    mode: Mode,
    /// The newest first.
    history: VecDeque<String>,
}

impl Dialog {
    /// What the keyboard is for.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Whether a line is typed.
    pub fn is_typing(&self) -> bool {
        matches!(self.mode, Mode::Line(_))
    }

    /// Whether the question before leaving is open.
    pub fn asks_to_quit(&self) -> bool {
        matches!(self.mode, Mode::Quit(_))
    }

    /// Asks before leaving.
    pub(super) fn ask_to_quit(&mut self) {
        self.mode = Mode::Quit(QuitChoice::default());
    }

    /// Closes whatever is open.
    pub(super) fn close(&mut self) {
        self.mode = Mode::Normal;
    }

    /// Does what a key that opens, changes or closes a dialog stands for.
    pub(super) fn update(&mut self, action: Action, watched: &WatchedRun) -> Reply {
        match (action, &mut self.mode) {
            (Action::Help, _) => self.mode = Mode::Help { scroll: 0 },
            (Action::CommandLine, _) => self.open_line(LinePurpose::Command, Editor::default()),
            (Action::Extend, _) => self.open_line(LinePurpose::Extend, Editor::proposing(&MORE_EPOCHS.to_string())),
            (Action::Follow(SampleStep::Typed), _) => self.open_line(LinePurpose::Sample, Editor::default()),
            (Action::TypeLearningRate, _) => return self.ask_value(LEARNING_RATE, watched),
            (Action::Cancel | Action::Answer(QuitChoice::Cancel), _) => self.close(),
            (Action::Submit, _) => return self.submit(watched),
            (Action::Scroll(by), Mode::Help { scroll }) => {
                *scroll = scroll.saturating_add_signed(by).min(MAX_HELP_LINES);
            }
            (Action::Choose, Mode::Quit(choice)) => *choice = choice.other(),
            (Action::Edit(edit), Mode::Line(line)) => line.edit(edit),
            (Action::Recall(by), Mode::Line(line)) if line.purpose == LinePurpose::Command => {
                line.recall(by, &self.history);
            }
            (Action::Complete, Mode::Line(line)) if line.purpose == LinePurpose::Command => {
                line.complete(completion(line.editor.halves().0, watched));
            }
            _ => {}
        }
        Reply::Done
    }

    /// Asks for a value of a hyperparameter.
    pub(super) fn ask_value(&mut self, key: &str, watched: &WatchedRun) -> Reply {
        if watched.live().hyperparameter(key).is_none() {
            return Reply::bad("this source has no such hyperparameter");
        }
        self.open_line(LinePurpose::Value { key: key.into() }, Editor::default());
        Reply::Done
    }

    /// Types the character of a key into an open line.
    pub(super) fn type_key(&mut self, key: Key) {
        if let (Mode::Line(line), Code::Char(c)) = (&mut self.mode, key.code)
            && !key.modifiers.control
            && !key.modifiers.alt
        {
            line.type_text(c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Pastes text into an open line, its first line only; elsewhere it does nothing.
    pub(super) fn paste(&mut self, text: &str) {
        if let Mode::Line(line) = &mut self.mode {
            let text = &text[..boundary(text, MAX_LINE_BYTES)];
            line.type_text(text.split(['\n', '\r']).next().unwrap_or_default());
        }
    }

    /// The open line together with what to say about it.
    pub(super) fn prompt(&self, watched: &WatchedRun) -> Option<Prompt<'_>> {
        let Mode::Line(line) = &self.mode else { return None };
        let (label, hint) = match &line.purpose {
            LinePurpose::Command => (":".into(), command_hint(line.editor.text())),
            LinePurpose::Value { key } => {
                let label = if key == LEARNING_RATE { "learning rate".into() } else { name(key) };
                let parameter = watched.live().hyperparameter(key);
                let hint = parameter.map(|now| format!("now {}; valid: {}", short(now.value), now.range));
                (label, hint.map(|hint| sentence(&hint)).unwrap_or_default())
            }
            LinePurpose::Sample => {
                ("sample".into(), "a row of the minibatch, train:N, test:N, mistake or hardest".into())
            }
            LinePurpose::Extend => ("epochs to add".into(), format!("valid: whole numbers from 1 to {MOST_EPOCHS}")),
        };
        Some(Prompt { line, label, hint })
    }

    fn open_line(&mut self, purpose: LinePurpose, editor: Editor) {
        self.mode = Mode::Line(TypedLine::new(purpose, editor));
    }

    /// Takes the line or the chosen answer as it is; a line that is refused stays open.
    fn submit(&mut self, watched: &WatchedRun) -> Reply {
        let mut line = match std::mem::take(&mut self.mode) {
            Mode::Line(line) => line,
            Mode::Quit(choice) => return Reply::Act(Action::Answer(choice)),
            Mode::Normal | Mode::Help { .. } => return Reply::Done,
        };
        let text = line.editor.text().trim().to_owned();
        if line.purpose == LinePurpose::Command && !text.is_empty() {
            self.remember(&text);
        }
        carry_out(&line.purpose, &text, watched).unwrap_or_else(|error| {
            line.error = Some(sentence(&error));
            self.mode = Mode::Line(line);
            Reply::Done
        })
    }

    fn remember(&mut self, text: &str) {
        self.history.retain(|earlier| earlier != text);
        self.history.push_front(text.into());
        self.history.truncate(MAX_HISTORY_LINES);
    }
}
