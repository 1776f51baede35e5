//! Runs of every kind are cut at random steps and resumed: their weights are those of the run that was never cut.
//!
//! `GRADTOP_CUTS=200 cargo test --lib runs::tests::cuts` tries two hundred.

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    dataset::{Augmentations, DataSpec, Source, Toy},
    nn::{LayerSpec, NetworkSpec},
    optim::{OptimizerSpec, Schedule},
    protocol::{BranchId, Command, CommandId, Event, Request},
    random::{Purpose, Stream, stream},
    runs::{
        OpenedRun, RecordSettings, Recorder, RunFacts, checkpoint::Retention, ledger::read_ledger, storage::DiskStorage,
    },
    train::{
        BatchSize, Delivery, HealthSettings, Outcome, Place, ResumedRun, RunSpec, RunStart, RunTree, SnapshotPlace,
        TrainSpec, Trainer, replay,
        worker::{WorkerHandle, spawn_from},
    },
};

/// Cuts that are tried if nobody says how many.
const USUAL_CUTS: u64 = 24;

/// Steps of each run.
pub(super) const STEPS: u64 = 40;

pub(super) fn pick<'a, T>(random: &mut Stream, of: &'a [T]) -> &'a T {
    &of[random.below(of.len() as u32) as usize]
}

/// Sides of the images in pixels.
const IMAGE_SIDES: [u32; 2] = [6, 7];

/// Grey images of noise in MNIST's format, 90 to train and 30 to test.
pub(super) fn write_images(folder: &Path) {
    let mut random = stream(7, Purpose::Data, 0);
    let header = |kind: u8, sides: &[u32]| {
        let sides = sides.iter().flat_map(|side| side.to_be_bytes());
        [0, 0, 8, kind].into_iter().chain(sides).collect::<Vec<u8>>()
    };
    for (part, count) in [("train", 90), ("t10k", 30)] {
        let labels: Vec<u8> = (0..count).map(|_| random.below(3) as u8).collect();
        // A class is as bright as its number.
        let mut pixels = |label: u8| (0..42).map(|_| random.below(150) as u8 + 50 * label).collect::<Vec<u8>>();
        let pixels: Vec<u8> = labels.iter().flat_map(|label| pixels(*label)).collect();
        let images = [header(3, &[count, IMAGE_SIDES[0], IMAGE_SIDES[1]]), pixels].concat();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), [header(1, &[count]), labels].concat()).unwrap();
    }
}

/// Data and layers of a random kind: a toy problem, or the images in the folder, perhaps augmented.
fn random_data_and_layers(random: &mut Stream, images: &Path) -> (DataSpec, Vec<LayerSpec>) {
    let for_toys: [&[&str]; 5] = [
        &["linear 6", "relu", "linear classes"],
        &["linear 6", "batchnorm", "relu", "dropout 0.3", "linear classes"],
        &["linear 6", "residual [linear 6, batchnorm, tanh]", "linear classes"],
        &["dropout 0.1", "linear 5", "gelu", "linear 4", "batchnorm", "linear classes"],
        &["linear classes"],
    ];
    let for_images: [&[&str]; 4] = [
        &["conv 3 3x3 pad 1", "batchnorm", "relu", "maxpool 2", "flatten", "linear classes"],
        &["conv 2 2x3", "gelu", "avgpool 2 stride 1", "flatten", "dropout 0.2", "linear classes"],
        &["residual [conv 4 3x3 stride 2 pad 1, batchnorm]", "leaky_relu 0.1", "global_avgpool", "linear classes"],
        &["linear 5", "relu", "linear classes"],
    ];
    let kinds = [Toy::Circles, Toy::Moons, Toy::Spirals];
    let is_toy = random.below(2) == 0;
    let (source, layers) = if is_toy {
        (Source::Toy(*pick(random, &kinds)), *pick(random, &for_toys))
    } else {
        (Source::Path(images.into()), *pick(random, &for_images))
    };
    let augment = Augmentations {
        flip: !is_toy && random.below(2) == 0,
        crop: if is_toy { 0 } else { *pick(random, &[0, 2]) },
        cutout: if is_toy { 0 } else { *pick(random, &[0, 3]) },
    };
    let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    (DataSpec { source, samples: 150, augment, ..DataSpec::default() }, layers)
}

