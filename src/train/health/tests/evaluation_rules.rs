//! The rules about evaluations.

use super::*;

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
    // What is worse than guessing fits nothing: circumstances are of ten classes.
    assert!(!told([14.0, 28.0, 28.0, 28.0, 28.0], [39.0, 27.0, 26.0, 25.0, 24.0]));
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
    assert!(findings[0].advice.contains("learning rates (it was 0.001)"));
    assert!(told(300, 0.0, favourite(1.0, 0.95))[0].advice.contains("judge by recall"));
    assert!(
        told(300, 0.0, favourite(1.0, 0.5))[0].advice.starts_with("nothing that tells the classes apart is learned")
    );
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
