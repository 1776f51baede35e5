//! Runs that go back, branch, change, go over to other branches, stop, crash and are resumed at random: the weights at every step of every
//! branch are those of a run that went there directly.
//!
//! `GRADTOP_HISTORIES=200 cargo test --lib runs::tests::histories` tries two hundred.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::cuts::{Asked, STEPS, copy_folder, only_run, pick, random_run, recorded, resumed, write_images};
use crate::{
    dataset::{self, Dataset},
    protocol::{BranchId, Change, Command, LEARNING_RATE, Setting, change::SCHEDULE},
    random::{Purpose, Stream, stream},
    runs::{OpenedRun, newest_state, storage::DiskStorage},
    train::{PLANNED_STEPS, RunSpec, RunStart, Trainer, replay},
};

/// Histories that are tried if nobody says how many.
const USUAL_HISTORIES: u64 = 16;

/// What is done in each, at most.
const DEEDS: u32 = 24;

/// A branch as a direct run would be told of it: all that was changed on the way to it, and its newest step.
#[derive(Clone, Debug, Default)]
struct DirectRun {
    changes: Vec<(u64, Change)>,
    tip: u64,
}

/// What should be true of a run, kept without the engine's own books.
struct Expectation {
    branches: Vec<DirectRun>,
    branch: usize,
    step: u64,
    /// Whether the run stands before the newest step of its branch.
    behind: bool,
    steps_per_epoch: u64,
}

impl Expectation {
    /// The way to where the run stands.
    fn changes_here(&self) -> Vec<(u64, Change)> {
        let all = &self.branches[self.branch].changes;
        all.iter().filter(|(at, _)| !self.behind || *at < self.step).cloned().collect()
    }

    /// What happens on a branch, on a new one if the run went back.
    fn branch_here(&mut self) -> &mut DirectRun {
        if self.behind {
            self.branches.push(DirectRun { changes: self.changes_here(), tip: self.step });
            (self.branch, self.behind) = (self.branches.len() - 1, false);
        }
        &mut self.branches[self.branch]
    }

    fn planned(&self) -> u64 {
        let extended = |(_, change): &(u64, Change)| match change.to {
            Setting::Count(steps) if change.key == PLANNED_STEPS => Some(steps),
            _ => None,
        };
        self.changes_here().iter().filter_map(extended).next_back().unwrap_or(STEPS)
    }

    fn go_to(&mut self, branch: usize, step: u64) {
        (self.branch, self.step) = (branch, step);
        self.behind = step < self.branches[branch].tip;
    }
}

/// A run with what should be true of it.
struct History {
    spec: RunSpec,
    data: Arc<Dataset>,
    place: TempDir,
    run: PathBuf,
    asked: Option<Asked>,
    expected: Expectation,
    /// Weights of direct runs, by their changes and steps.
    direct: HashMap<String, String>,
    told: Vec<String>,
}

impl History {
    fn begin(random: &mut Stream, images: &Path) -> Self {
        let mut spec = random_run(random, images);
        spec.train.patience = None;
        spec.timeline_bytes = *pick(random, &[0, 60_000, 1 << 20]);
        let place = TempDir::new().unwrap();
        let directory = place.path().join("runs");
        let data = Arc::new(dataset::load(&spec.data, &mut |_, _| ControlFlow::Continue(())).unwrap());
        let steps_per_epoch = Trainer::new(&spec.train, Arc::clone(&data)).unwrap().steps_per_epoch();
        let asked = Asked::begin(&spec, recorded(&directory), Command::Pause);
        let expected =
            Expectation { branches: vec![DirectRun::default()], branch: 0, step: 0, behind: false, steps_per_epoch };
        let run = only_run(&directory);
        Self { spec, data, place, run, asked: Some(asked), expected, direct: HashMap::new(), told: Vec::new() }
    }

    fn ask(&mut self, command: Command) {
        let asked = self.asked.as_mut().unwrap();
        let text = format!("{command:?}");
        asked.ask(command);
        assert_eq!(asked.refused, None, "{text} after {:#?}", self.told);
        self.told.push(text);
    }

    /// Does something to the run, and to what is expected of it.
    fn act(&mut self, random: &mut Stream) {
        let kind = random.below(12);
        match kind {
            0..=3 => self.train(1 + u64::from(random.below(9))),
            4..=5 => self.change(random),
            6..=8 => {
                let branch = random.below(self.expected.branches.len() as u32) as usize;
                let tip = self.expected.branches[branch].tip;
                // Its newest step as often as all others.
                let step = if random.below(2) == 0 { tip } else { u64::from(random.below(tip as u32 + 1)) };
                let rewind = Command::Rewind { step, branch: Some(BranchId(branch as u64)) };
                if random.below(3) > 0 {
                    self.ask(rewind);
                    self.expected.go_to(branch, step);
                    return;
                }
                self.told.push(format!("{rewind:?}, given up"));
                if self.asked.as_mut().unwrap().ask_and_cancel(rewind) {
                    self.expected.go_to(branch, step);
                }
            }
            9 => self.ask(Command::Evaluate),
            10 => self.resume(random, false),
            _ => self.resume(random, true),
        }
    }

