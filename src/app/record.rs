//! How the record of the run stands.

use crate::protocol::{Health, SavedRun};
use crate::text::thousands;

use super::display::{harmless_passage, harmless_path};

/// Where the run is recorded, and how far. Texts are safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordStatus {
    /// Folder of the record, where there is one.
    pub folder: Option<String>,
    /// Minibatches completed at the last save; `None` before the first one that was told, and after the run went back or over to
    /// another branch.
    pub saved_step: Option<u64>,
    /// Why the run can't be recorded; gone with the next save.
    pub problem: Option<String>,
}

impl RecordStatus {
    pub(super) fn set_folder(&mut self, folder: Option<&str>) {
        self.folder = folder.map(harmless_path);
    }

    pub(super) fn take_saved(&mut self, saved: &SavedRun) {
        self.problem = saved.problem.as_deref().map(harmless_passage);
        if self.problem.is_none() {
            self.saved_step = Some(saved.step);
        }
    }

    /// The run stands elsewhere: what was saved last was saved there.
    pub(super) fn leave_place(&mut self) {
        self.saved_step = None;
    }

    /// How far the record goes, in few words, and whether that is as it should be; `None` while nothing was told.
    pub fn progress_text(&self) -> Option<(String, Health)> {
        match (&self.problem, self.saved_step) {
            (None, None) => None,
            (None, Some(step)) => Some((format!("saved @ {}", thousands(step)), Health::Good)),
            (Some(_), Some(step)) => Some((format!("not saved since step {}", thousands(step)), Health::Bad)),
            (Some(_), None) => Some(("not saved".into(), Health::Bad)),
        }
    }

    /// What is wrong with the record, and what to do about it.
    pub(super) fn trouble(&self) -> Option<(String, &'static str)> {
        let (progress, problem) = (self.progress_text()?.0, self.problem.as_ref()?);
        let next = match self.folder {
            Some(_) => "training goes on; make room or give access; it will try again, w saves now",
            None => "training goes on, but nothing of it is kept",
        };
        Some((format!("{progress}: {problem}"), next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(step: u64, problem: Option<&str>) -> SavedRun {
        SavedRun { step, problem: problem.map(String::from) }
    }

    #[test]
    fn a_problem_stays_until_a_save_succeeds() {
        let mut record = RecordStatus::default();
        assert_eq!(record.progress_text(), None);
        record.take_saved(&saved(1200, None));
        assert_eq!(record.progress_text(), Some(("saved @ 1,200".into(), Health::Good)));
        record.take_saved(&saved(1300, Some("No space left\u{1b}[2J on device")));
        assert_eq!(record.progress_text(), Some(("not saved since step 1,200".into(), Health::Bad)));
        assert_eq!(record.trouble().unwrap().0, "not saved since step 1,200: No space left·[2J on device");
        record.take_saved(&saved(1400, None));
        assert_eq!((record.saved_step, record.trouble()), (Some(1400), None));
    }

    #[test]
    fn the_end_of_a_long_path_stays_and_is_harmless() {
        let mut record = RecordStatus::default();
        record.set_folder(Some(&format!("{}/runs/\u{202e}2026-wine", "é".repeat(5000))));
        let folder = record.folder.unwrap();
        assert!(folder.starts_with('…') && folder.ends_with("/runs/·2026-wine") && folder.len() < 1000, "{folder}");
        record = RecordStatus::default();
        record.set_folder(Some("runs/two  blanks"));
        assert_eq!(record.folder.as_deref(), Some("runs/two  blanks"));
    }
}
