//! Actions: the part of the state that does each, what it asks for, and the ways out.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::dialog::Awaited;
use super::follow_up::FollowUp;
use super::message::{Effect, Exit, RunFate, RunOrigin};
use super::needs::STEER_NEEDS;
use super::notices::NoticeTone;
use super::quit::QuitChoice;
use super::screen::{Panel, Screen};
use super::{Action, App, MIN_WINDOW_CELLS, SampleStep, going_back};
use crate::protocol::{Capability, Command, Request, RunState};

/// Most characters of the run's name in the name of a picture.
const MAX_FILE_RUN_NAME_CHARACTERS: usize = 40;

/// Why a request can't be sent now.
const TOO_MANY_REQUESTS: &str = "too many requests wait for an answer already";

impl App {
    /// Does what a key stands for.
    pub(super) fn carry_out_action(&mut self, action: Action) -> Vec<Effect> {
        let follow_up = match action {
            Action::PauseOrResume
            | Action::Advance
            | Action::AdvanceEpoch
            | Action::RaiseLearningRate
            | Action::LowerLearningRate
            | Action::Slower
            | Action::Faster
            | Action::FullSpeed
            | Action::SaveRun => self.watched.handle_steering_action(action),
            Action::TypeLearningRate
            | Action::Extend
            | Action::Follow(SampleStep::Typed)
            | Action::CommandLine
            | Action::Help
            | Action::Scroll(_)
            | Action::Complete
            | Action::Recall(_)
            | Action::Edit(_)
            | Action::Choose { .. }
            | Action::Cancel
            | Action::Confirm
            | Action::Answer(QuitChoice::Cancel) => self.dialog.handle_action(action, &self.watched),
            Action::Rewind => self.ask_to_rewind(),
            Action::Back if self.watched.rewind_progress().is_some() && self.live().can(Capability::Rewind) => {
                going_back::cancel_rewind(&self.watched)
            }
            Action::Remedy(remedy) => self.remedies.handle_remedy(remedy, &self.watched),
            Action::Submit => return self.submit(),
            Action::Open if self.view.screen == Screen::Runs => {
                self.view.handle_action(action, &self.watched, self.size)
            }
            Action::Open => self.open_selected(),
            Action::RenameBranch => self.ask_branch_name(),
            Action::SaveScreen => FollowUp::SaveScreen(None),
            Action::Freeze => {
                self.watched.toggle_freeze();
                FollowUp::Done
            }
            Action::Mouse => return self.toggle_mouse_capture(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Quit => return self.quit(),
            Action::Answer(QuitChoice::Leave(fate)) => return self.stop_and_leave(fate),
            _ => self.view.handle_action(action, &self.watched, self.size),
        };
        self.carry_out_follow_up(follow_up)
    }

    /// Takes the line or the chosen answer, and keeps a line until it is known that what it asks for is not refused.
    fn submit(&mut self) -> Vec<Effect> {
        let (follow_up, line) = self.dialog.submit(&self.watched);
        let sends = matches!(follow_up, FollowUp::Send(_) | FollowUp::Rewind(_));
        let effects = self.carry_out_follow_up(follow_up);
        match (effects.as_slice(), line) {
            ([Effect::Send(Request { id, command: Command::TestLearningRates(_) })], Some(line)) => {
                self.dialog.open_range_test();
                self.dialog.await_answer(line, Awaited::Request(*id));
            }
            ([Effect::Send(request)], Some(line)) => self.dialog.await_answer(line, Awaited::Request(request.id)),
            ([Effect::SaveScreen { .. }], Some(line)) => self.dialog.await_answer(line, Awaited::Screen),
            ([], Some(line)) if sends => self.dialog.reopen(line, TOO_MANY_REQUESTS),
            _ => {}
        }
        effects
    }

    /// Does what a part of the state asks for.
    pub(super) fn carry_out_follow_up(&mut self, follow_up: FollowUp) -> Vec<Effect> {
        match follow_up {
            FollowUp::Done => {}
            FollowUp::Say(tone, text) => self.show_notice(tone, &text),
            FollowUp::Send(command) => return self.send_request(command),
            FollowUp::Rewind(target) => {
                // A picture of before would hide what was asked for.
                self.watched.unfreeze();
                return self.send_request(target.command());
            }
            FollowUp::SendInTurn(commands) => return self.send_in_turn(commands.into()),
            FollowUp::Act(action) => return self.carry_out_action(action),
            FollowUp::FollowSample(choice) => {
                self.view.inspect.follow_sample(choice);
                self.view.show_screen(Screen::Inspect);
            }
            FollowUp::ShowUnit { layer, unit } => self.view.show_unit(layer, unit, &self.watched),
            FollowUp::ShowFigure(name) => self.view.show_figure(&name),
            FollowUp::Recorded(request) => return vec![Effect::Recorded(request)],
            FollowUp::ToggleBranch(branch) => {
                self.watched.toggle_branch(branch);
                self.view.charts.keep_within(self.run().step_extent());
                let branches = &self.run().branches;
                if let Some(hidden) = branches.branch(branch).filter(|_| branches.is_hidden(branch)) {
                    let text = format!("the curve of {} is hidden; o shows it again", hidden.title_in_sentence());
                    self.show_notice(NoticeTone::Good, &text);
                }
            }
            FollowUp::AskToDelete { branch } => self.dialog.ask_to_delete(branch),
            FollowUp::Align(alignment) => match self.view.charts.ghosts.set_alignment(alignment) {
                Ok(()) => match self.view.charts.ghosts.unaligned_text() {
                    Some(reason) => self.show_notice(NoticeTone::Bad, &reason),
                    None => {
                        self.show_notice(NoticeTone::Good, &format!("runs are now aligned by {}", alignment.word()));
                    }
                },
                Err(reason) => self.show_notice(NoticeTone::Bad, &reason),
            },
            FollowUp::SpreadSteps(scale) => {
                let follow_up = self.view.charts.set_step_scale(scale);
                return self.carry_out_follow_up(follow_up);
            }
            FollowUp::SaveScreen(path) => {
                let is_usual_name = path.is_none();
                let path = path.unwrap_or_else(|| self.screenshot_path());
                return vec![Effect::SaveScreen { path, is_usual_name }];
            }
        }
        Vec::new()
    }

    /// Sends the first of these, and the others when it took effect.
    pub(super) fn send_in_turn(&mut self, mut commands: VecDeque<Command>) -> Vec<Effect> {
        let Some(first) = commands.pop_front() else { return Vec::new() };
        let effects = self.send_request(first);
        if let [Effect::Send(request)] = effects.as_slice() {
            self.remedies.await_answer(request.id, commands);
        }
        effects
    }

    /// Asks the source for something, and remembers that until it answers.
    fn send_request(&mut self, command: Command) -> Vec<Effect> {
        if let Some(request) = self.watched.add_request(command) {
            vec![Effect::Send(request)]
        } else {
            self.show_notice(NoticeTone::Bad, TOO_MANY_REQUESTS);
            Vec::new()
        }
    }

    /// Asks whether to go back to the cursor's step, or for a step where there is no cursor.
    fn ask_to_rewind(&mut self) -> FollowUp {
        let cursor = self.view.charts.cursor.filter(|step| self.shown_steps().contains(*step));
        match cursor.map(|step| going_back::shown_target(&self.watched, step)).transpose() {
            Ok(target) => self.dialog.ask_to_rewind(target, self.live().step_of_last_change()),
            Err(reason) => return FollowUp::good_notice(reason),
        }
        FollowUp::Done
    }

    /// Asks for a value of the selected hyperparameter, or gives the focused panel the screen for itself.
    fn open_selected(&mut self) -> FollowUp {
        if self.view.focused_panel() == Panel::Findings
            && let Some(finding) = self.watched.shown().findings.iter().nth(self.view.finding)
            && finding.trouble.is_some()
            && !self.watched.is_recorded()
        {
            self.remedies.offer(finding, self.now);
            return FollowUp::Done;
        }
        if self.view.focused_panel() != Panel::Controls {
            return FollowUp::Act(Action::Expand);
        }
        if let Some(reason) = self.watched.unmet_reason(STEER_NEEDS) {
            return FollowUp::bad_notice(reason);
        }
        match self.watched.hyperparameters().get(self.view.control) {
            Some(parameter) => self.dialog.ask_value(&parameter.key, &self.watched),
            None => FollowUp::Done,
        }
    }

    /// Asks for a name of the selected branch.
    fn ask_branch_name(&mut self) -> FollowUp {
        if self.view.focused_panel() != Panel::Branches {
            return FollowUp::bad_notice("n names a branch; Tab goes to the branches");
        }
        let named = self.runs_screen().branch_to_rename();
        self.dialog.ask_branch_name(&named);
        FollowUp::Done
    }

    fn toggle_mouse_capture(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let text = if self.mouse {
            "mouse taken: click a panel, the wheel zooms"
        } else {
            "mouse given to the terminal, for copying; M takes it back"
        };
        self.show_notice(NoticeTone::Good, text);
        vec![Effect::CaptureMouse(self.mouse)]
    }

    /// Where `p` saves the screen: the run's name and the step, in the folder where the program was started.
    fn screenshot_path(&self) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
        let name: String = self.run().name.chars().take(MAX_FILE_RUN_NAME_CHARACTERS).map(plain).collect();
        let name = if name.is_empty() { "run".into() } else { name };
        format!("gradtop-{name}-{}.svg", self.run().step).into()
    }

