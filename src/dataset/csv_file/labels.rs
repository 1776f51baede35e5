//! From the words in the label column to classes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fields::{NumberStyle, decode, displayable, is_missing};
use super::records::TextProblem;
use crate::dataset::DataNote;
use crate::dataset::labels::{MAX_CLASSES, are_numbered};
use crate::text::{Safe, thousands};

/// Different words that are told apart before a label column is given up: `1`, `1.0` and `01` may be one class.
const MAX_WORDS: usize = 4 * MAX_CLASSES;

/// Classes up to which different numbers are labels, if there are two rows for one of them.
const MAX_NUMBERED_CLASSES: usize = 20;

/// Classes from which even whole numbers need many rows each.
const MANY_NUMBERED_CLASSES: usize = 100;

/// Rows for each class, on average, with fewer of which more numbers are a quantity and not labels: where the numbers
/// count the classes, where they do not, and where there are many.
const MIN_ROWS_PER_CLASS: (usize, usize, usize) = (2, 5, 50);

/// The labels of the rows as they come, and what they are called.
#[derive(Debug, Default)]
pub(super) struct LabelWords {
    numbers: NumberStyle,
    /// The number of each word, and the line on which it came first.
    words: BTreeMap<String, (u16, u64)>,
    /// For each row the number of its word.
    rows: Vec<u16>,
}

/// A class and the words for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WordClass {
    /// The word that came first.
    pub name: String,
    /// Its number, where all words are numbers.
    number: Option<LabelNumber>,
}

/// A label that is a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LabelNumber {
    value: f64,
    /// The number in the one way in which it is compared; `f64` holds fewer digits than a label may have.
    digits: String,
}

impl LabelNumber {
    fn parse(word: &str, style: NumberStyle) -> Option<Self> {
        // 0 and -0 are one number.
        let value = style.parse(word.as_bytes()).filter(|value| value.is_finite())? + 0.0;
        let plain = word.replace(',', ".");
        let unsigned = plain.trim_start_matches(['+', '-']);
        let digits = if unsigned.contains(['e', 'E']) {
            value.to_string()
        } else {
            let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
            let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
            let whole = if whole.is_empty() { "0" } else { whole };
            let sign = if value < 0.0 { "-" } else { "" };
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{sign}{whole}{point}{fraction}")
        };
        Some(Self { value, digits })
    }
}

impl WordClass {
    /// Classes with these names, which are numbers if they count from 0, as those do that were given no names.
    pub fn with_names(names: &[String]) -> Vec<Self> {
        let numbered = are_numbered(names);
        let number = |name: &String| LabelNumber::parse(name, NumberStyle::Point).filter(|_| numbered);
        names.iter().map(|name| Self { name: name.clone(), number: number(name) }).collect()
    }

    /// Whether it is a number rather than a word.
    pub fn is_number(&self) -> bool {
        self.number.is_some()
    }

    /// Whether it is this number.
    pub fn is_equal_to(&self, number: u8) -> bool {
        self.number.as_ref().is_some_and(|own| own.digits == number.to_string())
    }
}

impl LabelWords {
    /// No labels yet; those that are numbers are written in this style.
    pub fn new(numbers: NumberStyle) -> Self {
        Self { numbers, ..Self::default() }
    }

    /// Adds the label of the next row; `what` names its column.
    pub fn push(&mut self, field: &[u8], line: u64, what: &str) -> Result<(), TextProblem> {
        if is_missing(field) {
            let found =
                if field.is_empty() { "is empty".into() } else { format!("is missing ({})", displayable(field)) };
            return Err(TextProblem::new(line, format!("the label {found}; fill it in or take the row out")));
        }
        let word = decode(field, line, what)?;
        if word.contains(['\n', '\r']) {
            let problem = "the label has a line break in it; is a quote not closed?";
            return Err(TextProblem::new(line, problem));
        }
        let number = match self.words.get(word) {
            Some((number, _)) => *number,
            None if self.words.len() < MAX_WORDS => {
                let number = self.words.len() as u16;
                self.words.insert(word.into(), (number, line));
                number
            }
            None => return Err(self.too_many_problem(what)),
        };
        self.rows.push(number);
        Ok(())
    }

