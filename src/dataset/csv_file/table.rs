//! A table read from its first byte to its last, once.

use std::io::{self, BufRead, Read};

use super::fields::{displayable, is_missing, number_advice};
use super::form::TextForm;
use super::labels::LabelWords;
use super::layout::{FirstRows, TableLayout};
use super::records::{RecordError, RecordReader, TableRecord, TextProblem};
use crate::dataset::contents::CHUNK_BYTES;
use crate::dataset::numbers::{NumberTable, NumberTableBuilder};
use crate::dataset::progress::Monitor;
use crate::dataset::{DataError, DataNote, DataSpec};

/// Rows from which the layout is decided.
const MAX_FIRST_ROWS: usize = 256;

/// Bytes of such rows, about.
const MAX_FIRST_BYTES: usize = 1 << 22;

/// A table as it was read, its labels still words.
#[derive(Debug)]
pub(super) struct CsvTable {
    pub file: String,
    pub layout: TableLayout,
    pub values: NumberTable,
    pub labels: LabelWords,
    /// The line of each row.
    pub lines: Vec<u32>,
    /// What the first value column holds, to find a label that stands first.
    pub first_column: FirstColumn,
}

/// What is remembered of the first column of values.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstColumn {
    /// How many rows hold each of the numbers 0 to 255.
    counts: Vec<u64>,
    /// Whether it held anything else.
    other: bool,
}

impl FirstColumn {
    fn look(&mut self, value: f64) {
        self.counts.resize(256, 0);
        if value.fract() == 0.0 && (0.0..256.0).contains(&value) {
            self.counts[value as usize] += 1;
        } else {
            self.other = true;
        }
    }

    /// How many classes it would hold if it were the label: 0, 1, 2, … without a gap, each more than once.
    pub fn class_count(&self) -> Option<usize> {
        let used = self.counts.iter().take_while(|&&count| count > 0).count();
        let all = self.counts.iter().filter(|&&count| count > 0).count();
        (!self.other && used == all && (2..=100).contains(&used)).then_some(used)
    }
}

/// Hears how far reading has come whenever the table's reader asks for more.
pub(super) struct InterruptibleReader<'a, 'b, R> {
    source: R,
    read: u64,
    reported: u64,
    length: u64,
    monitor: &'a mut Monitor<'b>,
}

impl<'a, 'b, R: Read> InterruptibleReader<'a, 'b, R> {
    /// Reads `source`, which holds `length` bytes.
    pub fn new(source: R, length: u64, monitor: &'a mut Monitor<'b>) -> Self {
        Self { source, read: 0, reported: 0, length, monitor }
    }
}

/// What an [`InterruptibleReader`] fails with when loading was interrupted.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct ReadInterrupted;

impl<R: Read> Read for InterruptibleReader<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read >= self.reported {
            let fraction = self.read as f64 / self.length.max(1) as f64;
            self.monitor.report(fraction.min(1.0)).map_err(|_| io::Error::other(ReadInterrupted))?;
            self.reported = self.read + CHUNK_BYTES as u64;
        }
        let count = self.source.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

/// Where the layout of a table comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum LayoutSource<'a> {
    /// Its own first rows, with what is asked for.
    Own(&'a DataSpec),
    /// The training table that these test rows belong to.
    Training(TrainingTable<'a>),
    /// The training table of a network that is to predict these rows; they may have no labels.
    Trained(TrainingTable<'a>),
}

/// What other rows take from a training table.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrainingTable<'a> {
    pub layout: &'a TableLayout,
    /// Its name as it may be shown.
    pub file: &'a str,
    /// What its numbers are rounded relative to.
    pub offsets: &'a [f64],
}

impl LayoutSource<'_> {
    /// Whether a row may be a single number.
    fn allows_one_column(self) -> bool {
        matches!(self, Self::Trained(table) if table.layout.values.len() == 1)
    }
}

