//! Tables in comma-separated files: one row per sample, numbers in all columns but the one with the label.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::str::FromStr;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::contents::{self, CHUNK_BYTES, MAX_BYTES, displayable_path};
use super::labels::MAX_CLASSES;
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values};
use super::{DataError, DataSpec};
use crate::text::{Safe, nearest};

/// Which column of a table holds the label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LabelColumn {
    /// The last one.
    #[default]
    Last,
    /// The one with this number, from 0.
    Index(usize),
    /// The one that the header gives this name.
    Name(String),
}

impl LabelColumn {
    /// The column that `text` means: `last`, a number, or else a name.
    pub fn parse(text: &str) -> Self {
        match (text, text.parse()) {
            ("last", _) => Self::Last,
            (_, Ok(index)) => Self::Index(index),
            _ => Self::Name(text.into()),
        }
    }
}

impl fmt::Display for LabelColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.write_str("last"),
            Self::Index(index) => index.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Whether the first row of a table names its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderRow {
    /// It does if the label is chosen by name, or if no field of it but the label's is a number.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl HeaderRow {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Yes, Self::No];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// A folder's two tables; the second may be missing.
pub(super) const FOLDER_FILES: [&str; 2] = ["train.csv", "test.csv"];

/// A table as it was read, its labels still words.
struct CsvTable {
    file: String,
    /// Values in a row.
    features: usize,
    values: Vec<f32>,
    labels: Vec<u8>,
    /// Each class's word and number, and the line on which it came first, in the order of the first rows.
    words: BTreeMap<String, (u8, u64)>,
}

/// Hears how far reading has come whenever the table's reader asks for more.
struct InterruptibleReader<'a, 'b, R> {
    source: R,
    read: u64,
    reported: u64,
    length: u64,
    monitor: &'a mut Monitor<'b>,
}

/// What an [`InterruptibleReader`] source fails with when loading was interrupted.
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

impl CsvTable {
    /// Reads a table of `length` bytes.
    fn read(
        file: String,
        source: impl BufRead,
        length: u64,
        spec: &DataSpec,
        monitor: &mut Monitor,
    ) -> Result<Self, DataError> {
        if length > MAX_BYTES {
            return Err(DataError::Csv {
                file,
                line: 0,
                problem: "longer than the 4 GiB that are read at most".into(),
            });
        }
        // Not a byte more than was promised, should the file grow.
        let watched = InterruptibleReader { source: source.take(length), read: 0, reported: 0, length, monitor };
        let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(watched);
        let mut table = Self { file, features: 0, values: Vec::new(), labels: Vec::new(), words: BTreeMap::new() };
        let mut row = ByteRecord::new();
        let (mut columns, mut label) = (0, 0);
        let mut first = true;
        loop {
            match rows.read_byte_record(&mut row) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(table.error_of_reader(error)),
            }
            let line = row.position().map_or(0, csv::Position::line);
            if std::mem::take(&mut first) {
                strip_byte_order_mark(&mut row);
                columns = row.len();
                let header = Self::has_header(&row, &spec.label_column, spec.header);
                label = table.find_label_column(&row, &spec.label_column, header)?;
                table.features = columns - 1;
                if header {
                    continue;
                }
            }
            if row.len() != columns {
                let problem = format!("{} fields, but the first row has {columns}", row.len());
                return Err(table.error_at_line(line, problem));
            }
            table.add_row(&row, label, line)?;
        }
        if table.labels.is_empty() {
            return Err(table.error_at_line(0, "there are no rows".into()));
        }
        Ok(table)
    }

    /// Whether the first row names the columns.
    fn has_header(row: &ByteRecord, label: &LabelColumn, header: HeaderRow) -> bool {
        match header {
            HeaderRow::Yes => true,
            HeaderRow::No => false,
            HeaderRow::Auto => {
                let skipped = match label {
                    LabelColumn::Name(_) => return true,
                    LabelColumn::Last => row.len().saturating_sub(1),
                    LabelColumn::Index(index) => *index,
                };
                let mut values =
                    row.iter().enumerate().filter(|(column, _)| *column != skipped).map(|(_, field)| field);
                values.all(|field| parse_number(field).is_none())
            }
        }
    }

    /// The number of the label's column.
    fn find_label_column(&self, row: &ByteRecord, label: &LabelColumn, header: bool) -> Result<usize, DataError> {
        let columns = row.len();
        if columns < 2 {
            return Err(self.error_at_line(
                1,
                "one column; a row needs at least a number and a label, with a comma between".into(),
            ));
        }
        match label {
            LabelColumn::Last => Ok(columns - 1),
            LabelColumn::Index(index) if *index < columns => Ok(*index),
            LabelColumn::Index(index) => {
                Err(self.error_at_line(1, format!("data.label_column is {index}; valid: 0 to {}", columns - 1)))
            }
            LabelColumn::Name(name) if !header => {
                let name = Safe(name);
                Err(self.error_at_line(
                    1,
                    format!("data.label_column is \"{name}\", but data.header says that there are no names"),
                ))
            }
            LabelColumn::Name(name) => {
                let names: Vec<String> = row.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
                names.iter().position(|other| other == name).ok_or_else(|| {
                    let hint = match nearest(name, names.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean \"{}\"?", Safe(near)),
                        None => format!("the last is \"{}\"", Safe(&names[columns - 1])),
                    };
                    self.error_at_line(1, format!("no column is called \"{}\"; {hint}", Safe(name)))
                })
            }
        }
    }

    /// Adds a row.
    fn add_row(&mut self, row: &ByteRecord, label: usize, line: u64) -> Result<(), DataError> {
        for (column, field) in row.iter().enumerate() {
            if column == label {
                continue;
            }
            match parse_number(field) {
                Some(value) if value.is_finite() => self.values.push(value),
                _ if field.is_empty() => {
                    return Err(self.error_at_line(line, format!("column {column} is empty; a number should be there")));
                }
                found => {
                    let text = String::from_utf8_lossy(field);
                    let why = if found.is_some() { "is not finite as f32" } else { "is no number" };
                    return Err(self.error_at_line(line, format!("\"{}\" in column {column} {why}", Safe(&text))));
                }
            }
        }
        let word = row.get(label).unwrap_or_default();
        if word.is_empty() {
            return Err(self.error_at_line(line, "the label is empty".into()));
        }
        let word = String::from_utf8_lossy(word);
        let number = if let Some((number, _)) = self.words.get(&*word) {
            *number
        } else {
            let Ok(number) = u8::try_from(self.words.len()) else {
                let problem = format!("the label \"{}\" is one more than {MAX_CLASSES} classes", Safe(&word));
                return Err(self.error_at_line(line, problem));
            };
            self.words.insert(word.into_owned(), (number, line));
            number
        };
        self.labels.push(number);
        Ok(())
    }

    /// The classes in their order: numbers by size, words by the alphabet.
    fn classes(&self) -> Vec<String> {
        let mut words: Vec<String> = self.words.keys().cloned().collect();
        let size = |word: &str| word.parse::<f64>().ok().filter(|size| size.is_finite());
        if words.iter().all(|word| size(word).is_some()) {
            words.sort_by(|a, b| size(a).unwrap_or(0.0).total_cmp(&size(b).unwrap_or(0.0)));
        }
        words
    }

    /// Renumbers the labels by their place in `classes`, and gives the classes' names as they may be shown.
    fn into_part(mut self, classes: &[String]) -> Result<(Part, usize), DataError> {
        let mut places = [0_u8; MAX_CLASSES];
        for (word, (number, line)) in &self.words {
            let Some(place) = classes.iter().position(|class| class == word) else {
                let problem = format!("the label \"{}\" is not among the training labels", Safe(word));
                return Err(self.error_at_line(*line, problem));
            };
            places[*number as usize] = place as u8;
        }
        self.labels.iter_mut().for_each(|label| *label = places[*label as usize]);
        Ok((Part { values: Values::Floats(self.values), labels: self.labels }, self.features))
    }

    fn error_at_line(&self, line: u64, problem: String) -> DataError {
        DataError::Csv { file: self.file.clone(), line, problem }
    }

    fn error_of_reader(&self, error: csv::Error) -> DataError {
        match error.into_kind() {
            csv::ErrorKind::Io(source)
                if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReadInterrupted>) =>
            {
                DataError::Interrupted
            }
            csv::ErrorKind::Io(source) => DataError::Io { file: self.file.clone(), source },
            _ => self.error_at_line(0, "cannot be read as a table".into()),
        }
    }
}

