//! From bytes to rows of fields, with the line on which each begins as an editor counts it.
//!
//! `csv-core` tells fields apart. It takes a quote that never closes and text behind a closing quote as they come; here
//! both are errors, fields and rows are bounded, and lines end with LF, CR LF or CR.

use std::io::{self, BufRead};

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// Most bytes of a field; a quote that is not closed would swallow the rest of the file.
pub(super) const MAX_FIELD_BYTES: usize = 1 << 16;

/// Most bytes of a row without its separators.
const MAX_ROW_BYTES: usize = 1 << 26;

/// Most fields of a row; what is kept of an empty one is larger than its separator.
const MAX_ROW_FIELDS: usize = 1 << 20;

/// Why the next row can't be read.
#[derive(Debug)]
pub(super) enum RecordError {
    /// The source failed.
    Io(io::Error),
    /// The text is not a table.
    Text(TextProblem),
}

/// What is wrong with a table's text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextProblem {
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    /// What is wrong and what would be valid; harmless to show.
    pub problem: String,
}

impl TextProblem {
    pub fn new(line: u64, problem: impl Into<String>) -> Self {
        Self { line, problem: problem.into() }
    }
}

impl From<TextProblem> for RecordError {
    fn from(problem: TextProblem) -> Self {
        Self::Text(problem)
    }
}

