//! What the worker does with each request.

use std::{ops::ControlFlow, time::Instant};

use crate::protocol::{Change, Command, CommandId, Event, RangeTestPlan, Request, RunState, TroubleKind};

use super::{RunMode, TrainingDriver, range_test::test_learning_rates, steering::RunSteering};

impl TrainingDriver<'_> {
    /// Carries a request out or refuses it; breaks on a stop.
    pub(super) fn handle_request(&mut self, request: Request) -> ControlFlow<()> {
        let Request { id, command } = request;
        let done = match command {
            // Answered with all others that are open, when nothing is computed any more.
            Command::Stop => return ControlFlow::Break(()),
            // Answered when the goal is reached.
            Command::Advance { count: 0 } => Err("count is 0; it must be at least 1".into()),
            Command::Advance { count } => return self.request_advance(id, |from| from.saturating_add(count)),
            Command::AdvanceEpoch => {
                let epoch = self.trainer.steps_per_epoch();
                return self.request_advance(id, |from| (from / epoch + 1).saturating_mul(epoch));
            }
            Command::Pause => self.request_pause(),
            Command::Resume => self.request_resume(),
            Command::AdvancePhase => self.request_phase(),
            Command::Evaluate => self.request_evaluation(),
            Command::Set { key, value } => self.change_settings(|steering| steering.set_hyperparameter(&key, value)),
            Command::SetSchedule { schedule } => self.change_settings(|steering| steering.set_schedule(&schedule)),
            Command::SetThrottle { steps_per_second } => {
                self.change_settings(|steering| steering.set_throttle(steps_per_second))
            }
            Command::Extend { epochs } => self.request_extension(epochs),
            Command::Inspect { query } => self.split_queries().1.answer_once(query),
            Command::Watch { queries } => self.watch_list.replace(queries, &self.trainer),
            Command::Save => self.save(self.state == RunState::Finished && self.is_complete()),
            Command::Rewind { step, branch } => self.request_rewind(branch, step),
            Command::RenameBranch(name) => self.rename_branch(name),
            Command::DeleteBranch { branch } => self.delete_branch(branch),
            Command::SkipMinibatch => self.change_settings(|steering| steering.skip_minibatch()),
            Command::Silence { kind, layer } => self.request_silence(kind, layer),
            Command::TestLearningRates(plan) => self.request_range_test(&plan),
            // What could be given up takes it out of the inbox itself.
            Command::Cancel => Ok(()),
            Command::Unknown => Err("this engine knows no such command".into()),
        };
        let step = self.trainer.completed();
        self.link.answer(id, done.map(|()| step));
        ControlFlow::Continue(())
    }

    fn check_unfinished(&self) -> Result<(), String> {
        if self.state == RunState::Finished {
            return Err(format!("the run is finished at step {}; extend it first", self.trainer.completed()));
        }
        Ok(())
    }

    fn request_pause(&mut self) -> Result<(), String> {
        self.check_unfinished()?;
        if self.mode != RunMode::Waiting {
            self.pause(None);
        }
        Ok(())
    }

    fn request_resume(&mut self) -> Result<(), String> {
        self.check_unfinished()?;
        if self.mode != RunMode::ToEnd {
            self.give_up_goals();
            self.resume_until_end();
        }
        Ok(())
    }

    fn request_phase(&mut self) -> Result<(), String> {
        self.check_unfinished()?;
        if self.trainer.completed() >= self.trainer.total_steps() {
            return Err("no minibatch is left to train; extend the run first".into());
        }
        if self.mode != RunMode::Waiting {
            return Err("the phases of a minibatch are for a run that is paused; pause it first".into());
        }
        self.advance_walk();
        Ok(())
    }

    fn request_evaluation(&mut self) -> Result<(), String> {
        if !self.evaluate() {
            return Err("the evaluation was cut short".into());
        }
        let (watch_list, mut answerer) = self.split_queries();
        watch_list.refresh_predictions(&mut answerer);
        Ok(())
    }

    /// Tests learning rates; the run waits meanwhile.
    fn request_range_test(&mut self, plan: &RangeTestPlan) -> Result<(), String> {
        self.timing.training_time.set_running(false, Instant::now());
        let done = test_learning_rates(plan, &mut self.trainer, self.link);
        self.timing.training_time.set_running(self.state == RunState::Running, Instant::now());
        self.timing.restart();
        done
    }

    fn request_silence(&mut self, kind: TroubleKind, layer: Option<usize>) -> Result<(), String> {
        let layers = self.trainer.network().layer_infos().len();
        if kind == TroubleKind::Unknown {
            return Err("there is no such trouble; valid: not_finite, exploding, spike".into());
        }
        if let Some(layer) = layer.filter(|layer| *layer >= layers) {
            return Err(format!("there is no layer {layer}; valid: from 0 to {}", layers - 1));
        }
        self.reporter.silence(kind, layer);
        Ok(())
    }

    fn request_extension(&mut self, epochs: u64) -> Result<(), String> {
        self.change_settings(|steering| steering.extend(epochs))?;
        if self.state == RunState::Finished {
            self.resume_until_end();
        }
        Ok(())
    }

    pub(super) fn resume_until_end(&mut self) {
        self.trouble = None;
        self.leave_walk();
        self.mode = RunMode::ToEnd;
        self.set_state(RunState::Running, None);
    }

    /// Sets a goal; the answer comes when it is reached. Goals asked for in a row add up.
    fn request_advance(&mut self, id: CommandId, goal: impl FnOnce(u64) -> u64) -> ControlFlow<()> {
        if let Err(reason) = self.goals.check_room().and_then(|()| self.check_unfinished()) {
            self.link.answer(id, Err(reason));
            return ControlFlow::Continue(());
        }
        self.trouble = None;
        let completed = self.trainer.completed();
        let goal = goal(self.goals.last_goal().unwrap_or(completed)).min(self.trainer.total_steps());
        self.goals.add(goal, id);
        self.leave_walk();
        if self.mode == RunMode::Waiting {
            self.timing.restart();
        }
        self.mode = RunMode::ToGoal;
        // A single minibatch is over before the state could be seen.
        if self.state != RunState::Running && goal > completed + 1 {
            self.set_state(RunState::Running, None);
        }
        ControlFlow::Continue(())
    }

    /// Changes the run's settings, and reports what has changed and how they all stand then.
    fn change_settings(
        &mut self,
        change: impl FnOnce(&mut RunSteering<'_>) -> Result<Vec<Change>, String>,
    ) -> Result<(), String> {
        let before = [self.trainer.planned_steps(), self.trainer.total_steps()];
        let changes = change(&mut self.steering())?;
        self.begin_branch_if_behind(changes.first());
        self.record_changes(&changes, before);
        self.report_changes(changes);
        Ok(())
    }

    /// Reports what has changed, and how all settings stand then.
    pub(super) fn report_changes(&mut self, changes: Vec<Change>) {
        let step = self.trainer.completed();
        for change in changes {
            self.link.push(Event::Changed { step, change });
        }
        self.report_controls();
    }
}
