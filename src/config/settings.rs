//! The settings of a run that are not a specification of another module.

use std::num::NonZeroUsize;

use crate::optim::OptimizerSpec;

/// How long a run is, and how often it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// Name of the run, for people; harmless to show. Empty, the run is called after its data: see
    /// [`Config::run_name`](super::Config::run_name).
    pub name: String,
    /// Seed from which every random number follows.
    pub seed: u64,
    /// Passes over the training data, at least 1.
    pub epochs: u64,
    /// Minibatches to plan the run for instead of whole epochs; 0 in the file is `None`, whole epochs.
    pub steps: Option<u64>,
    /// Samples in a minibatch, at least 1; see [`Config::batch_size`](super::Config::batch_size).
    pub batch_size: usize,
    /// Minibatches between two evaluations; 0 in the file is `None`, once an epoch.
    pub evaluate_every: Option<u64>,
    /// Evaluations without an improvement after which the run ends; 0 in the file is `None`, never.
    pub patience: Option<u64>,
    /// Minibatches between two measurements of norms, at least 1.
    pub probe_every: u64,
    /// Threads that compute; 0 in the file is `None`, one for each core.
    pub threads: Option<NonZeroUsize>,
    /// Folder in which runs are recorded, each in a folder of its own.
    pub directory: String,
    /// Command for the shell when a run ends, breaks or pauses by itself; empty for none.
    pub notify: String,
    /// Seconds of training between two checkpoints.
    pub save_seconds: f64,
}

/// Which checkpoints of a run are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepSettings {
    /// The newest, so many, at least 1.
    pub last: u64,
    /// Those with the best test accuracy, so many.
    pub best: u64,
    /// The first at or after each multiple of so many minibatches; 0 in the file is `None`, none of these.
    pub every: Option<u64>,
}

/// How far a run can go back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineSettings {
    /// Most memory that snapshots may take, in MiB; 0 keeps none.
    pub memory: u64,
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
    /// The characters that charts and marks are made of.
    pub glyphs: GlyphChoice,
    /// How images are shown that are shrunk.
    pub pictures: PictureChoice,
    /// Minibatches a second of a run that was started for watching, above 0; `ui.pace` in the file.
    pub throttle: f64,
    /// How attention is drawn to a run that ends, breaks or pauses by itself.
    pub notify: AttentionChoice,
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

/// The characters that the dashboard's charts and marks are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GlyphChoice {
    /// Those that terminal and locale have, as far as they say.
    #[default]
    Auto,
    /// Braille, eighth blocks and symbols.
    Braille,
    /// Half blocks, shades, lines and Latin letters, as the fonts of text consoles have them.
    Blocks,
    /// ASCII.
    Ascii,
}

impl GlyphChoice {
    /// Every set.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Braille, Self::Blocks, Self::Ascii];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Braille => "braille",
            Self::Blocks => "blocks",
            Self::Ascii => "ascii",
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

/// How the terminal draws attention to a run that ends, breaks or pauses by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttentionChoice {
    /// Not at all.
    #[default]
    Off,
    /// With its bell.
    Bell,
    /// With a notification of the desktop, asked for by OSC 9.
    Osc9,
}

impl AttentionChoice {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Off, Self::Bell, Self::Osc9];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Bell => "bell",
            Self::Osc9 => "osc9",
        }
    }
}
