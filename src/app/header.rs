//! The facts of the header line. They are always live, also while the display is frozen.

use crate::protocol::{Health, LEARNING_RATE, Loading};
use crate::text::short;

use super::display::harmless_name;
use super::needs::THROTTLE_NEEDS;
use super::rewind::RewindProgress;
use super::watched::{RunPhase, WatchedRun};

/// The facts of the header line. Whatever is unknown is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Name of the run, safe to show.
    pub run: String,
    /// What it is doing.
    pub phase: RunPhase,
    /// How far it is on its way to another place, while it is.
    pub rewinding: Option<RewindProgress>,
    /// The branch that it is on, safe to show, where there are several.
    pub branch: Option<String>,
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
    pub learning_rate: LearningRates,
    /// The schedule's text, safe to show, and the one asked for.
    pub schedule: Option<String>,
    /// The schedule asked for, safe to show.
    pub schedule_requested: Option<String>,
    /// Limit in minibatches a second, and how to lift it where that can be done: `paced: 40 steps/s, } lifts it`.
    pub throttle: Option<String>,
    /// How far the record goes, and whether that is as it should be.
    pub record: Option<(String, Health)>,
    /// Reports left out because the dashboard was slow.
    pub thinned: u64,
    /// The step at which the display was frozen.
    pub frozen_step: Option<u64>,
    /// Requests on their way, in words: `lr 0.001 → 0.0005 requested`.
    pub requested: Vec<String>,
}

/// The learning rate in all its forms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LearningRates {
    /// Set by the person, before the schedule.
    pub base: Option<f64>,
    /// Used by the newest minibatch.
    pub effective: Option<f64>,
    /// Asked for and not yet in effect.
    pub requested: Option<f64>,
}

impl Header {
    /// The facts of a run; `by_default` says that it is throttled because no speed was asked for.
    pub(super) fn of(watched: &WatchedRun, by_default: bool) -> Self {
        let run = watched.live();
        let phase = watched.phase();
        let pending = watched.pending();
        let word = if by_default { "paced" } else { "throttled" };
        let lift = if watched.unmet_reason(THROTTLE_NEEDS).is_none() { ", } lifts it" } else { "" };
        let limit = run.controls.as_ref().and_then(|controls| controls.throttle);
        let total_steps = run.controls.as_ref().and_then(|controls| controls.total_steps);
        let per_epoch = run.info.as_ref().and_then(|info| info.steps_per_epoch).filter(|steps| *steps > 0);
        let is_set = run.hyperparameter(LEARNING_RATE).is_some();
        let moving = matches!(phase, RunPhase::Running | RunPhase::Pausing | RunPhase::Stepping);
        let left = total_steps.map(|total| total.saturating_sub(run.step));
        Self {
            run: run.name.clone(),
            phase,
            rewinding: watched.rewind_progress(),
            branch: (run.branches.count() > 1).then(|| run.branches.current().title()),
            reason: run.reason.clone(),
            loading: run.loading.clone(),
            step: run.step,
            total_steps,
            progress: total_steps.filter(|total| *total > 0).map(|total| (run.step as f64 / total as f64).min(1.0)),
            epoch: run.epoch.or(per_epoch.map(|steps| run.step as f64 / steps as f64)),
            total_epochs: total_steps.zip(per_epoch).map(|(total, steps)| total as f64 / steps as f64),
            remaining: left
                .zip(run.steps_per_second())
                .map(|(left, speed)| left as f64 / speed)
                .filter(|seconds| moving && seconds.is_finite()),
            samples_per_second: run.speed.samples_per_second().filter(|_| moving),
            learning_rate: LearningRates {
                // Of a recorded run only the one that updates used is known.
                base: run.learning_rate().filter(|_| is_set || !watched.is_recorded()),
                effective: run.effective_learning_rate().filter(|_| is_set || watched.is_recorded()),
                requested: pending.requested_value(LEARNING_RATE),
            },
            schedule: run.controls.as_ref().and_then(|controls| controls.schedule.clone()),
            schedule_requested: pending.requested_schedule().map(harmless_name),
            throttle: limit
                .filter(|_| run.is_under_way())
                .map(|limit| format!("{word}: {} steps/s{lift}", short(limit))),
            record: run.record.progress_text(),
            thinned: run.thinned,
            frozen_step: watched.frozen_step(),
            requested: pending.request_texts(run),
        }
    }
}
