//! A recorded run as the events that it sent, so that it can be shown again.

use std::{
    collections::{HashMap, VecDeque},
    io,
    ops::ControlFlow,
    path::Path,
};

use super::{
    checkpoint::CheckpointState,
    event_log::{logged_finding, visit_logged_events},
    folder::RunLock,
    ledger::read_ledger,
    newest_state,
    storage::Storage,
    tensorboard::{LoggedEvent, LoggedValue},
};
use crate::{
    protocol::{
        Branching, Controls, DataPart, Evaluation, Event, LayerProbe, MetricId, MetricValue, RunInfo, RunState,
        RunSummary, StateChange, StepReport,
        metric::{TEST_ACCURACY, TEST_LOSS},
    },
    text::thousands,
    train::{Intervention, LedgerEntry, take_due},
};

/// What a tag stands for.
#[derive(Clone, Copy, Debug)]
enum TagMeaning {
    /// A metric of minibatches.
    Step(MetricId),
    /// A metric of evaluations.
    Evaluation(MetricId),
    /// A quantity of a layer.
    Layer(usize, MetricId),
}

/// How much of a recorded run is played.
#[derive(Clone, Copy, Debug)]
pub struct PlayedPart {
    /// The last step of it.
    pub last_step: u64,
    /// Entries of the ledger that had taken effect then.
    pub ledger_entries: usize,
}

impl PlayedPart {
    /// All of it.
    pub const ALL: Self = Self { last_step: u64::MAX, ledger_entries: usize::MAX };
}

/// Gives the events of a part of a recorded run in their order to `take`, which may end it. Branches, changes and findings
/// are among them; states and the end are not.
///
/// # Errors
/// When what the run is can't be read. Damaged event files give what is whole in them, and a sentence each.
pub fn play_events(
    storage: &dyn Storage,
    run: &Path,
    info: &RunInfo,
    part: PlayedPart,
    take: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> io::Result<Vec<String>> {
    let ledger = read_ledger(storage, run).map_err(io::Error::other)?;
    let last_entry = ledger.entries.iter().map(|entry| entry.step).max();
    let mut player = Player {
        info,
        meanings: tag_meanings(info),
        ledger: ledger.entries.into_iter().take(part.ledger_entries).collect(),
        newest: [0; 2],
        take,
    };
    let mut notes = Vec::new();
    visit_logged_events(storage, run, last_entry, &mut notes, &mut |event, tags| {
        if event.step <= part.last_step { player.play(&event, tags) } else { ControlFlow::Continue(()) }
    })?;
    let _ = player.play_ledger_until(part.last_step);
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
    metrics.chain(layers).collect()
}

/// Turns records into events.
struct Player<'a> {
    info: &'a RunInfo,
    meanings: HashMap<String, TagMeaning>,
    /// What was done to the run and is not played yet.
    ledger: VecDeque<LedgerEntry>,
    /// Newest step of a minibatch and of an evaluation: a resumed run tells some again.
    newest: [u64; 2],
    take: &'a mut dyn FnMut(Event) -> ControlFlow<()>,
}

impl Player<'_> {
    fn play(&mut self, logged: &LoggedEvent, tags: &[String]) -> ControlFlow<()> {
        let step = logged.step;
        let (epoch, samples) = (self.epoch(step), self.samples(step));
        let mut report = StepReport { step, epoch, samples, ..StepReport::default() };
        let mut evaluation = Evaluation { step, epoch, ..Evaluation::default() };
        for (tag, value) in &logged.values {
            let tag = tags[*tag].as_str();
            match (value, self.meanings.get(tag)) {
                (LoggedValue::Scalar(value), Some(TagMeaning::Step(id))) => {
                    report.values.push(MetricValue(*id, *value));
                }
                (LoggedValue::Scalar(value), Some(TagMeaning::Evaluation(id))) => {
                    evaluation.values.push(MetricValue(*id, *value));
                }
                (LoggedValue::Scalar(value), Some(TagMeaning::Layer(layer, id))) => {
                    push_layer_value(&mut report.layers, *layer, MetricValue(*id, *value));
                }
                (LoggedValue::Text(text), _) => {
                    if let Some(finding) = logged_finding(tag, step, text) {
                        (self.take)(Event::Finding(finding))?;
                    }
                }
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

    /// Samples in the minibatch of a step, which is not recorded: the last one of an epoch has what the others left.
    fn samples(&self, step: u64) -> Option<u64> {
        let (batch, minibatches) = (self.info.batch_size? as u64, self.info.steps_per_epoch?);
        let all = self.info.data.as_ref()?.train? as u64;
        let left = all.saturating_sub(batch.saturating_mul(minibatches.saturating_sub(1)));
        Some(if minibatches > 0 && step.is_multiple_of(minibatches) { left } else { batch })
    }

    fn play_ledger_until(&mut self, step: u64) -> ControlFlow<()> {
        while let Some(entry) = take_due(&mut self.ledger, step) {
            let LedgerEntry { step, branch, what } = entry;
            match what {
                Intervention::Change(change) => (self.take)(Event::Changed { step, change })?,
                Intervention::Branched { parent } => {
                    (self.take)(Event::Branched(Branching { branch, parent, at: step, change: None }))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn push_layer_value(probes: &mut Vec<LayerProbe>, layer: usize, value: MetricValue) {
    match probes.last_mut().filter(|probe| probe.layer == layer) {
        Some(probe) => probe.values.push(value),
        None => probes.push(LayerProbe { layer, values: std::iter::once(value).collect(), health: None }),
    }
}

/// The end of a recorded run: how it stands at its newest checkpoint.
pub fn final_events(storage: &dyn Storage, run: &Path, info: &RunInfo) -> Vec<Event> {
    let Some(state) = newest_state(storage, run) else {
        let reason = Some(if RunLock::is_held(run) {
            "recorded so far; another program is training it now".into()
        } else {
            "recorded, up to its first checkpoint".into()
        });
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
    let reason = Some(if RunLock::is_held(run) {
        format!("recorded so far; another program is training it now, saved at step {}", thousands(step))
    } else {
        format!("recorded; gradtop resume goes on from step {}", thousands(step))
    });
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
        means: state.training.means.report(),
        weights_sha256: Some(state.training.trainer.weights_sha256.clone()),
        seconds: Some(state.training.seconds),
    }
}
