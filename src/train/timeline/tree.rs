//! Where a run has been: its branches, what was changed on each, and where it stands. The ledger is this tree as a list.

use std::collections::VecDeque;

use crate::{
    protocol::{BranchId, Branching, Change},
    train::{Intervention, LedgerEntry},
};

/// A place in a run: minibatches completed on the way to a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
}

/// A place where the weights are known, and how many of the branch's own changes had been made there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotPlace {
    /// The place.
    pub place: Place,
    /// Changes that had been made on its branch.
    pub changes: usize,
}

/// Where a branch leaves another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fork {
    parent: BranchId,
    step: u64,
    /// Changes of the parent that hold for the branch.
    changes: usize,
}

/// One branch.
#[derive(Clone, Debug)]
struct BranchHistory {
    id: BranchId,
    /// `None` for the branch with which the run began.
    from: Option<Fork>,
    /// What was changed on it, each with the minibatches completed before.
    changes: Vec<(u64, Change)>,
    /// Its newest step, as far as that is known.
    tip: u64,
    /// What a person called it; normally empty.
    name: String,
}

/// The part of a branch that is on the way to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathStretch {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed where it begins.
    pub first: u64,
    /// Minibatches completed where it ends.
    pub last: u64,
    /// Changes of the branch that are made on it.
    changes: usize,
}

/// The way from the beginning of a run to a place: stretches of branches, oldest first; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchPath(Vec<PathStretch>);

impl BranchPath {
    /// Its stretches, oldest first.
    pub fn stretches(&self) -> &[PathStretch] {
        &self.0
    }

    /// Where it ends. That may be on another branch than the one asked for, which has no step of its own there.
    pub fn end(&self) -> Place {
        let last = self.0[self.0.len() - 1];
        Place { branch: last.branch, step: last.last }
    }

    /// The place of a step on it.
    pub fn place_of(&self, step: u64) -> Place {
        let holds = |stretch: &&PathStretch| stretch.first < step && step <= stretch.last;
        let branch = self.0.iter().find(holds).map_or(self.0[0].branch, |stretch| stretch.branch);
        Place { branch, step }
    }

    /// Number of the stretch that a snapshot on it belongs to.
    pub fn depth(&self, at: SnapshotPlace) -> usize {
        self.0.iter().position(|stretch| stretch.branch == at.place.branch).unwrap_or(0)
    }

    /// Whether a snapshot lies on it.
    pub fn contains(&self, at: SnapshotPlace) -> bool {
        self.0.iter().any(|stretch| {
            stretch.branch == at.place.branch
                && (stretch.first..=stretch.last).contains(&at.place.step)
                && at.changes <= stretch.changes
        })
    }
}

/// All branches of a run, and where it stands.
#[derive(Clone, Debug)]
pub struct RunTree {
    /// In the order in which they began: a branch is after the one that it leaves. Never empty.
    branches: Vec<BranchHistory>,
    /// The newest branch that there ever was.
    newest: BranchId,
    /// Where the run stood when it was last looked at.
    place: Place,
    /// Whether the run went back, and stands before what was done on its branch later. Then [`Self::place`] is exact.
    behind: bool,
}

impl Default for RunTree {
    fn default() -> Self {
        let root =
            BranchHistory { id: BranchId::default(), from: None, changes: Vec::new(), tip: 0, name: String::new() };
        Self { branches: vec![root], newest: BranchId::default(), place: Place::default(), behind: false }
    }
}

impl RunTree {
    /// The tree that a ledger describes.
    ///
    /// # Errors
    /// When an entry is of a branch that there is not; a sentence.
    pub fn of_ledger(entries: &[LedgerEntry]) -> Result<Self, String> {
        let mut tree = Self::default();
        for (line, entry) in (1..).zip(entries) {
            tree.take(entry).map_err(|problem| format!("entry {line} of the ledger: {problem}"))?;
        }
        Ok(tree)
    }

