//! Recorded runs, with the real binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::program::{command_in, gradtop_in, output_in, refusal_in};

/// Times that a run is killed if nobody says how many: `GRADTOP_KILLS=1000 cargo test --test gradtop runs::`.
const USUAL_KILLS: u64 = 4;

/// A run that takes some seconds where nothing is optimized, with all that has a state.
const RUN: [&str; 15] = [
    "--data",
    "moons",
    "--layers",
    "linear 16, batchnorm, relu, dropout 0.1, linear classes",
    "--lr",
    "0.01",
    "--epochs",
    "30",
    "--set",
    "optimizer.ema=0.9",
    "--set",
    "run.save_seconds=0.05",
    "--set",
    "data.samples=800",
    "--headless",
];

fn train(words: &[&'static str]) -> Vec<&'static str> {
    [&["train"], RUN.as_slice(), words].concat()
}

/// The fingerprint in the output of a run.
fn sha(output: &str) -> &str {
    let line = output.lines().find(|line| line.contains("sha256")).unwrap_or_else(|| panic!("{output}"));
    line.split("sha256 ").nth(1).unwrap().split(' ').next().unwrap()
}

fn only_run(place: &Path) -> PathBuf {
    let runs: Vec<_> = fs::read_dir(place.join("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let place = TempDir::new().unwrap();
    let whole = output_in(place.path(), &train(&["--no-record"]));
    assert!(!place.path().join("runs").exists());
    let kills = std::env::var("GRADTOP_KILLS").map_or(USUAL_KILLS, |kills| kills.parse().unwrap());
    let mut words = train(&[]);
    for kill in 0..kills {
        let mut child = command_in(place.path(), &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // At another moment each time: while it begins, trains, saves.
        thread::sleep(Duration::from_millis(40 + (kill * 7919) % 311));
        child.kill().unwrap();
        child.wait().unwrap();
        let begun = fs::read_dir(place.path().join("runs"))
            .is_ok_and(|runs| runs.filter_map(Result::ok).any(|run| run.path().join("run.toml").exists()));
        if begun {
            words = vec!["resume", "--headless", "--threads", if kill % 2 == 0 { "1" } else { "2" }];
        }
    }
    let end = gradtop_in(place.path(), &words);
    let end = String::from_utf8(end.stdout).unwrap();
    // A kill may have come after the end.
    let listed = output_in(place.path(), &["runs", "--json"]);
    if listed.lines().last().is_some_and(|run| run.contains("\"finished\"")) && !end.contains("sha256") {
        let verified = output_in(place.path(), &["replay", "moons", "--verify"]);
        assert_eq!(sha(&verified), sha(&whole));
        return;
    }
    assert_eq!(sha(&end), sha(&whole));
}

#[test]
fn a_run_is_stopped_listed_resumed_verified_renamed_and_removed() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    let whole = output_in(place, &train(&["--no-record"]));
    let first = output_in(place, &train(&["--steps", "100"]));
    assert!(first.contains("recorded   in runs/"), "{first}");
    let name = only_run(place).file_name().unwrap().to_string_lossy().into_owned();
    assert!(first.contains(&format!("gradtop resume {name}")), "{first}");
    let listed = output_in(place, &["runs"]);
    assert!(listed.contains("stopped") && listed.contains("100 of 300"), "{listed}");
    let error = refusal_in(place, &["resume", &name, "--headless", "--steps", "50"]);
    assert!(error.contains("the run is at step 100 already"), "{error}");
    let end = output_in(place, &["resume", "--headless"]);
    assert_eq!(sha(&end), sha(&whole));
    assert!(output_in(place, &["replay", &name, "--verify"]).starts_with("verified   sha256 "));
    assert!(output_in(place, &["runs"]).contains("finished"));
    // A finished run shows its end, and nothing is saved again.
    let checkpoints = || fs::read_dir(only_run(place).join("checkpoints")).unwrap().count();
    let before = checkpoints();
    assert_eq!(sha(&output_in(place, &["resume", &name, "--headless"])), sha(&whole));
    assert_eq!(checkpoints(), before);
    let error = refusal_in(place, &["resume", "--headless"]);
    assert!(error.contains("no run in runs is unfinished"), "{error}");

    let error = refusal_in(place, &["resume", &name, "--headless", "--set", "run.epochs=20"]);
    assert!(error.contains("the run would end at step 200, and is at step 300 already"), "{error}");

    // Trained further, it is the run that was planned so from there on.
    let longer = output_in(place, &["resume", &name, "--headless", "--set", "run.epochs=31"]);
    assert!(longer.contains("goes on from step 300"), "{longer}");
    assert!(output_in(place, &["replay", &name, "--verify"]).contains("at step 310, as recorded"));

    output_in(place, &["rename", &name, "Second moon"]);
    assert!(output_in(place, &["runs"]).contains("-second-moon"));
    let error = refusal_in(place, &["rm", "second"]);
    assert!(error.contains("--yes removes it without asking"), "{error}");
    output_in(place, &["rm", "second", "--yes"]);
    assert_eq!(fs::read_dir(place.join("runs")).unwrap().count(), 0);
}

#[test]
fn a_run_goes_on_as_a_branch_with_another_setting() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    output_in(place, &train(&["--steps", "60"]));
    let error = refusal_in(place, &["resume", "--headless", "--set", "model.init=he"]);
    assert!(error.contains("model.init can't change in a run that goes on; valid: optimizer.lr"), "{error}");
    let branch = output_in(place, &["resume", "--headless", "--set", "optimizer.lr=0.002", "--steps", "120"]);
    assert!(branch.contains("goes on from step 60"), "{branch}");
    let ledger = fs::read_to_string(only_run(place).join("ledger.jsonl")).unwrap();
    assert_eq!(
        ledger.lines().collect::<Vec<_>>(),
        [
            "{\"step\":60,\"branch\":1,\"branched\":{\"parent\":0,\"changes\":0}}",
            "{\"step\":60,\"branch\":1,\"change\":{\"key\":\"optimizer.lr\",\"to\":0.002,\"by\":\"viewer\"}}",
        ]
    );
    assert!(output_in(place, &["replay", "moons", "--verify"]).contains("at step 120, as recorded"));
}

#[test]
fn data_that_changed_are_refused_without_anyway() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    let table = |last: &str| {
        let row = |row: usize| format!("{},{},{}", row, row * row % 7, ["a", "b"][row % 2]);
        let rows: Vec<String> = (0..40).map(row).collect();
        fs::write(place.join("table.csv"), format!("x,y,kind\n{}\n{last}\n", rows.join("\n"))).unwrap();
    };
    table("1,2,a");
    let words = ["train", "--headless", "--data", "table.csv", "--layers", "linear classes", "--steps", "5"];
    output_in(place, &words);
    table("1,3,a");
    let error = refusal_in(place, &["resume", "--headless"]);
    assert!(error.contains("not the data that this run was trained on"), "{error}");
    output_in(place, &["resume", "--headless", "--anyway"]);
}

#[test]
fn a_folder_that_can_not_be_written_is_said_and_the_run_goes_on() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    // Nobody can make a folder there.
    let text = output_in(place, &train(&["--steps", "20", "--set", "run.directory=/proc/runs"]));
    assert!(text.contains("the run can't be recorded: /proc/runs"), "{text}");
    assert!(text.contains("finished   step 20"), "{text}");
}

#[test]
fn a_run_begins_with_the_weights_of_another() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    output_in(place, &train(&["--steps", "200"]));
    let checkpoint = only_run(place).join("checkpoints/000000200/weights.safetensors");
    let weights = checkpoint.to_str().unwrap();
    let text =
        output_in(place, &["train", "--headless", "--data", "moons", "--steps", "1", "--from", weights, "--no-record"]);
    assert!(text.contains("tensor 0.weight"), "every tensor that does not fit has a line: {text}");
    let fitting = "linear 16, batchnorm, relu, dropout 0.1, linear classes";
    let text = output_in(
        place,
        &[
            "train",
            "--headless",
            "--data",
            "moons",
            "--layers",
            fitting,
            "--steps",
            "1",
            "--from",
            "moons",
            "--no-record",
        ],
    );
    assert!(!text.contains("tensor"), "{text}");
    assert!(text.contains("accuracy 9") || text.contains("accuracy 100"), "{text}");
}

