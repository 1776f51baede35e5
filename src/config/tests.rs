//! Layering, and one test for each way a configuration can be wrong.

mod arbitrary;
mod refused;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::nn::LAYER_FORMS;
use crate::optim::OptimizerSpec;
use crate::{
    dataset::{self, Augmentations, DataSpec, LabelColumn, Preprocessing, Source},
    nn::layers::activation::Tanh,
};

/// The file at the top level.
const SHIPPED: &str = include_str!("../../config.toml");

fn load(text: &str, sets: &[&str]) -> Result<Config, ConfigError> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Config::from_toml_str("config.toml", text, &sets)
}

fn is_harmless(text: &str) -> bool {
    text.lines().all(|line| !line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)))
}

#[test]
fn a_zero_in_the_file_stands_for_none() {
    let absent =
        load("[run]\nsteps = 0\nevaluate_every = 0\nthreads = 0\n[optimizer]\nclip_norm = 0.0\nema = 0.0", &[])
            .unwrap();
    assert_eq!((absent.run.steps, absent.run.evaluate_every, absent.run.threads), (None, None, None));
    assert_eq!((absent.optimizer.clip_norm, absent.optimizer.ema), (None, None));
    let set = load("[run]\nsteps = 3\nthreads = 2\n[optimizer]\nclip_norm = 0.5\nema = 0.25", &[]).unwrap();
    assert_eq!((set.run.steps, set.run.threads.map(NonZeroUsize::get)), (Some(3), Some(2)));
    assert_eq!((set.optimizer.clip_norm, set.optimizer.ema), (Some(0.5), Some(0.25)));
    for config in [absent, set] {
        assert_eq!(load(&config.to_toml(), &[]).unwrap().run, config.run);
    }
}

#[test]
fn the_shipped_file_is_the_default_and_shows_every_key() {
    let written = Config::default().to_toml();
    // Printed whole, so that it can be put into the file.
    assert!(written == SHIPPED.replace("\r\n", "\n"), "config.toml should be:\n{written}");
    assert_eq!(load(SHIPPED, &[]).unwrap(), Config::default());
    for key in table::config_keys() {
        assert!(SHIPPED.contains(&format!("\n{} = ", key.name())), "{}", key.path);
    }
}

#[test]
fn the_shipped_comments_fit_a_screen() {
    for line in SHIPPED.lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
}

#[test]
fn every_key_belongs_to_a_table_once() {
    for (position, key) in table::config_keys().enumerate() {
        assert!(KEY_TABLES.iter().any(|table| table.name == key.table_name()), "{}", key.path);
        assert!(table::config_keys().take(position).all(|other| other.path != key.path), "{} twice", key.path);
    }
}

#[test]
fn the_default_run_is_the_promised_one() {
    let config = Config::load(None, None, &[]).unwrap();
    assert_eq!(config, Config::default());
    let layers: Vec<String> = config.model.layers.iter().map(ToString::to_string).collect();
    assert_eq!(layers.join(", "), "linear 256, relu, linear 128, relu, linear classes");
    assert_eq!((config.run.epochs, config.run.batch_size, config.optimizer.learning_rate), (20, 64, 1e-3));
    assert_eq!(config.optimizer.optimizer_spec(), OptimizerSpec::ADAM);
    assert_eq!((&config.data.source, config.data.preprocessing), (&Source::FashionMnist, Preprocessing::Standardize));
}

#[test]
fn a_set_wins_over_the_file_and_the_last_set_wins() {
    let file = "[optimizer]\nlr = 0.5\nkind = \"sgd\"\n[run]\nepochs = 3\n";
    let config = load(file, &["optimizer.lr=0.25", "run.seed = 7", "optimizer.lr=0.125"]).unwrap();
    assert_eq!((config.optimizer.learning_rate, config.run.epochs, config.run.seed), (0.125, 3, 7));
    assert_eq!(
        config.optimizer.optimizer_spec(),
        OptimizerSpec::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 }
    );
    assert_eq!(load(file, &[]).unwrap().optimizer.learning_rate, 0.5);
}

#[test]
fn a_set_takes_bare_texts_toml_texts_and_lists() {
    let config = load(
        "",
        &[
            "run.name=2024",
            "data.source=./my data",
            "data.preprocessing=\"scale\"",
            "model.layers=linear 32 ,tanh, linear 10",
            "model.init=normal 1e-4",
            "optimizer.nesterov=true",
            "optimizer.lr=1",
        ],
    )
    .unwrap();
    assert_eq!((config.run.name.as_str(), config.data.source.to_string().as_str()), ("2024", "./my data"));
    assert_eq!((config.data.preprocessing, config.optimizer.nesterov), (Preprocessing::Scale, true));
    assert_eq!(config.model.layers[1], LayerSpec::from(Tanh));
    assert_eq!(config.model.init, Init::Normal { std: 1e-4 });
    let quoted = load("", &["model.layers=[\"linear 32\", \"tanh\", \"linear 10\"]"]).unwrap();
    assert_eq!(quoted.model.layers, config.model.layers);
}

#[test]
fn every_key_can_be_set_to_its_own_value() {
    for key in table::config_keys() {
        let set = format!("{}={}", key.path, key.value_as_toml(&Config::default()));
        assert_eq!(load("", &[&set]).unwrap(), Config::default(), "{set}");
        let location = load("", &[&set]).unwrap().locate(key.path).cloned().unwrap();
        assert_eq!((location.to_string().as_str(), location.column()), ("--set", key.path.len() + 2));
    }
}

