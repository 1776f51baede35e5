//! The tables and keys themselves.

use std::num::NonZeroUsize;

use super::keys::{ConfigKey, KeyTable, ValueKind};
use super::words::{choose, set_name, set_path};
use super::{AttentionChoice, Config, GlyphChoice, PictureChoice, ThemeChoice};
use crate::optim::{Range, SettingError};
use crate::train::{EXPLODING_RANGE, HealthSettings, SPIKE_RANGE, THROTTLE};

mod data;
mod optimizer;

/// The tables in the order of `config.toml`.
pub(super) const KEY_TABLES: &[KeyTable] = &[
    KeyTable { name: "run", about: "How long, and how often to look.", keys: RUN_KEYS },
    KeyTable {
        name: "keep",
        about: "Which checkpoints of a recorded run are kept; the newest always is.",
        keys: KEEP_KEYS,
    },
    KeyTable {
        name: "timeline",
        about: "How a run on the dashboard goes back to any of its steps.",
        keys: TIMELINE_KEYS,
    },
    KeyTable { name: "data", about: "What to train on.", keys: data::KEYS },
    KeyTable {
        name: "model",
        about: "The network. Its last layer has one unit for each class, as `linear classes` has by itself; softmax and \
                cross entropy follow by themselves.",
        keys: MODEL_KEYS,
    },
    KeyTable { name: "optimizer", about: "How the weights follow the gradient.", keys: optimizer::KEYS },
    KeyTable { name: "schedule", about: "How the learning rate changes with the step.", keys: SCHEDULE_KEYS },
    KeyTable {
        name: "health",
        about: "What is said of a training that breaks, and when it stops; nothing here changes what is trained.",
        keys: HEALTH_KEYS,
    },
    KeyTable { name: "ui", about: "The dashboard; nothing here changes what is trained.", keys: UI_KEYS },
];

/// The path of the data's key.
pub(super) const SOURCE_KEY: &str = "data.source";

/// The path of the batch size's key.
pub(super) const BATCH_SIZE_KEY: &str = "run.batch_size";

/// The path of the layers' key.
pub(super) const LAYERS_KEY: &str = "model.layers";

/// The keys of `run`.
const RUN_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "run.name",
        about: "Name of the run, for people; empty, it is called after its data",
        kind: ValueKind::Text {
            values: "a text of at most 64 characters that can be shown",
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
        about: "Minibatches that the run is planned for instead of whole epochs, which its schedule spans; 0 is whole \
                epochs. `gradtop train --steps N` stops after the first N of the run that is planned",
        kind: ValueKind::Whole {
            min: 0,
            max: 1_000_000_000,
            get: |c| c.run.steps.unwrap_or(0),
            set: |c, v| c.run.steps = (v > 0).then_some(v),
        },
    },
    ConfigKey {
        path: BATCH_SIZE_KEY,
        about: "Samples in a minibatch; at most as many as the training data has. Left out, a smaller data set is one \
                minibatch",
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
        path: "run.patience",
        about: "Regular evaluations without a better test accuracy (or, at the same accuracy, a lower loss) after which \
                the run ends, on the weights of the best one; 0 is never",
        kind: ValueKind::Whole {
            min: 0,
            max: 1_000_000,
            get: |c| c.run.patience.unwrap_or(0),
            set: |c, v| c.run.patience = (v > 0).then_some(v),
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
        path: "run.directory",
        about: "Folder in which runs are recorded, each in a folder of its own",
        kind: ValueKind::Text {
            values: "a path",
            get: |c| c.run.directory.clone(),
            set: |c, text| set_path(text).map(|path| c.run.directory = path),
        },
    },
    ConfigKey {
        path: "run.save_seconds",
        about: "Seconds of training between two checkpoints; one is saved at the end too. After a crash at most as much \
                is trained again",
        kind: ValueKind::Number {
            range: || Range::closed(0.01, 1e6),
            get: |c| c.run.save_seconds,
            set: |c, v| c.run.save_seconds = v,
        },
    },
    ConfigKey {
        path: "run.notify",
        about: "Command for the shell when a run ends, breaks or pauses by itself: $GRADTOP_MESSAGE says what happened, \
                $GRADTOP_RUN is the run's name. `gradtop resume` takes it from --set alone, since a recorded run may \
                come from somebody else",
        kind: ValueKind::Text {
            values: "a command; \"\" is none",
            get: |c| c.run.notify.clone(),
            set: |c, text| {
                c.run.notify = text.into();
                Ok(())
            },
        },
    },
];

/// The keys of `keep`.
const KEEP_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "keep.last",
        about: "The newest, so many",
        kind: ValueKind::Whole { min: 1, max: 1_000_000, get: |c| c.keep.last, set: |c, v| c.keep.last = v },
    },
    ConfigKey {
        path: "keep.best",
        about: "Those with the best test accuracy, so many",
        kind: ValueKind::Whole { min: 0, max: 1_000_000, get: |c| c.keep.best, set: |c, v| c.keep.best = v },
    },
    ConfigKey {
        path: "keep.every",
        about: "The first one after each multiple of so many minibatches; 0 is none of these",
        kind: ValueKind::Whole {
            min: 0,
            max: 1_000_000_000,
            get: |c| c.keep.every.unwrap_or(0),
            set: |c, v| c.keep.every = (v > 0).then_some(v),
        },
    },
];

