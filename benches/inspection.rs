//! What looking inside costs: training throughput with watched queries and without, in turn within one run; and how
//! long an answer takes while paused.
//!
//! ```text
//! cargo bench --bench inspection            twenty pairs of windows
//! cargo bench --bench inspection -- 60      sixty
//! ```
//!
//! What is watched is what the screens ask for: the layer and the trace on the default network, boundary and units on
//! the spirals, both at full speed; the exercise's CNN, on images of noise. On a machine that others use, neighbouring
//! windows are slowed alike, so that the median of their ratios counts, together with how far they spread; and the
//! shortest of many answers is what one takes when nothing is in its way.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use gradtop::{
    config::{Config, Preset},
    protocol::{Command, CommandId, Event, Query, Request, SampleChoice},
    train::{
        BatchSize, Delivery, RunSpec, TrainSpec,
        worker::{WorkerHandle, spawn},
    },
};

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let (hardest, layer) = (SampleChoice::Hardest, 2);
    let endless = |set: &str| [set.to_owned(), "run.evaluate_every=1000000000".into(), "run.epochs=1000000".into()];
    let default = Config::load(None, None, &endless("run.seed=0")).unwrap();
    let of_layer = |layer| [Query::Layer { layer }, Query::Trace { sample: hardest, layer }];
    cost("default network", &default, pairs, Duration::from_millis(500), &of_layer(layer));
    let spirals = Config::load(Some(Preset::find("spirals").unwrap()), None, &endless("run.seed=0")).unwrap();
    let plane = [Query::Boundary { columns: 60, rows: 40 }, Query::Units { layer: 3, columns: 16, rows: 8 }];
    cost("spirals", &spirals, pairs, Duration::from_millis(500), &plane);
    let folder = std::env::temp_dir().join(format!("gradtop-inspection-{}", std::process::id()));
    write_images(&folder);
    let [source, rest @ ..] = endless(&format!("data.source={}", folder.display()));
    let sets = [&[source, "run.steps=0".into()][..], &rest].concat();
    let cnn = Config::load(Some(Preset::find("cnn").unwrap()), None, &sets).unwrap();
    answers(&cnn);
    cost("CNN", &cnn, pairs / 3, Duration::from_secs(6), &of_layer(0));
    fs::remove_dir_all(&folder).unwrap();
}

fn spec(config: &Config) -> RunSpec {
    let run = &config.run;
    RunSpec {
        name: run.name.clone(),
        data: config.data.clone(),
        train: TrainSpec {
            seed: run.seed,
            epochs: run.epochs,
            steps: run.steps,
            stop_after: None,
            batch_size: BatchSize::Exactly(run.batch_size),
            evaluate_every: run.evaluate_every,
            patience: None,
            probe_every: run.probe_every,
            threads: thread::available_parallelism().unwrap(),
            network: config.model.clone(),
            optimizer: config.optimizer.optimizer_spec(),
            learning_rate: config.optimizer.learning_rate,
            clip_norm: None,
            ema: None,
            schedule: config.schedule,
        },
        throttle: None,
        timeline_bytes: 0,
        delivery: Delivery::Thin,
        checked: None,
        stop_when_finished: false,
    }
}

struct Engine {
    handle: WorkerHandle,
    next: u64,
    inspections: usize,
}

impl Engine {
    fn start(config: &Config) -> Self {
        Self { handle: spawn(spec(config)).unwrap(), next: 0, inspections: 0 }
    }

    fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            for event in self.handle.events.blocking_recv().unwrap() {
                self.inspections += usize::from(matches!(event, Event::Inspection(_)));
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        }
    }

    /// Asks, and gives the step at which it was done.
    fn ask(&mut self, command: Command) -> u64 {
        let id = CommandId(self.next);
        self.next += 1;
        self.handle.requests.send(Request { id, command }.into()).unwrap();
        self.until(|event| match event {
            Event::Applied { id: answered, step } if *answered == id => Some(*step),
            Event::Rejected { id: answered, reason } if *answered == id => panic!("{reason}"),
            _ => None,
        })
    }

    /// Steps a second over a window in which these queries are watched.
    fn rate(&mut self, window: Duration, queries: &[Query]) -> f64 {
        let from = self.ask(Command::Watch { queries: queries.to_vec() });
        let start = Instant::now();
        self.until(|event| (matches!(event, Event::Step(_)) && start.elapsed() >= window).then_some(()));
        let to = self.ask(Command::Watch { queries: Vec::new() });
        (to - from) as f64 / start.elapsed().as_secs_f64()
    }

    fn stop(mut self) {
        self.handle.requests.send(Request { id: CommandId(self.next), command: Command::Stop }.into()).unwrap();
        self.until(|event| matches!(event, Event::Stopped { .. }).then_some(()));
    }
}

