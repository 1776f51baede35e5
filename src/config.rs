//! What a run is made from: the configuration's data, its defaults, and reading it from a file and the command line.
//!
//! A value comes from the default, a preset, a file, or `--set key=value`, the later winning. Every value that was
//! written remembers where, so that what turns out wrong later (a layer that does not fit the data) still points at it.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

mod keys;
mod location;
mod presets;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub use location::{ConfigError, Location};
pub use presets::{PRESETS, Preset, PresetData};

use crate::dataset::{BatchSizeError, DataSpec, DatasetOutline};
use crate::nn::{Init, LayerSpec, NetworkSpec, Shape, layers::activation::Relu};
use crate::optim::{OptimizerSpec, Schedule};
use location::{ConfigProblem, ProblemPlace};
use table::{CONFIG_KEYS, KEY_TABLES};

/// Everything that a run is made from. Its default is the default run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How long, and how often to look.
    pub run: RunSettings,
    /// What to train on.
    pub data: DataSpec,
    /// The network.
    pub model: NetworkSpec,
    /// How the weights follow the gradient.
    pub optimizer: OptimizerSettings,
    /// How the learning rate changes with the step.
    pub schedule: Schedule,
    /// The dashboard.
    pub ui: DashboardSettings,
    origins: ValueOrigins,
}

/// How long a run is, and how often it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Name of the run, for people; harmless to show.
    pub name: String,
    /// Seed from which every random number follows.
    pub seed: u64,
    /// Passes over the training data, at least 1.
    pub epochs: u64,
    /// Minibatches instead of whole epochs; 0 in the file is `None`, whole epochs.
    pub steps: Option<u64>,
    /// Samples in a minibatch, at least 1.
    pub batch_size: usize,
    /// Minibatches between two evaluations; 0 in the file is `None`, once an epoch.
    pub evaluate_every: Option<u64>,
    /// Minibatches between two measurements of norms, at least 1.
    pub probe_every: u64,
    /// Threads that compute; 0 in the file is `None`, one for each core.
    pub threads: Option<NonZeroUsize>,
}

/// The optimizer, every setting of every kind: those that the kind does not use are there and ignored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerSettings {
    /// Which rule.
    pub kind: OptimizerKind,
    /// Learning rate before the schedule, above 0.
    pub learning_rate: f64,
    /// Momentum of SGD and `RMSprop`, from 0 to below 1.
    pub momentum: f64,
    /// Nesterov's momentum for SGD.
    pub nesterov: bool,
    /// Decay rate of `RMSprop`'s mean of squared gradients, from 0 to below 1.
    pub alpha: f64,
    /// Decay rate of Adam's mean of gradients, from 0 to below 1.
    pub beta1: f64,
    /// Decay rate of Adam's mean of squared gradients, from 0 to below 1.
    pub beta2: f64,
    /// What `RMSprop` and Adam add to the denominator, above 0.
    pub epsilon: f64,
    /// Weight decay: added to the gradient for SGD, `RMSprop` and Adam, apart from it for `AdamW`.
    pub weight_decay: f64,
    /// Norm to which the whole gradient is clipped; 0 in the file is `None`, never.
    pub clip_norm: Option<f64>,
    /// Decay of the moving average of the weights that evaluations use; 0 in the file is `None`, the weights
    /// themselves.
    pub ema: Option<f64>,
}

impl OptimizerSettings {
    /// The settings that its kind uses.
    pub fn optimizer_spec(&self) -> OptimizerSpec {
        let Self { momentum, nesterov, alpha, beta1, beta2, epsilon, weight_decay, .. } = *self;
        match self.kind {
            OptimizerKind::Sgd => OptimizerSpec::Sgd { momentum, nesterov, weight_decay },
            OptimizerKind::RmsProp => OptimizerSpec::RmsProp { alpha, epsilon, momentum, weight_decay },
            OptimizerKind::Adam => OptimizerSpec::Adam { beta1, beta2, epsilon, weight_decay },
            OptimizerKind::AdamW => OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay },
        }
    }
}

/// Which rule moves the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Stochastic gradient descent.
    Sgd,
    /// `RMSprop`.
    RmsProp,
    /// Adam.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

impl OptimizerKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Sgd, Self::RmsProp, Self::Adam, Self::AdamW];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::RmsProp => "rmsprop",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
        }
    }
}

