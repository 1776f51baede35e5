//! The experiments that come with the program: a configuration each, beneath a file and the command line.

use super::ConfigError;
use crate::text::{Safe, nearest};

/// A configuration that comes with the program.
#[derive(Debug)]
pub struct Preset {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it trains, in one sentence.
    pub about: &'static str,
    /// What a run comes to, where no row of the exercise's table says it.
    pub expected: Option<&'static str>,
    /// The data that it is made for.
    pub data: PresetData,
    /// Its keys, as a file has them.
    pub text: &'static str,
}

/// Data that a preset is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetData {
    /// 50,000 training and 10,000 test images of 32 × 32 pixels in colour, in ten classes; they do not come with the
    /// program.
    Cifar10,
    /// Points in the plane, which the program draws; the preset names the problem.
    Plane,
}

impl PresetData {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Plane => "points in the plane",
        }
    }

    /// Shape of one sample.
    pub const fn shape(self) -> &'static [usize] {
        match self {
            Self::Cifar10 => &[3, 32, 32],
            Self::Plane => &[2],
        }
    }

    /// Number of classes.
    pub const fn classes(self) -> usize {
        match self {
            Self::Cifar10 => 10,
            Self::Plane => 2,
        }
    }

    /// Where it can be had, and what to do with it.
    pub const fn how_to_get(self) -> &'static str {
        match self {
            Self::Cifar10 => {
                "get https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz (162 MB) and name it, packed as it is, with \
                 --data PATH"
            }
            Self::Plane => "the program draws them; `gradtop --preset spirals` shows the boundary bend",
        }
    }
}

macro_rules! preset {
    ($name:literal, $about:literal) => {
        preset!($name, $about, None)
    };
    ($name:literal, $about:literal, $expected:expr) => {
        preset!(Cifar10, $name, $about, $expected)
    };
    ($data:ident, $name:literal, $about:literal, $expected:expr) => {
        Preset {
            name: $name,
            about: $about,
            expected: $expected,
            data: PresetData::$data,
            text: include_str!(concat!("presets/", $name, ".toml")),
        }
    };
}

/// Every preset: the rows of the original exercise in the order of its table, then those that beat them, then those to
/// watch.
pub const PRESETS: &[Preset] = &[
    preset!("mlp-100", "the array MLP: one hidden layer of 100, weights from a normal distribution of 1e-4, SGD 2e-3"),
    preset!("mlp-10", "the array MLP with a hidden layer of 10"),
    preset!("mlp-200", "the array MLP with a hidden layer of 200, SGD 1e-3"),
    preset!("mlp-80-50", "the array MLP with hidden layers of 80 and 50, SGD 1e-5, which is too slow to learn"),
    preset!("torch-mlp-100", "the framework's MLP: as mlp-100, weights and biases as PyTorch draws them"),
    preset!("torch-mlp-10", "the framework's MLP with a hidden layer of 10"),
    preset!("torch-mlp-200", "the framework's MLP with a hidden layer of 200, SGD 1e-3"),
    preset!("torch-mlp-80-50", "the framework's MLP with hidden layers of 80 and 50, SGD 1e-5"),
    preset!("torch-mlp-500-300", "the framework's MLP with hidden layers of 500 and 300, SGD 1e-3"),
    preset!("torch-mlp-300", "the framework's MLP with a hidden layer of 300, SGD 1e-5"),
    preset!("torch-mlp-300-adam", "the framework's MLP with a hidden layer of 300, Adam 1e-3 with L2 1e-2"),
    preset!("torch-mlp-500-300-adam", "the framework's MLP with hidden layers of 500 and 300, Adam 1e-3 with L2 1e-2"),
    preset!(
        "torch-mlp-600-300-100-adam",
        "the framework's MLP with hidden layers of 600, 300 and 100, Adam 1e-4 with L2 1e-2"
    ),
    preset!("cnn", "the CNN: eight 3×3 convolutions with batch normalization, five max pools, Adam 1e-4"),
    preset!(
        "mlp-tuned",
        "an MLP that beats those above: 1024, 512 and 256 with batch normalization and dropout, AdamW, 20 epochs of \
         augmented images",
        Some("61 %, loss 1.10 (the exercise's best MLP: 53.6 published, 51.0 reference)")
    ),
    preset!(
        "resnet",
        "a small residual network against the CNN: SGD with Nesterov's momentum on one cycle, label smoothing, 12 epochs \
         of augmented images",
        Some("85.7 %, loss 0.48 (the exercise's CNN: 77.1 published, 75.2 reference)")
    ),
    preset!(
        "sprint",
        "four convolutions, each followed by a max pool, in two epochs: over 75 % in about a minute",
        Some("76.7 %, loss 0.67")
    ),
    preset!(Plane, "spirals", "three arms of a spiral, two hidden layers of 16 units, Adam 8e-3", Some("about 98 %")),
    preset!(Plane, "circles", "a circle around a circle, two hidden layers of 16 units", Some("about 100 %")),
    preset!(Plane, "xor", "four fields of a chessboard, two hidden layers of 16 units", Some("about 98 %")),
    preset!(
        Plane,
        "moons",
        "two half circles that reach into each other, two hidden layers of 16 units",
        Some("about 99 %")
    ),
];

impl Preset {
    /// The preset called `name`.
    ///
    /// # Errors
    /// When there is none; names the nearest.
    pub fn find(name: &str) -> Result<&'static Self, ConfigError> {
        PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
            let near = nearest(name, PRESETS.iter().map(|preset| preset.name));
            let hint = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let message = format!("unknown preset \"{}\"; {hint}`gradtop presets` lists them", Safe(name));
            ConfigError::in_file("--preset", message)
        })
    }
}
