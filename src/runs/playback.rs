//! A recorded run as the events that it sent, so that it can be shown again.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader},
    ops::ControlFlow,
    path::Path,
};

use super::{
    checkpoint::CheckpointState,
    event_log::{FINDING_TAGS, event_files},
    ledger::read_ledger,
    newest_state,
    storage::Storage,
    tensorboard::{LogReader, LoggedEvent, LoggedValue},
};
use crate::{
    protocol::{
        BranchId, Branching, Controls, DataPart, Evaluation, Event, Finding, LayerProbe, MetricId, MetricValue,
        RunInfo, RunState, RunSummary, StateChange, StepReport,
        metric::{TEST_ACCURACY, TEST_LOSS},
    },
    text::harmless_name,
    train::{Intervention, LedgerEntry, take_due},
};

/// Buffer for reading event files, in bytes.
const READ_BUFFER_BYTES: usize = 1 << 18;

/// What a tag stands for.
#[derive(Clone, Copy, Debug)]
enum TagMeaning {
    /// A metric of minibatches.
    Step(MetricId),
    /// A metric of evaluations.
    Evaluation(MetricId),
    /// A quantity of a layer.
    Layer(usize, MetricId),
    /// A finding, by its place in [`FINDING_TAGS`].
    Finding(usize),
    /// Something that no event had.
    Other,
}

/// Gives the events of a recorded run in their order, up to `until` if that is given, to `take`, which may end it.
/// Branches, changes and findings are among them; states and the end are not.
///
/// # Errors
/// When what the run is can't be read. Damaged event files give what is whole in them, and a sentence each.
pub fn play_events(
    storage: &dyn Storage,
    run: &Path,
    info: &RunInfo,
    until: Option<u64>,
    take: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> io::Result<Vec<String>> {
    let ledger = read_ledger(storage, run).map_err(io::Error::other)?;
    let mut player = Player {
        info,
        meanings: tag_meanings(info),
        ledger: ledger.entries.into(),
        branch: BranchId::default(),
        newest: [0; 2],
        until: until.unwrap_or(u64::MAX),
        take,
    };
    let mut notes = Vec::new();
    for path in event_files(storage, run)? {
        let mut reader = LogReader::new(BufReader::with_capacity(READ_BUFFER_BYTES, File::open(&path)?));
        let mut tags = Vec::new();
        while let Some(event) = reader.next_event()? {
            for tag in &reader.tags()[tags.len()..] {
                tags.push(player.meanings.get(tag.as_str()).copied().unwrap_or(TagMeaning::Other));
            }
            if player.play(&event, &tags).is_break() {
                return Ok(notes);
            }
        }
        let file = harmless_name(path.file_name().unwrap_or_default());
        if let Some(problem) = reader.problem() {
            notes.push(format!("{file}: {problem}; what comes before is shown"));
        }
        if reader.damaged_records() > 0 {
            notes.push(format!("{file}: {} damaged records are left out", reader.damaged_records()));
        }
    }
    let _ = player.play_ledger_until(u64::MAX);
    Ok(notes)
}

fn tag_meanings(info: &RunInfo) -> HashMap<String, TagMeaning> {
    let metrics = info.metrics.iter().map(|metric| {
        let meaning = match metric.data_part_and_name().0 {
            DataPart::HeldOut(_) => TagMeaning::Evaluation(metric.id),
            DataPart::Train | DataPart::Whole => TagMeaning::Step(metric.id),
        };
        (metric.tag.clone(), meaning)
    });
    let layers = info.layers.iter().enumerate().flat_map(|(at, layer)| {
        let tag = move |tag: &str| format!("layer/{}/{tag}", layer.path);
        info.quantities.iter().map(move |quantity| (tag(&quantity.tag), TagMeaning::Layer(at, quantity.id)))
    });
    let findings = FINDING_TAGS.iter().enumerate().map(|(at, (tag, _))| ((*tag).to_owned(), TagMeaning::Finding(at)));
    metrics.chain(layers).chain(findings).collect()
}

/// Turns records into events.
struct Player<'a> {
    info: &'a RunInfo,
    meanings: HashMap<String, TagMeaning>,
    /// What was done to the run and is not played yet.
    ledger: std::collections::VecDeque<LedgerEntry>,
    branch: BranchId,
    /// Newest step of a minibatch and of an evaluation: a resumed run tells some again.
    newest: [u64; 2],
    /// Steps after this one are left out.
    until: u64,
    take: &'a mut dyn FnMut(Event) -> ControlFlow<()>,
}

