//! The rules about trouble, on made-up series: never on healthy noise, always on what explodes.

use super::*;
use crate::{
    protocol::{SuspectSample, Trouble, TroubleKind},
    train::StepOutcome,
};

/// A minibatch with this loss and gradient norm.
pub(super) fn outcome(loss: f64, gradient_norm: f64) -> StepOutcome {
    StepOutcome { loss, accuracy: 0.5, gradient_norm, effective_learning_rate: 1e-3, samples: 64 }
}

/// Losses with a share of the loss that the worst sample has.
fn evidence(share: f64) -> Evidence {
    Evidence {
        samples: vec![SuspectSample { index: 4711, loss: 800.0 }, SuspectSample { index: 3, loss: 700.0 }],
        class: "Boot".into(),
        origin: Some("shoes.csv:4713".into()),
        share: Some(share),
        alone_not_finite: false,
        gradients: vec![(0, "conv", 50.0), (2, "linear", 3.0)],
    }
}

/// A run of the rules over made-up minibatches.
struct Series {
    monitor: HealthMonitor,
    settings: HealthSettings,
    at: Circumstances,
    /// What the worst sample of each minibatch has of its loss.
    share: f64,
    found: Vec<Finding>,
}

impl Series {
    fn new() -> Self {
        let monitor = HealthMonitor::default();
        Self { monitor, settings: HealthSettings::default(), at: circumstances(0), share: 0.1, found: Vec::new() }
    }

    fn add(&mut self, loss: f64, gradient_norm: f64) {
        self.at.step += 1;
        let outcome = StepOutcome { samples: self.at.samples, ..outcome(loss, gradient_norm) };
        let share = self.share;
        self.found.extend(self.monitor.judge_minibatch(&outcome, &self.settings, &self.at, || evidence(share)));
    }

    /// Healthy minibatches with this usual loss.
    fn add_usual(&mut self, minibatches: u64, loss: f64, noise: &mut Noise) {
        for _ in 0..minibatches {
            self.add(loss * noise.lognormal(0.2), 3.0 * loss * noise.lognormal(0.2));
        }
    }

    fn kinds(&self) -> Vec<TroubleKind> {
        self.found.iter().map(|finding| trouble(finding).kind).collect()
    }
}

fn trouble(finding: &Finding) -> &Trouble {
    finding.trouble.as_deref().unwrap()
}

/// Numbers that look random (`SplitMix64`).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn lognormal(&mut self, spread: f64) -> f64 {
        (spread * self.normal()).exp()
    }
}

/// Loss and gradient norm at a step of some shape of a healthy run.
type Shape = fn(f64, &mut Noise) -> (f64, f64);

