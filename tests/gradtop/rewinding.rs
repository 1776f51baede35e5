//! Going back, and the branches that begin there, as the protocol shows them.

use gradtop::{
    protocol::{
        BranchId, BranchName, Branching, Change, ChangedBy, Command, Event, LEARNING_RATE, Rewound, RunState, Setting,
        StepReport,
    },
    train::RunSpec,
};

use crate::engine::{Engine, small_run};

/// A paused run that can go back, after 30 steps.
fn begun() -> Engine {
    let mut engine = Engine::start(RunSpec { timeline_bytes: 64 << 20, ..small_run() });
    let paused = engine.asked(Command::Pause).unwrap();
    assert!(paused < 30, "{paused}");
    engine.asked(Command::Advance { count: 30 - paused }).unwrap();
    engine
}

#[test]
fn before_an_early_stop_the_run_has_its_whole_length_again() {
    let mut spec = RunSpec { timeline_bytes: 64 << 20, ..small_run() };
    // It hardly improves, and so stops at the second evaluation or the third.
    (spec.train.learning_rate, spec.train.patience, spec.train.evaluate_every) = (1e-30, Some(1), Some(5));
    let mut engine = Engine::start(spec);
    let ended = engine.finished().step;
    assert!((10..=15).contains(&ended), "{ended}");
    engine.asked(rewind(3, None)).unwrap();
    engine.asked(Command::Set { key: LEARNING_RATE.into(), value: 1e-3 }).unwrap();
    let controls = engine.heard.iter().rev().find_map(|event| match event {
        Event::Controls(controls) => controls.total_steps,
        _ => None,
    });
    assert_eq!(controls, Some(60));
    assert_eq!(engine.asked(Command::Advance { count: 30 }), Ok(33), "it improves now");
    engine.stop();
}

fn rewind(step: u64, branch: Option<u64>) -> Command {
    Command::Rewind { step, branch: branch.map(BranchId) }
}

fn half_rate() -> Command {
    Command::Set { key: LEARNING_RATE.into(), value: 5e-4 }
}

/// What the engine said from there on, in words; reports of minibatches as ranges of steps.
fn course(heard: &[Event]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut steps: Option<(u64, u64)> = None;
    let end = |steps: &mut Option<(u64, u64)>, told: &mut Vec<String>| {
        told.extend(steps.take().map(|(first, last)| format!("steps {first} to {last}")));
    };
    for event in heard {
        if let Event::Step(StepReport { step, .. }) = event {
            steps = Some((steps.map_or(*step, |(first, _)| first), *step));
            continue;
        }
        let text = match event {
            Event::Rewound(Rewound { branch, step }) => format!("rewound to {step} of {}", branch.0),
            Event::Branched(Branching { branch, parent, at, change }) => {
                let change = change.as_ref().map(|change| format!(": {change}")).unwrap_or_default();
                format!("{} leaves {} at {at}{change}", branch.0, parent.0)
            }
            Event::Changed { step, change } => format!("{change} at {step}"),
            Event::State(change) if change.state == RunState::Paused => format!("paused at {}", change.step),
            Event::BranchRenamed(BranchName { branch, name }) => format!("{} is {name:?}", branch.0),
            Event::BranchDeleted { branch } => format!("{} is gone", branch.0),
            _ => continue,
        };
        end(&mut steps, &mut told);
        told.push(text);
    }
    end(&mut steps, &mut told);
    told
}

#[test]
fn a_run_goes_back_and_on_as_a_branch_and_over_to_the_other_again() {
    let mut engine = begun();
    let from = engine.heard.len();
    assert_eq!(engine.asked(rewind(12, None)), Ok(12));
    // Nothing has begun yet, and where it stands is no news.
    assert_eq!(engine.asked(rewind(12, None)), Ok(12));
    engine.asked(half_rate()).unwrap();
    engine.asked(Command::Advance { count: 4 }).unwrap();
    engine.asked(rewind(30, Some(0))).unwrap();
    engine.asked(Command::Advance { count: 2 }).unwrap();
    engine.asked(rewind(32, Some(0))).unwrap();
    engine.asked(rewind(14, Some(1))).unwrap();
    engine.asked(Command::Advance { count: 1 }).unwrap();
    let told = course(&engine.heard[from..]);
    assert_eq!(
        told,
        [
            "rewound to 12 of 0",
            "paused at 12",
            "rewound to 12 of 0",
            "paused at 12",
            "1 leaves 0 at 12: lr 0.001 → 5e-4",
            "lr 0.001 → 5e-4 at 12",
            "steps 13 to 16",
            "paused at 16",
            "rewound to 30 of 0",
            "paused at 30",
            "steps 31 to 32",
            "paused at 32",
            "rewound to 32 of 0",
            "paused at 32",
            "rewound to 14 of 1",
            "paused at 14",
            "2 leaves 1 at 14",
            "steps 15 to 15",
            "paused at 15",
        ]
    );
    engine.stop();
}

