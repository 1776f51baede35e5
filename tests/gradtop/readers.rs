//! Readers of a run's output that are slow, that pause, and that are gone.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Starts a quick run of minibatches of one point each, whose output has to be read.
fn quick_run(kind: &[&str], steps: usize, evaluate_every: usize) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .arg("train")
        .args(kind)
        .args(["--no-record", "--threads", "1", "--batch-size", "1", "--set", &format!("run.steps={steps}")])
        .args(["--set", "data.source=xor", "--set", "data.samples=40", "--set", "model.layers=linear 2"])
        .args(["--set", &format!("run.evaluate_every={evaluate_every}")])
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a run writes to a reader that reads from now on, but pauses after the first half. The run has to succeed.
fn read_in_two_halves(mut child: Child, half: u64) -> String {
    let mut text = String::new();
    let mut output = child.stdout.take().unwrap();
    output.by_ref().take(half).read_to_string(&mut text).unwrap();
    thread::sleep(Duration::from_millis(1500));
    output.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    text
}

#[test]
fn a_reader_of_json_that_is_slow_gets_everything() {
    // Of the short run all but what the pipe holds waits for the reader after its end; the long one waits in between.
    let runs = [3_000, 30_000].map(|steps| (steps, quick_run(&["--json"], steps, 1_000_000)));
    // By far longer than either takes by itself, and than a worker waits for a viewer that gets no last words.
    thread::sleep(Duration::from_secs(4));
    for (steps, child) in runs {
        let text = read_in_two_halves(child, 150 * steps as u64 / 2);
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!((count(r#"{"event":"step""#), count(r#"{"event":"thinned""#)), (steps, 0));
        assert!(text.lines().last().unwrap().starts_with(r#"{"event":"finished""#));
    }
}

#[test]
fn a_reader_of_the_table_that_is_slow_gets_every_row() {
    const STEPS: usize = 8_000;
    let child = quick_run(&["--headless"], STEPS, 2);
    thread::sleep(Duration::from_secs(4));
    let text = read_in_two_halves(child, 20 * STEPS as u64);
    let is_step = |word: &str| word.replace(',', "").parse().is_ok_and(|step: usize| (1..=STEPS).contains(&step));
    let rows = text.lines().filter(|line| line.contains('%') && line.split_whitespace().nth(1).is_some_and(is_step));
    assert_eq!(rows.count(), STEPS / 2);
    assert!(text.lines().any(|line| line.starts_with("weights    sha256 ")), "{text}");
}

/// Waits until a run does nothing any more: it has ended but for what is not read yet, or waits for its reader.
#[cfg(target_os = "linux")]
fn wait_until_idle(child: &Child) {
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let fields: Vec<String> = stat.rsplit(") ").next().unwrap().split(' ').map(str::to_owned).collect();
        (fields[11].clone(), fields[12].clone())
    };
    // It is busy from the start; seconds without progress on a machine that is busy with others do not count.
    let mut idle = 0;
    let mut last = used();
    while idle < 40 {
        thread::sleep(Duration::from_millis(100));
        let now = used();
        idle = if now == last { idle + 1 } else { 0 };
        last = now;
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_thinned_reader_gets_the_end_and_the_number_of_what_is_missing() {
    const STEPS: usize = 20_000;
    let mut child = quick_run(&["--json", "--thin"], STEPS, 1000);
    wait_until_idle(&child);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    let thinned = text.lines().rfind(|line| line.starts_with(r#"{"event":"thinned""#)).expect("nothing was left out");
    let thinned: serde_json::Value = serde_json::from_str(thinned).unwrap();
    let (steps, evaluations) = (count(r#"{"event":"step""#), count(r#"{"event":"evaluation""#));
    let missing = STEPS + STEPS / 1000 - steps - evaluations;
    assert_eq!(thinned["total"], missing);
    assert!(missing > 0 && text.lines().last().unwrap().starts_with(r#"{"event":"finished""#));
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_run_whose_end_is_not_read() {
    // Of the short run only the end waits for the reader, the long one stops in the middle.
    for (kind, steps) in [(&["--json"][..], 2_000), (&["--json"], 1_000_000), (&["--json", "--thin"], 2_000)] {
        let mut child = quick_run(kind, steps, 1_000_000);
        wait_until_idle(&child);
        let kill = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(143), "{kind:?} {steps}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn requests_that_come_while_nobody_reads_are_answered_afterwards() {
    const REQUESTS: usize = 1000;
    let mut child = quick_run(&["--json", "--commands"], 1_000_000, 1_000_000);
    wait_until_idle(&child);
    let mut requests = child.stdin.take().unwrap();
    for id in 1..REQUESTS {
        writeln!(requests, r#"{{"id":{id},"command":"watch","queries":[]}}"#).unwrap();
    }
    writeln!(requests, r#"{{"id":{REQUESTS},"command":"stop"}}"#).unwrap();
    wait_until_idle(&child);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let answers = text.lines().filter(|line| line.starts_with(r#"{"event":"applied""#)).count()
        + text.lines().filter(|line| line.starts_with(r#"{"event":"rejected""#)).count();
    assert_eq!(answers, REQUESTS);
    assert!(text.lines().last().unwrap().starts_with(r#"{"event":"stopped""#));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn an_end_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .args(["train", "--json", "--no-record", "--data", "xor", "--steps", "1"])
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("can't write the output"), "{said}");
}
