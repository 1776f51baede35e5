//! What commands write, and where: closed pipes, files that are there, pictures of the screen.

use std::{
    collections::BTreeSet,
    fs,
    io::{Write, pipe},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::program::{command_in, gradtop, gradtop_in, output_in, refusal_in};
#[cfg(unix)]
use super::terminal::Session;

/// A folder with a table, a recorded run of it called `pets`, and a file of no use.
fn place_with_run() -> TempDir {
    let place = TempDir::new().unwrap();
    let rows: Vec<String> = (0..60).map(|i| format!("{},{},{}\n", i % 7, i % 5, ["cat", "dog"][i % 2])).collect();
    fs::write(place.path().join("pets.csv"), format!("a,b,kind\n{}", rows.concat())).unwrap();
    let train = ["train", "--headless", "--data", "pets.csv", "--layers", "linear classes", "--batch-size", "8"];
    output_in(place.path(), &[&train[..], &["--steps", "3"]].concat());
    place
}

/// Status and standard error of a command whose reader has left before it wrote anything.
fn into_closed_pipe(place: &Path, words: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = command_in(place, words);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_command_ends_silently_when_its_reader_has_left() {
    let place = place_with_run();
    let small = ["--data", "xor", "--layers", "linear 2"];
    let with_small = |words: &[&'static str]| [words, &small].concat();
    let commands: Vec<(Vec<&str>, i32)> = vec![
        (vec!["bench", "mlp100", "--seconds", "0.001"], 0),
        (vec!["presets"], 0),
        (vec!["config"], 0),
        (vec!["config", "optimizer"], 0),
        (vec!["data", "xor"], 0),
        (vec!["data", "xor", "--json"], 0),
        (vec!["runs"], 0),
        (vec!["runs", "--json"], 0),
        (with_small(&["gradcheck"]), 0),
        // What is found out is told by the status all the same.
        (with_small(&["gradcheck", "--tolerance", "1e-30"]), 3),
        (with_small(&["inspect"]), 0),
        (with_small(&["inspect", "--json"]), 0),
        (with_small(&["train", "--steps", "2", "--no-record"]), 0),
        (with_small(&["train", "--steps", "2", "--no-record", "--json"]), 0),
        (with_small(&["lrfind", "--steps", "10"]), 0),
        (with_small(&["lrfind", "--steps", "10", "--json"]), 0),
        (vec!["compare", "pets", "lr-2-seed-0"], 0),
        (vec!["evaluate", "pets"], 0),
        (vec!["evaluate", "pets", "--json"], 0),
        (vec!["predict", "pets", "pets.csv"], 0),
        (vec!["replay", "pets", "--verify"], 0),
        (vec!["export", "pets", "--csv", "x.csv", "--json", "x.json"], 0),
        (vec!["resume", "pets", "--steps", "4"], 0),
        (vec!["rename", "pets", "friends"], 0),
        (vec!["rm", "friends", "--yes"], 0),
        (vec!["--help"], 0),
        (vec!["help", "train"], 0),
        (vec!["--version"], 0),
    ];
    // It tells on standard error how far it is.
    let sweep = with_small(&["sweep", "--set", "optimizer.lr=1e-3,1e-2", "--steps", "2"]);
    let (status, told) = into_closed_pipe(place.path(), &sweep);
    assert!(status == Some(0) && told.lines().all(|line| line.starts_with("lr-")), "{status:?} {told}");
    for (words, status) in &commands {
        assert_eq!(into_closed_pipe(place.path(), words), (Some(*status), String::new()), "{words:?}");
    }
    assert!(place.path().join("x.json").exists());
    // A command that is new has to be tried, too. Of these one needs CIFAR-10, one a terminal, and one writes to
    // a file alone.
    let tried: BTreeSet<&str> =
        commands.iter().map(|(words, _)| words[0]).chain(["reproduce", "open", "grads", "sweep"]).collect();
    let help = String::from_utf8(gradtop(&["--help"]).stdout).unwrap();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let missing: Vec<&str> = listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !tried.contains(name))
        .collect();
    assert!(help.contains("\nCommands:\n") && missing.is_empty(), "{missing:?}");
}

#[test]
fn a_table_of_weights_or_of_predictions_never_replaces_its_input_by_any_link() {
    let place = place_with_run();
    let place = place.path();
    fs::hard_link(place.join("pets.csv"), place.join("twin.csv")).unwrap();
    let before = fs::read(place.join("pets.csv")).unwrap();
    let error = refusal_in(place, &["predict", "pets", "pets.csv", "--out", "twin.csv", "--force"]);
    assert!(error.contains("twin.csv is what is read; give another file"), "{error}");
    assert_eq!(fs::read(place.join("twin.csv")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_pipe_a_device_and_a_folder_are_named_wherever_a_file_is_meant() {
    let place = place_with_run();
    let place = place.path();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.join("fifo"), rustix::fs::Mode::RWXU).unwrap();
    fs::create_dir(place.join("dir")).unwrap();
    for (path, kind) in [("fifo", "a pipe (FIFO)"), ("/dev/full", "a device"), ("dir", "a folder")] {
        let folder_set = format!("run.directory={path}");
        let mut commands = vec![
            vec!["train", "--config", path],
            vec!["grads", "--weights", path, "--batch", path, "--out", "x.safetensors"],
            vec!["grads", "--weights", "w", "--batch", "b", "--out", path, "--force"],
            vec!["export", "pets", "--csv", path, "--force"],
            vec!["export", path, "--csv", "x.csv"],
            vec!["predict", "pets", "pets.csv", "--out", path, "--force"],
            vec!["evaluate", path],
            vec!["train", "--data", "xor", "--from", path],
        ];
        if path != "dir" {
            commands.push(vec!["train", "--data", path]);
            commands.push(vec!["predict", "pets", path]);
            commands.push(vec!["evaluate", "pets", "--data", path]);
            commands.push(vec!["train", "--data", "xor", "--set", &folder_set]);
        }
        for words in commands {
            let error = refusal_in(place, &words);
            assert!(error.contains(kind), "{words:?}: {error}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_not_unicode_work_wherever_a_path_is_meant() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let place = place_with_run();
    let place = place.path();
    let odd = |rest: &str| OsStr::from_bytes(&[b"caf\xe9", rest.as_bytes()].concat()).to_owned();
    fs::rename(place.join("runs"), place.join(odd(""))).unwrap();
    fs::copy(place.join("pets.csv"), place.join(odd(".csv"))).unwrap();
    fs::write(place.join(odd(".toml")), "[run]\nseed = 3\n").unwrap();
    let run = fs::read_dir(place.join(odd(""))).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    let run = run.unwrap().into_os_string();
    let (runs, table, toml) = (odd(""), odd(".csv"), odd(".toml"));
    let words = |words: &[&'static str]| words.iter().map(|word| OsStr::new(*word).to_owned()).collect::<Vec<_>>();
    let commands = [
        [words(&["runs", "--directory"]), vec![runs.clone()]].concat(),
        [words(&["evaluate"]), vec![run.clone()], words(&["--data"]), vec![table.clone()]].concat(),
        [words(&["predict"]), vec![run.clone(), table.clone(), "--out".into(), odd("-out.csv")]].concat(),
        [words(&["export"]), vec![run.clone(), "--csv".into(), odd("-export.csv")]].concat(),
        [words(&["config", "run.seed", "--config"]), vec![toml]].concat(),
        [
            words(&[
                "train",
                "--data",
                "pets.csv",
                "--layers",
                "linear classes",
                "--steps",
                "1",
                "--no-record",
                "--from",
            ]),
            vec![run],
        ]
        .concat(),
    ];
    for arguments in commands {
        let output = command_in(place, &[]).args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(String::from_utf8(output.stdout).is_ok(), "{arguments:?}");
    }
    assert!(place.join(odd("-out.csv")).exists() && place.join(odd("-export.csv")).exists());
    let output = command_in(place, &["open"]).arg(odd("\u{1b}[m")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("caf\\xe9·[m"), "{said}");
}

/// The names of the pictures in a folder.
#[cfg(unix)]
fn pictures(place: &Path) -> Vec<String> {
    let names = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains("svg")).collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_second_picture_of_one_step_gets_a_name_of_its_own() {
    let place = place_with_run();
    let mut session = Session::start_in(place.path(), "exec \"$GRADTOP\" open pets");
    session.wait_for("recorded @ 3");
    session.press("p");
    session.wait_for("gradtop-pets-csv-3.svg");
    session.press("p");
    session.wait_for("gradtop-pets-csv-3-2.svg");
    session.press(":screenshot gradtop-pets-csv-3.svg\r");
    session.wait_for("exists; give another name");
    assert_eq!(pictures(place.path()), ["gradtop-pets-csv-3-2.svg", "gradtop-pets-csv-3.svg"]);
}

#[cfg(unix)]
#[test]
fn a_picture_that_does_not_fit_leaves_nothing_behind() {
    let place = place_with_run();
    // What is larger than nothing can't be written, which is no signal then but an error, as a full disk gives.
    let mut session = Session::start_in(place.path(), "trap '' XFSZ; ulimit -f 0; exec \"$GRADTOP\" open pets");
    session.wait_for("recorded @ 3");
    session.press("p");
    session.wait_for("screen not saved");
    assert_eq!(pictures(place.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_header_that_claims_gigabytes_gets_none_of_them() {
    const CLAIMED: u32 = 3_000_000_000;
    let place = TempDir::new().unwrap();
    for part in ["train", "t10k"] {
        for (name, sides) in [("images-idx3", &[CLAIMED, 1, 1][..]), ("labels-idx1", &[CLAIMED])] {
            let header =
                [0, 0, 8, sides.len() as u8].into_iter().chain(sides.iter().flat_map(|side| side.to_be_bytes()));
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&header.collect::<Vec<u8>>()).unwrap();
            fs::write(place.path().join(format!("{part}-{name}-ubyte.gz")), packed.finish().unwrap()).unwrap();
        }
    }
    // Were 3 GB asked for, the system would refuse them and the program abort.
    let limited = Command::new("sh")
        .args(["-c", "ulimit -v 2000000; exec \"$GRADTOP\" data ."])
        .env("GRADTOP", env!("CARGO_BIN_EXE_gradtop"))
        .current_dir(place.path())
        .output()
        .unwrap();
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(2), "{said}");
    assert!(said.contains("-ubyte.gz: 2.8 GiB of memory are needed"), "{said}");
}

#[test]
fn figures_that_are_there_are_replaced_only_by_force() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    let mut batch = Vec::new();
    for i in 0..400_u32 {
        batch.push((i % 10) as u8);
        batch.extend((0..3072).map(|j| (i * 7 + j) as u8));
    }
    for name in [
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
    ] {
        fs::write(place.join(name), &batch).unwrap();
    }
    fs::create_dir(place.join("figures")).unwrap();
    fs::write(place.join("figures/mlp-10.svg"), "mine").unwrap();
    let words = ["reproduce", "mlp-10", "--data", ".", "--seeds", "1", "--steps", "1", "--figures", "figures"];
    let error = refusal_in(place, &words);
    assert!(error.contains("mlp-10.svg exists; --force replaces it"), "{error}");
    assert_eq!(fs::read_to_string(place.join("figures/mlp-10.svg")).unwrap(), "mine");
    let output = gradtop_in(place, &[&words[..], &["--force"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read_to_string(place.join("figures/mlp-10.svg")).unwrap().ends_with("</svg>\n"));
}
