//! Which row names the columns, which column is the label, and which are left out: decided from the first rows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fields::{NumberStyle, decode, displayable, is_missing, parse_whole};
use super::form::TextForm;
use super::records::{TableRecord, TextProblem};
use super::{HeaderRow, LabelColumn};
use crate::dataset::{DataNote, DataSpec};
use crate::text::{Safe, nearest, thousands};

/// Names that a column of labels goes by, in lower case.
const LABEL_NAMES: [&str; 4] = ["label", "labels", "class", "target"];

/// Rows that a column must count to be suspected of counting rows.
const MIN_COUNTED_ROWS: usize = 8;

/// How often, on average, words must come for a column of words to look like the label.
const LABEL_REPETITIONS: usize = 3;

/// Columns that are noted one by one.
pub(super) const MAX_NOTED_COLUMNS: usize = 8;

/// How the fields of a table become samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableLayout {
    /// Fields in a row.
    pub width: usize,
    /// The names of all columns, where the first row has them.
    pub names: Option<Vec<String>>,
    /// The column with the label; `None` in a table of samples without labels.
    pub label: Option<usize>,
    /// The columns with the values of a sample, in the order of the sample.
    pub values: Vec<usize>,
    /// A column that is empty in the first rows because each row ends with a separator.
    pub empty: Option<usize>,
    /// A column of words that looks more like the label than the last one, which was taken because none was chosen.
    pub other_label: Option<usize>,
}

/// The rows from which a layout is decided, at least one.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstRows<'a> {
    /// The file's name, harmless to show.
    pub file: &'a str,
    pub rows: &'a [TableRecord],
    pub numbers: NumberStyle,
}

impl<'a> FirstRows<'a> {
    pub fn new(file: &'a str, rows: &'a [TableRecord], form: TextForm) -> Self {
        Self { file, rows, numbers: form.numbers }
    }

    pub fn width(self) -> usize {
        self.rows[0].len()
    }

