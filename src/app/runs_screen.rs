//! The Runs screen: the branches of the run, what was done to it, and other recorded runs.

use std::path::Path;

use crate::protocol::{BranchId, BranchName, Command, MAX_BRANCH_NAME};

use super::actions::Action;
use super::branch_tree::{BranchRow, BranchTree, LedgerRow, ledger_rows};
use super::branches::MAX_DRAWN_FUTURES;
use super::chart_view::ChartView;
use super::follow_up::FollowUp;
use super::ghosts::{Ghost, RecordedRun};
use super::needs::REWIND_NEEDS;
use super::rewind::RewindTarget;
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
            (Action::LayOver, Panel::Branches) => self.toggle_branch(charts, watched),
            (Action::Open, Panel::Branches) => self.screen(charts, watched).switch_branch(),
            (Action::DeleteBranch, _) => self.screen(charts, watched).delete_branch(),
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

    /// Hides the curves of the selected branch, or shows them again.
    fn toggle_branch(self, charts: &mut ChartView, watched: &WatchedRun) -> FollowUp {
        let Some(row) = self.screen(charts, watched).selected_branch() else { return FollowUp::Done };
        if charts.hidden_branches.contains(&row.branch) {
            charts.hidden_branches.retain(|branch| *branch != row.branch);
            return FollowUp::Done;
        }
        match row.look {
            Some(_) => charts.hidden_branches.push(row.branch),
            None if row.is_history => return FollowUp::good_notice(format!("{} is the curve of the charts", row.name)),
            None => {
                return FollowUp::bad_notice(format!(
                    "only {MAX_DRAWN_FUTURES} other branches are drawn, those that began last"
                ));
            }
        }
        FollowUp::Done
    }

    /// Moves the selection in a panel.
    pub(super) fn move_selection(&mut self, by: isize, panel: Panel, charts: &ChartView, watched: &WatchedRun) {
        let screen = self.screen(charts, watched);
        let moved = |now: usize, count: usize| now.saturating_add_signed(by).min(count.saturating_sub(1));
        match panel {
            Panel::Branches => {
                let (tree, selected) = screen.branches();
                self.branch = tree.rows.get(moved(selected, tree.rows.len())).map(|row| row.branch);
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
                let branch = screen.branches().0.rows.get(row).map(|row| row.branch);
                self.branch = branch.or(self.branch);
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
        let run = self.watched.shown();
        let tree = BranchTree::of(run, &self.charts.hidden_branches);
        let selected = self.selection.branch.and_then(|branch| tree.row_of(branch));
        let selected = selected.or_else(|| tree.row_of(run.branches.current_branch())).unwrap_or(0);
        (tree, selected)
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
        let here = listed.iter().filter(|run| own.is_none_or(|own| own != run.folder)).map(|run| RecordedRow {
            folder: &run.folder,
            name: &run.name,
            recorded: Some(run),
            ghost: ghosts.ghost_of(&run.folder),
        });
        let rows: Vec<RecordedRow> = elsewhere.chain(here).collect();
        let selected = self.selection.recorded.min(rows.len().saturating_sub(1));
        (rows, selected)
    }

    /// Whether it is known which recorded runs there are.
    pub fn are_runs_listed(&self) -> bool {
        self.charts.ghosts.listed().is_some()
    }

    fn selected_branch(&self) -> Option<BranchRow> {
        let (mut tree, selected) = self.branches();
        (selected < tree.rows.len()).then(|| tree.rows.swap_remove(selected))
    }

    /// Goes over to the newest step of the selected branch.
    fn switch_branch(&self) -> FollowUp {
        if let Some(reason) = self.watched.unmet_reason(REWIND_NEEDS) {
            return FollowUp::bad_notice(reason);
        }
        let Some(row) = self.selected_branch() else { return FollowUp::Done };
        if row.is_current && self.watched.live().step == row.newest_step {
            return FollowUp::good_notice(format!("the run is at the newest step of {} already", row.name));
        }
        let (branch, step) = (row.branch, row.newest_step);
        FollowUp::Rewind(RewindTarget { branch, step, branch_name: row.name, newest: true })
    }

    /// Asks whether to forget the selected branch.
    fn delete_branch(&self) -> FollowUp {
        match self.selected_branch() {
            None => FollowUp::Done,
            Some(row) if row.is_history => FollowUp::bad_notice(format!(
                "the run comes from {}; go over to another branch before deleting it",
                row.name
            )),
            Some(row) => FollowUp::AskToDelete { branch: row.branch },
        }
    }

    /// The selected branch with its name, to be renamed.
    pub(super) fn branch_to_rename(&self) -> Option<BranchName> {
        let row = self.selected_branch()?;
        Some(BranchName { branch: row.branch, name: row.name })
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