    /// Whether the labels can be classes by what they are: words, or 0, 1, 2, … or 1, 2, 3, … without a gap.
    pub fn can_be_classes(&self) -> bool {
        let classes = self.distinct();
        let Some(values) =
            classes.iter().map(|class| class.number.as_ref().map(|number| number.value)).collect::<Option<Vec<f64>>>()
        else {
            return true;
        };
        let starts = values.first().is_some_and(|&first| first == 0.0 || first == 1.0);
        values.len() > 1 && starts && values.windows(2).all(|pair| pair[1] == pair[0] + 1.0)
    }

    /// The different labels in their order: numbers by size, words by the alphabet. Numbers that are equal are one.
    fn distinct(&self) -> Vec<WordClass> {
        let number = |(word, (_, line)): (&String, &(u16, u64))| {
            Some((LabelNumber::parse(word, self.numbers)?, *line, word.clone()))
        };
        let Some(mut numbers) = self.words.iter().map(number).collect::<Option<Vec<_>>>() else {
            return self.words.keys().map(|word| WordClass { name: word.clone(), number: None }).collect();
        };
        // Of equal numbers, which have equal digits, the first in the file gives the name.
        numbers.sort_by(|(a, first, _), (b, second, _)| {
            a.value.total_cmp(&b.value).then_with(|| a.digits.cmp(&b.digits)).then(first.cmp(second))
        });
        numbers.dedup_by(|(later, ..), (first, ..)| later.digits == first.digits);
        numbers.into_iter().map(|(number, _, name)| WordClass { name, number: Some(number) }).collect()
    }

    /// The classes in their order. What was taken for one class, or looks as if it should be, is noted.
    pub fn classes(&self, what: &str, notes: &mut Vec<DataNote>) -> Result<Vec<WordClass>, TextProblem> {
        let classes = self.distinct();
        if let Some(problem) = self.quantity_problem(&classes, what) {
            return Err(problem);
        }
        if classes.len() > MAX_CLASSES {
            return Err(self.too_many_problem(what));
        }
        if let Some((first, second)) = self.words_of_one(&classes) {
            let text = format!(
                "{what}: \"{}\" and \"{}\" are one class, since the numbers are equal",
                Safe(first),
                Safe(second)
            );
            notes.push(DataNote::assumed(text));
        }
        if let Some((first, second)) = look_alikes(&classes) {
            let text = format!(
                "{what}: \"{}\" and \"{}\" look alike but are two classes; are they meant to be one?",
                Safe(first),
                Safe(second)
            );
            notes.push(DataNote::suspicious(text));
        }
        Ok(classes)
    }

    /// Two words that are one class.
    fn words_of_one<'a>(&'a self, classes: &'a [WordClass]) -> Option<(&'a str, &'a str)> {
        if classes.len() == self.words.len() {
            return None;
        }
        self.words.keys().find_map(|word| {
            let class = classes.iter().find(|class| self.is_called(class, word))?;
            (class.name != *word).then_some((word.as_str(), class.name.as_str()))
        })
    }

    /// Whether a word stands for a class.
    fn is_called(&self, class: &WordClass, word: &str) -> bool {
        match &class.number {
            Some(number) => LabelNumber::parse(word, self.numbers).is_some_and(|other| other.digits == number.digits),
            None => class.name == word,
        }
    }

    /// Why the labels are no classes but numbers that were measured.
    fn quantity_problem(&self, classes: &[WordClass], what: &str) -> Option<TextProblem> {
        let (count, rows) = (classes.len(), self.rows.len());
        let values: Vec<f64> = classes.iter().map(|class| Some(class.number.as_ref()?.value)).collect::<Option<_>>()?;
        let few_rows = |least: usize| least * count > rows;
        let (counted, other, many) = MIN_ROWS_PER_CLASS;
        let measured = count > MAX_NUMBERED_CLASSES
            && (values.iter().any(|value| value.fract() != 0.0)
                || few_rows(if self.can_be_classes() { counted } else { other })
                || count > MANY_NUMBERED_CLASSES && few_rows(many));
        let single = count > 2 && count == rows;
        (measured || single || count > MAX_CLASSES).then(|| {
            let (different, rows) = (thousands(count as u64), thousands(rows as u64));
            let limit = if count > MAX_CLASSES { NUMBERS_OVER_LIMIT } else { "" };
            let problem = format!("{what} holds {different} different numbers in {rows} rows{limit}{QUANTITY_ADVICE}");
            TextProblem::new(0, problem)
        })
    }

    /// The label of each row as its place in `classes`; a word that is no class is an error, which calls the classes
    /// those of `origin`.
    pub fn into_labels(self, classes: &[WordClass], origin: &str) -> Result<Vec<u8>, TextProblem> {
        let mut places = vec![0_u8; self.words.len()];
        for (word, (number, line)) in &self.words {
            let Some(place) = classes.iter().position(|class| self.is_called(class, word)) else {
                let known: Vec<String> =
                    classes.iter().take(5).map(|class| format!("\"{}\"", Safe(&class.name))).collect();
                let more = if classes.len() > 5 { ", …" } else { "" };
                let problem = format!(
                    "the label \"{}\" is not among the training labels of {origin}: {}{more}",
                    Safe(word),
                    known.join(", ")
                );
                return Err(TextProblem::new(*line, problem));
            };
            places[usize::from(*number)] = place as u8;
        }
        Ok(self.rows.into_iter().map(|number| places[usize::from(number)]).collect())
    }

    fn too_many_problem(&self, what: &str) -> TextProblem {
        let all_numbers = self.words.keys().all(|word| LabelNumber::parse(word, self.numbers).is_some());
        let kind = if all_numbers { "numbers" } else { "words" };
        let problem = format!("{what} holds more than {MAX_CLASSES} different {kind}, the most classes there can be");
        let advice = if all_numbers { QUANTITY_ADVICE } else { "; is the label another column? see data.label_column" };
        TextProblem::new(0, problem + advice)
    }
}

