//! Texts from outside made harmless.

use std::{ffi::OsStr, fmt};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::columns;

/// A text from outside (a label, a tag, a path) as it may be shown on a screen, in an error or in a log.
///
/// Control characters (escape sequences with them), bidirectional marks, and characters that can't be seen become `·`;
/// at most two combining marks stay on a letter, and of characters that only some terminals join, such as an emoji and
/// its skin tone, the first stays. So nothing can move the cursor, reorder or overflow a line, and every terminal gives
/// the text the [`columns`] that were laid out for it.
#[derive(Clone, Copy, Debug)]
pub struct Safe<'a>(pub &'a str);

/// A line of text of any length made harmless as [`Safe`] does, for what is printed rather than laid out.
pub fn harmless(line: &str) -> String {
    harmless_clusters(line).collect()
}

/// What is shown for each character of a line with all that combines with it.
fn harmless_clusters(line: &str) -> impl Iterator<Item = String> {
    let mut before = String::new();
    line.graphemes(true).map(move |cluster| {
        let mut shown = harmless_cluster(cluster);
        // Without the marks that were left away, it can combine with what is before it.
        let together = [before.as_str(), &shown].concat();
        if columns(&together) != columns(&before) + columns(&shown) {
            shown = "·".into();
        }
        before.clone_from(&shown);
        shown
    })
}

/// Most characters of a letter with its combining marks.
const MAX_CLUSTER_CHARACTERS: usize = 3;

/// What is shown for a character with all that combines with it.
fn harmless_cluster(cluster: &str) -> String {
    let mut shown: String = cluster.chars().map(replace_if_harmful).take(MAX_CLUSTER_CHARACTERS).collect();
    let apart: usize = shown.chars().filter_map(UnicodeWidthChar::width).sum();
    if columns(&shown) != apart {
        shown.truncate(shown.chars().next().map_or(0, char::len_utf8));
    }
    // A mark without a letter would land on whatever is before it.
    if columns(&shown) == 0 { "·".into() } else { shown }
}

fn replace_if_harmful(c: char) -> char {
    match c {
        // Marks of half a width, which some terminals join with the letter and others don't: those of a whole one.
        '\u{ff9e}' => '\u{309b}',
        '\u{ff9f}' => '\u{309c}',
        // A Khmer sign that is three columns wide, or two.
        '\u{17d8}' => '·',
        _ if is_harmful(c) => '·',
        _ => c,
    }
}

/// The name of a file or folder, or a path, made harmless as [`Safe`] does; bytes that are no UTF-8 are shown as
/// `\xe9`, so that different names look different.
pub fn harmless_name(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    Safe(&text).to_string()
}

/// Longest [`Safe`] text in terminal columns; what is longer ends in `…`.
const MAX_SAFE_COLUMNS: usize = 120;

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut used = 0;
        for shown in harmless_clusters(self.0) {
            used += columns(&shown);
            if used > MAX_SAFE_COLUMNS {
                return f.write_str("…");
            }
            f.write_str(&shown)?;
        }
        Ok(())
    }
}

/// Controls, separators of lines, and what Unicode lets a program leave out when it can't show it
/// (`Default_Ignorable_Code_Point`): fillers, joiners, selectors, marks of direction; and the braille pattern without dots.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn names_of_different_bytes_look_different() {
        use std::os::unix::ffi::OsStrExt;
        let shown = |bytes: &[u8]| harmless_name(OsStr::from_bytes(bytes));
        assert_eq!(shown("café/x".as_bytes()), "café/x");
        assert_eq!([shown(b"caf\xe9"), shown(b"caf\xe8\x1b[m")], ["caf\\xe9", "caf\\xe8·[m"]);
    }

    #[test]
    fn hostile_text_becomes_harmless() {
        let hostile = "a\u{1b}]52;c;AA\u{7}\r\n\u{9b}31m\u{202e}b";
        let shown = Safe(hostile).to_string();
        assert!(!shown.chars().any(is_harmful), "{shown:?}");
        assert!(shown.starts_with('a') && shown.ends_with('b'));
        let zalgo = format!("z{}", "\u{301}".repeat(10_000));
        assert!(Safe(&zalgo).to_string().chars().count() <= 3);
        assert!(columns(&Safe(&"長".repeat(500)).to_string()) <= MAX_SAFE_COLUMNS + 1);
    }

    #[test]
    fn what_cannot_be_seen_is_marked_and_what_only_some_terminals_join_is_not_joined() {
        for (name, shown) in [
            ("a\u{115f}b\u{1160}c", "a·b·c"),
            ("\u{3164}\u{ffa0}\u{2800}\u{34f}", "····"),
            ("1\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}", "1·\u{20e3}2·\u{20e3}"),
            ("\u{fe0f}\u{20e3}\u{fe0f}\u{20e3}", "·\u{20e3}·"),
            ("👍🏽👍", "👍👍"),
            ("\u{301}a", "·a"),
            ("ﾊﾞ", "ﾊ゛"),
            ("e\u{301} 長 لا 🇩🇪 ❤\u{fe0f}", "e\u{301} 長 لا 🇩🇪 ❤·"),
        ] {
            assert_eq!((Safe(name).to_string().as_str(), harmless(name).as_str()), (shown, shown));
        }
    }
}
