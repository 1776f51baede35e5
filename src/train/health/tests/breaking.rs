//! Small runs that break, by a sample or by a rate, and what the engine does then.

use std::fs;

use tempfile::TempDir;

use super::networks::{healthy_run, layers};
use crate::{
    dataset::{Batches, DataSpec, Preprocessing, Source},
    optim::OptimizerSpec,
    protocol::{
        Capability, Change, Command, CommandId, Event, Failure, Finding, LEARNING_RATE, Request, RunState, Setting,
        Trouble, TroubleKind, change::SKIP,
    },
    train::{
        BatchSize, RunSpec,
        worker::{WorkerHandle, spawn},
    },
};

/// Training samples of the images, and numbers in one.
const SAMPLES: usize = 640;
const PIXELS: usize = 64;

/// An array file of these elements.
fn npy(kind: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    text.extend(std::iter::repeat_n(' ', (64 - (text.len() + 11) % 64) % 64));
    text.push('\n');
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), elements].concat()
}

/// Images of three classes that are easily told apart; one training sample has values a thousand times too large and a wrong
/// label.
fn poisoned_images(poisoned: usize) -> TempDir {
    let folder = TempDir::with_prefix("poisoned").unwrap();
    for (part, count) in [("train", SAMPLES), ("test", 60)] {
        let is_poisoned = |sample: usize| part == "train" && sample == poisoned;
        let pixel = |place: usize| {
            let (sample, at) = (place / PIXELS, place % PIXELS);
            let stripe = if (at / 3 + sample) % 3 == 0 { 1.0 } else { 0.0 };
            let noise = ((place.wrapping_mul(2_654_435_761) >> 7) % 1000) as f32 / 2000.0;
            (stripe + noise) * if is_poisoned(sample) { 1000.0 } else { 1.0 }
        };
        let pixels: Vec<u8> = (0..count * PIXELS).flat_map(|place| pixel(place).to_le_bytes()).collect();
        let labels: Vec<u8> =
            (0..count).map(|sample| ((sample + usize::from(is_poisoned(sample))) % 3) as u8).collect();
        fs::write(folder.path().join(format!("{part}_x.npy")), npy("<f4", &format!("({count}, 8, 8)"), &pixels))
            .unwrap();
        fs::write(folder.path().join(format!("{part}_y.npy")), npy("|u1", &format!("({count},)"), &labels)).unwrap();
    }
    folder
}

/// A worker, and what it has said.
struct Attended {
    worker: WorkerHandle,
    heard: Vec<Event>,
    next: u64,
}

impl Attended {
    fn start(spec: &RunSpec) -> Self {
        let spec = RunSpec { stop_when_finished: false, ..spec.clone() };
        Self { worker: spawn(spec).unwrap(), heard: Vec::new(), next: 0 }
    }

    fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let events = self.worker.events.blocking_recv().expect("the worker is still there");
            let found = events.iter().find_map(&wanted);
            self.heard.extend(events);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Asks for something, and waits for the answer.
    fn ask(&mut self, command: Command) -> Result<u64, String> {
        let id = CommandId(self.next);
        self.next += 1;
        self.worker.requests.send(Request { id, command }.into()).unwrap();
        self.until(|event| match event {
            Event::Applied { id: answered, step } if *answered == id => Some(Ok(*step)),
            Event::Rejected { id: answered, reason } if *answered == id => Some(Err(reason.clone())),
            _ => None,
        })
    }

    /// Waits until the run stands still, and gives the reason.
    fn stopped(&mut self) -> Option<String> {
        self.until(|event| match event {
            Event::State(change) if change.state != RunState::Running => Some(change.reason.clone()),
            _ => None,
        })
    }

    fn troubles(&self) -> Vec<&Finding> {
        let troubles = self.heard.iter().filter_map(|event| match event {
            Event::Finding(finding) if finding.trouble.is_some() => Some(finding),
            _ => None,
        });
        troubles.collect()
    }
}

