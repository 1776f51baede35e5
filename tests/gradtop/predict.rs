//! Predictions with recorded runs, with the real binary: exactly the accuracy that the training reported, on the files of
//! its test part.

use std::{fs, ops::ControlFlow, path::Path, process::Command};

use gradtop::dataset::{DataSpec, Source, load};
use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

use super::program::{gradtop_in, output_in, refusal_in};

/// The metrics of the event `ready` that evaluations measure.
const TEST_LOSS: u64 = 4;
const TEST_ACCURACY: u64 = 5;

/// Trains on data and gives loss and accuracy of the last evaluation.
fn train(place: &Path, data: &str, set: &[&str]) -> (f64, f64) {
    let words =
        ["train", "--data", data, "--json", "--epochs", "3", "--layers", "flatten, linear 8, relu, linear classes"];
    let events = output_in(place, &[&words, set].concat());
    let mut evaluations = events.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["event"] == "evaluation").then(|| event["values"].clone())
    });
    let last = evaluations.next_back().unwrap_or_else(|| panic!("no evaluation in {events}"));
    // By the numbers that metrics have in the event `ready`.
    let value = |metric: u64| {
        let found = last.as_array().unwrap().iter().find(|pair| pair[0].as_u64() == Some(metric));
        found.unwrap_or_else(|| panic!("{last}"))[1].as_f64().unwrap()
    };
    (value(TEST_LOSS), value(TEST_ACCURACY))
}

/// The share of the predictions that are right, of those that know it, and their number.
fn accuracy(predictions: &str) -> (f64, usize) {
    let lines: Vec<Value> = predictions.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let right = lines.iter().filter(|line| line["true"].is_string() && line["true"] == line["class"]).count();
    (right as f64 / lines.len() as f64, lines.len())
}

/// Rows of two classes that overlap.
fn table(rows: u32, seed: u32, columns: &str) -> String {
    let mut text = format!("{columns}\n");
    for row in 0..rows {
        let noise = |salt: u32| f64::from((row * 7919 + seed * 104_729 + salt * 1_299_709) % 1000) / 500.0 - 1.0;
        let dog = row % 2 == 1;
        let (a, b) = (noise(1) + f64::from(u8::from(dog)), 1000.0 * noise(2) - 300.0 * f64::from(u8::from(dog)));
        let kind = if dog { "dog" } else { "cat" };
        let fields: Vec<String> = columns
            .split(',')
            .map(|column| match column {
                "a" => a.to_string(),
                "b" => b.to_string(),
                "kind" => kind.into(),
                _ => row.to_string(),
            })
            .collect();
        text += &(fields.join(",") + "\n");
    }
    text
}

fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), elements].concat()
}

/// Evaluates and predicts, and compares both with what the training reported.
fn assert_as_trained(place: &Path, data: &str, run: &str, set: &[&str]) {
    let (loss, trained) = train(place, data, set);
    for extra in [&[][..], &["--data", data]] {
        let score: Value =
            serde_json::from_str(&output_in(place, &[&["evaluate", run, "--json"], extra].concat())).unwrap();
        assert_eq!((score["loss"].as_f64(), score["accuracy"].as_f64()), (Some(loss), Some(trained)), "{score}");
    }
    let (predicted, samples) = accuracy(&output_in(place, &["predict", run, data, "--format", "json"]));
    assert!(
        samples > 20 && predicted.to_bits() == trained.to_bits(),
        "{predicted} of {samples}, {trained} in training"
    );
}

