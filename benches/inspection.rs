//! What looking inside costs: training throughput with watched queries, paired with training throughput without; and
//! how long an answer takes while paused.
//!
//! ```text
//! cargo bench --bench inspection            five pairs
//! cargo bench --bench inspection -- 9       nine
//! ```
//!
//! What is watched is what the screens ask for: the layer and the trace on the default network, boundary and units on
//! the spirals, both at full speed; the exercise's CNN, on images of noise, for the answers. Only the ratio of
//! neighbouring runs counts on a machine that others use.
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
        RunSpec, TrainSpec,
        worker::{WorkerHandle, spawn},
    },
};

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let (hardest, layer) = (SampleChoice::Hardest, 2);
    let default = Config::load(None, None, &["run.epochs=40".into()]).unwrap();
    cost("default network", &default, pairs, &[Query::Layer { layer }, Query::Trace { sample: hardest, layer }]);
    let spirals = Config::load(Some(Preset::find("spirals").unwrap()), None, &["run.epochs=1500".into()]).unwrap();
    let plane = [Query::Boundary { columns: 60, rows: 40 }, Query::Units { layer: 3, columns: 16, rows: 8 }];
    cost("spirals", &spirals, pairs, &plane);
    let folder = std::env::temp_dir().join(format!("gradtop-inspection-{}", std::process::id()));
    write_images(&folder);
    let source = format!("data.source={}", folder.display());
    let cnn = Config::load(Some(Preset::find("cnn").unwrap()), None, &[source, "run.evaluate_every=100000".into()]);
    let mut cnn = cnn.unwrap();
    answers(&cnn);
    cnn.run.steps = 60;
    cost("CNN", &cnn, pairs.min(3), &[Query::Layer { layer: 0 }, Query::Trace { sample: hardest, layer: 0 }]);
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
            steps: (run.steps > 0).then_some(run.steps),
            batch_size: run.batch_size,
            evaluate_every: (run.evaluate_every > 0).then_some(run.evaluate_every),
            probe_every: run.probe_every,
            threads: thread::available_parallelism().unwrap(),
            network: config.model.clone(),
            optimizer: config.optimizer.spec(),
            learning_rate: config.optimizer.lr,
            clip_norm: None,
            ema: None,
            schedule: config.schedule,
        },
        throttle: None,
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

    fn ask(&mut self, command: Command) {
        let id = CommandId(self.next);
        self.next += 1;
        self.handle.requests.send(Request { id, command }).unwrap();
        self.until(|event| match event {
            Event::Applied { id: answered, .. } if *answered == id => Some(()),
            Event::Rejected { id: answered, reason } if *answered == id => panic!("{reason}"),
            _ => None,
        });
    }
}

/// Steps a second of a whole run, and how many answers came.
fn rate(config: &Config, queries: &[Query]) -> (f64, usize) {
    let mut engine = Engine::start(config);
    engine.ask(Command::Watch { queries: queries.to_vec() });
    let summary = engine.until(|event| if let Event::Finished(summary) = event { Some(summary.clone()) } else { None });
    (summary.steps_per_second(), engine.inspections)
}

fn cost(name: &str, config: &Config, pairs: usize, queries: &[Query]) {
    let mut ratios = Vec::new();
    for pair in 1..=pairs {
        let ((plain, _), (watched, answers)) = (rate(config, &[]), rate(config, queries));
        ratios.push(watched / plain);
        println!(
            "{name} {pair}: {plain:.1} steps/s, watched {watched:.1} with {answers} answers, ratio {:.3}",
            watched / plain
        );
    }
    ratios.sort_by(f64::total_cmp);
    let (least, median, most) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    println!("{name}: ratio min {least:.3} median {median:.3} max {most:.3}");
}

/// How long answers take while paused.
fn answers(config: &Config) {
    let mut engine = Engine::start(config);
    engine.until(|event| if let Event::Step(report) = event { (report.step >= 3).then_some(()) } else { None });
    engine.ask(Command::Pause);
    let row = |row| SampleChoice::Row { row };
    for round in 1..=3 {
        if round > 1 {
            // As long as nobody is quicker than to press two keys.
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
