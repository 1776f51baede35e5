//! What is kept of a training table, so that other rows become samples as its own did.

use serde::{Deserialize, Serialize};

use super::labels::WordClass;
use super::layout::TableLayout;

/// What is kept of a training table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::dataset) struct TablePreparation {
    /// The file's name as it may be shown.
    pub(super) file: String,
    /// Its columns.
    pub(super) layout: TableLayout,
    /// Its classes, in their order.
    pub(super) classes: Vec<WordClass>,
}

impl TablePreparation {
    /// That of samples which came from no table but could have: their values under these names, or without any, and then
    /// the label.
    pub fn of_values(origin: String, count: usize, names: &[String], classes: &[String]) -> Self {
        let named = names.len() == count;
        let names = named.then(|| names.iter().cloned().chain(std::iter::once("class".into())).collect());
        let layout = TableLayout {
            width: count + 1,
            names,
            label: Some(count),
            values: (0..count).collect(),
            empty: None,
            other_label: None,
        };
        Self { file: origin, layout, classes: WordClass::with_names(classes) }
    }

    /// Whether it makes samples of this many values and classes.
    pub fn fits(&self, values: usize, classes: usize) -> bool {
        self.layout.is_sound() && self.layout.values.len() == values && self.classes.len() == classes
    }

    /// Whether the classes are numbers rather than words.
    pub fn has_numbered_classes(&self) -> bool {
        self.classes.iter().all(WordClass::is_number)
    }

    /// The class that is this number.
    pub fn class_of_number(&self, number: u8) -> Option<usize> {
        self.classes.iter().position(|class| class.is_equal_to(number))
    }

    /// The names of the values in their order; empty where they have none.
    pub fn value_names(&self) -> Vec<String> {
        self.layout.value_names()
    }

    /// The name of the table, harmless to show.
    pub fn file(&self) -> &str {
        &self.file
    }
}
