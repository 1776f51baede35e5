//! Each rule against made-up numbers, and against small networks that have the trouble and that have not.

mod networks;

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

#[test]
fn a_condition_is_told_once_and_again_after_it_was_gone() {
    let mut monitor = learning_monitor();
    let mut told = Vec::new();
    for step in 1..=60 {
        let sick = step <= 25 || step > 45;
        let mut layers = [layer(if sick { 0.95 } else { 0.0 }, 1.0, 1e-3)];
        told.extend(
            monitor
                .judge_layers(&mut layers, &circumstances(step))
                .into_iter()
                .map(|finding| (finding.step, finding.health)),
        );
        // While it holds and is not told yet, there is no verdict.
        let expected = match step {
            10..35 | 55.. => Some(Health::Bad),
            35..=45 => Some(Health::Good),
            _ => None,
        };
        assert_eq!(layers[0].health, expected, "step {step}");
    }
    assert_eq!(told, [(10, Health::Bad), (55, Health::Bad)]);
}

#[test]
fn a_layer_is_called_healthy_after_ten_looks_and_only_while_the_training_gets_somewhere() {
    let mut layers = [layer(0.0, 1.0, 1e-3), last_layer()];
    for (loss, expected) in [(0.5, Some(Health::Good)), (2.3, None)] {
        let mut monitor = HealthMonitor::default();
        monitor.judge_loss(loss, &circumstances(0));
        for step in 1..=u64::from(PATIENCE_LOOKS) + 5 {
            assert!(monitor.judge_layers(&mut layers, &circumstances(step)).is_empty());
            let expected = expected.filter(|_| step >= u64::from(PATIENCE_LOOKS));
            assert_eq!(layers.map(|layer| layer.health), [expected; 2], "step {step}");
        }
    }
}

#[test]
fn each_layer_rule_has_its_threshold_and_names_its_layer() {
    let weights = |weight_norm| LayerMeasures { weight_norm, ..layer(0.0, 1.0, 0.0) };
    let large = |parameters, gradient_norm| LayerMeasures { parameters, ..layer(0.0, gradient_norm, 1e-3) };
    for (probe, expected) in [
        (layer(0.5, 1.0, 1e-3), None),
        (layer(0.51, 1.0, 1e-3), Some("51 % of the units of layer 2 are dead")),
        (layer(0.91, 1.0, 1e-3), Some("91 % of the units of layer 2 are dead")),
        (layer(0.0, 1.0, 0.1), None),
        (layer(0.0, 1.0, 0.5), Some("each update changes layer 2 by 50 % of its weights")),
        (layer(0.0, 1.0, 2.0), Some("each update changes layer 2 by 200 % of its weights")),
        // Weights that are nearly 0 must grow.
        (LayerMeasures { update_norm: 5e-4, ..weights(9e-4) }, None),
        (LayerMeasures { update_norm: 6e-4, ..weights(1.1e-3) }, Some("by 54.5 % of its weights")),
        (layer(0.0, 1.0, 3.1e-5), None),
        (layer(0.0, 1.0, 2.9e-5), Some("each update changes layer 2 by only 0.0029 % of its weights")),
        (LayerMeasures { category: LayerCategory::Normalization, ..layer(0.0, 1.0, 1e-6) }, None),
        (layer(0.0, 0.0031, 1e-3), None),
        (layer(0.0, 0.0029, 1e-3), Some("layer 2: its norm is 345 times below that of layer 4")),
        (layer(0.0, 0.0, 1e-3), Some("the gradient vanishes before it reaches layer 2: it is 0 there")),
        // A large layer has many small gradients, a small one few: neither alone is a gradient that vanishes.
        (large(1_000_000, 0.011), None),
        (large(1_000_000, 0.009), Some("its norm is 111 times below")),
        (layer(0.0, 99.0, 1e-3), None),
        (layer(0.0, 101.0, 1e-3), Some("explodes on its way back to layer 2: its norm is 101 × that of layer 4")),
        // Nothing comes through dead units: one cause, named once.
        (layer(1.0, 0.0, 0.0), Some("100 % of the units of layer 2 are dead")),
    ] {
        let (findings, verdict) = judge_repeatedly(probe, circumstances(0), 30);
        assert_eq!(verdict == Some(Health::Good), expected.is_none(), "{probe:?}: {verdict:?}");
        let said: Vec<_> = findings.iter().map(|finding| (finding.layer, finding.what.as_str())).collect();
        match expected {
            None => assert!(said.is_empty(), "{said:?}"),
            Some(words) => assert!(said.len() == 1 && said[0].0 == Some(2) && said[0].1.contains(words), "{said:?}"),
        }
    }
}

