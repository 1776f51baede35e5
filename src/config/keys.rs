//! The one list of every table and key: what it means, which values it takes, where it lives in [`Config`].
//!
//! Reading a file, `--set`, error messages, the nearest key and `config.toml` itself all come from this list.

use std::ops;

use toml::Spanned;
use toml::de::DeValue;

use super::Config;
use crate::optim::Range;
use crate::text::{Safe, exact, thousands};

/// A table of the file.
pub(super) struct KeyTable {
    pub name: &'static str,
    /// What its keys are about.
    pub about: &'static str,
    /// Its keys in the order of `config.toml`.
    pub keys: &'static [ConfigKey],
}

/// A key of the file.
pub(super) struct ConfigKey {
    /// Table, dot, name.
    pub path: &'static str,
    /// What it means, and its unit.
    pub about: &'static str,
    pub kind: ValueKind,
}

/// Which values a key takes, and how they come out of a configuration and into it.
pub(super) enum ValueKind {
    /// A whole number in a closed range.
    Whole { min: u64, max: u64, get: fn(&Config) -> u64, set: fn(&mut Config, u64) },
    /// A finite number in a range.
    Number { range: fn() -> Range, get: fn(&Config) -> f64, set: fn(&mut Config, f64) },
    /// True or false.
    Flag { get: fn(&Config) -> bool, set: fn(&mut Config, bool) },
    /// A text with a meaning of its own; `set` says what is wrong with it.
    Text { values: &'static str, get: fn(&Config) -> String, set: fn(&mut Config, &str) -> Result<(), String> },
    /// A list of `least` to `most` such texts; `push` says what is wrong with one.
    Texts {
        values: &'static str,
        least: usize,
        most: usize,
        get: fn(&Config) -> Vec<String>,
        clear: fn(&mut Config),
        push: fn(&mut Config, &str) -> Result<(), String>,
    },
}

/// What is wrong with a value, and which part of it.
#[derive(Debug)]
pub(super) struct ValueError {
    /// Bytes of the text in which the value was written.
    pub span: ops::Range<usize>,
    pub message: String,
}

impl ConfigKey {
    /// Its table's name.
    pub fn table_name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(table, _)| table)
    }

    /// Its own name.
    pub fn name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(_, name)| name)
    }

    pub fn is_text(&self) -> bool {
        matches!(self.kind, ValueKind::Text { .. })
    }

    pub fn is_list(&self) -> bool {
        matches!(self.kind, ValueKind::Texts { .. })
    }

    /// Its valid values, for people.
    pub fn valid_values(&self) -> String {
        match &self.kind {
            ValueKind::Whole { min, max, .. } => {
                format!("a whole number from {} to {}", format_whole(*min), format_whole(*max))
            }
            ValueKind::Number { range, .. } => format!("a number {}", range()),
            ValueKind::Flag { .. } => "true, false".into(),
            ValueKind::Text { values, .. } => (*values).into(),
            ValueKind::Texts { values, .. } => format!("a list of {values}"),
        }
    }

    /// Puts a value that was written into `config`, or says everything that is wrong with it and changes nothing
    /// that could be used: a configuration with a wrong value is never handed out.
    pub fn apply(&self, config: &mut Config, value: &Spanned<DeValue<'_>>) -> Result<(), Vec<ValueError>> {
        let wrong = |message| vec![ValueError { span: value.span(), message }];
        let mistyped = || {
            wrong(format!(
                "{} cannot be {}; valid: {}",
                self.path,
                describe_value(value.get_ref()),
                self.valid_values()
            ))
        };
        let out_of_range = || {
            wrong(format!(
                "{} = {} is out of range; valid: {}",
                self.path,
                describe_value(value.get_ref()),
                self.valid_values()
            ))
        };
        match (&self.kind, value.get_ref()) {
            (ValueKind::Whole { min, max, set, .. }, DeValue::Integer(integer)) => {
                let number = u64::from_str_radix(integer.as_str(), integer.radix());
                let number = number.ok().filter(|number| (*min..=*max).contains(number)).ok_or_else(out_of_range)?;
                set(config, number);
            }
            (ValueKind::Number { range, set, .. }, written @ (DeValue::Integer(_) | DeValue::Float(_))) => {
                let number = number_written(written).filter(|&number| range().contains(number));
                set(config, number.ok_or_else(out_of_range)?);
            }
            (ValueKind::Flag { set, .. }, DeValue::Boolean(flag)) => set(config, *flag),
            (ValueKind::Text { set, .. }, DeValue::String(text)) => set(config, text).map_err(wrong)?,
            (ValueKind::Texts { least, most, clear, push, .. }, DeValue::Array(elements)) => {
                if !(*least..=*most).contains(&elements.len()) {
                    let message = format!("{} has {} elements; valid: {least} to {most}", self.path, elements.len());
                    return Err(wrong(message));
                }
                clear(config);
                let problems: Vec<ValueError> =
                    elements.iter().filter_map(|element| self.push_element(config, *push, element)).collect();
                if !problems.is_empty() {
                    return Err(problems);
                }
            }
            _ => return Err(mistyped()),
        }
        Ok(())
    }

    /// Adds one element of a list, or says what is wrong with it.
    fn push_element(
        &self,
        config: &mut Config,
        push: fn(&mut Config, &str) -> Result<(), String>,
        element: &Spanned<DeValue<'_>>,
    ) -> Option<ValueError> {
        let message = match element.get_ref() {
            DeValue::String(text) => push(config, text).err()?,
            other => format!(
                "an element of {} cannot be {}; valid: {}",
                self.path,
                describe_value(other),
                self.valid_values()
            ),
        };
        Some(ValueError { span: element.span(), message })
    }

    /// Its value in `config`, as TOML.
    pub fn value_as_toml(&self, config: &Config) -> String {
        match &self.kind {
            ValueKind::Whole { get, .. } => get(config).to_string(),
            ValueKind::Number { get, .. } => exact(get(config)),
            ValueKind::Flag { get, .. } => get(config).to_string(),
            ValueKind::Text { get, .. } => quote_toml(&get(config)),
            ValueKind::Texts { get, .. } => {
                let elements: Vec<String> = get(config).iter().map(|element| quote_toml(element)).collect();
                format!("[{}]", elements.join(", "))
            }
        }
    }
}

/// A text as a TOML string.
fn quote_toml(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// A whole number as TOML takes it, its thousands apart.
fn format_whole(value: u64) -> String {
    thousands(value).replace(',', "_")
}

fn number_written(written: &DeValue<'_>) -> Option<f64> {
    match written {
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// A value as an error message shows it.
fn describe_value(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{}\"", Safe(text)),
        DeValue::Integer(integer) => Safe(&integer.to_string()).to_string(),
        DeValue::Float(float) => Safe(&float.to_string()).to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}
