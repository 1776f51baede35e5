//! Layering: the default, then a file, then each `--set`, every value checked against the list of keys.

use std::fmt::Display;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys::{ConfigKey, ValueError};
use super::location::{ConfigError, ConfigProblem, Location, ProblemPlace, TextMedium, TextOrigin};
use super::table::{self, KEY_TABLES, config_keys};
use super::{Config, FlagValue, ValueOrigins, words};
use crate::files::open_regular;
use crate::nn::split_layers;
use crate::text::{Safe, harmless_name, nearest};

/// Most bytes of a configuration file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The table that a recorded run's file has besides its configuration.
const RECORDED_TABLE: &str = "recorded";

/// Reads a configuration file.
pub(super) fn read_file(path: &Path) -> Result<(String, String), ConfigError> {
    let name = harmless_name(path.as_os_str());
    let mut bytes = Vec::new();
    let unreadable = |error: &dyn Display| ConfigError::in_file(&name, format!("cannot be read: {error}"));
    let (file, _) = open_regular(path).map_err(|error| unreadable(&error))?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ConfigError::in_file(&name, format!("longer than {MAX_FILE_BYTES} bytes, so not a configuration")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[at];
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let origin = TextOrigin { medium: TextMedium::File(name), text };
            let message = format!("byte {byte:#04x} is not UTF-8, in which TOML is written");
            Err(ConfigError::new(vec![error_at_span(&Arc::new(origin), at..at + 1, message)]))
        }
    }
}

fn error_at_span(origin: &Arc<TextOrigin>, span: Range<usize>, message: String) -> ConfigProblem {
    ConfigProblem { place: ProblemPlace::At(Location::new(origin, span)), message, remedy: None }
}

/// A configuration in the making, and what was found wrong so far.
pub(super) struct ConfigReader {
    config: Config,
    problems: Vec<ConfigProblem>,
}

impl ConfigReader {
    pub fn new() -> Self {
        Self { config: Config::default(), problems: Vec::new() }
    }

    /// The configuration, if nothing was wrong with any part of it.
    pub fn finish(mut self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() {
            self.problems.extend(
                table::find_contradiction(&self.config).map(|(key, message)| self.config.problem_at_key(key, message)),
            );
        }
        if self.problems.is_empty() { Ok(self.config) } else { Err(ConfigError::new(self.problems)) }
    }

    /// Applies the text of a file named `name`.
    pub fn read_file_text(&mut self, name: &str, text: String) {
        let origin = Arc::new(TextOrigin { medium: TextMedium::File(name.into()), text });
        match DeTable::parse(&origin.text) {
            Ok(document) => {
                let first = self.problems.len();
                self.read_document(&origin, document.get_ref());
                // The parser hands keys out in alphabetical order; people read from the top.
                self.problems[first..].sort_by_key(|problem| match &problem.place {
                    ProblemPlace::At(location) => location.start_byte(),
                    _ => 0,
                });
            }
            Err(error) => {
                let end = origin.text.len();
                let problem = error_at_span(&origin, error.span().unwrap_or(end..end), error.message().to_owned());
                self.problems.push(problem);
            }
        }
    }

    fn read_document(&mut self, origin: &Arc<TextOrigin>, document: &DeTable<'_>) {
        for (name, value) in document {
            let table: &str = name.get_ref();
            if table == RECORDED_TABLE {
                continue;
            }
            if !KEY_TABLES.iter().any(|known| known.name == table) {
                self.problems.push(error_at_span(origin, name.span(), unknown_table(table)));
                continue;
            }
            let Some(entries) = value.get_ref().as_table() else {
                let message = format!("{table} is a table: write [{table}] on a line of its own and its keys below");
                self.problems.push(error_at_span(origin, value.span(), message));
                continue;
            };
            for (name, value) in entries {
                let Some(key) = table::find_key(&format!("{table}.{}", name.get_ref())) else {
                    self.problems.push(error_at_span(origin, name.span(), unknown_key(Some(table), name.get_ref())));
                    continue;
                };
                self.apply_key(origin, key, value, 0);
            }
        }
    }

    /// Applies one `--set`, written `key=value`.
    ///
    /// The value is TOML; a text may go without quotes, and a list of texts without quotes and brackets.
    pub fn read_set(&mut self, text: &str) {
        let origin = Arc::new(TextOrigin { medium: TextMedium::Flag("--set"), text: text.into() });
        let Some((path, value)) = text.split_once('=') else {
            let message = "expected key=value, for example optimizer.lr=1e-3".into();
            return self.problems.push(error_at_span(&origin, 0..text.len(), message));
        };
        let path_start = path.len() - path.trim_start().len();
        let value_start = text.len() - value.len();
        let path = path.trim();
        let Some(key) = table::find_key(path) else {
            let span = path_start..path_start + path.len();
            return self.problems.push(error_at_span(&origin, span, unknown_path(path)));
        };
        self.read_value(&origin, key, value_start);
    }

    /// Applies a flag that is short for one key, whose value may go without quotes as that of a `--set` may.
    pub fn read_flag(&mut self, flag: &FlagValue) {
        let &FlagValue { flag, key, ref value } = flag;
        let origin = TextOrigin { medium: TextMedium::Flag(flag), text: format!("{flag} {}", value.to_string_lossy()) };
        let (origin, start) = (Arc::new(origin), flag.len() + 1);
        let Some(key) = table::find_key(key) else {
            return self.problems.push(error_at_span(&origin, 0..flag.len(), unknown_key(None, key)));
        };
        if key.path != table::SOURCE_KEY {
            return self.read_value(&origin, key, start);
        }
        // A path is taken as it is, whatever its bytes are.
        let place = start..origin.text.len();
        match words::set_source(&mut self.config, value) {
            Ok(()) => self.config.origins.remember_location(key, Location::new(&origin, place), Vec::new()),
            Err(message) => self.problems.push(error_at_span(&origin, place, message)),
        }
    }

