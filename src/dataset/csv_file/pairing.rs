//! Which columns of test rows are those of the training rows.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::is_missing;
use super::layout::{FirstRows, MAX_NOTED_COLUMNS, TableLayout, column_names};
use super::records::TextProblem;
use crate::dataset::DataNote;
use crate::text::{Safe, nearest, thousands};

impl TableLayout {
    /// The layout of test rows, whose columns are found by the names of the training rows, or else by their places.
    pub fn follow(
        &self,
        train_file: &str,
        rows: FirstRows<'_>,
        notes: &mut Vec<DataNote>,
    ) -> Result<Self, TextProblem> {
        let first = &rows.rows[0];
        let Some(train_names) = &self.names else {
            let is_name = |&column: &usize| {
                let field = first.field(column);
                !is_missing(field) && !rows.is_number(field) && rows.holds_only_numbers(column)
            };
            if self.values.iter().all(is_name) {
                let problem = format!("the first row holds names, but {train_file} has none");
                return Err(TextProblem::new(first.line, problem));
            }
            return self.by_place(train_file, rows);
        };
        let names = column_names(first)?;
        let places = places_by_name(&names);
        if !train_names.iter().any(|name| places.contains_key(name.as_str())) {
            if first.fields().any(|field| rows.is_number(field)) {
                let text = format!("{}: it has no names, so its columns are in the order of {train_file}", rows.file);
                notes.push(DataNote::assumed(text));
                return Ok(Self { names: None, ..self.by_place(train_file, rows)? });
            }
        } else if names == *train_names {
            return self.by_place(train_file, rows);
        }
        let trained = places_by_name(train_names);
        let place = |column: usize| {
            let wanted = train_names[column].as_str();
            let trained_count = trained.get(wanted).map_or(1, Vec::len);
            match places.get(wanted).map(Vec::as_slice) {
                Some(&[place]) if trained_count == 1 => Ok(place),
                Some(several) => {
                    let (count, name) = (thousands(several.len().max(trained_count) as u64), Safe(wanted));
                    let problem = format!(
                        "{count} columns are called \"{name}\"; the columns are not in the order of {train_file}, so each \
                         needs a name of its own"
                    );
                    Err(TextProblem::new(first.line, problem))
                }
                None => {
                    let hint = nearest(wanted, names.iter().map(String::as_str));
                    let hint = hint.map(|near| format!("; did you mean \"{}\"?", Safe(near))).unwrap_or_default();
                    let problem = format!("no column is called \"{}\", which {train_file} has{hint}", Safe(wanted));
                    Err(TextProblem::new(first.line, problem))
                }
            }
        };
        let label = place(self.label)?;
        let values = self.values.iter().map(|&column| place(column)).collect::<Result<Vec<usize>, _>>()?;
        let trained: BTreeSet<&String> = train_names.iter().collect();
        let others: Vec<&String> = names.iter().filter(|name| !trained.contains(name)).collect();
        let mut listed: Vec<String> =
            others.iter().take(MAX_NOTED_COLUMNS).map(|name| format!("\"{}\"", Safe(name))).collect();
        if let Some(count) = others.len().checked_sub(MAX_NOTED_COLUMNS).filter(|&count| count > 0) {
            listed.push(format!("and {} more", thousands(count as u64)));
        }
        if !others.is_empty() {
            let text = format!("{}: columns that {train_file} does not have: {}", rows.file, listed.join(", "));
            notes.push(DataNote::left_out(text));
        }
        let (width, names) = (rows.width(), Some(names));
        Ok(Self { width, names, label, values, empty: None, other_label: None })
    }

    fn by_place(&self, train_file: &str, rows: FirstRows<'_>) -> Result<Self, TextProblem> {
        if rows.width() != self.width {
            let problem = format!("{} fields, but the rows of {train_file} have {}", rows.width(), self.width);
            return Err(TextProblem::new(rows.rows[0].line, problem));
        }
        Ok(self.clone())
    }
}

/// Where the columns of each name are; those without a name are in no place.
fn places_by_name(names: &[String]) -> BTreeMap<&str, Vec<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (column, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        places.entry(name).or_default().push(column);
    }
    places
}