/// The keys of `timeline`.
const TIMELINE_KEYS: &[ConfigKey] = &[ConfigKey {
    path: "timeline.memory",
    about: "Most memory for snapshots of the run, in MiB, from which it goes back; they are dense near the present and \
            sparse in the past. 0 keeps none, and leaves the way back to the checkpoints of a recorded run",
    kind: ValueKind::Whole { min: 0, max: 1_048_576, get: |c| c.timeline.memory, set: |c, v| c.timeline.memory = v },
}];

/// The keys of `model`.
const MODEL_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: LAYERS_KEY,
        about: "The layers in the order of the forward pass",
        kind: ValueKind::Texts {
            values: "\"linear UNITS\", \"linear classes\" as the last, \"conv CHANNELS HEIGHTxWIDTH [stride N] [pad N|HxW|same]\", \
                     \"batchnorm\", \"maxpool SIZE [stride N] [pad N|HxW]\", \"avgpool SIZE [stride N] [pad N|HxW]\", \"global_avgpool\", \
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
];

/// The keys of `schedule`.
const SCHEDULE_KEYS: &[ConfigKey] = &[ConfigKey {
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
}];

/// The keys of `health`.
const HEALTH_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "health.stop",
        about: "Kinds of trouble for which the run pauses by itself, or, where nobody attends it, fails: numbers that are not \
                finite, a loss that explodes, a spike. Without not_finite, minibatches with such numbers are left out and the \
                run goes on, until 100 in a row were",
        kind: ValueKind::Texts {
            values: "\"not_finite\", \"exploding\", \"spike\"",
            least: 0,
            most: HealthSettings::KINDS.len(),
            get: stop_words,
            clear: |c| c.health.stop.clear(),
            push: push_stop,
        },
    },
    ConfigKey {
        path: "health.spike",
        about: "A minibatch is a spike when its loss or gradient norm lies this many usual spreads above the median, on a log \
                scale",
        kind: ValueKind::Number { range: || SPIKE_RANGE, get: |c| c.health.spike, set: |c, v| c.health.spike = v },
    },
    ConfigKey {
        path: "health.exploding",
        about: "A loss explodes when it is over this many times both the usual loss and the loss of guessing, or when it is over \
                twice these and its gradient norm over this many times that of the first minibatches",
        kind: ValueKind::Number {
            range: || EXPLODING_RANGE,
            get: |c| c.health.exploding,
            set: |c, v| c.health.exploding = v,
        },
    },
];

/// The words of the kinds of trouble for which the run stops.
fn stop_words(config: &Config) -> Vec<String> {
    let stops = |kind: &&(&str, _)| config.health.stop.contains(&kind.1);
    HealthSettings::KINDS.iter().filter(stops).map(|(word, _)| (*word).into()).collect()
}

/// Adds a kind of trouble for which the run stops.
fn push_stop(config: &mut Config, word: &str) -> Result<(), String> {
    let chosen = choose(word, HealthSettings::KINDS, |kind| kind.0)?.1;
    let kinds = HealthSettings::KINDS.map(|(_, kind)| kind);
    let stop = &config.health.stop;
    config.health.stop = kinds.into_iter().filter(|kind| *kind == chosen || stop.contains(kind)).collect();
    Ok(())
}

/// The keys of `ui`.
const UI_KEYS: &[ConfigKey] = &[
    ConfigKey {
        path: "ui.fps",
        about: "Most frames a second",
        kind: ValueKind::Whole { min: 1, max: 240, get: |c| c.ui.fps.into(), set: |c, v| c.ui.fps = v as u32 },
    },
    ConfigKey {
        path: "ui.theme",
        about: "Colours: for a dark or a light background, or what COLORFGBG says of the terminal's own, dark where it \
                says nothing, as in tmux",
        kind: ValueKind::Text {
            values: "\"auto\", \"dark\", \"light\"",
            get: |c| c.ui.theme.name().into(),
            set: |c, text| choose(text, ThemeChoice::ALL, ThemeChoice::name).map(|theme| c.ui.theme = theme),
        },
    },
    ConfigKey {
        path: "ui.glyphs",
        about: "Characters of charts and marks: braille and symbols, the half blocks and lines that text consoles have, \
                ASCII, or what TERM and the locale say",
        kind: ValueKind::Text {
            values: "\"auto\", \"braille\", \"blocks\", \"ascii\"",
            get: |c| c.ui.glyphs.name().into(),
            set: |c, text| choose(text, GlyphChoice::ALL, GlyphChoice::name).map(|glyphs| c.ui.glyphs = glyphs),
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
    ConfigKey {
        path: "ui.notify",
        about: "How the terminal calls you when a run on the dashboard ends, breaks or pauses by itself: its bell, or a \
                notification of the desktop where it knows OSC 9",
        kind: ValueKind::Text {
            values: "\"off\", \"bell\", \"osc9\"",
            get: |c| c.ui.notify.name().into(),
            set: |c, text| choose(text, AttentionChoice::ALL, AttentionChoice::name).map(|notify| c.ui.notify = notify),
        },
    },
];

/// The keys in the order of `config.toml`.
pub(super) fn config_keys() -> impl Iterator<Item = &'static ConfigKey> {
    KEY_TABLES.iter().flat_map(|table| table.keys)
}

/// The key with this path.
pub(super) fn find_key(path: &str) -> Option<&'static ConfigKey> {
    config_keys().find(|key| key.path == path)
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