/// The findings that are troubles, and why the run failed, if it did.
fn unattended(spec: &RunSpec) -> (Vec<Finding>, Option<Failure>) {
    let mut worker = spawn(spec.clone()).unwrap();
    let (mut troubles, mut failure) = (Vec::new(), None);
    while let Some(events) = worker.events.blocking_recv() {
        for event in events {
            match event {
                Event::Finding(finding) if finding.trouble.is_some() => troubles.push(finding),
                Event::Failed(failed) => failure = Some(failed),
                _ => {}
            }
        }
    }
    (troubles, failure)
}

fn trouble(finding: &Finding) -> &Trouble {
    finding.trouble.as_deref().unwrap()
}

#[test]
fn a_poisoned_sample_is_named_in_networks_and_minibatches_of_several_kinds() {
    for network in [
        "linear 16, relu, linear classes",
        "linear 32, gelu, linear 16, relu, linear classes",
        "conv 4 3x3, relu, flatten, linear classes",
        "conv 4 3x3 pad 1, leaky_relu 0.1, residual [conv 4 3x3 pad 1], flatten, linear classes",
    ] {
        for size in [4, 16, 50] {
            let mut batches = Batches::new(SAMPLES, size, 1).unwrap();
            // In a minibatch after the first window.
            let poisoned = batches.indices(45)[size / 2];
            let folder = poisoned_images(poisoned as usize);
            let mut spec = healthy_run();
            let source = Source::Path(folder.path().into());
            spec.data = DataSpec { source, preprocessing: Preprocessing::None, ..DataSpec::default() };
            spec.train.network.layers = layers(network);
            spec.train.batch_size = BatchSize::Exactly(size);
            (spec.train.learning_rate, spec.train.steps) = (2e-3, Some(200));
            let (troubles, failure) = unattended(&spec);
            let case = format!("{network} in minibatches of {size}: {troubles:#?}");
            let first = troubles.first().unwrap_or_else(|| panic!("{case}"));
            let Trouble { kind, healthy_step, minibatch, samples } = trouble(first);
            assert_eq!((*kind, &failure), (TroubleKind::Spike, &None), "{case}");
            assert_eq!(samples[0].index, poisoned as usize, "{case}");
            let minibatch = minibatch.unwrap();
            assert!(batches.indices(minibatch - 1).contains(&poisoned), "{case}");
            assert_eq!((first.step, *healthy_step, first.layer), (minibatch, Some(minibatch - 1), Some(0)), "{case}");
            assert!(samples.len() == 3 && samples[0].loss > samples[1].loss, "{case}");
        }
    }
}

#[test]
fn a_poisoned_row_of_a_table_is_named_by_its_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("flowers.csv");
    for poisoned in [99, 318, 555] {
        let value = |row: usize, salt: usize| ((row + salt).wrapping_mul(2_654_435_761) >> 7) % 1000;
        let size = |row: usize| if row == poisoned { 3_000_000 } else { 0 };
        let rows = (0..600).map(|row| {
            let class = row % 3;
            let (x, y) = (class * 700 + value(row, 0) + size(row), (2 - class) * 600 + value(row, 7));
            format!("{},{},{}\n", x as f64 / 1000.0, y as f64 / 1000.0, ["iris", "rose", "tulip"][class])
        });
        fs::write(&path, format!("x,y,kind\n{}", rows.collect::<String>())).unwrap();
        let mut spec = healthy_run();
        let source = Source::Path(path.clone());
        // The few rows that are left for testing are others.
        spec.data = DataSpec { source, preprocessing: Preprocessing::None, test_share: 0.05, ..DataSpec::default() };
        spec.train.network.layers = layers("linear 16, relu, linear classes");
        spec.train.batch_size = BatchSize::Exactly(16);
        (spec.train.learning_rate, spec.train.steps) = (2e-3, Some(200));
        let (troubles, _) = unattended(&spec);
        let line = format!(", flowers.csv:{}) has ", poisoned + 2);
        assert!(troubles.first().is_some_and(|first| first.what.contains(&line)), "{line}: {troubles:#?}");
    }
}