/// What to say of more numbers than [`MAX_CLASSES`].
const NUMBERS_OVER_LIMIT: &str = ", more than the 256 classes that there can be";

/// What to say of a label column that is none.
const QUANTITY_ADVICE: &str = ": it looks like a quantity to be predicted (regression), but gradtop tells classes apart; \
                               choose another data.label_column, or write classes instead";

/// Two classes that differ in capitals or blanks alone, or are one number beside words.
fn look_alikes(classes: &[WordClass]) -> Option<(&str, &str)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    classes.iter().find_map(|class| {
        let number = LabelNumber::parse(&class.name, NumberStyle::Point).filter(|_| class.number.is_none());
        let looks = number.map_or_else(|| class.name.trim().to_lowercase(), |number| number.digits);
        seen.insert(looks, &class.name).map(|other| (other, class.name.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(style: NumberStyle, words: &[&str]) -> (Vec<String>, Vec<String>) {
        let (mut labels, mut notes) = (LabelWords::new(style), Vec::new());
        for (line, word) in (1..).zip(words.iter().cycle().take(4 * words.len())) {
            labels.push(word.as_bytes(), line, "the label").unwrap();
        }
        let classes = labels.classes("the label", &mut notes).unwrap();
        (classes.into_iter().map(|class| class.name).collect(), notes.into_iter().map(|note| note.text).collect())
    }

    #[test]
    fn numbers_that_are_equal_are_one_class_and_that_is_said() {
        for (style, words, expected) in [
            (NumberStyle::Point, &["2", "1.0", "1", "01", "+1"][..], &["1.0", "2"][..]),
            (NumberStyle::Point, &["-0", "0.00", "1e1", "10"], &["-0", "1e1"]),
            (NumberStyle::Comma, &["1,0", "1", "2,50", "2,5"], &["1,0", "2,50"]),
        ] {
            let (names, notes) = classes(style, words);
            assert_eq!(names, expected);
            assert!(notes.len() == 1 && notes[0].contains("are one class"), "{notes:?}");
        }
        // More digits than an f64 has tell labels apart.
        let (names, notes) = classes(NumberStyle::Point, &["9007199254740993", "9007199254740992"]);
        assert_eq!((names.len(), notes.len()), (2, 0));
        let (names, notes) = classes(NumberStyle::Point, &["b", "a", "7"]);
        assert_eq!((names.join(" "), notes.len()), ("7 a b".into(), 0));
    }

    #[test]
    fn classes_that_look_alike_are_noted() {
        for words in [["cat", "Cat"], ["cat\u{a0}", "cat"], ["1", "1.0"]] {
            let (names, notes) = classes(NumberStyle::Point, &[words[0], words[1], "dog"]);
            assert_eq!(names.len(), 3);
            assert!(notes.len() == 1 && notes[0].contains("look alike"), "{words:?} {notes:?}");
        }
    }
}
