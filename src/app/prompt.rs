//! What the keyboard is for at the moment: the screen, the help, a line of text, a question.

use std::collections::VecDeque;

use super::editor::{LineEdit, LineEditor};
use super::quit::QuitChoice;
use super::range_test::RangeTestPanel;
use super::rewind::RewindTarget;
use crate::protocol::BranchId;

/// What the keyboard is for.
#[derive(Clone, Debug, Default)]
pub enum KeyboardMode {
    /// The keys of the screen.
    #[default]
    Normal,
    /// The help lies over the screen.
    Help {
        /// First line shown; the drawing stops at the end by itself.
        scroll: usize,
    },
    /// A line is being typed.
    Line(TypedLine),
    /// A learning-rate range test lies over the screen.
    RangeTest(RangeTestPanel),
    /// "Stop and quit?"
    Quit(QuitChoice),
    /// "Keep this run?", before quitting.
    Keep(QuitChoice),
    /// "Delete this branch?"
    Delete {
        /// The branch.
        branch: BranchId,
        /// Whether the chosen answer is yes.
        yes: bool,
    },
    /// "Go back?"
    Rewind(RewindTarget),
}

/// A line that is being typed.
#[derive(Clone, Debug)]
pub struct TypedLine {
    /// What it will be used for.
    pub purpose: LinePurpose,
    /// The text and its cursor.
    pub editor: LineEditor,
    /// Why the text was refused, until it is edited.
    pub error: Option<String>,
    /// What Tab could complete the word to, safe to show; empty unless Tab found more than one.
    pub candidates: Vec<String>,
    /// Line of the history that is shown, 0 the newest; `None` while a new one is typed.
    recalled: Option<usize>,
    /// The new one, while an old one is shown.
    draft: String,
}

impl TypedLine {
    pub(super) fn new(purpose: LinePurpose, editor: LineEditor) -> Self {
        Self { purpose, editor, error: None, candidates: Vec::new(), recalled: None, draft: String::new() }
    }

    /// Types `text` at the cursor.
    pub(super) fn type_text(&mut self, text: &str) {
        self.clear_feedback();
        self.editor.insert(text);
    }

    /// Changes the line.
    pub(super) fn apply_edit(&mut self, edit: LineEdit) {
        self.clear_feedback();
        self.editor.apply_edit(edit);
    }

    /// Goes `by` lines back in the history, newest first; negative comes forward again, at last to the draft.
    pub(super) fn recall(&mut self, by: isize, history: &VecDeque<String>) {
        self.clear_feedback();
        let wanted = match self.recalled {
            None if by > 0 && !history.is_empty() => {
                self.draft = self.editor.text().into();
                Some(0)
            }
            None => return,
            Some(0) if by < 0 => None,
            Some(now) => Some(now.saturating_add_signed(by).min(history.len().saturating_sub(1))),
        };
        self.recalled = wanted;
        let text = wanted.and_then(|at| history.get(at)).unwrap_or(&self.draft);
        self.editor = LineEditor::with_text(text);
    }

    /// Completes the word before the cursor.
    pub(super) fn apply_completion(&mut self, completion: Option<WordCompletion>) {
        self.candidates.clear();
        if let Some(WordCompletion { start, text, candidates }) = completion {
            self.editor.replace_back_to(start, &text);
            self.candidates = candidates;
        }
    }

    fn clear_feedback(&mut self) {
        self.error = None;
        self.candidates.clear();
    }
}

/// What becomes of the word before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WordCompletion {
    /// Where the word begins, in bytes.
    pub start: usize,
    /// What it becomes.
    pub text: String,
    /// What it could become further, safe to show; empty if only one thing fits.
    pub candidates: Vec<String>,
}

/// The line that is being typed, with what to say about it.
#[derive(Clone, Debug)]
pub struct Prompt<'a> {
    /// The line.
    pub line: &'a TypedLine,
    /// What to write before it: `:`, `learning rate`.
    pub label: String,
    /// What to write under it while there is no error.
    pub hint: String,
}

/// What a typed line is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinePurpose {
    /// A command.
    Command,
    /// Value of the hyperparameter with this key.
    Value {
        /// [`crate::protocol::HyperParameter::key`].
        key: String,
    },
    /// Epochs to train beyond the end.
    Extend,
    /// The sample to follow.
    Sample,
    /// The name of a branch.
    BranchName {
        /// The branch.
        branch: BranchId,
    },
    /// The step to go back to.
    Step,
}
