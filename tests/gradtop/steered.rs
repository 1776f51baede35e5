//! A run that a program steers over standard input.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use gradtop::protocol::{Event, RunState};

/// `train --json --commands` on a small data set, recorded nowhere.
struct Steered {
    process: Child,
    requests: Option<ChildStdin>,
    events: BufReader<ChildStdout>,
}

impl Steered {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradtop"));
        command.args(["train", "--json", "--commands", "--no-record", "--data", "moons"]).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.current_dir(env!("CARGO_TARGET_TMPDIR")).spawn().unwrap();
        let (requests, events) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, requests, events }
    }

    fn ask(&mut self, line: &str) {
        writeln!(self.requests.as_mut().unwrap(), "{line}").unwrap();
    }

    fn end_requests(&mut self) {
        self.requests = None;
    }

    fn next(&mut self) -> Option<Event> {
        let mut line = String::new();
        self.events.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Everything up to the event that is wanted, which is the last.
    fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut heard = Vec::new();
        while let Some(event) = self.next() {
            let found = wanted(&event);
            heard.push(event);
            if found {
                return heard;
            }
        }
        panic!("the events ended: {:?}", &heard[heard.len().saturating_sub(5)..]);
    }

    /// The answer to request `id`: the step at which it took effect, or why it did not.
    fn answer(&mut self, id: u64) -> Result<u64, String> {
        let heard = self.until(|event| {
            matches!(event, Event::Applied { id: found, .. } | Event::Rejected { id: found, .. } if found.0 == id)
        });
        match heard.into_iter().last() {
            Some(Event::Applied { step, .. }) => Ok(step),
            Some(Event::Rejected { reason, .. }) => Err(reason),
            _ => unreachable!(),
        }
    }

    /// Status and standard error once all has been read.
    fn end(mut self) -> (Option<i32>, String) {
        while self.next().is_some() {}
        let output = self.process.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn a_program_steers_a_run_beyond_its_planned_end() {
    let mut run = Steered::start(&["--epochs", "50", "--set", "data.samples=320"]);
    run.ask(r#"{"id":1,"command":"advance","count":3}"#);
    run.ask(r#"{"id":2,"command":"set","key":"optimizer.lr","value":0.05}"#);
    assert!(run.answer(2).is_ok());
    let waits_at = run.answer(1).unwrap();
    run.ask(r#"{"id":3,"command":"evaluate"}"#);
    let heard = run.until(|event| matches!(event, Event::Applied { id, step } if id.0 == 3 && *step == waits_at));
    assert!(heard.iter().any(|event| matches!(event, Event::Evaluation(_))), "{heard:?}");
    run.ask(r#"{"id":4,"command":"advance","count":0}"#);
    assert_eq!(run.answer(4), Err("count is 0; it must be at least 1".into()));
    run.ask(r#"{"id":5,"command":"save"}"#);
    assert!(run.answer(5).is_err());
    run.ask(r#"{"id":6,"command":"resume"}"#);
    run.until(|event| matches!(event, Event::Finished(_)));
    run.ask(r#"{"id":7,"command":"extend","epochs":1}"#);
    let heard = run.until(|event| matches!(event, Event::Finished(_)));
    let Some(Event::Finished(summary)) = heard.last() else { unreachable!() };
    assert!(
        summary.step > waits_at && heard.iter().any(|event| matches!(event, Event::Applied { id, .. } if id.0 == 7))
    );
    run.ask(r#"{"id":8,"command":"stop"}"#);
    assert_eq!(run.answer(8), Ok(summary.step));
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn the_end_of_the_requests_is_no_stop() {
    for requests in ["", "{\"id\":1,\"command\":\"pause\"}", "{\"id\":1,\"command\":\"advance\",\"count\":2}\n"] {
        let mut run = Steered::start(&["--set", "run.epochs=1"]);
        write!(run.requests.as_mut().unwrap(), "{requests}").unwrap();
        run.end_requests();
        let heard = run.until(|event| matches!(event, Event::Stopped { .. }));
        assert!(heard.iter().any(|event| matches!(event, Event::Finished(_))), "{requests}");
        assert_eq!(run.end(), (Some(0), String::new()), "{requests}");
    }
}

#[test]
fn requests_need_events_as_json() {
    for words in [&["train", "--commands"][..], &["train", "--headless", "--commands"], &["resume", "--commands"]] {
        let (status, complaint) = super::program::complaint(words);
        assert!(status == 2 && complaint.contains("--commands"), "{words:?}: {complaint}");
    }
}

#[test]
fn a_stop_in_the_middle_is_no_failure() {
    let mut run = Steered::start(&["--set", "run.epochs=100000"]);
    run.until(|event| matches!(event, Event::Step(report) if report.step == 5));
    run.ask(r#"{"id":1,"command":"stop"}"#);
    run.until(|event| matches!(event, Event::Stopped { .. }));
    assert_eq!(run.end(), (Some(0), String::new()));
}

#[test]
fn wrong_lines_are_told_and_change_nothing() {
    let mut run = Steered::start(&["--set", "run.epochs=1"]);
    for line in ["pause", r#"{"command":"pause"}"#, r#"{"id":3,"command":"advance"}"#, r#"{"id":4,"command":"fly"}"#] {
        run.ask(line);
    }
    assert_eq!(run.answer(3), Err("missing field `count`".into()));
    assert_eq!(run.answer(4), Err("this engine knows no such command".into()));
    run.end_requests();
    let (status, complaints) = run.end();
    let complaints: Vec<&str> = complaints.lines().collect();
    assert_eq!((status, complaints.len()), (Some(0), 2), "{complaints:?}");
    assert!(complaints[0].starts_with("gradtop: standard input, line 1: column 1: no JSON"), "{complaints:?}");
    assert!(complaints[1].starts_with("gradtop: standard input, line 2: no \"id\""), "{complaints:?}");
}

#[test]
fn a_last_minibatch_that_breaks_is_no_end() {
    let broken = ["--steps", "1", "--set", "model.init=normal 1e38"];
    let mut run = Steered::start(&broken);
    let paused = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Paused);
    let heard = run.until(paused);
    assert!(matches!(heard.last(), Some(Event::State(change)) if change.reason.is_some()), "{heard:?}");
    assert!(!heard.iter().any(|event| matches!(event, Event::Finished(_))), "{heard:?}");
    run.ask(r#"{"id":1,"command":"advance_phase"}"#);
    assert_eq!(run.answer(1), Err("no minibatch is left to train; extend the run first".into()));
    // A person may say that this is the end.
    run.ask(r#"{"id":2,"command":"resume"}"#);
    run.until(|event| matches!(event, Event::Finished(summary) if summary.step == 1));
    run.end_requests();
    assert_eq!(run.end().0, Some(0));
    // Where nobody can, it has failed.
    let mut run = Steered::start(&broken);
    run.until(paused);
    run.end_requests();
    run.until(|event| matches!(event, Event::Failed(_)));
    assert_eq!(run.end().0, Some(1));
    let headless = [&["train", "--headless", "--no-record", "--data", "moons"][..], &broken].concat();
    assert_eq!(super::program::gradtop(&headless).status.code(), Some(1));
}

#[test]
fn numbers_that_are_not_finite_wait_for_a_person_and_fail_without_one() {
    let mut run = Steered::start(&["--set", "model.init=normal 1e38"]);
    let paused = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Paused);
    run.until(paused);
    run.end_requests();
    let heard = run.until(|event| matches!(event, Event::Failed(_)));
    assert!(!heard.iter().any(|event| matches!(event, Event::Finished(_))), "{heard:?}");
    let (status, _) = run.end();
    assert_eq!(status, Some(1));
}
