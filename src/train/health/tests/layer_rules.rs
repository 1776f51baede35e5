//! The rules about layers, against made-up looks of the probe.

use super::*;

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
        (layer(0.0, 1.0, 0.5), at, "lower the learning rate (it was 0.001)"),
        (layer(0.0, 1.0, 0.5), rising, "lengthen its rise"),
        (layer(0.0, 1.0, 1e-6), at, "raise the learning rate (it was 0.001)"),
        (layer(0.0, 1.0, 1e-6), clipped, "raise optimizer.clip_norm (it was 0.01)"),
        (layer(0.0, 1.0, 1e-6), adam, "raise the learning rate (it was 0.001)"),
        (vanished, at, "use batchnorm between the layers"),
        (LayerMeasures { saturates: true, ..vanished }, at, "activations that saturate"),
        (LayerMeasures { weight_norm: 1e-4, ..vanished }, at, "begin with larger ones"),
    ] {
        let advice = advice(probe, at);
        assert!(advice.contains(words), "{probe:?}: {advice}");
    }
    // A batch normalization with one value a channel gives β at any rate; so does none with others, which has one already.
    let norm = |constant, dead, gradient| LayerMeasures {
        category: LayerCategory::Normalization,
        constant: Some(constant),
        ..layer(dead, gradient, 1e-3)
    };
    let single = Circumstances { samples: 1, ..at };
    for (probe, at, words) in [
        (norm(0.51, 0.95, 1.0), at, "layer 2, batchnorm, gets one value a channel, the same from every sample"),
        (norm(0.5, 0.95, 1.0), at, "at the first look, so the updates are not the cause"),
        (norm(1.0, 0.0, 1e-9), at, "layer 2, batchnorm, gets one value a channel, the same from every sample"),
        (norm(1.0, 0.0, 1e-9), single, "choose a run.batch_size that leaves no single sample"),
        (norm(0.6, 0.0, 1e-9), at, "use batchnorm between the layers"),
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

#[test]
fn a_unit_that_gives_0_for_a_few_samples_is_not_called_dead() {
    let few = Circumstances { samples: 4, ..circumstances(0) };
    let (findings, verdict) = judge_repeatedly(layer(0.95, 1.0, 1e-3), few, 40);
    assert_eq!((findings, verdict), (Vec::new(), Some(Health::Good)));
    assert_eq!(judge_repeatedly(layer(0.95, 1.0, 1e-3), circumstances(0), 40).1, Some(Health::Bad));
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
