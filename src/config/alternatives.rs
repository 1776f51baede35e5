//! Several values for one key, written as one `--set`: `optimizer.lr=1e-3,3e-3`.

use super::keys::ConfigKey;
use super::table;

/// A key and the values that it is to take one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternatives {
    /// The key: `optimizer.lr`.
    pub key: &'static str,
    /// Its values, each as it stands after `key=` in a `--set`; at least one.
    pub values: Vec<String>,
}

impl Alternatives {
    /// Reads a `--set` whose value may be a list of values, with commas between them. Commas in brackets and between
    /// quotes part nothing. Each value of a key that takes a list itself stands in brackets, so that
    /// `model.layers=[linear 64, relu, linear 10],[linear 10]` are two; without brackets it is one.
    ///
    /// `None` where there is no such key. Whether the values are valid shows when each is set.
    pub fn of_set(set: &str) -> Option<Self> {
        let (path, text) = set.split_once('=')?;
        let key = table::find_key(path.trim())?;
        let parts: Vec<&str> = parts(text).into_iter().map(str::trim).collect();
        let is_one = key.is_list() && !parts.iter().all(|part| part.starts_with('[') && part.ends_with(']'));
        let values: Vec<String> = if is_one {
            vec![text.trim().into()]
        } else {
            parts.into_iter().map(|part| value(key, part).into()).collect()
        };
        Some(Self { key: key.path, values })
    }
}

/// A value as one `--set` takes it: a list of texts without quotes goes without brackets.
fn value<'a>(key: &ConfigKey, part: &'a str) -> &'a str {
    let inside = part.strip_prefix('[').and_then(|part| part.strip_suffix(']'));
    inside.filter(|inside| key.is_list() && !inside.contains('"')).map_or(part, str::trim)
}

/// The parts between the commas that are neither in brackets nor between quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' | '(' if !quoted => depth += 1,
            ']' | ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if depth == 0 && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(set: &str) -> Vec<String> {
        Alternatives::of_set(set).unwrap().values
    }

    #[test]
    fn values_are_parted_at_commas_outside_of_brackets_and_quotes() {
        assert_eq!(values("optimizer.lr=1e-3, 3e-3,1e-2"), ["1e-3", "3e-3", "1e-2"]);
        assert_eq!(values("model.init=he"), ["he"]);
        assert_eq!(values("run.name=\"a,b\",c"), ["\"a,b\"", "c"]);
    }

    #[test]
    fn each_value_of_a_list_stands_in_brackets() {
        assert_eq!(values("model.layers=linear 64, relu, linear 10"), ["linear 64, relu, linear 10"]);
        assert_eq!(
            values("model.layers=[linear 64, relu, linear 10], [residual [linear 8], linear 10]"),
            ["linear 64, relu, linear 10", "residual [linear 8], linear 10"]
        );
        assert_eq!(values("model.layers=[\"linear 10\"],[\"relu\"]"), ["[\"linear 10\"]", "[\"relu\"]"]);
        assert_eq!(values("model.layers=residual [linear 8], linear 10"), ["residual [linear 8], linear 10"]);
    }

    #[test]
    fn what_is_no_key_has_no_alternatives() {
        assert_eq!(Alternatives::of_set("optimizer.lrr=1,2"), None);
        assert_eq!(Alternatives::of_set("optimizer.lr"), None);
        assert_eq!(values("optimizer.lr=1,,2"), ["1", "", "2"], "the empty one is refused when it is set");
    }
}
