//! What a key or a command takes, and why it can't be had now.

use crate::protocol::{Capability, Query, RunState};

use super::watched::WatchedRun;

/// What an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A source that is there and can do this.
    Source(Capability),
    /// Data and network are ready.
    Ready,
    /// The planned minibatches are not done yet.
    Unfinished,
    /// Nothing is being trained.
    AtRest,
    /// A layer whose output is an image.
    ImageLayer,
}

/// What it takes to look inside.
pub const INSPECT_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Inspect), Requirement::Ready];

/// What it takes to change a hyperparameter.
pub const STEER_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Steer), Requirement::Ready];

/// What it takes to train by a number of minibatches.
pub const ADVANCE_NEEDS: &[Requirement] =
    &[Requirement::Source(Capability::Advance), Requirement::Ready, Requirement::Unfinished];

/// What it takes to pause and to go on.
pub const PAUSE_NEEDS: &[Requirement] =
    &[Requirement::Source(Capability::Pause), Requirement::Ready, Requirement::Unfinished];

/// What it takes to limit the speed.
pub const THROTTLE_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Throttle), Requirement::Ready];

/// What it takes to train further.
pub const EXTEND_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Extend), Requirement::Ready];

/// What it takes to go back and train on with another learning rate.
pub const HALVE_NEEDS: &[Requirement] = &[
    Requirement::Source(Capability::Rewind),
    Requirement::Source(Capability::Steer),
    Requirement::Source(Capability::Pause),
    Requirement::Ready,
];

/// What it takes to go back and train on without a minibatch.
pub const SKIP_NEEDS: &[Requirement] = &[
    Requirement::Source(Capability::Rewind),
    Requirement::Source(Capability::Skip),
    Requirement::Source(Capability::Pause),
    Requirement::Ready,
];

/// What it takes to hear no more of a trouble.
pub const SILENCE_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Silence), Requirement::Ready];

/// What it takes to save the run.
pub const SAVE_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Save), Requirement::Ready];

/// What it takes to test learning rates.
pub const RANGE_TEST_NEEDS: &[Requirement] = &[Requirement::Source(Capability::RangeTest), Requirement::Ready];

/// What it takes to go back, and to do something with branches.
pub const REWIND_NEEDS: &[Requirement] = &[Requirement::Source(Capability::Rewind), Requirement::Ready];

/// What it takes to go through the phases of a minibatch.
pub const WALK_NEEDS: &[Requirement] =
    &[Requirement::Source(Capability::Phase), Requirement::Ready, Requirement::Unfinished, Requirement::AtRest];

/// What it takes to show the channels of a layer.
pub const MAPS_NEEDS: &[Requirement] =
    &[Requirement::Source(Capability::Inspect), Requirement::Ready, Requirement::ImageLayer];

/// What it takes to check gradients.
pub const GRADIENT_CHECK_NEEDS: &[Requirement] =
    &[Requirement::Source(Capability::Inspect), Requirement::Ready, Requirement::AtRest];

const RUN_FINISHED_REASON: &str = "the run has finished";
const TRAINING_GOES_ON_REASON: &str = "the training goes on";

/// Why a recorded run can't do this.
const fn recorded_reason(capability: Capability) -> &'static str {
    match capability {
        Capability::Pause
        | Capability::Advance
        | Capability::Throttle
        | Capability::Phase
        | Capability::Extend
        | Capability::Skip
        | Capability::Silence
        | Capability::RangeTest => "a recorded run isn't trained here; gradtop resume goes on with it",
        Capability::Steer => "a recorded run can't be changed; gradtop resume goes on with it",
        Capability::Evaluate => "a recorded run can't be evaluated here; gradtop evaluate does that",
        Capability::Inspect => "a recorded run can't be asked about samples and layers; gradtop resume goes on with it",
        Capability::Save => "this run is recorded already",
        Capability::Rewind => "a recorded run can't go back here; gradtop resume opens it so that it can",
        Capability::Unknown => "a recorded run can't do that",
    }
}

impl WatchedRun {
    /// Why the first of `needs` that is not met is not met.
    pub fn unmet_reason(&self, needs: &[Requirement]) -> Option<&'static str> {
        let run = self.live();
        needs.iter().find_map(|need| match need {
            Requirement::Source(capability) if self.is_recorded() => Some(recorded_reason(*capability)),
            Requirement::Source(_) if run.state == RunState::Failed => Some("the run has failed"),
            Requirement::Source(_) if run.gone || run.state == RunState::Stopped => Some("the run has ended"),
            Requirement::Source(_) if run.capabilities.is_none() => Some("the source has not answered yet"),
            Requirement::Source(capability) if !run.can(*capability) => Some(match capability {
                Capability::Pause => "this source can't be paused",
                Capability::Advance => "this source can't be advanced step by step",
                Capability::Steer => "this source's hyperparameters can't be changed",
                Capability::Throttle => "this source's speed can't be limited",
                Capability::Extend => "this source can't train further",
                Capability::Evaluate => "this source can't evaluate on request",
                Capability::Inspect => "this source doesn't support inspection",
                Capability::Save => "this run is not recorded",
                Capability::Phase => "this source can't go phase by phase",
                Capability::Rewind => "this source can't go back",
                Capability::Skip => "this source can't leave out a minibatch",
                Capability::Silence => "this source can't silence warnings",
                Capability::RangeTest => "this source can't test learning rates",
                Capability::Unknown => "this source can't do that",
            }),
            Requirement::Ready if run.state == RunState::Loading || run.info.is_none() => Some("still loading"),
            Requirement::Unfinished if run.state == RunState::Finished => Some(if run.can(Capability::Extend) {
                "the run has finished; x trains further"
            } else {
                RUN_FINISHED_REASON
            }),
            Requirement::AtRest if !self.is_idle() => Some(if run.can(Capability::Pause) {
                "the training goes on; Space pauses it"
            } else {
                TRAINING_GOES_ON_REASON
            }),
            Requirement::ImageLayer if run.layers.chain().iter().all(|layer| layer.output.len() != 3) => {
                Some("no layer of this network gives images")
            }
            Requirement::Source(_)
            | Requirement::Ready
            | Requirement::Unfinished
            | Requirement::AtRest
            | Requirement::ImageLayer => None,
        })
    }

    /// Why nothing can be inspected, if that is so.
    pub fn inspection_unavailable(&self) -> Option<&str> {
        self.unmet_reason(INSPECT_NEEDS).or(self.query_refusal_reason())
    }

    /// Why there is no answer to these queries, and what will change that.
    pub(super) fn why_unanswered(&self, queries: &[Query]) -> String {
        let reason = self.inspection_unavailable().or(self.empty_answer_reason(queries));
        let waiting = match self.frozen_step() {
            Some(_) => "no data from before the freeze; f unfreezes",
            None => "looking inside…",
        };
        reason.unwrap_or(waiting).to_owned()
    }
}