/// Healthy runs. A run is 5,000 minibatches long.
const HEALTHY: [(&str, Shape); 14] = [
    ("learns", |step, noise| {
        let loss = (0.05 + 2.3 * (-step / 300.0).exp()) * noise.lognormal(0.3);
        (loss, 2.0 * loss * noise.lognormal(0.4))
    }),
    ("converges to nothing", |step, noise| {
        let loss = 2.3 * (-step / 100.0).exp().max(1e-7) * noise.lognormal(0.5);
        (loss, loss)
    }),
    ("converged, with jumps of a thousand", |step, noise| {
        let jump = if noise.uniform() < 0.01 { 1000.0 } else { 1.0 };
        let loss = if step < 100.0 { 2.3 / (1.0 + step) } else { 1e-6 * noise.lognormal(0.3) * jump };
        (loss, loss)
    }),
    ("stands still", |_, noise| (2.3 * noise.lognormal(0.02), 0.1 * noise.lognormal(0.1))),
    ("never varies", |_, _| (0.7, 0.1)),
    ("is 0", |step, _| if step < 40.0 { (0.7, 0.1) } else { (0.0, 0.0) }),
    ("begins with a transient", |step, noise| {
        let transient = if step > 1.0 { 400.0 * (-(step - 3.0).abs() / 3.0).exp() } else { 0.0 };
        ((2.3 + transient) * noise.lognormal(0.3), (1.0 + transient) * noise.lognormal(0.3))
    }),
    ("is high but bounded", |_, noise| (1e6 * noise.lognormal(1.0), 1e8 * noise.lognormal(1.0))),
    ("warms up and then falls off a plateau", |step, noise| {
        let loss = if step < 500.0 { 2.3 } else { 0.3 + 2.0 * (-(step - 500.0) / 20.0).exp() };
        let gradient_norm = if step < 500.0 { 0.01 * (step / 100.0).exp() } else { 2.0 };
        (loss * noise.lognormal(0.1), gradient_norm * noise.lognormal(0.3))
    }),
    ("rises with its rate", |step, noise| (0.3 * (step / 2000.0).exp() * noise.lognormal(0.2), noise.lognormal(0.3))),
    ("one sample a minibatch", |step, noise| {
        let loss = 0.7 * (-step / 1000.0).exp() * noise.lognormal(2.0);
        (loss.min(15.0), loss.min(15.0) * 3.0)
    }),
    ("one sample, and every twentieth label is wrong", |step, noise| {
        let confidence = (step / 300.0).min(7.0);
        let wrong = noise.uniform() < 0.05;
        let loss =
            if wrong { 0.7 + confidence * noise.lognormal(0.2) } else { (-confidence).exp() * noise.lognormal(1.0) };
        (loss, 2.0 * loss)
    }),
    ("four samples, and every tenth label is wrong", |step, noise| {
        let confidence = (step / 300.0).min(7.0);
        let mut loss = 0.0;
        for _ in 0..4 {
            let wrong = noise.uniform() < 0.1;
            loss += if wrong { 0.7 + confidence } else { (-confidence).exp() } * noise.lognormal(0.3);
        }
        (loss / 4.0, loss)
    }),
    ("heavy tails", |_, noise| {
        let loss = 0.3 / noise.uniform().max(2e-3).cbrt();
        (loss, 3.0 * loss)
    }),
];

#[test]
fn healthy_noise_of_any_shape_is_no_trouble() {
    for (name, shape) in HEALTHY {
        for seed in 0..20 {
            let (mut series, mut noise) = (Series::new(), Noise(seed));
            for step in 1..=5000 {
                let (loss, gradient_norm) = shape(f64::from(step), &mut noise);
                series.add(loss, gradient_norm);
            }
            assert_eq!(series.found, [], "{name}, seed {seed}");
        }
    }
}

#[test]
fn the_small_last_minibatch_of_an_epoch_is_no_trouble() {
    let (mut series, mut noise) = (Series::new(), Noise(1));
    for _ in 0..60 {
        series.add_usual(15, 0.1, &mut noise);
        series.at.samples = 1;
        series.add(6.0 * noise.uniform(), 12.0 * noise.uniform());
        series.at.samples = 64;
    }
    assert_eq!(series.found, []);
}

#[test]
fn what_explodes_is_named_within_ten_minibatches() {
    for before in [1, 5, 33, 500] {
        for growth in [4.0, 10.0, 100.0, 1e8] {
            // It grows on and on, or jumps and stays there.
            for stays in [false, true] {
                let (mut series, mut noise) = (Series::new(), Noise(before));
                series.add_usual(before, 2.0, &mut noise);
                let high = if stays { 2e4 * growth } else { f64::MAX };
                for step in 1..=10 {
                    let loss = (2.0 * f64::powi(growth, step)).min(high) * noise.lognormal(0.2);
                    series.add(loss, loss);
                }
                let case = format!("{before} before, × {growth}, stays {stays}");
                assert_eq!(series.kinds().last(), Some(&TroubleKind::Exploding), "{case}: {:?}", series.found);
                let finding = series.found.last().unwrap();
                assert!(finding.what.starts_with("the loss explodes: "), "{finding:?}");
                let healthy = trouble(finding).healthy_step.unwrap();
                // The minibatch before the first one that grew shows that nothing was wrong one step earlier.
                assert!((before - 1..=before).contains(&healthy), "{case}: {healthy}");
                // Once only, as long as it lasts.
                let told = series.found.len();
                for _ in 0..100 {
                    series.add(1e12, 1e12);
                }
                assert_eq!(series.found.len(), told, "{:?}", series.found);
            }
        }
    }
}

