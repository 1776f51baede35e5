//! The Runs screen: the branches of the run, what was done to it, and other recorded runs.

use std::path::Path;

use crate::protocol::{BranchId, BranchName, Command, MAX_BRANCH_NAME};

use super::actions::Action;
use super::branch_tree::{BranchTree, LedgerRow, branch_order, ledger_rows};
use super::branches::{Branch, MAX_DRAWN_FUTURES};
use super::chart_view::ChartView;
use super::follow_up::FollowUp;
use super::ghosts::{Ghost, RecordedRun};
use super::going_back::newest_target;
use super::needs::REWIND_NEEDS;
use super::screen::Panel;
use super::watched::WatchedRun;

/// What is selected on the Runs screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunsSelection {
    /// The selected branch; until one is selected the current one.
    branch: Option<BranchId>,
    /// First row shown of what was done.
    entry: usize,
    /// Selected row of the recorded runs.
    recorded: usize,
}

impl RunsSelection {
    /// Does what a key stands for.
    pub(super) fn handle_action(
        &mut self,
        action: Action,
        panel: Panel,
        charts: &mut ChartView,
        watched: &WatchedRun,
    ) -> FollowUp {
        match (action, panel) {
            (Action::LayOver | Action::Open, Panel::Recorded) => self.toggle_ghost(charts, watched),
            (Action::LayOver, Panel::Branches) => self.screen(charts, watched).toggle_branch(),
            (Action::Open, Panel::Branches) => self.screen(charts, watched).switch_branch(),
            (Action::DeleteBranch, Panel::Branches) => self.screen(charts, watched).delete_branch(),
            (Action::DeleteBranch, _) => FollowUp::bad_notice("d deletes a branch; Tab goes to the branches"),
            _ => FollowUp::Done,
        }
    }

    /// The screen with this selected.
    pub(super) fn screen<'a>(self, charts: &'a ChartView, watched: &'a WatchedRun) -> RunsScreen<'a> {
        RunsScreen { watched, charts, selection: self }
    }

    fn toggle_ghost(self, charts: &mut ChartView, watched: &WatchedRun) -> FollowUp {
        let (rows, selected) = self.screen(charts, watched).recorded_runs();
        let Some((folder, name)) = rows.get(selected).map(|row| (row.folder.to_path_buf(), row.name.to_owned())) else {
            return FollowUp::bad_notice("there is no recorded run to lay over the charts");
        };
        match charts.ghosts.toggle(&folder, &name) {
            Ok(Some(request)) => FollowUp::Recorded(request),
            Ok(None) => FollowUp::good_notice(format!("{name} no longer lies over the charts")),
            Err(reason) => FollowUp::bad_notice(reason),
        }
    }

    /// Moves the selection in a panel.
    pub(super) fn move_selection(&mut self, by: isize, panel: Panel, charts: &ChartView, watched: &WatchedRun) {
        let screen = self.screen(charts, watched);
        let moved = |now: usize, count: usize| now.saturating_add_signed(by).min(count.saturating_sub(1));
        match panel {
            Panel::Branches => {
                let (branches, selected) = screen.branch_order();
                self.branch = branches.get(moved(selected, branches.len())).copied();
            }
            Panel::Ledger => self.entry = moved(self.entry, screen.ledger().0.len()),
            Panel::Recorded => {
                let (rows, selected) = screen.recorded_runs();
                self.recorded = moved(selected, rows.len());
            }
            _ => {}
        }
    }

    /// Selects a row of a panel, if it has that many.
    pub(super) fn select_row(&mut self, row: usize, panel: Panel, charts: &ChartView, watched: &WatchedRun) {
        let screen = self.screen(charts, watched);
        match panel {
            Panel::Branches => {
                self.branch = screen.branch_order().0.get(row).copied().or(self.branch);
            }
            Panel::Recorded if row < screen.recorded_runs().0.len() => self.recorded = row,
            _ => {}
        }
    }
}

/// Another recorded run as a row.
#[derive(Clone, Copy, Debug)]
pub struct RecordedRow<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Its name, safe to show.
    pub name: &'a str,
    /// What is listed of it; `None` where it is recorded elsewhere.
    pub recorded: Option<&'a RecordedRun>,
    /// How it lies over the charts, if it does.
    pub ghost: Option<&'a Ghost>,
}

/// The Runs screen of the run as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct RunsScreen<'a> {
    watched: &'a WatchedRun,
    charts: &'a ChartView,
    selection: RunsSelection,
}

impl<'a> RunsScreen<'a> {
    /// The branches, and the row that is selected.
    pub fn branches(&self) -> (BranchTree, usize) {
        (BranchTree::of(self.watched.shown()), self.branch_order().1)
    }