#[test]
fn small_updates_are_no_fault_where_the_schedule_wants_them_nor_of_a_layer_that_has_settled() {
    let tiny = layer(0.0, 1.0, 1e-6);
    let at = circumstances(0);
    assert_eq!(judge_repeatedly(tiny, at, 29), (Vec::new(), None));
    assert_eq!(judge_repeatedly(tiny, at, 30).0.len(), 1);
    let (findings, verdict) = judge_repeatedly(tiny, Circumstances { schedule_factor: 0.09, ..at }, 60);
    assert_eq!((findings, verdict), (Vec::new(), Some(Health::Good)));
    for (settled, count) in [(0.09, 0), (0.11, 1)] {
        let mut monitor = learning_monitor();
        let findings = (1..=60).flat_map(|step| {
            let (gradient, update) = if step <= 10 { (1.0, 1e-3) } else { (settled, 1e-6) };
            monitor.judge_layers(&mut [layer(0.0, gradient, update), last_layer()], &circumstances(step))
        });
        assert_eq!(findings.count(), count);
    }
}

#[test]
fn the_schedule_at_its_end_takes_no_verdict_back() {
    let mut monitor = learning_monitor();
    let mut layers = [layer(0.0, 1.0, 1e-6), last_layer()];
    for step in 1..=100 {
        let schedule_factor = if step <= 40 { 1.0 } else { 0.01 };
        monitor.judge_layers(&mut layers, &Circumstances { schedule_factor, ..circumstances(step) });
    }
    assert_eq!(layers[0].health, Some(Health::Watch));
}

#[test]
fn advice_about_layers_fits_the_cause() {
    let at = circumstances(0);
    let rising = Circumstances { rate_rises: true, ..at };
    let clipped = Circumstances { clip_norm: Some(0.01), clip_scale: 0.01, ..at };
    let adam = Circumstances { normalizes_gradient: true, ..clipped };
    let vanished = layer(0.0, 1e-9, 1e-3);
    for (probe, at, words) in [
        (layer(0.95, 1.0, 1e-3), at, "so the updates are not the cause"),
        (layer(0.0, 1.0, 0.5), at, "lower the learning rate (now 0.001)"),
        (layer(0.0, 1.0, 0.5), rising, "lengthen its rise"),
        (layer(0.0, 1.0, 1e-6), at, "raise the learning rate (now 0.001)"),
        (layer(0.0, 1.0, 1e-6), clipped, "raise optimizer.clip_norm (now 0.01)"),
        (layer(0.0, 1.0, 1e-6), adam, "raise the learning rate (now 0.001)"),
        (vanished, at, "use batchnorm between the layers"),
        (LayerMeasures { saturates: true, ..vanished }, at, "activations that saturate"),
        (LayerMeasures { weight_norm: 1e-4, ..vanished }, at, "begin with larger ones"),
    ] {
        let advice = advice(probe, at);
        assert!(advice.contains(words), "{probe:?}: {advice}");
    }
    // Units that died later, and a gradient that vanished later: by the large update that there was.
    let mut monitor = learning_monitor();
    let findings: Vec<Finding> = (1..=20)
        .flat_map(|step| {
            let probe = if step <= 5 { layer(0.0, 1.0, 0.4) } else { layer(0.0, 0.0, 1e-3) };
            monitor.judge_layers(&mut [probe, last_layer()], &circumstances(step))
        })
        .collect();
    assert!(findings.len() == 1 && findings[0].what.contains("vanishes"), "{findings:?}");
    assert!(findings[0].advice.contains("the update of 40 % of the weights at step 1"), "{findings:?}");
    for (update, words) in
        [(0.3, "the update of 30 % of the weights at step 4 is the likely cause"), (1e-3, "little by little")]
    {
        let mut monitor = learning_monitor();
        let findings: Vec<Finding> = (1..=20)
            .flat_map(|step| {
                let dead = if step < 5 { 0.0 } else { 0.95 };
                let update = if step == 4 { update } else { 1e-3 };
                monitor.judge_layers(&mut [layer(dead, 1.0, update), last_layer()], &circumstances(step))
            })
            .collect();
        assert!(findings.len() == 1 && findings[0].advice.contains(words), "{findings:?}");
    }
}

/// What is said of windows of 100 minibatches with these losses, with the number of the window.
fn judge_windows(losses: &[f64], at: Circumstances) -> Vec<(u64, Finding)> {
    let mut monitor = HealthMonitor::default();
    let minibatches = losses.iter().flat_map(|&loss| [loss; 100]).zip(1..);
    minibatches
        .flat_map(|(loss, step)| monitor.judge_loss(loss, &Circumstances { step, ..at }))
        .map(|finding| (finding.step / 100, finding))
        .collect()
}