#[test]
fn a_gradient_that_explodes_while_the_loss_is_bounded_is_named() {
    let (mut series, mut noise) = (Series::new(), Noise(3));
    series.add_usual(100, 0.5, &mut noise);
    for step in 1..=8 {
        series.add(8.0 * noise.lognormal(0.1), 10_f64.powi(step + 2));
    }
    assert!(series.kinds().contains(&TroubleKind::Exploding), "{:?}", series.found);
}

#[test]
fn a_spike_of_one_sample_is_named_at_once_and_attributed() {
    let (mut series, mut noise) = (Series::new(), Noise(4));
    for _ in 0..71 {
        series.add_usual(10, 0.31, &mut noise);
        series.monitor.judge_layers(&mut [layer(0.0, 1.0, 1e-3), last_layer()], &circumstances(1));
    }
    series.share = 0.93;
    series.add(12.7, 1.0);
    let finding = series.found.pop().unwrap();
    let expected = Trouble {
        kind: TroubleKind::Spike,
        healthy_step: Some(710),
        minibatch: Some(711),
        samples: evidence(0.0).samples,
    };
    assert_eq!((finding.step, trouble(&finding), finding.layer), (711, &expected, Some(0)));
    let beginning = "the loss of minibatch 711 is ";
    let end =
        "; sample 4,711 (class Boot, shoes.csv:4713) has 93 % of it; gradient norms jumped first in layer 0, conv";
    assert!(finding.what.starts_with(beginning) && finding.what.ends_with(end), "{finding:?}");
    assert!(finding.what.contains("× the usual 0.3"), "{finding:?}");
    assert!(finding.advice.starts_with("look at the sample (train:4711 "), "{finding:?}");
    // The same again in the next epochs is no news, far more is.
    for loss in [12.0, 15.0, 11.0, 60.0] {
        series.add_usual(100, 0.31, &mut noise);
        series.add(loss, 1.0);
    }
    assert_eq!(series.kinds(), [TroubleKind::Spike]);
}

#[test]
fn a_spike_among_the_first_minibatches_is_named() {
    for before in [8, 20, 31] {
        let (mut series, mut noise) = (Series::new(), Noise(before));
        series.add_usual(before, 0.8, &mut noise);
        series.share = 0.93;
        series.add(115.0, 800.0);
        assert_eq!((series.kinds().as_slice(), series.found[0].step), ([TroubleKind::Spike].as_slice(), before + 1));
    }
}

#[test]
fn losses_that_spread_over_many_powers_of_ten_have_spikes_too() {
    for seed in 0..20 {
        // As of minibatches of one sample.
        let (mut series, mut noise) = (Series::new(), Noise(seed));
        for _ in 0..780 {
            let loss = (1e-3 * noise.lognormal(2.5)).min(3.0);
            series.add(loss, loss);
        }
        assert_eq!(series.found, [], "seed {seed}");
        series.share = 1.0;
        series.add(104.0, 104.0);
        assert_eq!(series.kinds(), [TroubleKind::Spike], "seed {seed}");
    }
}

#[test]
fn what_is_usual_of_nothing_is_told_by_the_values() {
    let mut series = Series::new();
    (0..64).for_each(|_| series.add(0.0, 0.0));
    series.share = 0.93;
    series.add(12.5, 1.0);
    let beginning = "the loss of minibatch 65 is 12.5, where 0 was usual; sample 4,711";
    assert!(series.found[0].what.starts_with(beginning), "{:?}", series.found);
}

#[test]
fn an_explosion_is_told_with_its_largest_loss() {
    let (mut series, mut noise) = (Series::new(), Noise(3));
    series.add_usual(100, 0.3, &mut noise);
    for loss in [1e5, 30.0, 20.0] {
        series.add(loss, 1.0);
    }
    assert!(series.found[0].what.starts_with("the loss explodes: 1e5, where 0."), "{:?}", series.found);
}

