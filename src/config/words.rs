//! Texts that become values of the configuration.

use std::ffi::OsStr;

use super::Config;
use crate::dataset::Source;
use crate::text::{Safe, nearest};

/// Sets the name of the run.
pub(super) fn set_name(config: &mut Config, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length > 64 {
        return Err(format!("a name of {length} characters; valid: at most 64"));
    }
    if Safe(text).to_string() != text {
        return Err("the name has characters that cannot be shown, such as control characters".into());
    }
    config.run.name = text.into();
    Ok(())
}

/// The path that `text` is.
pub(super) fn set_path(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('\0') {
        return Err("an empty text is no path".into());
    }
    Ok(text.into())
}

/// What a source may be, for people.
pub(super) const SOURCE_VALUES: &str =
    "\"fashion-mnist\", \"circles\", \"xor\", \"gaussians\", \"spirals\", \"moons\", or the path of a file or folder";

/// Sets where the data come from.
pub(super) fn set_source(config: &mut Config, source: &OsStr) -> Result<(), String> {
    if source.to_string_lossy().trim().is_empty() {
        let words: Vec<String> = Source::built_in_words().map(|word| format!("\"{word}\"")).collect();
        return Err(format!("no data; valid: {}, or the path of a file or folder", words.join(", ")));
    }
    config.data.source = Source::from_argument(source);
    Ok(())
}

/// The choice with this name, or what is valid.
pub(super) fn choose<T: Copy, const N: usize>(
    text: &str,
    choices: [T; N],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    choices.into_iter().find(|&choice| name(choice) == text).ok_or_else(|| {
        let names = choices.map(name);
        let hint = nearest(text, names).map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
        let valid = names.map(|name| format!("\"{name}\"")).join(", ");
        format!("unknown word \"{}\"; {hint}valid: {valid}", Safe(text))
    })
}
