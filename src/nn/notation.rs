//! How settings of a network are written: its numbers, and what is said of words that are misspelt.

use super::ParseError;
use crate::text::{Safe, nearest};

/// The error for `text`: how its kind is written, or else the nearest kind and all valid ones.
pub(super) fn misspelling_error(what: &str, text: &str, kind: &str, kinds: &[(&str, &str)]) -> ParseError {
    if let Some((_, form)) = kinds.iter().find(|(name, _)| *name == kind) {
        return ParseError(format!("`{}` is not a valid {what}; write `{form}`", Safe(text)));
    }
    let forms: Vec<String> = kinds.iter().map(|(_, form)| format!("`{form}`")).collect();
    let hint = match nearest(kind, kinds.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    ParseError(format!("`{}` is not a {what}; {hint}valid: {}", Safe(text), forms.join(", ")))
}

/// Reads a finite number called `name`.
pub(super) fn parse_finite(name: &str, text: &str) -> Result<f64, ParseError> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(ParseError(format!("`{}` is not a number for the {name}", Safe(text)))),
    }
}
