//! What a run is made from: the configuration's data, its defaults, and reading it from a file and the command line.
//!
//! A value comes from the default, a preset, a file, or `--set key=value`, the later winning. Every value that was
//! written remembers where, so that what turns out wrong later (a layer that does not fit the data) still points at it.

use std::fmt::Write as _;
use std::path::Path;

mod alternatives;
mod flags;
mod keys;
mod location;
mod presets;
mod read;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub use alternatives::Alternatives;
pub use flags::{FlagValue, guess_key};
pub use location::{ConfigError, Location};
pub use presets::{PRESETS, Preset, PresetData};
pub use settings::{
    AttentionChoice, DashboardSettings, GlyphChoice, KeepSettings, OptimizerKind, OptimizerSettings, PictureChoice,
    RunSettings, ThemeChoice, TimelineSettings,
};

use crate::dataset::{BatchSizeError, DataSpec, DatasetOutline};
use crate::nn::{BuildError, Init, LayerSpec, NetworkSpec, Shape, check_minibatch, layers::activation::Relu};
use crate::optim::Schedule;
use crate::train::{BatchSize, HealthSettings};
use keys::{ConfigKey, KeyTable, ValueKind};
use location::{ConfigProblem, ProblemPlace};
use table::{BATCH_SIZE_KEY, KEY_TABLES, LAYERS_KEY};

/// Everything that a run is made from. Its default is the default run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How long, and how often to look.
    pub run: RunSettings,
    /// Which checkpoints are kept.
    pub keep: KeepSettings,
    /// How far a run can go back.
    pub timeline: TimelineSettings,
    /// What to train on.
    pub data: DataSpec,
    /// The network.
    pub model: NetworkSpec,
    /// How the weights follow the gradient.
    pub optimizer: OptimizerSettings,
    /// How the learning rate changes with the step.
    pub schedule: Schedule,
    /// When trouble is named, and when the run stops for it.
    pub health: HealthSettings,
    /// The dashboard.
    pub ui: DashboardSettings,
    origins: ValueOrigins,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            run: RunSettings {
                name: String::new(),
                seed: 0,
                epochs: 20,
                steps: None,
                batch_size: 64,
                evaluate_every: None,
                patience: None,
                probe_every: 10,
                threads: None,
                directory: "runs".into(),
                notify: String::new(),
                save_seconds: 30.0,
            },
            keep: KeepSettings { last: 2, best: 1, every: None },
            timeline: TimelineSettings { memory: 256 },
            data: DataSpec::default(),
            model: NetworkSpec {
                layers: vec![
                    LayerSpec::Linear { units: 256 },
                    Relu.into(),
                    LayerSpec::Linear { units: 128 },
                    Relu.into(),
                    LayerSpec::LinearClasses,
                ],
                init: Init::PyTorch,
                label_smoothing: 0.0,
            },
            optimizer: OptimizerSettings {
                kind: OptimizerKind::Adam,
                learning_rate: 1e-3,
                momentum: 0.9,
                nesterov: false,
                alpha: 0.99,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.0,
                clip_norm: None,
                ema: None,
            },
            schedule: Schedule::COSINE,
            health: HealthSettings::default(),
            ui: DashboardSettings {
                fps: 30,
                theme: ThemeChoice::Auto,
                glyphs: GlyphChoice::Auto,
                pictures: PictureChoice::Auto,
                throttle: 40.0,
                notify: AttentionChoice::Off,
            },
            origins: ValueOrigins::default(),
        }
    }
}

impl Config {
    /// The default, then the preset and the `file` if there are such, then each `--set`.
    ///
    /// # Errors
    /// Everything that is wrong with the file and the sets, each with its place and what would be valid.
    pub fn load(preset: Option<&Preset>, file: Option<&Path>, sets: &[String]) -> Result<Self, ConfigError> {
        Self::load_with_flags(preset, file, sets, &[])
    }

    /// As [`load`](Self::load), then each of the flags that are short for a key.
    ///
    /// # Errors
    /// As [`load`](Self::load); what is wrong with a flag's value is told with the flag.
    pub fn load_with_flags(
        preset: Option<&Preset>,
        file: Option<&Path>,
        sets: &[String],
        flags: &[FlagValue],
    ) -> Result<Self, ConfigError> {
        let file = file.map(read::read_file).transpose()?;
        let file = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::from_layers(preset, file, sets, flags)
    }

