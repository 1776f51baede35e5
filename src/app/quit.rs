//! The questions before leaving, and their answers.

use super::message::RunFate;

/// The answers to the questions before leaving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuitChoice {
    /// Go on.
    #[default]
    Cancel,
    /// Stop the training and leave; what becomes of an unsaved run's record is said.
    Leave(RunFate),
}

impl QuitChoice {
    /// The answers to "Stop and quit?", in their order on the screen.
    pub const QUIT_ANSWERS: &[Self] = &[Self::Leave(RunFate::Undecided), Self::Cancel];

    /// The answers to "Keep this run?", in their order on the screen.
    pub const KEEP_ANSWERS: &[Self] = &[Self::Leave(RunFate::Kept), Self::Leave(RunFate::Discarded), Self::Cancel];

    /// The next one among `answers`, or the one before, round and round.
    #[must_use]
    pub(super) fn next_among(self, answers: &[Self], backwards: bool) -> Self {
        let count = answers.len().max(1);
        let at = answers.iter().position(|answer| *answer == self).unwrap_or(0);
        let next = (at + if backwards { count - 1 } else { 1 }) % count;
        answers.get(next).copied().unwrap_or_default()
    }
}