impl CsvTable {
    /// Reads the table in `source`, called `file` in errors, which holds `length` bytes.
    pub fn read(
        file: String,
        mut source: impl BufRead,
        length: u64,
        layout: LayoutSource<'_>,
        notes: &mut Vec<DataNote>,
    ) -> Result<Self, DataError> {
        let start = source.fill_buf().map_err(|error| reading_error(&file, RecordError::Io(error)))?;
        let form = TextForm::detect(&file, start, start.len() as u64 >= length, layout.allows_one_column(), notes)
            .map_err(|problem| text_error(&file, problem))?;
        source.consume(form.mark_bytes);
        let mut reader = RecordReader::new(source, form.separator);
        let mut rows = Vec::new();
        let mut row = TableRecord::default();
        let mut bytes = 0;
        while rows.len() < MAX_FIRST_ROWS
            && bytes < MAX_FIRST_BYTES
            && reader.read(&mut row).map_err(|error| reading_error(&file, error))?
        {
            bytes += row.byte_count();
            rows.push(row.clone());
        }
        if rows.is_empty() {
            return Err(text_error(&file, TextProblem::new(0, "there are no rows")));
        }
        let first_rows = FirstRows::new(&file, &rows, form);
        let is_for_prediction = matches!(layout, LayoutSource::Trained(..));
        let (layout, offsets) = match layout {
            LayoutSource::Own(spec) => (TableLayout::detect(first_rows, spec, notes), &[][..]),
            LayoutSource::Training(table) => (table.layout.follow(table.file, first_rows, true, notes), table.offsets),
            LayoutSource::Trained(table) => (table.layout.follow(table.file, first_rows, false, notes), table.offsets),
        };
        let layout = layout.map_err(|problem| text_error(&file, problem))?;
        let mut rest = RowCollector::new(&layout, form, offsets, is_for_prediction);
        let samples = &rows[usize::from(layout.names.is_some())..];
        samples.iter().try_for_each(|row| rest.add(row)).map_err(|problem| text_error(&file, problem))?;
        drop(rows);
        while reader.read(&mut row).map_err(|error| reading_error(&file, error))? {
            rest.add(&row).map_err(|problem| text_error(&file, problem))?;
        }
        let RowCollector { values, labels, lines, row_count, first_column, line_break, .. } = rest;
        if let Some(line) = line_break {
            let text = format!("{file}: a field on line {line} has a line break in it; is a quote not closed?");
            notes.push(DataNote::suspicious(text));
        }
        if row_count == 0 {
            return Err(text_error(&file, TextProblem::new(0, "there are no rows")));
        }
        Ok(Self { values: values.finish(), labels, lines, first_column, layout, file })
    }

    /// The name of the label's column for messages.
    pub fn label_title(&self) -> String {
        let label = self.layout.label;
        label.map_or_else(String::new, |label| format!("the label, {}", self.layout.column_title(label)))
    }

    pub fn error(&self, problem: TextProblem) -> DataError {
        text_error(&self.file, problem)
    }
}

/// Turns rows into values and labels.
struct RowCollector<'a> {
    layout: &'a TableLayout,
    form: TextForm,
    label_title: String,
    /// Whether the rows are samples for a network that is trained, so that no setting changes what is read.
    is_for_prediction: bool,
    row: Vec<f64>,
    values: NumberTableBuilder,
    labels: LabelWords,
    lines: Vec<u32>,
    row_count: u64,
    first_column: FirstColumn,
    /// The line on which the first row with a line break in a field begins.
    line_break: Option<u64>,
}

impl<'a> RowCollector<'a> {
    fn new(layout: &'a TableLayout, form: TextForm, offsets: &[f64], is_for_prediction: bool) -> Self {
        Self {
            form,
            label_title: layout.label.map_or_else(String::new, |label| layout.column_title(label)),
            is_for_prediction,
            row: Vec::with_capacity(layout.values.len()),
            values: NumberTable::builder(&[layout.values.len()]).with_offsets(offsets),
            labels: LabelWords::new(form.numbers),
            lines: Vec::new(),
            row_count: 0,
            first_column: FirstColumn::default(),
            line_break: None,
            layout,
        }
    }

