//! Values of settings, of layers and of whatever is changed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};

use crate::text::{Safe, short};

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// Something that is or is not.
    Switch(bool),
    /// A whole number.
    Count(u64),
    /// Any other finite number.
    Number(f64),
    /// A word, or more of them.
    Text(String),
    /// Several.
    List(Vec<Self>),
    /// Nothing, or something that this version does not know.
    #[serde(deserialize_with = "skip_anything", serialize_with = "serialize_nothing")]
    Unknown,
}

fn skip_anything<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| ())
}

fn serialize_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit()
}

impl Setting {
    /// A number as a setting; one that is not finite becomes a word, since JSON has no spelling for it.
    pub fn of(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::Text(value.to_string().to_lowercase()) }
    }

    pub(super) fn with_texts_cut(self, depth: usize) -> Self {
        match self {
            Self::Text(text) => Self::Text(cut_text(text)),
            Self::List(_) if depth == MAX_NESTING_DEPTH => Self::Text("…".into()),
            // One more than is written out, so that it shows that there are more.
            Self::List(list) => Self::List(
                list.into_iter()
                    .take(MAX_WRITTEN_ELEMENTS + 1)
                    .map(|setting| setting.with_texts_cut(depth + 1))
                    .collect(),
            ),
            Self::Switch(_) | Self::Count(_) | Self::Number(_) | Self::Unknown => self,
        }
    }

    /// Its value as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            Self::Switch(_) | Self::Text(_) | Self::List(_) | Self::Unknown => None,
        }
    }
}

/// Most elements of a list that are written out.
const MAX_WRITTEN_ELEMENTS: usize = 8;

/// Most lists within each other that are kept.
const MAX_NESTING_DEPTH: usize = 2;

/// Most bytes of a text that are kept.
const MAX_TEXT_BYTES: usize = 1024;

/// The beginning of a text.
pub(super) fn cut_text(mut text: String) -> String {
    let end = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

/// As people read it, safe to show.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(true) => f.write_str("on"),
            Self::Switch(false) => f.write_str("off"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Number(number) => f.write_str(&short(*number)),
            Self::Text(text) => write!(f, "{}", Safe(text)),
            Self::Unknown => f.write_str("?"),
            Self::List(list) => {
                let written: Vec<String> = list.iter().take(MAX_WRITTEN_ELEMENTS).map(ToString::to_string).collect();
                write!(f, "[{}{}]", written.join(", "), if list.len() > MAX_WRITTEN_ELEMENTS { ", …" } else { "" })
            }
        }
    }
}
