//! Tables in text files: one row per sample, numbers in all columns but the one with the label.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::contents::{self, MAX_BYTES, WatchedFile, displayable_path, file_name};
use super::numbers::NumberTable;
use super::origins::PartOrigins;
use super::part_files::{TEST_NAMES, TRAIN_NAMES, find_named, list_data_files, note_part_read, note_unused_files};
use super::progress::Monitor;
use super::raw::{Part, RawDataset, Values};
use super::{DataError, DataNote, DataSpec};
use crate::text::Safe;
use labels::WordClass;
pub(super) use prepared::TablePreparation;
use records::TextProblem;
use table::{CsvTable, InterruptibleReader, LayoutSource, TrainingTable};

mod fields;
mod form;
mod labels;
mod layout;
mod pairing;
mod prepared;
mod records;
mod table;

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
    /// It does if the label is chosen by name, if a field of it is no number where all others of its column are, or if
    /// it counts the columns.
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

/// Bytes that are read at a time; the first are looked at to tell how the table is written.
const READ_BYTES: usize = 1 << 16;

/// A table that has not been read.
pub(super) struct TableFile<R> {
    /// Its name as it may be shown.
    pub name: String,
    pub source: R,
    /// Bytes that it holds.
    pub length: u64,
}

impl TableFile<BufReader<WatchedFile>> {
    fn open(path: &Path) -> Result<Self, DataError> {
        let (source, length) = contents::open(path)?;
        Ok(Self { name: displayable_path(path), source, length })
    }
}

/// Reads a table of training rows, and one of test rows, which else are split off; and tells how rows become samples.
pub(super) fn read<R: BufRead>(
    train: TableFile<R>,
    test: Option<TableFile<R>>,
    spec: &DataSpec,
    monitor: &mut Monitor,
) -> Result<(RawDataset, TablePreparation), DataError> {
    let mut notes = Vec::new();
    let (is_split, train_share) = if test.is_some() { (false, 0.8) } else { (true, 1.0) };
    let train = read_table(train, LayoutSource::Own(spec), monitor.begin_stage(0.0, train_share), &mut notes)?;
    let test = match test {
        Some(test) => {
            let stage = monitor.begin_stage(train_share, 1.0);
            let (layout, file) = (&train.layout, train.file.as_str());
            let layout = LayoutSource::Training(TrainingTable { layout, file, offsets: train.values.first_offsets() });
            Some(read_table(test, layout, stage, &mut notes)?)
        }
        None => None,
    };
    let classes = find_classes(&train, spec, &mut notes)?;
    let (features, columns, origin) = (train.layout.values.len(), train.layout.value_names(), train.file.clone());
    // Wherever it was: that is no part of what is kept.
    let table = TablePreparation { file: file_name(&origin), layout: train.layout.clone(), classes: classes.clone() };
    let train = into_part(train, &classes, &origin)?;
    let (train, test) = match test {
        Some(test) => (train, into_part(test, &classes, &origin)?),
        None => train.split_off_test(features, &origin, spec)?,
    };
    monitor.report(1.0)?;
    let (shape, classes) = (vec![features], harmless_names(&classes));
    Ok((RawDataset { shape, classes, columns, train, test, is_split, notes }, table))
}

/// The tables of a folder.
struct TableFolder {
    train: PathBuf,
    test: Option<PathBuf>,
    /// What is said of other files in it.
    note: Option<DataNote>,
}

impl TableFolder {
    fn find(folder: &Path) -> Result<Self, DataError> {
        let files = list_data_files(folder)?;
        let train = find_table(&files, &TRAIN_NAMES).cloned().unwrap_or_else(|| folder.join("train.csv"));
        let test = find_table(&files, &TEST_NAMES).cloned();
        let used: Vec<&Path> = std::iter::once(&train).chain(&test).map(PathBuf::as_path).collect();
        let note = note_unused_files(&files, &used, test.is_none());
        Ok(Self { train, test, note })
    }
}

/// The table with the first of these names, which is in any case and ends in `.csv` or `.tsv`.
fn find_table<'a>(files: &'a [PathBuf], names: &[&str]) -> Option<&'a PathBuf> {
    let endings = |name: &&str| ["csv", "tsv"].map(|ending| format!("{name}.{ending}"));
    names.iter().flat_map(endings).find_map(|name| find_named(files, &name))
}

/// Whether a folder with these files has a table of training rows.
pub(super) fn is_table_folder(files: &[PathBuf]) -> bool {
    find_table(files, &TRAIN_NAMES).is_some()
}

/// The file itself, or a folder's training rows.
pub(super) fn training_file(path: &Path) -> Result<PathBuf, DataError> {
    Ok(if path.is_dir() { TableFolder::find(path)?.train } else { path.into() })
}

