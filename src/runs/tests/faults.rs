//! Every call of the file system fails, is cut, or is the last before a loss of power: nothing that was acknowledged is
//! lost, and every failure is told.

use std::{num::NonZeroUsize, ops::ControlFlow, path::Path, sync::Arc};

use super::model::{Fault, ModelStorage};
use crate::{
    dataset::{self, DataSpec, Source, Toy},
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
    protocol::{BranchId, Change, Event, RunInfo, Setting, made_up},
    runs::{
        checkpoint::{CheckpointName, CheckpointState, Checkpoints, Retention},
        event_log::{EventLog, EventTags, event_files},
        ledger::{LedgerWriter, read_ledger},
        storage::{Storage, create_folders},
        tensorboard::LogReader,
    },
    train::{
        BatchSize, HealthSettings, Intervention, LedgerEntry, Snapshot, TrainSpec, Trainer, measured_metrics,
        snapshot_of,
    },
};

const RUN: &str = "/runs/a";

fn spec() -> TrainSpec {
    TrainSpec {
        seed: 1,
        epochs: 3,
        steps: None,
        stop_after: None,
        batch_size: BatchSize::Exactly(16),
        evaluate_every: None,
        patience: None,
        probe_every: 10,
        threads: NonZeroUsize::MIN,
        network: NetworkSpec {
            layers: ["linear 4", "relu", "linear classes"].map(|layer| layer.parse().unwrap()).into(),
            ..NetworkSpec::default()
        },
        optimizer: OptimizerSpec::ADAM,
        learning_rate: 1e-2,
        clip_norm: None,
        ema: None,
        schedule: Schedule::default(),
        health: HealthSettings::default(),
    }
}

/// Snapshots of a small run after some steps each.
fn snapshots(steps: &[u64]) -> Vec<Snapshot> {
    let data = DataSpec { source: Source::Toy(Toy::Circles), ..DataSpec::default() };
    let data = dataset::load(&data, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let mut trainer = Trainer::new(&spec(), Arc::new(data)).unwrap();
    let mut snapshot_at = |step: &u64| {
        while trainer.completed() < *step {
            trainer.step().unwrap();
        }
        snapshot_of(&mut trainer)
    };
    steps.iter().map(&mut snapshot_at).collect()
}

fn state_of(snapshot: &Snapshot) -> CheckpointState {
    CheckpointState::new(snapshot.state.clone(), 0)
}

fn save(storage: &ModelStorage, snapshot: &Snapshot) -> Result<CheckpointName, String> {
    let checkpoints = Checkpoints::of_run(storage, Path::new(RUN));
    checkpoints.save(snapshot, &state_of(snapshot)).map_err(|error| error.to_string())
}

/// The step of the newest checkpoint that is whole.
fn newest_step(storage: &ModelStorage) -> Option<u64> {
    let checkpoints = Checkpoints::of_run(storage, Path::new(RUN));
    let all = checkpoints.list().unwrap();
    all.into_iter().rev().find_map(|name| checkpoints.load(name).ok()).map(|(_, state)| state.training.trainer.step)
}

fn storage_with_run() -> ModelStorage {
    let storage = ModelStorage::default();
    create_folders(&storage, Path::new(RUN)).unwrap();
    storage.sync_folder(Path::new("/")).unwrap();
    storage
}

#[test]
fn a_save_that_fails_at_any_call_is_told_and_leaves_the_one_before_whole() {
    let snapshots = snapshots(&[5, 9, 12]);
    let calls = {
        let storage = storage_with_run();
        save(&storage, &snapshots[0]).unwrap();
        let before = storage.calls();
        save(&storage, &snapshots[1]).unwrap();
        storage.calls() - before
    };
    assert!(calls > 15, "{calls}");
    for fault in [Fault::Fail, Fault::Cut, Fault::PowerLoss] {
        for for_ever in [false, true] {
            for number in 1..=calls {
                let storage = storage_with_run();
                save(&storage, &snapshots[0]).unwrap();
                storage.inject(number, for_ever, fault);
                let saved = save(&storage, &snapshots[1]);
                if fault == Fault::PowerLoss {
                    storage.lose_power();
                } else {
                    storage.heal();
                }
                let newest = newest_step(&storage);
                let context = format!("{fault:?} at call {number} of {calls}, for ever: {for_ever}: {saved:?}");
                match saved {
                    Ok(_) => assert_eq!(newest, Some(9), "{context}"),
                    // The name may have been given already when the last sync failed.
                    Err(_) => assert!(newest == Some(5) || newest == Some(9), "{context}: {newest:?}"),
                }
                // Room again: the next save works, whatever the failed one left.
                save(&storage, &snapshots[2]).unwrap_or_else(|error| panic!("{context}: then {error}"));
                storage.lose_power();
                assert_eq!(newest_step(&storage), Some(12), "{context}");
            }
        }
    }
}

#[test]
fn a_checkpoint_that_is_cut_or_changed_anywhere_is_named_and_passed_over() {
    let snapshots = snapshots(&[5, 9]);
    let storage = storage_with_run();
    save(&storage, &snapshots[0]).unwrap();
    let newest = save(&storage, &snapshots[1]).unwrap();
    let checkpoints = Checkpoints::of_run(&storage, Path::new(RUN));
    let folder = checkpoints.path(newest);
    let whole = storage.clone();
    for path in storage.files().into_iter().filter(|path| path.starts_with(&folder)) {
        let bytes = whole.read(&path).unwrap();
        let try_damage = |damaged: Vec<u8>, what: &str| {
            storage.damage(&path, |bytes| *bytes = damaged);
            let error = checkpoints.load(newest).map(|_| ()).unwrap_err().to_string();
            assert!(
                error.contains(path.file_name().unwrap().to_str().unwrap())
                    || error.contains("SHA256SUMS")
                    || error.contains("damaged"),
                "{what}: {error}"
            );
            assert_eq!(newest_step(&storage), Some(5), "{what}");
        };
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 150) {
            try_damage(bytes[..length].to_vec(), &format!("{} cut at {length}", path.display()));
        }
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 150) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            try_damage(damaged, &format!("{} byte {at}", path.display()));
        }
        storage.damage(&path, |now| *now = bytes);
    }
    assert_eq!(newest_step(&storage), Some(9));
}