/// A run whose loss explodes when its rate is raised.
fn steep_run() -> RunSpec {
    let mut spec = healthy_run();
    spec.data.source = Source::default();
    spec.train.network.layers = layers("linear 64, relu, linear 32, relu, linear classes");
    (spec.train.learning_rate, spec.train.steps, spec.train.evaluate_every) = (1e-3, Some(2000), Some(1000));
    spec
}

#[test]
fn a_rate_of_ten_explodes_within_ten_minibatches_and_fails_unattended() {
    let mut spec = steep_run();
    spec.train.learning_rate = 10.0;
    let (troubles, failure) = unattended(&spec);
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert_eq!((trouble(&troubles[0]).kind, trouble(&troubles[0]).healthy_step), (TroubleKind::Exploding, Some(0)));
    let failure = failure.unwrap();
    assert!(troubles[0].step <= 10 && failure.step == troubles[0].step, "{failure:?}");
    assert!(failure.what.starts_with("the loss explodes: ") && failure.advice.contains("lower the learning rate"));
    // Who does not want it to stop is told, and no more.
    spec.train.health.stop = vec![TroubleKind::NotFinite];
    spec.train.steps = Some(50);
    let (troubles, failure) = unattended(&spec);
    assert_eq!(failure, None);
    assert_eq!(troubles.len(), 1, "{troubles:#?}");
}

#[test]
fn a_rate_that_is_raised_on_the_way_pauses_the_run_and_leads_back_before_it() {
    let mut run = Attended::start(&steep_run());
    run.ask(Command::Pause).unwrap();
    let step = run.ask(Command::Advance { count: 200 }).unwrap();
    assert!(run.troubles().is_empty(), "{:?}", run.troubles());
    run.ask(Command::Set { key: LEARNING_RATE.into(), value: 10.0 }).unwrap();
    run.ask(Command::Resume).unwrap();
    let reason = run.stopped().unwrap_or_else(|| panic!("{:#?}", run.troubles()));
    let exploding = *run.troubles().last().unwrap();
    assert_eq!((&reason, trouble(exploding).kind), (&exploding.what, TroubleKind::Exploding));
    assert_eq!(trouble(exploding).healthy_step, Some(step));
    assert!((step + 2..=step + 10).contains(&exploding.step), "{exploding:?}");
    // It goes on when it is told to.
    run.ask(Command::Advance { count: 3 }).unwrap();
}

#[test]
fn what_is_silenced_is_neither_said_nor_stops_the_run() {
    let mut spec = steep_run();
    spec.train.learning_rate = 10.0;
    (spec.train.steps, spec.throttle) = (Some(40), Some(1000.0));
    let hears = |silenced: &[Command]| {
        let mut run = Attended::start(&RunSpec { throttle: Some(0.01), ..spec.clone() });
        for command in silenced {
            run.ask(command.clone()).unwrap();
        }
        run.ask(Command::SetThrottle { steps_per_second: None }).unwrap();
        run.stopped();
        run.troubles().iter().map(|finding| trouble(finding).kind).collect::<Vec<_>>()
    };
    let silence = |kind, layer| Command::Silence { kind, layer };
    assert_eq!(hears(&[]), [TroubleKind::Exploding]);
    assert_eq!(hears(&[silence(TroubleKind::Spike, None)]), [TroubleKind::Exploding]);
    assert_eq!(hears(&[silence(TroubleKind::Exploding, None)]), []);
    // Of one layer: of all but that of which it is said, nothing changes.
    let of_layers = |layers: &[usize]| {
        let commands: Vec<Command> = layers.iter().map(|&layer| silence(TroubleKind::Exploding, Some(layer))).collect();
        hears(&commands)
    };
    assert_eq!(of_layers(&[1, 3]), [TroubleKind::Exploding]);
    assert_eq!(of_layers(&[0, 2, 4]), []);
    let mut run = Attended::start(&spec);
    let refused = run.ask(silence(TroubleKind::Spike, Some(5))).unwrap_err();
    assert_eq!(refused, "there is no layer 5; valid: from 0 to 4");
    assert!(run.ask(silence(TroubleKind::Unknown, None)).unwrap_err().contains("valid: not_finite, "));
}

