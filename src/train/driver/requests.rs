//! What the worker does with each request.

use std::{ops::ControlFlow, time::Instant};

use crate::{
    protocol::{
        BranchId, BranchName, Branching, Change, Command, CommandId, Event, MAX_BRANCH_NAME, RangeTestPlan, Request,
        Rewound, RunState, TroubleKind,
    },
    text::thousands,
    train::{Intervention, LedgerEntry, Place},
};

use super::{RunMode, TrainingDriver, range_test::test_learning_rates, rewinding::Interruption, steering::RunSteering};

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
                let epoch = self.run.trainer.steps_per_epoch();
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
            Command::Watch { queries } => self.watch_list.replace(queries, &self.run.trainer),
            Command::Save => self.save(),
            Command::Rewind { step, branch } => self.request_rewind(branch, step),
            Command::RenameBranch(name) => self.rename_branch(name),
            Command::DeleteBranch { branch } => self.delete_branch(branch),
            Command::SkipMinibatch => {
                let next = self.run.trainer.completed() + 1;
                self.change_settings(|steering| steering.skip_minibatch(next))
            }
            Command::Silence { kind, layer } => self.request_silence(kind, layer),
            Command::TestLearningRates(plan) => self.request_range_test(&plan),
            // What could be given up takes it out of the inbox itself.
            Command::Cancel => Ok(()),
            Command::Unknown => Err("this engine knows no such command".into()),
        };
        let step = self.run.trainer.completed();
        self.link.answer(id, done.map(|()| step));
        ControlFlow::Continue(())
    }

    fn check_unfinished(&self) -> Result<(), String> {
        if self.state == RunState::Finished {
            return Err(format!("the run is finished at step {}; extend it first", self.run.trainer.completed()));
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
        if self.run.trainer.completed() >= self.run.trainer.total_steps() {
            return Err("no minibatch is left to train; extend the run first".into());
        }
        if self.mode != RunMode::Waiting {
            return Err("the phases of a minibatch are for a run that is paused; pause it first".into());
        }
        self.advance_walk();
        Ok(())
    }

    fn request_evaluation(&mut self) -> Result<(), String> {
        if !self.run.evaluate_here(self.link) {
            return Err("the evaluation was cut short".into());
        }
        let (watch_list, mut answerer) = self.split_queries();
        watch_list.refresh_predictions(&mut answerer);
        Ok(())
    }

    /// Tests learning rates; the run waits meanwhile.
    fn request_range_test(&mut self, plan: &RangeTestPlan) -> Result<(), String> {
        self.run.timing.training_time.set_running(false, Instant::now());
        let done = test_learning_rates(plan, &mut self.run.trainer, self.link);
        self.run.timing.training_time.set_running(self.state == RunState::Running, Instant::now());
        self.run.timing.restart();
        done
    }

    fn request_silence(&mut self, kind: TroubleKind, layer: Option<usize>) -> Result<(), String> {
        let layers = self.run.trainer.network().layer_infos().len();
        if kind == TroubleKind::Unknown {
            return Err("there is no such trouble; valid: not_finite, exploding, spike".into());
        }
        if let Some(layer) = layer.filter(|layer| *layer >= layers) {
            return Err(format!("there is no layer {layer}; valid: from 0 to {}", layers - 1));
        }
        self.run.reporter.silence(kind, layer);
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
        let completed = self.run.trainer.completed();
        let goal = goal(self.goals.last_goal().unwrap_or(completed)).min(self.run.trainer.total_steps());
        self.goals.add(goal, id);
        self.leave_walk();
        if self.mode == RunMode::Waiting {
            self.run.timing.restart();
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
        let before = [self.run.trainer.planned_steps(), self.run.trainer.total_steps()];
        let changes = change(&mut self.run.steering())?;
        if let Some(first) = changes.first() {
            self.begin_branch_if_behind(Some(first));
        }
        self.record_changes(&changes, before);
        self.report_changes(changes);
        Ok(())
    }

    /// Reports what has changed, and how all settings stand then.
    pub(super) fn report_changes(&mut self, changes: Vec<Change>) {
        let step = self.run.trainer.completed();
        for change in changes {
            self.link.push(Event::Changed { step, change });
        }
        self.report_controls();
    }

    /// Goes to the state after `step` minibatches of a branch, or of the current one, and pauses there.
    ///
    /// # Errors
    /// When there is no such step, nothing is kept from which it could be reached, or somebody cancels; the run then
    /// stands where it stood.
    fn request_rewind(&mut self, branch: Option<BranchId>, step: u64) -> Result<(), String> {
        let here = self.run.snapshot_place();
        if !self.run.timeline.tree.is_behind() {
            self.run.timeline.tree.reach(here.place);
        }
        let target = Place { branch: branch.unwrap_or(here.place.branch), step };
        let path = self.run.timeline.tree.path_to(target)?;
        self.run.check_copies_fit()?;
        // What is left behind can be had again.
        if !self.run.timeline.tree.is_behind() && self.run.pending.is_empty() {
            self.run.keep_snapshot();
            self.save_news();
        }
        let nearest = self.run.nearest_snapshot(self.link, &self.spec.train, &path)?;
        self.mode = RunMode::Waiting;
        self.give_up_goals();
        self.leave_walk();
        self.run.timing.training_time.set_running(false, Instant::now());
        match self.run.travel(self.link, &path, nearest) {
            Ok(()) => {
                self.arrive(here.place, path.end());
                Ok(())
            }
            Err(interruption) => {
                // A run that had finished still has.
                if self.state != RunState::Finished {
                    self.set_state(RunState::Paused, None);
                }
                Err(match interruption {
                    Interruption::Cancelled => {
                        format!("given up; the run stands at step {}", thousands(here.place.step))
                    }
                    Interruption::Failed(problem) => problem,
                })
            }
        }
    }

    /// Takes note of the place to which the run went.
    fn arrive(&mut self, left: Place, place: Place) {
        let Place { branch, step } = place;
        let what = Intervention::Rewound { to_branch: branch, to_step: step };
        self.intervene(vec![LedgerEntry { step: left.step, branch: left.branch, what }]);
        (self.saved, self.trouble) = (None, None);
        (self.outcome.step, self.outcome.summary) = (step, None);
        self.watch_list.forget_answers();
        self.link.push(Event::Rewound(Rewound { branch, step }));
        self.report_controls();
        self.set_state(RunState::Paused, None);
    }

    /// Begins a branch if the run went back, because it goes on from there, with something `changed` if that is so.
    pub(super) fn begin_branch_if_behind(&mut self, changed: Option<&Change>) {
        // A change while it repeats what was done after a checkpoint makes a branch as well.
        if self.run.timeline.tree.is_behind() || changed.is_some() && !self.run.pending.is_empty() {
            self.begin_branch(changed.cloned(), Vec::new());
        }
    }

    /// Begins a branch where the run stands, which `changes` are made on; `told` is the change that viewers hear of.
    pub(super) fn begin_branch(&mut self, told: Option<Change>, changes: Vec<Change>) {
        let here = self.run.snapshot_place();
        let Place { branch: parent, step } = here.place;
        let branch = self.run.timeline.tree.next_branch();
        self.run.pending.clear();
        let begins = Intervention::Branched { parent, changes: Some(here.changes) };
        let whats = std::iter::once(begins).chain(changes.into_iter().map(Intervention::Change));
        self.intervene(whats.map(|what| LedgerEntry { step, branch, what }).collect());
        self.link.push(Event::Branched(Branching { branch, parent, at: step, change: told }));
    }

    /// Gives a branch a name, or takes it away.
    ///
    /// # Errors
    /// When there is no such branch, or the name is too long; a sentence.
    fn rename_branch(&mut self, BranchName { branch, name }: BranchName) -> Result<(), String> {
        let step = self.run.timeline.tree.tip(branch)?;
        let length = name.chars().count();
        if length > MAX_BRANCH_NAME {
            return Err(format!("a name of {length} characters is too long; valid: at most {MAX_BRANCH_NAME}"));
        }
        self.intervene(vec![LedgerEntry { step, branch, what: Intervention::Renamed { name: name.clone() } }]);
        self.link.push(Event::BranchRenamed(BranchName { branch, name }));
        Ok(())
    }

    /// Forgets a branch, and those that come from it.
    ///
    /// # Errors
    /// When the run comes from it, or there is none; a sentence.
    fn delete_branch(&mut self, branch: BranchId) -> Result<(), String> {
        self.run.timeline.tree.check_deletable(branch)?;
        let step = self.run.timeline.tree.tip(branch)?;
        self.intervene(vec![LedgerEntry { step, branch, what: Intervention::Deleted {} }]);
        let tree = &self.run.timeline.tree;
        self.run.timeline.snapshots.retain_branches(|at| tree.tip(at.place.branch).is_ok());
        self.link.push(Event::BranchDeleted { branch });
        Ok(())
    }
}