#[test]
fn a_checkpoint_at_the_same_step_is_kept_beside_the_one_before() {
    let snapshots = snapshots(&[5]);
    let storage = storage_with_run();
    let names = [(); 3].map(|()| save(&storage, &snapshots[0]).unwrap());
    assert_eq!(names.map(|name| (name.step, name.version)), [(5, 1), (5, 2), (5, 3)]);
    let checkpoints = Checkpoints::of_run(&storage, Path::new(RUN));
    checkpoints.remove_old(Retention { last: 1, best: 0, every: None }, &names, &[], &[]).unwrap();
    assert_eq!(checkpoints.list().unwrap(), [names[2]]);
}

#[test]
fn only_the_last_the_best_and_one_of_every_stretch_are_kept() {
    let snapshots = snapshots(&[1, 4, 5, 6, 9, 11, 14]);
    let storage = storage_with_run();
    let names: Vec<_> = snapshots.iter().map(|snapshot| save(&storage, snapshot).unwrap()).collect();
    let checkpoints = Checkpoints::of_run(&storage, Path::new(RUN));
    let (best, tips) = ([names[1], names[3]], [names[4]]);
    checkpoints.remove_old(Retention { last: 2, best: 1, every: Some(5) }, &names, &best, &tips).unwrap();
    let left: Vec<u64> = checkpoints.list().unwrap().iter().map(|name| name.step).collect();
    assert_eq!(left, [1, 4, 5, 9, 11, 14]);
}

fn entry(step: u64) -> LedgerEntry {
    let change = Change {
        key: "optimizer.lr".into(),
        from: Some(Setting::Number(0.1)),
        to: Setting::Number(0.1 / step as f64),
        by: None,
    };
    LedgerEntry { step, branch: BranchId(0), what: Intervention::Change(change) }
}

