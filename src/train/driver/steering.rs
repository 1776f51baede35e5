//! What the worker does with each request.

use std::ops::ControlFlow;

use crate::{
    optim::{self, Schedule},
    protocol::{
        Change, ChangedBy, Command, CommandId, Controls, Event, HyperParameter, LEARNING_RATE, MOST_EPOCHS, Range,
        Request, RunState, Setting, THROTTLE,
        change::{EFFECTIVE_RATE, EPOCHS, SCHEDULE},
    },
    text::nearest,
    train::pace::Pace,
};

use super::{Drive, Driver};

/// Prefix of the optimizer's own hyperparameters among the keys of the protocol.
const OPTIMIZER: &str = "optimizer.";

/// Key of the largest gradient norm; 0 leaves gradients alone.
const CLIP_NORM: &str = "optimizer.clip_norm";

/// Requests to advance that may wait for their steps, at most.
const MAX_GOALS: usize = 4096;

impl Driver<'_> {
    /// Carries a request out or refuses it; breaks on a stop.
    pub(super) fn handle(&mut self, request: Request) -> ControlFlow<()> {
        let Request { id, command } = request;
        let done = match command {
            // Answered with all others that are open, when nothing is computed any more.
            Command::Stop => return ControlFlow::Break(()),
            Command::Pause => self.request_pause(),
            Command::Resume => self.request_resume(),
            Command::Advance { count } => return self.advance(id, |from| from.saturating_add(count.max(1))),
            Command::AdvanceEpoch => {
                let epoch = self.trainer.steps_per_epoch();
                return self.advance(id, |from| (from / epoch + 1).saturating_mul(epoch));
            }
            Command::Set { key, value } => self.set(&key, value),
            Command::SetSchedule { schedule } => self.set_schedule(&schedule),
            Command::SetThrottle { steps_per_second } => self.set_throttle(steps_per_second),
            Command::Extend { epochs } => self.extend(epochs),
            Command::Inspect { query } => self.inspect(query),
            Command::Watch { queries } => self.watch_queries(queries),
            Command::Unknown => Err("this engine knows no such command".into()),
            Command::AdvancePhase => self.request_phase(),
            Command::Evaluate => {
                if self.evaluate() {
                    self.refresh_watched();
                    Ok(())
                } else {
                    Err("the evaluation was cut short".into())
                }
            }
        };
        let step = self.trainer.completed();
        self.inbox.answer(id, done.map(|()| step), self.outbox);
        ControlFlow::Continue(())
    }

    fn not_finished(&self) -> Result<(), String> {
        if self.state == RunState::Finished {
            return Err(format!("the run is finished at step {}; extend it first", self.trainer.completed()));
        }
        Ok(())
    }

    fn request_pause(&mut self) -> Result<(), String> {
        self.not_finished()?;
        if self.drive != Drive::Wait {
            self.pause(None);
        }
        Ok(())
    }

    fn request_resume(&mut self) -> Result<(), String> {
        self.not_finished()?;
        if self.drive != Drive::Free {
            self.give_up_goals();
            self.leave_walk();
            self.drive = Drive::Free;
            self.set_state(RunState::Running, None);
        }
        Ok(())
    }

    fn request_phase(&mut self) -> Result<(), String> {
        self.not_finished()?;
        if self.drive != Drive::Wait {
            return Err("the phases of a minibatch are for a run that is paused; pause it first".into());
        }
        self.walk();
        Ok(())
    }

    /// Leaves it to the training to complete the minibatch that somebody walks through.
    fn leave_walk(&mut self) {
        self.trainer.leave_walk();
        self.tell_walk();
    }

    /// Sets a goal; the answer comes when it is reached. Goals asked for in a row add up.
    fn advance(&mut self, id: CommandId, goal: impl FnOnce(u64) -> u64) -> ControlFlow<()> {
        let allowed = if self.goals.len() < MAX_GOALS {
            self.not_finished()
        } else {
            Err(format!("{MAX_GOALS} requests to advance wait already"))
        };
        if let Err(reason) = allowed {
            self.inbox.answer(id, Err(reason), self.outbox);
            return ControlFlow::Continue(());
        }
        let completed = self.trainer.completed();
        let from = self.goals.back().map_or(completed, |&(goal, _)| goal);
        let goal = goal(from).min(self.trainer.total_steps());
        self.goals.push_back((goal, id));
        self.leave_walk();
        let was_waiting = self.drive == Drive::Wait;
        self.drive = Drive::ToGoal;
        if was_waiting {
            self.pace.restart();
            self.rate.restart();
        }
        // A single minibatch is over before anybody could see that it runs.
        if self.state != RunState::Running && goal > completed + 1 {
            self.set_state(RunState::Running, None);
        }
        ControlFlow::Continue(())
    }

    fn set(&mut self, key: &str, value: f64) -> Result<(), String> {
        let controls = self.controls();
        let Some(parameter) = controls.hyperparameters.iter().find(|parameter| parameter.key == key) else {
            let keys = controls.hyperparameters.iter().map(|parameter| parameter.key.as_str());
            let hint = nearest(key, keys.clone()).map_or_else(|| ".".into(), |near| format!("; did you mean {near}?"));
            return Err(format!("there is no {key:?} to set{hint} Valid: {}", keys.collect::<Vec<_>>().join(", ")));
        };
        if !parameter.range.contains(value) {
            return Err(format!("{key} can't be {value}; valid: {}", parameter.range));
        }
        let before = parameter.value;
        match key {
            LEARNING_RATE => self.trainer.set_learning_rate(value),
            CLIP_NORM => self.trainer.set_clip_norm((value > 0.0).then_some(value)),
            _ => self
                .trainer
                .optimizer
                .set(key.strip_prefix(OPTIMIZER).unwrap_or(key), value)
                .map_err(|error| error.to_string())?,
        }
        self.changed(key, Setting::of(before), Setting::of(value), ChangedBy::Viewer);
        self.report_controls();
        Ok(())
    }

    fn set_schedule(&mut self, text: &str) -> Result<(), String> {
        let schedule: Schedule = text.parse().map_err(|error: optim::ScheduleError| error.to_string())?;
        let (before, after) = (self.trainer.schedule().to_string(), schedule.to_string());
        self.trainer.set_schedule(schedule);
        self.changed(SCHEDULE, Setting::Text(before), Setting::Text(after), ChangedBy::Viewer);
        self.report_controls();
        Ok(())
    }

    fn set_throttle(&mut self, steps_per_second: Option<f64>) -> Result<(), String> {
        if let Some(rate) = steps_per_second.filter(|rate| !THROTTLE.contains(*rate)) {
            return Err(format!("the throttle can't be {rate}; valid: {THROTTLE} minibatches a second, or off"));
        }
        self.pace = Pace::new(steps_per_second);
        self.report_controls();
        Ok(())
    }

    fn extend(&mut self, epochs: u64) -> Result<(), String> {
        if !(1..=MOST_EPOCHS).contains(&epochs) {
            return Err(format!("a run can't be extended by {epochs} epochs; valid: from 1 to {MOST_EPOCHS}"));
        }
        let length =
            |driver: &Self| Setting::of(driver.trainer.total_steps() as f64 / driver.trainer.steps_per_epoch() as f64);
        let (epochs_before, rate_before) = (length(self), self.trainer.effective_lr());
        self.trainer.extend(epochs);
        let rate = self.trainer.effective_lr();
        self.changed(EPOCHS, epochs_before, length(self), ChangedBy::Viewer);
        // A schedule that spans the run spans the longer run.
        if rate != rate_before {
            self.changed(EFFECTIVE_RATE, Setting::of(rate_before), Setting::of(rate), ChangedBy::Source);
        }
        self.report_controls();
        if self.state == RunState::Finished {
            self.leave_walk();
            self.drive = Drive::Free;
            self.set_state(RunState::Running, None);
        }
        Ok(())
    }

    fn changed(&mut self, key: &str, from: Setting, to: Setting, by: ChangedBy) {
        // What is set to what it was changes nothing.
        if from == to {
            return;
        }
        let change = Change { key: key.into(), from: Some(from), to, by: Some(by) };
        self.outbox.push(Event::Changed { step: self.trainer.completed(), change });
    }

    /// Tells what can be steered and how it stands.
    pub(super) fn report_controls(&mut self) {
        let controls = self.controls();
        self.outbox.push(Event::Controls(controls));
    }

    fn controls(&self) -> Controls {
        let range = |key: &str| optim::range(key).unwrap_or(Range::closed(0.0, f64::MAX));
        let parameter =
            |key: &str, value| HyperParameter { key: format!("{OPTIMIZER}{key}"), value, range: range(key) };
        let mut hyperparameters = vec![parameter("lr", self.trainer.learning_rate())];
        hyperparameters
            .extend(self.trainer.optimizer.hyperparameters().into_iter().map(|(key, value)| parameter(key, value)));
        hyperparameters.push(parameter("clip_norm", self.trainer.clip_norm().unwrap_or(0.0)));
        Controls {
            hyperparameters,
            schedule: Some(self.trainer.schedule().to_string()),
            throttle: self.pace.steps_per_second(),
            total_steps: Some(self.trainer.total_steps()),
        }
    }
}
