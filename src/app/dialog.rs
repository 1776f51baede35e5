//! What lies over the screen and takes the keyboard: the help, a line that is typed, the question before leaving.

use std::collections::VecDeque;

use crate::protocol::{LEARNING_RATE, MAX_EPOCHS};
use crate::text::short;

use super::actions::{Action, SampleStep};
use super::commands::{command_hint, complete_word, interpret_line};
use super::display::{floor_char_boundary, harmless_name, harmless_sentence};
use super::editor::{LineEditor, MAX_LINE_BYTES};
use super::follow_up::FollowUp;
use super::input::{Code, Key};
use super::message::RunFate;
use super::prompt::{KeyboardMode, LinePurpose, Prompt, QuitChoice, TypedLine};
use super::watched::WatchedRun;

/// Lines that the history of commands keeps.
const MAX_HISTORY_LINES: usize = 100;

/// Lines by which the help can be scrolled at most; the drawing stops at its last page.
const MAX_HELP_SCROLL_LINES: usize = 200;

/// Epochs that the question how many to add begins with.
const PROPOSED_EPOCHS: u64 = 5;

/// What the keyboard is for, and the commands that were typed.
#[derive(Clone, Debug, Default)]
pub struct Dialog {
    mode: KeyboardMode,
    /// The newest first.
    history: VecDeque<String>,
}

impl Dialog {
    /// What the keyboard is for.
    pub fn mode(&self) -> &KeyboardMode {
        &self.mode
    }

    /// Whether a line is typed.
    pub fn is_typing(&self) -> bool {
        matches!(self.mode, KeyboardMode::Line(_))
    }

    /// Whether a question before leaving is open.
    pub fn asks_to_quit(&self) -> bool {
        matches!(self.mode, KeyboardMode::Quit(_) | KeyboardMode::Keep(_))
    }

    /// Asks before leaving.
    pub(super) fn ask_to_quit(&mut self) {
        self.mode = KeyboardMode::Quit(QuitChoice::Cancel);
    }

    /// Asks whether to keep the run, before leaving.
    pub(super) fn ask_to_keep(&mut self) {
        self.mode = KeyboardMode::Keep(QuitChoice::Leave(RunFate::Kept));
    }

    /// Closes whatever is open.
    pub(super) fn close(&mut self) {
        self.mode = KeyboardMode::Normal;
    }

    /// Does what a key that opens, changes or closes a dialog stands for.
    pub(super) fn handle_action(&mut self, action: Action, watched: &WatchedRun) -> FollowUp {
        match (action, &mut self.mode) {
            (Action::Help, _) => self.mode = KeyboardMode::Help { scroll: 0 },
            (Action::CommandLine, _) => self.open_line(LinePurpose::Command, LineEditor::default()),
            (Action::Extend, _) => {
                self.open_line(LinePurpose::Extend, LineEditor::with_proposal(&PROPOSED_EPOCHS.to_string()));
            }
            (Action::Follow(SampleStep::Typed), _) => self.open_line(LinePurpose::Sample, LineEditor::default()),
            (Action::TypeLearningRate, _) => return self.ask_value(LEARNING_RATE, watched),
            (Action::Cancel | Action::Answer(QuitChoice::Cancel), _) => self.close(),
            (Action::Submit, _) => return self.submit(watched),
            (Action::Scroll(by), KeyboardMode::Help { scroll }) => {
                *scroll = scroll.saturating_add_signed(by).min(MAX_HELP_SCROLL_LINES);
            }
            (Action::Choose { backwards }, KeyboardMode::Quit(choice)) => {
                *choice = choice.next_among(QuitChoice::QUIT_ANSWERS, backwards);
            }
            (Action::Choose { backwards }, KeyboardMode::Keep(choice)) => {
                *choice = choice.next_among(QuitChoice::KEEP_ANSWERS, backwards);
            }
            (Action::Edit(edit), KeyboardMode::Line(line)) => line.apply_edit(edit),
            (Action::Recall(by), KeyboardMode::Line(line)) if line.purpose == LinePurpose::Command => {
                line.recall(by, &self.history);
            }
            (Action::Complete, KeyboardMode::Line(line)) if line.purpose == LinePurpose::Command => {
                line.apply_completion(complete_word(line.editor.split_at_cursor().0, watched));
            }
            _ => {}
        }
        FollowUp::Done
    }