/// Reads a file, or the two files of a folder.
pub(super) fn read_path(
    path: &Path,
    spec: &DataSpec,
    monitor: &mut Monitor,
) -> Result<(RawDataset, TablePreparation), DataError> {
    if !path.is_dir() {
        return read(TableFile::open(path)?, None, spec, monitor);
    }
    let TableFolder { train, test, note } = TableFolder::find(path)?;
    let test = test.as_deref().map(TableFile::open).transpose()?;
    let (mut data, table) = read(TableFile::open(&train)?, test, spec, monitor)?;
    data.notes.extend(note);
    Ok((data, table))
}

/// Reads `file` whole; one that grows or shrinks meanwhile is an error of its own.
fn read_table<R: BufRead>(
    TableFile { name: file, source, length }: TableFile<R>,
    layout: LayoutSource<'_>,
    monitor: &mut Monitor,
    notes: &mut Vec<DataNote>,
) -> Result<CsvTable, DataError> {
    if length > MAX_BYTES {
        let problem = "longer than the 4 GiB that are read at most".into();
        return Err(DataError::Csv { file, line: 0, problem });
    }
    let watched = InterruptibleReader::new(source, length, monitor);
    CsvTable::read(file, BufReader::with_capacity(READ_BYTES, watched), length, layout, notes)
}

/// Rows of a table that are to be predicted.
pub(super) struct TableSamples {
    /// The file's name as it may be shown.
    pub file: String,
    pub values: NumberTable,
    /// The class of each row, where the table has labels.
    pub labels: Option<Vec<u8>>,
    /// The line of each row.
    pub lines: Vec<u32>,
}

/// Reads the rows of a file, or the test rows of a folder, for a network that was trained on another table; a folder
/// without test rows gives its training rows.
pub(super) fn read_samples(
    path: &Path,
    trained: &TablePreparation,
    offsets: &[f64],
    monitor: &mut Monitor,
    notes: &mut Vec<DataNote>,
) -> Result<TableSamples, DataError> {
    let path = if path.is_dir() {
        let TableFolder { train, test, .. } = TableFolder::find(path)?;
        let used = test.unwrap_or(train);
        notes.push(note_part_read(path, &used));
        used
    } else {
        path.into()
    };
    let layout = LayoutSource::Trained(TrainingTable { layout: &trained.layout, file: &trained.file, offsets });
    let table = read_table(TableFile::open(&path)?, layout, monitor, notes)?;
    let CsvTable { file, values, labels, lines, layout, .. } = table;
    let labels = layout.label.map(|_| labels.into_labels(&trained.classes, &trained.file)).transpose();
    let labels =
        labels.map_err(|TextProblem { line, problem }| DataError::Csv { file: file.clone(), line, problem })?;
    monitor.report(1.0)?;
    Ok(TableSamples { file, values, labels, lines })
}

/// The classes of a table, at least two; what looks wrong about them is noted.
fn find_classes(table: &CsvTable, spec: &DataSpec, notes: &mut Vec<DataNote>) -> Result<Vec<WordClass>, DataError> {
    let hint = label_first_hint(table).filter(|_| spec.label_column == LabelColumn::Last);
    let found = table.labels.classes(&table.label_title(), notes).and_then(|classes| match &classes[..] {
        [only] => {
            let problem = format!("every label is \"{}\"; there must be at least two classes", Safe(&only.name));
            Err(TextProblem::new(0, problem))
        }
        _ => Ok(classes),
    });
    let advice = hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    let classes = found.map_err(|problem| table.error(TextProblem::new(problem.line, problem.problem + &advice)))?;
    let note = |hint| DataNote::suspicious(format!("{}: {} different labels; {hint}", table.file, classes.len()));
    notes.extend(hint.map(note));
    Ok(classes)
}

/// What to say if the first column looks more like the label than the last, as in MNIST's tables.
fn label_first_hint(table: &CsvTable) -> Option<String> {
    let first = *table.layout.values.first()?;
    let classes = table.first_column.class_count()?;
    let doubtful = !table.labels.can_be_classes() && table.layout.values.len() > 2;
    doubtful.then(|| {
        format!(
            "{} holds 0 to {}: if it is the label, as in MNIST's tables, write {}",
            table.layout.column_title(first),
            classes - 1,
            table.layout.column_flag("data.label_column", first)
        )
    })
}

/// The values with their labels as places in `classes`, those of `origin`.
fn into_part(table: CsvTable, classes: &[WordClass], origin: &str) -> Result<Part, DataError> {
    let CsvTable { file, values, labels, lines, .. } = table;
    let origins = PartOrigins::Lines { file: file_name(&file), lines };
    let labels = labels.into_labels(classes, origin).map_err(|TextProblem { line, problem }| DataError::Csv {
        file,
        line,
        problem,
    })?;
    Ok(Part { values: Values::Numbers(values), labels, origins })
}

fn harmless_names(classes: &[WordClass]) -> Vec<String> {
    classes.iter().map(|class| Safe(&class.name).to_string()).collect()
}
