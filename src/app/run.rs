//! The run as its events tell it.

mod branching;

use std::collections::VecDeque;

use crate::protocol::{
    self, Answer, Capability, Change, Controls, Event, Failure, Finding, Health, Hello, HyperParameter, LEARNING_RATE,
    Loading, MetricInfo, NewMetrics, PROTOCOL_VERSION, Rewinding, RunInfo, RunState, RunSummary, StateChange,
    StepReport, TrainingMeans, Walk, change::EPOCHS, metric::EFFECTIVE_LEARNING_RATE,
};

use super::branches::{Branches, Lineage, RunPosition};
use super::columns::TableColumns;
use super::display::{harmless_name, harmless_passage, harmless_sentence};
use super::findings::Findings;
use super::inspect::NewestAnswers;
use super::layers::{LayerRow, Layers};
use super::metric::MetricStore;
use super::record::RecordStatus;
use super::speed::TrainingSpeed;

/// Most changes that keep their marks.
const MAX_MARKS: usize = 1024;

/// Most hyperparameters that are listed.
const MAX_HYPERPARAMETERS: usize = 64;

/// Longest key of a hyperparameter in bytes; one that is longer is not listed.
const MAX_KEY_BYTES: usize = 128;

/// Most classes whose names are kept.
pub const MAX_CLASS_NAMES: usize = 1024;

/// A place where the course of the run was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeMark {
    /// Where it took effect.
    pub at: RunPosition,
    /// What was changed.
    pub change: Change,
}

/// Everything known about the run. Texts in it are safe to show, but for the keys in `controls`, which go back to
/// the source as they came: [`super::App::control_rows`] has them for people.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// The source's name and version, once it said hello.
    pub source: Option<String>,
    /// What the source can be asked to do; `None` before it said hello.
    pub capabilities: Option<Vec<Capability>>,
    /// Work that precedes training.
    pub loading: Option<Loading>,
    /// What stays the same; `None` while loading. Its layers are in `layers`, its metrics in `metrics`, the names of
    /// its classes in `classes`, its columns in `columns`, the notes on its data among the `findings`.
    pub info: Option<RunInfo>,
    /// Names of the classes; of more than [`MAX_CLASS_NAMES`] the first.
    pub classes: Vec<String>,
    /// The columns of the data, where they are a table.
    pub columns: TableColumns,
    /// What the source is doing.
    pub state: RunState,
    /// Why it is doing that, where there is more to say.
    pub reason: Option<String>,
    /// The branches, and which of them the run is on.
    pub branches: Branches,
    /// Minibatches completed where the run stands on that branch.
    pub step: u64,
    /// How far it is on its way to an earlier step or to another branch, while it is.
    pub rewinding: Option<Rewinding>,
    /// Epochs completed as a fraction, where there are epochs.
    pub epoch: Option<f64>,
    /// What can be steered, with its values now.
    pub controls: Option<Controls>,
    /// How fast it trains.
    pub speed: TrainingSpeed,
    /// The newest step at which a metric that is meant to be small or large was not a number.
    pub broken: Option<RunPosition>,
    /// What is measured, over the steps.
    pub metrics: MetricStore,
    /// What the newest minibatches measured on average; absent where the source does not say.
    pub means: Option<Box<TrainingMeans>>,
    /// The layers that have parameters.
    pub layers: Layers,
    /// What was asked about the inside of the run, and what it answered.
    pub answers: NewestAnswers,
    /// Where the walk through the phases of a minibatch stands, while it is walked through.
    pub walk: Option<Walk>,
    /// Changes of the course of the run, oldest first.
    pub marks: VecDeque<ChangeMark>,
    /// What the source noticed.
    pub findings: Findings,
    /// Where and how far it is recorded.
    pub record: RecordStatus,
    /// Reports left out because the dashboard was slow.
    pub thinned: u64,
    /// How the run ended, if it finished; gone again when it was extended.
    pub summary: Option<RunSummary>,
    /// Why the run can't go on.
    pub failure: Option<Failure>,
    /// Whether nothing will come from the source any more.
    pub gone: bool,
}

