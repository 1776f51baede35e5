//! Changes as data: what was changed in the course of a run, from which value to which. The sentence is made where it
//! is shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LEARNING_RATE, Setting, setting::cut_text};
use crate::text::{Safe, short, thousands};

/// Key of the learning-rate schedule in a [`Change`].
pub const SCHEDULE: &str = "schedule.lr";

/// Key of the planned length in epochs in a [`Change`].
pub const EPOCHS: &str = "run.epochs";

/// Key of the learning rate that updates use, in a [`Change`] that follows from another one.
pub const EFFECTIVE_RATE: &str = "optimizer.effective_lr";

/// Key of the minibatch whose update is left out, by its number from 1, in a [`Change`].
pub const SKIP: &str = "run.skip";

/// Something that was changed in the course of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What, by its key as in `config.toml`: `optimizer.lr`.
    pub key: String,
    /// Its value before, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Setting>,
    /// Its value from now on.
    pub to: Setting,
    /// Who changed it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ChangedBy>,
}

/// Who changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// The viewer that sent a request.
    Viewer,
    /// The source itself, as a consequence of something else.
    Source,
    /// A party that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Change {
    /// What was changed, in a word: the key without the table it stands in.
    pub fn key_without_table(&self) -> String {
        match self.key.as_str() {
            LEARNING_RATE => "lr".into(),
            EFFECTIVE_RATE => "effective lr".into(),
            SCHEDULE => "schedule".into(),
            SKIP => "skip".into(),
            key => Safe(key.rsplit('.').next().unwrap_or(key)).to_string(),
        }
    }

    /// The same with texts and lists no longer than a viewer would show.
    #[must_use]
    pub fn with_texts_cut(self) -> Self {
        Self {
            key: cut_text(self.key),
            from: self.from.map(|from| from.with_texts_cut(0)),
            to: self.to.with_texts_cut(0),
            ..self
        }
    }

    /// The same change up to the end of a `later` one of the same key.
    #[must_use]
    pub fn extended_to(&self, later: &Self) -> Self {
        Self { to: later.to.clone(), ..self.clone() }
    }
}

/// `lr 0.001 → 0.0005`, `without minibatch 713`, safe to show.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (SKIP, Setting::Count(minibatch)) = (self.key.as_str(), &self.to) {
            return write!(f, "without minibatch {}", thousands(*minibatch));
        }
        // How many more there are says more than the two totals.
        let from = self.from.as_ref();
        if let (EPOCHS, Some(from), Some(to)) = (self.key.as_str(), from.and_then(Setting::number), self.to.number())
            && to > from
        {
            let more = short(to - from);
            return write!(f, "{more} more epoch{}", if more == "1" { "" } else { "s" });
        }
        let from = from.map(|from| format!("{from} ")).unwrap_or_default();
        write!(f, "{} {from}→ {}", self.key_without_table(), self.to)
    }
}