#[test]
fn predictions_on_the_test_part_are_as_accurate_as_the_training_said() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    fs::create_dir(place.join("tables")).unwrap();
    fs::write(place.join("tables/train.csv"), table(200, 1, "a,kind,b")).unwrap();
    fs::write(place.join("tables/test.csv"), table(91, 2, "b,a,kind")).unwrap();
    let set = ["--set", "optimizer.ema=0.9", "--batch-size", "10", "--set", "data.label_column=kind"];
    assert_as_trained(place, "tables", "tables", &set);

    fs::create_dir(place.join("arrays")).unwrap();
    let numbers = |count: u32, seed: u32| -> Vec<u8> {
        (0..count * 4).flat_map(|i| ((i * i * seed % 97) as f32 / 9.7 + (i / 4 % 3) as f32).to_le_bytes()).collect()
    };
    let labels = |count: u32| -> Vec<u8> { (0..count).map(|i| (i % 3) as u8).collect() };
    for (part, count, seed) in [("train", 150, 3), ("test", 70, 5)] {
        let (x, y) = (place.join(format!("arrays/{part}_x.npy")), place.join(format!("arrays/{part}_y.npy")));
        fs::write(x, npy("<f4", &format!("({count}, 4)"), &numbers(count, seed))).unwrap();
        fs::write(y, npy("|u1", &format!("({count},)"), &labels(count))).unwrap();
    }
    assert_as_trained(place, "arrays", "arrays", &["--set", "data.preprocessing=scale"]);

    for (part, count) in [("train", 40), ("test", 30)] {
        for number in 0..count {
            let class = ["cat", "dog"][number as usize % 2];
            let folder = place.join(format!("pictures/{part}/{class}"));
            fs::create_dir_all(&folder).unwrap();
            let color = [(number * 37 % 200) as u8, (number % 2 * 40 + number * 11 % 60) as u8, 9];
            RgbImage::from_pixel(5, 4, Rgb(color)).save(folder.join(format!("{number:02}.png"))).unwrap();
        }
    }
    assert_as_trained(place, "pictures", "pictures", &["--set", "data.preprocessing=mean_image"]);
}

#[test]
fn rows_that_a_share_took_for_testing_are_predicted_as_the_training_said() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    // Pressures: what is left of them in an `f32` depends on what they are rounded relative to.
    let noise = |row: u32, salt: u32| f64::from((row * 7919 + salt * 104_729) % 10_007) / 10_007.0;
    let line = |row: u32| {
        let high = row.is_multiple_of(3);
        let pressure = 1010.0 + 9.0 * noise(row, 1) + if high { 4.0 } else { 0.0 };
        format!("{pressure},{},{}\n", noise(row, 2) - noise(row, 3), if high { "high" } else { "low" })
    };
    let lines: Vec<String> = (0..6000).map(line).collect();
    fs::write(place.join("air.csv"), format!("p,q,class\n{}", lines.concat())).unwrap();
    let (loss, trained) = train(place, "air.csv", &[]);
    // The rows of the test part are found again by their values.
    let spec = DataSpec { source: Source::Path(place.join("air.csv")), ..DataSpec::default() };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let mut values = vec![0.0_f64; 2 * data.test.len()];
    data.test.gather(&(0..data.test.len() as u32).collect::<Vec<_>>(), &mut values);
    let fields = |line: &str| -> Vec<f64> { line.split(',').take(2).map(|field| field.parse().unwrap()).collect() };
    let known: Vec<Vec<f64>> = lines.iter().map(|line| fields(line)).collect();
    let rows = values.chunks(2).map(|sample| {
        let [p, q] = [0, 1].map(|at| data.columns[at].offset + data.columns[at].scale * sample[at]);
        let distance = |row: &[f64]| (row[0] - p).abs() + (row[1] - q).abs();
        let place = (0..known.len()).min_by(|&a, &b| distance(&known[a]).total_cmp(&distance(&known[b]))).unwrap();
        lines[place].as_str()
    });
    let test: Vec<&str> = rows.collect();
    assert_eq!(test.len(), 1200);
    fs::write(place.join("test.csv"), format!("p,q,class\n{}", test.concat())).unwrap();
    for data in [&[][..], &["--data", "test.csv"]] {
        let score: Value =
            serde_json::from_str(&output_in(place, &[&["evaluate", "air", "--json"], data].concat())).unwrap();
        assert_eq!((score["loss"].as_f64(), score["accuracy"].as_f64()), (Some(loss), Some(trained)), "{score}");
    }
    let (predicted, samples) = accuracy(&output_in(place, &["predict", "air", "test.csv", "--format", "json"]));
    assert_eq!((predicted.to_bits(), samples), (trained.to_bits(), 1200), "{predicted}, {trained} in training");
}

