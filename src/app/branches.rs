//! Branches: a run may go on from an earlier step in another way, and what came after that step before stays what it
//! was. Everything that is kept by step is kept by branch and step.

mod lineage;

use crate::protocol::{BranchId, BranchName, Branching, Change, MAX_BRANCH_NAME, Rewound};

use super::display::harmless_name;

pub use lineage::{BranchStretch, Lineage, RunPosition};

/// Most branches that are kept.
const MAX_BRANCHES: usize = 512;

/// Most abandoned futures that are drawn.
pub const MAX_DRAWN_FUTURES: usize = 8;

/// One branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its number.
    pub id: BranchId,
    /// Where it leaves another one; `None` for the branch with which the run began.
    pub from: Option<RunPosition>,
    /// Whether that was its newest step then, so that what was changed there holds on this one, too; also what is changed
    /// there later, since events do not tell that apart.
    pub from_tip: bool,
    /// What is different from there on, if anything is.
    pub change: Option<Change>,
    /// The newest step of it that is known.
    pub tip: u64,
    /// The name that a person gave it, safe to show; empty without one.
    pub name: String,
}

impl Branch {
    /// What it is called: `branch 1`, or the name that it was given.
    pub fn title(&self) -> String {
        if self.name.is_empty() { format!("branch {}", self.id.0) } else { self.name.clone() }
    }

    /// The same in a sentence: `branch 1`, or `branch 1 “half the rate”`.
    pub fn title_in_sentence(&self) -> String {
        let number = format!("branch {}", self.id.0);
        if self.name.is_empty() { number } else { format!("{number} “{}”", self.name) }
    }

    /// What it is called, with what is different from its beginning on, or else with a change that was made `later`:
    /// `branch 1 · lr 0.01`.
    pub fn title_with_change(&self, later: Option<&Change>) -> String {
        match self.change.as_ref().or(later) {
            Some(change) if self.name.is_empty() => {
                harmless_name(&format!("{} · {} {}", self.title(), change.key_without_table(), change.to))
            }
            _ => self.title(),
        }
    }
}

/// What a run did on a branch after the step at which the way to where it stands now leaves it.
#[derive(Clone, Debug, PartialEq)]
pub struct AbandonedFuture {
    /// The branch.
    pub branch: BranchId,
    /// The way to its newest step.
    pub way: Lineage,
    /// The last step that both ways have in common.
    pub fork: u64,
    /// Which of the looks of other curves it has, below [`MAX_DRAWN_FUTURES`]; each of those drawn has its own.
    pub look: usize,
}

/// All branches of a run, and where the run stands.
#[derive(Clone, Debug)]
pub struct Branches {
    /// In the order in which they began. Where one leaves another, the other began at an earlier step.
    list: Vec<Branch>,
    /// Place of the branch that the run is on.
    current: usize,
    /// Minibatches completed where the run stands, if it stands at an earlier step than the newest of its branch.
    stand: Option<u64>,
    /// The way to where it stands.
    lineage: Lineage,
    /// Branches whose futures are not drawn, because a person hid them.
    hidden: Vec<BranchId>,
    /// The futures that are drawn, the most relevant first.
    futures: Vec<AbandonedFuture>,
    /// How many more there are, beside the hidden ones.
    undrawn: usize,
}

impl Default for Branches {
    fn default() -> Self {
        let (id, name) = (BranchId::default(), String::new());
        let root = Branch { id, from: None, from_tip: false, change: None, tip: 0, name };
        Self {
            list: vec![root],
            current: 0,
            stand: None,
            lineage: Lineage::default(),
            hidden: Vec::new(),
            futures: Vec::new(),
            undrawn: 0,
        }
    }
}

impl Branches {
    /// Number of branches that are kept.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All branches that are kept, in the order in which they began.
    pub fn all(&self) -> &[Branch] {
        &self.list
    }

    /// A branch; of several with one number the one that began last.
    pub fn branch(&self, id: BranchId) -> Option<&Branch> {
        self.list.get(self.place_of_branch(id, self.list.len())?)
    }

    /// The branch that the run is on.
    pub fn current_branch(&self) -> BranchId {
        self.current().id
    }

    /// The same with all that is known of it.
    pub fn current(&self) -> &Branch {
        // There is always one: the current branch is never forgotten.
        &self.list[self.current]
    }

    /// The way to where the run stands.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The way to the newest step of the current branch, where the run perhaps stands at an earlier one.
    pub fn way_to_tip(&self) -> Lineage {
        self.trace_lineage(self.current, u64::MAX)
    }

    /// Whether the run stands at an earlier step than the newest of its branch, so that training on begins another.
    pub fn is_before_tip(&self) -> bool {
        self.stand.is_some()
    }