#[test]
fn a_loss_that_stays_at_chance_is_told_after_three_hundred_minibatches() {
    let at = circumstances(0);
    let told = |losses: &[f64]| judge_windows(losses, at).into_iter().map(|(window, _)| window).collect::<Vec<_>>();
    assert_eq!(told(&[2.31, 2.303, 2.3, 2.29, 2.28]), [3]);
    assert!(told(&[2.31, 2.303]).is_empty());
    assert!(told(&[2.31, 2.303, 2.25, 2.2, 2.1]).is_empty());
    // Far above chance it may fall: that is learning.
    assert!(told(&[12.3, 10.6, 9.2, 8.1, 7.1, 6.2]).is_empty());
    assert_eq!(told(&[12.3, 12.2, 12.2, 12.2]), [3]);
    assert_eq!(told(&[0.5, 0.4, 3.0, 3.1, 3.2]), [5]);
    assert!(told(&[f64::NAN, f64::NAN, f64::NAN, f64::NAN]).is_empty());
    let warming = Circumstances { schedule_factor: 0.09, ..at };
    assert!(judge_windows(&[2.3; 9], warming).is_empty());
}

#[test]
fn what_is_said_of_a_loss_at_chance_fits_the_cause() {
    let at = circumstances(0);
    let (_, finding) = &judge_windows(&[2.3; 3], at)[0];
    assert!(
        finding.what.contains("hardly better than chance: 2.300, where") && finding.what.ends_with("gives 2.303"),
        "{finding:?}"
    );
    assert!(finding.advice.contains("ten times higher and lower"), "{finding:?}");
    let clipped = Circumstances { clip_norm: Some(1.0), ..at };
    for (at, clips) in [(at, true), (clipped, false)] {
        let (_, finding) = &judge_windows(&[0.5, 5.0, 5.0, 5.0], at)[0];
        assert!(
            finding.what.contains("far above chance") && finding.advice.contains("lower the learning"),
            "{finding:?}"
        );
        assert_eq!(finding.advice.contains("clip_norm"), clips, "{finding:?}");
    }
    // What is said of a layer is the cause.
    let mut monitor = HealthMonitor::default();
    let findings: Vec<Finding> = (1..=300)
        .flat_map(|step| {
            let at = circumstances(step);
            let mut findings = monitor.judge_layers(&mut [layer(0.0, 1e-9, 1e-3), last_layer()], &at);
            findings.extend(monitor.judge_loss(2.3, &at));
            findings
        })
        .collect();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[1].advice.contains("see what is said of layer 2"), "{findings:?}");
}

#[test]
fn chance_is_the_entropy_of_the_smoothed_class_shares() {
    let close = |loss: f64, expected: f64| assert!((loss - expected).abs() < 1e-9, "{loss} {expected}");
    close(chance_loss(&[0, 1, 2, 3], 4, 0.0), 4_f64.ln());
    close(chance_loss(&[0, 0, 0, 1], 2, 0.0), -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln()));
    close(chance_loss(&[0, 0, 0, 0], 2, 0.0), 0.0);
    close(chance_loss(&[0, 0, 0, 0], 2, 0.1), -(0.95 * 0.95_f64.ln() + 0.05 * 0.05_f64.ln()));
}

#[test]
fn advice_about_numbers_that_are_not_finite_fits_the_cause() {
    let advice = |at| HealthMonitor::judge_broken_step(&StepError::Loss { loss: f64::NAN }, &at).advice;
    let at = circumstances(7);
    let clipped = Circumstances { clip_norm: Some(1.0), ..at };
    assert!(advice(at).contains("lower the learning rate (now 0.001), or clip"));
    assert!(advice(clipped).contains("lower the learning rate (now 0.001);") && !advice(clipped).contains("clip"));
    let start = advice(Circumstances { updates: 0, ..at });
    assert!(start.contains("smaller weights") && !start.contains("learning rate"), "{start}");
}

#[test]
fn a_run_that_ends_before_the_rules_could_look_is_told_so() {
    let end = |looks: u64, losses: &[f64]| {
        let mut monitor = HealthMonitor::default();
        for step in 1..=looks {
            monitor.judge_layers(&mut [layer(0.0, 1.0, 1e-3), last_layer()], &circumstances(step));
        }
        for &loss in losses {
            monitor.judge_loss(loss, &circumstances(1));
        }
        monitor.judge_end(&circumstances(losses.len() as u64)).map(|finding| finding.what)
    };
    assert!(
        end(9, &[0.5; 90]).is_some_and(|what| what.contains("the rules looked 9 times in 90 minibatches and need 10"))
    );
    assert_eq!(end(10, &[0.5; 100]), None);
    assert!(end(10, &[2.3; 100]).is_some_and(|what| what.contains("after 100 minibatches its loss is 2.3")));
    assert!(end(10, &[2.3; 299]).is_some());
    // What was found is the verdict.
    assert_eq!(end(10, &[2.3; 300]), None);
}