#[test]
fn a_run_is_exported_in_every_form_and_over_nothing_that_was_not_meant() {
    let place = TempDir::new().unwrap();
    output_in(place.path(), &train(&["--steps", "40"]));
    let run = only_run(place.path());
    let folder = run.file_name().unwrap().to_str().unwrap();
    let all = ["export", folder, "--csv", "a.csv", "--json", "a.json", "--svg", "a.svg", "--html", "a.html"];
    let said = output_in(place.path(), &all);
    assert_eq!(said.lines().filter(|line| line.starts_with("exported   ")).count(), 4, "{said}");
    let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    let csv = read("a.csv");
    assert!(csv.starts_with("step,train/loss,") && csv.contains(",layer/0/gradient_norm"), "{}", &csv[..200]);
    assert_eq!(csv.lines().filter(|line| line.starts_with("40,")).count(), 1);
    let object: serde_json::Value = serde_json::from_str(&read("a.json")).unwrap();
    assert_eq!((&object["state"]["step"], &object["configuration"]["data"]["source"]), (&40.into(), &"moons".into()));
    assert_eq!(object["scalars"]["train/loss"].as_array().unwrap().len(), 40);
    assert!(read("a.svg").starts_with("<svg ") && read("a.html").contains("Test accuracy "));

    // What exists stays, all of it, though only one of them does.
    fs::write(place.path().join("a.json"), "mine").unwrap();
    fs::remove_file(place.path().join("a.csv")).unwrap();
    assert!(refusal_in(place.path(), &all).contains("a.json exists; --force replaces it"));
    assert!(read("a.json") == "mine" && !place.path().join("a.csv").exists());
    output_in(place.path(), &[&all[..], &["--force"]].concat());
    assert!(read("a.json").starts_with('{'));
    assert!(read("a.html").contains("<h2>Worst mistakes</h2>"));

    // What is damaged of a checkpoint is said, and is not taken from an older one.
    let damaged = run.join("checkpoints/000000040/predictions.json");
    let whole = fs::read(&damaged).unwrap();
    fs::write(&damaged, "{}").unwrap();
    let done = gradtop_in(place.path(), &["export", folder, "--html", "a.html", "--force"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success() && said.contains("predictions.json: damaged"), "{said}");
    assert!(
        !read("a.html").contains("<h2>Worst mistakes</h2>") && read("a.html").contains("predictions.json: damaged")
    );
    fs::write(&damaged, whole).unwrap();

    for (form, file, valid) in [("--svg", "x.png", ".svg"), ("--csv", "x.json", ".csv"), ("--html", "x.pdf", ".html")] {
        let said = refusal_in(place.path(), &["export", folder, form, file]);
        assert!(said.contains(file) && said.contains(&format!("valid: {valid}")), "{said}");
        assert!(!place.path().join(file).exists());
    }
    let manifest = fs::read(run.join("run.toml")).unwrap();
    for inside in ["run.toml", "checkpoints/new.csv", "new.csv"] {
        let inside = run.join(inside);
        let said = refusal_in(place.path(), &["export", folder, "--csv", inside.to_str().unwrap(), "--force"]);
        assert!(said.contains("the folder of a recorded run"), "{said}");
        assert!(inside.ends_with("run.toml") || !inside.exists());
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(run.join("run.toml"), place.path().join("link.csv")).unwrap();
        let said = refusal_in(place.path(), &["export", folder, "--csv", "link.csv", "--force"]);
        assert!(said.contains("the folder of a recorded run"), "{said}");
    }
    assert_eq!(fs::read(run.join("run.toml")).unwrap(), manifest);

    let said = refusal_in(place.path(), &["export", folder, "--csv", "b", "--json", "./b"]);
    assert!(said.contains("./b is given twice"), "{said}");
    assert!(refusal_in(place.path(), &["export", folder]).contains("--csv"));
    assert!(refusal_in(place.path(), &["export", "nothing", "--csv", "b"]).contains("nothing"));
    assert!(!place.path().join("b").exists());
}

#[cfg(unix)]
#[test]
fn the_command_of_ones_own_is_run_at_the_end_and_none_that_a_folder_brings_along() {
    let place = TempDir::new().unwrap();
    let message = place.path().join("message");
    let told = || {
        (0..100).find_map(|_| {
            thread::sleep(Duration::from_millis(50));
            fs::read_to_string(&message).ok().filter(|text| text.ends_with('\n'))
        })
    };
    let notify = r#"run.notify=echo "$GRADTOP_RUN: $GRADTOP_MESSAGE" > message"#;
    let run = |words: &[&str]| assert!(command_in(place.path(), words).output().unwrap().status.success(), "{words:?}");
    run(&["train", "--headless", "--data", "moons", "--epochs", "1", "--steps", "5", "--set", notify]);
    assert_eq!(told().as_deref(), Some("moons: gradtop: moons finished at step 5\n"));
    fs::remove_file(&message).unwrap();
    run(&["resume", "--headless", "--steps", "7"]);
    thread::sleep(Duration::from_millis(300));
    assert!(!message.exists());
    run(&["resume", "--headless", "--steps", "9", "--set", notify]);
    assert_eq!(told().as_deref(), Some("moons: gradtop: moons finished at step 9\n"));
}
