//! Changes as data: what was changed in the course of a run, from which value to which. The sentence is made where it
//! is shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LEARNING_RATE, Setting};
use crate::text::{Safe, short};

/// Key of the learning-rate schedule in a [`Change`].
pub const SCHEDULE: &str = "schedule.lr";

/// Key of the planned length in epochs in a [`Change`].
pub const EPOCHS: &str = "run.epochs";

/// Key of the learning rate that updates use, in a [`Change`] that follows from another one.
pub const EFFECTIVE_RATE: &str = "optimizer.effective_lr";

/// Something that was changed in the course of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What, by its key as in `config.toml`: `optimizer.lr`.
    pub key: String,
    /// Its value before.
    pub from: Setting,
    /// Its value from now on.
    pub to: Setting,
    /// Who changed it.
    #[serde(default)]
    pub by: ChangedBy,
}

/// Who changed something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// Whoever sent a request.
    #[default]
    Viewer,
    /// The source itself, as a consequence of something else.
    Source,
    /// Somebody that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Change {
    /// What was changed, in a word: the key without the table it stands in.
    pub fn subject(&self) -> String {
        match self.key.as_str() {
            LEARNING_RATE => "lr".into(),
            EFFECTIVE_RATE => "effective lr".into(),
            SCHEDULE => "schedule".into(),
            key => Safe(key.rsplit('.').next().unwrap_or(key)).to_string(),
        }
    }

    /// The same with texts and lists no longer than anybody would show.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { key: cut(self.key), from: self.from.cut(0), to: self.to.cut(0), ..self }
    }

    /// The same change up to the end of a `later` one of the same key.
    #[must_use]
    pub fn until(&self, later: &Self) -> Self {
        Self { to: later.to.clone(), ..self.clone() }
    }
}

/// `lr 0.001 → 0.0005`, safe to show.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // How many more there are says more than the two totals.
        if let (EPOCHS, Some(from), Some(to)) = (self.key.as_str(), self.from.number(), self.to.number())
            && to > from
        {
            let more = to - from;
            return write!(f, "{} more epoch{}", short(more), if more == 1.0 { "" } else { "s" });
        }
        write!(f, "{} {} → {}", self.subject(), self.from, self.to)
    }
}

impl Setting {
    /// A number as a setting; one that is not finite becomes a word, since JSON has no spelling for it.
    pub fn of(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::Text(value.to_string()) }
    }

    fn cut(self, depth: usize) -> Self {
        match self {
            Self::Text(text) => Self::Text(cut(text)),
            Self::List(_) if depth == MAX_DEPTH => Self::Text("…".into()),
            // One more than is written out, so that it shows that there are more.
            Self::List(list) => {
                Self::List(list.into_iter().take(WRITTEN + 1).map(|setting| setting.cut(depth + 1)).collect())
            }
            Self::Switch(_) | Self::Count(_) | Self::Number(_) => self,
        }
    }

    /// Its value as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            Self::Switch(_) | Self::Text(_) | Self::List(_) => None,
        }
    }
}

/// Most elements of a list that are written out.
const WRITTEN: usize = 8;

/// Most lists within each other that are kept.
const MAX_DEPTH: usize = 2;

/// Most bytes of a text that are kept.
const MAX_TEXT_BYTES: usize = 1024;

fn cut(mut text: String) -> String {
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
            Self::List(list) => {
                let written: Vec<String> = list.iter().take(WRITTEN).map(ToString::to_string).collect();
                write!(f, "[{}{}]", written.join(", "), if list.len() > WRITTEN { ", …" } else { "" })
            }
        }
    }
}