/// A run of a random kind.
pub(super) fn random_run(random: &mut Stream, images: &Path) -> RunSpec {
    let (data, layers) = random_data_and_layers(random, images);
    let optimizers = [
        OptimizerSpec::SGD,
        OptimizerSpec::Sgd { momentum: 0.9, nesterov: true, weight_decay: 1e-3 },
        OptimizerSpec::ADAM,
        OptimizerSpec::ADAM_W,
        OptimizerSpec::RmsProp { alpha: 0.9, epsilon: 1e-8, momentum: 0.5, weight_decay: 0.0 },
    ];
    let schedules = ["constant", "cosine", "cosine warmup 5", "step 7 0.5", "one_cycle"];
    let optional = |chance: bool, value: f64| chance.then_some(value);
    let seed = u64::from(random.below(1000));
    RunSpec {
        name: "cut".into(),
        data,
        checked: None,
        train: TrainSpec {
            seed,
            epochs: 1,
            steps: Some(STEPS),
            stop_after: None,
            batch_size: BatchSize::Exactly(*pick(random, &[7, 16, 50])),
            evaluate_every: *pick(random, &[None, Some(6)]),
            patience: *pick(random, &[None, None, Some(2)]),
            probe_every: 5,
            threads: NonZeroUsize::MIN,
            network: NetworkSpec { layers, ..NetworkSpec::default() },
            optimizer: *pick(random, &optimizers),
            learning_rate: 0.02,
            clip_norm: optional(random.below(2) == 0, 0.5),
            ema: optional(random.below(2) == 0, 0.9),
            schedule: pick(random, &schedules).parse::<Schedule>().unwrap(),
            health: HealthSettings::default(),
        },
        throttle: None,
        timeline_bytes: 0,
        delivery: Delivery::Thin,
        stop_when_finished: false,
    }
}

/// What somebody does to the run, and at which steps.
fn random_script(random: &mut Stream) -> Vec<(u64, Command)> {
    let commands = [
        Command::Set { key: "optimizer.lr".into(), value: 0.005 },
        Command::Set { key: "optimizer.clip_norm".into(), value: 1.5 },
        Command::SetSchedule { schedule: "exponential 0.9 over 5".into() },
        Command::Extend { epochs: 1 },
        Command::Evaluate,
        Command::SkipMinibatch,
        Command::Save,
    ];
    let mut script: Vec<(u64, Command)> = (0..random.below(5))
        .map(|_| (u64::from(random.below(STEPS as u32)), pick(random, &commands).clone()))
        .collect();
    script.sort_by_key(|(step, _)| *step);
    script
}

/// A worker that is asked one thing after the other.
pub(super) struct Asked {
    worker: WorkerHandle,
    next: u64,
    /// Why the last request was refused, if it was.
    pub refused: Option<String>,
    /// Whether the run has ended by itself.
    finished: bool,
}

impl Asked {
    /// Starts a worker that trains nothing before it has the `first` request: it waits until somebody reads the history
    /// of its run, which is more than its channel holds.
    pub fn begin(spec: &RunSpec, mut start: RunStart, first: Command) -> Self {
        let resume = start.resume.get_or_insert_with(|| ResumedRun {
            snapshot: None,
            ledger: Vec::new(),
            begins_with_drawn_weights: true,
            history: Vec::new(),
            changes: Vec::new(),
            data_sha256: None,
        });
        resume.history = vec![Event::Thinned { total: 0 }; 10_000];
        let mut asked =
            Self { worker: spawn_from(spec.clone(), start).unwrap(), next: 0, refused: None, finished: false };
        asked.ask(first);
        asked
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, command: Command) {
        self.next += 1;
        let id = CommandId(self.next);
        // A run that had ended trains on.
        self.finished &= !matches!(command, Command::Extend { .. });
        self.worker.requests.send(Request { id, command }.into()).unwrap();
        self.read_until(
            |event| matches!(event, Event::Applied { id: of, .. } | Event::Rejected { id: of, .. } if *of == id),
        );
    }

