//! How a table is written: its encoding, what separates its fields, and what its numbers look like.

use super::fields::NumberStyle;
use super::records::{RecordError, RecordReader, TableRecord, TextProblem};
use crate::dataset::DataNote;

/// What may separate fields, and its name; the first is the usual one.
const SEPARATORS: [(u8, &str); 4] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];

/// Rows that are looked at.
const MAX_SAMPLED_ROWS: usize = 50;

/// The mark that some programs put before UTF-8 text.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextForm {
    /// Bytes before the text that belong to no field.
    pub mark_bytes: usize,
    pub separator: u8,
    pub numbers: NumberStyle,
}

/// How well a separator explains the first rows; the better, the larger.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct SeparatorFit {
    /// Share of the fields that are numbers, times the share of the rows that have as many fields as the first.
    numbers: f64,
    /// Whether no other field has another separator in it.
    clean: bool,
}

impl TextForm {
    /// The form of a table that begins with `start`, which is all of it if it is `whole`.
    /// A row may be a single number if `one_column` allows it.
    pub fn detect(
        file: &str,
        start: &[u8],
        whole: bool,
        one_column: bool,
        notes: &mut Vec<DataNote>,
    ) -> Result<Self, TextProblem> {
        check_encoding(start)?;
        let mut mark_bytes = if start.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 };
        if let [b's', b'e', b'p', b'=', _, b'\r' | b'\n', ..] = start[mark_bytes..] {
            // Its end stays, so that the lines are counted as they are.
            mark_bytes += b"sep=;".len();
            notes.push(DataNote::left_out(format!("{file}: the first line, in which Excel names the separator")));
        }
        let text = &start[mark_bytes..];
        let mut best: Option<(SeparatorFit, u8, &str, NumberStyle)> = None;
        for (separator, name) in SEPARATORS {
            let rows = sample_rows(text, separator, whole);
            for style in [NumberStyle::Point, NumberStyle::Comma] {
                if separator == b',' && style == NumberStyle::Comma {
                    continue;
                }
                let Some(fit) = SeparatorFit::of(&rows, separator, style) else { continue };
                if best.is_none_or(|(other, ..)| fit > other) {
                    best = Some((fit, separator, name, style));
                }
            }
        }
        let Some((_, separator, name, numbers)) = best else {
            let rows = if one_column { sample_rows(text, b',', whole) } else { Vec::new() };
            let separator = SEPARATORS[0].0;
            return if rows.is_empty() {
                Err(one_column_problem(text))
            } else {
                Ok(Self { mark_bytes, separator, numbers: NumberStyle::Point })
            };
        };
        if separator != b',' {
            let decimal = if numbers == NumberStyle::Comma { ", and numbers with a decimal comma" } else { "" };
            notes.push(DataNote::assumed(format!("{file}: the fields are separated by {name}{decimal}")));
        }
        Ok(Self { mark_bytes, separator, numbers })
    }
}

impl SeparatorFit {
    /// `None` if the first row has a single field.
    fn of(rows: &[TableRecord], separator: u8, style: NumberStyle) -> Option<Self> {
        let fields = rows.first()?.len();
        if fields < 2 {
            return None;
        }
        let alike = rows.iter().filter(|row| row.len() == fields).count();
        // The first row may hold names.
        let sampled = if rows.len() > 1 { &rows[1..] } else { rows };
        let (mut count, mut numbers, mut clean) = (0, 0, true);
        for field in sampled.iter().flat_map(TableRecord::fields) {
            count += 1;
            if style.parse(field).is_some() {
                numbers += 1;
            } else {
                clean &= !field.iter().any(|&byte| byte != separator && is_separator(byte));
            }
        }
        let share = numbers as f64 / f64::from(count.max(1)) * alike as f64 / rows.len() as f64;
        Some(Self { numbers: share, clean })
    }
}

fn is_separator(byte: u8) -> bool {
    SEPARATORS.iter().any(|(separator, _)| *separator == byte)
}

/// The first rows; the last may be cut unless `whole`.
fn sample_rows(text: &[u8], separator: u8, whole: bool) -> Vec<TableRecord> {
    let mut reader = RecordReader::new(text, separator);
    let mut rows = Vec::new();
    let mut row = TableRecord::default();
    while rows.len() < MAX_SAMPLED_ROWS && matches!(reader.read(&mut row), Ok(true)) {
        rows.push(row.clone());
    }
    if !whole && rows.len() < MAX_SAMPLED_ROWS && rows.len() > 1 {
        rows.pop();
    }
    rows
}

/// Makes sure that the text can be UTF-8.
fn check_encoding(start: &[u8]) -> Result<(), TextProblem> {
    let other = |what: &str| Err(TextProblem::new(0, format!("is {what}; save it as CSV in UTF-8")));
    match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return other("text in UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return other("text in UTF-16"),
        [0x1f, 0x8b, ..] => return other("compressed with gzip: unpack it"),
        [b'P', b'K', 3, 4, ..] => return other("a zip file, as Excel's tables are"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return other("an Excel file"),
        _ => {}
    }
    let Some(zero) = start.iter().position(|&byte| byte == 0) else { return Ok(()) };
    let zeros = |first: usize| start.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    // Latin letters in UTF-16 leave every other byte 0.
    if zeros(0).max(zeros(1)) * 4 > start.len() && zeros(0).min(zeros(1)) * 8 < start.len() {
        return other("text in UTF-16");
    }
    let line = start[..zero].split(|&byte| byte == b'\n').count();
    Err(TextProblem::new(line as u64, "has a byte 0, so it is no text; a table is text in UTF-8"))
}

/// What to say of a table in which nothing separates fields.
fn one_column_problem(text: &[u8]) -> TextProblem {
    let mut row = TableRecord::default();
    match RecordReader::new(text, b',').read(&mut row) {
        Ok(true) => {}
        Ok(false) => return TextProblem::new(0, "there are no rows"),
        Err(RecordError::Text(problem)) => return problem,
        Err(RecordError::Io(error)) => return TextProblem::new(0, error.to_string()),
    }
    let below = SEPARATORS.iter().any(|(separator, _)| {
        let rows = sample_rows(text, *separator, true);
        rows.get(1).is_some_and(|row| row.len() > 1)
    });
    let hint = if row.field(0).starts_with(b"#") {
        "; this line looks like a comment: delete it"
    } else if below {
        "; the lines below have more: if this one is a title, delete it"
    } else if row.field(0).iter().any(u8::is_ascii_whitespace) {
        "; these look separated by blanks: put commas in their place"
    } else {
        ""
    };
    let problem = format!("one column; a row needs at least a number and a label, with a comma between{hint}");
    TextProblem::new(row.line, problem)
}
