//! Which columns of test rows are those of the training rows.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::is_missing;
use super::layout::{FirstRows, MAX_NOTED_COLUMNS, TableLayout, column_names};
use super::records::TextProblem;
use crate::dataset::DataNote;
use crate::text::{Safe, nearest, thousands};

impl TableLayout {
    /// The layout of rows whose columns are found by the names of the training rows, those of `origin`, or else by their
    /// places. Columns of which the training rows have none are left out, with a note. Where no label is needed, the rows
    /// may be without it.
    pub fn follow(
        &self,
        origin: &str,
        rows: FirstRows<'_>,
        needs_label: bool,
        notes: &mut Vec<DataNote>,
    ) -> Result<Self, TextProblem> {
        let first = &rows.rows[0];
        let Some(train_names) = &self.names else {
            let layout = self.by_place(origin, rows, needs_label)?;
            let is_name = |&column: &usize| {
                let field = first.field(column);
                !is_missing(field) && !rows.is_number(field) && rows.holds_only_numbers(column)
            };
            if layout.values.iter().all(is_name) {
                let problem = format!("the first row holds names, but {origin} has none");
                return Err(TextProblem::new(first.line, problem));
            }
            return Ok(layout);
        };
        let names = column_names(first)?;
        let places = places_by_name(&names);
        if !train_names.iter().any(|name| places.contains_key(name.as_str())) {
            if first.fields().any(|field| rows.is_number(field)) {
                let text = format!("{}: it has no names, so its columns are in the order of {origin}", rows.file);
                notes.push(DataNote::assumed(text));
                return Ok(Self { names: None, ..self.by_place(origin, rows, needs_label)? });
            }
        } else if names == *train_names || !needs_label && names == self.names_without_label() {
            return Ok(Self { names: Some(names), ..self.by_place(origin, rows, needs_label)? });
        }
        let trained = places_by_name(train_names);
        let place = |column: usize| {
            let wanted = train_names[column].as_str();
            find_place(wanted, [&trained, &places], &names, origin)
                .map_err(|problem| TextProblem::new(first.line, problem))
        };
        let is_there = |column: &usize| needs_label || places.contains_key(train_names[*column].as_str());
        let label = self.label.filter(is_there).map(place).transpose()?;
        let values = self.values.iter().map(|&column| place(column)).collect::<Result<Vec<usize>, _>>()?;
        notes.extend(note_other_columns(rows.file, train_names, &names, origin));
        let (width, names) = (rows.width(), Some(names));
        Ok(Self { width, names, label, values, empty: None, other_label: None })
    }

    /// The names of all columns but the label's.
    fn names_without_label(&self) -> Vec<String> {
        let names = self.names.iter().flatten().enumerate();
        names.filter(|(column, _)| Some(*column) != self.label).map(|(_, name)| name.clone()).collect()
    }

    fn by_place(&self, origin: &str, rows: FirstRows<'_>, needs_label: bool) -> Result<Self, TextProblem> {
        match self.label.filter(|_| !needs_label) {
            _ if rows.width() == self.width => Ok(self.clone()),
            Some(label) if rows.width() + 1 == self.width => {
                let shift = |&column: &usize| column - usize::from(column > label);
                let values = self.values.iter().map(shift).collect();
                let empty = self.empty.as_ref().map(shift);
                Ok(Self { width: rows.width(), names: None, label: None, values, empty, other_label: None })
            }
            label => {
                let without = label.map(|_| format!(", or {} without the label", self.width - 1)).unwrap_or_default();
                let problem = format!("{} fields, but the rows of {origin} have {}{without}", rows.width(), self.width);
                Err(TextProblem::new(rows.rows[0].line, problem))
            }
        }
    }
}

/// Where the training column of this name is among the columns with these `names`; else what is wrong.
fn find_place(
    wanted: &str,
    [trained, places]: [&BTreeMap<&str, Vec<usize>>; 2],
    names: &[String],
    origin: &str,
) -> Result<usize, String> {
    let trained_count = trained.get(wanted).map_or(1, Vec::len);
    match places.get(wanted).map(Vec::as_slice) {
        Some(&[place]) if trained_count == 1 => Ok(place),
        None => {
            let hint = nearest(wanted, names.iter().map(String::as_str));
            let hint = hint.map(|near| format!("; did you mean \"{}\"?", Safe(near))).unwrap_or_default();
            let there = list_names(names.iter());
            Err(format!("no column is called \"{}\", which {origin} has; there are {there}{hint}", Safe(wanted)))
        }
        Some(several) => {
            let (count, name) = (thousands(several.len().max(trained_count) as u64), Safe(wanted));
            Err(format!(
                "{count} columns are called \"{name}\"; the columns are not in the order of {origin}, so each needs a name \
                 of its own"
            ))
        }
    }
}

/// What is said of columns that the training rows do not have.
fn note_other_columns(file: &str, train_names: &[String], names: &[String], origin: &str) -> Option<DataNote> {
    let trained: BTreeSet<&String> = train_names.iter().collect();
    let others: Vec<&String> = names.iter().filter(|name| !trained.contains(name)).collect();
    let text = || format!("{file}: columns that {origin} does not have: {}", list_names(others.iter().copied()));
    (!others.is_empty()).then(|| DataNote::left_out(text()))
}

/// `"a", "b", and 3 more`.
fn list_names<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let count = names.len();
    let mut listed: Vec<String> = names.take(MAX_NOTED_COLUMNS).map(|name| format!("\"{}\"", Safe(name))).collect();
    if count > MAX_NOTED_COLUMNS {
        listed.push(format!("and {} more", thousands((count - MAX_NOTED_COLUMNS) as u64)));
    }
    listed.join(", ")
}

/// Where the columns of each name are; those without a name are in no place.
fn places_by_name(names: &[String]) -> BTreeMap<&str, Vec<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (column, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        places.entry(name).or_default().push(column);
    }
    places
}
