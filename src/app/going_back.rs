//! Going back to an earlier step, or over to another branch: where that is, and why it can't be.

use crate::protocol::Command;
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
        return FollowUp::good_notice("giving up already");
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

fn checked_target(watched: &WatchedRun, run: &Run, step: u64) -> Result<RewindTarget, String> {
    if watched.rewind_progress().is_some() {
        return Err("the run is on its way already; Esc gives that up".into());
    }
    let target = target_on_the_way(run, step)?;
    let live = watched.live();
    let there = live.lineage().position_at(live.step).is_some_and(|at| at.branch == target.branch);
    if there && step == live.step {
        return Err(format!("the run is at step {} already", thousands(step)));
    }
    Ok(target)
}

/// The place on the way to the newest step of the current branch after so many minibatches.
fn target_on_the_way(run: &Run, step: u64) -> Result<RewindTarget, String> {
    let at = run.branches.way_to_tip().position_at(step);
    let at = at.ok_or_else(|| format!("step {} is not known here", thousands(step)))?;
    let branch = run.branches.branch(at.branch);
    Ok(RewindTarget {
        branch: at.branch,
        step,
        branch_name: branch.map(Branch::title_in_sentence).unwrap_or_default(),
        newest: branch.is_none_or(|branch| step >= branch.tip),
    })
}