    /// What a column holds below the first row.
    fn below(self, column: usize) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.rows[1..].iter().map(move |row| row.field(column))
    }

    pub fn is_number(self, field: &[u8]) -> bool {
        self.numbers.parse(field).is_some()
    }

    /// Whether the first row holds names, and what is said of it.
    fn find_header(self, spec: &DataSpec) -> (bool, Option<DataNote>) {
        match (spec.header, &spec.label_column) {
            (HeaderRow::Yes, _) | (HeaderRow::Auto, LabelColumn::Name(_)) => return (true, None),
            (HeaderRow::No, _) => return (false, None),
            (HeaderRow::Auto, _) => {}
        }
        let first = &self.rows[0];
        let label = match spec.label_column {
            LabelColumn::Index(column) => column,
            _ => self.width() - 1,
        };
        // An empty name is one of row numbers; a missing value is no name.
        let is_name = |field: &[u8]| !self.is_number(field) && (field.is_empty() || !is_missing(field));
        let names = || first.fields().enumerate().filter(|(column, _)| *column != label).map(|(_, field)| field);
        if names().any(|field| !field.is_empty()) && names().all(is_name) {
            return (true, None);
        }
        let odd_word = (0..self.width()).find(|&column| {
            let field = first.field(column);
            !is_missing(field) && !self.is_number(field) && self.holds_only_numbers(column)
        });
        let names_label = LABEL_NAMES.iter().any(|name| {
            let mut words = first.fields().filter(|field| !self.is_number(field));
            words.any(|field| field.eq_ignore_ascii_case(name.as_bytes()))
        });
        let assumed = |why: &str| {
            Some(DataNote::assumed(format!(
                "{}: the first row was taken for the names of the columns, {why}; data.header = no reads it as a sample",
                self.file
            )))
        };
        if let Some(column) = odd_word {
            let word = displayable(first.field(column));
            return (true, assumed(&format!("because \"{word}\" in it is no number where all others are")));
        }
        if names_label {
            return (true, assumed("because it names a column of labels"));
        }
        if self.is_number(first.field(label)) && self.holds_only_words(label) {
            return (true, assumed("because the label in it is a number where all others are words"));
        }
        if self.counts_columns() {
            return (true, assumed("because it counts them: 0, 1, 2, … or 1, 2, 3, …"));
        }
        (false, None)
    }

    /// Whether below the first row a column holds numbers alone, and at least one.
    pub fn holds_only_numbers(self, column: usize) -> bool {
        let mut present = self.below(column).filter(|field| !is_missing(field)).peekable();
        present.peek().is_some() && present.all(|field| self.is_number(field))
    }

    /// Whether below the first row a column holds words alone, and at least one.
    fn holds_only_words(self, column: usize) -> bool {
        let mut present = self.below(column).filter(|field| !is_missing(field)).peekable();
        present.peek().is_some() && present.all(|field| !self.is_number(field))
    }

    /// Whether the first row counts 0, 1, 2, …, as pandas writes it for an array, or 1, 2, 3, …, and so can hardly be a
    /// sample.
    fn counts_columns(self) -> bool {
        let first = &self.rows[0];
        let unnamed = usize::from(first.field(0).is_empty());
        let numbers: Option<Vec<i64>> = first.fields().skip(unnamed).map(parse_whole).collect();
        let Some(numbers) = numbers.filter(|_| self.rows.len() > 1) else { return false };
        let counts = |start: i64| (start..).zip(&numbers).all(|(number, found)| number == *found);
        // Few small whole numbers may be a sample, too, where the others are whole.
        let has_fraction =
            (unnamed..self.width()).any(|column| self.below(column).any(|field| parse_whole(field).is_none()));
        let tells = has_fraction || unnamed == 1;
        counts(0) && numbers.len() > if tells { 1 } else { 2 } || counts(1) && numbers.len() > if tells { 2 } else { 8 }
    }

    /// Whether a column's whole numbers grow from row to row, or fall.
    fn orders_rows(self, column: usize, header: bool) -> bool {
        let rows = &self.rows[usize::from(header)..];
        let numbers: Option<Vec<i64>> = rows.iter().map(|row| parse_whole(row.field(column))).collect();
        numbers.is_some_and(|numbers| {
            let grows = numbers.windows(2).all(|pair| pair[0] < pair[1]);
            let falls = numbers.windows(2).all(|pair| pair[0] > pair[1]);
            numbers.len() >= MIN_COUNTED_ROWS && (grows || falls)
        })
    }

    /// Whether a column holds few words that repeat, as labels do.
    fn repeats_words(self, column: usize) -> bool {
        let words: BTreeSet<&[u8]> = self.below(column).collect();
        self.holds_only_words(column) && words.len() > 1 && LABEL_REPETITIONS * words.len() <= self.rows.len()
    }
}

impl TableLayout {
    /// The layout of a table that stands for itself, or of training rows.
    pub fn detect(rows: FirstRows<'_>, spec: &DataSpec, notes: &mut Vec<DataNote>) -> Result<Self, TextProblem> {
        let (header, said) = rows.find_header(spec);
        notes.extend(said);
        let names = if header { Some(column_names(&rows.rows[0])?) } else { None };
        let empty = find_empty_column(rows, header);
        let mut layout = Self { width: rows.width(), names, label: None, values: Vec::new(), empty, other_label: None };
        let line = rows.rows[0].line;
        let in_first_row = |problem: String| TextProblem::new(line, problem);
        layout.label = Some(layout.find_label_column(rows, spec, notes).map_err(in_first_row)?);
        layout.values = layout.find_value_columns(rows, spec, notes).map_err(in_first_row)?;
        if spec.label_column == LabelColumn::Last {
            layout.other_label = layout.values.iter().copied().find(|&column| rows.repeats_words(column));
        }
        Ok(layout)
    }

