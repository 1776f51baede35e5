//! Messages and events: what each changes in the state, and what is to be done outside.

use std::time::Duration;

use super::input::{Key, Pointer};
use super::message::{Effect, Exit, Message};
use super::metric::ChartSlot;
use super::needs::LOOK;
use super::notices::NoticeTone;
use super::pending::confirmation;
use super::prompt::Mode;
use super::screen::Screen;
use super::{Action, App, keys, tables};
use crate::protocol::inspection::MOST_WATCHED;
use crate::protocol::{Capability, ChangedBy, Command, CommandId, Event, change::EPOCHS};
use crate::text::thousands;

/// Lines by which one notch of the wheel scrolls the help.
const HELP_LINES_PER_NOTCH: isize = 3;

impl App {
    /// Takes a message in; what it gives back is to be done in this order.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let changed = match &message {
            Message::Tick { now } => self.tick(*now),
            Message::Events(events) => !events.is_empty(),
            Message::Paste(_) => self.dialog.is_typing(),
            Message::Resize { columns, rows } => (*columns, *rows) != self.size,
            Message::Key(key) => {
                self.dialog.is_typing() || keys::binding(self.mode(), self.view.screen, *key).is_some()
            }
            _ => true,
        };
        self.revision += u64::from(changed);
        let mut effects = self.take(message);
        if changed {
            self.keep_sharp();
            effects.extend(self.watch());
        }
        effects
    }

    fn take(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Events(events) => return events.into_iter().flat_map(|event| self.handle_event(event)).collect(),
            Message::SourceGone => return self.source_gone(),
            Message::Key(key) => return self.press(key),
            Message::Signal(signal) => return self.leave_now(Exit::Signal(signal)),
            Message::Paste(text) => self.dialog.paste(&text),
            Message::Pointer(pointer) => self.point(pointer),
            Message::Resize { columns, rows } => self.size = (columns, rows),
            Message::Tick { .. } => {}
            Message::CantSuspend => self.say(NoticeTone::Bad, "no shell could bring a suspended dashboard back"),
            Message::ScreenSaved(Ok(path)) => {
                self.say(NoticeTone::Good, &format!("screen saved as {}", path.display()));
            }
            Message::ScreenSaved(Err(reason)) => self.say(NoticeTone::Bad, &format!("screen not saved: {reason}")),
        }
        Vec::new()
    }

    /// Takes note of the time; whether that changed what is shown.
    fn tick(&mut self, now: Duration) -> bool {
        self.now = self.now.max(now);
        self.notices.expire(self.now)
    }

    pub(super) fn say(&mut self, tone: NoticeTone, text: &str) {
        self.notices.say(self.now, tone, text);
    }

    /// Keeps what is shown at full detail.
    fn keep_sharp(&mut self) {
        let figures = ChartSlot::ALL.map(|slot| self.view.charts.figure_place(slot, self.run()));
        let quantity = self.layers_screen().quantity_place();
        self.watched.keep_sharp(figures, quantity);
    }

    /// Asks for what the screen wants to know, if that is not what is watched already.
    fn watch(&mut self) -> Option<Effect> {
        if self.leaving || self.watched.unmet(LOOK).is_some() {
            self.watched.watch_nothing();
            return None;
        }
        let mut queries = self.wanted();
        queries.truncate(MOST_WATCHED);
        self.watched.watch(queries).map(Effect::Send)
    }

    fn handle_event(&mut self, event: Event) -> Vec<Effect> {
        match &event {
            Event::Applied { id, step } => self.applied(*id, *step),
            Event::Rejected { id, reason } => self.rejected(*id, reason),
            Event::Phase(walk) => self.view.sample.follow_walk(walk.phase, self.watched.live()),
            // The boundary between the classes says more than any curve, where it can be seen.
            Event::Ready(info)
                if self.live().can(Capability::Inspect)
                    && info.data.as_ref().and_then(|data| data.shape.as_deref()) == Some(&[2]) =>
            {
                self.view.suggest(Screen::Data);
            }
            Event::Branched(branching) => self.view.charts.leave(branching.at),
            // A longer run is confirmed with its new end.
            Event::Changed { step, change } if change.by != Some(ChangedBy::Source) && change.key != EPOCHS => {
                let text = format!("{change} from step {} on", thousands(step.saturating_add(1)));
                self.say(NoticeTone::Good, &text);
            }
            Event::Inspection(inspection) => {
                if let Some(reply) = self.view.sample.take_answer(inspection, self.watched.live()) {
                    return self.carry_out(reply);
                }
            }
            _ => {}
        }
        let stopped = matches!(event, Event::Stopped { .. });
        // A failure is worth seeing, even while leaving.
        self.leaving &= !matches!(event, Event::Failed(_));
        self.watched.apply(event);
        if stopped && self.leaving { vec![Effect::Quit(Exit::Asked)] } else { Vec::new() }
    }

    fn applied(&mut self, id: CommandId, step: u64) {
        let command = self.watched.answered(id, None);
        if let Some(text) = command.and_then(|command| confirmation(&command, step, self.live())) {
            self.say(NoticeTone::Good, &text);
        }
    }

    fn rejected(&mut self, id: CommandId, reason: &str) {
        match self.watched.answered(id, Some(reason)) {
            // No key was pressed for it: the place that stays empty gives the reason.
            Some(Command::Watch { .. }) | None => {}
            Some(command) => {
                let what = tables::command_text(&command);
                self.say(NoticeTone::Bad, &format!("{what}: refused, {reason}"));
            }
        }
    }

    fn source_gone(&mut self) -> Vec<Effect> {
        self.watched.lost();
        if self.leaving { vec![Effect::Quit(Exit::Asked)] } else { Vec::new() }
    }

    fn press(&mut self, key: Key) -> Vec<Effect> {
        let Some(binding) = keys::binding(self.mode(), self.view.screen, key) else {
            self.dialog.type_key(key);
            return Vec::new();
        };
        if let Some(reason) = self.watched.unmet(binding.needs) {
            self.say(NoticeTone::Bad, reason);
            return Vec::new();
        }
        self.act(binding.action)
    }

    fn point(&mut self, pointer: Pointer) {
        match (self.mode(), pointer) {
            (Mode::Normal, _) => self.view.point(pointer, &self.watched, self.size),
            (Mode::Help { .. }, Pointer::Wheel { up, .. }) => {
                let by = if up { -HELP_LINES_PER_NOTCH } else { HELP_LINES_PER_NOTCH };
                self.dialog.update(Action::Scroll(by), &self.watched);
            }
            _ => {}
        }
    }
}
