//! Sweeps, with the real binary.

use std::{
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;
use tempfile::TempDir;

use super::program::{command_in, gradtop_in, output_in, refusal_in};

/// Three rates, the last of which diverges, from three seeds: nine short runs with all that has a state.
const SWEEP: [&str; 15] = [
    "sweep",
    "--data",
    "moons",
    "--layers",
    "linear 16, relu, dropout 0.1, linear classes",
    "--epochs",
    "80",
    "--set",
    "data.samples=400",
    "--set",
    "run.save_seconds=0.02",
    "--set",
    "optimizer.kind=sgd",
    "--set",
    "optimizer.lr=3e-3,3e-2,900",
];

fn sweep(words: &[&'static str]) -> Vec<&'static str> {
    [SWEEP.as_slice(), &["--seeds", "3"], words].concat()
}

/// Names of the folders of runs, which tell when each was begun.
fn runs(place: &Path) -> Vec<String> {
    let Ok(names) = fs::read_dir(place.join("runs")) else { return Vec::new() };
    let names = names.map(|entry| entry.unwrap());
    let runs = names.filter(|entry| entry.path().join("run.toml").exists());
    runs.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Lets a sweep train until it has begun so many runs, and some moments more, and kills it.
fn kill_after(place: &Path, words: &[&str], begun: usize) {
    let mut child = command_in(place, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let limit = Instant::now() + Duration::from_secs(60);
    while runs(place).len() < begun && Instant::now() < limit && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(2));
    }
    let nanoseconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
    thread::sleep(Duration::from_micros(u64::from(nanoseconds) % 5_000));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_sweep_that_is_killed_twice_ends_with_the_same_table() {
    let (whole, killed) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let expected = output_in(whole.path(), &sweep(&[]));
    kill_after(killed.path(), &sweep(&[]), 2);
    kill_after(killed.path(), &sweep(&[]), 6);
    assert!(runs(killed.path()).len() < 9, "it was killed before its end");
    let table = output_in(killed.path(), &["sweep", "lr", "--jobs", "2"]);
    assert_eq!(table, expected);
    assert_eq!((runs(whole.path()).len(), runs(killed.path()).len()), (9, 9), "{:?}", runs(killed.path()));
    let [finished, diverged] = ["±", "diverged   lr-3-seed-"].map(|word| expected.matches(word).count());
    assert!(finished >= 6 && diverged == 3, "{expected}");

    // What is over is only shown, and is a sweep of its own where something differs.
    let modified = |place: &Path| fs::metadata(place.join("runs")).unwrap().modified().unwrap();
    let before = modified(whole.path());
    assert_eq!(output_in(whole.path(), &sweep(&[])), expected);
    assert_eq!(modified(whole.path()), before);
    let refused = refusal_in(whole.path(), &sweep(&["--steps", "10"]));
    assert!(refused.contains("there is a sweep called lr with other settings; --name"), "{refused}");
    let refused = refusal_in(whole.path(), &["sweep", "rl"]);
    assert!(refused.contains("no sweep in runs is called rl"), "{refused}");
}

#[test]
fn a_run_that_explodes_is_counted_and_the_others_go_on() {
    let place = TempDir::new().unwrap();
    let words = ["sweep", "--data", "moons", "--steps", "100", "--set", "optimizer.lr=10,1e-3"];
    let table = output_in(place.path(), &words);
    let diverged: Vec<&str> = table.lines().filter(|line| line.starts_with("diverged ")).collect();
    let [diverged] = diverged[..] else { panic!("{table}") };
    assert!(diverged.contains("lr-1-seed-0 at step "), "{table}");
    assert!(table.contains("\nbest       optimizer.lr=1e-3\n"), "{table}");
    // Its loss was finite all the while, and it is not gone on with.
    output_in(place.path(), &["export", "lr-1-seed-0", "--csv", "run.csv"]);
    let csv = fs::read_to_string(place.path().join("run.csv")).unwrap();
    assert!(csv.lines().count() > 2 && !csv.contains("inf") && !csv.contains("nan"), "{csv}");
    assert_eq!(output_in(place.path(), &["sweep", "lr"]), table);
}

#[test]
fn a_sweep_that_was_moved_goes_on_where_it_is() {
    let place = TempDir::new().unwrap();
    let words = ["sweep", "--data", "moons", "--set", "data.samples=200", "--set", "optimizer.lr=1e-3,1e-2", "--steps"];
    let table = output_in(place.path(), &[&words[..], &["20"]].concat());
    fs::rename(place.path().join("runs"), place.path().join("moved runs")).unwrap();
    let found = || {
        let folders = fs::read_dir(place.path().join("moved runs")).unwrap().map(|entry| entry.unwrap().path());
        folders.filter(|path| path.join("run.toml").exists()).collect::<Vec<_>>()
    };
    fs::remove_dir_all(found().iter().min().unwrap()).unwrap();
    let directory = ["--directory", "moved runs"];
    let expected = table.replace("gradtop compare", "gradtop compare --directory 'moved runs'");
    let moved = output_in(place.path(), &[&["sweep", "lr"], &directory[..]].concat());
    assert_eq!(moved, expected);
    assert!(!place.path().join("runs").exists());
    assert_eq!(found().len(), 2, "the run that was there is not trained again");
    let again = output_in(place.path(), &[&words[..], &["20"], &directory].concat());
    assert_eq!(again, moved);
}

#[test]
fn the_table_counts_what_the_runs_say() {
    let place = TempDir::new().unwrap();
    let words = ["--seeds", "2", "--name", "Two ways", "--json", "--csv", "table.csv", "--steps", "30"];
    let settings =
        ["--set", "model.init=he,xavier", "--set", "model.layers=[linear 4, relu, linear classes],[linear classes]"];
    let base = ["sweep", "--data", "moons", "--set", "data.samples=200"];
    let output = gradtop_in(place.path(), &[&base[..], &settings, &words].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!((json["sweep"].as_str(), rows.len()), (Some("two-ways"), 4));
    assert_eq!(rows[1]["settings"]["model.layers"], "linear classes");
    assert_eq!(rows[2]["settings"]["model.init"], "xavier");
    assert_eq!(rows.iter().filter(|row| row["best"] == true).count(), 1);
    for row in rows {
        let runs = row["runs"].as_array().unwrap();
        let accuracies: Vec<f64> = runs.iter().map(|run| run["test_accuracy"].as_f64().unwrap()).collect();
        let [one, other] = accuracies[..] else { panic!("{row}") };
        let mean = row["test_accuracy"]["mean"].as_f64().unwrap();
        assert!((mean - f64::midpoint(one, other)).abs() < 1e-12);
        let deviation = row["test_accuracy"]["deviation"].as_f64().unwrap();
        assert!((deviation - (one - other).abs() / 2_f64.sqrt()).abs() < 1e-12, "{row}");
        for (seed, run) in runs.iter().enumerate() {
            // Each is a run as any other.
            let shown = output_in(place.path(), &["evaluate", run["name"].as_str().unwrap(), "--json"]);
            let shown: Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(shown["accuracy"].as_f64(), run["test_accuracy"].as_f64(), "{shown}");
            assert_eq!(run["seed"], seed);
        }
    }
    let csv = fs::read_to_string(place.path().join("table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.lines().nth(1).unwrap().starts_with("he,\"linear 4, relu, linear classes\",2,0,0."), "{csv}");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_trained() {
    let place = TempDir::new().unwrap();
    for (words, complaint) in [
        (["--set", "optimizer.lrr=1,2"], "did you mean lr?"),
        (["--set", "optimizer.lr=1e-3,fast"], "optimizer.lr=fast"),
        (["--set", "optimizer.lr=1e-3,,1"], "no value for optimizer.lr"),
        (["--set", "run.seed=1,2"], "--seeds N trains each combination from several seeds"),
        (["--set", "model.layers=[linear classes],[linear 7]"], "needs [2]"),
    ] {
        let refused = refusal_in(place.path(), &[&["sweep", "--data", "moons"], words.as_slice()].concat());
        assert!(refused.contains(complaint), "{words:?}: {refused}");
    }
    let twice = ["sweep", "--data", "moons", "--lr", "1", "--set", "optimizer.lr=1,2"];
    assert!(refusal_in(place.path(), &twice).contains("--lr is short for optimizer.lr"));
    assert!(!place.path().join("runs").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_it_and_says_how_it_goes_on() {
    let place = TempDir::new().unwrap();
    let words = sweep(&["--name", "paused"]);
    let child = command_in(place.path(), &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while runs(place.path()).len() < 2 {
        thread::sleep(Duration::from_millis(2));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.trim_end().ends_with("gradtop: gradtop sweep paused goes on with it"), "{told}");
    output_in(place.path(), &["sweep", "paused"]);
    assert_eq!(runs(place.path()).len(), 9);
}
