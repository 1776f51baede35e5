//! Flags that are short for one key.

use std::ffi::OsString;

use super::keys::ConfigKey;
use super::table::config_keys;
use crate::text::nearest;

/// A flag that is short for one key, and the value that followed it: `--lr 1e-3` for `--set optimizer.lr=1e-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagValue {
    /// The flag as it is typed, with which errors are told.
    pub flag: &'static str,
    /// The key that it is short for: `optimizer.lr`.
    pub key: &'static str,
    /// What was typed; Unicode, but for a path.
    pub value: OsString,
}

/// Words for keys that are not their names.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("learning_rate", "optimizer.lr"),
    ("optimizer", "optimizer.kind"),
    ("optim", "optimizer.kind"),
    ("scheduler", "schedule.lr"),
    ("schedule", "schedule.lr"),
    ("lr_schedule", "schedule.lr"),
    ("bs", "run.batch_size"),
    ("minibatch", "run.batch_size"),
    ("hidden", "model.layers"),
    ("model", "model.layers"),
    ("network", "model.layers"),
    ("wd", "optimizer.weight_decay"),
    ("l2", "optimizer.weight_decay"),
    ("clip", "optimizer.clip_norm"),
    ("dataset", "data.source"),
    ("label", "data.label_column"),
    ("target", "data.label_column"),
];

/// The key that a word probably means, which is its name, its whole path or nearly one of them; `-` stands for `_`.
pub fn guess_key(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase().replace('-', "_");
    let by_name = config_keys().find(|key| key.name() == word || key.path == word).map(|key| key.path);
    let by_word = || OTHER_WORDS.iter().find(|(other, _)| *other == word).map(|(_, path)| *path);
    by_name.or_else(by_word).or_else(|| {
        // Half of a short word may be wrong by chance.
        let near = nearest(&word, config_keys().map(ConfigKey::name))?;
        let close = word.len() > 3 && near.len().abs_diff(word.len()) <= 2 && near.as_bytes()[0] == word.as_bytes()[0];
        if !close {
            return None;
        }
        config_keys().find(|key| key.name() == near).map(|key| key.path)
    })
}
