//! The facts of the header line. They are always live, also while the display is frozen.

use crate::protocol::{Command, LEARNING_RATE, Loading, RunState};

use super::App;

/// What the run is doing, what was asked of it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading data, building the network.
    Loading,
    /// Training.
    Running,
    /// Asked to pause.
    Pausing,
    /// Waiting between two minibatches.
    Paused,
    /// Asked to go on.
    Resuming,
    /// Asked to advance by some minibatches and then pause.
    Stepping,
    /// Asked to end.
    Stopping,
    /// The planned minibatches are done.
    Finished,
    /// It can't go on.
    Failed,
    /// It ended.
    Stopped,
}

impl Phase {
    /// Its word: `running`, `pausing…`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Running => "running",
            Self::Pausing => "pausing…",
            Self::Paused => "paused",
            Self::Resuming => "resuming…",
            Self::Stepping => "stepping…",
            Self::Stopping => "stopping…",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// The facts of the header line. Whatever is unknown is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Name of the run, safe to show.
    pub run: String,
    /// What it is doing.
    pub phase: Phase,
    /// Why, where the source said so.
    pub reason: Option<String>,
    /// Work that precedes training.
    pub loading: Option<Loading>,
    /// Minibatches completed.
    pub step: u64,
    /// Minibatch at which the run will finish.
    pub total_steps: Option<u64>,
    /// Share of the planned minibatches that is done, 0 to 1.
    pub progress: Option<f64>,
    /// Epochs completed as a fraction, where there are epochs.
    pub epoch: Option<f64>,
    /// Epochs planned.
    pub total_epochs: Option<f64>,
    /// Seconds to the end, while training.
    pub remaining: Option<f64>,
    /// Samples trained a second of late.
    pub samples_per_second: Option<f64>,
    /// The learning rate.
    pub rate: RateFacts,
    /// The schedule's text, safe to show, and the one asked for.
    pub schedule: Option<String>,
    /// The schedule asked for, safe to show.
    pub schedule_requested: Option<String>,
    /// Limit in minibatches a second and how to lift it: `paced: 40 steps/s, } lifts it`.
    pub pace: Option<String>,
    /// Reports left out because the dashboard was slow.
    pub thinned: u64,
    /// The step at which the display was frozen.
    pub frozen_at: Option<u64>,
    /// Requests on their way, in words: `lr 0.001 → 0.0005 requested`.
    pub requested: Vec<String>,
}

/// The learning rate in all its forms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateFacts {
    /// Set by the person, before the schedule.
    pub base: Option<f64>,
    /// Used by the newest minibatch.
    pub effective: Option<f64>,
    /// Asked for and not yet in effect.
    pub requested: Option<f64>,
}

impl App {
    /// What the run is doing, what was asked of it included.
    pub fn phase(&self) -> Phase {
        let run = self.live();
        match run.state {
            RunState::Failed => return Phase::Failed,
            RunState::Stopped => return Phase::Stopped,
            _ if self.pending().iter().any(|command| *command == Command::Stop) => return Phase::Stopping,
            RunState::Finished if self.pending().is_empty() => return Phase::Finished,
            _ => {}
        }
        let asked = self.pending().iter().rev().find_map(|command| match (command, run.state) {
            (Command::Pause, RunState::Running | RunState::Loading) => Some(Phase::Pausing),
            (Command::Resume, RunState::Paused) => Some(Phase::Resuming),
            (Command::Advance { .. } | Command::AdvanceEpoch, RunState::Running | RunState::Paused) => {
                Some(Phase::Stepping)
            }
            _ => None,
        });
        asked.unwrap_or(match run.state {
            RunState::Loading => Phase::Loading,
            // The run keeps the last state that it knew.
            RunState::Running | RunState::Unknown => Phase::Running,
            RunState::Paused => Phase::Paused,
            RunState::Finished => Phase::Finished,
            RunState::Failed => Phase::Failed,
            RunState::Stopped => Phase::Stopped,
        })
    }

    /// The facts of the header line.
    pub fn header(&self) -> Header {
        let run = self.live();
        let phase = self.phase();
        let total_steps = run.controls.as_ref().and_then(|controls| controls.total_steps);
        let per_epoch = run.info.as_ref().and_then(|info| info.steps_per_epoch).filter(|steps| *steps > 0);
        let moving = matches!(phase, Phase::Running | Phase::Pausing | Phase::Stepping);
        let left = total_steps.map(|total| total.saturating_sub(run.step));
        Header {
            run: run.name.clone(),
            phase,
            reason: run.reason.clone(),
            loading: run.loading.clone(),
            step: run.step,
            total_steps,
            progress: total_steps.filter(|total| *total > 0).map(|total| (run.step as f64 / total as f64).min(1.0)),
            epoch: run.epoch.or(per_epoch.map(|steps| run.step as f64 / steps as f64)),
            total_epochs: total_steps.zip(per_epoch).map(|(total, steps)| total as f64 / steps as f64),
            remaining: left
                .zip(run.steps_per_second())
                .map(|(left, rate)| left as f64 / rate)
                .filter(|seconds| moving && seconds.is_finite()),
            samples_per_second: run.samples_per_second.filter(|_| moving),
            rate: RateFacts {
                base: run.learning_rate(),
                effective: run.effective_rate(),
                requested: self.pending().value(LEARNING_RATE),
            },
            schedule: run.controls.as_ref().and_then(|controls| controls.schedule.clone()),
            schedule_requested: self.pending().schedule().map(super::display::name),
            pace: self.pace(),
            thinned: run.thinned,
            frozen_at: self.frozen_at(),
            requested: self.requested(),
        }
    }
}
