//! What does not fit into the memory is refused, with status 2, before it is taken.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    program::gradtop_in,
    terminal::{Session, number_after},
};

/// A network of 24 million weights.
const LARGE_NETWORK: &str = "model.layers=linear 30000, relu, linear 10";

/// What gradtop gives under a limit of the shell, such as `-v 307200`, in KiB.
fn limited(place: &Path, limit: &str, words: &[&str]) -> Output {
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_gradtop")]).args(words).current_dir(place);
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output().unwrap()
}

/// What it complains about that it refuses there, and prints nothing else.
fn refusal(place: &Path, limit: &str, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = limited(place, limit, words);
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{words:?} {limit}: {text}");
    assert!(stdout.is_empty(), "{words:?}: {}", String::from_utf8_lossy(&stdout));
    text
}

#[test]
fn a_network_that_does_not_fit_is_refused_before_the_screen() {
    let place = TempDir::new().unwrap();
    for (limit, name) in [("-v 307200", "ulimit -v"), ("-d 204800", "ulimit -d")] {
        for command in
            [&["train"][..], &["train", "--json"], &["train", "--no-record"], &["inspect"], &["gradcheck"], &[]]
        {
            let text = refusal(place.path(), limit, &[command, &["--set", LARGE_NETWORK]].concat());
            assert!(text.contains("of memory are needed, but") && text.contains(name), "{command:?}: {text}");
            assert!(text.contains("`linear 30000`") && text.contains("make it smaller"), "{command:?}: {text}");
        }
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    // What fits well works.
    let small = ["train", "--steps", "2", "--set", "model.layers=linear 100, relu, linear 10"];
    let output = limited(place.path(), "-d 204800", &small);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_sweep_is_refused_that_has_no_memory_for_its_jobs() {
    let place = TempDir::new().unwrap();
    let layers = "model.layers=linear 4000, relu, linear 10";
    let sweep = ["sweep", "--steps", "1", "--set", layers, "--set", "optimizer.lr=1e-3,1e-2,1e-1", "--jobs"];
    let text = refusal(place.path(), "-d 409600", &[&sweep[..], &["3"]].concat());
    assert!(text.contains("--jobs 3: ") && text.contains("train fewer runs at a time"), "{text}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    let Output { status, stderr, .. } = limited(place.path(), "-d 409600", &[&sweep[..], &["1"]].concat());
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

#[test]
fn numbers_beyond_all_memory_are_refused() {
    let place = TempDir::new().unwrap();
    let layers =
        ["linear 1000000000, linear 10", "linear 18446744073709551615, linear 10", "conv 4000000000 4000000000x1"];
    let deep = vec!["linear 8000"; 800].join(", ");
    for layers in layers.into_iter().chain([deep.as_str()]) {
        let set = format!("model.layers={layers}, linear 10");
        let Output { status, stderr, .. } = gradtop_in(place.path(), &["train", "--set", &set]);
        let text = String::from_utf8(stderr).unwrap();
        assert!(status.code() == Some(2) && !text.contains("panicked"), "{text}");
    }
}

/// A file that begins with these bytes and is as long as said, without taking as much of the disk.
fn sparse(place: &Path, name: &str, start: &[u8], length: u64) -> PathBuf {
    let path = place.join(name);
    let mut file = File::create(&path).unwrap();
    file.write_all(start).unwrap();
    file.set_len(length).unwrap();
    path
}

/// The beginning of a safetensors file with this list of tensors.
fn tensor_header(list: &str) -> Vec<u8> {
    [&(list.len() as u64).to_le_bytes()[..], list.as_bytes()].concat()
}

#[test]
fn a_sparse_file_of_tensors_is_never_taken_into_memory() {
    let place = TempDir::new().unwrap();
    let file = |name: &str, list: &str, data: u64| {
        let header = tensor_header(list);
        let length = header.len() as u64 + data;
        sparse(place.path(), name, &header, length).to_str().unwrap().to_owned()
    };
    let weights = r#""0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"0.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}"#;
    let six_gib = 6_u64 << 30;
    let tail = file("tail", &format!("{{{weights}}}"), six_gib);
    let large = format!("\"large\":{{\"dtype\":\"U8\",\"shape\":[{six_gib}],\"data_offsets\":[32,{}]}}", six_gib + 32);
    let unknown = file("unknown", &format!("{{{weights},{large}}}"), six_gib + 32);
    let sides = six_gib / 4 / 3;
    let wide = file(
        "wide",
        &format!("{{\"0.weight\":{{\"dtype\":\"F32\",\"shape\":[{sides},3],\"data_offsets\":[0,{}]}}}}", sides * 12),
        sides * 12,
    );
    let batch_list = r#"{"x":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]},"y":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}"#;
    let batch = file("batch", batch_list, 13);
    let samples = six_gib / 13;
    let many = file(
        "many",
        &format!(
            "{{\"x\":{{\"dtype\":\"F32\",\"shape\":[{samples},3],\"data_offsets\":[0,{0}]}},\"y\":{{\"dtype\":\"U8\",\"shape\":[{samples}],\"data_offsets\":[{0},{1}]}}}}",
            12 * samples,
            13 * samples
        ),
        13 * samples,
    );
    let plain = file("plain", &format!("{{{weights}}}"), 32);
    let limit = "-d 1048576";
    let grads = |weights: &str, batch: &str| {
        let set = ["grads", "--set", "model.layers=linear 2", "--out", "out.safetensors"];
        refusal(place.path(), limit, &[&set[..], &["--weights", weights, "--batch", batch]].concat())
    };
    assert!(grads(&tail, &batch).contains("bytes at the end belong to no tensor"));
    assert!(grads(&unknown, &batch).contains("tensor large belongs to nothing in the network"));
    assert!(grads(&wide, &batch).contains("tensor 0.weight has the shape"));
    let text = grads(&plain, &many);
    assert!(text.contains("too large to compute") || text.contains("of memory are needed"), "{text}");
    for file in [&tail, &unknown, &wide] {
        let Output { status, stderr, .. } =
            limited(place.path(), limit, &["train", "--no-record", "--steps", "1", "--from", file]);
        let text = String::from_utf8_lossy(&stderr);
        assert!(status.code().is_some_and(|code| code <= 2) && !text.contains("allocation"), "{file}: {status} {text}");
    }
}

#[test]
fn sparse_data_are_refused_before_they_are_read() {
    let place = TempDir::new().unwrap();
    let folder = |name: &str| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let number = |number: u32| number.to_be_bytes();
    let images = |count: u32| [&[0, 0, 8, 3][..], &number(count), &number(28), &number(28)].concat();
    let labels = |count: u32| [&[0, 0, 8, 1][..], &number(count)].concat();
    let idx = folder("idx");
    for (part, count) in [("train", 5_000_000), ("t10k", 10)] {
        sparse(&idx, &format!("{part}-images-idx3-ubyte"), &images(count), 16 + 784 * u64::from(count));
        let mut classes = labels(count);
        classes.extend((0..count).map(|sample| (sample % 2) as u8));
        fs::write(idx.join(format!("{part}-labels-idx1-ubyte")), classes).unwrap();
    }
    let npy = folder("npy");
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
        let text = format!("{text:<117}\n");
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let start = header("<f4", "1000000, 1000");
    sparse(&npy, "train_x.npy", &start, start.len() as u64 + 4_000_000_000);
    let mut classes = header("|u1", "1000000,");
    classes.extend((0..1_000_000).map(|sample| (sample % 2) as u8));
    fs::write(npy.join("train_y.npy"), classes).unwrap();
    for data in ["idx", "npy"] {
        for command in ["train", "data", "inspect"] {
            let text = refusal(place.path(), "-d 1048576", &[command, "--data", data]);
            assert!(
                text.contains("of memory are needed, but") && text.contains("fewer or smaller samples"),
                "{command} {data}: {text}"
            );
        }
    }
}

#[test]
fn a_table_that_turns_out_too_large_ends_with_what_is_missing() {
    let place = TempDir::new().unwrap();
    let mut file = File::create(place.path().join("long.csv")).unwrap();
    let part = "0.5,1,0.25,1.5,2,2.5,3,3.5,4,4.5,a\n1,2,3,4,5,6,7,8,9,10,b\n".repeat(5000);
    for _ in 0..200 {
        file.write_all(part.as_bytes()).unwrap();
    }
    let text = refusal(place.path(), "-d 65536", &["train", "--data", "long.csv", "--headless"]);
    assert!(text.contains("long.csv, line ") && text.contains("of memory are needed, but"), "{text}");
}

#[test]
fn a_terminal_that_is_not_read_slows_no_training_and_takes_no_memory() {
    let place = TempDir::new().unwrap();
    let directory = format!("run.directory=\"{}\"", place.path().display());
    let sets = [directory.as_str(), "data.source=spirals", "data.samples=100", "run.batch_size=1"];
    let more = ["model.layers=linear classes", "run.evaluate_every=1000000", "run.steps=10000"];
    let sets: Vec<&str> = sets.iter().chain(&more).flat_map(|set| ["--set", set]).collect();
    let mut session = Session::start(&[&["train"], &sets[..]].concat(), &[]);
    session.wait("the first steps", |screen| number_after(screen, "step ").is_some_and(|step| step > 100));
    let before = session.peak_memory();
    {
        let _unread = session.stop_reading();
        // The last checkpoint is that of the last step: training goes on though nothing is drawn.
        let start = Instant::now();
        while !has_folder(place.path(), "010000") {
            assert!(start.elapsed() < Duration::from_secs(120), "training waits for the terminal");
            thread::sleep(Duration::from_millis(20));
        }
    }
    // The system counts pages a little behind, so that the peak can seem to fall.
    let more = session.peak_memory().saturating_sub(before);
    assert!(more < 8_000_000, "{more} bytes more for steps that were not drawn");
    session.wait_for("finished");
    session.press("1");
    session.resize(200, 60);
    session.wait("the memory of the run", |screen| {
        let row = screen.lines().find(|line| line.contains("memory  "));
        row.is_some_and(|row| row.contains(" MiB") || row.contains(" KiB"))
    });
}

/// Whether a folder somewhere below `place` has a name that ends like this.
fn has_folder(place: &Path, end: &str) -> bool {
    fs::read_dir(place).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        path.is_dir() && (entry.file_name().to_string_lossy().ends_with(end) || has_folder(&path, end))
    })
}
