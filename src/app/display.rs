//! Text from outside on its way to the screen.

use crate::text::{Safe, harmless};

/// Longest sentence in characters; what is longer ends in `…`.
const MAX_SENTENCE_CHARACTERS: usize = 600;

/// A name, harmless and short.
pub(in crate::app) fn harmless_name(text: &str) -> String {
    Safe(text).to_string()
}

/// A text of several words, harmless word by word, so that it may be longer than a name.
pub(in crate::app) fn harmless_sentence(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    // What comes after this many bytes could not be shown anyway.
    let end = floor_char_boundary(text, MAX_SENTENCE_CHARACTERS * 16);
    for word in text[..end].split_whitespace() {
        let word = harmless_name(word);
        length += word.chars().count() + 1;
        if length > MAX_SENTENCE_CHARACTERS {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

/// Longest passage in bytes; what is longer ends in `…`.
const MAX_PASSAGE_BYTES: usize = 960;

/// A text of several words, harmless, with its words whole, so that long paths can be read.
pub(in crate::app) fn harmless_passage(text: &str) -> String {
    // What comes after this many bytes could not be kept anyway.
    let read = &text[..floor_char_boundary(text, MAX_PASSAGE_BYTES * 16)];
    let mut out = harmless(&read.split_whitespace().collect::<Vec<_>>().join(" "));
    if out.len() > MAX_PASSAGE_BYTES || read.len() < text.len() {
        out.truncate(floor_char_boundary(&out, MAX_PASSAGE_BYTES));
        out.push('…');
    }
    out
}

/// A path of a file or folder, harmless and in one piece; of one that is too long, the end.
pub(in crate::app) fn harmless_path(text: &str) -> String {
    let start = (0..=text.len().saturating_sub(MAX_PASSAGE_BYTES)).rev().find(|at| text.is_char_boundary(*at));
    let start = start.unwrap_or(0);
    format!("{}{}", if start > 0 { "…" } else { "" }, harmless(&text[start..]))
}

/// A shape: `1×28×28`.
pub(in crate::app) fn shape_text(sizes: &[usize]) -> String {
    const MAX_SHOWN_DIMENSIONS: usize = 6;
    let mut out = sizes.iter().take(MAX_SHOWN_DIMENSIONS).map(usize::to_string).collect::<Vec<_>>().join("×");
    if sizes.len() > MAX_SHOWN_DIMENSIONS {
        out.push_str("×…");
    }
    out
}

/// The largest offset up to `at` that lies between two characters of `text`.
pub(in crate::app) fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Whether a character may be shown as it is.
pub(in crate::app) fn is_harmless(c: char) -> bool {
    let mut bytes = [0; 4];
    let text: &str = c.encode_utf8(&mut bytes);
    c == '·' || harmless_name(text) == text
}
