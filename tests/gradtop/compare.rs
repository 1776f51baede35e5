//! Runs beside each other, with the real binary.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::Stdio,
};

use tempfile::TempDir;

use super::{
    program::{command_in, gradtop_in, output_in, refusal_in},
    terminal::Session,
};

/// A short run with this name; epochs of other sizes of minibatches have the same samples.
fn train(place: &Path, name: &str, batch_size: &str, words: &[&str]) {
    let name = format!("run.name={name}");
    let run = ["train", "--data", "moons", "--layers", "linear 8, relu, linear classes", "--epochs", "4", "--headless"];
    let settings = ["--set", "data.samples=400", "--batch-size", batch_size, "--set", &name];
    output_in(place, &[run.as_slice(), &settings, words].concat());
}

/// The cells of a row of the table.
fn row<'a>(output: &'a str, label: &str) -> Vec<&'a str> {
    let line = output.lines().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no {label} in\n{output}"));
    line[label.len()..].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn the_table_has_what_differs_and_what_was_reached() {
    let place = TempDir::new().unwrap();
    train(place.path(), "small", "10", &[]);
    train(place.path(), "large", "40", &["--lr", "0.02"]);
    let output = output_in(place.path(), &["compare", "small", "large"]);
    assert_eq!(row(&output, "run "), ["small", "large"]);
    assert_eq!(row(&output, "run.batch_size"), ["10", "40"]);
    assert_eq!(row(&output, "optimizer.lr")[1], "0.02");
    assert!(!output.contains("run.epochs") && !output.contains("run.name"), "{output}");
    let steps: Vec<u64> = row(&output, "steps").iter().map(|cell| cell.replace(',', "").parse().unwrap()).collect();
    assert!(steps[0] >= 3 * steps[1], "{output}");
    assert_eq!(row(&output, "epochs"), ["4", "4"]);
    assert!(row(&output, "test accuracy, best").iter().all(|cell| cell.ends_with('%')), "{output}");
    // Both were trained for four epochs, so that each has a value there; by steps the one with fewer has come to its end.
    assert!(!row(&output, "epoch 4").contains(&"–"), "{output}");
    let by_steps = output_in(place.path(), &["compare", "small", "large", "--by", "step", "--text"]);
    let last = by_steps.lines().last().unwrap();
    assert!(last.starts_with("step ") && last.ends_with('–'), "{by_steps}");
    for by in ["samples", "time"] {
        assert!(output_in(place.path(), &["compare", "small", "large", "--by", by]).contains(&format!("by {by}")));
    }
}

#[test]
fn a_last_evaluation_before_the_end_is_told_with_its_step() {
    let place = TempDir::new().unwrap();
    train(place.path(), "whole", "40", &[]);
    // One that is stopped on the way is not evaluated at its end.
    let words = ["train", "--json", "--commands", "--data", "moons", "--set", "run.name=stopped"];
    let words = [words.as_slice(), &["--set", "run.evaluate_every=10"]].concat();
    let mut stopped = command_in(place.path(), &words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut requests = stopped.stdin.take().unwrap();
    let mut ask = |id: u64, command: &str| writeln!(requests, "{{\"id\":{id},\"command\":{command}}}").unwrap();
    ask(1, "\"pause\"");
    ask(2, "\"advance\",\"count\":10");
    ask(3, "\"evaluate\"");
    ask(4, "\"advance\",\"count\":3");
    let mut lines = BufReader::new(stopped.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains("\"applied\",\"id\":4,")).unwrap();
    ask(5, "\"stop\"");
    lines.for_each(drop);
    assert!(stopped.wait().unwrap().success());
    let output = output_in(place.path(), &["compare", "stopped", "whole", "--text"]);
    let cells = row(&output, "test accuracy, final");
    assert!(cells[0].contains("% @ ") && cells[1].ends_with('%'), "{output}");
}

#[test]
fn what_can_not_be_compared_is_refused() {
    let place = TempDir::new().unwrap();
    train(place.path(), "wine", "40", &[]);
    assert!(refusal_in(place.path(), &["compare", "wine", "wyne"]).contains("did you mean wine?"));
    assert!(refusal_in(place.path(), &["compare", "wine", "wine"]).contains("name another one"));
    assert!(refusal_in(place.path(), &["compare", "wine"]).contains("RUN"));
    assert!(refusal_in(place.path(), &["compare", "wine", "wine", "--by", "tea"]).contains("samples"));
    assert!(refusal_in(place.path(), &["open", "wine", "--ghost", "nothing"]).contains("no run in"));
    let ghost = ["train", "--data", "moons", "--headless", "--ghost", "nothing"];
    assert!(refusal_in(place.path(), &ghost).contains("no run in"));
}

#[test]
fn a_hostile_record_is_compared_without_harm() {
    let place = TempDir::new().unwrap();
    train(place.path(), "wine", "40", &[]);
    train(place.path(), "other", "40", &[]);
    for entry in fs::read_dir(place.path().join("runs")).unwrap() {
        let manifest = entry.unwrap().path().join("run.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replacen("name = \"other\"", r#"name = "\u001b]52;c;AAAA\u0007\u202eother""#, 1))
            .unwrap();
    }
    let output = output_in(place.path(), &["compare", "wine", "other"]);
    assert!(!output.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{output:?}");
    let broken = gradtop_in(place.path(), &["compare", "wine", "other", "--by", "epoch"]);
    assert!(broken.status.success());
}

#[test]
fn the_dashboard_shows_the_first_run_with_the_others_over_it() {
    let place = TempDir::new().unwrap();
    train(place.path(), "small", "10", &[]);
    train(place.path(), "large", "40", &[]);
    let directory = place.path().join("runs");
    let words = ["compare", "small", "large", "--directory", directory.to_str().unwrap()];
    let mut session = Session::start(&words, &[]);
    session.wait_for("large");
    session.press("5");
    session.wait("the other run among the recorded ones", |screen| screen.contains("aligned by epoch"));
    session.press("q");
}