    /// Asks and at once gives it up; whether it was done all the same.
    pub fn ask_and_cancel(&mut self, command: Command) -> bool {
        let [asked, cancel] = [1, 2].map(|more| CommandId(self.next + more));
        self.next += 2;
        self.worker.requests.send(Request { id: asked, command }.into()).unwrap();
        self.worker.requests.send(Request { id: cancel, command: Command::Cancel }.into()).unwrap();
        let (mut done, mut open) = (false, 2);
        while open > 0 {
            for event in self.worker.events.blocking_recv().unwrap() {
                if let Event::Applied { id, .. } | Event::Rejected { id, .. } = event
                    && [asked, cancel].contains(&id)
                {
                    open -= 1;
                    done |= id == asked && matches!(event, Event::Applied { .. });
                }
            }
        }
        done
    }

    fn read_until(&mut self, wanted: impl Fn(&Event) -> bool) {
        while let Some(events) = self.worker.events.blocking_recv() {
            self.finished |= events.iter().any(|event| matches!(event, Event::Finished(_)));
            self.refused = events.iter().find_map(|event| match event {
                Event::Rejected { reason, .. } => Some(reason.clone()),
                _ => None,
            });
            if events.iter().any(&wanted) {
                return;
            }
        }
    }

    /// Trains to the end if need be, stops, and gives what came of it.
    pub fn end(mut self, train_on: bool) -> Outcome {
        if train_on && !self.finished {
            self.next += 1;
            self.worker.requests.send(Request { id: CommandId(self.next), command: Command::Resume }.into()).unwrap();
            self.read_until(|event| matches!(event, Event::Finished(_)));
        }
        self.ask(Command::Stop);
        let WorkerHandle { task, requests, events } = self.worker;
        drop((requests, events));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(task.join())
    }
}

/// Runs `script` from step `from`, and trains to the end or stops at a step. `before_stop` is called at that step.
fn carry_out(
    spec: &RunSpec,
    start: RunStart,
    script: &[(u64, Command)],
    (from, stop_at): (u64, Option<u64>),
    before_stop: impl FnOnce(),
) -> Outcome {
    // A pause at the start, so that nothing is trained before the first command.
    let mut asked = Asked::begin(spec, start, Command::Pause);
    let mut step = from;
    let mut go_to = |asked: &mut Asked, to: u64| {
        if to > step {
            asked.ask(Command::Advance { count: to - step });
        }
        step = step.max(to);
    };
    for (at, command) in script {
        go_to(&mut asked, *at);
        asked.ask(command.clone());
    }
    if let Some(stop_at) = stop_at {
        go_to(&mut asked, stop_at);
    }
    before_stop();
    asked.end(stop_at.is_none())
}

fn settings(directory: &Path) -> RecordSettings {
    RecordSettings {
        directory: directory.into(),
        facts: RunFacts {
            name: "cut".into(),
            began: String::new(),
            program: String::new(),
            instructions: String::new(),
            platform: String::new(),
            data_sha256: String::new(),
            given_weights: false,
        },
        configuration: String::new(),
        save_interval: Duration::from_secs(1000),
        retention: Retention { last: 2, best: 1, every: None },
    }
}

pub(super) fn recorded(directory: &Path) -> RunStart {
    let record = Recorder::new(Arc::new(DiskStorage), settings(directory));
    RunStart { record: Some(Box::new(record)), ..RunStart::default() }
}

