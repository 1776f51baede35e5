//! Words and numbers for people: names made harmless, near misses, thousands and powers of ten.

mod harmless;

use std::{borrow::Cow, fmt::Write as _};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use harmless::{Safe, harmless, harmless_name};

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

/// Columns that `text` takes on a terminal, which places one cluster after the other and knows no ligatures between them.
pub fn columns(text: &str) -> usize {
    if is_plain(text) { text.chars().count() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// [`columns`] as a method, for layouts that add many of them up.
pub trait TextWidth {
    /// Columns that the text takes on a terminal.
    fn width(&self) -> usize;
}

impl TextWidth for str {
    fn width(&self) -> usize {
        columns(self)
    }
}

/// As much of `text` as fits into `width` columns, with `ellipsis` where something is missing.
pub fn cut<'a>(text: &'a str, width: u16, ellipsis: &str) -> Cow<'a, str> {
    let width = usize::from(width);
    if columns(text) <= width {
        return text.into();
    }
    let mut out = String::new();
    let mut used = columns(ellipsis);
    for cluster in text.graphemes(true) {
        used += columns(cluster);
        if used > width {
            break;
        }
        out.push_str(cluster);
    }
    if width >= columns(ellipsis) {
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
    let mut used = columns(ellipsis);
    let mut start = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used += columns(cluster);
        if used > width {
            break;
        }
        start = at;
    }
    let ellipsis = if width >= columns(ellipsis) { ellipsis } else { "" };
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
            used += columns(cluster);
            if used > usize::from(width.max(1)) {
                used = columns(cluster);
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
        if !line.is_empty() && columns(&line) + 1 + columns(&word) > usize::from(width) {
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

/// Ends of the parts of a name that may be right by themselves, as the section in `optimizer.lr`.
const NAME_SEPARATORS: [char; 5] = ['.', '-', '_', '/', ' '];

/// The candidate that `word` was probably meant to be: the nearest by spelling, if about two thirds of it are right.
/// Of names that begin with the same part only the rest counts: `optimizer.kind` is no misspelt `optimizer.lr`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().max(word.len()) <= MAX_COMPARED_BYTES)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            let shared = shared_name_bytes(word, candidate);
            let rest = word[shared..].chars().count().max(candidate[shared..].chars().count());
            *distance <= (rest.div_ceil(3)).max(1) && *distance < rest
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Bytes of the whole parts with which both names begin.
fn shared_name_bytes(one: &str, other: &str) -> usize {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b);
    same.filter(|((_, c), _)| NAME_SEPARATORS.contains(c)).map(|((at, c), _)| at + c.len_utf8()).last().unwrap_or(0)
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

/// A number of bytes in a unit that people can compare, with three digits at most: `640 KiB`, `1.5 GiB`.
pub fn binary_size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < units.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    let digits = usize::from(size < 9.95);
    format!("{size:.digits$} {}", units[unit])
}

/// Whether a number of this size is written without a power of ten; [`short`] and [`exact`] agree on it, so that one
/// number looks the same everywhere.
fn is_written_plainly(size: f64) -> bool {
    size == 0.0 || (1e-3..1e4).contains(&size)
}

/// Significant digits of a [`short`] number.
const SHORT_DIGITS: i32 = 3;

/// A number in at most about eight columns with three significant digits: `0.0123`, `1.2e-5`, `NaN`.
pub fn short(value: f64) -> String {
    if is_written_plainly(value.abs()) {
        plain_digits(value, SHORT_DIGITS)
    } else if value.is_finite() {
        power_digits(value, SHORT_DIGITS)
    } else {
        not_finite(value).into()
    }
}

/// What is written for a number that is not finite.
fn not_finite(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "inf",
        _ => "-inf",
    }
}

/// A finite number with so many significant digits and no power of ten.
fn plain_digits(value: f64, digits: i32) -> String {
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (digits - 1 - exponent).max(0) as usize;
    without_trailing_zeros(&format!("{value:.decimals$}")).into()
}

/// A finite number with so many significant digits and a power of ten.
fn power_digits(value: f64, digits: i32) -> String {
    let decimals = (digits - 1).max(0) as usize;
    let text = format!("{value:.decimals$e}");
    match text.split_once('e') {
        Some((digits, power)) => format!("{}e{power}", without_trailing_zeros(digits)),
        None => text,
    }
}

/// The digits of a number without zeros at the end of its fraction; `-0` is `0`.
fn without_trailing_zeros(text: &str) -> &str {
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    if text == "-0" { "0" } else { text }
}

/// [`short`] in at most `width` columns, with fewer digits where three have no room: `1.23e-10`, `1.2e-10`, `1e-10`.
/// Where not even one digit has room, which is below 7 columns, `#` fills them: a number that was cut would be wrong.
pub fn number_within(value: f64, width: u16) -> String {
    let width = usize::from(width);
    let full = short(value);
    if full.len() <= width {
        return full;
    }
    let fewer = (1..=SHORT_DIGITS).rev().filter(|_| value.is_finite()).flat_map(|digits| {
        let plain = is_written_plainly(value.abs()).then(|| plain_digits(value, digits));
        plain.into_iter().chain([power_digits(value, digits)])
    });
    fewer.into_iter().find(|text| text.len() <= width).unwrap_or_else(|| "#".repeat(width))
}

/// A number with that many decimals, as the figures of one column have, in at most `width` columns; what is too large
/// or too small for them is written as by [`number_within`]: `0.4213`, `6.67e36`.
pub fn decimals_within(value: f64, decimals: u8, width: u16) -> String {
    let size = value.abs();
    let text = format!("{value:.*}", usize::from(decimals));
    let plain = size == 0.0 || (10f64.powi(-i32::from(decimals.min(3)))..1e6).contains(&size);
    if plain && text.len() <= usize::from(width) { text } else { number_within(value, width) }
}

/// A share in per cent with that many decimals, in at most `width` columns: `97.25 %`, `NaN`.
pub fn percent_within(share: f64, decimals: usize, width: u16) -> String {
    let percent = 100.0 * share;
    if !percent.is_finite() {
        return number_within(percent, width);
    }
    let text = if percent.abs() < 1e4 { format!("{} %", percent_number(share, decimals)) } else { String::new() };
    let fits = !text.is_empty() && text.len() <= usize::from(width);
    if fits { text } else { format!("{} %", number_within(percent, width.saturating_sub(2))) }
}

/// To which part of a percent a share is exact.
const PERCENT_DIGITS: f64 = 1e4;

/// A share in percent without the sign, halves rounded up. It is 100 only where the share is 1: what was rounded up would
/// claim too much. The same share in single precision nearly always gives the same text.
pub fn percent_number(share: f64, decimals: usize) -> String {
    // Single precision is off by up to three millionths of a percent.
    let percent = (100.0 * share * PERCENT_DIGITS).round() / PERCENT_DIGITS;
    let unit = 0.1_f64.powf(decimals as f64);
    let rounded_up = share < 1.0 && percent > 100.0 - unit / 2.0 - 1e-9;
    let scale = 10_f64.powf(decimals as f64);
    format!("{:.decimals$}", if rounded_up { 100.0 - unit } else { (percent * scale).round() / scale })
}

/// A count in at most `width` columns: `1,204`, `1204`, `1.2e3`.
pub fn count_within(count: u64, width: u16) -> String {
    [thousands(count), count.to_string()]
        .into_iter()
        .find(|text| text.len() <= usize::from(width))
        .unwrap_or_else(|| number_within(count as f64, width))
}

/// A number with the digits that tell values apart which lie about `spread` from each other: `13.24` for a spread of
/// 0.8, `1700000029.9` for one of 30, of which [`short`] would show `1.7e9`.
pub fn resolved(value: f64, spread: f64) -> String {
    if !value.is_finite() || value.abs() >= 1e13 || !(1e-6..1e13).contains(&spread) {
        return short(value);
    }
    let decimals = (2 - spread.log10().floor() as i32).max(0) as usize;
    without_trailing_zeros(&format!("{value:.decimals$}")).into()
}

/// A number exactly, as a configuration has it: `0.001`, `1e-30`, `1e6`; reading it gives the same number again.
pub fn exact(value: f64) -> String {
    if is_written_plainly(value.abs()) { value.to_string() } else { format!("{value:e}") }
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

    #[test]
    fn bytes_are_told_with_three_digits_at_most() {
        let sizes = [0, 100, 1 << 10, 10_188, 10_189, 999 << 10, 1000 << 10, 3 << 29, u64::MAX];
        let texts = ["0.0 KiB", "0.1 KiB", "1.0 KiB", "9.9 KiB", "10 KiB", "999 KiB", "1.0 MiB", "1.5 GiB", "16 EiB"];
        assert_eq!(sizes.map(binary_size), texts);
    }

    #[test]
    fn a_share_is_100_percent_only_where_it_is_all() {
        let texts =
            [0.9951, 0.99949, 0.9995, 1.0, 0.004].map(|share| [0, 1].map(|digits| percent_number(share, digits)));
        assert_eq!(texts, [["99", "99.5"], ["99", "99.9"], ["99", "99.9"], ["100", "100.0"], ["0", "0.4"]]);
        assert_eq!(percent_within(0.99999, 2, 10), "99.99 %");
    }

    #[test]
    fn a_share_in_single_precision_has_the_same_text() {
        for share in [0.1995, 0.7075, 0.0005, 0.12345] {
            let single = f64::from(share as f32);
            assert_eq!([1, 2].map(|d| percent_number(share, d)), [1, 2].map(|d| percent_number(single, d)), "{share}");
        }
        assert_eq!([0.1995, 0.7075].map(|share| percent_number(share, 1)), ["20.0", "70.8"]);
    }

    #[test]
    fn the_end_of_a_text_stays_whole_clusters() {
        let cut = |text, width| cut_start(text, width, "…").into_owned();
        let wine = "runs/wine";
        assert_eq!([cut(wine, 9), cut(wine, 5), cut(wine, 1), cut(wine, 0)], [wine, "…wine", "…", ""]);
        assert_eq!([cut("長長長", 5), cut("長長長", 4), cut("ae\u{301}x", 2)], ["…長長", "…長", "…x"]);
    }

    #[test]
    fn plain_text_is_what_the_tables_of_unicode_say() {
        let plain: Vec<char> = ('\0'..=char::MAX).filter(|c| is_plain_char(*c)).collect();
        assert!(plain.len() > 1000 && "aß²…→│█⣿".chars().all(is_plain_char));
        for c in &plain {
            let text = format!("{c}a{c}{c}");
            assert_eq!((UnicodeWidthStr::width(text.as_str()), text.graphemes(true).count()), (4, 4), "{c:?}");
        }
        let all: String = plain.iter().collect();
        assert_eq!((columns(&all), all.graphemes(true).count()), (UnicodeWidthStr::width(all.as_str()), plain.len()));
        for other in ["\n", "\u{ad}", "e\u{301}", "長", "◽", "\u{200b}", "☺\u{fe0f}"] {
            assert!(!is_plain(other) && columns(other) == UnicodeWidthStr::width(other), "{other:?}");
        }
    }

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("momentom", ["lr", "momentum"]), Some("momentum"));
        assert_eq!(nearest("xyzzy", ["lr", "momentum"]), None);
        assert_eq!(nearest("optimizer.kind", ["optimizer.lr", "optimizer.beta1"]), None);
        assert_eq!(nearest("optimizer.momentm", ["optimizer.lr", "optimizer.momentum"]), Some("optimizer.momentum"));
        assert_eq!(nearest("optimiser.lr", ["optimizer.lr", "optimizer.momentum"]), Some("optimizer.lr"));
        assert_eq!(nearest("2026-11-30T09-12-44-wine", ["2026-11-30T09-12-44-moons"]), None);
        assert_eq!(nearest("2026-11-30T09-12-44-wnie", ["2026-11-30T09-12-44-wine"]), Some("2026-11-30T09-12-44-wine"));
        assert_eq!([nearest("x", ["l"]), nearest("lt", ["lr"]), nearest("", ["a"])], [None, Some("lr"), None]);
        assert_eq!(nearest("größe", ["grösse", "dichte"]), Some("grösse"));
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

    /// Everything that is written into a column keeps to it, whatever its size; and what is written is the number, as
    /// far as the digits go.
    #[test]
    fn no_number_is_wider_than_its_column() {
        let sizes =
            (-300..=300).flat_map(|power| ["1", "6.67", "9.996", "-1", "-9.996"].map(|m| format!("{m}e{power}")));
        let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324];
        for value in sizes.map(|text| text.parse::<f64>().unwrap()).chain(odd) {
            for width in 0..=14 {
                let texts = [
                    number_within(value, width),
                    decimals_within(value, 4, width),
                    decimals_within(value, 2, width),
                    percent_within(value, 2, width.max(2)),
                ];
                for (i, text) in texts.iter().enumerate() {
                    assert!(columns(text) <= usize::from(width.max(2)), "{value:e} in {width} columns: {text}");
                    assert!(width < 10 || !text.contains('#'), "{value:e} in {width} columns: {text}");
                    let read = text.trim_end_matches(" %").parse::<f64>();
                    let Ok(read) = read.map(|read| if i == 3 { read / 100.0 } else { read }) else { continue };
                    let same = read == value || read.is_nan() && value.is_nan();
                    let near = ((read - value) / value).abs() <= 0.5 || (i == 3 && value.abs() < 1e-4);
                    let overflown = read.is_infinite() && value.abs() > 1.7e308;
                    assert!(
                        same || near || overflown || (i == 3 && value.abs() > 1e306),
                        "{value:e} in {width} columns: {text}"
                    );
                }
            }
        }
        for count in [0, 999, 1204, 999_999, 123_456_789, u64::MAX] {
            (1..=26).for_each(|width| assert!(count_within(count, width).len() <= width.into(), "{count} in {width}"));
        }
        assert_eq!([9, 5, 4, 3].map(|width| count_within(1204, width)), ["1,204", "1,204", "1204", "1e3"]);
        assert_eq!(
            [6.67e36, -6.67e36, 0.42131, 123_456.0].map(|value| decimals_within(value, 4, 10)),
            ["6.67e36", "-6.67e36", "0.4213", "1.23e5"]
        );
        assert_eq!(
            [0.9725, 1.0, 6.67e36].map(|share| percent_within(share, 2, 10)),
            ["97.25 %", "100.00 %", "6.67e38 %"]
        );
    }

    #[test]
    fn numbers_lose_digits_before_they_lose_their_size() {
        assert_eq!(
            [8, 7, 6, 5, 4].map(|width| number_within(4.829e-10, width)),
            ["4.83e-10", "4.8e-10", "5e-10", "5e-10", "####"]
        );
        assert_eq!([9, 8, 7].map(|width| number_within(-1.234e-10, width)), ["-1.23e-10", "-1.2e-10", "-1e-10"]);
        assert_eq!([5, 4, 3, 2].map(|width| number_within(12.345, width)), ["12.3", "12.3", "12", "12"]);
        assert_eq!(
            [0.00108, 0.4, f64::NAN, f64::NEG_INFINITY].map(|value| number_within(value, 7)),
            ["0.00108", "0.4", "NaN", "-inf"]
        );
    }

    /// A number that three digits are enough for looks the same, whichever way it is written.
    #[test]
    fn one_number_has_one_notation() {
        for power in -12..=12 {
            for digits in ["1", "2.5", "-3.75"] {
                let value: f64 = format!("{digits}e{power}").parse().unwrap();
                assert_eq!(short(value), exact(value));
                assert_eq!(exact(value).parse(), Ok(value));
            }
        }
        assert_eq!([0.001, 1e-4, 1e4, 0.0, 12.5].map(exact), ["0.001", "1e-4", "1e4", "0", "12.5"]);
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