    /// The branches in the order of their rows, and the row that is selected.
    pub fn branch_order(&self) -> (Vec<BranchId>, usize) {
        let branches = &self.watched.shown().branches;
        let order = branch_order(branches);
        let row_of = |branch: BranchId| order.iter().position(|other| *other == branch);
        let selected = self.selection.branch.and_then(row_of).or_else(|| row_of(branches.current_branch()));
        (order, selected.unwrap_or(0))
    }

    /// What was done to the run, the newest first, and the first row that is shown.
    pub fn ledger(&self) -> (Vec<LedgerRow>, usize) {
        let rows = ledger_rows(self.watched.shown());
        let first = self.selection.entry.min(rows.len().saturating_sub(1));
        (rows, first)
    }

    /// The other recorded runs, and the row that is selected: those that lie over the charts and are recorded elsewhere,
    /// then all others, the newest first.
    pub fn recorded_runs(&self) -> (Vec<RecordedRow<'a>>, usize) {
        let own = self.watched.live().record.folder.as_deref().map(Path::new);
        let ghosts = &self.charts.ghosts;
        let listed = ghosts.listed().unwrap_or_default();
        let is_listed = |ghost: &Ghost| listed.iter().any(|run| run.folder == ghost.folder);
        let elsewhere = ghosts.iter().filter(|ghost| !is_listed(ghost)).map(|ghost| RecordedRow {
            folder: &ghost.folder,
            name: &ghost.name,
            recorded: None,
            ghost: Some(ghost),
        });
        let here = listed.iter().filter(|run| own.is_none_or(|own| own != run.folder)).map(|run| {
            let ghost = ghosts.ghost_of(&run.folder);
            let name = ghost.map_or(&run.name, |ghost| &ghost.name);
            RecordedRow { folder: &run.folder, name, recorded: Some(run), ghost }
        });
        let rows: Vec<RecordedRow> = elsewhere.chain(here).collect();
        let selected = self.selection.recorded.min(rows.len().saturating_sub(1));
        (rows, selected)
    }

    /// Whether it is known which recorded runs there are.
    pub fn are_runs_listed(&self) -> bool {
        self.charts.ghosts.listed().is_some()
    }

    fn selected_branch(&self) -> &'a Branch {
        let branches = &self.watched.shown().branches;
        let chosen = self.selection.branch.and_then(|branch| branches.branch(branch));
        chosen.unwrap_or(branches.current())
    }

    fn is_history(&self, branch: &Branch) -> bool {
        self.watched.shown().lineage().stretches().iter().any(|stretch| stretch.branch == branch.id)
    }

    /// Hides the curves of the selected branch, or shows them again.
    fn toggle_branch(&self) -> FollowUp {
        let branch = self.selected_branch();
        let branches = &self.watched.shown().branches;
        if branches.is_hidden(branch.id) || branches.look_of(branch.id).is_some() {
            return FollowUp::ToggleBranch(branch.id);
        }
        let name = branch.title();
        if self.is_history(branch) {
            FollowUp::good_notice(format!("{name} is the run's own curve"))
        } else if branch.from.is_some_and(|from| branch.tip <= from.step) {
            FollowUp::good_notice(format!("{name} has no steps of its own"))
        } else {
            FollowUp::bad_notice(format!(
                "only {MAX_DRAWN_FUTURES} other branches are drawn, those that began last; hide one of them first"
            ))
        }
    }

    /// Goes over to the newest step of the selected branch.
    fn switch_branch(&self) -> FollowUp {
        if let Some(reason) = self.watched.unmet_reason(REWIND_NEEDS) {
            return FollowUp::bad_notice(reason);
        }
        match newest_target(self.watched, self.selected_branch().id) {
            Ok(target) => FollowUp::Rewind(target),
            Err(reason) => FollowUp::good_notice(reason),
        }
    }

    /// Asks whether to forget the selected branch.
    fn delete_branch(&self) -> FollowUp {
        let branch = self.selected_branch();
        if self.is_history(branch) {
            let name = branch.title();
            return FollowUp::bad_notice(if branch.id == self.watched.live().branches.current_branch() {
                format!("the run is on {name}; go over to another branch before deleting it")
            } else {
                format!("the run comes from {name}, so that it can't be deleted; o hides its curve")
            });
        }
        FollowUp::AskToDelete { branch: branch.id }
    }

    /// The selected branch with the name that a person gave it, to be renamed.
    pub(super) fn branch_to_rename(&self) -> BranchName {
        let branch = self.selected_branch();
        BranchName { branch: branch.id, name: branch.name.clone() }
    }
}

/// Gives a branch the name that was typed, or says what is wrong with it.
pub(super) fn rename_branch(branch: BranchId, text: &str) -> Result<FollowUp, String> {
    let length = text.chars().count();
    if length > MAX_BRANCH_NAME {
        return Err(format!("the name has {length} characters; at most {MAX_BRANCH_NAME} are valid"));
    }
    Ok(FollowUp::Send(Command::RenameBranch(BranchName { branch, name: text.into() })))
}