/// Goes on with a recorded run, and the step from which it does.
pub(super) fn resumed(run: &Path) -> (RunStart, u64) {
    let mut opened = OpenedRun::open(&DiskStorage, run).unwrap();
    assert_eq!(opened.notes, [""; 0]);
    let snapshot = opened.newest.take();
    let step = snapshot.as_ref().map_or(0, |(_, at)| at.place.step);
    let resume = ResumedRun {
        snapshot,
        ledger: opened.ledger.entries.clone(),
        begins_with_drawn_weights: true,
        history: Vec::new(),
        changes: Vec::new(),
        data_sha256: None,
    };
    let record = Recorder::going_on(Arc::new(DiskStorage), settings(run.parent().unwrap()), opened);
    (RunStart { record: Some(Box::new(record)), resume: Some(resume), ..RunStart::default() }, step)
}

/// Copies a folder as a crash would leave it: whatever was written is there.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(super) fn only_run(directory: &Path) -> PathBuf {
    fs::read_dir(directory).unwrap().next().unwrap().unwrap().path()
}

fn sha(outcome: &Outcome) -> &str {
    assert_eq!(outcome.failure, None);
    outcome.summary.as_ref().unwrap().weights_sha256.as_deref().unwrap()
}

/// One random run, uncut, cut by a stop and cut by a crash.
fn try_cut(seed: u64, images: &Path) {
    let mut random = stream(seed, Purpose::Data, 0);
    let spec = random_run(&mut random, images);
    let mut script = random_script(&mut random);
    if spec.train.patience.is_some() {
        // A run that was stopped early and is extended trains on at once, so that what is asked afterwards takes effect
        // at any step.
        let last = script.len().saturating_sub(1);
        let mut at = 0..;
        script.retain(|(_, command)| at.next() == Some(last) || !matches!(command, Command::Extend { .. }));
    }
    let cut = 1 + u64::from(random.below(STEPS as u32 - 1));
    let context = format!("seed {seed}, cut at {cut}: {spec:?} {script:?}");
    let whole = carry_out(&spec, RunStart::default(), &script, (0, None), || {});

    let place = TempDir::new().unwrap();
    let (first, rest): (Vec<_>, Vec<_>) = script.iter().cloned().partition(|(step, _)| *step <= cut);
    let crashed = place.path().join("crashed");
    let directory = place.path().join("runs");
    carry_out(&spec, recorded(&directory), &first, (0, Some(cut)), || {
        copy_folder(&only_run(&directory), &crashed.join("run"));
    });
    // The seed of the threads differs, the bits must not.
    let threads = NonZeroUsize::new(1 + (seed % 4) as usize).unwrap();
    let spec = RunSpec { train: TrainSpec { threads, ..spec.train.clone() }, ..spec };
    for run in [only_run(&directory), crashed.join("run")] {
        let (start, step) = resumed(&run);
        let end = carry_out(&spec, start, &rest, (step, None), || {});
        assert_eq!(sha(&end), sha(&whole), "from step {step} of {}: {context}", run.display());

        // Configuration, seed and ledger alone give it once more.
        let ledger = read_ledger(&DiskStorage, &run).unwrap();
        let data = crate::dataset::load(&spec.data, &mut |_, _| std::ops::ControlFlow::Continue(())).unwrap();
        let mut trainer = Trainer::new(&spec.train, Arc::new(data)).unwrap();
        let until = end.summary.as_ref().unwrap().step;
        let mut tree = RunTree::of_ledger(&ledger.entries).unwrap();
        tree.note_place(Place { branch: BranchId(0), step: until });
        let changes = tree.changes_after(&tree.path_to(tree.place()).unwrap(), SnapshotPlace::default());
        let replayed =
            replay(&mut trainer, spec.train.patience, changes, until, |_| std::ops::ControlFlow::Continue(()));
        assert_eq!(replayed.unwrap().as_deref(), Some(sha(&whole)), "replayed: {context}");
    }
}

#[test]
fn a_run_that_was_cut_ends_as_if_it_had_not_been() {
    let cuts = std::env::var("GRADTOP_CUTS").map_or(USUAL_CUTS, |cuts| cuts.parse().unwrap());
    let images = TempDir::new().unwrap();
    write_images(images.path());
    (0..cuts).for_each(|seed| try_cut(seed, images.path()));
}
