//! Data of one's own in one command, what is said of mistakes on the command line, and the length of a run.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::program::{complaint, gradtop};
use gradtop::protocol::{DataNoteKind, Event, RunInfo};

/// What a command prints that succeeds and says nothing else.
fn printed(arguments: &[&str]) -> String {
    let output = gradtop(arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Events of `train --json`.
fn events(arguments: &[&str]) -> Vec<Event> {
    let text = printed(&[&["train", "--json"], arguments].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn run_info(events: &[Event]) -> &RunInfo {
    events.iter().find_map(|event| if let Event::Ready(info) = event { Some(info) } else { None }).unwrap()
}

/// A table of two columns and three classes that are easy to tell apart, with so many rows of each.
fn write_table(folder: &Path, name: impl AsRef<Path>, rows: usize) -> PathBuf {
    let mut text = String::from("length,width,kind\n");
    for row in 0..rows {
        let offset = 0.01 * row as f64;
        for (class, name) in ["left", "middle", "right"].iter().enumerate() {
            let _ = writeln!(text, "{},{},{name}", class as f64 * 5.0 + offset, offset - class as f64);
        }
    }
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_table_of_ones_own_trains_with_no_other_flag() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_table(folder.path(), "kinds.csv", 20);
    let events = events(&["--data", path.to_str().unwrap()]);
    let Event::Hello(hello) = &events[0] else { panic!("{:?}", events[0]) };
    assert_eq!(hello.run, "kinds.csv");
    let info = run_info(&events);
    assert_eq!(info.layers.last().unwrap().text, "linear 3");
    // 60 rows, of which a fifth is kept for testing.
    assert_eq!((info.batch_size, info.steps_per_epoch), (Some(48), Some(1)));
    let notes = &info.data.as_ref().unwrap().notes;
    let note = notes.iter().find(|note| note.text.starts_with("minibatches of 48, all training samples")).unwrap();
    assert_eq!(note.kind, DataNoteKind::Assumed);
    let text = printed(&["train", "--headless", "--epochs", "60", "--data", path.to_str().unwrap()]);
    assert!(text.contains("test       accuracy 100.00 %"), "{text}");
}

#[cfg(unix)]
#[test]
fn data_and_their_folder_may_have_names_that_are_not_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&inner).unwrap();
    let path = write_table(&inner, OsStr::from_bytes(b"\xff.csv"), 20);
    let text = |command: &[&str]| {
        let arguments: Vec<&OsStr> = command.iter().map(OsStr::new).chain([path.as_os_str()]).collect();
        let output = gradtop(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(text(&["train", "--json", "--epochs", "2", "--data"]).contains(r#""run":"\\xff.csv""#));
    assert!(text(&["data"]).contains("middle"));
    assert!(text(&["data", "--data"]).contains("middle"));
    assert!(text(&["inspect", "--data"]).contains("linear 3"));
    let missing = inner.join(OsStr::from_bytes(b"\xfe.csv"));
    let output = gradtop(&[OsStr::new("train"), OsStr::new("--data"), missing.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--data: ") && said.contains("not there"), "{said}");
    let output = gradtop(&[OsStr::new("reproduce"), OsStr::new("--data"), missing.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--data: ") && said.contains("not there"), "{said}");
}

#[test]
fn the_flags_that_are_short_for_keys_set_them_and_are_named_in_errors() {
    let short =
        ["--lr", "0.01", "--epochs", "1", "--batch-size", "500", "--seed", "4", "--layers", "linear 7, tanh, linear"];
    let long = [
        "optimizer.lr=0.01",
        "run.epochs=1",
        "run.batch_size=500",
        "run.seed=4",
        "model.layers=linear 7, tanh, linear",
    ];
    let long: Vec<&str> = long.iter().flat_map(|set| ["--set", set]).collect();
    let fingerprint = |arguments: &[&str]| {
        let text = printed(&[&["train", "--headless"], arguments].concat());
        text.lines().find(|line| line.starts_with("weights ")).unwrap().to_owned()
    };
    assert_eq!(fingerprint(&short), fingerprint(&long));
    for (arguments, words) in [
        (&["train", "--lr", "-1"][..], "gradtop: --lr: optimizer.lr = -1 is out of range; valid: a number above 0"),
        (&["train", "--lr", "fast"], "   | --lr fast\n   |      ^^^^\n"),
        (&["--epochs", "2.5"], "--epochs: run.epochs"),
        (&["gradcheck", "--layers", "linear 5, dense 64"], "--layers: `dense 64` is not a layer; write `linear 64`"),
        (&["inspect", "--batch-size", "20000"], "--batch-size: batches of 20,000"),
        (&["train", "--seed", "x"], "--seed: run.seed"),
        (&["train", "--data", "/nowhere/wine.csv"], "--data: /nowhere/wine.csv"),
        (&["train", "--data", ""], "--data: no data; valid:"),
    ] {
        let (status, said) = complaint(arguments);
        assert!(status == 2 && said.contains(words) && !said.contains("--set:"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_network_that_does_not_fit_ends_with_a_line_to_paste() {
    let layers = "linear 9, residual [linear 9, relu], linear 7";
    let pasted = "--set 'model.layers=linear 9, residual [linear 9, relu], linear classes'";
    for command in ["train", "gradcheck", "inspect"] {
        let (status, said) = complaint(&[command, "--data", "moons", "--layers", layers]);
        assert!(status == 2 && said.contains("has 2 classes and needs [2]"), "{said}");
        assert_eq!(said.lines().last().unwrap(), pasted);
    }
    let mended =
        ["gradcheck", "--data", "moons", "--set", "model.layers=linear 9, residual [linear 9, relu], linear classes"];
    assert!(printed(&mended).contains("linear 2"));
}

#[test]
fn an_unknown_flag_that_is_a_key_says_how_to_set_it() {
    for (arguments, words) in [
        (&["train", "--momentum", "0.9"][..], "unknown flag --momentum; write --set optimizer.momentum=0.9\n"),
        (&["--momentum=0.9"], "write --set optimizer.momentum=0.9\n"),
        (&["train", "--momentun", "0.9"], "write --set optimizer.momentum=0.9\n"),
        (&["train", "--weight-decay", "1e-4"], "write --set optimizer.weight_decay=1e-4\n"),
        (&["train", "--init", "normal 1e-4"], "write --set 'model.init=normal 1e-4'\n"),
        (&["train", "--optimizer", "sgd"], "write --set optimizer.kind=sgd\n"),
        (&["train", "--learning-rate", "0.1"], "write --lr 0.1\n"),
        (&["resume", "run", "--lr", "1e-4"], "unknown flag --lr; write --set optimizer.lr=1e-4\n"),
        (&["train", "--batch_size", "8"], "write --batch-size 8\n"),
        (&["train", "--label-column"], "write --set data.label_column=VALUE\n"),
        (&["gradcheck", "--label_smoothing", "0.1"], "write --set model.label_smoothing=0.1\n"),
    ] {
        let (status, said) = complaint(arguments);
        assert!(
            status == 2 && said.starts_with("gradtop: unknown flag") && said.contains(words),
            "{arguments:?}: {said}"
        );
    }
    for (arguments, words) in [
        (&["train", "--headles"][..], "--headless"),
        (&["train", "--frobnicate"], "unexpected argument '--frobnicate'"),
        (&["presets", "--momentum", "0.9"], "unexpected argument '--momentum'"),
    ] {
        let (status, said) = complaint(arguments);
        assert!(status == 2 && said.contains(words) && !said.contains("write"), "{arguments:?}: {said}");
    }
}

#[test]
fn data_in_the_place_of_a_command_are_recognized() {
    let folder = tempfile::tempdir().unwrap();
    let spaced = folder.path().join("two words");
    fs::create_dir(&spaced).unwrap();
    let spaced = spaced.to_str().unwrap();
    for (arguments, words) in [
        (&["wine.csv"][..], "write gradtop train --data wine.csv"),
        (&["moons"], "write gradtop train --data moons"),
        (&["train", "wine.csv"], "write gradtop train --data wine.csv"),
        (&["inspect", "spirals"], "write gradtop inspect --data spirals"),
    ] {
        let (status, said) = complaint(arguments);
        assert!(status == 2 && said.contains(words), "{arguments:?}: {said}");
    }
    let (status, said) = complaint(&[spaced]);
    assert!(status == 2 && said.contains(&format!("write gradtop train --data '{spaced}'")), "{said}");
    let (status, said) = complaint(&["trian"]);
    assert!(status == 2 && said.contains("train") && !said.contains("--data"), "{said}");
}

#[cfg(unix)]
#[test]
fn the_cause_of_an_error_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "test"] {
        for name in ["x", "y"] {
            fs::write(folder.path().join(format!("{part}_{name}.npy")), tiny_array(name)).unwrap();
        }
    }
    std::os::unix::fs::symlink("nowhere", folder.path().join("classes.txt")).unwrap();
    let (status, said) = complaint(&["data", folder.path().to_str().unwrap()]);
    assert!(status == 2 && said.contains("classes.txt: ") && said.matches("os error").count() == 1, "{said}");
}

/// Four labels, 0 and 1 in turn, or four samples of one number each.
fn tiny_array(name: &str) -> Vec<u8> {
    let shape = if name == "x" { "(4, 1)" } else { "(4,)" };
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), &[0, 1, 0, 1]].concat()
}

#[test]
fn config_prints_a_file_that_gives_the_same_run() {
    assert_eq!(printed(&["config"]), include_str!("../../config.toml").replace("\r\n", "\n"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sgd.toml");
    fs::write(&file, "[optimizer]\nkind = \"sgd\"\n").unwrap();
    let changed =
        ["config", "--preset", "spirals", "--config", file.to_str().unwrap(), "--lr", "0.5", "--set", "run.seed=9"];
    let text = printed(&changed);
    for line in ["kind = \"sgd\"", "lr = 0.5", "seed = 9", "name = \"spirals\"", "source = \"spirals\""] {
        assert!(text.lines().any(|written| written == line), "{line}: {text}");
    }
    fs::write(&file, &text).unwrap();
    assert_eq!(printed(&["config", "--config", file.to_str().unwrap()]), text);
    assert_eq!(
        printed(&["config", "optimizer.lr", "--lr", "0.5"]),
        "# Learning rate, before the schedule. Valid: a number above 0 to 1000.\noptimizer.lr = 0.5\n"
    );
    assert!(printed(&["config", "optimizer"]).contains("[optimizer]\n"));
    for (key, words) in [
        ("optimizer.momentom", "gradtop config: unknown key momentom in [optimizer]; did you mean momentum?"),
        ("lr", "did you mean optimizer.lr?"),
        ("\u{1b}]0;x\u{7}", "unknown key"),
    ] {
        let (status, said) = complaint(&["config", key]);
        assert!(status == 2 && said.contains(words) && !said.contains('\u{1b}'), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn config_ends_silently_when_nobody_reads_on() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .arg("config")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn steps_stops_within_the_run_that_is_planned_and_run_steps_plans_it() {
    let rates = |arguments: &[&str]| -> Vec<f64> {
        let arguments = [&["--data", "xor", "--set", "data.samples=200", "--layers", "linear 2"], arguments].concat();
        let events = events(&arguments);
        let info = run_info(&events);
        let id = info.metrics.iter().find(|metric| metric.tag == "learning_rate").unwrap().id;
        assert!(matches!(events.last(), Some(Event::Finished(_))));
        let steps = events.iter().filter_map(|event| if let Event::Step(report) = event { Some(report) } else { None });
        steps.map(|report| report.values.iter().find(|value| value.0 == id).unwrap().1).collect()
    };
    let whole = rates(&["--epochs", "4"]);
    assert_eq!(whole.len(), 12);
    assert_eq!(rates(&["--epochs", "4", "--steps", "5"]), whole[..5]);
    assert_eq!(rates(&["--epochs", "4", "--steps", "50"]), whole);
    let planned = rates(&["--set", "run.steps=5"]);
    assert!(planned.len() == 5 && planned[4] < whole[4]);
    assert_eq!(rates(&["--set", "run.steps=12", "--steps", "5"]), whole[..5]);
}

#[test]
fn batch_normalization_on_single_values_is_refused_or_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for row in 0..65 {
        let _ = writeln!(text, "{},{}", f64::from(row % 2) + 0.01 * f64::from(row), row % 2);
    }
    // A training part of 65 rows and a test part of its own.
    fs::write(folder.path().join("train.csv"), &text).unwrap();
    fs::write(folder.path().join("test.csv"), "0.1,0\n1.1,1\n").unwrap();
    let path = folder.path().to_str().unwrap();
    for layers in ["linear 4, batchnorm, relu, linear classes", "residual [linear 4, batchnorm, relu], linear classes"]
    {
        let arguments = ["--data", path, "--layers", layers];
        let (status, said) = complaint(&[&["train", "--batch-size", "1"], &arguments[..]].concat());
        assert!(status == 2 && said.contains("batchnorm: in minibatches of 1 sample"), "{said}");
        let events = events(&[&["--epochs", "2"], &arguments[..]].concat());
        let notes = &run_info(&events).data.as_ref().unwrap().notes;
        assert!(notes.iter().any(|note| note.text.contains("(65 samples in minibatches of 64)")), "{notes:?}");
    }
}