impl Player<'_> {
    fn play(&mut self, logged: &LoggedEvent, tags: &[TagMeaning]) -> ControlFlow<()> {
        let step = logged.step;
        if step > self.until {
            return ControlFlow::Continue(());
        }
        let mut report = StepReport { step, epoch: self.epoch(step), ..StepReport::default() };
        let mut evaluation = Evaluation { step, epoch: self.epoch(step), ..Evaluation::default() };
        for (tag, value) in &logged.values {
            match (tags.get(*tag), value) {
                (Some(TagMeaning::Step(id)), LoggedValue::Scalar(value)) => {
                    report.values.push(MetricValue(*id, *value));
                }
                (Some(TagMeaning::Evaluation(id)), LoggedValue::Scalar(value)) => {
                    evaluation.values.push(MetricValue(*id, *value));
                }
                (Some(TagMeaning::Layer(layer, id)), LoggedValue::Scalar(value)) => {
                    let value = MetricValue(*id, *value);
                    match report.layers.last_mut().filter(|probe| probe.layer == *layer) {
                        Some(probe) => probe.values.push(value),
                        None => report.layers.push(LayerProbe {
                            layer: *layer,
                            values: std::iter::once(value).collect(),
                            health: None,
                        }),
                    }
                }
                (Some(TagMeaning::Finding(at)), LoggedValue::Text(text)) => self.play_finding(step, *at, text)?,
                _ => {}
            }
        }
        let measured = !report.values.is_empty() || !report.layers.is_empty();
        if measured && step > self.newest[0] {
            self.newest[0] = step;
            // What was done at a step took effect before the next minibatch.
            self.play_ledger_until(step.saturating_sub(1))?;
            (self.take)(Event::Step(report))?;
        }
        if !evaluation.values.is_empty() && step > self.newest[1] {
            self.newest[1] = step;
            (self.take)(Event::Evaluation(evaluation))?;
        }
        ControlFlow::Continue(())
    }

    fn epoch(&self, step: u64) -> Option<f64> {
        self.info.steps_per_epoch.map(|steps| step as f64 / steps as f64)
    }

    fn play_finding(&mut self, step: u64, at: usize, text: &str) -> ControlFlow<()> {
        let (what, advice) = text.split_once("\n\n").unwrap_or((text, ""));
        let health = FINDING_TAGS[at].1;
        (self.take)(Event::Finding(Finding { step, health, layer: None, what: what.into(), advice: advice.into() }))
    }

    fn play_ledger_until(&mut self, step: u64) -> ControlFlow<()> {
        while let Some(entry) = take_due(&mut self.ledger, step.min(self.until)) {
            let LedgerEntry { step, branch, what } = entry;
            match what {
                Intervention::Change(change) => (self.take)(Event::Changed { step, change })?,
                Intervention::Branched { parent } => {
                    self.branch = branch;
                    (self.take)(Event::Branched(Branching { branch, parent, at: step, change: None }))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The end of a recorded run: how it stands at its newest checkpoint.
pub fn final_events(storage: &dyn Storage, run: &Path, info: &RunInfo) -> Vec<Event> {
    let Some(state) = newest_state(storage, run) else {
        let reason = Some("recorded, up to its first checkpoint".into());
        return vec![Event::State(StateChange { state: RunState::Stopped, step: 0, reason })];
    };
    let step = state.training.trainer.step;
    let planned = state.training.trainer.planned_steps;
    let controls = Event::Controls(Controls {
        schedule: Some(state.training.trainer.schedule.clone()),
        total_steps: Some(planned),
        ..Controls::default()
    });
    if state.training.complete {
        return vec![controls, Event::Finished(summary(info, &state))];
    }
    let reason = Some(format!("recorded; gradtop resume goes on from step {step}"));
    vec![controls, Event::State(StateChange { state: RunState::Stopped, step, reason })]
}

fn summary(info: &RunInfo, state: &CheckpointState) -> RunSummary {
    let id = |tag: &str| info.metrics.iter().find(|metric| metric.tag == tag).map(|metric| metric.id);
    let test = state.training.last_evaluation.as_ref();
    let value = |tag: &str, value: Option<f64>| Some(MetricValue(id(tag)?, value?));
    let values = [value(TEST_LOSS, test.map(|test| test.loss)), value(TEST_ACCURACY, test.map(|test| test.accuracy))];
    RunSummary {
        step: state.training.trainer.step,
        values: values.into_iter().flatten().collect(),
        weights_sha256: Some(state.training.trainer.weights_sha256.clone()),
        seconds: Some(state.training.seconds),
    }
}