#[test]
fn numbers_that_are_not_finite_stop_the_run_at_last_also_where_single_ones_do_not() {
    let mut spec = steep_run();
    spec.train.network.init = "normal 1e38".parse().unwrap();
    let (troubles, failure) = unattended(&spec);
    assert_eq!((troubles.len(), failure.unwrap().step), (1, 1));
    assert_eq!((trouble(&troubles[0]).healthy_step, troubles[0].step), (None, 1));
    assert!(troubles[0].advice.starts_with("no update was made yet"), "{troubles:?}");
    spec.train.health.stop.clear();
    let (troubles, failure) = unattended(&spec);
    // The first, and the one at which the run ends.
    let steps: Vec<u64> = troubles.iter().map(|finding| finding.step).collect();
    assert_eq!((steps, failure.unwrap().step), (vec![1, 100], 100));
}

#[test]
fn a_run_of_which_nothing_is_trained_stops_also_where_such_trouble_is_silenced() {
    let mut spec = steep_run();
    spec.train.network.init = "normal 1e38".parse().unwrap();
    spec.train.health.stop.clear();
    (spec.train.steps, spec.throttle) = (Some(200), Some(0.01));
    let mut run = Attended::start(&spec);
    run.ask(Command::Pause).unwrap();
    run.ask(Command::Silence { kind: TroubleKind::NotFinite, layer: None }).unwrap();
    run.ask(Command::SetThrottle { steps_per_second: None }).unwrap();
    assert_eq!(run.ask(Command::Advance { count: 150 }), Err("interrupted at step 100".into()));
    assert_eq!(run.troubles().last().unwrap().step, 100, "{:#?}", run.troubles());
}

#[test]
fn a_minibatch_is_left_out_on_request_and_changes_nothing_that_trains() {
    let mut spec = healthy_run();
    spec.train.network.layers = layers("linear 8, batchnorm, relu, linear 2");
    (spec.train.optimizer, spec.train.ema) = (OptimizerSpec::ADAM, Some(0.9));
    let mut run = Attended::start(&spec);
    run.ask(Command::Pause).unwrap();
    let step = run.ask(Command::SkipMinibatch).unwrap();
    // Twice is once.
    run.ask(Command::SkipMinibatch).unwrap();
    let changes: Vec<(u64, Change)> = run
        .heard
        .iter()
        .filter_map(|event| match event {
            Event::Changed { step, change } => Some((*step, change.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((changes[0].0, changes[0].1.key.as_str(), &changes[0].1.to), (step, SKIP, &Setting::Count(step + 1)));
    assert_eq!(changes[0].1.to_string(), format!("without minibatch {}", step + 1));
    assert_eq!(run.ask(Command::Advance { count: 1 }), Ok(step + 1));
    // It is reported with its loss, and is no trouble.
    assert!(run.heard.iter().any(|event| matches!(event, Event::Step(report) if report.step == step + 1)));
    assert!(run.troubles().is_empty());
    let hello = run.heard.iter().find_map(|event| if let Event::Hello(hello) = event { Some(hello) } else { None });
    let capabilities = &hello.unwrap().capabilities;
    assert!(capabilities.contains(&Capability::Skip) && capabilities.contains(&Capability::Silence));
    run.ask(Command::Resume).unwrap();
    run.until(|event| matches!(event, Event::Finished(_)).then_some(()));
    assert!(run.ask(Command::SkipMinibatch).unwrap_err().contains("no minibatch is left"));
}
