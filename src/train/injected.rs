//! Troubles that a debug build is told to have, so that a test can see what a user would see.

use std::{env, thread, time::Duration};

/// By far longer than anybody waits.
const STALL_TIME: Duration = Duration::from_secs(600);

/// Minibatches that are trained before the step that takes so long.
const STEPS_BEFORE_STALL: u64 = 3;

/// Where the engine may be told to be slow, by `GRADTOP_STALL_AT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StallPlace {
    /// `load`: before the data are read.
    Load,
    /// `step`: in the fourth step.
    Step,
    /// `save`: before a snapshot is written.
    Save,
}

impl StallPlace {
    fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Step => "step",
            Self::Save => "save",
        }
    }
}

/// Step at which a panic is injected.
pub(super) fn panic_step() -> Option<u64> {
    variable("GRADTOP_PANIC_AT_STEP")?.parse().ok()
}

/// Takes very long if it is told to here.
pub(super) fn stall(place: StallPlace, completed: u64) {
    let due = place != StallPlace::Step || completed == STEPS_BEFORE_STALL;
    if due && variable("GRADTOP_STALL_AT").is_some_and(|name| name == place.name()) {
        thread::sleep(STALL_TIME);
    }
}

fn variable(name: &str) -> Option<String> {
    if cfg!(debug_assertions) { env::var(name).ok() } else { None }
}