    /// The abandoned futures that are drawn, the most relevant first: that of the current branch itself, then those of
    /// the branches that began last and are not hidden.
    pub fn abandoned_futures(&self) -> &[AbandonedFuture] {
        &self.futures
    }

    /// How many abandoned futures there are beside those that are drawn and those that are hidden.
    pub fn undrawn_futures(&self) -> usize {
        self.undrawn
    }

    /// How the future of a branch looks, if it is drawn.
    pub fn look_of(&self, branch: BranchId) -> Option<usize> {
        self.futures.iter().find(|future| future.branch == branch).map(|future| future.look)
    }

    /// Whether the future of a branch was hidden.
    pub fn is_hidden(&self, branch: BranchId) -> bool {
        self.hidden.contains(&branch)
    }

    /// Hides the future of a branch, or shows it again.
    pub(super) fn toggle_hidden(&mut self, branch: BranchId) {
        let before = self.hidden.len();
        self.hidden.retain(|hidden| *hidden != branch);
        if self.hidden.len() == before && self.contains_branch(branch) {
            self.hidden.push(branch);
        }
        self.trace_all();
    }

    /// The newest step of all that is drawn.
    pub fn last_drawn_step(&self) -> u64 {
        let tips = self.futures.iter().filter_map(|future| Some(self.branch(future.branch)?.tip));
        tips.fold(self.current().tip, u64::max)
    }