    /// A column as `--set` takes it for a key: by its name where it has one of its own.
    pub fn column_flag(&self, key: &str, column: usize) -> String {
        let plain = |name: &&String| {
            !name.is_empty()
                && name.chars().all(|character| character.is_alphanumeric() || " _-.()".contains(character))
        };
        let names = self.names.as_deref().unwrap_or_default();
        let name =
            names.get(column).filter(plain).filter(|name| names.iter().filter(|other| other == name).count() == 1);
        match name {
            Some(name) if name.contains([' ', '(', ')']) => format!("--set '{key}={name}'"),
            Some(name) => format!("--set {key}={name}"),
            None => format!("--set {key}={column}"),
        }
    }

    /// The name of a column for messages: its number, and its name where it has one.
    pub fn column_title(&self, column: usize) -> String {
        match self.names.as_ref().map(|names| names[column].as_str()) {
            Some(name) if !name.is_empty() => format!("column {column} ({})", Safe(name)),
            _ => format!("column {column}"),
        }
    }

    /// The names of a sample's values, harmless to show; none where no column has one.
    pub fn value_names(&self) -> Vec<String> {
        let Some(names) = &self.names else { return Vec::new() };
        let name = |&column: &usize| match names[column].as_str() {
            "" => column.to_string(),
            name => Safe(name).to_string(),
        };
        self.values.iter().map(name).collect()
    }

    /// Whether every column that it names is there.
    pub fn is_sound(&self) -> bool {
        let is_there = |column: &usize| *column < self.width;
        let optional = [self.label, self.empty, self.other_label];
        self.names.as_ref().is_none_or(|names| names.len() == self.width)
            && self.values.iter().chain(optional.iter().flatten()).all(is_there)
    }

