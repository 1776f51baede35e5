//! The rules about the loss, numbers that are not finite and the end of a run.

use super::*;

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
    let advice = |at| {
        HealthMonitor::default().judge_broken_step(&StepError::Loss { loss: f64::NAN }, &at, Evidence::default()).advice
    };
    let at = circumstances(7);
    let clipped = Circumstances { clip_norm: Some(1.0), ..at };
    assert!(advice(at).contains("lower the learning rate (it was 0.001), or clip"));
    assert!(advice(clipped).contains("lower the learning rate (it was 0.001);") && !advice(clipped).contains("clip"));
    let start = advice(Circumstances { updates: 0, ..at });
    assert!(start.contains("smaller weights") && !start.contains("learning rate"), "{start}");
}

#[test]
fn a_loss_that_grows_is_blamed_on_what_has_put_it_farther_above_chance() {
    for (first, later, by_weights) in [
        (2.4, 40.0, false),
        (2.4, 1e9, false),
        // 3 × chance, and from there 100 × more.
        (7.0, 700.0, false),
        (1e6, 2e6, true),
        (1e6, 1e9, true),
        (1e6, 1e15, false),
    ] {
        let mut monitor = HealthMonitor::default();
        let at = circumstances(2);
        monitor.judge_loss(first, &at);
        (0..99).for_each(|_| assert_eq!(monitor.judge_loss(later, &at), []));
        let broken = monitor.judge_broken_step(&StepError::Loss { loss: f64::INFINITY }, &at, Evidence::default());
        let diverged = (0..300).find_map(|_| monitor.judge_loss(later, &at).pop()).unwrap();
        for advice in [broken.advice, diverged.advice] {
            assert_eq!(advice.starts_with("before any update the loss was"), by_weights, "{first} {later}: {advice}");
            assert_eq!(advice.contains("smaller weights"), by_weights, "{first} {later}: {advice}");
            assert_eq!(advice.contains("clip the gradient"), !by_weights, "{first} {later}: {advice}");
        }
    }
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