/// The dashboard's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct DashboardSettings {
    /// Most frames a second, at least 1.
    pub fps: u32,
    /// Colours.
    pub theme: ThemeChoice,
    /// How images are shown that are shrunk.
    pub pictures: PictureChoice,
    /// Minibatches a second of a run that was started for watching, above 0.
    pub throttle: f64,
}

/// The dashboard's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// What the terminal's background asks for.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
}

impl ThemeChoice {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Dark, Self::Light];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

/// How the dashboard shows images that half blocks would have to shrink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureChoice {
    /// As well as the terminal says that it can.
    #[default]
    Auto,
    /// In half blocks, like everything else.
    Blocks,
    /// With kitty's graphics protocol.
    Kitty,
    /// As sixel graphics.
    Sixel,
}

impl PictureChoice {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Blocks, Self::Kitty, Self::Sixel];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Blocks => "blocks",
            Self::Kitty => "kitty",
            Self::Sixel => "sixel",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            run: RunSettings {
                name: "fashion-mnist".into(),
                seed: 0,
                epochs: 20,
                steps: None,
                batch_size: 64,
                evaluate_every: None,
                probe_every: 10,
                threads: None,
            },
            data: DataSpec::default(),
            model: NetworkSpec {
                layers: vec![
                    LayerSpec::Linear { units: 256 },
                    Relu.into(),
                    LayerSpec::Linear { units: 128 },
                    Relu.into(),
                    LayerSpec::Linear { units: 10 },
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
            ui: DashboardSettings { fps: 30, theme: ThemeChoice::Auto, pictures: PictureChoice::Auto, throttle: 40.0 },
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
        let file = file.map(read::read_file).transpose()?;
        let file = file.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::from_layers(preset, file, sets)
    }

    /// As [`load`](Self::load), from the `text` of a file called `name`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_toml_str(name: &str, text: &str, sets: &[String]) -> Result<Self, ConfigError> {
        Self::from_layers(None, Some((name, text)), sets)
    }

    fn from_layers(preset: Option<&Preset>, file: Option<(&str, &str)>, sets: &[String]) -> Result<Self, ConfigError> {
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
        reader.finish()
    }

    /// The file that would give this configuration: every key, each with its meaning and its valid values.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(FILE_HEADING);
        for table in KEY_TABLES {
            let _ = write!(text, "\n{}[{}]\n", format_comment(table.about), table.name);
            for (position, key) in CONFIG_KEYS.iter().filter(|key| key.table_name() == table.name).enumerate() {
                let gap = if position > 0 { "\n" } else { "" };
                let about = format_comment(&format!("{}. Valid: {}.", key.about, key.valid_values()));
                let _ = writeln!(text, "{gap}{about}{} = {}", key.name(), key.value_as_toml(self));
            }
        }
        text
    }

    /// Whether the network and the minibatches fit the data.
    ///
    /// # Errors
    /// What does not fit, shown where it was written.
    pub fn check(&self, data: &DatasetOutline) -> Result<(), ConfigError> {
        let (batch_size, samples) = (self.run.batch_size, data.train);
        if batch_size > samples {
            return Err(self.error_at_key("run.batch_size", BatchSizeError { batch_size, samples }.to_string()));
        }
        match self.model.check_shapes(&Shape::new(data.shape.clone()), data.classes.len(), batch_size) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.error_at_layer(error.layer, error.message())),
        }
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

    /// The error that shows a layer, counted from 0, where it was written; without a number, all layers.
    pub fn error_at_layer(&self, layer: Option<usize>, message: impl Into<String>) -> ConfigError {
        match layer.and_then(|layer| self.locate_layer(layer)) {
            Some(at) => {
                ConfigError::new(vec![ConfigProblem { place: ProblemPlace::At(at.clone()), message: message.into() }])
            }
            None => self.error_at_key("model.layers", message),
        }
    }

    fn problem_at_key(&self, key: &str, message: String) -> ConfigProblem {
        let place = match self.locate(key) {
            Some(location) => ProblemPlace::At(location.clone()),
            None => ProblemPlace::Default(key.into()),
        };
        ConfigProblem { place, message }
    }
}

/// What stands at the top of a written configuration.
const FILE_HEADING: &str = "\
# The default run of gradtop: every key with its default value. A file needs only what it changes.
#     gradtop train --config FILE --set optimizer.lr=1e-3
";

/// Longest line of a comment, in characters.
const COMMENT_COLUMNS: usize = 100;

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
