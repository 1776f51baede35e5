//! What a run measured, as `TensorBoard` reads it.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    folder::{EVENTS_PREFIX, branch_folder},
    storage::{Storage, StoredFile, create_folders},
    tensorboard::{EventWriter, LogReader, LoggedEvent},
};
use crate::{
    files::open_regular,
    protocol::{BranchId, Event, Finding, Health, LayerProbe, MetricInfo, RunInfo},
    text::harmless_name,
};

/// Buffer for reading event files, in bytes.
const READ_BUFFER_BYTES: usize = 1 << 18;

/// Tags of the sentences about the training, and how much they matter.
pub const FINDING_TAGS: [(&str, Health); 3] =
    [("finding/good", Health::Good), ("finding/watch", Health::Watch), ("finding/bad", Health::Bad)];

/// Tag of what was changed, as sentences.
pub const CHANGE_TAG: &str = "change";

/// Seconds after which what was logged is written, so that `TensorBoard` sees it while the run goes on.
const FLUSH_SECONDS: f64 = 1.0;

/// Shortest time between two looks at how all values are distributed. In a long log it grows as buckets of steps do.
const MIN_HISTOGRAM_INTERVAL: Duration = Duration::from_secs(5);

/// The event file of a run that is trained.
#[derive(Debug)]
pub struct EventLog {
    writer: EventWriter<Box<dyn StoredFile>>,
    tags: EventTags,
    /// When histograms were last wanted; empty before the first.
    histograms: Option<Instant>,
    /// When it was last written, in seconds since 1970.
    flushed: f64,
}

/// The tags of a run's values.
#[derive(Clone, Debug, Default)]
pub struct EventTags {
    /// Those of metrics, by their ids.
    metrics: Vec<String>,
    /// Those of each layer's quantities, by their ids.
    layers: Vec<Vec<String>>,
}

impl EventTags {
    /// The tags of a run: `train/loss`, `layer/0/gradient_norm`.
    pub fn of(info: &RunInfo) -> Self {
        let layer = |path: &str| tags_by_id(&info.quantities, |tag| format!("layer/{path}/{tag}"));
        Self {
            metrics: tags_by_id(&info.metrics, str::to_owned),
            layers: info.layers.iter().map(|info| layer(&info.path)).collect(),
        }
    }

    fn metric(&self, id: u32) -> Option<&str> {
        self.metrics.get(id as usize).map(String::as_str)
    }

    fn layer_values<'a>(&'a self, probe: &'a LayerProbe) -> impl Iterator<Item = (&'a str, f64)> {
        let tags = self.layers.get(probe.layer).map_or(&[][..], Vec::as_slice);
        probe.values.iter().filter_map(|value| Some((tags.get(value.0.0 as usize)?.as_str(), value.1)))
    }
}

/// The tags of metrics whose ids are counted from 0.
fn tags_by_id(infos: &[MetricInfo], name: impl Fn(&str) -> String) -> Vec<String> {
    let mut tags = Vec::new();
    for info in infos {
        let at = info.id.0 as usize;
        if at >= tags.len() && at < 4096 {
            tags.resize(at + 1, String::new());
        }
        if let Some(tag) = tags.get_mut(at) {
            *tag = name(&info.tag);
        }
    }
    tags
}

