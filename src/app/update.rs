//! Messages and events: what each changes in the state, and what is to be done outside.

use std::time::Duration;

use super::attention::{attention_text, is_asked_to_halt};
use super::dialog::Awaited;
use super::ghosts::RecordedRequest;
use super::input::{Key, Pointer};
use super::message::{Effect, Exit, Message};
use super::metric::ChartSlot;
use super::needs::INSPECT_NEEDS;
use super::notices::NoticeTone;
use super::pending::confirmation_text;
use super::prompt::KeyboardMode;
use super::screen::Screen;
use super::trace::AnswerOutcome;
use super::{Action, App, keys, tables};
use crate::protocol::inspection::MAX_WATCHED_QUERIES;
use crate::protocol::{
    Capability, ChangedBy, Command, CommandId, Event, RunState,
    change::{EPOCHS, SKIP},
};
use crate::text::{harmless_name, thousands};

/// Lines by which one notch of the wheel scrolls the help.
const HELP_LINES_PER_NOTCH: isize = 3;

impl App {
    /// Takes a message in; what it gives back is to be done in this order.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let changed = match &message {
            Message::Tick { now } => self.advance_time(*now),
            Message::Events(events) => !events.is_empty(),
            Message::Paste(_) => self.dialog.is_typing(),
            Message::Resize { columns, rows } => (*columns, *rows) != self.size,
            Message::Key(key) => {
                let offers = self.is_offering();
                self.dialog.is_typing() || keys::find_binding(self.mode(), self.view.screen, offers, *key).is_some()
            }
            _ => true,
        };
        self.revision += u64::from(changed);
        let mut effects = self.handle_message(message);
        if changed {
            self.keep_full_detail();
            effects.extend(self.watch_wanted_queries());
            effects.extend(self.list_recorded_runs());
        }
        effects
    }

    fn handle_message(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Events(events) => return events.into_iter().flat_map(|event| self.handle_event(event)).collect(),
            Message::SourceGone => return self.handle_source_gone(),
            Message::Key(key) => return self.handle_key(key),
            Message::Signal(signal) => return self.leave_now(Exit::Signal(signal)),
            Message::Paste(text) => self.dialog.paste(&text),
            Message::Pointer(pointer) => self.handle_pointer(pointer),
            Message::Resize { columns, rows } => self.size = (columns, rows),
            Message::Tick { .. } => {}
            Message::CantSuspend => {
                self.show_notice(NoticeTone::Bad, "no shell could bring a suspended dashboard back");
            }
            Message::Recorded(answer) => {
                if let Err(reason) = self.view.charts.ghosts.take_answer(answer) {
                    self.show_notice(NoticeTone::Bad, &reason);
                }
            }
            Message::ScreenSaved(Ok(path)) => {
                self.dialog.take_answer(Awaited::Screen, None);
                self.show_notice(NoticeTone::Good, &format!("screen saved as {}", harmless_name(path.as_os_str())));
            }
            Message::ScreenSaved(Err(reason)) => {
                let text = format!("screen not saved: {reason}");
                if !self.dialog.take_answer(Awaited::Screen, Some(&text)) {
                    self.show_notice(NoticeTone::Bad, &text);
                }
            }
        }
        Vec::new()
    }

    /// Takes note of the time; whether that changed what is shown.
    fn advance_time(&mut self, now: Duration) -> bool {
        self.now = self.now.max(now);
        let is_running = self.live().state == RunState::Running;
        let withdrawn = self.remedies.drop_expired(self.now, is_running);
        self.notices.drop_expired(self.now) || withdrawn
    }

    pub(super) fn show_notice(&mut self, tone: NoticeTone, text: &str) {
        self.notices.add_notice(self.now, tone, text);
    }

    /// Keeps what is shown at full detail.
    fn keep_full_detail(&mut self) {
        let figures = ChartSlot::ALL.map(|slot| self.view.charts.chart_figure_place(slot, self.run()));
        let quantity = self.layers_screen().quantity_place();
        self.watched.keep_full_detail(figures, quantity);
    }

    /// Asks for what the screen wants to know, if that is not what is watched already.
    fn watch_wanted_queries(&mut self) -> Option<Effect> {
        if self.leaving.is_some() || self.watched.unmet_reason(INSPECT_NEEDS).is_some() {
            self.watched.forget_queries();
            return None;
        }
        let mut queries = self.wanted_queries();
        queries.truncate(MAX_WATCHED_QUERIES);
        self.watched.watch_queries(queries).map(Effect::Send)
    }

    /// Asks which recorded runs there are, each time that the screen which lists them is turned to.
    fn list_recorded_runs(&mut self) -> Option<Effect> {
        let shown = self.view.screen == Screen::Runs;
        let turned = std::mem::replace(&mut self.view.lists_runs, shown) != shown;
        (shown && turned).then_some(Effect::Recorded(RecordedRequest::List))
    }

    fn handle_event(&mut self, event: Event) -> Vec<Effect> {
        let mut following = Vec::new();
        match &event {
            Event::Applied { id, step } => following = self.handle_applied(*id, *step),
            Event::Rejected { id, reason } => self.handle_rejected(*id, reason),
            Event::Phase(walk) => self.view.inspect.follow_phase(walk.phase, self.watched.live()),
            // The boundary between the classes says more than any curve, where it can be seen.
            Event::Ready(info)
                if self.live().can(Capability::Inspect)
                    && info.data.as_ref().and_then(|data| data.shape.as_deref()) == Some(&[2]) =>
            {
                self.view.suggest_screen(Screen::Data);
            }
            Event::RangeTest(test) => self.dialog.take_range_test(test.clone()),
            Event::Rewound(_) => self.remedies.dismiss(),
            // A longer run is confirmed with its new end.
            Event::Changed { change, .. } if change.key == SKIP => {
                self.show_notice(NoticeTone::Good, &format!("trains on {change}"));
            }
            Event::Changed { step, change } if change.by != Some(ChangedBy::Source) && change.key != EPOCHS => {
                let text = format!("{change} from step {} on", thousands(step.saturating_add(1)));
                self.show_notice(NoticeTone::Good, &text);
            }
            Event::Inspection(inspection) => {
                if let AnswerOutcome::Drop(follow_up) = self.view.inspect.take_answer(inspection, self.watched.live()) {
                    return self.carry_out_follow_up(follow_up);
                }
            }
            _ => {}
        }
        if let Event::Ready(info) = &event {
            self.view.charts.ghosts.set_run_info(info);
            if let Some(reason) = self.view.charts.ghosts.unaligned_text() {
                self.show_notice(NoticeTone::Bad, &reason);
            }
        }
        let moved = matches!(event, Event::Branched(_) | Event::Rewound(_) | Event::BranchDeleted { .. });
        let stopped = matches!(event, Event::Stopped { .. });
        let is_trouble = matches!(&event, Event::Finding(finding) if finding.trouble.is_some());
        if matches!(event, Event::Stopped { .. } | Event::Failed(_)) {
            self.remedies.clear();
        }
        // A failure is worth seeing, even while leaving.
        self.leaving.take_if(|_| matches!(event, Event::Failed(_)));
        let (before, asked) = (self.live().state, self.leaving.is_some() || is_asked_to_halt(&self.watched));
        let moved_by = moved.then(|| event.clone());
        self.watched.apply_event(event);
        if let Some(event) = moved_by {
            self.follow_branches(&event);
        }
        if is_trouble {
            self.remedies.offer_newest(&self.watched, self.now);
        }
        // Resuming answers the offer: everything stays as it is.
        if (before, self.live().state) == (RunState::Paused, RunState::Running) {
            self.remedies.dismiss();
        }
        let leave = if stopped { self.leave_if_leaving() } else { Vec::new() };
        following.into_iter().chain(self.call_attention(before, asked)).chain(leave).collect()
    }

    /// Shows where the run stands after an event that moved it, and says so.
    fn follow_branches(&mut self, event: &Event) {
        // What a cursor was put there for is done.
        self.view.charts.cursor.take_if(|_| matches!(event, Event::Rewound(_)));
        self.view.charts.keep_within(self.run().step_extent());
        let text = match event {
            _ if self.watched.is_recorded() => return,
            Event::Rewound(_) => self.live().standing_text(),
            Event::Branched(branching) => {
                let change = branching.change.as_ref().map(|change| format!(": {change}")).unwrap_or_default();
                format!("branch {} begins at step {}{change}", branching.branch.0, thousands(branching.at))
            }
            _ => return,
        };
        self.show_notice(NoticeTone::Good, &text);
    }

    /// Calls the person back if the run ended, broke or paused, which was perhaps `asked` for.
    fn call_attention(&self, before: RunState, asked: bool) -> impl Iterator<Item = Effect> + use<> {
        attention_text(&self.watched, before, asked).map(Effect::Notify).into_iter()
    }

    /// Leaves if that was waiting for the source to end.
    fn leave_if_leaving(&self) -> Vec<Effect> {
        self.leaving.map(|fate| Effect::Quit(Exit::Asked(fate))).into_iter().collect()
    }

    fn handle_applied(&mut self, id: CommandId, step: u64) -> Vec<Effect> {
        self.dialog.take_answer(Awaited::Request(id), None);
        let command = self.watched.take_answered(id, None);
        match &command {
            Some(Command::Cancel) => self.gives_up = self.watched.rewind_progress().is_some(),
            Some(Command::Rewind { .. }) => self.gives_up = false,
            _ => {}
        }
        if let Some(text) = command.and_then(|command| confirmation_text(&command, step, self.live())) {
            self.show_notice(NoticeTone::Good, &text);
        }
        self.remedies.take_following(id).map(|rest| self.send_in_turn(rest)).unwrap_or_default()
    }

    fn handle_rejected(&mut self, id: CommandId, reason: &str) {
        let rest = self.remedies.give_up(id);
        match self.watched.take_answered(id, Some(reason)) {
            // No key was pressed for it: the place that stays empty gives the reason.
            Some(Command::Watch { .. }) | None => {}
            // It was asked for, and so needs no words.
            Some(Command::TestLearningRates(_)) if self.dialog.close_refused_range_test() => {
                self.dialog.take_answer(Awaited::Request(id), None);
            }
            Some(Command::Rewind { .. }) if std::mem::take(&mut self.gives_up) || self.watched.is_cancelling() => {
                self.dialog.take_answer(Awaited::Request(id), None);
                let text = format!("cancelled: the run stays at step {}", thousands(self.live().step));
                self.show_notice(NoticeTone::Good, &text);
            }
            Some(command) => {
                let cancelled = if rest > 0 { "; the rest was cancelled" } else { "" };
                let text = format!("{}: refused, {reason}{cancelled}", tables::command_text(&command));
                if !self.dialog.take_answer(Awaited::Request(id), Some(&text)) {
                    self.show_notice(NoticeTone::Bad, &text);
                }
            }
        }
    }

    fn handle_source_gone(&mut self) -> Vec<Effect> {
        let before = self.live().state;
        self.watched.handle_source_gone();
        self.remedies.clear();
        match self.leaving {
            Some(_) => self.leave_if_leaving(),
            None => self.call_attention(before, false).collect(),
        }
    }

    fn handle_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(binding) = keys::find_binding(self.mode(), self.view.screen, self.is_offering(), key) else {
            self.dialog.type_key(key);
            return Vec::new();
        };
        if let Some(reason) = tables::unavailable_reason(binding, &self.view, &self.watched, self.size) {
            self.show_notice(NoticeTone::Bad, reason);
            return Vec::new();
        }
        self.carry_out_action(binding.action)
    }

    fn handle_pointer(&mut self, pointer: Pointer) {
        match (self.mode(), pointer) {
            (KeyboardMode::Normal, _) => self.view.handle_pointer(pointer, &self.watched, self.size),
            (KeyboardMode::Help { .. }, Pointer::Wheel { up, .. }) => {
                let by = if up { -HELP_LINES_PER_NOTCH } else { HELP_LINES_PER_NOTCH };
                self.dialog.handle_action(Action::Scroll(by), &self.watched);
            }
            _ => {}
        }
    }
}
