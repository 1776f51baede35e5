//! Branches: a run may go on from an earlier step in another way, and what came after that step before stays what it
//! was. Everything that is kept by step is kept by branch and step.

use crate::protocol::{BranchId, Branching, Change};

/// Most branches that are kept; beyond it the oldest that the current one does not come from is forgotten.
const MAX_BRANCHES: usize = 512;

/// A place in the history of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
}

/// One branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its number.
    pub id: BranchId,
    /// Where it leaves another one; `None` for the branch with which the run began.
    pub from: Option<Position>,
    /// What is different from there on.
    pub change: Option<Change>,
}

/// The part of a branch that is history of the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed where it begins.
    pub first: u64,
    /// Its last step that counts; no end for the current branch itself.
    pub last: u64,
}

/// The way from the beginning of the run to the current branch: stretches whose steps follow each other, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    stretches: Vec<Stretch>,
}

impl Default for Lineage {
    fn default() -> Self {
        Self { stretches: vec![Stretch { branch: BranchId::default(), first: 0, last: u64::MAX }] }
    }
}

impl Lineage {
    /// Its stretches, oldest first; there is at least one.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The stretch that grows: the current branch from where it began.
    pub fn newest(&self) -> Stretch {
        self.stretches.last().copied().unwrap_or(Stretch { branch: BranchId::default(), first: 0, last: u64::MAX })
    }

    /// Whether what happened there is history of the current branch.
    pub fn contains(&self, position: Position) -> bool {
        self.stretches
            .iter()
            .any(|stretch| stretch.branch == position.branch && (stretch.first..=stretch.last).contains(&position.step))
    }
}

/// All branches of a run, and which of them the run is on.
#[derive(Clone, Debug)]
pub struct Branches {
    /// In the order in which they began.
    list: Vec<Branch>,
    current: BranchId,
    lineage: Lineage,
}

impl Default for Branches {
    fn default() -> Self {
        let root = Branch { id: BranchId::default(), from: None, change: None };
        Self { list: vec![root], current: BranchId::default(), lineage: Lineage::default() }
    }
}

impl Branches {
    /// The branches that are known, in the order in which they began.
    pub fn list(&self) -> &[Branch] {
        &self.list
    }

    /// The branch that the run is on.
    pub fn current(&self) -> BranchId {
        self.current
    }

    /// The way to it.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Goes on with a new branch and gives those that are forgotten for it. `Err` if there is such a branch already, or
    /// none that it could leave: then everything stays.
    pub(super) fn begin(&mut self, branching: &Branching) -> Result<Vec<BranchId>, ()> {
        let known = |id: BranchId| self.list.iter().any(|branch| branch.id == id);
        if known(branching.branch) || !known(branching.parent) {
            return Err(());
        }
        let from = Some(Position { branch: branching.parent, step: branching.at });
        self.list.push(Branch { id: branching.branch, from, change: branching.change.clone() });
        self.current = branching.branch;
        self.lineage = self.trace(self.current);
        let mut forgotten = Vec::new();
        while self.list.len() > MAX_BRANCHES {
            // What the current branch comes from goes last, its beginnings first.
            let needed = |branch: &Branch| self.lineage.stretches.iter().any(|stretch| stretch.branch == branch.id);
            let at = self.list.iter().position(|branch| !needed(branch)).unwrap_or(0);
            forgotten.push(self.list.remove(at).id);
        }
        if !forgotten.is_empty() {
            self.lineage = self.trace(self.current);
        }
        Ok(forgotten)
    }

    /// The way to a branch. Where a branch was left before it began, at a step that it shares with its own parent, it is
    /// no part of the way.
    fn trace(&self, branch: BranchId) -> Lineage {
        let mut stretches = Vec::new();
        let (mut id, mut last) = (branch, u64::MAX);
        while let Some(branch) = self.list.iter().find(|branch| branch.id == id) {
            let first = branch.from.map_or(0, |from| from.step);
            if first <= last {
                stretches.push(Stretch { branch: id, first, last });
            }
            let Some(from) = branch.from else { break };
            (id, last) = (from.branch, last.min(from.step));
        }
        stretches.reverse();
        Lineage { stretches }
    }
}