#[test]
fn a_spike_of_many_samples_is_named_when_it_is_clear_that_nothing_explodes() {
    let (mut series, mut noise) = (Series::new(), Noise(5));
    series.add_usual(200, 0.3, &mut noise);
    series.add(0.3, 500.0);
    assert_eq!(series.found, []);
    series.add_usual(2, 0.3, &mut noise);
    assert_eq!(series.kinds(), [TroubleKind::Spike]);
    let finding = &series.found[0];
    assert!(finding.what.starts_with("the gradient norm of minibatch 201 is "), "{finding:?}");
    assert!(finding.advice.starts_with("if more follow, lower the learning rate"), "{finding:?}");
    // The weights may have been the cause, so a minibatch has to show that they were not.
    assert_eq!((trouble(finding).healthy_step, trouble(finding).minibatch), (Some(199), Some(201)));
}

#[test]
fn a_loss_that_jumps_and_stays_without_exploding_is_a_spike_within_three_minibatches() {
    let (mut series, mut noise) = (Series::new(), Noise(9));
    series.add_usual(200, 0.3, &mut noise);
    series.add_usual(50, 30.0, &mut noise);
    assert_eq!(series.kinds(), [TroubleKind::Spike]);
    assert_eq!((series.found[0].step, trouble(&series.found[0]).healthy_step), (203, Some(199)));
}

#[test]
fn thresholds_can_be_set() {
    let named = |spike: f64, exploding: f64, loss: f64| {
        let (mut series, mut noise) = (Series::new(), Noise(6));
        series.settings = HealthSettings { spike, exploding, ..HealthSettings::default() };
        series.add_usual(200, 1.0, &mut noise);
        (0..5).for_each(|_| series.add(loss, 1.0));
        series.kinds().last().copied()
    };
    assert_eq!(named(10.0, 1000.0, 4.0), None);
    assert_eq!(named(5.0, 1000.0, 4.0), Some(TroubleKind::Spike));
    assert_eq!(named(100.0, 1000.0, 100.0), None);
    assert_eq!(named(100.0, 30.0, 100.0), Some(TroubleKind::Exploding));
}

#[test]
fn numbers_that_are_not_finite_lead_back_to_where_the_growth_began() {
    let (mut series, mut noise) = (Series::new(), Noise(7));
    let error = StepError::Loss { loss: f64::NAN };
    let broken = |series: &mut Series, alone| {
        series.at.step += 1;
        let mut evidence = Evidence { alone_not_finite: alone, ..evidence(0.5) };
        evidence.samples[1].index = 5;
        series.monitor.judge_broken_step(&error, &series.at, evidence)
    };
    // Nothing was ever right.
    assert_eq!(trouble(&broken(&mut Series::new(), false)).healthy_step, None);
    series.add_usual(50, 0.3, &mut noise);
    let finding = broken(&mut series, false);
    assert_eq!((trouble(&finding).healthy_step, trouble(&finding).minibatch), (Some(49), Some(51)));
    assert_eq!(trouble(&finding).samples[1].index, 5);
    // One sample alone: the weights were right.
    let finding = broken(&mut series, true);
    assert_eq!(trouble(&finding).healthy_step, Some(51));
    assert!(finding.what.contains(", only because of sample 4,711 (class Boot); its update"), "{finding:?}");
    // After a growth, where that began.
    series.add_usual(10, 0.3, &mut noise);
    series.add(1e6, 1e6);
    series.add(1e20, 1e20);
    let finding = broken(&mut series, false);
    assert_eq!((trouble(&finding).healthy_step, trouble(&finding).minibatch), (Some(61), Some(63)));
    assert_eq!(trouble(&finding).samples, evidence(0.5).samples, "those of the minibatch with which it began");
    assert_eq!(series.found, []);
}

#[test]
fn the_memory_is_small() {
    let (mut series, mut noise) = (Series::new(), Noise(8));
    series.add_usual(500, 1.0 / 3.0, &mut noise);
    series.add(1e6 / 3.0, 1e6 / 3.0);
    assert!(size_of::<HealthMonitor>() < 1024);
    let text = serde_json::to_string(&series.monitor).unwrap();
    assert!(text.len() < 2048, "{} bytes: {text}", text.len());
}