impl Run {
    pub(super) fn new(run: &str) -> Self {
        Self { name: harmless_name(run), ..Self::default() }
    }

    /// The way to the branch that the run is on.
    pub fn lineage(&self) -> &Lineage {
        self.branches.lineage()
    }

    /// The changes that took effect on the way to a branch, oldest first.
    pub(super) fn marks_on(&self, way: &Lineage) -> impl Iterator<Item = &ChangeMark> {
        self.marks.iter().filter(|mark| way.contains_change(mark.at))
    }

    /// The steps on the way to a branch after which training was different, ascending: where it left another branch, and
    /// where something was changed.
    pub(super) fn cuts_on(&self, way: &Lineage) -> Vec<u64> {
        let forks = way.stretches().iter().skip(1).map(|stretch| stretch.first);
        let changes = self.marks_on(way).filter(|mark| mark.change.key != EPOCHS);
        let mut cuts: Vec<u64> = forks.chain(changes.map(|mark| mark.at.step)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// Where the run is when `step` minibatches are completed.
    fn position(&self, step: u64) -> RunPosition {
        RunPosition { branch: self.branches.current_branch(), step }
    }

    /// Whether the source can do `capability`; unknown means not yet.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.as_ref().is_some_and(|list| list.contains(&capability))
    }

    /// Whether minibatches may still come without a further request.
    pub fn is_under_way(&self) -> bool {
        !self.gone && matches!(self.state, RunState::Loading | RunState::Running | RunState::Paused)
    }

    /// Value of a hyperparameter as the source last told it.
    pub fn hyperparameter(&self, key: &str) -> Option<&HyperParameter> {
        self.controls.as_ref()?.hyperparameters.iter().find(|parameter| parameter.key == key)
    }

    /// Learning rate before the schedule, where it can be steered, or else the one that is used.
    pub fn learning_rate(&self) -> Option<f64> {
        self.hyperparameter(LEARNING_RATE).map(|parameter| parameter.value).or_else(|| self.effective_learning_rate())
    }

    /// Learning rate that the newest update used.
    pub fn effective_learning_rate(&self) -> Option<f64> {
        self.metrics
            .track_with_tag(EFFECTIVE_LEARNING_RATE)?
            .latest_value(self.lineage())
            .map(|(_, learning_rate)| learning_rate)
    }

    /// The name of a class, or its number where it has none.
    pub fn class_name(&self, class: usize) -> String {
        self.classes.get(class).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| class.to_string())
    }

    /// The columns of the data as the inputs of a layer, if that is what it reads.
    pub fn input_columns(&self, layer: usize) -> Option<&TableColumns> {
        self.columns.as_layer_inputs(self.layers.chain(), layer)
    }

    /// Whether a layer's newest probe was taken before a step went wrong, so that its verdict no longer stands.
    pub fn is_stale(&self, row: &LayerRow) -> bool {
        let broken = self.broken.filter(|broken| self.lineage().contains(*broken));
        row.last_probe.as_ref().zip(broken).is_some_and(|(look, broken)| look.at.step < broken.step)
    }

    /// Minibatches a second, as measured or as the limit lets expect; `None` while unknown.
    pub fn steps_per_second(&self) -> Option<f64> {
        self.speed.steps_per_second(self.info.as_ref()?.batch_size?)
    }