    /// As [`load`](Self::load), from the `text` of a file called `name`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_toml_str(name: &str, text: &str, sets: &[String]) -> Result<Self, ConfigError> {
        Self::from_layers(None, Some((name, text)), sets, &[])
    }

    fn from_layers(
        preset: Option<&Preset>,
        file: Option<(&str, &str)>,
        sets: &[String],
        flags: &[FlagValue],
    ) -> Result<Self, ConfigError> {
        let mut reader = read::ConfigReader::new();
        if let Some(Preset { name, text, .. }) = preset {
            reader.read_file_text(&format!("preset {name}"), (*text).into());
        }
        if let Some((name, text)) = file {
            reader.read_file_text(name, text.into());
        }
        for set in sets {
            reader.read_set(set);
        }
        for flag in flags {
            reader.read_flag(flag);
        }
        reader.finish()
    }

    /// Name of the run: the one that was written, else that of the data.
    pub fn run_name(&self) -> String {
        if self.run.name.is_empty() { self.data.source.name() } else { self.run.name.clone() }
    }

    /// The file that would give this configuration: every key, each with its meaning and its valid values.
    pub fn to_toml(&self) -> String {
        let default = *self == Self::default();
        let mut text = String::from(if default { DEFAULT_FILE_HEADING } else { FILE_HEADING });
        for table in KEY_TABLES {
            text.push('\n');
            self.write_table(&mut text, table);
        }
        text
    }

    /// The file with which a run of this configuration is recorded. The batch size stands there only if it was chosen,
    /// since it follows the data otherwise.
    pub fn to_recorded_toml(&self) -> String {
        let mut text = String::new();
        for table in KEY_TABLES {
            let _ = writeln!(text, "[{}]", table.name);
            let written = |key: &&ConfigKey| key.path != BATCH_SIZE_KEY || self.locate(BATCH_SIZE_KEY).is_some();
            for key in table.keys.iter().filter(written) {
                let _ = writeln!(text, "{} = {}", key.name(), key.value_as_toml(self));
            }
            text.push('\n');
        }
        text
    }

    /// The value of a key that takes a number, or a whole number; `None` for any other.
    pub fn number(&self, key: &str) -> Option<f64> {
        match &table::find_key(key)?.kind {
            ValueKind::Number { get, .. } => Some(get(self)),
            ValueKind::Whole { get, .. } => Some(get(self) as f64),
            ValueKind::Flag { .. } | ValueKind::Text { .. } | ValueKind::Texts { .. } => None,
        }
    }

    /// Every key whose value is not the default's, with the value as TOML.
    pub fn differences_from_default(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let values = table::config_keys().map(|key| (key.path, key.value_as_toml(self), key.value_as_toml(&default)));
        values.filter(|(_, value, default)| value != default).map(|(path, value, _)| (path, value)).collect()
    }

    /// Every key with its value as TOML.
    pub fn key_values(&self) -> Vec<(&'static str, String)> {
        table::config_keys().map(|key| (key.path, key.value_as_toml(self))).collect()
    }

    /// The part of [`to_toml`](Self::to_toml) that is about one key, `optimizer.lr`, or one table, `optimizer`.
    ///
    /// # Errors
    /// When there is no such key or table: names the nearest.
    pub fn to_toml_of(&self, name: &str) -> Result<String, ConfigError> {
        let mut text = String::new();
        if let Some(table) = KEY_TABLES.iter().find(|table| table.name == name) {
            self.write_table(&mut text, table);
        } else if let Some(key) = table::find_key(name) {
            let _ = writeln!(text, "{}{} = {}", describe_key(key), key.path, key.value_as_toml(self));
        } else {
            return Err(ConfigError::in_file("gradtop config", read::unknown_path(name)));
        }
        Ok(text)
    }

    fn write_table(&self, text: &mut String, table: &KeyTable) {
        let _ = writeln!(text, "{}[{}]", format_comment(table.about), table.name);
        for (position, key) in table.keys.iter().enumerate() {
            let gap = if position > 0 { "\n" } else { "" };
            let _ = writeln!(text, "{gap}{}{} = {}", describe_key(key), key.name(), key.value_as_toml(self));
        }
    }

    /// Samples in a minibatch: as many as were chosen, or the usual number where the data have as many.
    pub fn batch_size(&self) -> BatchSize {
        let size = self.run.batch_size;
        if self.locate(BATCH_SIZE_KEY).is_some() { BatchSize::Exactly(size) } else { BatchSize::AtMost(size) }
    }

    /// Whether the network and the minibatches fit the data.
    ///
    /// # Errors
    /// What does not fit, shown where it was written.
    pub fn check(&self, data: &DatasetOutline) -> Result<(), ConfigError> {
        let samples = data.train;
        let batch_size = self.batch_size().for_samples(samples);
        if batch_size > samples {
            return Err(self.error_at_key("run.batch_size", BatchSizeError { batch_size, samples }.to_string()));
        }
        let placed = self.model.check_shapes(&Shape::new(data.shape.clone()), data.classes.len(), batch_size);
        placed.and_then(|layers| check_minibatch(&layers, batch_size)).map_err(|error| self.error_of_network(&error))
    }

    /// Where the value of a key such as `run.batch_size` was written; `None` if it has its default.
    pub fn locate(&self, key: &str) -> Option<&Location> {
        self.origins.values.iter().find(|(path, _)| *path == key).map(|(_, location)| location)
    }

    /// Where a layer was written, counted from 0; `None` if the layers are the default ones.
    pub fn locate_layer(&self, layer: usize) -> Option<&Location> {
        self.origins.layers.get(layer)
    }

    /// The error that shows `key` where it was written; for what can be judged only later, with the data at hand.
    pub fn error_at_key(&self, key: &str, message: impl Into<String>) -> ConfigError {
        ConfigError::new(vec![self.problem_at_key(key, message.into())])
    }

    /// The error that shows the layer of a network that can't be built where it was written; without one, all layers.
    pub fn error_of_network(&self, error: &BuildError) -> ConfigError {
        let (place, remedy) = (self.place_of_layer(error.layer), error.remedy().map(Into::into));
        ConfigError::new(vec![ConfigProblem { place, message: error.message().into(), remedy }])
    }

    /// The error that shows a layer where it was written; without one, all layers.
    pub fn error_at_layer(&self, layer: Option<usize>, message: impl Into<String>) -> ConfigError {
        let place = self.place_of_layer(layer);
        ConfigError::new(vec![ConfigProblem { place, message: message.into(), remedy: None }])
    }

    fn place_of_layer(&self, layer: Option<usize>) -> ProblemPlace {
        match layer.and_then(|layer| self.locate_layer(layer)) {
            Some(location) => ProblemPlace::At(location.clone()),
            None => self.place_of_key(LAYERS_KEY),
        }
    }

    fn problem_at_key(&self, key: &str, message: String) -> ConfigProblem {
        ConfigProblem { place: self.place_of_key(key), message, remedy: None }
    }

    fn place_of_key(&self, key: &str) -> ProblemPlace {
        match self.locate(key) {
            Some(location) => ProblemPlace::At(location.clone()),
            None => ProblemPlace::Default(key.into()),
        }
    }
}

