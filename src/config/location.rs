//! Where something was written, and errors that show it: file, line, column, the line itself and a caret.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::text::{Safe, TextWidth};

/// A text that was read: a file, or part of the command line.
#[derive(Debug)]
pub(super) struct TextOrigin {
    /// Where the text stands.
    pub medium: TextMedium,
    /// The whole text; of a flag, with the flag before its value.
    pub text: String,
}

/// Where a text stands.
#[derive(Debug)]
pub(super) enum TextMedium {
    /// In a file of this name, harmless to show.
    File(String),
    /// After a flag on the command line: `--set`.
    Flag(&'static str),
}

/// A place in a configuration file or on the command line.
#[derive(Clone, Debug)]
pub struct Location {
    origin: Arc<TextOrigin>,
    /// Bytes of the text; its ends lie on character boundaries inside the text.
    span: Range<usize>,
}

/// Most characters shown before the marked ones; a line may be a megabyte long.
const MAX_CHARACTERS_BEFORE: usize = 60;

impl Location {
    pub(super) fn new(origin: &Arc<TextOrigin>, span: Range<usize>) -> Self {
        let boundary = |at: usize| (0..=at.min(origin.text.len())).rev().find(|&at| origin.text.is_char_boundary(at));
        let start = boundary(span.start).unwrap_or(0);
        let end = boundary(span.end).unwrap_or(0).max(start);
        Self { origin: Arc::clone(origin), span: start..end }
    }

    /// Whether it is in a file, not on the command line.
    pub fn is_in_file(&self) -> bool {
        matches!(self.origin.medium, TextMedium::File(_))
    }

    /// Line, counted from 1.
    pub fn line(&self) -> usize {
        self.origin.text[..self.span.start].matches('\n').count() + 1
    }

    /// Column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.line_before().chars().count() + 1
    }

    /// Byte at which it begins, to sort by.
    pub(super) fn start_byte(&self) -> usize {
        self.span.start
    }

    /// The part of the line before it.
    fn line_before(&self) -> &str {
        let start = self.origin.text[..self.span.start].rfind('\n').map_or(0, |newline| newline + 1);
        &self.origin.text[start..self.span.start]
    }

    /// It and the rest of the line.
    fn line_from_here(&self) -> &str {
        self.origin.text[self.span.start..].lines().next().unwrap_or_default()
    }

    /// Two lines: the line in question, and carets under it.
    fn excerpt(&self) -> String {
        let before = self.line_before();
        let hidden = before.chars().count().saturating_sub(MAX_CHARACTERS_BEFORE);
        let mut shown: String = before.chars().skip(hidden).collect();
        if hidden > 0 {
            shown.insert(0, '…');
        }
        let harmless = |text: &str| Safe(&text.replace('\t', " ")).to_string();
        let (shown, after) = (harmless(&shown), harmless(self.line_from_here()));
        let marked = harmless(self.line_from_here().get(..self.span.len()).unwrap_or(self.line_from_here()));
        let carets = "^".repeat(marked.width().clamp(1, after.width().max(1)));
        let number = if self.is_in_file() { self.line().to_string() } else { String::new() };
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(shown.width());
        format!("  {number} | {shown}{after}\n  {margin} | {indent}{carets}")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin.medium {
            TextMedium::File(file) => write!(f, "{file}:{}:{}", self.line(), self.column()),
            TextMedium::Flag(flag) => f.write_str(flag),
        }
    }
}

/// What a problem is about.
#[derive(Clone, Debug)]
pub(super) enum ProblemPlace {
    /// A place in a text.
    At(Location),
    /// A whole file, by its harmless name.
    File(String),
    /// A key that has its default.
    Default(String),
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug)]
pub(super) struct ConfigProblem {
    pub place: ProblemPlace,
    /// What is wrong and what would be valid; harmless to show.
    pub message: String,
    /// What to add to the command line to mend it, where that is known.
    pub remedy: Option<String>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            ProblemPlace::At(location) => write!(f, "{location}: {}\n{}", self.message, location.excerpt())?,
            ProblemPlace::File(file) => write!(f, "{file}: {}", self.message)?,
            ProblemPlace::Default(key) => write!(f, "{key} (its default): {}", self.message)?,
        }
        match &self.remedy {
            Some(remedy) => write!(f, "\n{remedy}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a configuration: at least one problem, each with its place.
///
/// It is shown over several lines and ends without a line break; the program ends with status 2 after it.
#[derive(Clone, Debug)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<ConfigProblem>) -> Self {
        Self { problems }
    }

    /// A problem with a whole file.
    pub(super) fn in_file(file: &str, message: String) -> Self {
        Self::new(vec![ConfigProblem { place: ProblemPlace::File(file.into()), message, remedy: None }])
    }
}

/// Most problems shown; a file of another kind would have thousands.
const MAX_SHOWN_PROBLEMS: usize = 10;

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().take(MAX_SHOWN_PROBLEMS).enumerate() {
            let separator = if position > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        match self.problems.len().saturating_sub(MAX_SHOWN_PROBLEMS) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl Error for ConfigError {}