#[test]
fn a_run_is_evaluated_from_any_folder_and_only_on_its_own_data() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    fs::write(place.join("pets.csv"), table(100, 1, "a,kind,b")).unwrap();
    let (_, trained) = train(place, "pets.csv", &["--set", "data.label_column=kind"]);
    let elsewhere = place.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let words = ["evaluate", "pets", "--directory", "../runs", "--json"];
    let score: Value = serde_json::from_str(&output_in(&elsewhere, &words)).unwrap();
    assert_eq!(score["accuracy"].as_f64(), Some(trained));
    let text = output_in(place, &["evaluate", "pets"]);
    assert!(text.contains("accuracy") && text.contains("True classes down, predicted ones across:\n"), "{text}");
    // Other data in the same place are not taken for those of the training.
    let before = fs::read(place.join("pets.csv")).unwrap();
    fs::write(place.join("pets.csv"), table(100, 7, "a,kind,b")).unwrap();
    let error = refusal_in(place, &["evaluate", "pets"]);
    assert!(error.contains("pets.csv: the data have changed since the run was trained"), "{error}");
    fs::remove_file(place.join("pets.csv")).unwrap();
    let error = refusal_in(place, &["evaluate", "pets"]);
    assert!(error.contains("pets.csv: not there"), "{error}");
    fs::write(place.join("pets.csv"), before).unwrap();
    // A run of a version that did not keep the preparation; training it further adds it.
    let run = fs::read_dir(place.join("runs")).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read(run.join("preparation.json")).unwrap();
    fs::remove_file(run.join("preparation.json")).unwrap();
    for words in [&["evaluate", "pets"][..], &["predict", "pets", "pets.csv"]] {
        let error = refusal_in(place, words);
        assert!(error.contains("it has no preparation.json") && error.contains("gradtop resume adds it"), "{error}");
    }
    output_in(place, &["resume", "pets", "--json"]);
    assert_eq!(fs::read(run.join("preparation.json")).unwrap(), kept);
    fs::write(run.join("preparation.json"), "{}").unwrap();
    assert!(refusal_in(place, &["evaluate", "pets"]).contains("preparation.json: missing field"));
    assert!(output_in(place, &["rm", "pets", "--yes"]).is_empty() || !run.exists());
    assert!(!run.exists());
}

#[test]
fn what_does_not_fit_is_named() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    fs::write(place.join("pets.csv"), table(100, 1, "a,kind,b")).unwrap();
    train(place, "pets.csv", &["--set", "data.label_column=kind"]);
    let write = |name: &str, text: &str| fs::write(place.join(name), text).unwrap();
    // Columns in another order, and one too many, which is said.
    write("order.csv", "kind,b,a\ndog,-100,1\n");
    write("more.csv", "b,other,a,kind\n-100,x,1,dog\n");
    write("same.csv", "a,kind,b\n1,dog,-100\n");
    let row = |name: &str| {
        let text = output_in(place, &["predict", "pets", name]);
        text.lines().nth(1).unwrap().split_once(',').unwrap().1.to_owned()
    };
    assert_eq!([row("order.csv"), row("more.csv")], [row("same.csv"), row("same.csv")]);
    let noted = String::from_utf8(gradtop_in(place, &["predict", "pets", "more.csv"]).stderr).unwrap();
    assert!(noted.starts_with("* left out: more.csv: columns that ") && noted.contains(": \"other\""), "{noted}");
    for (name, text, expected) in [
        ("missing.csv", "a,kind\n1,dog\n", "missing.csv, line 1: no column is called \"b\", which pets.csv has"),
        (
            "cow.csv",
            "a,kind,b\n1,dog,2\n1,cow,2\n",
            "cow.csv, line 3: the label \"cow\" is not among the training labels",
        ),
        ("word.csv", "a,kind,b\n1,dog,2\n1,dog,two\n", "word.csv, line 3: \"two\" in column 2 (b) is no number"),
        ("empty.csv", "", "empty.csv: there are no rows"),
        ("names.csv", "a,kind,b\n", "names.csv: there are no rows"),
        ("text.txt", "a,kind,b\n1,dog,2\n", "text.txt: a file of no kind that is known; valid: a .csv or .tsv file"),
    ] {
        write(name, text);
        let error = refusal_in(place, &["predict", "pets", name]);
        assert!(error.contains(expected), "{error}");
        assert!(refusal_in(place, &["evaluate", "pets", "--data", name]).contains(expected));
    }
    fs::create_dir(place.join("folder.csv")).unwrap();
    RgbImage::from_pixel(5, 4, Rgb([1, 2, 3])).save(place.join("image.png")).unwrap();
    fs::write(place.join("wide.npy"), npy("<f4", "(1, 3)", &[0; 12])).unwrap();
    for (name, expected) in [
        ("folder.csv", "folder.csv: a folder with no samples in it"),
        ("absent.csv", "absent.csv: No such file or directory"),
        ("image.png", "image.png: images, but the network was trained on samples of 2 numbers"),
        ("wide.npy", "wide.npy: samples of the shape [3], but the network was trained on [2]"),
    ] {
        let error = refusal_in(place, &["predict", "pets", name]);
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        refusal_in(place, &["evaluate", "pets", "--data", "moons"])
            .contains("moons: a toy problem has no samples of its own")
    );
    #[cfg(unix)]
    {
        assert!(Command::new("mkfifo").arg(place.join("pipe.csv")).status().unwrap().success());
        let error = refusal_in(place, &["predict", "pets", "pipe.csv"]);
        assert!(error.contains("pipe.csv: a pipe (FIFO), not a regular file"), "{error}");
    }
}

