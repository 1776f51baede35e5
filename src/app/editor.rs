//! A one-line editor.

use super::display::{floor_char_boundary, is_harmless};

/// Longest line in bytes.
pub const MAX_LINE_BYTES: usize = 4096;

/// A line of text with a cursor. It holds no control characters and no bidirectional marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineEditor {
    text: String,
    /// Byte offset, always between two characters.
    cursor: usize,
    /// Whether the text is a proposal, whose place the first text that is typed takes.
    proposed: bool,
}

/// A change to the line or a move in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEdit {
    /// One character back.
    Left,
    /// One character on.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Delete the character before the cursor.
    Backspace,
    /// Delete the character after the cursor.
    Delete,
    /// Delete back to the beginning of the word.
    DeleteWord,
    /// Delete everything before the cursor.
    DeleteToStart,
}

impl LineEditor {
    /// A line that already holds `text`, the cursor after it.
    pub fn with_text(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// A line that proposes `text`: what is typed takes its place, and a move or a deletion makes it one's own.
    pub fn with_proposal(text: &str) -> Self {
        Self { proposed: true, ..Self::with_text(text) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the cursor.
    pub fn split_at_cursor(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Types `text` at the cursor. What could not be shown safely is left out; what does not fit any more, too.
    pub fn insert(&mut self, text: &str) {
        if std::mem::take(&mut self.proposed) {
            self.apply_edit(LineEdit::DeleteToStart);
        }
        let room = MAX_LINE_BYTES - self.text.len();
        let mut fits = String::new();
        for c in text.chars().filter(|c| is_harmless(*c)) {
            if fits.len() + c.len_utf8() > room {
                break;
            }
            fits.push(c);
        }
        self.text.insert_str(self.cursor, &fits);
        self.cursor += fits.len();
    }

    /// Replaces the text from byte `from` to the cursor.
    pub fn replace_back_to(&mut self, from: usize, text: &str) {
        let from = floor_char_boundary(&self.text, from.min(self.cursor));
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
        self.insert(text);
    }

    /// Applies an edit.
    pub fn apply_edit(&mut self, edit: LineEdit) {
        self.proposed = false;
        let (before, after) = self.split_at_cursor();
        let previous = before.char_indices().next_back().map_or(0, |(at, _)| at);
        let next = self.cursor + after.chars().next().map_or(0, char::len_utf8);
        match edit {
            LineEdit::Left => self.cursor = previous,
            LineEdit::Right => self.cursor = next,
            LineEdit::Home => self.cursor = 0,
            LineEdit::End => self.cursor = self.text.len(),
            LineEdit::Backspace => self.delete_back_to(previous),
            LineEdit::Delete => {
                self.text.replace_range(self.cursor..next, "");
            }
            LineEdit::DeleteWord => {
                let word = before.trim_end();
                self.delete_back_to(
                    word.rfind(char::is_whitespace)
                        .map_or(0, |at| at + word[at..].chars().next().map_or(0, char::len_utf8)),
                );
            }
            LineEdit::DeleteToStart => self.delete_back_to(0),
        }
    }

    fn delete_back_to(&mut self, from: usize) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_makes_way_for_what_is_typed() {
        let mut line = LineEditor::with_proposal("5");
        line.insert("12");
        assert_eq!(line.split_at_cursor(), ("12", ""));
        let mut line = LineEditor::with_proposal("5");
        line.apply_edit(LineEdit::End);
        line.insert("0");
        assert_eq!(line.text(), "50");
    }
}
