//! The tables and keys themselves.

use std::num::NonZeroUsize;

use super::keys::{ConfigKey, KeyTable, ValueKind};
use super::words::{choose, set_name, set_source};
use super::{Config, OptimizerKind, PictureChoice, ThemeChoice};
use crate::dataset::{Augmentations, HeaderRow, LabelColumn, Preprocessing};
use crate::optim::{self, Range, SettingError};
use crate::train::THROTTLE;

/// The tables in the order of `config.toml`.
pub(super) const KEY_TABLES: &[KeyTable] = &[
    KeyTable { name: "run", about: "How long, and how often to look." },
    KeyTable { name: "data", about: "What to train on." },
    KeyTable {
        name: "model",
        about: "The network. Its last layer has one unit for each class; softmax and cross entropy follow by themselves.",
    },
    KeyTable { name: "optimizer", about: "How the weights follow the gradient." },
    KeyTable { name: "schedule", about: "How the learning rate changes with the step." },
    KeyTable { name: "ui", about: "The dashboard; nothing here changes what is trained." },
];

/// The path of the layers' key.
pub(super) const LAYERS_KEY: &str = "model.layers";

/// The keys in the order of `config.toml`.
pub(super) const CONFIG_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "run.name",
        about: "Name of the run, for people",
        kind: ValueKind::Text {
            values: "a text of 1 to 64 characters that can be shown",
            get: |c| c.run.name.clone(),
            set: set_name,
        },
    },
    ConfigKey {
        path: "run.seed",
        about: "Seed from which every random number of the run follows",
        kind: ValueKind::Whole { min: 0, max: i64::MAX as u64, get: |c| c.run.seed, set: |c, v| c.run.seed = v },
    },
    ConfigKey {
        path: "run.epochs",
        about: "Passes over the training data",
        kind: ValueKind::Whole { min: 1, max: 1_000_000, get: |c| c.run.epochs, set: |c, v| c.run.epochs = v },
    },
    ConfigKey {
        path: "run.steps",
        about: "Minibatches to train instead of whole epochs; 0 is whole epochs",
        kind: ValueKind::Whole {
            min: 0,
            max: 1_000_000_000,
            get: |c| c.run.steps.unwrap_or(0),
            set: |c, v| c.run.steps = (v > 0).then_some(v),
        },
    },
    ConfigKey {
        path: "run.batch_size",
        about: "Samples in a minibatch; at most as many as the training data has",
        kind: ValueKind::Whole {
            min: 1,
            max: 1_000_000,
            get: |c| c.run.batch_size as u64,
            set: |c, v| c.run.batch_size = v as usize,
        },
    },
    ConfigKey {
        path: "run.evaluate_every",
        about: "Minibatches between two evaluations on the test data; 0 is once an epoch",
        kind: ValueKind::Whole {
            min: 0,
            max: 1_000_000_000,
            get: |c| c.run.evaluate_every.unwrap_or(0),
            set: |c, v| c.run.evaluate_every = (v > 0).then_some(v),
        },
    },
    ConfigKey {
        path: "run.probe_every",
        about: "Minibatches between two measurements of gradient, weight and update norms",
        kind: ValueKind::Whole {
            min: 1,
            max: 1_000_000_000,
            get: |c| c.run.probe_every,
            set: |c, v| c.run.probe_every = v,
        },
    },
    ConfigKey {
        path: "run.threads",
        about: "Threads that compute; 0 is one for each core. The result does not depend on it",
        kind: ValueKind::Whole {
            min: 0,
            max: 256,
            get: |c| c.run.threads.map_or(0, |threads| threads.get() as u64),
            set: |c, v| c.run.threads = NonZeroUsize::new(v as usize),
        },
    },
    ConfigKey {
        path: "data.source",
        about: "The built-in part of Fashion-MNIST, a toy problem in two dimensions, or a path: a folder with four IDX \
                files (train-images-idx3-ubyte, …), CIFAR-10 or CIFAR-100 in binary form as a folder or .tar.gz, a .csv \
                file or a folder with train.csv and test.csv, a folder with train_x.npy, train_y.npy, test_x.npy and \
                test_y.npy, or a folder with a folder of PNG or JPEG images for each class, below train and test or not",
        kind: ValueKind::Text {
            values: "\"fashion-mnist\", \"circles\", \"xor\", \"gaussians\", \"spirals\", \"moons\", or the path of a file or \
                     folder",
            get: |c| c.data.source.to_string(),
            set: set_source,
        },
    },
    ConfigKey {
        path: "data.preprocessing",
        about: "What is done to every value, as learnt from the training data: nothing (pixels are 0 to 255); scaled to \
                0 to 1; mean 0 and deviation 1 for each channel or column; or minus the mean at the same place, without \
                a division",
        kind: ValueKind::Text {
            values: "\"none\", \"scale\", \"standardize\", \"mean_image\"",
            get: |c| c.data.preprocessing.to_string(),
            set: |c, text| {
                choose(text, Preprocessing::ALL, Preprocessing::name).map(|kind| c.data.preprocessing = kind)
            },
        },
    },
    ConfigKey {
        path: "data.augment",
        about: "What is done to training images anew in every epoch: mirroring every other one, shifting by up to \
                PADDING pixels, setting a square of SIZE pixels to 0",
        kind: ValueKind::Texts {
            values: "\"flip\", \"crop PADDING\", \"cutout SIZE\", each at most once",
            least: 0,
            most: 3,
            get: |c| c.data.augment.list().map(|augmentation| augmentation.to_string()).collect(),
            clear: |c| c.data.augment = Augmentations::default(),
            push: |c, text| {
                text.parse().and_then(|augmentation| c.data.augment.push(augmentation)).map_err(|e| e.to_string())
            },
        },
    },
    ConfigKey {
        path: "data.label_column",
        about: "Column of a CSV file that holds the label",
        kind: ValueKind::Text {
            values: "\"last\", its number from 0, or its name",
            get: |c| c.data.label_column.to_string(),
            set: |c, text| {
                c.data.label_column = LabelColumn::parse(text);
                Ok(())
            },
        },
    },
    ConfigKey {
        path: "data.header",
        about: "Whether the first row of a CSV file names its columns; \"auto\" is yes if the label is chosen by name, or \
                if no other field of that row is a number",
        kind: ValueKind::Text {
            values: "\"auto\", \"yes\", \"no\"",
            get: |c| c.data.header.name().into(),
            set: |c, text| choose(text, HeaderRow::ALL, HeaderRow::name).map(|header| c.data.header = header),
        },
    },
    ConfigKey {
        path: "data.test_share",
        about: "Share of each class that is kept for testing where the data have no test part of their own",
        kind: ValueKind::Number {
            range: || Range { min: 0.0, min_included: false, max: 1.0, max_included: false },
            get: |c| c.data.test_share,
            set: |c, v| c.data.test_share = v,
        },
    },
    ConfigKey {
        path: "data.samples",
        about: "Points of a toy problem, for training and testing together",
        kind: ValueKind::Whole {
            min: 10,
            max: 1_000_000,
            get: |c| c.data.samples as u64,
            set: |c, v| c.data.samples = v as usize,
        },
    },
    ConfigKey {
        path: "data.noise",
        about: "Standard deviation by which the points of a toy problem are displaced",
        kind: ValueKind::Number {
            range: || Range { min: 0.0, min_included: true, max: 10.0, max_included: true },
            get: |c| c.data.noise,
            set: |c, v| c.data.noise = v,
        },
    },
    ConfigKey {
        path: "data.seed",
        about: "Seed of toy problems and of what is kept for testing; apart from run.seed, so that runs with different \
                seeds see the same data",
        kind: ValueKind::Whole { min: 0, max: i64::MAX as u64, get: |c| c.data.seed, set: |c, v| c.data.seed = v },
    },
    ConfigKey {
        path: LAYERS_KEY,
        about: "The layers in the order of the forward pass",
        kind: ValueKind::Texts {
            values: "\"linear UNITS\", \"conv CHANNELS HEIGHTxWIDTH [stride N] [pad N]\", \"batchnorm\", \
                     \"maxpool SIZE [stride N] [pad N]\", \"avgpool SIZE [stride N] [pad N]\", \"global_avgpool\", \
                     \"flatten\", \"dropout PROBABILITY\", \"residual [LAYER, …]\", and activations: \"relu\", \
                     \"leaky_relu SLOPE\", \"gelu\", \"tanh\", … (a wrong word lists them all)",
            least: 1,
            most: 256,
            get: |c| c.model.layers.iter().map(ToString::to_string).collect(),
            clear: |c| c.model.layers.clear(),
            push: |c, text| text.parse().map(|layer| c.model.layers.push(layer)).map_err(|e| e.to_string()),
        },
    },
    ConfigKey {
        path: "model.init",
        about: "How weights begin: PyTorch's default, He, Xavier, or normal with a standard deviation",
        kind: ValueKind::Text {
            values: "\"pytorch\", \"he\", \"xavier\", \"normal STD\"",
            get: |c| c.model.init.to_string(),
            set: |c, text| text.parse().map(|init| c.model.init = init).map_err(|e| format!("{e}")),
        },
    },
    ConfigKey {
        path: "model.label_smoothing",
        about: "Share of the target that is spread evenly over all classes while training",
        kind: ValueKind::Number {
            range: || Range::below(0.0, 1.0),
            get: |c| c.model.label_smoothing,
            set: |c, v| c.model.label_smoothing = v,
        },
    },
    ConfigKey {
        path: "optimizer.kind",
        about: "Which rule moves the weights",
        kind: ValueKind::Text {
            values: "\"sgd\", \"rmsprop\", \"adam\", \"adamw\"",
            get: |c| c.optimizer.kind.name().into(),
            set: |c, text| choose(text, OptimizerKind::ALL, OptimizerKind::name).map(|kind| c.optimizer.kind = kind),
        },
    },
    ConfigKey {
        path: "optimizer.lr",
        about: "Learning rate, before the schedule",
        kind: ValueKind::Number {
            range: || optimizer_range("lr"),
            get: |c| c.optimizer.learning_rate,
            set: |c, v| c.optimizer.learning_rate = v,
        },
    },
    ConfigKey {
        path: "optimizer.momentum",
        about: "Momentum of sgd and rmsprop",
        kind: ValueKind::Number {
            range: || optimizer_range("momentum"),
            get: |c| c.optimizer.momentum,
            set: |c, v| c.optimizer.momentum = v,
        },
    },
    ConfigKey {
        path: "optimizer.nesterov",
        about: "Whether the momentum of sgd looks ahead (Nesterov)",
        kind: ValueKind::Flag { get: |c| c.optimizer.nesterov, set: |c, v| c.optimizer.nesterov = v },
    },
    ConfigKey {
        path: "optimizer.alpha",
        about: "Decay rate of the mean of squared gradients, of rmsprop",
        kind: ValueKind::Number {
            range: || optimizer_range("alpha"),
            get: |c| c.optimizer.alpha,
            set: |c, v| c.optimizer.alpha = v,
        },
    },
    ConfigKey {
        path: "optimizer.beta1",
        about: "Decay rate of the mean of gradients, of adam and adamw",
        kind: ValueKind::Number {
            range: || optimizer_range("beta1"),
            get: |c| c.optimizer.beta1,
            set: |c, v| c.optimizer.beta1 = v,
        },
    },
    ConfigKey {
        path: "optimizer.beta2",
        about: "Decay rate of the mean of squared gradients, of adam and adamw",
        kind: ValueKind::Number {
            range: || optimizer_range("beta2"),
            get: |c| c.optimizer.beta2,
            set: |c, v| c.optimizer.beta2 = v,
        },
    },
    ConfigKey {
        path: "optimizer.epsilon",
        about: "What rmsprop, adam and adamw add to the denominator",
        kind: ValueKind::Number {
            range: || optimizer_range("epsilon"),
            get: |c| c.optimizer.epsilon,
            set: |c, v| c.optimizer.epsilon = v,
        },
    },
    ConfigKey {
        path: "optimizer.weight_decay",
        about: "Weight decay: sgd, rmsprop and adam add that share of the weights to the gradient, adamw decays apart \
                from it",
        kind: ValueKind::Number {
            range: || optimizer_range("weight_decay"),
            get: |c| c.optimizer.weight_decay,
            set: |c, v| c.optimizer.weight_decay = v,
        },
    },
    ConfigKey {
        path: "optimizer.clip_norm",
        about: "Norm above which the whole gradient is scaled down to it; 0 is never",
        kind: ValueKind::Number {
            range: || optimizer_range("clip_norm"),
            get: |c| c.optimizer.clip_norm.unwrap_or(0.0),
            set: |c, v| c.optimizer.clip_norm = (v > 0.0).then_some(v),
        },
    },
    ConfigKey {
        path: "optimizer.ema",
        about: "Decay of the moving average of the weights that evaluations use, such as 0.999; 0 evaluates the \
                weights themselves. Training is the same",
        kind: ValueKind::Number {
            range: || Range::below(0.0, 1.0),
            get: |c| c.optimizer.ema.unwrap_or(0.0),
            set: |c, v| c.optimizer.ema = (v > 0.0).then_some(v),
        },
    },
    ConfigKey {
        path: "schedule.lr",
        about: "Factor on the learning rate as a function of the step: the same throughout; times GAMMA after every \
                EVERY steps; times GAMMA over every STEPS steps; or falling from FROM to TO as half a cosine, by default from the end of the warm-up to the \
                end of the run; or rising from `start` over the share `rise` of the run and falling to `end`, as in \
                PyTorch's OneCycleLR. A warm-up lets the rate rise over its first STEPS",
        kind: ValueKind::Text {
            values: "\"constant\", \"step EVERY GAMMA\", \"exponential GAMMA [over STEPS]\", \
                     \"cosine [FROM..TO] [floor SHARE]\", \"one_cycle [rise SHARE] [start SHARE] [end SHARE]\", each with \
                     an optional \"warmup STEPS\" at the end",
            get: |c| c.schedule.to_string(),
            set: |c, text| text.parse().map(|schedule| c.schedule = schedule).map_err(|e| e.to_string()),
        },
    },
    ConfigKey {
        path: "ui.fps",
        about: "Most frames a second",
        kind: ValueKind::Whole { min: 1, max: 240, get: |c| c.ui.fps.into(), set: |c, v| c.ui.fps = v as u32 },
    },
    ConfigKey {
        path: "ui.theme",
        about: "Colours: for a dark or a light background, or what the terminal says of its own",
        kind: ValueKind::Text {
            values: "\"auto\", \"dark\", \"light\"",
            get: |c| c.ui.theme.name().into(),
            set: |c, text| choose(text, ThemeChoice::ALL, ThemeChoice::name).map(|theme| c.ui.theme = theme),
        },
    },
    ConfigKey {
        path: "ui.pictures",
        about: "Images too large for their place: shrunk in half blocks, or whole where the terminal can",
        kind: ValueKind::Text {
            values: "\"auto\", \"blocks\", \"kitty\", \"sixel\"",
            get: |c| c.ui.pictures.name().into(),
            set: |c, text| {
                choose(text, PictureChoice::ALL, PictureChoice::name).map(|pictures| c.ui.pictures = pictures)
            },
        },
    },
    ConfigKey {
        path: "ui.pace",
        about: "Minibatches a second of a bare `gradtop`, which is slowed down for watching",
        kind: ValueKind::Number { range: || THROTTLE, get: |c| c.ui.throttle, set: |c, v| c.ui.throttle = v },
    },
];

/// The key with this path.
pub(super) fn find_key(path: &str) -> Option<&'static ConfigKey> {
    CONFIG_KEYS.iter().find(|key| key.path == path)
}

/// The values that a hyperparameter may take, the same as while a run goes on.
fn optimizer_range(name: &str) -> Range {
    let any = Range { min: f64::MIN, min_included: true, max: f64::MAX, max_included: true };
    optim::hyperparameter_range(name).unwrap_or(any)
}

/// What is wrong with values that are valid each for itself: the key at fault, and why.
pub(super) fn find_contradiction(config: &Config) -> Option<(&'static str, String)> {
    match config.optimizer.optimizer_spec().validate() {
        Err(SettingError::NesterovWithoutMomentum) => {
            Some(("optimizer.nesterov", "needs a momentum, but optimizer.momentum is 0".into()))
        }
        // The others are about single values, which were checked against the same ranges.
        _ => None,
    }
}