    /// Takes an event in. Answers to requests are not told here.
    pub(super) fn apply_event(&mut self, event: Event) {
        match event {
            Event::Hello(hello) => self.take_hello(hello),
            Event::Loading(loading) => {
                let fraction = loading.fraction.filter(|fraction| fraction.is_finite()).map(|f| f.clamp(0.0, 1.0));
                self.loading = Some(Loading { what: harmless_sentence(&loading.what), fraction });
            }
            Event::Ready(info) => self.take_run_info(*info),
            Event::Metrics(NewMetrics { metrics, quantities }) => self.add_metric_infos(metrics, quantities),
            Event::State(change) => self.take_state(&change),
            Event::Controls(controls) => self.take_controls(controls),
            Event::Step(report) => self.take_step_report(report),
            Event::Evaluation(evaluation) => {
                self.reach_step(evaluation.step);
                let newest = self.branches.lineage().newest_stretch();
                self.metrics.push_values(newest, evaluation.step, &evaluation.values, 1.0);
            }
            Event::Changed { step, change } => self.add_mark(step, change),
            Event::Branched(branching) => self.take_branching(&branching),
            Event::Finding(finding) => self.add_finding(&finding),
            Event::Thinned { total } => self.thinned = total,
            Event::Saved(saved) => self.record.take_saved(&saved),
            Event::Finished(summary) => {
                self.state = RunState::Finished;
                self.reach_step(summary.step);
                let mut summary = summary;
                self.means = summary.means.take().or(self.means.take());
                summary.weights_sha256 = summary.weights_sha256.as_deref().map(harmless_name);
                self.summary = Some(summary);
            }
            Event::Failed(failure) => self.take_failure(&failure),
            Event::Stopped { step } => {
                if self.state != RunState::Failed {
                    self.state = RunState::Stopped;
                }
                self.reach_step(step);
                (self.gone, self.rewinding) = (true, None);
            }
            Event::Inspection(inspection) if inspection.answer == Answer::Unknown => self.report_unknown_message(),
            Event::Inspection(inspection) => self.answers.record_answer(self.branches.current_branch(), *inspection),
            Event::Phase(walk) if walk.phase == protocol::Phase::Unknown => self.report_unknown_message(),
            Event::Phase(walk) => self.walk = (walk.phase != protocol::Phase::Between).then_some(walk),
            Event::Unknown => self.report_unknown_message(),
            Event::Rewinding(rewinding) => self.rewinding = Some(rewinding),
            Event::Rewound(position) => self.take_rewound(position),
            Event::BranchRenamed(name) => self.take_branch_name(&name),
            Event::BranchDeleted { branch } => self.take_deleted_branch(branch),
            // A range test is shown in a dialog of its own.
            Event::RangeTest(_) | Event::Applied { .. } | Event::Rejected { .. } => {}
        }
    }

    /// The source ended without saying so, which means `what` for a run that was not over.
    pub(super) fn handle_source_gone(&mut self, what: &str) {
        if self.gone {
            return;
        }
        self.gone = true;
        if matches!(self.state, RunState::Loading | RunState::Running | RunState::Paused) {
            self.take_failure(&Failure {
                step: self.step,
                what: what.into(),
                advice: "what is on the screen is all that arrived; q leaves".into(),
            });
        }
    }

    /// Bytes held by the series and by the past of the layers.
    pub fn memory_bytes(&self) -> usize {
        self.answers.memory_bytes() + self.layers.memory_bytes() + self.metrics.memory_bytes()
    }

    fn take_failure(&mut self, failure: &Failure) {
        self.state = RunState::Failed;
        self.reach_step(failure.step);
        (self.loading, self.rewinding) = (None, None);
        self.failure = Some(Failure {
            step: failure.step,
            what: harmless_passage(&failure.what),
            advice: harmless_passage(&failure.advice),
        });
    }

    fn take_state(&mut self, change: &StateChange) {
        if change.state == RunState::Unknown {
            self.report_unknown_message();
        } else {
            self.state = change.state;
        }
        self.reach_step(change.step);
        self.rewinding = None;
        self.reason = change.reason.as_deref().map(harmless_sentence);
        if matches!(change.state, RunState::Running | RunState::Paused) {
            self.summary = None;
        }
    }

    fn take_hello(&mut self, hello: Hello) {
        self.name = harmless_name(&hello.run);
        self.source = Some(harmless_name(&hello.source));
        let mut capabilities = hello.capabilities;
        capabilities.retain(|capability| *capability != Capability::Unknown);
        capabilities.truncate(32);
        self.capabilities = Some(capabilities);
        if hello.protocol != PROTOCOL_VERSION {
            let what = format!(
                "{} speaks version {} of the protocol and this dashboard version {PROTOCOL_VERSION}",
                harmless_name(&hello.source),
                hello.protocol
            );
            let older = if hello.protocol > PROTOCOL_VERSION { "gradtop" } else { "the source" };
            self.add_own_finding(what, &format!("some of its data may not be shown; update {older}"));
        }
    }

