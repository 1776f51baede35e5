//! Each rule against made-up numbers, and against small networks that have the trouble and that have not.

mod breaking;
mod evaluation_rules;
mod layer_rules;
mod loss_rules;
mod networks;
mod trouble_rules;

use super::{
    circumstances::{Circumstances, chance_loss},
    evaluations::{self, FavouriteClass},
    layers::{self, PATIENCE_LOOKS},
    rule::Rule,
    training, *,
};
use crate::{
    nn::LayerCategory,
    protocol::{Finding, Health},
};

fn circumstances(step: u64) -> Circumstances {
    Circumstances {
        step,
        learning_rate: 1e-3,
        schedule_factor: 1.0,
        rate_rises: false,
        clip_norm: None,
        clip_scale: 1.0,
        normalizes_gradient: false,
        updates: step,
        chance_loss: 10_f64.ln(),
        samples: 64,
        batch_size: 64,
    }
}

/// A layer of one weight of 1.
fn layer(dead: f64, gradient_norm: f64, update_norm: f64) -> LayerMeasures {
    LayerMeasures {
        layer: 2,
        category: LayerCategory::Weights,
        saturates: false,
        parameters: 1,
        weight_norm: 1.0,
        gradient_norm,
        update_norm,
        dead: Some(dead),
        constant: None,
        health: None,
    }
}

fn last_layer() -> LayerMeasures {
    LayerMeasures { layer: 4, ..layer(0.0, 1.0, 1e-3) }
}

/// A monitor that has seen the loss fall below chance.
fn learning_monitor() -> HealthMonitor {
    let mut monitor = HealthMonitor::default();
    monitor.judge_loss(0.5, &circumstances(0));
    monitor
}

/// What is said of a layer before the last one that is seen so `looks` times, and its last verdict.
fn judge_repeatedly(probe: LayerMeasures, at: Circumstances, looks: u64) -> (Vec<Finding>, Option<Health>) {
    let mut monitor = learning_monitor();
    let mut layers = [probe, last_layer()];
    let mut judge = |step| monitor.judge_layers(&mut layers, &Circumstances { step, ..at });
    let findings = (1..=looks).flat_map(&mut judge).collect();
    (findings, layers[0].health)
}

/// The advice of the one finding about a layer that is seen so.
fn advice(probe: LayerMeasures, at: Circumstances) -> String {
    let (findings, _) = judge_repeatedly(probe, at, 30);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].layer, Some(2));
    findings[0].advice.clone()
}

fn evaluation(step: u64, loss: f64) -> TestResult {
    TestResult { step, epoch: 0.0, loss, accuracy: 0.5, samples: 10, seconds: 0.0 }
}

fn favourite(predicted_share: f64, true_share: f64) -> FavouriteClass {
    FavouriteClass { name: "bag".into(), predicted_share, true_share }
}

#[test]
fn the_memory_survives_a_checkpoint_and_an_older_one_begins_anew() {
    let mut monitor = HealthMonitor::default();
    for step in 1..=12 {
        let at = circumstances(step);
        monitor.judge_layers(&mut [layer(0.95, f64::INFINITY, 1e-3), last_layer()], &at);
        monitor.judge_loss(2.3, &at);
        let outcome = trouble_rules::outcome(if step > 10 { 1e9 } else { 2.3 }, 1.0);
        monitor.judge_minibatch(&outcome, &HealthSettings::default(), &at, Evidence::default);
        monitor.judge_evaluation(&evaluation(step, 1.0), favourite(1.0, 0.1), &at);
    }
    let text = serde_json::to_string(&monitor).unwrap();
    assert!(text.contains("\"minibatch\":11"), "{text}");
    assert_eq!(serde_json::from_str::<HealthMonitor>(&text).unwrap(), monitor);
    let older = r#"{"streaks":[[{"looks":0,"reported":false}]],"training":{"sum":1.0,"count":1},"best":null,
        "last_evaluation":null,"worse_evaluations":0,"overfitting_reported":false}"#;
    assert_eq!(serde_json::from_str::<HealthMonitor>(older).unwrap(), HealthMonitor::default());
}

#[test]
fn the_document_has_every_rule_and_no_other() {
    fn row<L>(rule: &Rule<L>, unit: &str) -> [String; 3] {
        [rule.name.into(), rule.threshold.into(), format!("{} {unit}", rule.patience)]
    }
    let layers = layers::RULES.iter().map(|rule| row(rule, "looks"));
    let loss = training::LOSS_RULES.iter().map(|rule| row(rule, "× 100 minibatches"));
    let broken = std::iter::once(row(&BROKEN_RULE, "minibatch"));
    let trouble = [row(&trouble::EXPLODING_RULE, "minibatches"), row(&trouble::SPIKE_RULE, "minibatch")];
    let ends = training::END_RULES.iter().map(|rule| row(rule, "end"));
    let evaluations = evaluations::RULES.iter().map(|rule| row(rule, "evaluations"));
    let rules: Vec<[String; 3]> =
        layers.chain(loss).chain(trouble).chain(broken).chain(ends).chain(evaluations).collect();
    let document = include_str!("../../../docs/health.md");
    let rows = document.lines().filter(|line| line.starts_with("| **"));
    let documented: Vec<[String; 3]> = rows
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '*'])).collect();
            assert_eq!(cells.len(), 5, "{line}");
            assert!(cells[3].starts_with("`--"), "no example: {line}");
            [cells[0].into(), cells[1].into(), cells[2].into()]
        })
        .collect();
    assert_eq!(documented, rules);
}
