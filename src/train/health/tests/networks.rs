//! Small networks that have a trouble, and that have not, trained by the worker.

use std::num::NonZeroUsize;

use crate::{
    dataset::{DataSpec, Source},
    nn::{NetworkSpec, split_layers},
    optim::{OptimizerSpec, Schedule},
    protocol::{Event, Finding, Health},
    train::{BatchSize, Delivery, HealthSettings, RunSpec, TrainSpec, worker::spawn},
};

/// A run that learns to tell two half circles apart.
pub(super) fn healthy_run() -> RunSpec {
    RunSpec {
        name: "small".into(),
        data: DataSpec { source: Source::parse("moons"), samples: 320, ..DataSpec::default() },
        train: TrainSpec {
            seed: 1,
            epochs: 1,
            steps: Some(330),
            stop_after: None,
            batch_size: BatchSize::Exactly(32),
            evaluate_every: Some(30),
            patience: None,
            probe_every: 10,
            threads: NonZeroUsize::MIN,
            network: NetworkSpec { layers: layers("linear 8, relu, linear 2"), ..NetworkSpec::default() },
            optimizer: OptimizerSpec::ADAM,
            learning_rate: 0.02,
            clip_norm: None,
            ema: None,
            schedule: Schedule::default(),
            health: HealthSettings::default(),
        },
        throttle: None,
        timeline_bytes: 0,
        delivery: Delivery::Wait,
        checked: None,
        stop_when_finished: true,
    }
}

pub(super) fn layers(text: &str) -> Vec<crate::nn::LayerSpec> {
    split_layers(text).into_iter().map(|layer| layer.parse().unwrap()).collect()
}

/// What a run finds, and the verdicts on its layers: all that any had, in the order of the looks.
fn train(spec: RunSpec) -> (Vec<Finding>, Vec<Option<Health>>) {
    let mut handle = spawn(spec).unwrap();
    let (mut findings, mut verdicts) = (Vec::new(), Vec::new());
    while let Some(events) = handle.events.blocking_recv() {
        for event in events {
            match event {
                Event::Finding(finding) => findings.push(finding),
                Event::Step(report) => verdicts.extend(report.layers.iter().map(|layer| layer.health)),
                _ => {}
            }
        }
    }
    (findings, verdicts)
}

/// The healthy run, changed.
fn train_with(change: impl FnOnce(&mut TrainSpec)) -> (Vec<Finding>, Vec<Option<Health>>) {
    let mut spec = healthy_run();
    change(&mut spec.train);
    train(spec)
}

#[track_caller]
fn assert_found(findings: &[Finding], what: &str, advice: &str) {
    let found = findings.iter().any(|finding| finding.what.contains(what) && finding.advice.contains(advice));
    assert!(found, "{what:?} with {advice:?} not among {findings:#?}");
}

#[test]
fn a_network_that_learns_has_no_findings_and_healthy_layers_after_ten_looks() {
    let (findings, verdicts) = train_with(|_| {});
    assert_eq!(findings, []);
    // Two layers; the first step is looked at, too.
    assert!(verdicts[..18].iter().all(Option::is_none), "{verdicts:?}");
    assert!(verdicts[18..].iter().all(|&verdict| verdict == Some(Health::Good)), "{verdicts:?}");
}

#[test]
fn the_end_of_a_schedule_and_a_slow_rise_are_no_findings() {
    for schedule in ["cosine", "one_cycle", "step 100 0.01", "constant warmup 100"] {
        let (findings, _) = train_with(|spec| spec.schedule = schedule.parse().unwrap());
        assert_eq!(findings, [], "{schedule}");
    }
}

#[test]
fn a_gradient_that_vanishes_is_named_and_no_layer_is_called_healthy() {
    let deep = "linear 8, sigmoid, ".repeat(5) + "linear 2";
    let (findings, verdicts) = train_with(|spec| {
        spec.network.layers = layers(&deep);
        (spec.optimizer, spec.learning_rate) = (OptimizerSpec::SGD, 0.01);
    });
    assert_found(&findings, "the gradient vanishes before it reaches layer 0", "activations that saturate");
    assert_found(&findings, "no better than chance", "see what is said of the layers");
    assert!(!verdicts.contains(&Some(Health::Good)));
    // As deep, with an activation that does not shrink it.
    let (findings, _) = train_with(|spec| {
        spec.network.layers = layers(&deep.replace("sigmoid", "relu"));
        spec.network.init = "he".parse().unwrap();
    });
    assert!(findings.iter().all(|finding| !finding.what.contains("gradient")), "{findings:?}");
}

#[test]
fn a_gradient_that_explodes_is_named() {
    let (findings, _) = train_with(|spec| {
        spec.network.layers = layers(&("linear 32, tanh, ".repeat(24) + "linear 2"));
        spec.network.init = "normal 0.6".parse().unwrap();
        (spec.steps, spec.learning_rate) = (Some(110), 1e-5);
    });
    assert_found(&findings, "the gradient explodes on its way back to layer 0", "smaller weights");
}

#[test]
fn a_rate_far_too_low_is_named_and_no_layer_is_called_healthy() {
    let (findings, verdicts) = train_with(|spec| spec.learning_rate = 1e-7);
    assert_found(&findings, "each update changes layer 0 by only", "raise the learning rate (it was 1e-7)");
    assert_found(&findings, "each update changes layer 2 by only", "raise the learning rate (it was 1e-7)");
    assert!(!verdicts.contains(&Some(Health::Good)));
}

