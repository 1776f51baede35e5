use super::*;

/// A test of which all losses follow from the rate, as far as it comes.
fn tested(plan: RangeTestPlan, mut loss: impl FnMut(f64) -> f64) -> RangeTest {
    let mut curve = RangeTestCurve::new(&plan).unwrap();
    while let Some(rate) = curve.next_rate() {
        curve.record(rate, loss(rate));
    }
    curve.report(3)
}

/// Falls from 2.3 to 0.5 around `middle`, and rises without bound after ten times that rate.
fn valley(middle: f64) -> impl Fn(f64) -> f64 {
    move |rate| {
        let place = (rate / middle).log10();
        0.5 + 1.8 / (1.0 + (4.0 * place).exp()) + (place - 1.0).max(0.0).exp_m1().powi(2)
    }
}

#[test]
fn rates_grow_by_the_same_factor_from_the_first_to_the_last() {
    let plan = RangeTestPlan { from: Some(1e-6), to: Some(1.0), steps: Some(13) };
    let test = tested(plan, |_| 1.0);
    let rates: Vec<f64> = test.points.iter().map(|point| point.rate).collect();
    assert_eq!(rates.len(), 13);
    assert_eq!(rates[0], 1e-6);
    assert!((rates[12] - 1.0).abs() < 1e-12);
    assert!(rates.windows(2).all(|pair| (pair[1] / pair[0] - 10_f64.sqrt()).abs() < 1e-9), "{rates:?}");
    assert!(test.done && test.step == 3 && test.planned == 13);
}

#[test]
fn the_suggestion_is_where_the_loss_falls_fastest() {
    for middle in [1e-4, 1e-2, 0.3] {
        for steps in [60, 100, 1000] {
            let test = tested(RangeTestPlan { steps: Some(steps), ..RangeTestPlan::default() }, valley(middle));
            let suggestion = test.suggestion.unwrap();
            let ratio = suggestion / middle;
            assert!((0.6..1.6).contains(&ratio), "{steps} steps: {suggestion} for {middle}");
        }
    }
}

#[test]
fn noise_on_the_losses_moves_it_little_and_makes_none_up() {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    for round in 0..200 {
        let fall = valley(1e-2);
        let test = tested(RangeTestPlan::default(), |rate| fall(rate) + 0.6 * noise());
        let suggestion = test.suggestion.unwrap_or_else(|| panic!("none in round {round}"));
        assert!((2e-3..4e-2).contains(&suggestion), "{suggestion} in round {round}");
    }
    let made_up = (0..200).filter(|_| tested(RangeTestPlan::default(), |_| 2.3 + 0.6 * noise()).suggestion.is_some());
    assert!(made_up.count() <= 2);
}

#[test]
fn a_loss_that_never_falls_gives_no_suggestion() {
    assert_eq!(tested(RangeTestPlan::default(), |_| 2.3).suggestion, None);
    assert_eq!(tested(RangeTestPlan::default(), |rate| 1.0 + rate).suggestion, None);
    assert_eq!(tested(RangeTestPlan::default(), |_| f64::NAN).suggestion, None);
}

#[test]
fn it_ends_when_the_loss_leaves_all_bounds_or_is_no_number() {
    let test = tested(RangeTestPlan::default(), valley(1e-4));
    assert!(test.done && test.points.len() < 80, "{}", test.points.len());
    let (last, before) = (test.points[test.points.len() - 1], test.points[test.points.len() - 2]);
    let best = test.points[5..].iter().map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
    assert!(last.smoothed > 4.0 * best && before.smoothed <= 4.0 * best);

    let mut left = 50;
    let test = tested(RangeTestPlan::default(), |rate| {
        left -= 1;
        if left == 0 { f64::INFINITY } else { valley(1e-4)(rate) }
    });
    assert_eq!(test.points.len(), 50);
    assert_eq!(test.points[49].smoothed.to_bits(), test.points[48].smoothed.to_bits());
    assert!(test.suggestion.is_some());
}

#[test]
fn nothing_is_suggested_before_it_is_over() {
    let mut curve = RangeTestCurve::new(&RangeTestPlan::default()).unwrap();
    for _ in 0..60 {
        let rate = curve.next_rate().unwrap();
        curve.record(rate, valley(1e-4)(rate));
    }
    assert!(!curve.report(0).done && curve.report(0).suggestion.is_none());
    curve.end();
    assert!(curve.report(0).done && curve.report(0).suggestion.is_some());
}

#[test]
fn the_first_loss_is_its_own_average() {
    let test = tested(RangeTestPlan::default(), |_| 2.5);
    assert!(test.points.iter().all(|point| (point.smoothed - 2.5).abs() < 1e-12));
}

#[test]
fn an_invalid_plan_says_what_is_valid() {
    let refused = |from, to, steps| RangeTestCurve::new(&RangeTestPlan { from, to, steps }).unwrap_err();
    assert_eq!(
        refused(Some(1.0), Some(0.1), None),
        "a range test goes from a smaller rate to a larger one, not from 1 to 0.1"
    );
    assert_eq!(refused(Some(0.0), None, None), "a range test can't try the learning rate 0; valid: from 1e-12 to 1e6");
    assert!(refused(None, Some(f64::NAN), None).starts_with("a range test can't try the learning rate NaN"));
    assert_eq!(refused(None, None, Some(9)), "a range test can't take 9 minibatches; valid: from 10 to 10,000");
    assert!(RangeTestCurve::new(&RangeTestPlan { from: Some(20.0), ..RangeTestPlan::default() }).is_err());
}

#[test]
fn a_suggestion_has_two_digits() {
    let rounded = [1.2345e-4, 9.96e-3, 0.012_589, 3.1622, 31.7, 1234.0].map(two_digits);
    assert_eq!(rounded, [1.2e-4, 1e-2, 0.013, 3.2, 32.0, 1200.0]);
}