/// Seconds since 1970.
fn now() -> f64 {
    // Before 1970 there were no runs; a clock that says so is wrong, and only people read it.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The event files in the folder of a run, in the order in which they were written.
///
/// # Errors
/// When the folder can't be read.
pub fn event_files(storage: &dyn Storage, run: &Path) -> io::Result<Vec<PathBuf>> {
    let names = storage.list(run)?;
    let mut files: Vec<_> =
        names.into_iter().filter(|name| name.to_string_lossy().starts_with(EVENTS_PREFIX)).collect();
    files.sort();
    Ok(files.into_iter().map(|name| run.join(name)).collect())
}

/// Gives what was logged of a branch of a run, file by file, with the tags of the file, as far as it is whole; what is not
/// is noted.
///
/// Each file begins where the run went on. If something was changed on the branch from there on, at last after step
/// `last_change`, it may have gone on in another way than a crash had cut off, so that what earlier files tell of later steps is left
/// out; otherwise they tell the same, and `visit` gets it twice.
///
/// # Errors
/// When a folder can't be read; a branch that logged nothing needs none.
pub fn visit_logged_events(
    storage: &dyn Storage,
    (run, branch): (&Path, BranchId),
    last_change: Option<u64>,
    notes: &mut Vec<String>,
    visit: &mut dyn FnMut(LoggedEvent, &[String]) -> ControlFlow<()>,
) -> io::Result<()> {
    let files = match event_files(storage, &branch_folder(run, branch)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    // What is done after a minibatch shows from the next one on.
    let differs = |first: &u64| last_change.is_some_and(|last| last.saturating_add(1) >= *first);
    let firsts: Vec<Option<u64>> = files.iter().map(|path| first_step(path).filter(differs)).collect();
    for (at, path) in files.iter().enumerate() {
        let until = firsts[at + 1..].iter().flatten().min().copied().unwrap_or(u64::MAX);
        if visit_file(path, until, notes, visit).is_break() {
            break;
        }
    }
    Ok(())
}

fn open_log(path: &Path) -> Result<LogReader<BufReader<File>>, String> {
    match open_regular(path) {
        Ok((file, _)) => Ok(LogReader::new(BufReader::with_capacity(READ_BUFFER_BYTES, file))),
        Err(error) => Err(error.to_string()),
    }
}

/// The step of the first value in a file; `None` if there is none to be read.
fn first_step(path: &Path) -> Option<u64> {
    let mut reader = open_log(path).ok()?;
    while let Some(event) = reader.next_event().ok()? {
        if !event.values.is_empty() {
            return Some(event.step);
        }
    }
    None
}

fn visit_file(
    path: &Path,
    until: u64,
    notes: &mut Vec<String>,
    visit: &mut dyn FnMut(LoggedEvent, &[String]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let name = harmless_name(path.file_name().unwrap_or_default());
    let mut reader = match open_log(path) {
        Ok(reader) => reader,
        Err(error) => {
            notes.push(format!("{name}: {error}; it is left out"));
            return ControlFlow::Continue(());
        }
    };
    loop {
        match reader.next_event() {
            Ok(Some(event)) if event.step <= until => visit(event, reader.tags())?,
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => {
                notes.push(format!("{name}: {error}; what comes before is there"));
                break;
            }
        }
    }
    if let Some(problem) = reader.problem() {
        notes.push(format!("{name}: {problem}; what comes before is there"));
    }
    if reader.damaged_records() > 0 {
        notes.push(format!("{name}: {} damaged records are left out", reader.damaged_records()));
    }
    ControlFlow::Continue(())
}

/// The finding that a text of one of the [`FINDING_TAGS`] tells; `None` for any other tag.
pub fn logged_finding(tag: &str, step: u64, text: &str) -> Option<Finding> {
    let (_, health) = *FINDING_TAGS.iter().find(|(known, _)| *known == tag)?;
    let (what, advice) = text.split_once("\n\n").unwrap_or((text, ""));
    Some(Finding { step, health, layer: None, what: what.into(), advice: advice.into(), trouble: None })
}

impl EventLog {
    /// Begins another event file in the folder of a run or of one of its branches.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(storage: &dyn Storage, run: &Path, tags: EventTags) -> io::Result<Self> {
        create_folders(storage, run)?;
        let files = event_files(storage, run)?;
        let logged = files.iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum();
        let time = now();
        // Files of a run sort by their number, whatever the clock says.
        let name = format!("{EVENTS_PREFIX}{:010}.gradtop.{:04}", time as u64, files.len());
        let name = match files.last().and_then(|last| last.file_name()) {
            Some(last) if last.to_string_lossy().as_ref() > name.as_str() => {
                let last = last.to_string_lossy();
                let seconds = last.trim_start_matches(EVENTS_PREFIX).split('.').next().unwrap_or_default();
                format!("{EVENTS_PREFIX}{seconds}.gradtop.{:04}", files.len())
            }
            _ => name,
        };
        let file = storage.create_file(&run.join(name))?;
        let mut log = Self { writer: EventWriter::new(file, logged, time), tags, histograms: None, flushed: time };
        log.writer.flush()?;
        Ok(log)
    }

    /// Whether an event is one that is logged: it measures or says something.
    pub fn takes(event: &Event) -> bool {
        matches!(event, Event::Step(_) | Event::Evaluation(_) | Event::Finding(_) | Event::Changed { .. })
    }

    /// Logs an event, if [`Self::takes`] says so.
    ///
    /// # Errors
    /// When the file can't be written; no more must be logged to it then.
    pub fn record(&mut self, event: &Event) -> io::Result<()> {
        let time = now();
        let Self { writer, tags, .. } = self;
        match event {
            Event::Step(report) => {
                let metrics = report.values.iter().filter_map(|value| Some((tags.metric(value.0.0)?, value.1)));
                let layers = report.layers.iter().flat_map(|probe| tags.layer_values(probe));
                writer.scalars(report.step, time, metrics.chain(layers))?;
            }
            Event::Evaluation(evaluation) => {
                let metrics = evaluation.values.iter().filter_map(|value| Some((tags.metric(value.0.0)?, value.1)));
                writer.scalars(evaluation.step, time, metrics)?;
            }
            Event::Finding(finding) => {
                let text = format!("{}\n\n{}", finding.what, finding.advice);
                let tag = FINDING_TAGS.iter().find(|(_, health)| *health == finding.health);
                writer.text(finding.step, time, tag.map_or("finding", |(tag, _)| tag), text.trim_end())?;
            }
            Event::Changed { step, change } => writer.text(*step, time, CHANGE_TAG, &change.to_string())?,
            _ => {}
        }
        // A clock that jumps back does not keep it from being written.
        if (time - self.flushed).abs() >= FLUSH_SECONDS {
            self.flushed = time;
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Whether it is time for how all values are distributed; from then on it is not.
    pub fn takes_histograms(&mut self, now: Instant) -> bool {
        let times = u32::try_from(self.writer.thinning()).unwrap_or(u32::MAX);
        let interval = MIN_HISTOGRAM_INTERVAL.saturating_mul(times);
        let due = self.histograms.is_none_or(|last| now.duration_since(last) >= interval);
        if due {
            self.histograms = Some(now);
        }
        due
    }

    /// Logs how a tensor's values are distributed.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn record_histogram(&mut self, step: u64, tag: &str, values: &mut dyn Iterator<Item = f64>) -> io::Result<()> {
        self.writer.histogram(step, now(), tag, values)
    }

    /// Writes everything that was logged.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn finish(&mut self) -> io::Result<()> {
        self.writer.finish()
    }
}
