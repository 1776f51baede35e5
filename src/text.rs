//! Words and numbers for people: names made harmless, near misses, thousands and powers of ten.

use std::{
    borrow::Cow,
    ffi::OsStr,
    fmt::{self, Write as _},
};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A text from outside (a label, a tag, a path) as it may be shown on a screen, in an error or in a log.
///
/// Control characters (escape sequences with them), bidirectional marks and zero-width characters become `·`; at
/// most two combining marks stay on a letter, so that nothing can move the cursor, reorder or overflow a line.
#[derive(Clone, Copy, Debug)]
pub struct Safe<'a>(pub &'a str);

/// A line of text of any length made harmless as [`Safe`] does, for what is printed rather than laid out.
pub fn harmless(line: &str) -> String {
    line.graphemes(true).flat_map(|cluster| cluster.chars().map(replace_if_harmful).take(3)).collect()
}

fn replace_if_harmful(c: char) -> char {
    if is_harmful(c) { '·' } else { c }
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
        let mut columns = 0;
        for cluster in self.0.graphemes(true) {
            let shown: String = cluster.chars().map(replace_if_harmful).take(3).collect();
            columns += shown.width();
            if columns > MAX_SAFE_COLUMNS {
                return f.write_str("…");
            }
            f.write_str(&shown)?;
        }
        Ok(())
    }
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether every character of `text` is one column wide and a cluster of its own: ASCII and the marks and letters
/// around it. Nearly all text is of that kind, and needs no search for clusters.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(is_plain_char)
}

/// The blocks that [`is_plain`] knows: Latin, Greek, dashes and dots, arrows, box drawing, blocks and shapes, braille;
/// each as far as nothing in it is wide, combines or can't be seen.
fn is_plain_char(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | 'Α'..='ω' | '‐'..='‧' | '←'..='⇿'
        | '─'..='◼' | '⠀'..='⣿')
}

/// Columns that `text` takes on a terminal.
pub fn columns(text: &str) -> usize {
    if is_plain(text) { text.chars().count() } else { text.width() }
}

/// As much of `text` as fits into `width` columns, with `ellipsis` where something is missing.
pub fn cut<'a>(text: &'a str, width: u16, ellipsis: &str) -> Cow<'a, str> {
    let width = usize::from(width);
    if columns(text) <= width {
        return text.into();
    }
    let mut out = String::new();
    let mut used = ellipsis.width();
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used > width {
            break;
        }
        out.push_str(cluster);
    }
    if width >= ellipsis.width() {
        out.push_str(ellipsis);
    }
    out.into()
}

/// As much of the end of `text` as fits into `width` columns, with `ellipsis` where something is missing before it.
pub fn cut_start<'a>(text: &'a str, width: u16, ellipsis: &str) -> Cow<'a, str> {
    let width = usize::from(width);
    if columns(text) <= width {
        return text.into();
    }
    let mut used = ellipsis.width();
    let mut start = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used += cluster.width();
        if used > width {
            break;
        }
        start = at;
    }
    let ellipsis = if width >= ellipsis.width() { ellipsis } else { "" };
    format!("{ellipsis}{}", &text[start..]).into()
}

/// Breaks a sentence from outside into lines of at most `width` columns; its words are made harmless, and those that
/// are longer than a line are cut.
pub fn wrap(text: &str, width: u16) -> Vec<String> {
    let words = text.split_whitespace().map(|word| cut(&Safe(word).to_string(), width, "…").into_owned());
    fill_lines(words, width)
}

/// The same with words that are longer than a line, such as paths, going on in the next one, so that nothing is lost.
pub fn wrap_whole(text: &str, width: u16) -> Vec<String> {
    let words = text.split_whitespace().flat_map(|word| {
        let mut pieces = vec![String::new()];
        let mut used = 0;
        for cluster in harmless(word).graphemes(true) {
            used += cluster.width();
            if used > usize::from(width.max(1)) {
                used = cluster.width();
                pieces.push(String::new());
            }
            pieces.last_mut().into_iter().for_each(|piece| piece.push_str(cluster));
        }
        pieces
    });
    fill_lines(words, width)
}

fn fill_lines(words: impl Iterator<Item = String>, width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() && line.width() + 1 + word.width() > usize::from(width) {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Longest word that is compared with others, in bytes: comparing takes time and memory by the product of both lengths.
const MAX_COMPARED_BYTES: usize = 256;

/// The candidate that `word` was probably meant to be, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().max(word.len()) <= MAX_COMPARED_BYTES)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A count with separated thousands: `1,204`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number in at most about eight columns with three significant digits: `0.0123`, `1.2e-5`, `NaN`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !value.is_finite() {
        if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        }
    } else if (1e-3..1e4).contains(&size) {
        let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
    } else {
        let text = format!("{value:.2e}");
        match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')),
            None => text,
        }
    }
}

