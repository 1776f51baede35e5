use super::*;
use crate::{
    protocol::{BranchId, Change, Setting},
    tensors::{Precision, Writer},
    train::{Intervention, LedgerEntry, Snapshot, TrainingState},
};

fn place(branch: u64, step: u64) -> Place {
    Place { branch: BranchId(branch), step }
}

fn entry(at: Place, what: Intervention) -> LedgerEntry {
    LedgerEntry { step: at.step, branch: at.branch, what }
}

fn change(value: f64) -> Change {
    Change { key: "optimizer.lr".into(), from: None, to: Setting::Number(value), by: None }
}

fn changed(at: Place, value: f64) -> LedgerEntry {
    entry(at, Intervention::Change(change(value)))
}

fn rewound(from: Place, to: Place) -> LedgerEntry {
    entry(from, Intervention::Rewound { to_branch: to.branch, to_step: to.step })
}

fn branched(branch: u64, parent: Place, changes: Option<usize>) -> LedgerEntry {
    let what = Intervention::Branched { parent: parent.branch, changes };
    entry(place(branch, parent.step), what)
}

/// Trained to 100 with a change at 40; back to 40, another change and on to 60; back to 50 on that branch, and on to 70.
fn forked() -> RunTree {
    RunTree::of_ledger(&[
        changed(place(0, 40), 1.0),
        rewound(place(0, 100), place(0, 40)),
        branched(1, place(0, 40), Some(0)),
        changed(place(1, 40), 2.0),
        rewound(place(1, 60), place(1, 50)),
        branched(2, place(1, 50), Some(1)),
        changed(place(2, 70), 3.0),
    ])
    .unwrap()
}

/// The values that were set on the way to a place.
fn values(tree: &RunTree, to: Place) -> Vec<f64> {
    let path = tree.path_to(to).unwrap();
    let changes = tree.changes_after(&path, SnapshotPlace::default());
    changes.into_iter().filter_map(|(_, change)| change.to.number()).collect()
}

#[test]
fn a_place_is_before_what_was_changed_there_but_at_the_newest_step_after_it() {
    let tree = forked();
    assert_eq!((tree.place(), tree.is_behind(), tree.next_branch()), (place(2, 70), false, BranchId(3)));
    let expected: [(Place, &[f64]); 9] = [
        (place(0, 100), &[1.0]),
        (place(0, 41), &[1.0]),
        (place(0, 40), &[]),
        (place(1, 60), &[2.0]),
        (place(1, 41), &[2.0]),
        // It has no step of its own there.
        (place(1, 40), &[]),
        (place(2, 50), &[2.0]),
        (place(2, 69), &[2.0]),
        (place(2, 70), &[2.0, 3.0]),
    ];
    for (at, set) in expected {
        assert_eq!(values(&tree, at), set, "{at:?}");
    }
    assert_eq!(tree.path_to(place(2, 30)).unwrap().end(), place(0, 30));
    assert_eq!(tree.path_to(place(1, 61)).unwrap_err(), "branch 1 has no step 61; its newest is 60");
    assert_eq!(tree.path_to(place(7, 1)).unwrap_err(), "there is no branch 7");
}

#[test]
fn a_snapshot_lies_on_the_paths_that_lead_through_it_as_it_was() {
    let tree = forked();
    let lies = |branch: u64, step: u64, changes: usize, to: Place| {
        tree.path_to(to).unwrap().contains(SnapshotPlace { place: place(branch, step), changes })
    };
    assert!(lies(0, 40, 0, place(2, 70)) && lies(0, 40, 1, place(0, 100)));
    // The change that it has was made on another way.
    assert!(!lies(0, 40, 1, place(2, 70)));
    assert!(!lies(0, 41, 0, place(2, 70)) && !lies(1, 51, 1, place(2, 70)) && lies(1, 51, 1, place(1, 60)));
    let path = tree.path_to(place(2, 70)).unwrap();
    let after = |branch, step, changes| {
        let at = SnapshotPlace { place: place(branch, step), changes };
        tree.changes_after(&path, at).into_iter().map(|(step, _)| step).collect::<Vec<_>>()
    };
    assert_eq!([after(0, 40, 0), after(1, 45, 1), after(2, 70, 1)], [vec![40, 70], vec![70], vec![]]);
}

#[test]
fn branches_that_the_run_comes_from_stay() {
    let mut tree = forked();
    for branch in 0..3 {
        tree.take(&entry(place(branch, 0), Intervention::Deleted {})).unwrap_err();
    }
    tree.take(&rewound(place(2, 70), place(0, 90))).unwrap();
    assert!(tree.is_behind());
    // The one that comes from it goes with it.
    tree.take(&entry(place(1, 0), Intervention::Deleted {})).unwrap();
    assert_eq!((tree.branch_count(), tree.next_branch()), (1, BranchId(3)));
    tree.path_to(place(2, 60)).unwrap_err();
}

#[test]
fn entries_that_do_not_fit_are_refused() {
    let refused = |entries: &[LedgerEntry]| RunTree::of_ledger(entries).unwrap_err();
    assert_eq!(refused(&[changed(place(3, 1), 1.0)]), "entry 1 of the ledger: there is no branch 3");
    let twice = [branched(1, place(0, 5), None), branched(1, place(0, 6), None)];
    assert_eq!(refused(&twice), "entry 2 of the ledger: branch 1 begins twice");
    refused(&[rewound(place(0, 5), place(9, 1))]);
}

