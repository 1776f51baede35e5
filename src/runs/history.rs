//! Everything that was recorded of a run, to be shown or exported.

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use super::{
    checkpoint::CheckpointState,
    event_log::{CHANGE_TAG, logged_finding},
    info::read_info,
    ledger::read_ledger,
    manifest::{Manifest, ManifestError},
    opened::newest_for_people,
    storage::Storage,
    tensorboard::{LoggedEvent, LoggedValue},
    way::visit_way,
};
use crate::{
    protocol::{Finding, RunInfo},
    text::harmless_name,
    train::{LedgerEntry, TestPredictions},
};

/// What was recorded of a run. Where it went on from an earlier step in another way, what it had done after that step is
/// left out.
#[derive(Clone, Debug)]
pub struct RunHistory {
    /// Name of its folder, safe to show.
    pub folder: String,
    /// What it is made of.
    pub manifest: Manifest,
    /// What it said when it was ready; `None` where that can't be read.
    pub info: Option<RunInfo>,
    /// What was measured, each tag with at least one value: the metrics of [`Self::info`] in their order, then the
    /// others as they came.
    pub series: Vec<TagSeries>,
    /// Sentences about the training. Which layer each is about is not recorded.
    pub findings: Vec<Finding>,
    /// What was changed, in the words in which it was told.
    pub changes: Vec<RecordedChange>,
    /// What was done to it from outside.
    pub ledger: Vec<LedgerEntry>,
    /// Its newest checkpoint; `None` before the first.
    pub state: Option<CheckpointState>,
    /// What the network of that checkpoint made of the test data, if it was evaluated before.
    pub predictions: Option<TestPredictions>,
    /// What of the record is damaged, as sentences that are safe to show.
    pub notes: Vec<String>,
}

/// The values of one tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagSeries {
    /// Its name: `train/loss`, `layer/0/gradient_norm`.
    pub tag: String,
    /// Steps, each larger than the one before, with the values as they were logged.
    pub points: Vec<(u64, f32)>,
}

/// A change as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedChange {
    /// Minibatches completed.
    pub step: u64,
    /// What was changed: `lr 0.001 → 0.0005`.
    pub text: String,
}

impl RunHistory {
    /// Reads what was recorded in the folder of a run, whether it is trained just now or not.
    ///
    /// # Errors
    /// When its manifest can't be read. Whatever else is damaged is left out, with a note.
    pub fn read(storage: &dyn Storage, folder: &Path) -> Result<Self, ManifestError> {
        let manifest = Manifest::read(storage, folder)?;
        let (state, predictions, mut notes) = newest_for_people(storage, folder);
        let info = read_info(storage, folder)
            .map_err(|error| notes.push(format!("{error}; layers and data are not described")))
            .ok();
        let ledger = read_ledger(storage, folder).unwrap_or_else(|error| {
            notes.push(format!("{error}; what was done to the run is left out"));
            super::ledger::LedgerContents::default()
        });
        if ledger.torn > 0 {
            notes.push(format!("the last {} bytes of the ledger are no whole line; they are left out", ledger.torn));
        }
        let mut log = LogContents::default();
        let visited = visit_way(storage, folder, &ledger.entries, &mut notes, &mut |event, tags| {
            log.add_event(event, tags);
            ControlFlow::Continue(())
        });
        if let Err(problem) = visited {
            notes.push(format!("what was measured can't be read: {problem}"));
        }
        let series = log.ordered_series(info.as_ref());
        let LogContents { findings, changes, .. } = log;
        let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
        let folder = harmless_name(shown.file_name().unwrap_or(shown.as_os_str()));
        Ok(Self {
            folder,
            manifest,
            info,
            series,
            findings,
            changes,
            ledger: ledger.entries,
            state,
            predictions,
            notes,
        })
    }

    /// The values of a tag; none where it was never measured.
    pub fn points(&self, tag: &str) -> &[(u64, f32)] {
        self.series.iter().find(|series| series.tag == tag).map_or(&[], |series| &series.points)
    }
}

/// What the event files of a run hold.
#[derive(Debug, Default)]
struct LogContents {
    /// Place of each tag in `series`.
    places: HashMap<String, usize>,
    series: Vec<TagSeries>,
    findings: Vec<Finding>,
    changes: Vec<RecordedChange>,
}

impl LogContents {
    /// Adds the values of an event.
    fn add_event(&mut self, event: LoggedEvent, tags: &[String]) {
        let step = event.step;
        for (number, value) in event.values {
            let tag = &tags[number];
            match value {
                // A value as it is in the file, of 32 bits.
                LoggedValue::Scalar(value) => self.add_point(tag, step, value as f32),
                LoggedValue::Text(text) => self.add_text(tag, step, text),
                LoggedValue::Other => {}
            }
        }
    }

    /// Adds a value, unless a later step was told before: a resumed run tells some steps again.
    fn add_point(&mut self, tag: &str, step: u64, value: f32) {
        let place = self.places.get(tag).copied().unwrap_or_else(|| {
            self.series.push(TagSeries { tag: tag.to_owned(), points: Vec::new() });
            self.places.insert(tag.to_owned(), self.series.len() - 1);
            self.series.len() - 1
        });
        let points = &mut self.series[place].points;
        match points.last_mut() {
            Some(last) if last.0 == step => last.1 = value,
            Some(last) if last.0 > step => {}
            _ => points.push((step, value)),
        }
    }

    /// Adds a finding or a change, unless it was told before.
    fn add_text(&mut self, tag: &str, step: u64, text: String) {
        if tag == CHANGE_TAG {
            let change = RecordedChange { step, text };
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        } else if let Some(finding) = logged_finding(tag, step, &text)
            && !self.findings.contains(&finding)
        {
            self.findings.push(finding);
        }
    }

    /// The series that have values, the metrics first.
    fn ordered_series(&mut self, info: Option<&RunInfo>) -> Vec<TagSeries> {
        let metrics = info.map_or(&[][..], |info| &info.metrics);
        let mut series = std::mem::take(&mut self.series);
        series.retain(|series| !series.points.is_empty());
        series.sort_by_key(|series| metrics.iter().position(|metric| metric.tag == series.tag).unwrap_or(usize::MAX));
        series
    }
}
