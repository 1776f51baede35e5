//! What of a run can be changed while it goes on.

use crate::{
    optim::{self, Schedule},
    protocol::{
        Change, ChangedBy, Controls, HyperParameter, LEARNING_RATE, MAX_EPOCHS, Range, Setting, THROTTLE,
        change::{EFFECTIVE_RATE, EPOCHS, SCHEDULE, SKIP},
    },
    text::nearest,
    train::{
        PLANNED_STEPS, Trainer,
        timing::{RunTiming, StepThrottle},
    },
};

/// Prefix of the optimizer's own hyperparameters among the keys of the protocol.
const OPTIMIZER_PREFIX: &str = "optimizer.";

/// Key of the largest gradient norm; 0 leaves gradients alone.
const CLIP_NORM: &str = "optimizer.clip_norm";

/// Changes the settings of a run. Each way to do so checks what it is given and gives what has changed.
pub(super) struct RunSteering<'a> {
    pub trainer: &'a mut Trainer,
    pub timing: &'a mut RunTiming,
}

impl RunSteering<'_> {
    /// Sets a hyperparameter.
    ///
    /// # Errors
    /// When there is none of that key, or the value is invalid; the reason says what is valid. The same holds for the
    /// other ways.
    pub fn set_hyperparameter(&mut self, key: &str, value: f64) -> Result<Vec<Change>, String> {
        let controls = describe_controls(self.trainer, &self.timing.throttle);
        let Some(parameter) = controls.hyperparameters.iter().find(|parameter| parameter.key == key) else {
            let keys = controls.hyperparameters.iter().map(|parameter| parameter.key.as_str());
            let hint = nearest(key, keys.clone()).map_or_else(|| ".".into(), |near| format!("; did you mean {near}?"));
            return Err(format!("there is no {key:?} to set{hint} Valid: {}", keys.collect::<Vec<_>>().join(", ")));
        };
        if !parameter.range.contains(value) {
            return Err(format!("{key} can't be {value}; valid: {}", parameter.range));
        }
        let update_rule = self.trainer.update_rule_mut();
        match key {
            LEARNING_RATE => update_rule.learning_rate = value,
            CLIP_NORM => update_rule.clip_norm = (value > 0.0).then_some(value),
            _ => {
                let name = key.strip_prefix(OPTIMIZER_PREFIX).unwrap_or(key);
                update_rule.set_hyperparameter(name, value).map_err(|error| error.to_string())?;
            }
        }
        Ok(setting_change(key, Setting::of(parameter.value), Setting::of(value), ChangedBy::Viewer)
            .into_iter()
            .collect())
    }

    /// Replaces the schedule by the one that `text` describes.
    pub fn set_schedule(&mut self, text: &str) -> Result<Vec<Change>, String> {
        let schedule: Schedule = text.parse().map_err(|error: optim::ScheduleError| error.to_string())?;
        let update_rule = self.trainer.update_rule_mut();
        let [before, after] = [update_rule.schedule, schedule].map(|schedule| Setting::Text(schedule.to_string()));
        update_rule.schedule = schedule;
        Ok(setting_change(SCHEDULE, before, after, ChangedBy::Viewer).into_iter().collect())
    }

    /// Sets the limit in minibatches a second; `None` is no limit.
    pub fn set_throttle(&mut self, steps_per_second: Option<f64>) -> Result<Vec<Change>, String> {
        if let Some(limit) = steps_per_second.filter(|limit| !THROTTLE.contains(*limit)) {
            return Err(format!("the throttle can't be {limit}; valid: {THROTTLE} minibatches a second, or off"));
        }
        self.timing.set_limit(steps_per_second);
        Ok(Vec::new())
    }

    /// Leaves out the update of a minibatch, which is one that is yet to be trained.
    pub fn skip_minibatch(&mut self, minibatch: u64) -> Result<Vec<Change>, String> {
        if minibatch > self.trainer.total_steps() {
            return Err("no minibatch is left to skip; extend the run first".into());
        }
        Ok(self.skip(minibatch))
    }

    fn skip(&mut self, minibatch: u64) -> Vec<Change> {
        if self.trainer.skipped() == Some(minibatch) {
            return Vec::new();
        }
        self.trainer.set_skipped(Some(minibatch));
        let by = Some(ChangedBy::Viewer);
        vec![Change { key: SKIP.into(), from: None, to: Setting::Count(minibatch), by }]
    }

    /// Sets what a [`Change`] of this key sets, to an absolute value: a hyperparameter, the schedule, the planned length,
    /// the minibatch to skip.
    pub fn apply(&mut self, key: &str, to: &Setting) -> Result<Vec<Change>, String> {
        match (key, to) {
            (PLANNED_STEPS, Setting::Count(steps)) => {
                self.trainer.set_planned_steps(*steps);
                Ok(Vec::new())
            }
            (SCHEDULE, Setting::Text(text)) => self.set_schedule(text),
            (SKIP, Setting::Count(minibatch)) => Ok(self.skip(*minibatch)),
            _ => match to.number() {
                Some(value) => self.set_hyperparameter(key, value),
                None => Err(format!("{key} can't be {to}; valid: a number")),
            },
        }
    }

    /// Whether [`Self::apply`] knows this key; changes of others follow from it.
    pub fn is_repeatable(key: &str) -> bool {
        ![EPOCHS, EFFECTIVE_RATE].contains(&key)
    }

    /// Puts the end of the run `epochs` further away.
    pub fn extend(&mut self, epochs: u64) -> Result<Vec<Change>, String> {
        if !(1..=MAX_EPOCHS).contains(&epochs) {
            return Err(format!("a run can't be extended by {epochs} epochs; valid: from 1 to {MAX_EPOCHS}"));
        }
        let epochs_and_rate = |trainer: &Trainer| {
            let epochs = trainer.total_steps() as f64 / trainer.steps_per_epoch() as f64;
            [epochs, trainer.learning_rate_at(trainer.completed())].map(Setting::of)
        };
        let [epochs_before, rate_before] = epochs_and_rate(self.trainer);
        self.trainer.extend(epochs);
        let [epochs_after, rate_after] = epochs_and_rate(self.trainer);
        // A schedule that spans the run spans the longer run.
        let changes = [
            setting_change(EPOCHS, epochs_before, epochs_after, ChangedBy::Viewer),
            setting_change(EFFECTIVE_RATE, rate_before, rate_after, ChangedBy::Source),
        ];
        Ok(changes.into_iter().flatten().collect())
    }
}

/// What can be steered, and how it stands.
pub(super) fn describe_controls(trainer: &Trainer, throttle: &StepThrottle) -> Controls {
    let update_rule = trainer.update_rule();
    let range = |key: &str| optim::hyperparameter_range(key).unwrap_or(Range::closed(0.0, f64::MAX));
    let parameter = |(key, value)| HyperParameter { key: format!("{OPTIMIZER_PREFIX}{key}"), value, range: range(key) };
    let first = ("lr", update_rule.learning_rate);
    let last = ("clip_norm", update_rule.clip_norm.unwrap_or(0.0));
    let hyperparameters = [first].into_iter().chain(update_rule.optimizer().hyperparameters()).chain([last]);
    Controls {
        hyperparameters: hyperparameters.map(parameter).collect(),
        schedule: Some(update_rule.schedule.to_string()),
        throttle: throttle.steps_per_second(),
        total_steps: Some(trainer.total_steps()),
    }
}

/// A change; `None` where the setting already was what it is set to.
fn setting_change(key: &str, from: Setting, to: Setting, by: ChangedBy) -> Option<Change> {
    (from != to).then(|| Change { key: key.into(), from: Some(from), to, by: Some(by) })
}