fn snapshot(values: usize) -> Snapshot {
    let mut weights = Writer::new(Precision::F32);
    weights.push("w", &[values], std::iter::repeat_n(0.5, values));
    let state = TrainingState::default();
    Snapshot { weights, training: Writer::new(Precision::F32), best: None, state, predictions: None }
}

/// Snapshots of 4,000 bytes and their state after every step.
fn store_after(steps: u64, limit: usize) -> SnapshotStore {
    let mut store = SnapshotStore::new(limit);
    for step in 0..=steps {
        store.keep(SnapshotPlace { place: place(0, step), changes: 0 }, step, || snapshot(1000));
        store.make_room(step, &RunTree::default());
    }
    store
}

#[test]
fn snapshots_are_dense_near_the_present_and_sparse_in_the_past() {
    let limit = 1_000_000;
    let store = store_after(20_000, limit);
    assert!(store.bytes() <= limit && store.bytes() > limit - 30_000, "{}", store.bytes());
    let steps: Vec<u64> = store.places().map(|at| at.place.step).collect();
    assert_eq!((steps[0], steps.last()), (0, Some(&20_000)));
    for pair in steps.windows(2) {
        let (gap, age) = (pair[1] - pair[0], 20_000 - pair[0]);
        // Each gap is a share of how long ago it was, with 49 snapshots about one in five.
        assert!(gap <= 2 + age / 3, "{gap} after {}", pair[0]);
    }
}

/// Ten thousand steps, and then a hundred branches of up to 250, of which most leave the first one and some another; as
/// many snapshots as the default memory has for the default network.
#[test]
fn no_step_of_a_hundred_branches_is_far_from_a_snapshot() {
    let mut tree = RunTree::default();
    let mut store = SnapshotStore::new(90 * 20_000);
    let mut trained = 0;
    let mut train = |tree: &mut RunTree, branch: u64, steps: std::ops::RangeInclusive<u64>| {
        for step in steps {
            trained += 1;
            tree.reach(place(branch, step));
            if trained % 10 == 0 {
                store.keep(SnapshotPlace { place: place(branch, step), changes: 0 }, trained, || snapshot(1000));
                store.make_room(trained, tree);
            }
        }
    };
    train(&mut tree, 0, 1..=10_000);
    for branch in 1..=100 {
        let parent = if branch % 4 == 0 { branch - 1 } else { 0 };
        let from = tree.fork(BranchId(parent)).map_or(0, |fork| fork.step);
        let at = from + (branch * 7919) % (tree.tip(BranchId(parent)).unwrap() - from);
        tree.take(&branched(branch, place(parent, at), None)).unwrap();
        train(&mut tree, branch, at + 1..=at + branch * 37 % 250 + 1);
    }
    assert!(store.places().count() > 80);
    let way_back = |branch: u64, step: u64| {
        let path = tree.path_to(place(branch, step)).unwrap();
        step - store.nearest(&path).map_or(0, |(at, _)| at.place.step)
    };
    let farthest = |branch: u64| {
        let from = tree.fork(BranchId(branch)).map_or(0, |fork| fork.step);
        (from..=tree.tip(BranchId(branch)).unwrap()).map(|step| way_back(branch, step)).max().unwrap()
    };
    let farthest: Vec<u64> = (0..=100).map(farthest).collect();
    // Spread evenly over all twenty thousand steps they would be 230 apart.
    assert!(farthest.iter().all(|steps| *steps < 1500), "{farthest:?}");
    assert!(way_back(100, tree.tip(BranchId(100)).unwrap()) < 10);
}

/// A branch that has no snapshot before its step 3,000 depends on that of its parent.
#[test]
fn a_snapshot_that_another_branch_begins_from_is_worth_its_way() {
    let mut tree = RunTree::default();
    tree.reach(place(0, 1010));
    tree.take(&branched(1, place(0, 1005), None)).unwrap();
    tree.reach(place(1, 4000));
    let mut store = SnapshotStore::new(5 * 21_000);
    let places = [(0, 0), (0, 500), (0, 1000), (1, 3000), (1, 3010), (1, 4000)];
    for (trained, (branch, step)) in (0..).zip(places) {
        let at = SnapshotPlace { place: place(branch, step), changes: 0 };
        assert!(store.keep(at, trained, || snapshot(1000)));
    }
    store.make_room(100_000, &tree);
    assert!(store.places().count() < places.len());
    assert!(store.places().any(|at| at.place == place(0, 1000)), "{:?}", store.places().collect::<Vec<_>>());
    assert!(!store.keep(store.places().last().unwrap(), 9, || snapshot(1000)), "it is there");
}

#[test]
fn without_room_nothing_is_kept() {
    for limit in [0, 1000] {
        let mut store = store_after(3, limit);
        assert_eq!((store.bytes(), store.places().count()), (0, 0));
        store.retain_branches(|_| true);
        let path = RunTree::default().path_to(Place::default()).unwrap();
        assert!(store.nearest(&path).is_none());
    }
}
