//! Moving about on the Data screen.

use super::{DataView, Subject};
use crate::app::notices::Tone;
use crate::app::screen::Screen;
use crate::app::{App, Effect};
use crate::protocol::{SampleChoice, inspection::Split};

impl App {
    /// Shows the next subject.
    pub(in crate::app) fn next_subject(&mut self) {
        let subjects = self.subjects();
        let at = subjects.iter().position(|subject| *subject == self.subject()).unwrap_or(0);
        self.view.data.subject = subjects.get((at + 1) % subjects.len().max(1)).copied();
    }

    /// Shows the other part of the data.
    pub(in crate::app) fn other_split(&mut self) {
        let data = &mut self.view.data;
        data.split = if data.split == Split::Test { Split::Train } else { Split::Test };
        data.selected = DataView::default().selected;
    }

    /// Moves the selection by so many columns and rows.
    pub(in crate::app) fn move_selection(&mut self, across: isize, down: isize) {
        match self.subject() {
            Subject::Plane => self.move_in_plane(across, down),
            Subject::Confusion => {
                let classes = self.confusion().map_or(0, |shown| shown.answer.classes);
                let Some(last) = classes.checked_sub(1) else { return };
                let at = self.selected_entry();
                let moved = |place: usize, by: isize| place.saturating_add_signed(by).min(last);
                self.select_entry(moved(at / classes, down) * classes + moved(at % classes, across));
            }
            Subject::Samples | Subject::Mistakes | Subject::Weights => {
                let columns = self.tiles().across.cast_signed();
                let moved = self.selected_entry().saturating_add_signed(down.saturating_mul(columns) + across);
                self.select_entry(moved);
            }
        }
    }

    /// Moves the selection by whole pages.
    pub(in crate::app) fn turn_page(&mut self, by: isize) {
        let rows = self.tiles().down.cast_signed();
        match self.subject() {
            Subject::Plane => self.move_in_plane(by, 0),
            _ => self.move_selection(0, by.saturating_mul(rows)),
        }
    }

    /// Selects an entry by its place.
    pub(in crate::app) fn select_entry(&mut self, place: usize) {
        let subject = self.subject();
        self.view.data.selected[subject as usize] = place.min(self.total().saturating_sub(1));
    }

    fn move_in_plane(&mut self, across: isize, down: isize) {
        if let Some((place, _)) = self.plane_layer().filter(|_| down != 0) {
            let last = self.plane_layers().len().saturating_sub(1);
            self.view.data.layer = Some(place.saturating_add_signed(down).min(last));
            self.view.data.page = 0;
        }
        let page = self.plane_room(self.data_room()).count();
        let pages = self.plane_units().div_ceil(page.max(1)).max(1);
        self.view.data.page = (self.view.data.page + pages).saturating_add_signed(across % pages.cast_signed()) % pages;
    }

    /// Follows what is selected to where more is known of it.
    pub(in crate::app) fn open_entry(&mut self) -> Vec<Effect> {
        match self.subject() {
            Subject::Plane | Subject::Confusion => self.view.data.subject = Some(Subject::Mistakes),
            Subject::Samples | Subject::Mistakes => match self.selected_sample().map(|sample| sample.index) {
                Some(index) => self.inspect_sample(self.view.data.split, index),
                None => self.say(Tone::Bad, "no sample is selected"),
            },
            Subject::Weights => {
                let layer = self.pictured().map(|layer| layer.index);
                let row = self.run().layers.rows().iter().position(|row| Some(row.index) == layer);
                self.view.layer = row.unwrap_or(self.view.layer);
                self.view.unit = Some(self.selected_entry());
                self.view.show(Screen::Layers);
            }
        }
        Vec::new()
    }

    /// Opens the Inspect screen at a sample of the data.
    fn inspect_sample(&mut self, split: Split, index: usize) {
        self.view.following.choice = SampleChoice::Dataset { split, index };
        self.view.show(Screen::Inspect);
    }
}