    /// Leaves at once when nothing can be lost or when it is said twice; asks otherwise.
    fn quit(&mut self) -> Vec<Effect> {
        if self.dialog.asks_to_quit() || self.leaving.is_some() {
            return self.leave_now(Exit::Asked(self.leaving.unwrap_or_default()));
        }
        // Nobody can answer what can't be seen; the run stays as it is.
        if self.is_too_small() {
            return self.leave_now(Exit::Asked(RunFate::Undecided));
        }
        let live = self.live();
        // While data are read there is nothing to lose.
        let nothing_trained = live.state == RunState::Loading && live.step == 0;
        if self.settings.origin == RunOrigin::Unsaved && live.record.folder.is_some() && !nothing_trained {
            self.dialog.ask_to_keep();
        } else if self.settings.origin == RunOrigin::Recorded || nothing_trained || !live.is_under_way() {
            return self.leave_now(Exit::Asked(RunFate::Undecided));
        } else {
            self.dialog.ask_to_quit();
        }
        Vec::new()
    }

    /// Whether nothing but the size that is needed can be shown.
    fn is_too_small(&self) -> bool {
        self.size.0 < MIN_WINDOW_CELLS.0 || self.size.1 < MIN_WINDOW_CELLS.1
    }

    /// Asks the source to stop; the dashboard leaves when it has.
    fn stop_and_leave(&mut self, fate: RunFate) -> Vec<Effect> {
        let fate = if self.is_too_small() { RunFate::Undecided } else { fate };
        self.dialog.close();
        if !self.live().is_under_way() {
            return self.leave_now(Exit::Asked(fate));
        }
        self.leaving = Some(fate);
        self.send_request(Command::Stop)
    }

    /// Leaves without waiting for anything.
    pub(super) fn leave_now(&mut self, exit: Exit) -> Vec<Effect> {
        let asked = self.live().gone || self.leaving.is_some();
        let stop = if asked { Vec::new() } else { self.send_request(Command::Stop) };
        self.leaving.get_or_insert_default();
        stop.into_iter().chain([Effect::Quit(exit)]).collect()
    }
}