#[test]
fn a_rate_far_too_high_is_named() {
    let (findings, _) = train_with(|spec| (spec.learning_rate, spec.probe_every) = (3.0, 1));
    assert_found(&findings, "each update changes layer", "lower the learning rate (it was 3)");
    assert!(findings.iter().any(|finding| finding.health == Health::Bad || finding.what.contains('%')));
}

#[test]
fn units_that_were_dead_from_the_start_are_not_blamed_on_the_rate() {
    let (findings, _) = train_with(|spec| spec.network.init = "normal 0".parse().unwrap());
    assert_found(&findings, "100 % of the units of layer 0 are dead", "the updates are not the cause");
    assert_found(&findings, "no better than chance", "see what is said of layer 0");
    assert_found(&findings, "of the test samples are taken for", "");
}

#[test]
fn units_that_an_update_killed_are_blamed_on_it() {
    let (findings, _) = train_with(|spec| (spec.optimizer, spec.learning_rate) = (OptimizerSpec::SGD, 10.0));
    assert_found(
        &findings,
        "of the units of layer 0 are dead",
        "is the likely cause: lower the learning rate (it was 10)",
    );
}

#[test]
fn a_batch_normalization_whose_channels_have_one_value_is_the_cause_and_not_the_rate() {
    let normalized = |spec: &mut TrainSpec| spec.network.layers = layers("linear 8, batchnorm, relu, linear 2");
    let (findings, _) = train_with(|spec| {
        normalized(spec);
        spec.network.init = "normal 0".parse().unwrap();
    });
    assert_found(&findings, "100 % of the units of layer 1 are dead", "layer 1, batchnorm, gets one value a channel");
    // The same network, whose units a large update has killed.
    let (findings, _) = train_with(|spec| {
        normalized(spec);
        (spec.optimizer, spec.learning_rate) = (OptimizerSpec::SGD, 300.0);
        // Its loss explodes, and still it goes on.
        spec.health.stop.clear();
    });
    assert_found(
        &findings,
        "of the units of layer 1 are dead",
        "is the likely cause: lower the learning rate (it was 300)",
    );
    assert!(findings.iter().all(|finding| !finding.advice.contains("one value a channel")), "{findings:#?}");
}

#[test]
fn a_gradient_that_ends_in_minibatches_of_one_sample_is_blamed_on_their_size() {
    // 256 samples in minibatches of 15: the last one of an epoch has one, and the probe looks at every last one or not.
    let look_every = |probe_every: u64| {
        let (findings, _) = train_with(|spec| {
            spec.network.layers = layers("linear 8, batchnorm, relu, linear 2");
            (spec.batch_size, spec.probe_every, spec.steps) = (BatchSize::Exactly(15), probe_every, Some(18 * 14));
        });
        findings
    };
    let findings = look_every(18);
    let cause = "layer 1, batchnorm, has one value a channel in a minibatch of 1 sample";
    assert_found(&findings, "the gradient vanishes before it reaches layer 0: it is 0 there", cause);
    let findings = look_every(10);
    assert!(findings.iter().all(|finding| !finding.what.contains("vanishes")), "{findings:#?}");
}

#[test]
fn a_loss_that_weights_put_far_above_chance_is_not_blamed_on_the_rate() {
    let broken = |init: &str, rate: f64| {
        let (findings, _) = train_with(|spec| {
            // No unit can be dead before the numbers are too large.
            spec.network.layers = layers("linear 8, leaky_relu 0.5, linear 2");
            spec.network.init = init.parse().unwrap();
            (spec.optimizer, spec.learning_rate) = (OptimizerSpec::SGD, rate);
        });
        findings
    };
    let findings = broken("normal 2e18", 3.0);
    assert_found(&findings, "its update was left out", "begin with smaller weights (model.init = he)");
    let findings = broken("pytorch", 1e18);
    assert_found(&findings, "its update was left out", "lower the learning rate (it was 1e18), or clip the gradient");
    let clipped = train_with(|spec| {
        (spec.optimizer, spec.learning_rate, spec.clip_norm) = (OptimizerSpec::SGD, 1e38, Some(1.0));
    });
    assert_found(&clipped.0, "its update was left out", "lower the learning rate (it was 1e38);");
}

#[test]
fn weights_that_break_the_first_minibatch_are_not_blamed_on_the_rate() {
    let (findings, _) = train_with(|spec| spec.network.init = "normal 1e38".parse().unwrap());
    assert_found(&findings, "its update was left out", "begin with smaller weights");
}

#[test]
fn a_run_too_short_is_told_so_and_has_no_verdicts() {
    let (findings, verdicts) = train_with(|spec| spec.steps = Some(20));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_found(&findings, "too short to tell how its layers do", "train longer");
    assert!(verdicts.iter().all(Option::is_none));
    let (findings, _) = train_with(|spec| {
        spec.network.init = "normal 0.01".parse().unwrap();
        (spec.steps, spec.learning_rate) = (Some(120), 1e-7);
    });
    assert_found(&findings, "too short to tell whether it learns", "train longer");
}