    fn train(&mut self, count: u64) {
        let count = count.min(self.expected.planned().saturating_sub(self.expected.step));
        if count > 0 {
            self.ask(Command::Advance { count });
            let step = self.expected.step + count;
            let branch = self.expected.branch_here();
            branch.tip = branch.tip.max(step);
            self.expected.step = step;
        }
    }

    fn change(&mut self, random: &mut Stream) {
        let value = f64::from(random.below(1000) + 1) * 1e-4;
        let (command, key, to) = match random.below(4) {
            // A finished run that is extended trains on at once.
            0 if self.expected.step < self.expected.planned() => {
                let planned = self.expected.planned() + self.expected.steps_per_epoch;
                (Command::Extend { epochs: 1 }, PLANNED_STEPS, Setting::Count(planned))
            }
            1 => {
                let schedule = format!("exponential 0.9 over {}", 2 + random.below(500));
                (Command::SetSchedule { schedule: schedule.clone() }, SCHEDULE, Setting::Text(schedule))
            }
            _ => (Command::Set { key: LEARNING_RATE.into(), value }, LEARNING_RATE, Setting::Number(value)),
        };
        self.ask(command);
        let step = self.expected.step;
        self.expected.branch_here().changes.push((step, Change { key: key.into(), from: None, to, by: None }));
    }

    /// Stops, or crashes: then what is on the disk goes on, perhaps with less than the engine knew.
    fn resume(&mut self, random: &mut Stream, crash: bool) {
        self.told.push(if crash { "crash".into() } else { "stop".into() });
        if crash && random.below(2) == 0 {
            self.ask(Command::Save);
        }
        let copy = self.place.path().join(format!("copies{}", self.told.len())).join("run");
        copy_folder(&self.run, &copy);
        self.asked.take().unwrap().end(false);
        if crash {
            self.run = copy;
        }
        let opened = OpenedRun::open(&DiskStorage, &self.run).unwrap();
        // What a crash cut off was on the newest branch.
        let newest = opened.tree.place().branch.0 as usize;
        let tip = opened.tree.tip(opened.tree.place().branch).unwrap();
        drop(opened);
        let (start, step): (RunStart, u64) = resumed(&self.run);
        self.asked = Some(Asked::begin(&self.spec, start, Command::Pause));
        if self.expected.behind {
            return;
        }
        self.told.push(format!("goes on from step {step} of branch {newest}, whose newest is {tip}"));
        // It is asked at once to come to its newest step, which a pause has kept it from.
        self.ask(Command::Save);
        let state = newest_state(&DiskStorage, &self.run).unwrap().training;
        assert_eq!(state.branch.0 as usize, newest, "{:#?}", self.told);
        self.expected.branches[newest].tip = tip;
        let step = state.trainer.step;
        self.expected.branch = newest;
        self.expected.step = step;
        self.expected.behind = false;
        if step < tip {
            self.ask(Command::Advance { count: tip - step });
            self.expected.step = tip;
        }
    }

    /// The weights are those of a run that went there directly.
    fn check(&mut self) {
        self.ask(Command::Save);
        let state = newest_state(&DiskStorage, &self.run).unwrap().training;
        let step = self.expected.step;
        assert_eq!(state.trainer.step, step, "{:#?}", self.told);
        let changes = self.expected.changes_here();
        let (train, data) = (&self.spec.train, &self.data);
        let direct = self.direct.entry(format!("{step} {changes:?}")).or_insert_with(|| {
            let mut trainer = Trainer::new(train, Arc::clone(data)).unwrap();
            replay(&mut trainer, None, changes, step, |_| ControlFlow::Continue(())).unwrap().unwrap()
        });
        assert_eq!(state.trainer.weights_sha256, *direct, "step {step}: {:#?} of {:?}", self.told, self.spec);
    }
}

#[test]
fn the_weights_are_those_of_a_run_that_went_there_directly() {
    let histories = std::env::var("GRADTOP_HISTORIES").map_or(USUAL_HISTORIES, |count| count.parse().unwrap());
    let images = TempDir::new().unwrap();
    write_images(images.path());
    for seed in 0..histories {
        let mut random = stream(seed, Purpose::Data, 1);
        let mut history = History::begin(&mut random, images.path());
        for _ in 0..DEEDS {
            history.act(&mut random);
            if random.below(3) == 0 {
                history.check();
            }
        }
        // Every branch, at its newest step and at another one.
        for branch in 0..history.expected.branches.len() {
            let tip = history.expected.branches[branch].tip;
            for step in [tip, u64::from(random.below(tip as u32 + 1))] {
                history.ask(Command::Rewind { step, branch: Some(BranchId(branch as u64)) });
                history.expected.go_to(branch, step);
                history.check();
            }
        }
        history.asked.take().unwrap().end(false);
    }
}
