//! Going back to an earlier step, or over to another branch: where that is, and why it can't be.

use crate::protocol::{BranchId, Command};
use crate::text::thousands;

use super::branches::Branch;
use super::follow_up::FollowUp;
use super::rewind::RewindTarget;
use super::run::Run;
use super::typed::parse_step;
use super::watched::WatchedRun;

/// Gives up going to another place.
pub(super) fn cancel_rewind(watched: &WatchedRun) -> FollowUp {
    if watched.is_cancelling() {
        return FollowUp::good_notice("cancelling already");
    }
    FollowUp::Send(Command::Cancel)
}

/// The place at a step of the run as it is shown, to be asked about.
///
/// # Errors
/// Why the run can't go there.
pub(super) fn shown_target(watched: &WatchedRun, step: u64) -> Result<RewindTarget, String> {
    checked_target(watched, watched.shown(), step)
}

/// The place at a step that was typed, of the run as it is now.
///
/// # Errors
/// What is wrong with it.
pub(super) fn typed_target(watched: &WatchedRun, text: &str) -> Result<RewindTarget, String> {
    let step = parse_step(text, watched.live().step_extent().tip)?;
    checked_target(watched, watched.live(), step)
}

/// The newest step of a branch, as the run is now.
///
/// # Errors
/// Why the run can't go there.
pub(super) fn newest_target(watched: &WatchedRun, branch: BranchId) -> Result<RewindTarget, String> {
    check_not_under_way(watched)?;
    let live = watched.live();
    let branch = known_branch(live, branch)?;
    if branch.id == live.branches.current_branch() && live.step == branch.tip {
        return Err(format!("the run is at the newest step of {} already", branch.title()));
    }
    let (id, step, branch_name) = (branch.id, branch.tip, branch.title_in_sentence());
    Ok(RewindTarget { branch: id, step, branch_name, newest: true })
}

fn checked_target(watched: &WatchedRun, run: &Run, step: u64) -> Result<RewindTarget, String> {
    check_not_under_way(watched)?;
    let live = watched.live();
    let target = target_on_the_way(run, live, step)?;
    let there = live.lineage().position_at(live.step).is_some_and(|at| at.branch == target.branch);
    if there && step == live.step {
        return Err(format!("the run is at step {} already", thousands(step)));
    }
    Ok(target)
}

fn check_not_under_way(watched: &WatchedRun) -> Result<(), String> {
    match watched.rewind_progress() {
        Some(_) => Err("the run is on its way already; Esc cancels that".into()),
        None => Ok(()),
    }
}

fn known_branch(live: &Run, branch: BranchId) -> Result<&Branch, String> {
    live.branches.branch(branch).ok_or_else(|| format!("branch {} is not there any more", branch.0))
}

/// The place after so many minibatches on the way to the newest step of the branch that `run`, the run as it is or was
/// shown, is on. How far that branch goes by now is known of the `live` run.
fn target_on_the_way(run: &Run, live: &Run, step: u64) -> Result<RewindTarget, String> {
    let at = run.branches.way_to_tip().position_at(step);
    let at = at.ok_or_else(|| format!("step {} is not known here", thousands(step)))?;
    let branch = known_branch(live, at.branch)?;
    let (branch_name, newest) = (branch.title_in_sentence(), step >= branch.tip);
    Ok(RewindTarget { branch: at.branch, step, branch_name, newest })
}
