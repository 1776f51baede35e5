//! What a person typed: read as a number, and repeated in errors.

use std::ops::RangeInclusive;

use crate::text::thousands;

use super::display::harmless_name;

/// Most characters of what was typed that an error repeats.
const MAX_QUOTED_CHARACTERS: usize = 40;

/// A number as people type it, with the minus of the keyboard or the one of typographers. A comma is refused: whether
/// it separates thousands or decimals depends on the person.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    text.replace('\u{2212}', "-").replace('_', "").parse().ok()
}

/// A whole number in `range`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse_count(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let valid = format!("valid: whole numbers from {} to {}", thousands(*range.start()), thousands(*range.end()));
    let count: u64 =
        text.replace(['_', ','], "").parse().map_err(|_| format!("{} is not a whole number; {valid}", quoted(text)))?;
    if range.contains(&count) { Ok(count) } else { Err(format!("{} is out of range; {valid}", quoted(text))) }
}

/// A step of a run, of which `newest` is the last.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse_step(text: &str, newest: u64) -> Result<u64, String> {
    let valid = format!("valid: whole numbers from 0 to {}", thousands(newest));
    if text.is_empty() {
        return Err(format!("needs a step; {valid}"));
    }
    let step: u64 =
        text.replace(['_', ','], "").parse().map_err(|_| format!("{} is not a step; {valid}", quoted(text)))?;
    if step > newest {
        return Err(format!("step {} is beyond the newest, {}", thousands(step), thousands(newest)));
    }
    Ok(step)
}

/// The text in quotation marks, harmless and short.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_QUOTED_CHARACTERS).collect();
    if text.chars().nth(MAX_QUOTED_CHARACTERS).is_some() {
        short.push('…');
    }
    format!("“{}”", harmless_name(&short))
}