    fn add(&mut self, record: &TableRecord) -> Result<(), TextProblem> {
        let (line, width) = (record.line, self.layout.width);
        if record.len() != width {
            return Err(TextProblem::new(line, self.width_problem(record)));
        }
        if let Some(empty) = self.layout.empty.filter(|&column| !record.field(column).is_empty()) {
            let found = displayable(record.field(empty));
            let problem = format!("\"{found}\" in column {empty}, which is empty in the first rows");
            return Err(TextProblem::new(line, problem));
        }
        self.line_break = self.line_break.or(record.breaks.then_some(line));
        self.row.clear();
        for &column in &self.layout.values {
            match self.form.numbers.parse(record.field(column)) {
                Some(number) if (number as f32).is_finite() => self.row.push(number),
                found => return Err(self.number_problem(record, column, found.is_some())),
            }
        }
        self.first_column.look(self.row[0]);
        let shortage = |shortage| TextProblem::new(line, format!("{shortage}; take fewer rows or columns"));
        self.values.reserve_row().map_err(shortage)?;
        self.values.push_row(self.row.iter().copied());
        self.row_count += 1;
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let Some(label) = self.layout.label else { return Ok(()) };
        self.labels.push(record.field(label), line, &self.label_title)
    }

    /// What is wrong with a row of another length than the first.
    fn width_problem(&self, record: &TableRecord) -> String {
        let (found, width) = (record.len(), self.layout.width);
        let advice = if record.field(0).starts_with(b"#") {
            "; it looks like a comment: delete it"
        } else if found == width + 1 && self.layout.names.is_some() && self.row_count == 0 {
            "; are the rows named, as R writes them? write.csv(…, row.names = FALSE) leaves the names out"
        } else if found > width {
            "; is there a separator too many?"
        } else {
            ""
        };
        format!("{found} fields, but the first row has {width}{advice}")
    }

    /// What is wrong with a field that should hold a number.
    fn number_problem(&self, record: &TableRecord, column: usize, is_number: bool) -> TextProblem {
        let (field, title) = (record.field(column), self.layout.column_title(column));
        let flag = self.layout.column_flag("data.leave_out", column);
        let fill_in = "fill it in or take the row out";
        let advice =
            if self.is_for_prediction { fill_in.into() } else { format!("{fill_in}; {flag} leaves the column out") };
        let problem = if field.is_empty() {
            format!("{title} is empty; a number should be there: {advice}")
        } else if is_missing(field) {
            format!("\"{}\" in {title} is a missing number: {advice}", displayable(field))
        } else if is_number {
            format!("\"{}\" in {title} is not finite as f32", displayable(field))
        } else {
            let names =
                self.layout.values.iter().all(|&column| self.form.numbers.parse(record.field(column)).is_none());
            let advice = match self.layout.other_label {
                _ if names && self.row_count == 0 => {
                    "if this line has the names of the columns, delete those above it".into()
                }
                Some(label) if label == column => {
                    format!("if it is the label, write {}", self.layout.column_flag("data.label_column", column))
                }
                _ => number_advice(field, self.form.numbers).into(),
            };
            let advice =
                if self.is_for_prediction { advice } else { format!("{advice}, or leave the column out with {flag}") };
            format!("\"{}\" in {title} is no number; {advice}", displayable(field))
        };
        TextProblem::new(record.line, problem)
    }
}

fn text_error(file: &str, TextProblem { line, problem }: TextProblem) -> DataError {
    DataError::Csv { file: file.into(), line, problem }
}

fn reading_error(file: &str, error: RecordError) -> DataError {
    match error {
        RecordError::Text(problem) => text_error(file, problem),
        RecordError::Io(source)
            if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReadInterrupted>) =>
        {
            DataError::Interrupted
        }
        RecordError::Io(source) => DataError::Io { file: file.into(), source },
    }
}
