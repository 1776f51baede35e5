//! Layers as data: what each is called, what it computes with which settings, and what part it plays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Setting;

/// One layer of the network. Everything else that is said of a layer names it by its place in [`RunInfo::layers`].
///
/// [`RunInfo::layers`]: super::RunInfo::layers
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerInfo {
    /// Where it is in the network, as the framework names it: `3`, `body.0.conv1`.
    pub path: String,
    /// Path of the layer that it is part of, where that is in the list too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it computes, with its settings.
    #[serde(flatten)]
    pub kind: LayerKind,
    /// The part that it plays.
    #[serde(default)]
    pub role: LayerRole,
    /// Shape of one sample at its input, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<usize>>,
    /// Shape of one sample at its output, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Vec<usize>>,
    /// Number of its own trained values, where it is known: those of a layer in the list that is part of it are not
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Kind and settings for people: `conv 8 3x3 pad 1`. Nothing may be read out of it.
    #[serde(default)]
    pub text: String,
    /// What it computes in symbols, where the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equations: Option<LayerEquations>,
}

/// What a layer computes, with its settings. Kinds with which a viewer computes are typed; every other kind is a word
/// with its settings, and what matters of it is its [`LayerRole`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "PlainKind", into = "PlainKind")]
pub enum LayerKind {
    /// y = x Wᵀ + b.
    Linear {
        /// Number of outputs.
        units: usize,
    },
    /// Cross-correlation of an image with a kernel for each channel of the output.
    Conv {
        /// Channels of the output.
        channels: usize,
        /// Height and width of the kernel.
        kernel: [usize; 2],
        /// Step of the kernel down and to the right.
        stride: [usize; 2],
        /// Zeros above and left of the image. Below and right of it are as many, or where the shapes say so one more.
        pad: [usize; 2],
    },
    /// Mean 0 and variance 1 over the batch, then scaled and shifted.
    BatchNorm,
    /// Anything else.
    Other {
        /// Its word: `relu`, `LSTM`.
        kind: String,
        /// Its settings.
        settings: BTreeMap<String, Setting>,
    },
}

/// The part that a layer plays in its network, whatever it computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerRole {
    /// It multiplies by trained weights.
    Weights,
    /// It bends each value by itself.
    Activation,
    /// It moves and scales values to a common mean and spread.
    Normalization,
    /// It makes one value of neighbouring places.
    Pooling,
    /// It acts while training only, so that the network generalizes.
    Regularization,
    /// It gives the same values in the same order another shape.
    Shape,
    /// It holds other layers.
    Block,
    /// It mixes the places of a sequence.
    Attention,
    /// It looks rows of a table up.
    Embedding,
    /// None of these, or one that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

impl LayerRole {
    /// Whether each value that comes out belongs to the same place as at the input.
    pub const fn keeps_places(self) -> bool {
        matches!(self, Self::Activation | Self::Normalization | Self::Regularization | Self::Shape)
    }
}

/// What a layer computes, in the symbols of the mathematics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerEquations {
    /// y from x.
    #[serde(default)]
    pub forward: Vec<String>,
    /// The gradients from dy = ∂L/∂y.
    #[serde(default)]
    pub backward: Vec<String>,
    /// What the symbols mean that no other layer has.
    #[serde(default)]
    pub symbols: String,
}

/// The form in which a kind travels.
#[derive(Serialize, Deserialize)]
struct PlainKind {
    kind: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, Setting>,
}

/// The words of the kinds with which a viewer computes.
const LINEAR: &str = "linear";
const CONV: &str = "conv";
const BATCH_NORM: &str = "batchnorm";

impl From<PlainKind> for LayerKind {
    fn from(plain: PlainKind) -> Self {
        Self::from_word(&plain.kind, plain.settings)
    }
}

impl LayerKind {
    /// Its word.
    pub fn word(&self) -> &str {
        match self {
            Self::Linear { .. } => LINEAR,
            Self::Conv { .. } => CONV,
            Self::BatchNorm => BATCH_NORM,
            Self::Other { kind, .. } => kind,
        }
    }

    /// The kind of this word with these settings. With settings that are missing, of another type or not known here it
    /// is any other kind: what was computed without them would be false.
    pub fn from_word(kind: &str, settings: BTreeMap<String, Setting>) -> Self {
        let count = |name: &str| match settings.get(name)? {
            Setting::Count(count) => usize::try_from(*count).ok(),
            _ => None,
        };
        let pair = |name: &str| match settings.get(name)? {
            Setting::Count(count) => usize::try_from(*count).ok().map(|count| [count; 2]),
            Setting::List(list) => match list.as_slice() {
                [Setting::Count(down), Setting::Count(across)] => {
                    Some([usize::try_from(*down).ok()?, usize::try_from(*across).ok()?])
                }
                _ => None,
            },
            _ => None,
        };
        let pair_or =
            |name: &str, default: usize| if settings.contains_key(name) { pair(name) } else { Some([default; 2]) };
        let conv = || {
            let (channels, kernel) = (count("channels")?, pair("kernel")?);
            Some(Self::Conv { channels, kernel, stride: pair_or("stride", 1)?, pad: pair_or("pad", 0)? })
        };
        let only = |names: &[&str]| settings.keys().all(|key| names.contains(&key.as_str()));
        let known = match kind {
            LINEAR if only(&["units"]) => count("units").map(|units| Self::Linear { units }),
            CONV if only(&["channels", "kernel", "stride", "pad"]) => conv(),
            BATCH_NORM if settings.is_empty() => Some(Self::BatchNorm),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other { kind: kind.into(), settings })
    }
}

impl From<LayerKind> for PlainKind {
    fn from(kind: LayerKind) -> Self {
        let count = |count: usize| Setting::Count(count as u64);
        let pair = |pair: [usize; 2]| Setting::List(pair.map(count).to_vec());
        let plain = |kind: &str, settings: &[(&str, Setting)]| Self {
            kind: kind.into(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        match kind {
            LayerKind::Linear { units } => plain(LINEAR, &[("units", count(units))]),
            LayerKind::Conv { channels, kernel, stride, pad } => plain(
                CONV,
                &[
                    ("channels", count(channels)),
                    ("kernel", pair(kernel)),
                    ("stride", pair(stride)),
                    ("pad", pair(pad)),
                ],
            ),
            LayerKind::BatchNorm => plain(BATCH_NORM, &[]),
            LayerKind::Other { kind, settings } => Self { kind, settings },
        }
    }
}