    /// Counts something that this version does not know.
    fn report_unknown_message(&mut self) {
        let what = "the source sent a message that this version doesn't understand; it was skipped";
        self.add_own_finding(what.into(), "update gradtop to see it");
    }

    /// Adds a finding of the dashboard's own.
    fn add_own_finding(&mut self, what: String, advice: &str) {
        let finding =
            Finding { step: self.step, health: Health::Watch, layer: None, what, advice: advice.into(), trouble: None };
        self.add_finding(&finding);
    }

    fn add_finding(&mut self, finding: &Finding) {
        let rate = self.hyperparameter(LEARNING_RATE).map(|rate| rate.value);
        self.findings.add(self.branches.current_branch(), finding, rate);
    }

    /// Takes in metrics and quantities of layers that are new.
    fn add_metric_infos(&mut self, metrics: Vec<MetricInfo>, quantities: Vec<MetricInfo>) {
        let refused = self.metrics.add_metric_infos(metrics) + self.layers.add_quantity_infos(quantities);
        if refused > 0 {
            let what = format!("{refused} metrics not shown: too many, or id or tag too large");
            self.add_own_finding(what, "their values are skipped");
        }
    }

    fn add_mark(&mut self, step: u64, change: Change) {
        let mark = ChangeMark { at: self.position(step), change: change.with_texts_cut() };
        // A source tells with what a branch begins, and then what was changed.
        if self.marks.back() == Some(&mark) {
            return;
        }
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    fn take_run_info(&mut self, mut info: RunInfo) {
        self.loading = None;
        self.layers = Layers::of(&info.layers, info.loss.as_ref());
        self.answers = NewestAnswers::default();
        (info.layers, info.loss) = (Vec::new(), None);
        self.add_metric_infos(std::mem::take(&mut info.metrics), std::mem::take(&mut info.quantities));
        if let Some(data) = &mut info.data {
            let classes = std::mem::take(&mut data.classes);
            self.classes = classes.iter().take(MAX_CLASS_NAMES).map(|class| harmless_name(class)).collect();
            self.columns = TableColumns::of(&std::mem::take(&mut data.columns), data.shape.as_deref());
            self.findings.set_notes(&std::mem::take(&mut data.notes));
            data.shape.iter_mut().for_each(|shape| shape.truncate(8));
            data.name = harmless_name(&data.name);
        }
        info.optimizer = info.optimizer.as_deref().map(harmless_name);
        self.record.set_folder(info.folder.take().as_deref());
        self.info = Some(info);
    }

    fn take_controls(&mut self, mut controls: Controls) {
        controls.hyperparameters.retain(|parameter| parameter.key.len() <= MAX_KEY_BYTES);
        controls.hyperparameters.truncate(MAX_HYPERPARAMETERS);
        controls.schedule = controls.schedule.as_deref().map(harmless_name);
        controls.throttle = controls.throttle.filter(|limit| limit.is_finite() && *limit > 0.0);
        self.speed.set_limit(controls.throttle);
        self.controls = Some(controls);
    }

    fn take_step_report(&mut self, report: StepReport) {
        self.reach_step(report.step);
        if let Some(epoch) = report.epoch.filter(|epoch| epoch.is_finite()) {
            self.epoch = Some(epoch.max(0.0));
        }
        let lineage = self.branches.lineage();
        let full = self.info.as_ref().and_then(|info| info.batch_size);
        let share = report.samples.zip(full).map_or(1.0, |(samples, full)| samples as f64 / full as f64);
        if self.metrics.push_values(lineage.newest_stretch(), report.step, &report.values, share) {
            let newest = self.broken.filter(|broken| lineage.contains(*broken)).map_or(0, |broken| broken.step);
            self.broken = Some(self.position(report.step.max(newest)));
        }
        self.means = report.means;
        self.layers.record_probe(self.branches.lineage(), report.step, report.layers);
        self.speed.measure(report.samples_per_second, self.info.as_ref().and_then(|info| info.batch_size));
    }
}