    /// Goes on with a new branch. `Err` if there is such a branch already: then everything stays.
    ///
    /// A branch that leaves another one before it took a step leaves the one from which that came. What was before a
    /// branch that leaves an unknown one is unknown.
    pub(super) fn begin_branch(&mut self, branching: &Branching) -> Result<(), ()> {
        if self.contains_branch(branching.branch) {
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
        let from_tip = self.place_of_branch(parent, end).is_some_and(|place| self.list[place].tip <= at);
        self.list.push(Branch {
            id: branching.branch,
            from: Some(RunPosition { branch: parent, step: at }),
            from_tip,
            change: branching.change.clone().map(Change::with_texts_cut),
            tip: at,
            name: String::new(),
        });
        (self.current, self.stand) = (self.list.len() - 1, None);
        self.trace_all();
        Ok(())
    }

    /// Goes back to an earlier step, or over to another branch. `Err` if there is no such branch: it is kept from now on
    /// as one of which nothing else is known.
    ///
    /// Where a branch begins, before its first change, the run stands on the one that it leaves.
    pub(super) fn go_to(&mut self, position: Rewound) -> Result<(), ()> {
        let known = self.place_of_branch(position.branch, self.list.len());
        let mut place = known.unwrap_or_else(|| {
            let (from, change, name) = (None, None, String::new());
            self.list.push(Branch { id: position.branch, from, from_tip: false, change, tip: position.step, name });
            self.list.len() - 1
        });
        while let Some(from) = self.list[place].from
            && (position.step < from.step || position.step == from.step && self.list[place].tip > from.step)
            && let Some(parent) = self.place_of_branch(from.branch, place)
        {
            place = parent;
        }
        (self.current, self.stand) = (place, (position.step < self.list[place].tip).then_some(position.step));
        self.list[place].tip = self.list[place].tip.max(position.step);
        self.trace_all();
        known.map(|_| ()).ok_or(())
    }

    /// Takes note of the minibatches completed on the current branch. A source that trains on from an earlier step than
    /// the newest without saying that a branch begins does the same steps again.
    #[inline]
    pub(super) fn reach_step(&mut self, step: u64) {
        let branch = &mut self.list[self.current];
        branch.tip = branch.tip.max(step);
        if self.stand.is_some_and(|stand| stand < step) {
            self.stand = (step < branch.tip).then_some(step);
            self.trace_all();
        }
    }

    /// Gives a branch the name that a person chose. `Err` if there is no such branch.
    pub(super) fn rename_branch(&mut self, name: &BranchName) -> Result<(), ()> {
        let place = self.place_of_branch(name.branch, self.list.len()).ok_or(())?;
        let shown: String = name.name.trim().chars().take(MAX_BRANCH_NAME).collect();
        self.list[place].name = if shown.is_empty() { shown } else { harmless_name(&shown) };
        Ok(())
    }

    /// Forgets a branch and those that come from it, and gives the numbers of all of them. `Err` if there is no such
    /// branch, or the run is on one of them: then everything stays.
    pub(super) fn delete_branch(&mut self, branch: BranchId) -> Result<Vec<BranchId>, ()> {
        let first = self.place_of_branch(branch, self.list.len()).ok_or(())?;
        let mut gone = vec![false; self.list.len()];
        gone[first] = true;
        for place in first + 1..self.list.len() {
            let parent = self.list[place].from.and_then(|from| self.place_of_branch(from.branch, place));
            gone[place] = parent.is_some_and(|parent| gone[parent]);
        }
        if gone[self.current] {
            return Err(());
        }
        self.current -= gone[..self.current].iter().filter(|gone| **gone).count();
        let mut deleted = Vec::new();
        let mut places = gone.into_iter();
        self.list.retain(|branch| {
            let gone = places.next().unwrap_or(false);
            deleted.extend(gone.then_some(branch.id));
            !gone
        });
        self.hidden.retain(|hidden| !deleted.contains(hidden));
        self.trace_all();
        Ok(deleted)
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
        let needed = |branch: &Branch| self.lineage.stretches().iter().any(|stretch| stretch.branch == branch.id);
        let at = self.list.iter().position(|branch| !needed(branch)).unwrap_or(0);
        if at == self.current {
            return None;
        }
        let forgotten = self.list.remove(at).id;
        self.hidden.retain(|hidden| *hidden != forgotten);
        self.current -= usize::from(at < self.current);
        self.trace_all();
        Some(forgotten)
    }

    /// Place of a branch among the first `end` of the list.
    fn place_of_branch(&self, branch: BranchId, end: usize) -> Option<usize> {
        self.list[..end].iter().rposition(|other| other.id == branch)
    }

    /// Place of the branch that the one at a place leaves. It began earlier: an id that was forgotten and is used anew is
    /// another branch.
    pub(super) fn parent_place(&self, place: usize) -> Option<usize> {
        self.place_of_branch(self.list[place].from?.branch, place)
    }

    /// The way to the step `last` of the branch at a place, and the places that it comes by, newest first.
    fn trace_places(&self, mut place: usize, mut last: u64) -> Vec<(usize, BranchStretch)> {
        let mut stretches = Vec::new();
        let mut whole = last >= self.list[place].tip;
        loop {
            let Branch { id, from, from_tip, .. } = &self.list[place];
            let first = from.map_or(0, |from| from.step);
            stretches.push((place, BranchStretch { branch: *id, first, last, whole }));
            whole = *from_tip;
            let Some(parent) = self.parent_place(place) else { return stretches };
            (place, last) = (parent, first);
        }
    }

    fn trace_lineage(&self, place: usize, last: u64) -> Lineage {
        Lineage::of_newest_first(self.trace_places(place, last).into_iter().map(|(_, stretch)| stretch).collect())
    }

    /// Finds the way to where the run stands, and what there is beside it.
    fn trace_all(&mut self) {
        let way = self.trace_places(self.current, self.stand.unwrap_or(u64::MAX));
        let mut ends: Vec<Option<u64>> = vec![None; self.list.len()];
        for (place, stretch) in &way {
            ends[*place] = Some(stretch.last);
        }
        self.lineage = Lineage::of_newest_first(way.into_iter().map(|(_, stretch)| stretch).collect());
        // Where the way to each branch leaves that one; a branch comes after the one that it leaves.
        let mut forks: Vec<u64> = Vec::with_capacity(self.list.len());
        for (place, branch) in self.list.iter().enumerate() {
            let from = branch.from.map_or(0, |from| from.step);
            let fork = ends[place].or_else(|| {
                let parent = self.parent_place(place)?;
                Some(if ends[parent].is_some() { forks[parent].min(from) } else { forks[parent] })
            });
            forks.push(fork.unwrap_or(from));
        }
        let has_future = |place: &usize| {
            let Branch { from, tip, .. } = &self.list[*place];
            *tip > forks[*place] && (ends[*place].is_some() || from.is_none_or(|from| *tip > from.step))
        };
        let others = (0..self.list.len()).rev().filter(|place| *place != self.current);
        let is_shown = |place: &usize| !self.is_hidden(self.list[*place].id);
        let futures = [self.current].into_iter().chain(others).filter(has_future);
        let places: Vec<usize> = futures.filter(is_shown).collect();
        self.undrawn = places.len().saturating_sub(MAX_DRAWN_FUTURES);
        let mut looks = [false; MAX_DRAWN_FUTURES];
        let drawn = places.into_iter().take(MAX_DRAWN_FUTURES).map(|place| {
            let branch = self.list[place].id;
            // The same branch has the same look, as long as no other that is drawn has it.
            let wanted = (branch.0 % MAX_DRAWN_FUTURES as u64) as usize;
            let free = (0..MAX_DRAWN_FUTURES).map(|further| (wanted + further) % MAX_DRAWN_FUTURES);
            let look = free.into_iter().find(|look| !looks[*look]).unwrap_or(wanted);
            looks[look] = true;
            AbandonedFuture { branch, way: self.trace_lineage(place, u64::MAX), fork: forks[place], look }
        });
        self.futures = drawn.collect();
    }
}
