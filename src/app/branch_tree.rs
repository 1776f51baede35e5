//! The branches of a run as a tree, row by row, with what each reached; and what was done to the run.

use crate::protocol::{Better, BranchId, ChangedBy, RECENT_MINIBATCHES, Unit, change::EPOCHS};
use crate::text::thousands;

use super::branches::{Branch, Branches, RunPosition};
use super::metric::{ChartFigure, FigureCurve};
use super::run::{ChangeMark, Run};

/// Most figures that a branch is judged by.
const MAX_BRANCH_FIGURES: usize = 3;

/// Most settings that are named where a branch begins.
const MAX_NAMED_CHANGES: usize = 4;

/// One branch as a row of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchRow {
    /// The branch.
    pub branch: BranchId,
    /// What it is called, safe to show.
    pub name: String,
    /// Of the branches that it comes from, from the first on, whether others follow below; the last is its own place.
    pub guides: Vec<bool>,
    /// Where it leaves another branch.
    pub from: Option<RunPosition>,
    /// What was changed where it begins, safe to show; empty where nothing was, or nothing is known.
    pub change: String,
    /// Its newest step; of one that has trained nothing yet, the step at which it begins.
    pub newest_step: u64,
    /// Whether the run is on it.
    pub is_current: bool,
    /// Whether the run comes from it, or is on it.
    pub is_history: bool,
    /// How its curves over the charts look, where they are drawn.
    pub look: Option<usize>,
    /// What it reached, for each of [`BranchTree::figures`].
    pub results: Vec<BranchResult>,
}

/// What a branch reached in one figure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BranchResult {
    /// The best value at its own steps, of those after [`BranchTree::parting`].
    pub best: Option<f64>,
    /// The newest value.
    pub newest: Option<f64>,
    /// Whether no other branch has a better one.
    pub is_best_of_all: bool,
}

/// A figure that branches are judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchFigure {
    /// Its title with the part of the data, safe to show: `test accuracy`.
    pub title: String,
    /// What its values count.
    pub unit: Unit,
    /// Whether it is of evaluations; otherwise it is a mean over the newest minibatches, and the best is not known.
    pub is_evaluated: bool,
}

/// All branches, each below the one that it leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BranchTree {
    /// The step after which the first of them leaves another one: before, all are the same. `None` of a single branch.
    pub parting: Option<u64>,
    /// What they are judged by.
    pub figures: Vec<BranchFigure>,
    /// The branches.
    pub rows: Vec<BranchRow>,
}

/// Something that was done to the run.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Minibatches completed.
    pub step: u64,
    /// What the branch is called, safe to show.
    pub branch: String,
    /// What, safe to show.
    pub text: String,
}

impl BranchTree {
    /// The tree of a run.
    pub(super) fn of(run: &Run) -> Self {
        let judged = judged_figures(run);
        let all = run.branches.all();
        let parting = all.iter().filter_map(|branch| branch.from).map(|from| from.step).min();
        let places = tree_places(&run.branches).into_iter();
        let row = |(at, guides): (usize, Vec<bool>)| branch_row(run, &all[at], guides, (&judged, parting));
        let mut rows: Vec<BranchRow> = places.map(row).collect();
        for (place, figure) in judged.iter().enumerate() {
            mark_best(&mut rows, place, figure.better);
        }
        Self { parting, figures: judged.into_iter().map(|figure| figure.shown).collect(), rows }
    }
}

/// The branches in the order of the tree's rows.
pub(super) fn branch_order(branches: &Branches) -> Vec<BranchId> {
    tree_places(branches).into_iter().map(|(at, _)| branches.all()[at].id).collect()
}

/// The places of all branches in the order of the tree's rows, each with [`BranchRow::guides`]: below each branch those
/// that leave it, as they leave it. One that leaves none that is known stands on the first level.
fn tree_places(branches: &Branches) -> Vec<(usize, Vec<bool>)> {
    let all = branches.all();
    let (mut roots, mut children) = (Vec::new(), vec![Vec::new(); all.len()]);
    for at in 0..all.len() {
        branches.parent_place(at).map_or(&mut roots, |parent| &mut children[parent]).push(at);
    }
    for siblings in children.iter_mut().chain([&mut roots]) {
        siblings.sort_by_key(|at| all[*at].from.map(|from| from.step));
    }
    let mut places = Vec::with_capacity(all.len());
    let mut waiting: Vec<(usize, Vec<bool>)> = roots.into_iter().rev().map(|at| (at, Vec::new())).collect();
    while let Some((at, guides)) = waiting.pop() {
        for (place, child) in children[at].iter().enumerate().rev() {
            let more = place + 1 < children[at].len();
            waiting.push((*child, guides.iter().copied().chain([more]).collect()));
        }
        places.push((at, guides));
    }
    places
}

