//! The real binary without a terminal: output, exit status, and what it says to wrong input.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::program::{complaint, gradtop};
use gradtop::protocol::Event;

#[test]
fn headless_ends_with_accuracy_and_fingerprint() {
    let output = gradtop(&["train", "--headless", "--steps", "40", "--set", "run.evaluate_every=20", "--no-record"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[lines.len() - 2].starts_with("test       accuracy "), "{text}");
    let fingerprint = lines[lines.len() - 1].strip_prefix("weights    sha256 ").unwrap();
    assert!(fingerprint.len() == 64 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(lines.iter().any(|line| line.split_whitespace().nth(1) == Some("20")), "{text}");
}

#[test]
fn json_writes_events_and_nothing_else_and_agrees_with_headless() {
    let arguments = ["train", "--json", "--steps", "30", "--set", "run.seed=3"];
    let output = gradtop(&arguments);
    let events: Vec<Event> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(matches!(events[0], Event::Hello(_)));
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Step(_))).count(), 30);
    let Some(Event::Finished(summary)) = events.last() else { panic!("{:?}", events.last()) };
    let threads = gradtop(&["train", "--headless", "--steps", "30", "--set", "run.seed=3", "--threads", "4"]);
    assert!(String::from_utf8_lossy(&threads.stdout).contains(summary.weights_sha256.as_ref().unwrap()));
}

