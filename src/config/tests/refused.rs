//! What is wrong with a configuration, and how it is shown.

use super::*;

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

#[cfg(unix)]
#[test]
fn a_file_that_is_none_is_refused_at_once() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    for (path, kind) in [(pipe, "a pipe (FIFO)"), ("/dev/zero".into(), "a device"), (folder.path().into(), "a folder")]
    {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(Config::load(None, Some(&path), &[]).unwrap_err().to_string()));
        let text = receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("it waits for a writer");
        assert!(text.ends_with(&format!("cannot be read: {kind}, not a regular file")), "{text}");
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
        "[run]\nname = \"a name that is longer than the sixty-four characters that a name may have\"",
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
        ("data.image_size=64x", "valid: 0, SIZE or HEIGHTxWIDTH, from 1 to 4096 pixels"),
        ("data.image_size=5000", "valid: 0, SIZE or HEIGHTxWIDTH, from 1 to 4096 pixels"),
        ("data.header=maybe", "\"auto\", \"yes\", \"no\""),
        ("data.preprocessing=mean-image", "did you mean \"mean_image\"?"),
    ] {
        assert!(error(set).contains(words), "{set}: {}", error(set));
    }
    let config = load("[data]\naugment = [\"cutout 8\", \"flip\"]\nlabel_column = \"kind\"", &[]).unwrap();
    assert_eq!(config.data.augment, Augmentations { flip: true, crop: 0, cutout: 8 });
    assert_eq!(config.data.label_column, LabelColumn::Name("kind".into()));
    for (set, size) in [("0", None), ("64", Some((64, 64))), ("48x64", Some((48, 64)))] {
        let found = load("", &[&format!("data.image_size={set}")]).unwrap().data.image_size;
        assert_eq!(found.map(|size| (size.height, size.width)), size);
    }
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
    let data = dataset::describe(&DataSpec::default()).unwrap().unwrap();
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
    --set: `linear 7` is the last layer and gives [7], but the data has 10 classes and needs [10]; a last layer of `linear classes` follows the data
       | model.layers=linear 5, linear 7
       |                        ^^^^^^^^
    --set 'model.layers=linear 5, linear classes'
    ");
    // The default follows the data: two classes, and fewer samples than a minibatch usually has.
    let data = DatasetOutline { classes: vec!["a".into(), "b".into()], train: 40, ..data };
    Config::default().check(&data).unwrap();
    assert_eq!(Config::default().batch_size().for_samples(data.train), 40);
    let chosen = load("", &["run.batch_size=64"]).unwrap();
    assert_eq!((chosen.batch_size(), chosen.check(&data).is_err()), (BatchSize::Exactly(64), true));
    let norm = load("", &["run.batch_size=1", "model.layers=linear 5, batchnorm, linear classes"]).unwrap();
    assert_snapshot!(norm.check(&data).unwrap_err(), @r"
    --set: layer 1, batchnorm: in minibatches of 1 sample each mean is over 1 value, so that it gives the same for every sample and the layers before it learn nothing; choose a run.batch_size of 2 or more, or leave the layer out
       | model.layers=linear 5, batchnorm, linear classes
       |                        ^^^^^^^^^
    ");
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
    assert!(Config::default().locate("run.seed").is_none());
}