    /// Takes in what was done.
    ///
    /// # Errors
    /// As [`Self::of_ledger`].
    pub fn take(&mut self, entry: &LedgerEntry) -> Result<(), String> {
        let LedgerEntry { step, branch, what } = entry;
        match what {
            Intervention::Change(change) => {
                self.branch_mut(*branch)?.changes.push((*step, change.clone()));
                self.reach(Place { branch: *branch, step: *step });
            }
            Intervention::Branched { parent, changes } => {
                let all = self.branch_mut(*parent)?.changes.len();
                let changes = changes.unwrap_or(all).min(all);
                if self.branches.iter().any(|other| other.id == *branch) {
                    return Err(format!("branch {} begins twice", branch.0));
                }
                self.grow_to(Place { branch: *parent, step: *step });
                let from = Some(Fork { parent: *parent, step: *step, changes });
                self.branches.push(BranchHistory {
                    id: *branch,
                    from,
                    changes: Vec::new(),
                    tip: *step,
                    name: String::new(),
                });
                self.newest = self.newest.max(*branch);
                self.reach(Place { branch: *branch, step: *step });
            }
            Intervention::Rewound { to_branch, to_step } => {
                self.branch_mut(*branch)?;
                self.grow_to(Place { branch: *branch, step: *step });
                let tip = self.branch_mut(*to_branch)?.tip;
                self.place = Place { branch: *to_branch, step: *to_step };
                self.behind = *to_step < tip;
            }
            Intervention::Renamed { name } => self.branch_mut(*branch)?.name.clone_from(name),
            Intervention::Deleted {} => self.delete(*branch)?,
        }
        Ok(())
    }

    /// The run has come there by training.
    pub fn reach(&mut self, place: Place) {
        self.grow_to(place);
        (self.place, self.behind) = (place, false);
    }

    /// The run has been there; where it stands, it stands no earlier.
    pub fn note_place(&mut self, place: Place) {
        self.grow_to(place);
        if !self.behind && place.branch == self.place.branch {
            self.place.step = self.place.step.max(place.step);
        }
    }

    fn grow_to(&mut self, place: Place) {
        if let Ok(branch) = self.branch_mut(place.branch) {
            branch.tip = branch.tip.max(place.step);
        }
    }

    /// Removes a branch and those that come from it.
    fn delete(&mut self, branch: BranchId) -> Result<(), String> {
        self.check_deletable(branch)?;
        let mut gone = vec![branch];
        self.branches.retain(|other| {
            let goes = other.id == branch || other.from.is_some_and(|from| gone.contains(&from.parent));
            if goes {
                gone.push(other.id);
            }
            !goes
        });
        Ok(())
    }

    /// Whether a branch may be forgotten.
    ///
    /// # Errors
    /// When the run comes from it, or there is none; a sentence.
    pub fn check_deletable(&self, branch: BranchId) -> Result<(), String> {
        self.known(branch)?;
        let lineage = self.path_to(self.place)?;
        if lineage.0.iter().any(|stretch| stretch.branch == branch) || self.place.branch == branch {
            return Err(format!(
                "the run stands on branch {} or comes from it; go over to another one first",
                branch.0
            ));
        }
        Ok(())
    }

    /// Where the run stands; while it trains on, the step is that of the last look.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether the run stands before what was done later on its branch, so that training on begins another one.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Newest step of a branch.
    ///
    /// # Errors
    /// When there is no such branch; a sentence.
    pub fn tip(&self, branch: BranchId) -> Result<u64, String> {
        self.known(branch).map(|branch| branch.tip)
    }

    /// Where a branch leaves another one; `None` for the one with which the run began.
    pub fn fork(&self, branch: BranchId) -> Option<Place> {
        let fork = self.known(branch).ok()?.from?;
        Some(Place { branch: fork.parent, step: fork.step })
    }

    /// The place of a snapshot that is taken now, after `step` minibatches.
    pub fn snapshot_place(&self, step: u64) -> SnapshotPlace {
        let place = Place { branch: self.place.branch, step };
        let changes = self.known(place.branch).map_or(0, |branch| {
            if self.behind { changes_before(branch, self.place.step) } else { branch.changes.len() }
        });
        SnapshotPlace { place, changes }
    }