#[test]
fn predictions_are_written_and_nothing_is_overwritten() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    fs::write(place.join("pets.csv"), table(100, 1, "a,kind,b")).unwrap();
    train(place, "pets.csv", &["--set", "data.label_column=kind"]);
    fs::write(place.join("new.csv"), "b,a\n3,0.5\n-100,1\n").unwrap();
    let text = output_in(place, &["predict", "pets", "new.csv"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("sample,class,p(cat),p(dog)", 3), "{text}");
    assert!(lines[1].starts_with("new.csv:2,") && lines[2].starts_with("new.csv:3,"), "{text}");
    // One sample alone gets what it got among others.
    fs::write(place.join("one.csv"), "a,b\n1,-100\n").unwrap();
    let one = output_in(place, &["predict", "pets", "one.csv", "--threads", "1"]);
    assert_eq!(one.lines().nth(1).unwrap().split_once(',').unwrap().1, lines[2].split_once(',').unwrap().1);

    let predict = |words: &[&'static str]| [&["predict", "pets", "new.csv", "--out"], words].concat();
    assert_eq!(output_in(place, &predict(&["out.csv"])), "");
    assert_eq!(fs::read_to_string(place.join("out.csv")).unwrap(), text);
    assert!(refusal_in(place, &predict(&["out.csv"])).contains("out.csv exists; --force replaces it"));
    fs::write(place.join("out.csv"), "old").unwrap();
    assert_eq!(output_in(place, &predict(&["out.csv", "--force"])), "");
    assert_eq!(fs::read_to_string(place.join("out.csv")).unwrap(), text);
    let before = fs::read(place.join("new.csv")).unwrap();
    for out in ["new.csv", "./new.csv"] {
        let error = refusal_in(place, &predict(&[out, "--force"]));
        assert!(error.contains("new.csv is what is read; give another file"), "{error}");
    }
    assert_eq!(fs::read(place.join("new.csv")).unwrap(), before);
    assert!(refusal_in(place, &predict(&[".", "--force"])).contains("not a regular file"));
    // What is refused leaves nothing behind.
    fs::write(place.join("wrong.csv"), "a,b,kind\n1,2,cow\n").unwrap();
    let error = refusal_in(place, &["predict", "pets", "wrong.csv", "--out", "none.csv"]);
    assert!(error.contains("wrong.csv, line 2: the label \"cow\" is not among the training labels of"), "{error}");
    let error = refusal_in(place, &["predict", "pets", "new.csv", "missing.csv", "--out", "none.csv"]);
    assert!(error.contains("missing.csv: No such file or directory"), "{error}");
    let error = refusal_in(place, &["evaluate", "pets", "--data", "new.csv"]);
    assert!(error.contains("new.csv:2: its class is not known; an evaluation needs labels"), "{error}");
    assert!(!place.join("none.csv").exists());
    assert!(fs::read_dir(place).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().contains("partial")));
}
