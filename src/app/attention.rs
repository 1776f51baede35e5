//! What is worth calling a person back to the terminal for.

use crate::protocol::{Command, RunState};
use crate::text::thousands;

use super::watched::WatchedRun;

/// Whether the source was asked for something that ends the run or pauses it, so that it does not do so by itself.
pub(super) fn is_asked_to_halt(watched: &WatchedRun) -> bool {
    use Command::{Advance, AdvanceEpoch, Pause, Rewind, Stop};
    watched
        .pending()
        .iter()
        .any(|command| matches!(command, Advance { .. } | AdvanceEpoch | Pause | Rewind { .. } | Stop))
}

/// A sentence if the run ended, broke or paused since it was in state `before`, harmless to show. With `asked`, that
/// was asked for, and only a failure is news.
pub(super) fn attention_text(watched: &WatchedRun, before: RunState, asked: bool) -> Option<String> {
    let run = watched.live();
    if run.state == before || watched.is_recorded() {
        return None;
    }
    let under_way = matches!(before, RunState::Running | RunState::Paused);
    let step = thousands(run.step);
    let what = match (run.state, &run.failure, &run.reason) {
        (RunState::Failed, Some(failure), _) => format!("failed at step {step}: {}", failure.what),
        (RunState::Failed, None, _) => format!("failed at step {step}"),
        _ if asked => return None,
        (RunState::Paused, _, Some(reason)) => format!("paused at step {step}: {reason}"),
        (RunState::Finished, _, _) if under_way => format!("finished at step {step}"),
        (RunState::Stopped, _, _) if under_way => format!("stopped at step {step}"),
        _ => return None,
    };
    Some(format!("gradtop: {} {what}", run.name))
}
