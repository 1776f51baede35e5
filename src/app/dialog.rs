//! What lies over the screen and takes the keyboard: the help, a line that is typed, the question before leaving.

use std::collections::VecDeque;

use crate::protocol::{
    BranchId, BranchName, Command, CommandId, LEARNING_RATE, MAX_BRANCH_NAME, MAX_EPOCHS, RangeTest,
};
use crate::text::{short, thousands};

use super::actions::{Action, SampleStep};
use super::commands::{command_hint, complete_word, interpret_line};
use super::display::{floor_char_boundary, harmless_name, harmless_passage, harmless_sentence};
use super::editor::{LineEditor, MAX_LINE_BYTES};
use super::follow_up::FollowUp;
use super::input::{Code, Key};
use super::message::RunFate;
use super::prompt::{KeyboardMode, LinePurpose, Prompt, TypedLine};
use super::quit::QuitChoice;
use super::range_test::RangeTestPanel;
use super::rewind::RewindTarget;
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
    /// The line that was taken last, while what it asked for may still be refused.
    submitted: Option<SubmittedLine>,
}

/// A line that was taken, and whose answer says whether it opens again.
#[derive(Clone, Debug)]
struct SubmittedLine {
    line: TypedLine,
    awaited: Awaited,
}

/// An answer to what a line asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// That of the source to a request.
    Request(CommandId),
    /// Whether the screen was saved.
    Screen,
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

    /// Asks whether to forget a branch.
    pub(super) fn ask_to_delete(&mut self, branch: BranchId) {
        self.mode = KeyboardMode::Delete { branch, yes: false };
    }

    /// Asks before going back, or which step to go back to where no place is chosen; it proposes that of the last change.
    pub(super) fn ask_to_rewind(&mut self, target: Option<RewindTarget>, last_change: Option<u64>) {
        if let Some(target) = target {
            self.mode = KeyboardMode::Rewind(target);
            return;
        }
        let proposal = last_change.map(thousands).unwrap_or_default();
        self.open_line(LinePurpose::Step, LineEditor::with_proposal(&proposal));
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
            (Action::Cancel, KeyboardMode::RangeTest(panel)) if watched.tests_learning_rates() => {
                // It closes with the answer.
                return if panel.give_up() { FollowUp::Send(Command::Cancel) } else { FollowUp::Done };
            }
            (Action::Cancel | Action::Answer(QuitChoice::Cancel), _) => self.close(),
            (Action::Scroll(by), KeyboardMode::Help { scroll }) => {
                *scroll = scroll.saturating_add_signed(by).min(MAX_HELP_SCROLL_LINES);
            }
            (Action::Choose { backwards }, KeyboardMode::Quit(choice)) => {
                *choice = choice.next_among(QuitChoice::QUIT_ANSWERS, backwards);
            }
            (Action::Choose { backwards }, KeyboardMode::Keep(choice)) => {
                *choice = choice.next_among(QuitChoice::KEEP_ANSWERS, backwards);
            }
            (Action::Choose { .. }, KeyboardMode::Delete { yes, .. }) => *yes = !*yes,
            (Action::Confirm, KeyboardMode::Delete { branch, .. }) => {
                let branch = *branch;
                self.close();
                return FollowUp::Send(Command::DeleteBranch { branch });
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

    /// Keeps the line that was taken just now until this answer.
    pub(super) fn await_answer(&mut self, line: TypedLine, awaited: Awaited) {
        self.submitted = Some(SubmittedLine { line, awaited });
    }

    /// Forgets the line that waited for this answer. One that was `refused` with a reason opens again, to be edited,
    /// unless something else is open by now; whether it did.
    pub(super) fn take_answer(&mut self, awaited: Awaited, refused: Option<&str>) -> bool {
        let Some(submitted) = self.submitted.take_if(|submitted| submitted.awaited == awaited) else { return false };
        match (refused, &self.mode) {
            (Some(reason), KeyboardMode::Normal) => {
                self.reopen(submitted.line, reason);
                true
            }
            _ => false,
        }
    }

    /// Shows a range test that was asked for.
    pub(super) fn open_range_test(&mut self) {
        self.mode = KeyboardMode::RangeTest(RangeTestPanel::default());
    }

    /// Takes in what a range test has measured, while it is shown.
    pub(super) fn take_range_test(&mut self, test: RangeTest) {
        if let KeyboardMode::RangeTest(panel) = &mut self.mode {
            panel.take_test(test);
        }
    }

    /// Closes the range test, because it was refused; whether a person gave it up.
    pub(super) fn close_refused_range_test(&mut self) -> bool {
        let KeyboardMode::RangeTest(panel) = &self.mode else { return false };
        let given_up = panel.is_given_up();
        self.close();
        given_up
    }

    /// Opens a line again that was refused.
    pub(super) fn reopen(&mut self, mut line: TypedLine, reason: &str) {
        line.error = Some(harmless_passage(reason));
        self.mode = KeyboardMode::Line(line);
    }

    /// Asks for a value of a hyperparameter.
    pub(super) fn ask_value(&mut self, key: &str, watched: &WatchedRun) -> FollowUp {
        if watched.live().hyperparameter(key).is_none() {
            return FollowUp::bad_notice("this source has no such hyperparameter");
        }
        self.open_line(LinePurpose::Value { key: key.into() }, LineEditor::default());
        FollowUp::Done
    }

    /// Asks for a name of a branch, beginning with the one that it has.
    pub(super) fn ask_branch_name(&mut self, named: &BranchName) {
        self.open_line(LinePurpose::BranchName { branch: named.branch }, LineEditor::with_proposal(&named.name));
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
            LinePurpose::BranchName { .. } => {
                ("name of the branch".into(), format!("at most {MAX_BRANCH_NAME} characters; none takes its name away"))
            }
            LinePurpose::Step => {
                let newest = thousands(watched.live().step_extent().tip);
                let proposed =
                    watched.live().step_of_last_change().map_or("", |_| "proposed: before the last change; ");
                ("go back to step".into(), format!("{proposed}valid: whole numbers from 0 to {newest}"))
            }
            LinePurpose::Extend => ("epochs to add".into(), format!("valid: whole numbers from 1 to {MAX_EPOCHS}")),
        };
        Some(Prompt { line, label, hint })
    }

    fn open_line(&mut self, purpose: LinePurpose, editor: LineEditor) {
        self.mode = KeyboardMode::Line(TypedLine::new(purpose, editor));
    }

    /// Takes the line or the chosen answer as it is, and gives the line back with what it asks for; one that is
    /// refused stays open.
    pub(super) fn submit(&mut self, watched: &WatchedRun) -> (FollowUp, Option<TypedLine>) {
        let line = match std::mem::take(&mut self.mode) {
            KeyboardMode::Line(line) => line,
            KeyboardMode::Quit(choice) | KeyboardMode::Keep(choice) => {
                return (FollowUp::Act(Action::Answer(choice)), None);
            }
            KeyboardMode::RangeTest(panel) => return (self.take_suggested_rate(panel), None),
            KeyboardMode::Rewind(target) => return (FollowUp::Rewind(target), None),
            KeyboardMode::Delete { branch, yes: true } => {
                return (FollowUp::Send(Command::DeleteBranch { branch }), None);
            }
            KeyboardMode::Normal | KeyboardMode::Help { .. } | KeyboardMode::Delete { .. } => {
                return (FollowUp::Done, None);
            }
        };
        let text = line.editor.text().trim().to_owned();
        if line.purpose == LinePurpose::Command && !text.is_empty() {
            self.add_to_history(&text);
        }
        match interpret_line(&line.purpose, &text, watched) {
            Ok(follow_up) => (follow_up, Some(line)),
            Err(error) => {
                self.reopen(line, &error);
                (FollowUp::Done, None)
            }
        }
    }

    /// Sets the learning rate that a range test suggests; without one the test stays open.
    fn take_suggested_rate(&mut self, panel: RangeTestPanel) -> FollowUp {
        if let Some(value) = panel.suggestion() {
            return FollowUp::Send(Command::Set { key: LEARNING_RATE.into(), value });
        }
        self.mode = KeyboardMode::RangeTest(panel);
        FollowUp::bad_notice("no learning rate is suggested")
    }

    fn add_to_history(&mut self, text: &str) {
        self.history.retain(|earlier| earlier != text);
        self.history.push_front(text.into());
        self.history.truncate(MAX_HISTORY_LINES);
    }
}
