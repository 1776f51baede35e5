//! `gradtop reproduce`, `gradtop presets` and `--preset` on images made for it.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

/// The exit status, standard output and standard error.
fn gradtop(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gradtop")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// CIFAR-10's files with few images of noise, of which the first pixels tell the class.
fn write_images(folder: &Path) {
    let mut noise = 1_u32;
    let mut record = |class: u8| {
        let mut record = vec![class];
        record.extend((0..3072).map(|pixel| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if pixel / 64 == usize::from(class) { 255 } else { (noise >> 24) as u8 }
        }));
        record
    };
    for name in (1..=5).map(|number| format!("data_batch_{number}.bin")).chain(["test_batch.bin".into()]) {
        let records: Vec<u8> = (0..50).flat_map(|image| record(image % 10)).collect();
        fs::write(folder.join(name), records).unwrap();
    }
    fs::write(folder.join("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n").unwrap();
}

#[test]
fn rows_are_trained_and_told_beside_their_figures() {
    let folder = tempfile::tempdir().unwrap();
    write_images(folder.path());
    let data = folder.path().to_str().unwrap();
    let figures = folder.path().join("figures");
    let run = |more: &[&str]| {
        let arguments = [&["reproduce", "mlp-10", "torch-mlp-10", "--data", data, "--steps", "5"], more].concat();
        let (status, out, error) = gradtop(&arguments);
        assert_eq!(status, 0, "{error}");
        out
    };
    let text = run(&["--seeds", "1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[2].starts_with("mlp-10 ") && lines[2].contains(" 39.38     40.25 "), "{text}");

    let json = run(&["--json", "--seeds", "2", "--figures", figures.to_str().unwrap()]);
    let results: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = results.iter().map(|result| result["result"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["run", "run", "row", "run", "run", "row"]);
    let accuracies = [&results[0], &results[1]].map(|run| run["best_accuracy"].as_f64().unwrap());
    let mean = results[2]["mean"]["accuracy"].as_f64().unwrap();
    assert!((mean - f64::midpoint(accuracies[0], accuracies[1])).abs() < 1e-9);
    assert_eq!(results[0]["evaluations"][0]["step"], 5);
    assert!(results[2]["passes"].is_null(), "five minibatches are not judged");
    for row in ["mlp-10", "torch-mlp-10"] {
        let svg = fs::read_to_string(figures.join(format!("{row}.svg"))).unwrap();
        assert!(svg.contains("test images") && svg.ends_with("</svg>\n"), "{svg}");
    }

    let markdown = run(&["--markdown", "--seeds", "1"]);
    assert!(markdown.lines().count() == 4 && markdown.lines().all(|line| line.starts_with('|')), "{markdown}");
}

#[test]
fn a_row_too_far_from_the_reference_fails() {
    let folder = tempfile::tempdir().unwrap();
    write_images(folder.path());
    let data = folder.path().to_str().unwrap();
    // Too slow a learner to find out in the 1,500 minibatches of the row, which take a second: about 10 % stay.
    let (status, out, error) = gradtop(&["reproduce", "mlp-10", "--data", data, "--seeds", "1"]);
    assert_eq!(status, 1, "{out}{error}");
    assert!(out.lines().last().unwrap().contains("off by more than"), "{out}");
}

#[test]
fn wrong_use_is_told_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap();
    for (arguments, words) in [
        (&["reproduce"][..], "cifar-10-binary.tar.gz"),
        (&["reproduce", "mlp-1000", "--data", empty], "did you mean mlp-100?"),
        (&["reproduce", "mlp-10", "--data", "fashion-mnist"], "[1, 28, 28]"),
        (&["reproduce", "mlp-10", "--data", empty], empty),
        (&["reproduce", "mlp-10", "--data", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["train", "--preset", "mlp-100"], "cifar-10-binary.tar.gz"),
        (&["train", "--preset", "mlp-101"], "did you mean mlp-100?"),
        (&["train", "--preset", "mlp-100", "--data", "/nowhere/at/all"], "/nowhere/at/all"),
    ] {
        let (status, out, error) = gradtop(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}

#[test]
fn presets_are_listed_with_what_to_expect_and_can_be_trained_and_changed() {
    let (status, text, _) = gradtop(&["presets"]);
    assert_eq!(status, 0);
    for words in ["  mlp-100\n", "published 46.9 %, loss 1.51; reference 47.9 %", "  cnn\n", "cifar-10-binary.tar.gz"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let folder = tempfile::tempdir().unwrap();
    write_images(folder.path());
    let file = folder.path().join("over.toml");
    fs::write(&file, "[run]\nsteps = 3\nbatch_size = 50\n").unwrap();
    let arguments = ["train", "--preset", "mlp-10", "--json", "--data", folder.path().to_str().unwrap()];
    let over = ["--config", file.to_str().unwrap(), "--set", "run.seed=5"];
    let (status, events, error) = gradtop(&[&arguments[..], &over].concat());
    assert_eq!(status, 0, "{error}");
    assert_eq!(events.lines().filter(|line| line.contains("\"event\":\"step\"")).count(), 3, "{events}");
    let ready = events.lines().find(|line| line.contains("\"event\":\"ready\"")).unwrap();
    let ready: Value = serde_json::from_str(ready).unwrap();
    assert_eq!((&ready["batch_size"], &ready["seed"]), (&50.into(), &5.into()), "{ready}");
    assert!(ready["optimizer"].as_str().unwrap().starts_with("SGD"), "{ready}");
}

#[test]
fn a_preset_s_gradients_can_be_checked_without_its_data() {
    let (status, text, error) =
        gradtop(&["gradcheck", "--preset", "mlp-10", "--set", "model.layers=[\"linear 3\", \"relu\", \"linear 10\"]"]);
    assert_eq!(status, 0, "{error}");
    assert!(text.contains("0.weight"), "{text}");
}
