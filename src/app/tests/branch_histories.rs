//! Random histories with branches against a twin that keeps everything.

use proptest::prelude::*;

use super::branching::{branched, loss};
use super::*;
use crate::app::branches::Branches;
use crate::app::series::MeanWindow;
use crate::app::track::MetricTrack;
use crate::protocol::{BranchId, Branching, Rewound};

/// What a random history does.
#[derive(Clone, Debug)]
enum Turn {
    /// Trains this many steps further.
    Train(u64),
    /// Leaves a branch (one of those there are) at a share of its way, in thousandths.
    Branch(usize, u64),
    /// Goes to such a place, without leaving the branch yet.
    GoTo(usize, u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        3 => (1u64..120).prop_map(Turn::Train),
        2 => (any::<usize>(), 0u64..1000).prop_map(|(which, share)| Turn::Branch(which, share)),
        2 => (any::<usize>(), 0u64..=1000).prop_map(|(which, share)| Turn::GoTo(which, share)),
    ];
    prop::collection::vec(turn, 1..14)
}

/// A twin that keeps everything: all that is history of each branch, and the branch it is on.
#[derive(Default)]
struct Twin {
    /// The value at each step from 1 on, of each branch.
    histories: Vec<Vec<f64>>,
    /// How many of them are from another branch.
    taken: Vec<usize>,
    current: usize,
    /// Minibatches completed where it stands.
    stand: usize,
}

impl Twin {
    fn new() -> Self {
        Self { histories: vec![Vec::new()], taken: vec![0], current: 0, stand: 0 }
    }

    fn history(&self) -> &[f64] {
        &self.histories[self.current][..self.stand]
    }

    /// Begins a branch, and gives its number.
    fn branch(&mut self, parent: usize, at: usize) -> u64 {
        self.histories.push(self.histories[parent][..at].to_vec());
        self.taken.push(at);
        (self.current, self.stand) = (self.histories.len() - 1, at);
        self.current as u64
    }

    /// The branches that did something which is no history now, with the number of steps that both have in common.
    fn abandoned(&self) -> Vec<(u64, u64)> {
        let common = |history: &[f64]| history.iter().zip(self.history()).take_while(|(a, b)| a == b).count();
        let branches = (0u64..).zip(self.histories.iter().zip(&self.taken));
        branches
            .filter(|(_, (history, taken))| history.len() > **taken && common(history) < history.len())
            .map(|(branch, (history, _))| (branch, common(history) as u64))
            .collect()
    }
}

/// Plays turns; `train` is told step and value, `branch` the new branch, its parent and where it leaves it, `go_to` a
/// branch and a step.
fn play(
    turns: &[Turn],
    mut train: impl FnMut(u64, f64),
    mut branch: impl FnMut(u64, u64, u64),
    mut go_to: impl FnMut(u64, u64),
) -> Twin {
    let mut twin = Twin::new();
    for turn in turns {
        match *turn {
            Turn::Train(steps) => {
                // As a source does: training on from an earlier step begins a branch.
                if twin.stand < twin.histories[twin.current].len() {
                    let (parent, at) = (twin.current, twin.stand);
                    branch(twin.branch(parent, at), parent as u64, at as u64);
                }
                for _ in 0..steps {
                    let current = twin.current;
                    let history = &mut twin.histories[current];
                    // No two branches give the same value at a step.
                    let value = history.len() as f64 + 1.0 + current as f64 * 10_000.0;
                    history.push(value);
                    twin.stand = history.len();
                    train(twin.stand as u64, value);
                }
            }
            Turn::Branch(which, share) => {
                let parent = which % twin.histories.len();
                let at = twin.histories[parent].len() as u64 * share / 1000;
                branch(twin.branch(parent, at as usize), parent as u64, at);
            }
            Turn::GoTo(which, share) => {
                let branch = which % twin.histories.len();
                let at = twin.histories[branch].len() as u64 * share / 1000;
                (twin.current, twin.stand) = (branch, at as usize);
                go_to(branch as u64, at);
            }
        }
    }
    twin
}

/// Plays turns into a track of this capacity.
fn tracked(turns: &[Turn], capacity: usize) -> (MetricTrack, Branches, Twin) {
    let branches = std::cell::RefCell::new(Branches::default());
    let mut track = MetricTrack::with_capacity(capacity);
    let twin = play(
        turns,
        |step, value| {
            branches.borrow_mut().reach_step(step);
            track.push(branches.borrow().lineage().newest_stretch(), step, value, 1.0);
        },
        |branch, parent, at| {
            let branching = Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: None };
            branches.borrow_mut().begin_branch(&branching).unwrap();
        },
        |branch, step| branches.borrow_mut().go_to(Rewound { branch: BranchId(branch), step }).unwrap(),
    );
    (track, branches.into_inner(), twin)
}