/// The number in a field.
fn parse_number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field).ok().and_then(|text| f32::from_str(text).ok())
}

/// Takes the mark that some programs put before UTF-8 text from the first field.
fn strip_byte_order_mark(row: &mut ByteRecord) {
    if row.get(0).is_some_and(|field| field.starts_with(b"\xef\xbb\xbf")) {
        *row = row.iter().enumerate().map(|(column, field)| if column == 0 { &field[3..] } else { field }).collect();
    }
}

/// Reads one table and splits its test part off.
pub(super) fn read(
    file: &str,
    source: impl BufRead,
    length: u64,
    spec: &DataSpec,
    monitor: &mut Monitor,
) -> Result<RawDataset, DataError> {
    let table = CsvTable::read(file.into(), source, length, spec, monitor)?;
    let classes = distinct_classes(&table)?;
    let (whole, features) = table.into_part(&classes)?;
    let (train, test) = whole.split_off_test(file, spec)?;
    monitor.report(1.0)?;
    Ok(RawDataset { shape: vec![features], classes: harmless_names(&classes), train, test })
}

/// Reads a file, or the two files of a folder.
pub(super) fn read_path(path: &Path, spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
    if !path.is_dir() {
        let (handle, length) = contents::open(path)?;
        return read(&displayable_path(path), handle, length, spec, monitor);
    }
    let [train, test] = FOLDER_FILES.map(|name| path.join(name));
    if !test.exists() {
        return read_path(&train, spec, monitor);
    }
    let mut table = |path: &Path, from, to| {
        let (handle, length) = contents::open(path)?;
        CsvTable::read(displayable_path(path), handle, length, spec, monitor.begin_stage(from, to))
    };
    let (train, test) = (table(&train, 0.0, 0.8)?, table(&test, 0.8, 1.0)?);
    if train.features != test.features {
        let problem = format!("{} values in a row, but the training rows have {}", test.features, train.features);
        return Err(test.error_at_line(1, problem));
    }
    let classes = distinct_classes(&train)?;
    let ((train, features), (test, _)) = (train.into_part(&classes)?, test.into_part(&classes)?);
    monitor.report(1.0)?;
    Ok(RawDataset { shape: vec![features], classes: harmless_names(&classes), train, test })
}

/// What the rows tell, all of which must be read for it.
pub(super) fn describe(path: &Path, spec: &DataSpec) -> Result<DatasetOutline, DataError> {
    let mut ignore = |_: &str, _| std::ops::ControlFlow::Continue(());
    let RawDataset { shape, classes, train, test } =
        read_path(path, spec, &mut Monitor::new(&mut ignore, String::new()))?;
    Ok(DatasetOutline { shape, classes, train: train.labels.len(), test: test.labels.len() })
}

/// The classes of a table, at least two.
fn distinct_classes(table: &CsvTable) -> Result<Vec<String>, DataError> {
    let classes = table.classes();
    match &classes[..] {
        [only] => Err(DataError::OneClass { file: table.file.clone(), label: format!("\"{}\"", Safe(only)) }),
        _ => Ok(classes),
    }
}

fn harmless_names(classes: &[String]) -> Vec<String> {
    classes.iter().map(|class| Safe(class).to_string()).collect()
}