fn evaluation(step: u64, loss: f64) -> TestResult {
    TestResult { step, epoch: 0.0, loss, accuracy: 0.5, samples: 10, seconds: 0.0 }
}

fn favourite(predicted_share: f64, true_share: f64) -> FavouriteClass {
    FavouriteClass { name: "bag".into(), predicted_share, true_share }
}

#[test]
fn overfitting_is_named_after_three_worse_evaluations() {
    let mut monitor = HealthMonitor::default();
    // The same step evaluated again, and a loss that is no number, say nothing.
    let losses = [1.0, 0.5, 0.6, 0.6, 0.6, f64::NAN, 0.57, 0.7, 0.8, 0.4, 0.5];
    let told: Vec<Finding> = losses
        .into_iter()
        .zip([1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9])
        .flat_map(|(loss, step)| {
            monitor.judge_loss(1.0 / step as f64, &circumstances(step));
            monitor.judge_evaluation(&evaluation(step, loss), favourite(0.2, 0.1), &circumstances(step))
        })
        .collect();
    assert!(told.len() == 1 && told[0].step == 6, "{told:?}");
    assert!(told[0].advice.contains("stop at about step 2 "), "{told:?}");
}

#[test]
fn a_rate_that_is_too_high_and_a_trifle_are_no_overfitting() {
    let told = |test: [f64; 5], training: [f64; 5]| {
        let mut monitor = HealthMonitor::default();
        let rounds = test.into_iter().zip(training).zip(1..);
        rounds.fold(false, |told, ((loss, trained), step)| {
            let at = circumstances(step);
            monitor.judge_loss(trained, &at);
            !monitor.judge_evaluation(&evaluation(step, loss), favourite(0.2, 0.1), &at).is_empty() || told
        })
    };
    assert!(told([0.5, 0.6, 0.6, 0.6, 0.6], [0.5, 0.4, 0.3, 0.2, 0.1]));
    assert!(!told([0.5, 0.6, 0.6, 0.6, 0.6], [0.5, 0.9, 0.8, 0.7, 0.6]));
    assert!(!told([0.016, 0.017, 0.018, 0.017, 0.018], [0.02, 0.019, 0.018, 0.017, 0.016]));
    // A loss that explodes falls back: the training loss is above that of the test.
    assert!(!told([129.0, 157.0, 157.0, 157.0, 157.0], [9000.0, 800.0, 700.0, 600.0, 500.0]));
}

#[test]
fn predicting_one_class_is_told_after_three_evaluations_of_a_run_that_had_the_time() {
    let told = |first_step: u64, epoch: f64, favourite: FavouriteClass| -> Vec<Finding> {
        let mut monitor = HealthMonitor::default();
        let steps = [first_step, first_step + 1, first_step + 2];
        let judge = |step| {
            let test = TestResult { epoch, ..evaluation(step, 2.0) };
            monitor.judge_evaluation(&test, favourite.clone(), &circumstances(step))
        };
        steps.into_iter().flat_map(judge).collect()
    };
    let findings = told(300, 0.0, favourite(1.0, 0.1));
    assert!(findings.len() == 1 && findings[0].step == 302, "{findings:?}");
    assert_eq!(findings[0].what, "100 % of the test samples are taken for bag, which 10 % are");
    assert!(findings[0].advice.contains("learning rates (now 0.001)"));
    assert!(told(300, 0.0, favourite(1.0, 0.95))[0].advice.contains("judge by recall"));
    assert_eq!(told(299, 9.9, favourite(1.0, 0.1)), []);
    assert_eq!((told(30, 10.0, favourite(1.0, 0.1)), told(100, 9.9, favourite(1.0, 0.1))), (Vec::new(), Vec::new()));
    assert_eq!(told(100, 10.0, favourite(1.0, 0.1)).len(), 1);
    assert_eq!(told(300, 0.0, favourite(0.98, 0.1)), []);
    // All that there is.
    assert_eq!(told(300, 0.0, favourite(1.0, 1.0)), []);
}