#[test]
fn an_entry_of_the_ledger_that_was_acknowledged_is_never_lost() {
    let run = Path::new(RUN);
    for fault in [Fault::Fail, Fault::Cut, Fault::PowerLoss] {
        for number in 1..=12 {
            let storage = storage_with_run();
            let mut ledger = LedgerWriter::create(&storage, run).unwrap();
            storage.sync_folder(run).unwrap();
            storage.inject(number, false, fault);
            let acknowledged: Vec<u64> = (1..=4).filter(|&step| ledger.write(&storage, &entry(step)).is_ok()).collect();
            if fault == Fault::PowerLoss {
                storage.lose_power();
            } else {
                storage.heal();
                // What failed was kept, and the next entry brought it along.
                ledger.write(&storage, &entry(5)).unwrap();
            }
            let read = read_ledger(&storage, run).unwrap();
            let steps: Vec<u64> = read.entries.iter().map(|entry| entry.step).collect();
            let context = format!("{fault:?} at call {number}: acknowledged {acknowledged:?}, there {steps:?}");
            assert!(acknowledged.iter().all(|step| steps.contains(step)), "{context}");
            if fault != Fault::PowerLoss {
                assert_eq!(steps, [1, 2, 3, 4, 5], "{context}");
            }
        }
    }
}

#[test]
fn an_event_file_that_fails_keeps_its_whole_records_and_another_goes_on() {
    let run = Path::new(RUN);
    let info = RunInfo { metrics: measured_metrics(), ..RunInfo::default() };
    let step = |step| Event::Step(made_up::report(step, 0.5, 0.25, 0.1));
    for fault in [Fault::Fail, Fault::Cut] {
        for number in 1..=8 {
            let storage = storage_with_run();
            storage.inject(number, false, fault);
            let (mut log, mut failures) = (None, 0);
            for at in 1..=6 {
                // As the recorder does: after a failure nothing more goes into that file.
                let logged = match log.take() {
                    Some(open) => Ok(open),
                    None => EventLog::create(&storage, run, EventTags::of(&info)),
                };
                let written =
                    logged.and_then(|mut open| open.record(&step(at)).and_then(|()| open.finish()).map(|()| open));
                failures += u64::from(written.is_err());
                log = written.ok();
            }
            storage.heal();
            let mut steps = Vec::new();
            for path in event_files(&storage, run).unwrap() {
                let bytes = storage.read(&path).unwrap();
                let mut reader = LogReader::new(bytes.as_slice());
                while let Some(event) = reader.next_event().unwrap() {
                    steps.extend((!event.values.is_empty()).then_some(event.step));
                }
            }
            assert!(failures == 1 && steps.len() == 5, "{fault:?} at call {number}: {failures} failures, {steps:?}");
        }
    }
}

#[test]
fn a_ledger_that_is_cut_anywhere_keeps_its_whole_lines_and_goes_on() {
    let run = Path::new(RUN);
    let storage = storage_with_run();
    let mut ledger = LedgerWriter::create(&storage, run).unwrap();
    (1..=3).for_each(|step| ledger.write(&storage, &entry(step)).unwrap());
    let path = run.join("ledger.jsonl");
    let bytes = storage.read(&path).unwrap();
    for length in 0..=bytes.len() {
        storage.damage(&path, |now| *now = bytes[..length].to_vec());
        let read = read_ledger(&storage, run).unwrap();
        let whole = bytes[..length].split(|&byte| byte == b'\n').count() - 1;
        assert_eq!((read.entries.len(), read.torn as u64), (whole, length as u64 - read.length));
        let mut ledger = LedgerWriter::append(&storage, run, &read).unwrap();
        ledger.write(&storage, &entry(9)).unwrap();
        let again = read_ledger(&storage, run).unwrap();
        assert_eq!((again.entries.len(), again.torn, again.entries.last().unwrap().step), (whole + 1, 0, 9));
    }
    storage.damage(&path, |now| now.splice(0..1, *b"?").for_each(drop));
    let error = read_ledger(&storage, run).unwrap_err().to_string();
    assert!(error.contains("ledger.jsonl:1: no entry of a ledger"), "{error}");
}
