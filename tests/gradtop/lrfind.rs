//! The learning-rate range test without a screen, with the real binary.

use std::fs;

use tempfile::TempDir;

use super::program::{gradtop_in, output_in, refusal_in};

const TEST: [&str; 7] = ["lrfind", "--data", "moons", "--layers", "linear 16, relu, linear classes", "--seed", "1"];

#[test]
fn it_prints_a_table_with_the_suggestion_last_and_records_nothing() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    let table = output_in(place, &TEST);
    let last = table.lines().last().unwrap();
    let suggestion: f64 = last.strip_prefix("suggestion   ").unwrap_or_else(|| panic!("{table}")).parse().unwrap();
    assert!((1e-4..1.0).contains(&suggestion), "{table}");
    assert_eq!(table.matches("< suggestion").count(), 1, "{table}");
    assert!(table.lines().count() < 32, "{table}");
    assert!(!place.join("runs").exists());

    let json = output_in(place, &[TEST.as_slice(), &["--json", "--svg", "rates.svg"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["suggestion"].as_f64(), Some(suggestion));
    assert_eq!((json["done"].as_bool(), json["step"].as_u64()), (Some(true), Some(0)));
    assert!(json["points"].as_array().unwrap().len() > 20);
    let svg = fs::read_to_string(place.join("rates.svg")).unwrap();
    assert!(svg.contains("learning rate") && svg.contains("suggestion") && !svg.contains("NaN"), "{svg}");
    let refused = refusal_in(place, &[TEST.as_slice(), &["--svg", "rates.svg"]].concat());
    assert!(refused.contains("--force"), "{refused}");
}

#[test]
fn without_a_suggestion_the_status_is_1() {
    let place = TempDir::new().unwrap();
    let output = gradtop_in(place.path(), &[TEST.as_slice(), &["--from", "1e-12", "--to", "1e-11"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let none = "suggestion   none: at no rate the loss fell clearly; --steps tries with more minibatches\n";
    assert!(text.ends_with(none), "{text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn what_is_wrong_is_said_before_anything_is_trained() {
    let place = TempDir::new().unwrap();
    for (words, complaint) in [
        (["--from", "1", "--to", "0.1"], "from a smaller rate to a larger one, not from 1 to 0.1"),
        (["--steps", "5", "--seed", "2"], "can't take 5 minibatches; valid: from 10 to 10,000"),
        (["--from", "0", "--to", "1"], "valid: a number from 1e-12 to 1e6"),
        (["--set", "optimizer.lrr=1", "--to", "1"], "did you mean lr?"),
    ] {
        let refused = refusal_in(place.path(), &[&["lrfind", "--data", "moons"], words.as_slice()].concat());
        assert!(refused.contains(complaint), "{words:?}: {refused}");
    }
}
