//! Moving about on the Data screen.

use super::{DataScreen, DataSelection, DataSubject};
use crate::app::actions::Action;
use crate::app::follow_up::FollowUp;
use crate::protocol::{SampleChoice, inspection::SplitName};

impl DataSelection {
    /// Does what a key of the Data screen stands for; `screen` is what it shows now.
    pub(in crate::app) fn handle_action(&mut self, action: Action, screen: DataScreen<'_>) -> FollowUp {
        match action {
            Action::Subject => self.show_next_subject(screen),
            Action::Split => return self.switch_split(),
            Action::Move { across, down } => self.move_selection(screen, across, down),
            Action::Page(by) => self.turn_page(screen, by),
            Action::OpenEntry => return self.open_entry(screen),
            _ => {}
        }
        FollowUp::Done
    }

    /// Selects an entry by its place.
    pub(in crate::app) fn select_entry(&mut self, screen: DataScreen<'_>, place: usize) {
        self.selected[screen.subject() as usize] = place.min(screen.entry_count().saturating_sub(1));
    }

    fn show_next_subject(&mut self, screen: DataScreen<'_>) {
        let subjects = screen.subjects();
        let at = subjects.iter().position(|subject| *subject == screen.subject()).unwrap_or(0);
        self.subject = subjects.get((at + 1) % subjects.len().max(1)).copied();
    }

    fn switch_split(&mut self) -> FollowUp {
        let (split, text) = match self.split {
            SplitName::Test => (SplitName::Train, "training data from now on; t goes back to the test data"),
            _ => (SplitName::Test, "test data from now on; t shows the training data"),
        };
        self.split = split;
        self.selected = Self::default().selected;
        FollowUp::good_notice(text)
    }

    /// Moves the selection by columns and rows.
    fn move_selection(&mut self, screen: DataScreen<'_>, across: isize, down: isize) {
        match screen.subject() {
            DataSubject::Plane => self.move_in_plane(screen, across, down),
            DataSubject::Confusion => {
                let classes = screen.confusion_matrix().map_or(0, |shown| shown.answer.classes);
                let Some(last) = classes.checked_sub(1) else { return };
                let at = screen.selected_entry();
                let moved = |place: usize, by: isize| place.saturating_add_signed(by).min(last);
                self.select_entry(screen, moved(at / classes, down) * classes + moved(at % classes, across));
            }
            DataSubject::Samples | DataSubject::Mistakes | DataSubject::Weights => {
                let columns = screen.tile_layout().across.cast_signed();
                let by = down.saturating_mul(columns) + across;
                self.select_entry(screen, screen.selected_entry().saturating_add_signed(by));
            }
        }
    }

    /// Moves the selection by whole pages.
    fn turn_page(&mut self, screen: DataScreen<'_>, by: isize) {
        match screen.subject() {
            DataSubject::Plane => self.move_in_plane(screen, by, 0),
            _ => self.move_selection(screen, 0, by.saturating_mul(screen.tile_layout().down.cast_signed())),
        }
    }

    fn move_in_plane(&mut self, screen: DataScreen<'_>, across: isize, down: isize) {
        if let Some((place, _)) = screen.plane_layer().filter(|_| down != 0) {
            let last = screen.plane_layers().len().saturating_sub(1);
            self.layer = Some(place.saturating_add_signed(down).min(last));
            self.page = 0;
        }
        let screen = screen.with_selection(*self);
        let page = screen.plane_layout(screen.content_area()).maps_per_page();
        let pages = screen.plane_unit_count().div_ceil(page.max(1)).max(1);
        self.page = (self.page + pages).saturating_add_signed(across % pages.cast_signed()) % pages;
    }

    /// Follows what is selected to where more is known of it.
    fn open_entry(&mut self, screen: DataScreen<'_>) -> FollowUp {
        match screen.subject() {
            DataSubject::Plane | DataSubject::Confusion => {
                self.subject = Some(DataSubject::Mistakes);
                FollowUp::Done
            }
            DataSubject::Samples | DataSubject::Mistakes => match screen.selected_sample() {
                Some(sample) => {
                    FollowUp::FollowSample(SampleChoice::Dataset { split: self.split, index: sample.index })
                }
                None => FollowUp::bad_notice("no sample is selected"),
            },
            DataSubject::Weights => {
                let layer = screen.pictured_layer().map(|layer| layer.index);
                FollowUp::ShowUnit { layer, unit: screen.selected_entry() }
            }
        }
    }
}