#[test]
fn the_favourite_class_is_the_one_predicted_most_often() {
    let classes = ["a", "b", "c"].map(String::from);
    let found = FavouriteClass::of(&[1, 1, 1, 2], &[0, 1, 2, 2], &classes);
    assert_eq!(found, FavouriteClass { name: "b".into(), predicted_share: 0.75, true_share: 0.25 });
}

#[test]
fn the_memory_survives_a_checkpoint_and_an_older_one_begins_anew() {
    let mut monitor = HealthMonitor::default();
    for step in 1..=12 {
        let at = circumstances(step);
        monitor.judge_layers(&mut [layer(0.95, f64::INFINITY, 1e-3), last_layer()], &at);
        monitor.judge_loss(2.3, &at);
        monitor.judge_evaluation(&evaluation(step, 1.0), favourite(1.0, 0.1), &at);
    }
    let text = serde_json::to_string(&monitor).unwrap();
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
    let ends = training::END_RULES.iter().map(|rule| row(rule, "end"));
    let evaluations = evaluations::RULES.iter().map(|rule| row(rule, "evaluations"));
    let rules: Vec<[String; 3]> = layers.chain(loss).chain(broken).chain(ends).chain(evaluations).collect();
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

#[test]
fn a_unit_that_gives_0_for_a_few_samples_is_not_called_dead() {
    let few = Circumstances { samples: 4, ..circumstances(0) };
    let (findings, verdict) = judge_repeatedly(layer(0.95, 1.0, 1e-3), few, 40);
    assert_eq!((findings, verdict), (Vec::new(), Some(Health::Good)));
    assert_eq!(judge_repeatedly(layer(0.95, 1.0, 1e-3), circumstances(0), 40).1, Some(Health::Bad));
}

#[test]
fn rare_classes_that_are_found_are_no_complaint_and_missed_ones_are() {
    let favourite = |predicted_share, true_share| FavouriteClass { name: "no".into(), predicted_share, true_share };
    let holds = |predicted_share, true_share| {
        let at = circumstances(400);
        let mut monitor = HealthMonitor::default();
        (1..=3).any(|evaluation| {
            let test = TestResult {
                step: 400 + evaluation,
                epoch: 4.0,
                loss: 0.1,
                accuracy: 0.99,
                samples: 1000,
                seconds: 0.0,
            };
            !monitor.judge_evaluation(&test, favourite(predicted_share, true_share), &at).is_empty()
        })
    };
    assert!(!holds(0.995, 0.995), "all of the rare class are found");
    assert!(!holds(0.997, 0.995), "most of them are");
    assert!(holds(0.999, 0.995) && holds(1.0, 0.6));
    assert!(!holds(1.0, 1.0), "there is but one class");
}

#[test]
fn a_loss_that_began_far_above_chance_is_not_blamed_on_the_updates() {
    let advice = |first: f64, later: f64| {
        let mut monitor = HealthMonitor::default();
        let judged = (1..=400).flat_map(|step| {
            let loss = if step == 1 { first } else { later };
            monitor.judge_loss(loss, &circumstances(step))
        });
        judged.map(|finding| finding.advice).collect::<Vec<_>>()
    };
    let (began, rose) = (advice(12.3, 12.2), advice(2.3, 12.2));
    assert!(began.len() == 1 && began[0].contains("smaller weights"), "{began:?}");
    assert!(rose.len() == 1 && rose[0].contains("lower the learning rate"), "{rose:?}");
}

#[test]
fn a_rule_that_can_no_longer_tell_does_not_keep_a_layer_from_its_verdict() {
    let mut monitor = learning_monitor();
    let mut verdict = |probe: LayerMeasures, at: Circumstances| {
        let mut layers = [probe, last_layer()];
        monitor.judge_layers(&mut layers, &at);
        layers[0].health
    };
    let healthy = layer(0.0, 1.0, 1e-3);
    (1..=12).for_each(|step| {
        verdict(healthy, circumstances(step));
    });
    assert_eq!(verdict(layer(0.0, 1.0, 1e-6), circumstances(13)), None, "updates are tiny for one look");
    let end = Circumstances { schedule_factor: 0.01, ..circumstances(14) };
    assert_eq!(verdict(layer(0.0, 1.0, 1e-6), end), Some(Health::Good));
}

#[test]
fn verdicts_are_repeated_between_looks() {
    let mut monitor = learning_monitor();
    let mut layers = [layer(0.0, 1.0, 1e-3), last_layer()];
    (1..=10).for_each(|step| {
        monitor.judge_layers(&mut layers, &circumstances(step));
    });
    let mut others = [layer(0.95, 1.0, 1e-3), last_layer()];
    monitor.repeat_verdicts(&mut others);
    assert_eq!(others.map(|layer| layer.health), [Some(Health::Good); 2]);
}