/// A row: its fields without the blanks around them.
#[derive(Clone, Debug, Default)]
pub(super) struct TableRecord {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Whether a field has a line break in it.
    pub breaks: bool,
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`.
    ends: Vec<usize>,
}

impl TableRecord {
    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that it takes in memory.
    pub fn byte_count(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }

    /// The fields in their order.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator + '_ {
        (0..self.len()).map(|column| self.field(column))
    }

    /// The field in this column, empty where there is none.
    pub fn field(&self, column: usize) -> &[u8] {
        let Some(&end) = self.ends.get(column) else { return &[] };
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        self.bytes[start..end].trim_ascii()
    }

    fn clear(&mut self) {
        self.breaks = false;
        self.bytes.clear();
        self.ends.clear();
    }
}

/// The line that is being read, as an editor counts: LF, CR LF and CR alone each end one.
#[derive(Debug)]
struct LineCounter {
    line: u64,
    after_carriage_return: bool,
}

impl LineCounter {
    fn pass(&mut self, byte: u8) {
        let completes_pair = byte == b'\n' && self.after_carriage_return;
        self.line += u64::from(matches!(byte, b'\n' | b'\r') && !completes_pair);
        self.after_carriage_return = byte == b'\r';
    }
}

/// What the raw bytes of a field tell: where it begins, and whether its quotes are in order.
#[derive(Debug)]
struct FieldScan {
    /// The line on which the field begins.
    line: u64,
    /// Whether a byte of it was seen.
    begun: bool,
    quoting: FieldQuoting,
}

/// How far the quotes of a field are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldQuoting {
    /// Nothing but blanks so far.
    Blank,
    /// Not quoted: quotes are characters like others.
    Plain,
    /// The quote that opens the field behind a blank, where it is no longer one.
    AfterBlank,
    /// Between its quotes.
    Open,
    /// After a quote within a quoted field: it closes it, unless another follows.
    Closed,
    /// Something follows the closing quote.
    Overrun,
}

impl FieldScan {
    fn new(line: u64) -> Self {
        Self { line, begun: false, quoting: FieldQuoting::Blank }
    }

    /// Goes over bytes of the field; line ends before the first field of a row are those of empty lines.
    fn pass(&mut self, bytes: &[u8], lines: &mut LineCounter, begins_row: bool) {
        for &byte in bytes {
            lines.pass(byte);
            if begins_row && !self.begun && matches!(byte, b'\n' | b'\r') {
                self.line = lines.line;
                continue;
            }
            let blank = matches!(byte, b' ' | b'\t');
            self.quoting = match (self.quoting, byte) {
                (FieldQuoting::Blank, b'"') if self.begun => FieldQuoting::AfterBlank,
                (FieldQuoting::Blank | FieldQuoting::Closed, b'"') => FieldQuoting::Open,
                (FieldQuoting::Open, b'"') => FieldQuoting::Closed,
                (FieldQuoting::Blank, _) if !blank => FieldQuoting::Plain,
                (FieldQuoting::Closed, _) if !blank => FieldQuoting::Overrun,
                (unchanged, _) => unchanged,
            };
            self.begun = true;
        }
    }

    /// What is wrong with the field's quotes.
    fn quoting_problem(&self) -> Option<&'static str> {
        match self.quoting {
            FieldQuoting::Open => Some("the quote that opens here is never closed"),
            FieldQuoting::AfterBlank => Some(
                "a blank stands before the quote of a field that begins here, so that the quote is part of the field; \
                 delete the blanks behind the separators",
            ),
            FieldQuoting::Overrun => Some(
                "text follows the quote that closes the field that begins here; a quote within quotes is written twice, \
                 and every other must be closed",
            ),
            FieldQuoting::Blank | FieldQuoting::Plain | FieldQuoting::Closed => None,
        }
    }
}

/// Reads rows.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    source: R,
    core: Reader,
    lines: LineCounter,
    field: Vec<u8>,
}

impl<R: BufRead> RecordReader<R> {
    /// The rows of `source`, whose fields are divided by `separator`.
    pub fn new(source: R, separator: u8) -> Self {
        Self {
            source,
            core: ReaderBuilder::new().delimiter(separator).build(),
            lines: LineCounter { line: 1, after_carriage_return: false },
            field: vec![0; MAX_FIELD_BYTES],
        }
    }

    /// Reads the next row into `record`; false at the end. Empty lines are passed over.
    pub fn read(&mut self, record: &mut TableRecord) -> Result<bool, RecordError> {
        loop {
            record.clear();
            loop {
                let Some(ends_row) = self.read_field(record)? else { return Ok(false) };
                if record.bytes.len() > MAX_ROW_BYTES {
                    return Err(TextProblem::new(record.line, "a row of more than 64 MiB").into());
                }
                if record.len() > MAX_ROW_FIELDS {
                    return Err(TextProblem::new(record.line, "a row of more than 1,048,576 fields").into());
                }
                if ends_row {
                    break;
                }
            }
            // A line of blanks is an empty line, too.
            if record.len() > 1 || !record.field(0).is_empty() {
                return Ok(true);
            }
        }
    }

    /// Adds the next field to `record`, and says whether it is the last of the row; `None` at the end of the table.
    fn read_field(&mut self, record: &mut TableRecord) -> Result<Option<bool>, RecordError> {
        let mut filled = 0;
        let mut scan = FieldScan::new(self.lines.line);
        loop {
            let input = match self.source.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(RecordError::Io(error)),
            };
            let at_end = input.is_empty();
            let (result, read, written) = self.core.read_field(input, &mut self.field[filled..]);
            filled += written;
            // What ends a field is the last byte that was read for it, except at the end of the file.
            let ended_by = usize::from(matches!(result, ReadFieldResult::Field { .. }) && !at_end);
            let (content, end) = input[..read].split_at(read - ended_by);
            scan.pass(content, &mut self.lines, record.ends.is_empty());
            if let Some(&byte) = end.first() {
                self.lines.pass(byte);
            }
            self.source.consume(read);
            let wrong = |problem: &str| Err(TextProblem::new(scan.line, problem).into());
            match result {
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull => {
                    return wrong("a field of more than 64 KiB begins here; is a quote not closed?");
                }
                ReadFieldResult::End => return Ok(None),
                ReadFieldResult::Field { record_end } => {
                    if let Some(problem) = scan.quoting_problem() {
                        return wrong(problem);
                    }
                    if record.ends.is_empty() {
                        record.line = scan.line;
                    }
                    record.breaks |= self.lines.line > scan.line + u64::from(record_end && !at_end);
                    record.bytes.extend_from_slice(&self.field[..filled]);
                    record.ends.push(record.bytes.len());
                    return Ok(Some(record_end));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives `step` bytes at a time.
    struct Dripping<'a> {
        rest: &'a [u8],
        step: usize,
    }

    impl io::Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.fill_buf()?.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.rest[..count]);
            self.consume(count);
            Ok(count)
        }
    }

    impl BufRead for Dripping<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            Ok(&self.rest[..self.step.min(self.rest.len())])
        }

        fn consume(&mut self, amount: usize) {
            self.rest = &self.rest[amount..];
        }
    }

    /// The rows as `line: field|field`, or the error; the same however the bytes come.
    fn rows(text: &str) -> Vec<String> {
        let read = |step| {
            let mut reader = RecordReader::new(Dripping { rest: text.as_bytes(), step }, b',');
            let (mut record, mut rows) = (TableRecord::default(), Vec::new());
            loop {
                match reader.read(&mut record) {
                    Ok(true) => {
                        let fields: Vec<_> = record.fields().map(String::from_utf8_lossy).collect();
                        rows.push(format!("{}: {}", record.line, fields.join("|")));
                    }
                    Ok(false) => return rows,
                    Err(RecordError::Text(TextProblem { line, problem })) => {
                        rows.push(format!("{line}! {problem}"));
                        return rows;
                    }
                    Err(RecordError::Io(error)) => panic!("{error}"),
                }
            }
        };
        let whole = read(usize::MAX);
        for step in [1, 2, 3, 7] {
            assert_eq!(read(step), whole, "{step} bytes at a time");
        }
        whole
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1, 2 ", " ", "", "\"x", "y\",3", ",", "last,4"].join(end);
            let expected = ["1: a|b", "3: 1|2", &format!("6: x{end}y|3"), "8: |", "9: last|4"];
            assert_eq!(rows(&text), expected, "{end:?}");
            assert_eq!(rows(&(text + end)), expected, "{end:?}");
        }
        assert_eq!(rows("\n\r\n\rx,y\r\r\n1,2"), ["4: x|y", "6: 1|2"]);
    }

    #[test]
    fn quotes_must_close_where_their_field_ends() {
        assert_eq!(rows("a,\"b\"\"c\",\"\"\n"), ["1: a|b\"c|"]);
        assert_eq!(rows("a\"b,c\n"), ["1: a\"b|c"]);
        let open = "the quote that opens here is never closed";
        assert_eq!(rows("1,a\n2,\"b\n3,c\n"), ["1: 1|a", &format!("2! {open}")]);
        assert_eq!(rows("1,a\n2,\""), ["1: 1|a", &format!("2! {open}")]);
        let after = rows("1,a\n2,\"b\n3,\"c\"\n4,d\n");
        assert!(after[1].starts_with("2! text follows the quote that closes"), "{after:?}");
        assert!(rows("1,\"a\n2,\"b\"c\"\n")[0].starts_with("1! text follows the quote that closes"));
        assert!(rows("1, \"a\"\n")[0].starts_with("1! a blank stands before the quote"));
        assert_eq!(rows("\"1\" ,\"a\" \n"), ["1: 1|a"]);
        assert!(rows("1,a\n\"2\"x,b\n")[1].starts_with("2! text follows the quote that closes"));
        let long = format!("1,a\n2,\"{}", "b\n".repeat(MAX_FIELD_BYTES));
        assert_eq!(rows(&long)[1], "2! a field of more than 64 KiB begins here; is a quote not closed?");
    }

    #[test]
    fn a_row_has_a_bounded_number_of_fields() {
        let read = |fields: usize| {
            let text = ["1,a\n", &",".repeat(fields - 1), "\n"].concat();
            let mut reader = RecordReader::new(text.as_bytes(), b',');
            let mut record = TableRecord::default();
            assert!(matches!(reader.read(&mut record), Ok(true)));
            reader.read(&mut record).map(|_| (record.len(), record.byte_count() >= fields))
        };
        assert!(matches!(read(MAX_ROW_FIELDS), Ok((MAX_ROW_FIELDS, true))));
        let Err(RecordError::Text(problem)) = read(MAX_ROW_FIELDS + 1) else { panic!("too many fields") };
        assert_eq!(problem, TextProblem::new(2, "a row of more than 1,048,576 fields"));
    }
}