    /// A branch number that was never used.
    pub fn next_branch(&self) -> BranchId {
        BranchId(self.newest.0 + 1)
    }

    /// The way to a place: at the newest step of a branch with all that was changed there, otherwise before it.
    ///
    /// # Errors
    /// When there is no such place; a sentence.
    pub fn path_to(&self, place: Place) -> Result<BranchPath, String> {
        let mut branch = self.known(place.branch)?;
        if place.step > branch.tip {
            return Err(format!("branch {} has no step {}; its newest is {}", branch.id.0, place.step, branch.tip));
        }
        let mut last = place.step;
        let mut at_tip = place.step == branch.tip;
        while let Some(from) = branch.from.filter(|from| !at_tip && place.step <= from.step) {
            branch = self.known(from.parent)?;
            at_tip = place.step == branch.tip;
        }
        let mut changes = if at_tip { branch.changes.len() } else { changes_before(branch, place.step) };
        let mut stretches = Vec::new();
        loop {
            let first = branch.from.map_or(0, |from| from.step);
            stretches.push(PathStretch { branch: branch.id, first, last, changes });
            let Some(from) = branch.from else { break };
            (last, changes) = (from.step, from.changes);
            branch = self.known(from.parent)?;
        }
        stretches.reverse();
        Ok(BranchPath(stretches))
    }

    /// What was changed on a path after a snapshot that lies on it, in order.
    pub fn changes_after(&self, path: &BranchPath, at: SnapshotPlace) -> VecDeque<(u64, Change)> {
        let from = path.depth(at);
        let mut all = VecDeque::new();
        for (number, stretch) in path.0.iter().enumerate().skip(from) {
            let done = if number == from { at.changes } else { 0 };
            if let Ok(branch) = self.known(stretch.branch) {
                all.extend(branch.changes.iter().take(stretch.changes).skip(done).cloned());
            }
        }
        all
    }

    /// The branches that there are.
    pub fn branch_ids(&self) -> impl Iterator<Item = BranchId> {
        self.branches.iter().map(|branch| branch.id)
    }

    /// Number of branches.
    pub fn branch_count(&self) -> usize {
        self.branches.len()
    }

    /// The beginnings of all branches but the first, in their order, and the names that they were given.
    pub fn branchings(&self) -> impl Iterator<Item = (Branching, &str)> {
        self.branches.iter().filter_map(|branch| {
            let from = branch.from?;
            let change =
                branch.changes.first().filter(|(step, _)| *step == from.step).map(|(_, change)| change.clone());
            Some((Branching { branch: branch.id, parent: from.parent, at: from.step, change }, branch.name.as_str()))
        })
    }

    /// The name of the branch with which the run began; normally empty.
    pub fn root_name(&self) -> &str {
        &self.branches[0].name
    }

    /// The step after which something was last changed on a branch.
    pub fn last_change(&self, branch: BranchId) -> Option<u64> {
        self.changes_of(branch).last().map(|(step, _)| *step)
    }

    /// What was changed on a branch, each with the minibatches completed before.
    pub fn changes_of(&self, branch: BranchId) -> &[(u64, Change)] {
        self.known(branch).map_or(&[], |branch| &branch.changes)
    }

    fn known(&self, branch: BranchId) -> Result<&BranchHistory, String> {
        self.branches.iter().find(|other| other.id == branch).ok_or_else(|| no_branch(branch))
    }

    fn branch_mut(&mut self, branch: BranchId) -> Result<&mut BranchHistory, String> {
        self.branches.iter_mut().find(|other| other.id == branch).ok_or_else(|| no_branch(branch))
    }
}

fn no_branch(branch: BranchId) -> String {
    format!("there is no branch {}", branch.0)
}

/// Changes of a branch that were made before a step was reached.
fn changes_before(branch: &BranchHistory, step: u64) -> usize {
    branch.changes.partition_point(|(at, _)| *at < step)
}