    /// Asks for a value of a hyperparameter.
    pub(super) fn ask_value(&mut self, key: &str, watched: &WatchedRun) -> FollowUp {
        if watched.live().hyperparameter(key).is_none() {
            return FollowUp::bad_notice("this source has no such hyperparameter");
        }
        self.open_line(LinePurpose::Value { key: key.into() }, LineEditor::default());
        FollowUp::Done
    }

    /// Types the character of a key into an open line.
    pub(super) fn type_key(&mut self, key: Key) {
        if let (KeyboardMode::Line(line), Code::Char(c)) = (&mut self.mode, key.code)
            && !key.modifiers.control
            && !key.modifiers.alt
        {
            line.type_text(c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Pastes text into an open line, its first line only; elsewhere it does nothing.
    pub(super) fn paste(&mut self, text: &str) {
        if let KeyboardMode::Line(line) = &mut self.mode {
            let text = &text[..floor_char_boundary(text, MAX_LINE_BYTES)];
            line.type_text(text.split(['\n', '\r']).next().unwrap_or_default());
        }
    }

    /// The open line together with what to say about it.
    pub(super) fn prompt(&self, watched: &WatchedRun) -> Option<Prompt<'_>> {
        let KeyboardMode::Line(line) = &self.mode else { return None };
        let (label, hint) = match &line.purpose {
            LinePurpose::Command => (":".into(), command_hint(line.editor.text())),
            LinePurpose::Value { key } => {
                let label = if key == LEARNING_RATE { "learning rate".into() } else { harmless_name(key) };
                let parameter = watched.live().hyperparameter(key);
                let hint = parameter.map(|now| format!("now {}; valid: {}", short(now.value), now.range));
                (label, hint.map(|hint| harmless_sentence(&hint)).unwrap_or_default())
            }
            LinePurpose::Sample => {
                ("sample".into(), "a row of the minibatch, train:N, test:N, mistake or hardest".into())
            }
            LinePurpose::Extend => ("epochs to add".into(), format!("valid: whole numbers from 1 to {MAX_EPOCHS}")),
        };
        Some(Prompt { line, label, hint })
    }

    fn open_line(&mut self, purpose: LinePurpose, editor: LineEditor) {
        self.mode = KeyboardMode::Line(TypedLine::new(purpose, editor));
    }

    /// Takes the line or the chosen answer as it is; a line that is refused stays open.
    fn submit(&mut self, watched: &WatchedRun) -> FollowUp {
        let mut line = match std::mem::take(&mut self.mode) {
            KeyboardMode::Line(line) => line,
            KeyboardMode::Quit(choice) | KeyboardMode::Keep(choice) => return FollowUp::Act(Action::Answer(choice)),
            KeyboardMode::Normal | KeyboardMode::Help { .. } => return FollowUp::Done,
        };
        let text = line.editor.text().trim().to_owned();
        if line.purpose == LinePurpose::Command && !text.is_empty() {
            self.add_to_history(&text);
        }
        interpret_line(&line.purpose, &text, watched).unwrap_or_else(|error| {
            line.error = Some(harmless_sentence(&error));
            self.mode = KeyboardMode::Line(line);
            FollowUp::Done
        })
    }

    fn add_to_history(&mut self, text: &str) {
        self.history.retain(|earlier| earlier != text);
        self.history.push_front(text.into());
        self.history.truncate(MAX_HISTORY_LINES);
    }
}
