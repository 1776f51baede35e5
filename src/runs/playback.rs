//! A recorded run as the events that it sent, so that it can be shown again.

use std::{
    collections::{HashMap, VecDeque},
    io,
    ops::ControlFlow,
    path::Path,
};

use super::{
    checkpoint::{CheckpointState, Checkpoints},
    event_log::{logged_finding, visit_logged_events},
    folder::RunLock,
    ledger::read_ledger,
    newest_state,
    placed::{placed_checkpoints, recorded_tree},
    storage::Storage,
    tensorboard::{LoggedEvent, LoggedValue},
};
use crate::{
    protocol::{
        BranchId, BranchName, Branching, Change, Controls, DataPart, Evaluation, Event, LayerProbe, MetricId,
        MetricValue, Rewound, RunInfo, RunState, RunSummary, StateChange, StepReport,
        metric::{TEST_ACCURACY, TEST_LOSS},
    },
    text::thousands,
    train::{Place, RunTree},
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

/// Where the play of a recorded run ends.
#[derive(Clone, Copy, Debug)]
pub struct PlayedUntil {
    /// The branch of which not all is played; all is of the others.
    pub branch: BranchId,
    /// The last step of it.
    pub step: u64,
    /// Changes on it.
    pub changes: usize,
}

/// Gives the events of a recorded run to `take`, which may end it: branch by branch, each in its order, up to a place on one of
/// them if that is given; then where the run stands, if it has branches. Changes and findings are among them; states and the
/// end are not.
///
/// # Errors
/// When what the run is can't be read. Damaged event files give what is whole in them, and a sentence each.
pub fn play_events(
    storage: &dyn Storage,
    run: &Path,
    info: &RunInfo,
    until: Option<PlayedUntil>,
    take: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> io::Result<Vec<String>> {
    let ledger = read_ledger(storage, run).map_err(io::Error::other)?;
    let placed = placed_checkpoints(&Checkpoints::of_run(storage, run), &ledger.entries, &mut Vec::new())?;
    let tree = recorded_tree(&ledger.entries, &placed).map_err(io::Error::other)?;
    let mut player = Player { info, meanings: tag_meanings(info), changes: VecDeque::new(), newest: [0; 2], take };
    let mut notes = Vec::new();
    let root = (Branching { branch: BranchId(0), parent: BranchId(0), at: 0, change: None }, tree.root_name());
    for (branching, name) in std::iter::once(root).chain(tree.branchings()) {
        let until = until.filter(|until| until.branch == branching.branch);
        let played = player.play_branch((storage, run), &tree, (branching, name), until, &mut notes)?;
        if played.is_break() {
            return Ok(notes);
        }
    }
    if tree.branch_count() > 1 || tree.is_behind() {
        let Place { branch, step } = tree.place();
        let step = until.filter(|until| until.branch == branch).map_or(step, |until| until.step.min(step));
        let _ = (player.take)(Event::Rewound(Rewound { branch, step }));
    }
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
    /// Changes on the branch that are not played yet.
    changes: VecDeque<(u64, Change)>,
    /// Newest step of a minibatch and of an evaluation: a resumed run tells some again.
    newest: [u64; 2],
    take: &'a mut dyn FnMut(Event) -> ControlFlow<()>,
}

impl Player<'_> {
    /// Plays one branch, up to a place on it if that is given.
    fn play_branch(
        &mut self,
        (storage, run): (&dyn Storage, &Path),
        tree: &RunTree,
        (branching, name): (Branching, &str),
        until: Option<PlayedUntil>,
        notes: &mut Vec<String>,
    ) -> io::Result<ControlFlow<()>> {
        let Branching { branch, at, .. } = branching;
        let (last, changes) = until.map_or((u64::MAX, usize::MAX), |until| (until.step, until.changes));
        self.changes = tree.changes_of(branch).iter().take(changes).cloned().collect();
        self.newest = [at; 2];
        let mut flow = ControlFlow::Continue(());
        if branch.0 > 0 {
            flow = (self.take)(Event::Branched(branching));
        }
        if flow.is_continue() && !name.is_empty() {
            flow = (self.take)(Event::BranchRenamed(BranchName { branch, name: name.into() }));
        }
        if flow.is_continue() {
            visit_logged_events(storage, (run, branch), tree.last_change(branch), notes, &mut |event, tags| {
                flow = if event.step <= last { self.play(&event, tags) } else { ControlFlow::Continue(()) };
                flow
            })?;
        }
        Ok(if flow.is_continue() { self.play_changes_until(last) } else { flow })
    }

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
            self.play_changes_until(step.saturating_sub(1))?;
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

    fn play_changes_until(&mut self, step: u64) -> ControlFlow<()> {
        while let Some((at, _)) = self.changes.front()
            && *at <= step
            && let Some((step, change)) = self.changes.pop_front()
        {
            (self.take)(Event::Changed { step, change })?;
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
