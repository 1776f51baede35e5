//! What the mouse does: it focuses, selects, sets the cursor and zooms.

use super::App;
use super::actions::Action;
use super::input::Pointer;
use super::prompt::Mode;
use super::screen::Panel;

impl App {
    /// Does what the mouse did.
    pub(super) fn point(&mut self, pointer: Pointer) {
        if let (Mode::Help { .. }, Pointer::Wheel { up, .. }) = (&self.mode, pointer) {
            self.act(Action::Scroll(if up { -3 } else { 3 }));
        }
        if !matches!(self.mode, Mode::Normal) {
            return;
        }
        match pointer {
            Pointer::Screen { screen } => self.view.show(screen),
            Pointer::Click { panel } => self.view.focus_on(panel),
            Pointer::ClickAt { panel, fraction } => {
                self.view.focus_on(panel);
                self.cursor_at(panel, fraction);
            }
            Pointer::ClickCell { panel, row, fraction } => {
                self.view.focus_on(panel);
                self.select_row(panel, row);
                self.cursor_at(panel, fraction);
            }
            Pointer::ClickRow { panel, row } => {
                self.view.focus_on(panel);
                self.select_row(panel, row);
            }
            Pointer::Wheel { panel, fraction, up } if panel.has_steps() => {
                let newest = self.run().step;
                self.view.zoom(newest, fraction, if up { 0.8 } else { 1.25 });
            }
            Pointer::Wheel { panel, up, .. } => {
                let focus = self.view.focus();
                self.view.focus_on(panel);
                self.act(Action::Select(if up { -1 } else { 1 }));
                self.view.focus_on(focus);
            }
        }
    }

    /// Puts the cursor at a place along the step axis of `panel`, if it has one.
    fn cursor_at(&mut self, panel: Panel, fraction: f64) {
        if panel.has_steps() && fraction.is_finite() {
            let (newest, steps) = (self.run().step, self.steps());
            let offset = (fraction.clamp(0.0, 1.0) * (steps.length() - 1) as f64).round() as u64;
            self.view.cursor = Some(steps.first.saturating_add(offset).min(newest).max(1));
        }
    }
}