fn cost(name: &str, config: &Config, pairs: usize, window: Duration, queries: &[Query]) {
    let mut engine = Engine::start(config);
    engine.rate(window, &[]);
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    engine.inspections = 0;
    for pair in 0..pairs.max(2) {
        // Each goes first as often as the other.
        let both = if pair % 2 == 0 {
            let plain = engine.rate(window, &[]);
            (plain, engine.rate(window, queries))
        } else {
            let watched = engine.rate(window, queries);
            (engine.rate(window, &[]), watched)
        };
        ratios.push(both.1 / both.0);
        rates.push(both.0);
    }
    let rounds = engine.inspections as f64 / queries.len() as f64 / (pairs.max(2) as f64 * window.as_secs_f64());
    engine.ask(Command::Pause);
    let mut shortest = vec![f64::INFINITY; queries.len()];
    for _ in 0..40 {
        for (shortest, query) in shortest.iter_mut().zip(queries) {
            let start = Instant::now();
            engine.ask(Command::Inspect { query: query.clone() });
            *shortest = shortest.min(start.elapsed().as_secs_f64());
        }
    }
    engine.stop();
    ratios.sort_by(f64::total_cmp);
    rates.sort_by(f64::total_cmp);
    let at = |sorted: &[f64], share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    println!(
        "{name}: {} pairs, plain median {:.1} steps/s from {:.1} to {:.1}; ratio median {:.3}, quartiles {:.3} to {:.3}",
        ratios.len(),
        at(&rates, 0.5),
        rates[0],
        rates[rates.len() - 1],
        at(&ratios, 0.5),
        at(&ratios, 0.25),
        at(&ratios, 0.75)
    );
    let round: f64 = shortest.iter().sum();
    println!(
        "{name}: {rounds:.2} rounds/s, shortest round of answers {:.2} ms: a share of {:.4}",
        round * 1e3,
        rounds * round
    );
}

/// How long answers take while paused.
fn answers(config: &Config) {
    let mut engine = Engine::start(config);
    engine.until(|event| if let Event::Step(report) = event { (report.step >= 3).then_some(()) } else { None });
    engine.ask(Command::Pause);
    let row = |row| SampleChoice::Row { row };
    for round in 1..=3 {
        if round > 1 {
            // About as long as a person takes to press two keys.
            thread::sleep(Duration::from_millis(400));
        }
        for (name, query) in [
            ("first trace", Query::Trace { sample: row(0), layer: 0 }),
            ("trace of another row", Query::Trace { sample: row(7), layer: 0 }),
            ("trace of another layer", Query::Trace { sample: row(7), layer: 20 }),
            ("layer 0", Query::Layer { layer: 0 }),
        ] {
            let start = Instant::now();
            engine.ask(Command::Inspect { query });
            println!("CNN paused {round}: {name} {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        }
        let start = Instant::now();
        engine.ask(Command::Advance { count: 1 });
        println!("CNN paused {round}: the step that follows {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}

/// CIFAR-10's files with few images of noise.
fn write_images(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut noise = 1_u32;
    let mut record = |class: u8| {
        let mut record = vec![class];
        record.extend((0..3072).map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        }));
        record
    };
    for name in (1..=5).map(|number| format!("data_batch_{number}.bin")).chain(["test_batch.bin".into()]) {
        let records: Vec<u8> = (0..100).flat_map(|image| record(image % 10)).collect();
        fs::write(folder.join(name), records).unwrap();
    }
    fs::write(folder.join("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n").unwrap();
}
