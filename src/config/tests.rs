//! Layering, and one test for each way a configuration can be wrong.

mod arbitrary;

use std::fmt::Write as _;
use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::nn::LAYER_FORMS;
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

/// What is said about each of these files.
fn errors(texts: &[&str]) -> String {
    texts.iter().fold(String::new(), |mut all, text| {
        let _ = writeln!(all, "{}\n", without_kinds(&load(text, &[]).unwrap_err()));
        all
    })
}

/// An error with a word for the list of all kinds of layers, which grows with each of them.
fn without_kinds(error: &ConfigError) -> String {
    let list = |quote: char| {
        let kinds = LAYER_FORMS.iter().map(|(_, form)| format!("{quote}{form}{quote}"));
        kinds.collect::<Vec<_>>().join(", ")
    };
    error.to_string().replace(&list('`'), "EVERY KIND OF LAYER").replace(&list('"'), "EVERY KIND OF LAYER")
}

/// What is said about each of these `--set`s.
fn set_errors(sets: &[&str]) -> String {
    sets.iter().fold(String::new(), |mut all, set| {
        let _ = writeln!(all, "{}\n", without_kinds(&load("", &[set]).unwrap_err()));
        all
    })
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
    for key in CONFIG_KEYS {
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
    for (position, key) in CONFIG_KEYS.iter().enumerate() {
        assert!(KEY_TABLES.iter().any(|table| table.name == key.table_name()), "{}", key.path);
        assert!(CONFIG_KEYS[..position].iter().all(|other| other.path != key.path), "{} twice", key.path);
    }
}

#[test]
fn the_default_run_is_the_promised_one() {
    let config = Config::load(None, None, &[]).unwrap();
    assert_eq!(config, Config::default());
    let layers: Vec<String> = config.model.layers.iter().map(ToString::to_string).collect();
    assert_eq!(layers.join(", "), "linear 256, relu, linear 128, relu, linear 10");
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
    for key in CONFIG_KEYS {
        let set = format!("{}={}", key.path, key.value_as_toml(&Config::default()));
        assert_eq!(load("", &[&set]).unwrap(), Config::default(), "{set}");
        let location = load("", &[&set]).unwrap().locate(key.path).cloned().unwrap();
        assert_eq!((location.to_string().as_str(), location.column()), ("--set", key.path.len() + 2));
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    assert_snapshot!(errors(&[
        "[optimizer]\nlr = -1",
        "[optimizer]\nlr = nan",
        "[optimizer]\nlr = 1e38",
        "[optimizer]\nlr = 1e999",
        "[optimizer]\nmomentum = 1",
        "[optimizer]\nepsilon = 0",
        "[optimizer]\nclip_norm = -0.5",
        "[run]\nbatch_size = 0",
        "[run]\nbatch_size = 99999999999999999999",
        "[run]\nseed = -1",
        "[ui]\nfps = 0",
        "[ui]\npace = 0",
    ]));
}

#[test]
fn values_of_the_wrong_type_are_refused_with_what_is_valid() {
    assert_snapshot!(errors(&[
        "[optimizer]\nlr = \"abc\"",
        "[optimizer]\nnesterov = 1",
        "[run]\nepochs = 2.5",
        "[run]\nname = 3",
        "[run]\nname = 2024-01-01",
        "[model]\nlayers = \"linear 10\"",
        "[model]\nlayers = [\"linear 10\", 3]",
        "[data]\nsource = { path = 1 }",
        "run = 3",
        "[[run]]\nseed = 1",
    ]));
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    assert_snapshot!(errors(&[
        "[optimizer]\nmomentom = 0.9",
        "[optimizer]\nxyzzyplugh = 1",
        "[optimzer]\nlr = 1",
        "[plugh]\n",
        "lr = 0.1",
        "[run]\nlr = 0.1",
        "[optimizer.sgd]\nmomentum = 0.5",
    ]));
}

#[test]
fn texts_without_a_meaning_are_refused() {
    assert_snapshot!(errors(&[
        "[model]\nlayers = [\n  \"linear 256\",\n  \"rellu\",\n  \"linear\",\n]",
        "[model]\nlayers = []",
        "[model]\ninit = \"hee\"",
        "[optimizer]\nkind = \"adma\"",
        "[data]\npreprocessing = \"whiten\"",
        "[data]\nsource = \"\"",
        "[schedule]\nlr = \"cosin\"",
        "[ui]\ntheme = \"blue\"",
        "[ui]\npictures = \"kity\"",
        "[run]\nname = \"\"",
        "[run]\nname = \"a\\u001b[31m\"",
        "[optimizer]\nkind = \"sgd\"\nmomentum = 0\nnesterov = true",
    ]));
}

#[test]
fn data_keys_are_refused_with_what_is_valid() {
    let error = |set: &str| load("", &[set]).unwrap_err().to_string().lines().next().unwrap().to_owned();
    for (set, words) in [
        ("data.augment=flop", "did you mean `flip`?"),
        ("data.augment=crop", "write `crop PADDING`"),
        ("data.augment=flip, flip", "there twice"),
        ("data.augment=[\"flip\", 3]", "cannot be 3"),
        ("data.test_share=0", "above 0 to below 1"),
        ("data.test_share=1", "above 0 to below 1"),
        ("data.samples=3", "from 10 to"),
        ("data.noise=-1", "from 0 to 10"),
        ("data.header=maybe", "\"auto\", \"yes\", \"no\""),
        ("data.preprocessing=mean-image", "did you mean \"mean_image\"?"),
    ] {
        assert!(error(set).contains(words), "{set}: {}", error(set));
    }
    let config = load("[data]\naugment = [\"cutout 8\", \"flip\"]\nlabel_column = \"kind\"", &[]).unwrap();
    assert_eq!(config.data.augment, Augmentations { flip: true, crop: 0, cutout: 8 });
    assert_eq!(config.data.label_column, LabelColumn::Name("kind".into()));
    // What a later layer says replaces the whole list, and the places of the network's layers stay as they are.
    let config = load("[model]\nlayers = [\"linear 0\"]\n[data]\naugment = [\"flip\"]", &["data.augment=[]"]).unwrap();
    assert!(config.data.augment.is_empty() && config.locate_layer(0).is_some_and(Location::is_in_file));
}

#[test]
fn toml_that_cannot_be_read_is_shown() {
    assert_snapshot!(errors(&[
        "[run\nseed = 1",
        "[run]\nseed = ",
        "[run]\nseed = 1\nseed = 2",
        "[run]\nname = \"never ends",
        "seed",
        "[model]\nlayers = [\"relu\"",
    ]));
}

#[test]
fn what_does_not_fit_the_data_is_shown_where_it_was_written() {
    let data = dataset::describe(&DataSpec::default()).unwrap();
    assert!(Config::default().check(&data).is_ok());
    let texts = [
        "[model]\nlayers = [\"linear 0\", \"relu\", \"linear 10\"]",
        "[model]\nlayers = [\"linear 99999999999\", \"linear 10\"]",
        "[model]\nlayers = [\"linear 5\", \"dropout 1.5\", \"linear 10\"]",
        "[model]\nlayers = [\"leaky_relu -2\", \"linear 10\"]",
        "[model]\nlayers = [\n  \"linear 5\", \"relu\",\n  \"linear 7\"]",
        "[run]\nbatch_size = 10_001",
    ];
    let all: Vec<String> =
        texts.iter().map(|text| load(text, &[]).unwrap().check(&data).unwrap_err().to_string()).collect();
    assert_snapshot!(all.join("\n\n"));
    assert_snapshot!(load("", &["model.layers=linear 5, linear 7"]).unwrap().check(&data).unwrap_err(), @r"
    --set: `linear 7` is the last layer and gives [7], but the data has 10 classes and needs [10]
       | model.layers=linear 5, linear 7
       |                        ^^^^^^^^
    ");
    let data = DatasetOutline { classes: vec!["a".into(), "b".into()], ..data };
    assert_eq!(
        Config::default().check(&data).unwrap_err().to_string(),
        "model.layers (its default): `linear 10` is the last layer and gives [10], \
         but the data has 2 classes and needs [2]"
    );
}

#[test]
fn all_problems_are_reported_from_the_top() {
    assert_snapshot!(errors(&["[ui]\nfps = 0\n[run]\nseeed = 1\nepochs = 0\n[data]\nsource = 1\n"]));
    let many: String = (0..30).fold("[run]\n".into(), |text, i| format!("{text}key{i} = 1\n"));
    let text = load(&many, &[]).unwrap_err().to_string();
    assert!(text.ends_with("… and 20 more"), "{text}");
}

#[test]
fn wrong_sets_are_shown() {
    assert_snapshot!(set_errors(&[
        "optimizer.lr",
        "optimizer.lr=",
        "optimizer.lr=abc",
        "optimizer.lr=-1",
        "optimiser.lr=1",
        "optimizer.larning=1",
        "lr=0.1",
        "=3",
        "run.batch_size=0",
        "optimizer.nesterov=yes",
        "model.layers=linear 5, rellu",
        "model.layers=[\"linear 5\"",
        "model.layers=",
        "ui.theme=\"dark",
        "ui.theme=pink",
        "run.seed=1 2",
    ]));
}

#[test]
fn hostile_texts_are_harmless_in_errors() {
    for text in [
        "\u{1b}]52;c;AA\u{7} = 1",
        "\"\\u001b[31m\" = 1",
        "[run]\n\"\\u202e\" = 1",
        "[model]\nlayers = [\"\\u001b]0;x\\u0007\"]",
        "[ui]\ntheme = \"\\u0007\\u0301\\u0301\\u0301\\u0301\"",
        "[run]\nname = \"\u{202e}\"\nseed = \"\u{9b}31m\"",
    ] {
        let shown = load(text, &[]).unwrap_err().to_string();
        assert!(is_harmless(&shown), "{shown:?}");
    }
    let name = "\u{1b}[31mevil.toml";
    let shown = Config::load(None, Some(Path::new(name)), &[]).unwrap_err().to_string();
    assert!(is_harmless(&shown) && shown.contains("evil.toml"), "{shown:?}");
}

fn is_harmless(text: &str) -> bool {
    text.lines().all(|line| !line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)))
}

#[test]
fn a_line_of_a_megabyte_is_cut_around_the_error() {
    let text = format!("[run]\nname = {}\"x\" 5", " ".repeat(100_000));
    let shown = load(&text, &[]).unwrap_err().to_string();
    assert!(shown.len() < 1000 && shown.contains("config.toml:2:100"), "{shown}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = TempDir::new().unwrap();
    let error = |path: &Path| {
        let text = Config::load(None, Some(path), &[]).unwrap_err().to_string();
        text.replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/")
    };
    let file = folder.path().join("a.toml");
    assert!(error(&file).starts_with("…/a.toml: cannot be read: "), "{}", error(&file));
    assert!(error(folder.path()).starts_with("…: cannot be read: "), "{}", error(folder.path()));
    fs::write(&file, b"[run]\nname = \"caf\xe9\"\n").unwrap();
    assert_snapshot!(error(&file), @r#"
    …/a.toml:2:12: byte 0xe9 is not UTF-8, in which TOML is written
      2 | name = "caf�"
        |            ^
    "#);
    fs::write(&file, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_eq!(error(&file), "…/a.toml: longer than 1048576 bytes, so not a configuration");
    fs::write(&file, b"\xef\xbb\xbf[run]\r\nseed = 5\r\n").unwrap();
    assert_eq!(Config::load(None, Some(&file), &[]).unwrap().run.seed, 5, "a byte-order mark and CRLF are fine");
}

#[test]
fn what_turns_out_wrong_later_points_at_its_place() {
    let text = "[run]\nbatch_size = 20_000\n[model]\nlayers = [\n  \"linear 5\", \"relu\",\n  \"linear 7\"]\n";
    let config = load(text, &[]).unwrap();
    let location = config.locate_layer(2).unwrap();
    assert_eq!((location.line(), location.column(), location.to_string().as_str()), (6, 3, "config.toml:6:3"));
    let config = load(text, &["model.layers=linear 5, relu"]).unwrap();
    assert!(config.locate_layer(2).is_none());
    assert_eq!(config.locate_layer(1).unwrap().column(), 24);
    assert_eq!(Config::default().error_at_layer(Some(1), "no").to_string(), "model.layers (its default): no");
    assert!(Config::default().locate("run.seed").is_none());
}
