//! Ways out.

use super::prompt::{Mode, QuitChoice};
use super::{App, Effect, Exit};
use crate::protocol::Command;

impl App {
    /// Leaves at once when nothing is under way or when it is said twice; asks otherwise.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let twice = matches!(self.mode, Mode::Quit(_)) || self.leaving;
        if twice || !self.live.is_under_way() {
            return self.leave_now(Exit::Asked);
        }
        self.mode = Mode::Quit(QuitChoice::default());
        Vec::new()
    }

    /// Asks the source to stop; the dashboard leaves when it has.
    pub(super) fn stop_and_leave(&mut self) -> Vec<Effect> {
        self.mode = Mode::Normal;
        if !self.live.is_under_way() {
            return self.leave_now(Exit::Asked);
        }
        self.leaving = true;
        self.request(Command::Stop)
    }

    /// Leaves without waiting for anything.
    pub(super) fn leave_now(&mut self, exit: Exit) -> Vec<Effect> {
        let stop = if self.live.gone || self.leaving { Vec::new() } else { self.request(Command::Stop) };
        self.leaving = true;
        stop.into_iter().chain([Effect::Quit(exit)]).collect()
    }
}