/// What stands at the top of a written configuration.
const FILE_HEADING: &str = "\
# A run of gradtop: every key with its value. A file needs only what it changes.
#     gradtop train --config FILE --set optimizer.lr=1e-3
";

/// As [`FILE_HEADING`], of the default configuration.
const DEFAULT_FILE_HEADING: &str = "\
# The default run of gradtop: every key with its default value. A file needs
# only what it changes.
#     gradtop train --config FILE --set optimizer.lr=1e-3
";

/// Longest line of a comment, in characters.
const COMMENT_COLUMNS: usize = 80;

/// What a key means and takes, as a comment.
fn describe_key(key: &ConfigKey) -> String {
    format_comment(&format!("{}. Valid: {}.", key.about, key.valid_values()))
}

/// `text` as lines of a comment.
fn format_comment(text: &str) -> String {
    let mut lines = String::from("#");
    let mut width = 1;
    for word in text.split_whitespace() {
        let length = word.chars().count() + 1;
        if width + length > COMMENT_COLUMNS {
            lines.push_str("\n#");
            width = 1;
        }
        lines.push(' ');
        lines.push_str(word);
        width += length;
    }
    lines.push('\n');
    lines
}

/// Where values were written.
///
/// All are equal: where a value was written does not change what it is.
#[derive(Clone, Debug, Default)]
struct ValueOrigins {
    values: Vec<(&'static str, Location)>,
    /// The elements of `model.layers`.
    layers: Vec<Location>,
}

impl PartialEq for ValueOrigins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
