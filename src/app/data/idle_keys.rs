//! Keys that would change nothing of what the Data screen shows, and why.

use super::{DataScreen, DataSubject};
use crate::app::actions::Action;
use crate::app::needs::INSPECT_NEEDS;

impl DataScreen<'_> {
    /// Why an action would change nothing of what is shown; `None` where it does, or is no action of this screen.
    pub(in crate::app) fn idle_action_reason(&self, action: Action) -> Option<&'static str> {
        let of_samples = matches!(action, Action::Split | Action::Move { .. } | Action::Page(_) | Action::OpenEntry);
        if let Some(reason) = self.watched.unmet_reason(INSPECT_NEEDS).filter(|_| of_samples) {
            return Some(reason);
        }
        match action {
            Action::Split => self.idle_split_reason(),
            Action::Expand => self.idle_expand_reason(),
            Action::Move { across, down } if self.subject() == DataSubject::Plane => {
                self.idle_plane_reason(across != 0, down != 0)
            }
            Action::Page(_) if self.subject() == DataSubject::Plane => self.idle_plane_reason(true, false),
            Action::Move { .. } | Action::Page(_) if self.entry_count() == 0 => Some("there is nothing to choose yet"),
            Action::Move { .. } | Action::Page(_) if self.entry_count() == 1 => Some("there is only this one"),
            Action::OpenEntry => self.idle_open_reason(),
            _ => None,
        }
    }

    fn idle_split_reason(&self) -> Option<&'static str> {
        match self.subject() {
            DataSubject::Plane => Some("the boundary shows training points only; v goes on to the samples"),
            DataSubject::Weights => Some("the weights are the same for training and test data"),
            DataSubject::Samples | DataSubject::Mistakes | DataSubject::Confusion => None,
        }
    }

    fn idle_expand_reason(&self) -> Option<&'static str> {
        if self.expanded {
            return None;
        }
        let beside = match self.subject() {
            DataSubject::Plane => Self { expanded: false, ..*self }.plane_layout(self.content_area()).side > 0,
            DataSubject::Samples | DataSubject::Mistakes | DataSubject::Weights => self.tile_layout().pictures,
            DataSubject::Confusion => false,
        };
        (!beside).then_some("it has the screen for itself already")
    }

    fn idle_plane_reason(&self, across: bool, down: bool) -> Option<&'static str> {
        let per_page = self.plane_layout(self.content_area()).maps_per_page();
        match () {
            () if per_page == 0 && self.expanded => Some("the maps of the units are hidden; e brings them back"),
            () if per_page == 0 => Some("there is no room for the maps of the units"),
            () if down && self.plane_layers().len() < 2 => Some("there is only this layer"),
            () if across && self.plane_unit_count() <= per_page => Some("all units of the layer are in sight"),
            () => None,
        }
    }

    fn idle_open_reason(&self) -> Option<&'static str> {
        match self.subject() {
            DataSubject::Samples | DataSubject::Mistakes if self.selected_sample().is_none() => {
                Some("no sample is selected")
            }
            DataSubject::Weights if self.entry_count() == 0 => Some("no unit is selected"),
            _ => None,
        }
    }
}
