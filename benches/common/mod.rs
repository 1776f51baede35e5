//! An engine that a benchmark drives.

use std::{fs, path::Path, thread, time::Duration};

use gradtop::{
    config::Config,
    protocol::{Command, CommandId, Event, Request},
    train::{
        BatchSize, Delivery, HealthSettings, RunSpec, TrainSpec,
        worker::{WorkerHandle, spawn},
    },
};

/// The run of a configuration, with snapshots of so many bytes.
fn spec(config: &Config, timeline_bytes: usize) -> RunSpec {
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
            health: HealthSettings::default(),
        },
        throttle: None,
        timeline_bytes,
        delivery: Delivery::Thin,
        checked: None,
        stop_when_finished: false,
    }
}

/// An engine, and what it was asked.
pub struct Engine {
    handle: WorkerHandle,
    next: u64,
    /// Answers to queries so far.
    pub inspections: usize,
}

impl Engine {
    pub fn start(config: &Config, timeline_bytes: usize) -> Self {
        Self { handle: spawn(spec(config, timeline_bytes)).unwrap(), next: 0, inspections: 0 }
    }

    /// Reads until an event is wanted, and gives what that is.
    pub fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
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
    pub fn ask(&mut self, command: Command) -> u64 {
        let id = CommandId(self.next);
        self.next += 1;
        self.handle.requests.send(Request { id, command }.into()).unwrap();
        self.until(|event| match event {
            Event::Applied { id: answered, step } if *answered == id => Some(*step),
            Event::Rejected { id: answered, reason } if *answered == id => panic!("{reason}"),
            _ => None,
        })
    }

    /// Minibatches completed after at least so long.
    pub fn step_after(&mut self, window: Duration) -> u64 {
        let start = std::time::Instant::now();
        self.until(|event| match event {
            Event::Step(report) if start.elapsed() >= window => Some(report.step),
            _ => None,
        })
    }

    /// Ends the run.
    pub fn stop(mut self) {
        self.handle.requests.send(Request { id: CommandId(self.next), command: Command::Stop }.into()).unwrap();
        self.until(|event| matches!(event, Event::Stopped { .. }).then_some(()));
    }
}

/// CIFAR-10's files with few images of noise.
pub fn write_images(folder: &Path) {
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