/// A number with the digits that tell values apart which lie about `spread` from each other: `13.24` for a spread of
/// 0.8, `1700000029.9` for one of 30, of which [`short`] would show `1.7e9`.
pub fn resolved(value: f64, spread: f64) -> String {
    if !value.is_finite() || value.abs() >= 1e13 || !(1e-6..1e13).contains(&spread) {
        return short(value);
    }
    let decimals = (2 - spread.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.into() }
}

/// A number exactly, as a configuration has it: `0.25`, `1e-30`, `1e6`.
pub fn exact(value: f64) -> String {
    if value == 0.0 || (1e-2..1e6).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A span of time: `0.4 s`, `12 s`, `3:05`, `1:02:03`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".into();
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
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
    fn the_end_of_a_text_stays_whole_clusters() {
        let cut = |text, width| cut_start(text, width, "…").into_owned();
        let wine = "runs/wine";
        assert_eq!([cut(wine, 9), cut(wine, 5), cut(wine, 1), cut(wine, 0)], [wine, "…wine", "…", ""]);
        assert_eq!([cut("長長長", 5), cut("長長長", 4), cut("ae\u{301}x", 2)], ["…長長", "…長", "…x"]);
    }

    #[test]
    fn hostile_text_becomes_harmless() {
        let hostile = "a\u{1b}]52;c;AA\u{7}\r\n\u{9b}31m\u{202e}b";
        let shown = Safe(hostile).to_string();
        assert!(!shown.chars().any(is_harmful), "{shown:?}");
        assert!(shown.starts_with('a') && shown.ends_with('b'));
        let zalgo = format!("z{}", "\u{301}".repeat(10_000));
        assert!(Safe(&zalgo).to_string().chars().count() <= 3);
        assert!(Safe(&"長".repeat(500)).to_string().width() <= MAX_SAFE_COLUMNS + 1);
    }

    #[test]
    fn plain_text_is_what_the_tables_of_unicode_say() {
        let plain: Vec<char> = ('\0'..=char::MAX).filter(|c| is_plain_char(*c)).collect();
        assert!(plain.len() > 1000 && "aß²…→│█⣿".chars().all(is_plain_char));
        for c in &plain {
            let text = format!("{c}a{c}{c}");
            assert_eq!((text.width(), text.graphemes(true).count()), (4, 4), "{c:?}");
        }
        let all: String = plain.iter().collect();
        assert_eq!((columns(&all), all.graphemes(true).count()), (all.width(), plain.len()));
        for other in ["\n", "\u{ad}", "e\u{301}", "長", "◽", "\u{200b}", "☺\u{fe0f}"] {
            assert!(!is_plain(other) && columns(other) == other.width(), "{other:?}");
        }
    }

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("momentom", ["lr", "momentum"]), Some("momentum"));
        assert_eq!(nearest("xyzzy", ["lr", "momentum"]), None);
        let long = "x".repeat(MAX_COMPARED_BYTES);
        assert_eq!(nearest(&long[1..], [long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest(&long, [(long.clone() + "y").as_str()]), None);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1204, 1_234_567].map(thousands), ["0", "999", "1,204", "1,234,567"]);
        assert_eq!(
            [0.0, 0.001, 0.0123, 1.0, 12.345, 1234.0, 12_345.0, 1.25e-5, -0.5].map(short),
            ["0", "0.001", "0.0123", "1", "12.3", "1234", "1.23e4", "1.25e-5", "-0.5"]
        );
        assert_eq!([0.44, 12.0, 185.0, 3723.0, f64::NAN].map(duration), ["0.4 s", "12 s", "3:05", "1:02:03", "–"]);
    }

    #[test]
    fn numbers_are_resolved_as_finely_as_they_are_spread() {
        let spread = [(13.24, 0.8), (1065.0, 314.0), (1_700_000_029.9, 29.9), (54_321.0, 2e4), (-0.0001, 0.5)];
        assert_eq!(
            spread.map(|(value, spread)| resolved(value, spread)),
            ["13.24", "1065", "1700000029.9", "54321", "0"]
        );
        assert_eq!(resolved(1.25e-9, 1e-9), "1.25e-9");
        assert_eq!([resolved(f64::NAN, 1.0), resolved(0.5, f64::NAN), resolved(0.5, 0.0)], ["NaN", "0.5", "0.5"]);
    }

    #[test]
    fn sentences_break_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible", 5), ["inco…"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
        assert_eq!(wrap_whole("a incomprehensible b", 5), ["a", "incom", "prehe", "nsibl", "e b"]);
        assert_eq!(wrap_whole("長い", 2), ["長", "い"]);
        assert_eq!(wrap_whole("a\u{1b}b", 0), ["a", "·", "b"]);
        assert!(wrap("a\u{1b}[31m b", 80)[0].starts_with("a·"));
    }
}
