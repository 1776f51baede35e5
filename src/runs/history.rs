//! Everything that was recorded of a run, to be shown or exported.

use std::{collections::HashMap, fs::File, io::BufReader, path::Path};

use super::{
    checkpoint::CheckpointState,
    event_log::{CHANGE_TAG, FINDING_TAGS, event_files},
    info::{INFO, read_info},
    ledger::read_ledger,
    manifest::{Manifest, ManifestError},
    opened::newest_state_and_notes,
    storage::Storage,
    tensorboard::{LogReader, LoggedEvent, LoggedValue},
};
use crate::{
    files::open_regular,
    protocol::{Finding, RunInfo},
    text::harmless_name,
    train::LedgerEntry,
};

/// Buffer for reading event files, in bytes.
const READ_BUFFER_BYTES: usize = 1 << 18;

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
        let (state, mut notes) = newest_state_and_notes(storage, folder);
        let info = read_info(storage, folder)
            .map_err(|error| notes.push(format!("{INFO}: {error}; layers and data are not described")))
            .ok();
        let ledger = read_ledger(storage, folder).unwrap_or_else(|error| {
            notes.push(format!("{error}; what was done to the run is left out"));
            super::ledger::LedgerContents::default()
        });
        if ledger.torn > 0 {
            notes.push(format!("the last {} bytes of the ledger are no whole line; they are left out", ledger.torn));
        }
        let last_entry = ledger.entries.iter().map(|entry| entry.step).max();
        let mut log = LogContents { last_entry, ..LogContents::default() };
        match event_files(storage, folder) {
            Ok(files) => {
                for file in &files {
                    log.read_file(file, &mut notes);
                }
            }
            Err(error) => notes.push(format!("what was measured can't be read: {error}")),
        }
        let series = log.ordered_series(info.as_ref());
        let LogContents { findings, changes, .. } = log;
        let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.into());
        let folder = harmless_name(shown.file_name().unwrap_or(shown.as_os_str()));
        Ok(Self { folder, manifest, info, series, findings, changes, ledger: ledger.entries, state, notes })
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
    /// Step of the last entry of the ledger; `None` where it has none.
    last_entry: Option<u64>,
    /// Whether what the file that is read repeats may differ from what was told before. Normally it is the same.
    differs: bool,
}

impl LogContents {
    /// Adds the contents of a file as far as they are whole.
    fn read_file(&mut self, path: &Path, notes: &mut Vec<String>) {
        let name = harmless_name(path.file_name().unwrap_or_default());
        let mut reader = match open_regular(path) {
            Ok((file, _)) => LogReader::new(BufReader::with_capacity(READ_BUFFER_BYTES, file)),
            Err(error) => return notes.push(format!("{name}: {error}; it is left out")),
        };
        if let Err(error) = self.read_events(&mut reader) {
            notes.push(format!("{name}: {error}; what comes before is there"));
        }
        if let Some(problem) = reader.problem() {
            notes.push(format!("{name}: {problem}; what comes before is there"));
        }
        if reader.damaged_records() > 0 {
            notes.push(format!("{name}: {} damaged records are left out", reader.damaged_records()));
        }
    }

    fn read_events(&mut self, reader: &mut LogReader<BufReader<File>>) -> std::io::Result<()> {
        let mut places = Vec::new();
        let mut begun = false;
        while let Some(event) = reader.next_event()? {
            if !begun && !event.values.is_empty() {
                begun = true;
                self.begin_at(event.step);
            }
            for tag in &reader.tags()[places.len()..] {
                places.push(self.place_of(tag));
            }
            self.add_event(event, &places, reader.tags());
        }
        Ok(())
    }

    /// Begins a file whose first values are of this step. If something was done to the run from there on, it may have
    /// gone on in another way, and what it had told of later steps is forgotten.
    fn begin_at(&mut self, step: u64) {
        // What is done after a minibatch shows from the next one on.
        self.differs = self.last_entry.is_some_and(|last| last.saturating_add(1) >= step);
        if self.differs {
            for series in &mut self.series {
                series.points.truncate(series.points.partition_point(|point| point.0 <= step));
            }
            self.findings.retain(|finding| finding.step <= step);
            self.changes.retain(|change| change.step <= step);
        }
    }

    fn place_of(&mut self, tag: &str) -> usize {
        *self.places.entry(tag.to_owned()).or_insert_with(|| {
            self.series.push(TagSeries { tag: tag.to_owned(), points: Vec::new() });
            self.series.len() - 1
        })
    }

    /// Adds the values of an event, whose tags' places and names are given.
    fn add_event(&mut self, event: LoggedEvent, places: &[usize], tags: &[String]) {
        let step = event.step;
        for (number, value) in event.values {
            match value {
                // A value as it is in the file, of 32 bits.
                LoggedValue::Scalar(value) => self.add_point(places[number], step, value as f32),
                LoggedValue::Text(text) => self.add_text(&tags[number], step, text),
                LoggedValue::Other => {}
            }
        }
    }

    /// Adds a value. A resumed run tells some steps again: the first value of a step stays if the others are the same.
    fn add_point(&mut self, place: usize, step: u64, value: f32) {
        let points = &mut self.series[place].points;
        while self.differs && points.last().is_some_and(|last| last.0 >= step) {
            points.pop();
        }
        if points.last().is_none_or(|last| last.0 < step) {
            points.push((step, value));
        }
    }

    /// Adds a finding or a change, unless it was told before.
    fn add_text(&mut self, tag: &str, step: u64, text: String) {
        if tag == CHANGE_TAG {
            let change = RecordedChange { step, text };
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        } else if let Some((_, health)) = FINDING_TAGS.iter().find(|(known, _)| *known == tag) {
            let (what, advice) = text.split_once("\n\n").unwrap_or((&text, ""));
            let finding = Finding { step, health: *health, layer: None, what: what.into(), advice: advice.into() };
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
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