#[test]
fn a_way_that_was_gone_again_measures_the_same() {
    let mut engine = begun();
    let measured = |heard: &[Event]| -> Vec<StepReport> {
        let reports =
            heard.iter().filter_map(|event| if let Event::Step(report) = event { Some(report) } else { None });
        // What was trained a second is another matter.
        reports.map(|report| StepReport { samples_per_second: None, ..report.clone() }).collect()
    };
    let before = measured(&engine.heard);
    engine.asked(rewind(7, None)).unwrap();
    let from = engine.heard.len();
    engine.asked(Command::Advance { count: 23 }).unwrap();
    let again = measured(&engine.heard[from..]);
    let same_layers = |report: &StepReport| StepReport { layers: Vec::new(), ..report.clone() };
    assert_eq!(
        again.iter().map(same_layers).collect::<Vec<_>>(),
        before[7..].iter().map(same_layers).collect::<Vec<_>>()
    );
    engine.stop();
}

#[test]
fn what_is_not_there_is_refused_and_nothing_has_changed() {
    let mut engine = begun();
    assert_eq!(engine.asked(rewind(31, None)).unwrap_err(), "branch 0 has no step 31; its newest is 30");
    assert_eq!(engine.asked(rewind(1, Some(4))).unwrap_err(), "there is no branch 4");
    let here = "the run stands on branch 0 or comes from it; go over to another one first";
    assert_eq!(engine.asked(Command::DeleteBranch { branch: BranchId(0) }).unwrap_err(), here);
    let long = BranchName { branch: BranchId(0), name: "x".repeat(61) };
    assert_eq!(
        engine.asked(Command::RenameBranch(long)).unwrap_err(),
        "a name of 61 characters is too long; valid: at most 60"
    );
    let from = engine.heard.len();
    assert_eq!(engine.asked(Command::Advance { count: 1 }), Ok(31));
    assert_eq!(course(&engine.heard[from..]), ["steps 31 to 31", "paused at 31"]);
    engine.stop();
}

#[test]
fn branches_have_names_and_can_be_forgotten() {
    let mut engine = begun();
    engine.asked(rewind(10, None)).unwrap();
    engine.asked(Command::Advance { count: 5 }).unwrap();
    let from = engine.heard.len();
    let name = BranchName { branch: BranchId(1), name: "again".into() };
    engine.asked(Command::RenameBranch(name)).unwrap();
    engine.asked(rewind(30, Some(0))).unwrap();
    engine.asked(Command::DeleteBranch { branch: BranchId(1) }).unwrap();
    assert_eq!(engine.asked(rewind(12, Some(1))).unwrap_err(), "there is no branch 1");
    assert_eq!(course(&engine.heard[from..]), ["1 is \"again\"", "rewound to 30 of 0", "paused at 30", "1 is gone"]);
    // A number is never used again.
    engine.asked(rewind(10, None)).unwrap();
    engine.asked(Command::Advance { count: 1 }).unwrap();
    assert_eq!(course(&engine.heard).iter().filter(|text| *text == "2 leaves 0 at 10").count(), 1);
    engine.stop();
}

#[test]
fn a_rewind_that_is_given_up_leaves_the_run_where_it_was() {
    // Without snapshots it trains from the beginning.
    let mut engine = Engine::start(RunSpec { timeline_bytes: 0, ..small_run() });
    engine.finished();
    let mut cancelled = false;
    for _ in 0..20 {
        let (asked, cancel) = (engine.ask(rewind(59, None)), engine.ask(Command::Cancel));
        let (gone, _) = (engine.answer(asked), engine.answer(cancel).unwrap());
        if let Err(reason) = gone {
            assert_eq!(reason, "given up; the run stands at step 60");
            cancelled = true;
            break;
        }
        engine.asked(rewind(60, None)).unwrap();
    }
    assert!(cancelled);
    assert_eq!(engine.asked(rewind(60, None)), Ok(60));
    engine.asked(Command::Extend { epochs: 1 }).unwrap();
    let from = engine.heard.len();
    engine.asked(Command::Advance { count: 1 }).unwrap();
    assert_eq!(course(&engine.heard[from..]), ["steps 61 to 61", "paused at 61"]);
    engine.stop();
}

#[test]
fn a_finished_run_goes_back_and_ends_on_the_same_bits() {
    let mut engine = begun();
    engine.asked(Command::Resume).unwrap();
    let first = engine.finished();
    engine.asked(rewind(25, None)).unwrap();
    let from = engine.heard.len();
    engine.asked(Command::Resume).unwrap();
    let second = engine.finished();
    assert_eq!((second.step, &second.weights_sha256), (60, &first.weights_sha256));
    assert_eq!(second.values, first.values);
    assert_eq!(course(&engine.heard[from..]), ["1 leaves 0 at 25", "steps 26 to 60"]);
    // A rate that was changed at the step itself was changed after it.
    engine.asked(rewind(25, Some(1))).unwrap();
    engine.asked(half_rate()).unwrap();
    engine.asked(Command::Resume).unwrap();
    assert_ne!(engine.finished().weights_sha256, first.weights_sha256);
    let change = Change {
        key: LEARNING_RATE.into(),
        from: Some(Setting::Number(1e-3)),
        to: Setting::Number(5e-4),
        by: Some(ChangedBy::Viewer),
    };
    let begins = Branching { branch: BranchId(2), parent: BranchId(0), at: 25, change: Some(change) };
    assert!(engine.heard.contains(&Event::Branched(begins)));
    engine.stop();
}