proptest! {
    /// With everything still there, the current branch is exactly its history, whatever was abandoned.
    #[test]
    fn a_track_along_the_way_to_the_current_branch_is_its_history(turns in turns(), count in 1usize..60) {
        let (track, branches, twin) = tracked(&turns, 4096);
        let (lineage, history) = (branches.lineage(), twin.history());
        let newest = history.last().map(|value| (history.len() as u64, *value));
        prop_assert_eq!(track.latest_value(lineage), newest);
        for (step, value) in (1u64..).zip(history) {
            let at = track.value_at(lineage, step).and_then(|(_, column)| column.extent);
            prop_assert_eq!(at.map(|extent| (extent.min, extent.max)), Some((*value, *value)));
        }
        let steps = StepRange { first: 1, last: history.len().max(1) as u64 };
        for (column, shown) in track.columns(lineage, steps, count).iter().enumerate() {
            let inside = (1u64..).zip(history).filter(|(step, _)| steps.column_of(*step, count) == Some(column));
            let (low, high) = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, value)| {
                (low.min(*value), high.max(*value))
            });
            prop_assert_eq!(shown.extent.map(|extent| (extent.min, extent.max)), (low <= high).then_some((low, high)));
        }
        // The mean does not go over the place where a branch leaves another one.
        let cuts: Vec<u64> = lineage.stretches().iter().skip(1).map(|stretch| stretch.first).collect();
        let window = MeanWindow::of_steps(4, &cuts);
        let smoothed = track.smoothed_columns(lineage, steps, history.len().max(1), window);
        for (at, smoothed) in (0..history.len()).zip(smoothed) {
            let cut_before = cuts.iter().rev().find(|cut| **cut as usize <= at).map_or(0, |cut| *cut as usize);
            let cut_after = cuts.iter().find(|cut| **cut as usize > at).map_or(usize::MAX, |cut| *cut as usize);
            let reach = (at - cut_before).min(cut_after - 1 - at).min(4);
            let around = &history[at - reach..(at + reach + 1).min(history.len())];
            let exact = around.iter().sum::<f64>() / around.len() as f64;
            prop_assert!(smoothed.is_some_and(|smoothed| (smoothed - exact).abs() <= 1e-3 * exact.abs().max(1.0)));
        }
        for step in 0..=history.len() as u64 + 1 {
            let value = |at: u64| history.get((at as usize).wrapping_sub(1)).map(|value| (at, *value));
            prop_assert_eq!(track.before(lineage, step), step.checked_sub(1).and_then(|at| value(at.min(history.len() as u64))));
            prop_assert_eq!(track.after(lineage, step), value(step + 1));
        }
    }

    /// Where the past is only a summary, nothing is shown that is not history, and what is recent is exact.
    #[test]
    fn a_summary_never_shows_an_abandoned_future(turns in turns(), capacity in 2usize..24, count in 1usize..60) {
        let (track, branches, twin) = tracked(&turns, capacity);
        let (lineage, history) = (branches.lineage(), twin.history());
        let steps = StepRange { first: 1, last: history.len().max(1) as u64 };
        for column in track.columns(lineage, steps, count) {
            if let Some(extent) = column.extent {
                prop_assert!(history.contains(&extent.min) && history.contains(&extent.max), "{extent:?}");
            }
        }
        for step in 1..=history.len() as u64 {
            if let Some(extent) = track.value_at(lineage, step).and_then(|(_, column)| column.extent) {
                prop_assert!(history.contains(&extent.min) && history.contains(&extent.max), "{step}: {extent:?}");
            }
        }
        let smoothed = track.smoothed_columns(lineage, steps, count, MeanWindow::of_steps(9, &[]));
        let bounds = history.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        for value in smoothed.into_iter().flatten() {
            prop_assert!((bounds.0 - 1.0..=bounds.1 + 1.0).contains(&value), "{value} is outside of {bounds:?}");
        }
    }

    /// Marks and findings, and what is drawn of them, follow the branch as well.
    #[test]
    fn the_dashboard_shows_the_history_of_the_current_branch(turns in turns()) {
        let mut app = fresh();
        tell(&mut app, [hello(&ALL), ready(), state(RunState::Running, 0)]);
        let events = std::cell::RefCell::new(Vec::new());
        let twin = play(
            &turns,
            |at, value| {
                events.borrow_mut().push(step(at, value));
                // Something to remember at every tenth step, which tells the branch by its value.
                if at % 10 == 0 {
                    events.borrow_mut().push(changed(at, "mark", value, value));
                }
            },
            |branch, parent, at| events.borrow_mut().push(branched(branch, parent, at)),
            |branch, step| events.borrow_mut().push(Event::Rewound(Rewound { branch: BranchId(branch), step })),
        );
        tell(&mut app, events.into_inner());
        let (run, history) = (app.run(), twin.history());
        let futures = run.branches.abandoned_futures();
        let abandoned = twin.abandoned();
        prop_assert_eq!(futures.len() + run.branches.undrawn_futures(), abandoned.len());
        for future in futures {
            prop_assert!(abandoned.contains(&(future.branch.0, future.fork)), "{:?} of {:?}", future, abandoned);
        }
        prop_assert_eq!(run.step, history.len() as u64);
        prop_assert_eq!(run.branches.count(), twin.histories.len());
        prop_assert_eq!(loss(&app).latest_value(run.lineage()).map(|(_, value)| value), history.last().copied());
        let marks: Vec<(u64, f64)> = run
            .marks
            .iter()
            .filter(|mark| mark.change.key == "mark" && run.lineage().contains(mark.at))
            .map(|mark| (mark.at.step, mark.change.to.number().unwrap()))
            .collect();
        let expected: Vec<(u64, f64)> =
            (1u64..).zip(history.iter().copied()).filter(|(step, _)| step % 10 == 0).collect();
        prop_assert_eq!(marks, expected);
    }
}
