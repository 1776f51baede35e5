//! Branches: a run may go on from an earlier step in another way, and what came after that step before stays what it
//! was. Everything that is kept by step is kept by branch and step.

use crate::protocol::{BranchId, Branching};

/// Most branches that are kept.
const MAX_BRANCHES: usize = 512;

/// A place in the history of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunPosition {
    /// The branch.
    pub branch: BranchId,
    /// Minibatches completed.
    pub step: u64,
}

/// One branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Branch {
    id: BranchId,
    /// Where it leaves another one; `None` for the branch with which the run began.
    from: Option<RunPosition>,
}

/// The part of a branch that is history of the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchStretch {
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
    stretches: Vec<BranchStretch>,
}

impl Default for Lineage {
    fn default() -> Self {
        Self { stretches: vec![BranchStretch { branch: BranchId::default(), first: 0, last: u64::MAX }] }
    }
}

impl Lineage {
    /// Its stretches, oldest first; there is at least one.
    pub fn stretches(&self) -> &[BranchStretch] {
        &self.stretches
    }

    /// The stretch that grows: the current branch from where it began.
    pub fn newest_stretch(&self) -> BranchStretch {
        self.stretches.last().copied().unwrap_or(BranchStretch {
            branch: BranchId::default(),
            first: 0,
            last: u64::MAX,
        })
    }

    /// Whether what happened there is history of the current branch.
    pub fn contains(&self, position: RunPosition) -> bool {
        self.stretches
            .iter()
            .any(|stretch| stretch.branch == position.branch && (stretch.first..=stretch.last).contains(&position.step))
    }
}

/// All branches of a run, and which of them the run is on.
#[derive(Clone, Debug)]
pub struct Branches {
    /// In the order in which they began. Where one leaves another, the other began at an earlier step.
    list: Vec<Branch>,
    current: BranchId,
    lineage: Lineage,
}

impl Default for Branches {
    fn default() -> Self {
        let root = Branch { id: BranchId::default(), from: None };
        Self { list: vec![root], current: BranchId::default(), lineage: Lineage::default() }
    }
}

impl Branches {
    /// Number of branches that are kept.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// The branch that the run is on.
    pub fn current_branch(&self) -> BranchId {
        self.current
    }

    /// The way to it.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Goes on with a new branch. `Err` if there is such a branch already: then everything stays.
    ///
    /// A branch that leaves another one before it took a step leaves the one from which that came. What was before a
    /// branch that leaves an unknown one is unknown.
    pub(super) fn begin_branch(&mut self, branching: &Branching) -> Result<(), ()> {
        if self.place_of_branch(branching.branch, self.list.len()).is_some() {
            return Err(());
        }
        let at = branching.at;
        let mut parent = branching.parent;
        let mut end = self.list.len();
        while let Some(place) = self.place_of_branch(parent, end)
            && let Some(from) = self.list[place].from.filter(|from| at <= from.step)
        {
            (parent, end) = (from.branch, place);
        }
        self.list.push(Branch { id: branching.branch, from: Some(RunPosition { branch: parent, step: at }) });
        self.current = branching.branch;
        self.lineage = self.trace_lineage();
        Ok(())
    }

    /// Whether a branch is kept.
    pub(super) fn contains_branch(&self, branch: BranchId) -> bool {
        self.place_of_branch(branch, self.list.len()).is_some()
    }

    /// Whether there are more branches than are kept.
    pub(super) fn exceeds_limit(&self) -> bool {
        self.list.len() > MAX_BRANCHES
    }

    /// Forgets the oldest branch from which the current one does not come, or else the beginning of the way to it;
    /// never the current one.
    pub(super) fn forget_oldest(&mut self) -> Option<BranchId> {
        let needed = |branch: &Branch| self.lineage.stretches.iter().any(|stretch| stretch.branch == branch.id);
        let at = self.list.iter().position(|branch| !needed(branch)).unwrap_or(0);
        let forgotten = (self.list.len() > 1).then(|| self.list.remove(at).id)?;
        self.lineage = self.trace_lineage();
        Some(forgotten)
    }

    /// Place of a branch among the first `end` of the list.
    fn place_of_branch(&self, branch: BranchId, end: usize) -> Option<usize> {
        self.list[..end].iter().rposition(|other| other.id == branch)
    }

    /// The way to the current branch.
    fn trace_lineage(&self) -> Lineage {
        let mut stretches = Vec::new();
        let (mut id, mut last, mut end) = (self.current, u64::MAX, self.list.len());
        // A branch leaves one that began before it: an id that was forgotten and is used anew is another branch.
        while let Some(place) = self.place_of_branch(id, end) {
            let from = self.list[place].from;
            stretches.push(BranchStretch { branch: id, first: from.map_or(0, |from| from.step), last });
            let Some(from) = from else { break };
            (id, last, end) = (from.branch, from.step, place);
        }
        stretches.reverse();
        Lineage { stretches }
    }
}