/// What comes of flags that are short for keys.
fn with_flags(sets: &[&str], flags: &[(&'static str, &'static str, &str)]) -> Result<Config, ConfigError> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let flag = |&(flag, key, value): &(&'static str, &'static str, &str)| FlagValue { flag, key, value: value.into() };
    Config::load_with_flags(None, None, &sets, &flags.iter().map(flag).collect::<Vec<_>>())
}

#[test]
fn flags_are_short_for_keys_and_told_by_their_own_name() {
    let flags = [
        ("--lr", "optimizer.lr", "0.25"),
        ("--layers", "model.layers", "linear 8, tanh, linear classes"),
        ("--seed", "run.seed", " 7"),
        ("--data", "data.source", "\"quoted\".csv"),
    ];
    let config = with_flags(&["optimizer.lr=0.5", "run.epochs=3"], &flags).unwrap();
    assert_eq!((config.optimizer.learning_rate, config.run.epochs, config.run.seed), (0.25, 3, 7));
    assert_eq!((config.model.layers.len(), config.run_name().as_str()), (3, "\"quoted\".csv"));
    let said = |flag, key, value| with_flags(&[], &[(flag, key, value)]).unwrap_err().to_string();
    let all = [
        said("--lr", "optimizer.lr", "fast"),
        said("--lr", "optimizer.lr", "-1"),
        said("--epochs", "run.epochs", ""),
        said("--layers", "model.layers", "linear 5, rellu 3, relu"),
        said("--data", "data.source", " "),
        config.error_at_key("data.source", "it is not there").to_string(),
        config.error_at_key("model.layers", "no").to_string(),
    ];
    let list: Vec<String> = LAYER_FORMS.iter().map(|(_, form)| format!("`{form}`")).collect();
    assert_snapshot!(all.join("\n\n").replace(&list.join(", "), "EVERY KIND OF LAYER"));
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_unicode() {
    use std::os::unix::ffi::OsStringExt;
    let path = OsString::from_vec(b"caf\xe9.csv".to_vec());
    let flag = FlagValue { flag: "--data", key: "data.source", value: path.clone() };
    let config = Config::load_with_flags(None, None, &[], &[flag]).unwrap();
    assert_eq!(config.data.source, Source::Path(path.into()));
    assert_eq!(config.run_name(), "caf\\xe9.csv");
    assert!(config.error_at_key("data.source", "no").to_string().starts_with("--data: no\n"));
}

#[test]
fn a_run_is_called_after_its_data_unless_a_name_was_written() {
    let name = |sets: &[&str]| load("", sets).unwrap().run_name();
    assert_eq!(name(&[]), "fashion-mnist");
    assert_eq!(name(&["data.source=/some/where/wine.csv"]), "wine.csv");
    assert_eq!(name(&["data.source=/some/where/"]), "where");
    assert_eq!(name(&["data.source=moons", "run.name=mine"]), "mine");
    assert_eq!(name(&["data.source=a\u{1b}[31mb"]), "a·[31mb");
    let preset = Config::load(Some(Preset::find("spirals").unwrap()), None, &[]).unwrap();
    assert_eq!(preset.run_name(), "spirals");
}

#[test]
fn words_for_keys_are_guessed() {
    for (word, key) in [
        ("momentum", Some("optimizer.momentum")),
        ("weight-decay", Some("optimizer.weight_decay")),
        ("momentun", Some("optimizer.momentum")),
        ("optimizer.momentum", Some("optimizer.momentum")),
        ("learning-rate", Some("optimizer.lr")),
        ("batch_size", Some("run.batch_size")),
        ("label-column", Some("data.label_column")),
        ("frobnicate", None),
        ("xy", None),
        ("", None),
        ("é", None),
    ] {
        assert_eq!(guess_key(word), key, "{word}");
    }
    for set in ["optimizer.lr", "run.seed", "model.init"] {
        assert!(guess_key(set) == Some(set));
    }
}

#[test]
fn one_key_or_one_table_is_printed_with_what_it_means() {
    let config = load("", &["optimizer.lr=0.5"]).unwrap();
    let lr = "# Learning rate, before the schedule. Valid: a number above 0 to 1000.\noptimizer.lr = 0.5\n";
    assert_eq!(config.to_toml_of("optimizer.lr").unwrap(), lr);
    assert!(
        config.to_toml_of("ui").unwrap().starts_with("# The dashboard; nothing here changes what is trained.\n[ui]\n")
    );
    assert!(config.to_toml().starts_with("# A run of gradtop: every key with its value."));
    for text in [config.to_toml_of("optimizer").unwrap(), lr.into(), config.to_toml()] {
        assert_eq!(load(&text, &[]).unwrap().optimizer.learning_rate, 0.5);
    }
    let error = |name: &str| config.to_toml_of(name).unwrap_err().to_string();
    assert_eq!(
        error("optimizer.momentom"),
        "gradtop config: unknown key momentom in [optimizer]; did you mean momentum?"
    );
    assert_eq!(error("lr"), "gradtop config: unknown key lr; did you mean optimizer.lr?");
    assert!(!error("\u{1b}[31m").contains('\u{1b}'));
}