    /// The column with this name or number.
    fn find_column(&self, key: &str, wanted: &str) -> Result<usize, String> {
        let listed = |names: &[String]| {
            let matching: Vec<usize> = (0..names.len()).filter(|&column| names[column] == wanted).collect();
            match matching[..] {
                [column] => Some(Ok(column)),
                [] => None,
                [first, second, ..] => Some(Err(format!(
                    "{key}: columns {first} and {second} are both called \"{}\"; give a number from 0",
                    Safe(wanted)
                ))),
            }
        };
        if let Some(found) = self.names.as_deref().and_then(listed) {
            return found;
        }
        match wanted.parse::<usize>() {
            Ok(column) if column < self.width => return Ok(column),
            Ok(column) => {
                return Err(format!("{key} is {column}; valid: 0 to {}", self.width - 1));
            }
            Err(_) => {}
        }
        let problem = match &self.names {
            None => format!("{key} is \"{}\", but there are no names of columns: data.header says so", Safe(wanted)),
            Some(names) => {
                let hint = match nearest(wanted, names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean \"{}\"?", Safe(near)),
                    None => format!("the last is \"{}\"", Safe(&names[self.width - 1])),
                };
                format!("{key}: no column is called \"{}\"; {hint}", Safe(wanted))
            }
        };
        Err(problem)
    }

    fn find_label_column(
        &self,
        rows: FirstRows<'_>,
        spec: &DataSpec,
        notes: &mut Vec<DataNote>,
    ) -> Result<usize, String> {
        let chosen = match &spec.label_column {
            LabelColumn::Last => None,
            LabelColumn::Index(column) => Some(column.to_string()),
            LabelColumn::Name(name) => Some(name.clone()),
        };
        if let Some(chosen) = chosen {
            return self.find_column("data.label_column", &chosen);
        }
        let last = (0..self.width).rfind(|&column| Some(column) != self.empty).unwrap_or_default();
        let is_label = |name: &String| LABEL_NAMES.contains(&name.to_lowercase().as_str());
        let names = self.names.as_deref().unwrap_or_default();
        let named: Vec<usize> = (0..names.len()).filter(|&column| is_label(&names[column])).collect();
        match named[..] {
            [column] if column != last => {
                notes.push(DataNote::assumed(format!(
                    "{}: {} was taken for the label; data.label_column = last takes the last one",
                    rows.file,
                    self.column_title(column)
                )));
                Ok(column)
            }
            _ => Ok(last),
        }
    }

    /// All columns but the label and those that are left out.
    fn find_value_columns(
        &self,
        rows: FirstRows<'_>,
        spec: &DataSpec,
        notes: &mut Vec<DataNote>,
    ) -> Result<Vec<usize>, String> {
        let mut left_out = vec![false; self.width];
        if let Some(column) = self.empty {
            left_out[column] = true;
            let text = format!("{}: column {column}, which is empty because each row ends with a separator", rows.file);
            notes.push(DataNote::left_out(text));
        }
        for wanted in &spec.leave_out {
            let column = self.find_column("data.leave_out", wanted)?;
            if Some(column) == self.label {
                return Err(format!("data.leave_out names {}, which is the label", self.column_title(column)));
            }
            notes.push(DataNote::left_out(format!("{}: {}, as asked", rows.file, self.column_title(column))));
            left_out[column] = true;
        }
        self.note_row_numbers(rows, &mut left_out, notes);
        let values: Vec<usize> =
            (0..self.width).filter(|&column| Some(column) != self.label && !left_out[column]).collect();
        if values.is_empty() {
            return Err("no column is left beside the label; a row needs at least a number and a label".into());
        }
        Ok(values)
    }

    /// Leaves out the columns without a name that hold names or numbers of the rows, and notes those that count the rows.
    fn note_row_numbers(&self, rows: FirstRows<'_>, left_out: &mut [bool], notes: &mut Vec<DataNote>) {
        let (mut unnamed, mut counting) = (Vec::new(), Vec::new());
        for column in (0..self.width).filter(|&column| Some(column) != self.label) {
            if left_out[column] {
                continue;
            }
            if self.is_row_names(rows, column) {
                unnamed.push(column);
                left_out[column] = true;
            } else if rows.orders_rows(column, self.names.is_some()) {
                counting.push(column);
            }
        }
        let more = |columns: &[usize], what: &str| {
            let count = columns.len().saturating_sub(MAX_NOTED_COLUMNS);
            (count > 0).then(|| format!("{}: {} more columns {what}", rows.file, thousands(count as u64)))
        };
        for &column in unnamed.iter().take(MAX_NOTED_COLUMNS) {
            let what = "which has no name and holds names or numbers of the rows";
            notes.push(DataNote::left_out(format!("{}: column {column}, {what}", rows.file)));
        }
        let unnamed = more(&unnamed, "without names, which hold names or numbers of the rows");
        notes.extend(unnamed.map(DataNote::left_out));
        for &column in counting.iter().take(MAX_NOTED_COLUMNS) {
            let title = self.column_title(column);
            notes.push(DataNote::suspicious(format!(
                "{}: {title} only grows or falls from row to row; if it numbers the rows and these are sorted by class, it \
                 gives the class away, and {} leaves it out",
                rows.file,
                self.column_flag("data.leave_out", column)
            )));
        }
        notes.extend(more(&counting, "that only grow or fall from row to row").map(DataNote::suspicious));
    }

    /// Whether a column without a name holds whole numbers that are all different, or words.
    fn is_row_names(&self, rows: FirstRows<'_>, column: usize) -> bool {
        let Some(names) = &self.names else { return false };
        if !(names[column].is_empty() || names[column].starts_with("Unnamed: ")) {
            return false;
        }
        let mut fields: Vec<&[u8]> = rows.below(column).collect();
        let words = fields.iter().any(|field| !rows.is_number(field) && !is_missing(field));
        let whole = fields.iter().all(|field| parse_whole(field).is_some());
        fields.sort_unstable();
        words || whole && fields.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// The names in the first row.
pub(super) fn column_names(first: &TableRecord) -> Result<Vec<String>, TextProblem> {
    let name = |(column, field)| decode(field, first.line, &format!("the name of column {column}")).map(String::from);
    first.fields().enumerate().map(name).collect()
}

/// The last column if it is empty in all of the first rows, its name too.
fn find_empty_column(rows: FirstRows<'_>, header: bool) -> Option<usize> {
    let last = rows.width() - 1;
    let samples = &rows.rows[usize::from(header)..];
    let unnamed = rows.rows[0].field(last).is_empty();
    (last > 1 && unnamed && !samples.is_empty() && samples.iter().all(|row| row.field(last).is_empty())).then_some(last)
}