#[test]
fn without_a_terminal_a_run_is_headless() {
    let output = gradtop(&["train", "--steps", "5"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("weights    sha256"));
}

#[test]
fn a_closed_pipe_ends_the_run_silently() {
    for kind in ["--json", "--headless"] {
        closed_pipe(kind);
    }
}

fn closed_pipe(kind: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .args(["train", kind, "--set", "run.epochs=1000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stdout.take().unwrap().read_exact(&mut byte).unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn wrong_configurations_are_refused_with_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    for (text, place, words) in [
        ("[optimizer]\nlr = -1\n", "bad.toml:2:6", "above 0"),
        ("[optimizer]\nmomentom = 0.9\n", "bad.toml:2:1", "momentum"),
        ("[run]\nbatch_size = 0\n", "bad.toml:2:14", "1"),
        ("[run]\nepochs = \"many\"\n", "bad.toml:2:10", "whole number"),
        ("[model]\nlayers = [\"linear 0\", \"linear 10\"]\n", "bad.toml:2:11", "0"),
        ("[model]\nlayers = [\"linear 20\", \"linear 12\"]\n", "bad.toml:2:24", "10"),
        ("[run]\nbatch_size = 20000\n", "bad.toml:2:14", "10000"),
        (
            "[model]\nlayers = [\"linear 5\", \"batchnorm\", \"linear\"]\n[run]\nbatch_size = 1\n",
            "bad.toml:2:23",
            "layer 1, batchnorm",
        ),
        ("[data]\nsource = \"/nowhere\"\n", "bad.toml:2:10", "nowhere"),
        ("[run\n", "bad.toml:1:", ""),
    ] {
        fs::write(&file, text).unwrap();
        // The gradient check takes samples of its own, not a minibatch.
        let is_of_minibatch = text.contains("batch_size") && !text.contains("batch_size = 0");
        for command in ["train", "gradcheck"].iter().take(if is_of_minibatch { 1 } else { 2 }) {
            let (status, said) = complaint(&[command, "--config", file.to_str().unwrap()]);
            assert_eq!(status, 2, "{command} {text}: {said}");
            assert!(said.contains(place) && said.contains(words), "{command} {text}: {said}");
        }
    }
    let (status, said) = complaint(&["train", "--set", "optimizer.lr=abc"]);
    assert!(status == 2 && said.contains("--set") && said.contains("optimizer.lr"), "{said}");
    let (status, said) = complaint(&["train", "--config", "/nowhere/at/all.toml"]);
    assert!(status == 2 && said.contains("all.toml"), "{said}");
}

#[test]
fn wrong_arguments_are_refused_and_harmless() {
    for (arguments, words) in [
        (["train", "--threads", "100000"], "256"),
        (["train", "--steps", "0"], "0"),
        (["gradcheck", "--batch", "100000000"], "1024"),
        (["train", "--set", "ui.pace=1e-20"], "from 0.001"),
        (["train", "--steps", "\u{202e}\u{1b}]52;c;QUJD\u{7}"], "--steps"),
    ] {
        let (status, said) = complaint(&arguments);
        assert_eq!(status, 2, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!said.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{said:?}");
    }
}

#[test]
fn numbers_that_are_not_finite_end_a_headless_run() {
    let wild = ["train", "--headless", "--set", "optimizer.kind=sgd", "--set", "optimizer.lr=1000"];
    let output = gradtop(&wild);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("NaN") && said.contains("lower the learning rate"), "{said}");
}

#[cfg(unix)]
#[test]
fn signals_end_a_headless_run_even_when_its_output_is_not_read() {
    for (signal, status, kind) in [("TERM", 143, "--json"), ("INT", 130, "--headless"), ("QUIT", 131, "--json")] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradtop"))
            .args(["train", kind, "--set", "run.epochs=100000", "--set", "run.evaluate_every=5"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut byte = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        thread::sleep(Duration::from_millis(500));
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
    }
}

#[test]
fn gradcheck_passes_and_is_undecided_below_rounding() {
    let small = ["gradcheck", "--set", "model.layers=[\"linear 6\", \"tanh\", \"linear 10\"]"];
    let output = gradtop(&small);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("0.weight") && text.contains("2.bias"), "{text}");
    let strict: Vec<&str> = small.iter().copied().chain(["--tolerance", "1e-30"]).collect();
    let output = gradtop(&strict);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "rounding hides such errors: {text}");
    assert!(text.contains("undecided: of ") && text.contains("above the tolerance 1e-30"), "{text}");
}

#[test]
fn gradcheck_takes_its_own_samples_and_no_minibatch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("few.csv");
    fs::write(&file, "0.1,0.7,a\n0.4,0.2,b\n0.9,0.3,a\n0.2,0.8,b\n0.5,0.5,a\n0.3,0.1,b\n").unwrap();
    let few =
        ["--data", file.to_str().unwrap(), "--batch-size", "64", "--layers", "linear 3, batchnorm, linear classes"];
    let (status, said) = complaint(&[&["train", "--headless", "--no-record"][..], &few].concat());
    assert!(status == 2 && said.contains("batches of 64"), "{said}");
    let output = gradtop(&[&["gradcheck"][..], &few].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn data_describes_what_it_is_given_in_words_and_as_json() {
    let output = gradtop(&["data"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.starts_with("fashion-mnist\n") && text.contains("Ankle boot"), "{text}");
    // Not a terminal: no colours, nothing on standard error.
    assert!(!text.contains('\u{1b}') && output.stderr.is_empty(), "{text}");
    let output = gradtop(&["data", "spirals", "--json", "--set", "data.samples=90"]);
    let described: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(described["name"], "spirals");
    assert_eq!(described["train"]["counts"], serde_json::json!([24, 24, 24]));
    assert!(described["test"]["channels"][1]["std"].as_f64().unwrap() > 0.1);
}

#[test]
fn data_refuses_what_it_cannot_read_and_shows_names_harmlessly() {
    let (status, said) = complaint(&["data", "sprials"]);
    assert!(status == 2 && said.contains("did you mean spirals?") && said.contains("looked for"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    fs::write(&file, "1,\u{1b}]52;c;AA\u{7}\n2,b\n3,\u{1b}]52;c;AA\u{7}\n4,b\n").unwrap();
    let output = gradtop(&["data", file.to_str().unwrap(), "--set", "data.test_share=0.5"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("·]52;c;AA·") && !text.contains('\u{1b}'), "{text}");
    fs::write(&file, "1,a\n2,b,c\n").unwrap();
    let (status, said) = complaint(&["data", file.to_str().unwrap()]);
    assert!(status == 2 && said.contains("x.csv, line 2: 3 fields, but the first row has 2"), "{said}");
}

#[test]
fn a_toy_problem_is_learnt_and_augmented_runs_repeat_themselves() {
    let moons = ["data.source=moons", "data.noise=0.05", "model.layers=linear 16, tanh, linear 2", "optimizer.lr=0.03"];
    let mut arguments = vec!["train", "--headless", "--steps", "300"];
    for set in moons {
        arguments.extend(["--set", set]);
    }
    let text = String::from_utf8(gradtop(&arguments).stdout).unwrap();
    let accuracy = text.lines().find_map(|line| line.strip_prefix("test       accuracy ")).unwrap();
    let accuracy: f64 = accuracy.split([' ', '%']).next().unwrap().parse().unwrap();
    assert!(accuracy > 97.0, "{text}");

    let fingerprint = |augment: &str, threads: &str| {
        let set = format!("data.augment={augment}");
        let arguments = ["train", "--headless", "--steps", "20", "--threads", threads, "--set", &set, "--no-record"];
        let text = String::from_utf8(gradtop(&arguments).stdout).unwrap();
        text.lines().last().unwrap().to_owned()
    };
    let augmented = fingerprint("flip, crop 4, cutout 8", "1");
    assert_eq!(augmented, fingerprint("flip, crop 4, cutout 8", "3"));
    assert_ne!(augmented, fingerprint("[]", "1"));
    let (status, said) = complaint(&[
        "train",
        "--set",
        "data.source=xor",
        "--set",
        "data.augment=flip",
        "--set",
        "model.layers=linear 2",
    ]);
    assert!(status == 2 && said.contains("data.augment works on images"), "{said}");
}
