//! What a field says: a number, a word, or that something is missing.

use std::str::FromStr;

use super::records::TextProblem;
use crate::text::Safe;

/// What programs write where a value is missing, beside nothing at all; in small letters or in any.
const MISSING_WORDS: [&str; 13] =
    ["?", "na", "n/a", "#n/a", "#na", "<na>", "null", "nat", "\\n", "#value!", "#ref!", "#div/0!", "-1.#ind"];

/// Whether a field says that its value is missing.
pub(super) fn is_missing(field: &[u8]) -> bool {
    // Python's word for nothing; in small letters it may well be a class.
    if field.is_empty() || field == b"None" {
        return true;
    }
    let not_a_number =
        std::str::from_utf8(field).ok().and_then(|text| text.parse::<f64>().ok()).is_some_and(f64::is_nan);
    not_a_number || MISSING_WORDS.iter().any(|word| field.eq_ignore_ascii_case(word.as_bytes()))
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NumberStyle {
    /// `0.5`.
    #[default]
    Point,
    /// `0,5`, as in tables whose fields are separated by semicolons.
    Comma,
}

impl NumberStyle {
    /// The number in a field, which may be infinite.
    pub fn parse(self, field: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(field).ok()?;
        let number = match self {
            Self::Point => f64::from_str(text),
            Self::Comma if text.contains('.') => return None,
            Self::Comma => f64::from_str(&text.replacen(',', ".", 1)),
        };
        number.ok().filter(|number| !number.is_nan())
    }
}

/// Whether a field is a whole number, and which: `7` or `7.0`.
pub(super) fn parse_whole(field: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(field).ok()?;
    text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok())
}

/// How to write what is meant by a field that is no number.
pub(super) fn number_advice(field: &[u8], style: NumberStyle) -> &'static str {
    let Ok(text) = std::str::from_utf8(field) else { return "save the file as UTF-8" };
    let digit = |character: char| character.is_ascii_digit();
    if !text.contains(digit) {
        return match text.to_lowercase().as_str() {
            "true" | "false" | "yes" | "no" | "t" | "f" | "y" | "n" => "write 1 and 0",
            _ => "write numbers",
        };
    }
    if text.contains(['%', '$', '€', '£', '¥']) {
        "write numbers without signs of per cent or money"
    } else if text.contains('\u{2212}') {
        "write the minus sign as -"
    } else if text.contains(char::is_whitespace) {
        "write numbers without blanks in them"
    } else if style == NumberStyle::Comma && text.contains('.') {
        "other numbers here have a decimal comma: write all in one way, without separators of thousands"
    } else if text.contains(',') {
        "write 1234.5 without separators of thousands and with a decimal point"
    } else if text.chars().all(|character| digit(character) || "-/:.T+Z".contains(character)) {
        "write dates and times as one number, such as days or seconds"
    } else {
        "write numbers"
    }
}

/// The text of a field, which must be UTF-8; `what` names the column.
pub(super) fn decode<'a>(field: &'a [u8], line: u64, what: &str) -> Result<&'a str, TextProblem> {
    std::str::from_utf8(field).map_err(|error| {
        let byte = field[error.valid_up_to()];
        let latin: String = field.iter().map(|&byte| char::from(byte)).collect();
        let problem = format!(
            "{what} has the byte {byte:#04x}, which is not UTF-8; save the file as UTF-8 (in Latin-1 the field would be \
             \"{}\")",
            Safe(&latin)
        );
        TextProblem::new(line, problem)
    })
}

/// A field as it may be shown.
pub(super) fn displayable(field: &[u8]) -> String {
    const MAX_CHARACTERS: usize = 60;
    let text = String::from_utf8_lossy(field);
    let mut shown: String = text.chars().take(MAX_CHARACTERS).collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push('…');
    }
    Safe(&shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_a_point_or_a_comma() {
        let parse = |style: NumberStyle, text: &str| style.parse(text.as_bytes());
        for (text, number) in [("0.5", 0.5), ("-1e3", -1e3), (".5", 0.5), ("+7", 7.0), ("1e400", f64::INFINITY)] {
            assert_eq!(parse(NumberStyle::Point, text), Some(number));
        }
        assert_eq!(parse(NumberStyle::Comma, "-0,132"), Some(-0.132));
        assert_eq!(parse(NumberStyle::Comma, "12"), Some(12.0));
        for text in ["0.5", "1,2,3", "1.234,5", ""] {
            assert_eq!(parse(NumberStyle::Comma, text), None, "{text}");
        }
        for text in ["0,5", "nan", "12px", "", "1 2"] {
            assert_eq!(parse(NumberStyle::Point, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_named_with_what_it_may_be() {
        assert_eq!(decode("pär".as_bytes(), 3, "column 2"), Ok("pär"));
        let problem = decode(b"p\xe4r", 3, "column 2").unwrap_err();
        assert_eq!(problem.line, 3);
        assert!(problem.problem.contains("column 2 has the byte 0xe4") && problem.problem.contains("\"pär\""));
    }
}