/// A figure with the curve that branches are judged by.
struct JudgedFigure {
    shown: BranchFigure,
    curve: FigureCurve,
    better: Better,
}

/// The figures with a better end: those that are evaluated, or else means of minibatches. What grows comes first, as the
/// accuracy.
fn judged_figures(run: &Run) -> Vec<JudgedFigure> {
    let judged = |figure: &ChartFigure| {
        let curve = figure.test.or(figure.train)?;
        let title = [curve.word, &figure.title].join(" ").trim_start().to_owned();
        let shown = BranchFigure { title, unit: figure.unit.clone(), is_evaluated: figure.test.is_some() };
        Some(JudgedFigure { shown, curve, better: figure.better })
    };
    let good = run.metrics.figures().iter().filter(|figure| matches!(figure.better, Better::Lower | Better::Higher));
    let mut all: Vec<JudgedFigure> = good.filter_map(judged).collect();
    let evaluated = all.iter().any(|figure| figure.shown.is_evaluated);
    all.retain(|figure| figure.shown.is_evaluated == evaluated);
    all.truncate(MAX_BRANCH_FIGURES);
    all.sort_by_key(|figure| figure.better != Better::Higher);
    all
}

fn branch_row(
    run: &Run,
    branch: &Branch,
    guides: Vec<bool>,
    (judged, parting): (&[JudgedFigure], Option<u64>),
) -> BranchRow {
    let begins = branch.from.map_or(0, |from| from.step);
    let start = RunPosition { branch: branch.id, step: begins };
    let changes = run.marks.iter().filter(|mark| mark.at == start && branch.from.is_some());
    let mut changes: Vec<String> = changes.take(MAX_NAMED_CHANGES).map(|mark| mark.change.to_string()).collect();
    if changes.is_empty() {
        // What was changed later on it, after all parted.
        let is_later = |mark: &&ChangeMark| mark.at.branch == branch.id && mark.at.step >= parting.unwrap_or(0);
        let later = run.marks.iter().filter(is_later).find(|mark| mark.change.key != EPOCHS);
        changes.extend(later.map(|mark| format!("{} at {}", mark.change, thousands(mark.at.step))));
    }
    BranchRow {
        branch: branch.id,
        name: branch.title(),
        guides,
        from: branch.from,
        change: changes.join(", "),
        newest_step: branch.tip.max(begins),
        is_current: branch.id == run.branches.current_branch(),
        is_history: run.lineage().stretches().iter().any(|stretch| stretch.branch == branch.id),
        look: run.branches.look_of(branch.id),
        results: judged.iter().map(|figure| branch_result(run, branch.id, figure, parting.unwrap_or(0))).collect(),
    }
}

fn branch_result(run: &Run, branch: BranchId, figure: &JudgedFigure, parting: u64) -> BranchResult {
    let track = run.metrics.curve_track(figure.curve);
    if !figure.shown.is_evaluated {
        let newest = track.newest_mean_on_branch(branch, RECENT_MINIBATCHES);
        return BranchResult { newest, ..BranchResult::default() };
    }
    let best = track
        .extent_on_branch_after(branch, parting)
        .map(|extent| if figure.better == Better::Lower { extent.min } else { extent.max });
    BranchResult { best, newest: track.newest_on_branch(branch).map(|(_, value)| value), is_best_of_all: false }
}

/// Marks the rows with the best value, unless there is only one branch.
fn mark_best(rows: &mut [BranchRow], place: usize, better: Better) {
    let best = rows.iter().filter_map(|row| row.results[place].best);
    let best = if better == Better::Lower { best.reduce(f64::min) } else { best.reduce(f64::max) };
    let several = rows.len() > 1;
    for result in rows.iter_mut().map(|row| &mut row.results[place]) {
        result.is_best_of_all = several && result.best.is_some() && result.best == best;
    }
}

/// What was done to a run, the newest first: by branches, and on each in its order.
pub(super) fn ledger_rows(run: &Run) -> Vec<LedgerRow> {
    let mut rows = Vec::new();
    for branch in run.branches.all() {
        let name = branch.title();
        let row = |step: u64, text: String| LedgerRow { step, branch: name.clone(), text };
        if let Some(from) = branch.from {
            let parent = run.branches.branch(from.branch).map(Branch::title);
            rows.push(row(from.step, parent.map_or_else(|| "begins".into(), |parent| format!("leaves {parent}"))));
        }
        // What follows from something else was not done to it.
        let marks = run.marks.iter().filter(|mark| mark.at.branch == branch.id);
        let done = marks.filter(|mark| mark.change.by != Some(ChangedBy::Source));
        rows.extend(done.map(|mark| row(mark.at.step, mark.change.to_string())));
    }
    rows.reverse();
    rows
}
