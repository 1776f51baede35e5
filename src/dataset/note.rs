//! What a reader left out or assumed, told instead of done without a word.

use serde::Serialize;

/// Something about the data that a person should know although it could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataNote {
    /// Of which kind it is, for programs.
    pub kind: DataNoteKind,
    /// One sentence with the file or column it is about, for people; harmless to show.
    pub text: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DataNoteKind {
    /// Something was left out: a column, files.
    LeftOut,
    /// Something that the data don't say was assumed: a header row, a separator.
    Assumed,
    /// Nothing was changed, but the data look wrong: a class of a single sample, test values in another unit.
    Suspicious,
}

impl DataNote {
    /// Something was left out.
    pub fn left_out(text: impl Into<String>) -> Self {
        Self { kind: DataNoteKind::LeftOut, text: text.into() }
    }

    /// Something was assumed.
    pub fn assumed(text: impl Into<String>) -> Self {
        Self { kind: DataNoteKind::Assumed, text: text.into() }
    }

    /// Something looks wrong.
    pub fn suspicious(text: impl Into<String>) -> Self {
        Self { kind: DataNoteKind::Suspicious, text: text.into() }
    }
}