    /// Applies the value of `key` that stands in the text of `origin` from `start` on.
    fn read_value(&mut self, origin: &Arc<TextOrigin>, key: &ConfigKey, start: usize) {
        let rest = &origin.text[start..];
        let value_start = start + rest.len() - rest.trim_start().len();
        let value = rest.trim();
        let path = key.path;
        let span = value_start..value_start + value.len();
        if value.is_empty() {
            return self.problems.push(error_at_span(
                origin,
                span,
                format!("no value for {path}; valid: {}", key.valid_values()),
            ));
        }
        let parsed = DeValue::parse(value);
        let bare = !matches!(&parsed, Ok(value) if value.get_ref().is_str() || value.get_ref().is_array());
        let value = match parsed {
            _ if bare && key.is_text() && !value.starts_with('"') => {
                Spanned::new(0..value.len(), DeValue::String(value.into()))
            }
            Err(error) if value.starts_with(['[', '"']) => {
                let at = error.span().unwrap_or(value.len()..value.len());
                let at = at.start + value_start..at.end + value_start;
                return self.problems.push(error_at_span(origin, at, error.message().to_owned()));
            }
            _ if bare && key.is_list() => bare_list(value),
            Ok(value) => value,
            Err(_) => Spanned::new(0..value.len(), DeValue::String(value.into())),
        };
        self.apply_key(origin, key, &value, value_start);
    }

    /// Applies a value whose spans count from `shift` in the text of `origin`.
    fn apply_key(&mut self, origin: &Arc<TextOrigin>, key: &ConfigKey, value: &Spanned<DeValue<'_>>, shift: usize) {
        let locate = |span: Range<usize>| Location::new(origin, span.start + shift..span.end + shift);
        match key.apply(&mut self.config, value) {
            Ok(()) => {
                let elements = value.get_ref().as_array().into_iter().flat_map(|array| array.iter());
                let elements = elements.map(|element| locate(element.span())).collect();
                self.config.origins.remember_location(key, locate(value.span()), elements);
            }
            Err(wrong) => {
                self.problems.extend(wrong.into_iter().map(|ValueError { span, message }| ConfigProblem {
                    place: ProblemPlace::At(locate(span)),
                    message,
                    remedy: None,
                }));
            }
        }
    }
}

/// `linear 64, relu` as the list of its parts; commas within brackets part nothing.
fn bare_list(text: &str) -> Spanned<DeValue<'_>> {
    let mut list = DeArray::new();
    let mut start = 0;
    for part in split_layers(text) {
        let from = start + part.len() - part.trim_start().len();
        let part_text = part.trim();
        list.push(Spanned::new(from..from + part_text.len(), DeValue::String(part_text.into())));
        start += part.len() + 1;
    }
    Spanned::new(0..text.len(), DeValue::Array(list))
}

fn unknown_table(name: &str) -> String {
    let shown = Safe(name);
    // A key at the top, where only tables are?
    if let Some(key) = config_keys().find(|key| key.name() == name) {
        return format!("{shown} belongs in the table [{}]", key.table_name());
    }
    let names = || KEY_TABLES.iter().map(|table| table.name);
    match nearest(name, names()) {
        Some(near) => format!("unknown table {shown}; did you mean [{near}]?"),
        None => format!("unknown table {shown}; valid: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// The message for the path of a key that does not exist.
pub(super) fn unknown_path(path: &str) -> String {
    match path.split_once('.') {
        Some((table, name)) if KEY_TABLES.iter().any(|known| known.name == table) => unknown_key(Some(table), name),
        _ => unknown_key(None, path),
    }
}

/// The message for a key that `table` does not have, or for a whole path that names no table.
fn unknown_key(table: Option<&str>, name: &str) -> String {
    let shown = Safe(name);
    let Some(table) = table else {
        let near = config_keys().find(|key| key.name() == name).map(|key| key.path);
        if let Some(near) = near.or_else(|| nearest(name, config_keys().map(|key| key.path))) {
            return format!("unknown key {shown}; did you mean {near}?");
        }
        let tables: Vec<&str> = KEY_TABLES.iter().map(|table| table.name).collect();
        return format!(
            "unknown key {shown}; a key is a table, a dot and a name; the tables are {}",
            tables.join(", ")
        );
    };
    if let Some(key) = config_keys().find(|key| key.name() == name) {
        return format!("unknown key {shown} in [{table}]; it belongs in [{}]", key.table_name());
    }
    let names = || config_keys().filter(|key| key.table_name() == table).map(ConfigKey::name);
    match nearest(name, names()) {
        Some(near) => format!("unknown key {shown} in [{table}]; did you mean {near}?"),
        None => format!("unknown key {shown} in [{table}]; valid: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

impl ValueOrigins {
    fn remember_location(&mut self, key: &ConfigKey, value: Location, elements: Vec<Location>) {
        self.values.retain(|(path, _)| *path != key.path);
        self.values.push((key.path, value));
        if key.path == table::LAYERS_KEY {
            self.layers = elements;
        }
    }
}
