//! Loading as a whole: the built-in data, whole folders, and one test for each way a file can be wrong.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

mod arrays;
mod augmenting;
mod cifar;
mod files;
mod idx_files;
mod images;
mod paths;
mod samples;
mod tables;

/// Stops loading at each of its reports in turn, which never go back and end at 1.
fn assert_interruptible(spec: &DataSpec) {
    let mut reports = Vec::new();
    load(spec, &mut |_, fraction| {
        reports.push(fraction.unwrap());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(reports.is_sorted() && reports.last() == Some(&1.0), "{reports:?}");
    for stop in 1..=reports.len() {
        let mut calls = 0;
        let result = load(spec, &mut |_, _| {
            calls += 1;
            if calls == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(result, Err(DataError::Interrupted)) && calls == stop, "{stop}");
    }
}

fn idx(dimensions: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dimensions.len() as u8];
    file.extend(dimensions.iter().flat_map(|side| side.to_be_bytes()));
    file.extend(elements);
    file
}

fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

/// A folder with a sound data set: four training and two test images of 2×3 pixels, two classes.
fn folder() -> TempDir {
    let folder = TempDir::with_prefix("pictures").unwrap();
    put(&folder, "train-images-idx3-ubyte", &idx(&[4, 2, 3], &(0..24).collect::<Vec<_>>()));
    put(&folder, "train-labels-idx1-ubyte", &idx(&[4], &[0, 1, 1, 0]));
    put(&folder, "t10k-images-idx3-ubyte", &idx(&[2, 2, 3], &[9; 12]));
    put(&folder, "t10k-labels-idx1-ubyte", &idx(&[2], &[1, 0]));
    folder
}

fn put(folder: &TempDir, name: &str, contents: &[u8]) {
    fs::write(folder.path().join(name), contents).unwrap();
}

/// What was said about the data.
fn notes(data: &Dataset) -> Vec<&str> {
    data.notes.iter().map(|note| note.text.as_str()).collect()
}

/// The specification of a path.
fn of(path: impl AsRef<Path>) -> DataSpec {
    DataSpec { source: Source::Path(path.as_ref().into()), ..DataSpec::default() }
}

fn load_folder(folder: &Path, preprocessing: Preprocessing) -> Result<Dataset, DataError> {
    let spec = DataSpec { preprocessing, ..of(folder) };
    load(&spec, &mut |_, _| ControlFlow::Continue(()))
}

/// All rows, training before test.
fn rows(data: &Dataset) -> Vec<(Vec<f64>, u8)> {
    let mut all = Vec::new();
    for split in [&data.train, &data.test] {
        for index in 0..split.len() as u32 {
            let mut row = vec![0.0; data.features()];
            split.gather(&[index], &mut row);
            all.push((row, split.labels[index as usize]));
        }
    }
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

/// The error of a sound folder in which one file was replaced, with the folder's own path as `…`.
fn error(name: &str, contents: &[u8]) -> String {
    let folder = folder();
    let plain = folder.path().join(name.trim_end_matches(".gz"));
    if plain.exists() {
        fs::remove_file(plain).unwrap();
    }
    put(&folder, name, contents);
    let error = load_folder(folder.path(), Preprocessing::None).map(|data| data.shape).unwrap_err().to_string();
    error.replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/")
}

#[test]
fn built_in_data_is_what_its_readme_says() {
    let mut calls = 0;
    let mut last = 0.0;
    let data = load(&DataSpec::default(), &mut |what, fraction| {
        assert_eq!(what, "reading fashion-mnist");
        let fraction = fraction.unwrap();
        assert!((last..=1.0).contains(&fraction), "{fraction} after {last}");
        (calls, last) = (calls + 1, fraction);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(calls > 8 && last == 1.0);
    assert_eq!((data.name.as_str(), data.shape.as_slice(), data.features()), ("fashion-mnist", &[1, 28, 28][..], 784));
    assert_eq!((data.train.len(), data.test.len(), data.train.features()), (10_000, 2_000, 784));
    for (split, each) in [(&data.train, 1000), (&data.test, 200)] {
        let mut counts = [0; 10];
        for &label in &split.labels {
            counts[label as usize] += 1;
        }
        assert_eq!(counts, [each; 10]);
    }
    // The first training image of the set is an ankle boot.
    assert_eq!(data.classes[data.train.labels[0] as usize], "Ankle boot");
}

#[test]
fn gathered_training_pixels_are_standardized() {
    let data = load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(
        matches!(data.train.features, features::Features::Bytes { .. }),
        "bytes become numbers when they are gathered"
    );
    let indices: Vec<u32> = (0..10_000).collect();
    let mut rows = vec![0.0_f64; 10_000 * 784];
    data.train.gather(&indices, &mut rows);
    let mean = rows.iter().sum::<f64>() / rows.len() as f64;
    let variance = rows.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows.len() as f64;
    assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
}

#[test]
fn a_description_agrees_with_what_is_loaded() {
    let fashion = load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap();
    let expected = DatasetOutline {
        shape: vec![1, 28, 28],
        classes: fashion.classes.clone(),
        train: 10_000,
        test: 2_000,
        bytes_per_value: 1,
    };
    assert_eq!(describe(&DataSpec::default()).unwrap(), Some(expected));
    let folder = folder();
    // Images that cannot be read do not disturb it, labels do.
    put(&folder, "train-images-idx3-ubyte", &gzip(&idx(&[4, 2, 3], &[0; 5])));
    let expected = DatasetOutline {
        shape: vec![1, 2, 3],
        classes: vec!["0".into(), "1".into()],
        train: 4,
        test: 2,
        bytes_per_value: 1,
    };
    assert_eq!(describe(&of(&folder)).unwrap(), Some(expected));
    put(&folder, "t10k-labels-idx1-ubyte", &idx(&[2], &[1, 2]));
    assert!(matches!(describe(&of(&folder)), Err(DataError::Label { item: 1, label: 2, .. })));
}

#[test]
fn a_folder_is_read_plain_and_gzipped_under_both_names() {
    let folder = folder();
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.shape.as_slice(), data.train.len(), data.test.len()), (&[1, 2, 3][..], 4, 2));
    assert_eq!(data.classes, ["0", "1"]);
    assert!(data.name.starts_with("pictures"));
    let mut rows = [0.0_f32; 12];
    data.train.gather(&[3, 1], &mut rows);
    assert_eq!(rows, [18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    let mut labels = [9; 2];
    data.train.gather_labels(&[3, 1], &mut labels);
    assert_eq!(labels, [0, 1]);

    for name in
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    {
        let contents = fs::read(folder.path().join(name)).unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        let dotted = name.replace("-idx", ".idx");
        if name.starts_with("train") {
            put(&folder, &format!("{name}.gz"), &gzip(&contents));
        } else {
            put(&folder, &dotted, &contents);
        }
    }
    let again = load_folder(folder.path(), Preprocessing::None).unwrap();
    let mut rows_again = [0.0_f32; 12];
    again.train.gather(&[3, 1], &mut rows_again);
    assert_eq!((rows, again.test.labels), (rows_again, data.test.labels));
}

#[test]
fn class_names_come_from_a_file_and_are_made_harmless() {
    let folder = folder();
    put(&folder, "classes.txt", "cat\n\u{1b}]52;c;AA\u{7}dog\r\n".as_bytes());
    assert_eq!(load_folder(folder.path(), Preprocessing::None).unwrap().classes, ["cat", "·]52;c;AA·dog"]);
    let many: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for (contents, problem) in [
        (&b"\xff\n"[..], "not UTF-8"),
        (b"cat\n\ndog", "line 2 is empty"),
        (b"cat\n", "1 names"),
        (b"", "0 names"),
        (many.join("\n").as_bytes(), "300 names"),
        (b"cat\ndog\ncat", "lines 1 and 3 both name \"cat\""),
        (&b"x".repeat(70_000), "longer than 65536 bytes"),
    ] {
        let expected = format!("…/classes.txt: {problem}; expected 2 to 256 names in UTF-8, one a line");
        assert_eq!(error("classes.txt", contents), expected);
    }
    // Names are compared whole, not as they are shown.
    let alike = |last: &str| format!("{}{last}", "x".repeat(300));
    put(&folder, "classes.txt", [alike("1"), alike("2")].join("\n").as_bytes());
    assert_eq!(load_folder(folder.path(), Preprocessing::None).unwrap().classes.len(), 2);
    // Three names make three classes, whatever the labels are.
    put(&folder, "classes.txt", b"a\nb\nc");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(data.classes.len(), 3);
    assert_eq!(
        notes(&data),
        [
            "no training samples of the class c; do the labels begin at 1 or skip numbers, or are there too many names?",
            "no test samples of the class c; nothing shows how well it is recognized"
        ]
    );
    // What is there but no file is not passed over.
    fs::remove_file(folder.path().join("classes.txt")).unwrap();
    fs::create_dir(folder.path().join("classes.txt")).unwrap();
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    assert!(text.ends_with("classes.txt: a folder, not a regular file"), "{text}");
}

#[test]
fn data_that_are_not_as_they_were_checked_are_told_apart() {
    let folder = folder();
    let checked = describe(&of(&folder)).unwrap().unwrap();
    let difference = || {
        let data = load_folder(folder.path(), Preprocessing::None).unwrap();
        checked.find_difference(&data.outline()).unwrap_or_default()
    };
    assert_eq!(difference(), "");
    put(&folder, "classes.txt", b"0\ncat");
    assert_eq!(difference(), "a class named \"1\" then, \"cat\" now");
    put(&folder, "classes.txt", b"0\n1\n2");
    assert_eq!(difference(), "2 classes then, 3 now");
    put(&folder, "t10k-images-idx3-ubyte", &idx(&[1, 2, 3], &[9; 6]));
    put(&folder, "t10k-labels-idx1-ubyte", &idx(&[1], &[1]));
    assert_eq!(difference(), "2 test samples then, 1 now");
    put(&folder, "train-images-idx3-ubyte", &idx(&[3, 2, 3], &[9; 18]));
    put(&folder, "train-labels-idx1-ubyte", &idx(&[3], &[0, 1, 1]));
    assert_eq!(difference(), "4 training samples then, 3 now");
}

#[test]
fn a_summary_is_in_the_units_of_the_file_and_read_once() {
    let folder = TempDir::with_prefix("summary").unwrap();
    let rows: Vec<String> = (0..30).map(|i| format!("{},{}.5,{}", 1_700_000_000 + i, i, i % 3)).collect();
    put(&folder, "train.csv", rows.join("\n").as_bytes());
    put(&folder, "test.csv", b"1700000007,4.5,1\n");
    let mut reports = Vec::new();
    let (data, summary) = load_summarized(&of(&folder), &mut |_, fraction| {
        reports.push(fraction.unwrap());
        ControlFlow::Continue(())
    })
    .unwrap();
    let ends: Vec<[f64; 3]> =
        summary.train.channels.iter().map(|channel| [channel.min, channel.max, channel.mean]).collect();
    assert_eq!(ends, [[1.7e9, 1_700_000_029.0, 1_700_000_014.5], [0.5, 29.5, 15.0]]);
    assert_eq!(summary.test.channels[0].max, 1_700_000_007.0);
    assert_eq!((data.train.len(), &summary.notes), (30, &data.notes));
    assert!(reports.is_sorted(), "{reports:?}");
    // Pixels are what they are.
    let (_, summary) = load_summarized(&of(self::folder().path()), &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((summary.train.channels[0].min, summary.train.channels[0].max), (0.0, 23.0));
}

#[test]
fn loading_can_be_interrupted_at_any_report() {
    assert_interruptible(&DataSpec::default());
}
