//! The run as its events tell it.

use std::collections::VecDeque;

use crate::protocol::{
    self, Capability, Controls, Event, Failure, Hello, HyperParameter, LEARNING_RATE, Loading, RunInfo, RunState,
    StepReport, Summary, Walk,
};

use super::display::{name, sentence};
use super::findings::Findings;
use super::inspect::Answers;
use super::layers::{LayerRow, Layers};
use super::series::Series;
use super::view::Metric;

/// Buckets a level of a chart's series: a chart over the whole width of a large terminal stays sharp.
const BUCKETS: usize = 2048;

/// Most interventions that keep their marks.
const MARKS: usize = 1024;

/// Most hyperparameters that are listed.
const HYPERPARAMETERS: usize = 64;

/// Longest key of a hyperparameter in bytes; one that is longer is not listed.
const KEY: usize = 128;

/// Most classes whose names are kept.
pub const CLASSES: usize = 1024;

/// A place where somebody changed the course of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Minibatches completed when it took effect.
    pub step: u64,
    /// What was changed.
    pub what: String,
}

/// The two curves of a chart.
#[derive(Clone, Debug)]
pub struct Curves {
    /// One value a minibatch.
    pub train: Series,
    /// One value an evaluation of the test split.
    pub test: Series,
}

impl Curves {
    fn new() -> Self {
        Self { train: Series::new(BUCKETS), test: Series::new(BUCKETS) }
    }
}

/// Everything known about the run. Texts in it are safe to show, but for the keys in `controls`, which go back to
/// the source as they came: [`super::App::controls`] has them for people.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// The source's name and version, once it said hello.
    pub source: Option<String>,
    /// What the source can be asked to do; `None` before it said hello.
    pub capabilities: Option<Vec<Capability>>,
    /// Work that precedes training.
    pub loading: Option<Loading>,
    /// What stays the same; `None` while loading. Its layers are in `layers`, the names of its classes in `classes`.
    pub info: Option<RunInfo>,
    /// Names of the classes; of more than [`CLASSES`] the first.
    pub classes: Vec<String>,
    /// What the source is doing.
    pub state: RunState,
    /// Why it is doing that, where there is more to say.
    pub reason: Option<String>,
    /// Minibatches completed.
    pub step: u64,
    /// Epochs completed as a fraction.
    pub epoch: f64,
    /// What can be steered, with its values now.
    pub controls: Option<Controls>,
    /// The newest report, without its probe.
    pub latest: Option<StepReport>,
    /// The newest step at which a loss or an accuracy was not a number.
    pub broken: Option<u64>,
    /// Norm of the whole gradient at the newest probe.
    pub gradient_norm: Option<f64>,
    /// Loss over the steps.
    pub loss: Curves,
    /// Accuracy over the steps.
    pub accuracy: Curves,
    /// The layers that have parameters.
    pub layers: Layers,
    /// What was asked about the inside of the run, and what it answered.
    pub answers: Answers,
    /// Where the walk through the phases of a minibatch stands, while somebody walks.
    pub walk: Option<Walk>,
    /// Places where somebody intervened, oldest first.
    pub marks: VecDeque<Mark>,
    /// What the source noticed.
    pub findings: Findings,
    /// Reports left out because the dashboard was slow.
    pub thinned: u64,
    /// How the run ended, if it finished; gone again when it was extended.
    pub summary: Option<Summary>,
    /// Why the run can't go on.
    pub failure: Option<Failure>,
    /// Whether nothing will come from the source any more.
    pub gone: bool,
}

impl Run {
    pub(super) fn new(run: &str) -> Self {
        Self {
            name: name(run),
            source: None,
            capabilities: None,
            loading: None,
            info: None,
            classes: Vec::new(),
            state: RunState::Loading,
            reason: None,
            step: 0,
            epoch: 0.0,
            controls: None,
            latest: None,
            broken: None,
            gradient_norm: None,
            loss: Curves::new(),
            accuracy: Curves::new(),
            layers: Layers::default(),
            answers: Answers::default(),
            walk: None,
            marks: VecDeque::new(),
            findings: Findings::default(),
            thinned: 0,
            summary: None,
            failure: None,
            gone: false,
        }
    }

    /// The curves of a chart.
    pub fn curves(&self, metric: Metric) -> &Curves {
        match metric {
            Metric::Loss => &self.loss,
            Metric::Accuracy => &self.accuracy,
        }
    }

    /// Whether the source can do `capability`; unknown means not yet.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.as_ref().is_some_and(|list| list.contains(&capability))
    }

    /// Whether minibatches may still come without anybody asking for more.
    pub fn is_under_way(&self) -> bool {
        !self.gone && matches!(self.state, RunState::Loading | RunState::Running | RunState::Paused)
    }

    /// Value of a hyperparameter as the source last told it.
    pub fn hyperparameter(&self, key: &str) -> Option<&HyperParameter> {
        self.controls.as_ref()?.hyperparameters.iter().find(|parameter| parameter.key == key)
    }

    /// Learning rate before the schedule.
    pub fn learning_rate(&self) -> Option<f64> {
        self.hyperparameter(LEARNING_RATE).map(|rate| rate.value).or(self.latest.as_ref().map(|latest| latest.lr))
    }

    /// Whether a layer's newest probe was taken before a step went wrong, so that its verdict no longer stands.
    pub fn is_stale(&self, row: &LayerRow) -> bool {
        row.probe.as_ref().zip(self.broken).is_some_and(|((probed, _), broken)| *probed < broken)
    }

    /// Minibatches a second of late; `None` while unknown or when nothing moves.
    pub fn steps_per_second(&self) -> Option<f64> {
        let samples = self.latest.as_ref()?.samples_per_second;
        let batch = self.info.as_ref()?.batch_size.max(1) as f64;
        let rate = samples / batch;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }

    /// Takes an event in. Answers to requests are not told here.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Hello(hello) => self.hello(hello),
            Event::Loading(loading) => {
                let fraction = loading.fraction.filter(|fraction| fraction.is_finite()).map(|f| f.clamp(0.0, 1.0));
                self.loading = Some(Loading { what: sentence(&loading.what), fraction });
            }
            Event::Ready(info) => self.ready(*info),
            Event::State(change) => {
                self.state = change.state;
                self.step = self.step.max(change.step);
                self.reason = change.reason.as_deref().map(sentence);
                if matches!(change.state, RunState::Running | RunState::Paused) {
                    self.summary = None;
                }
            }
            Event::Controls(controls) => self.steer(controls),
            Event::Step(report) => self.report(report),
            Event::Evaluation(evaluation) => {
                self.loss.test.push(evaluation.step, evaluation.loss);
                self.accuracy.test.push(evaluation.step, evaluation.accuracy);
            }
            Event::Intervention { step, what } => {
                if self.marks.len() == MARKS {
                    self.marks.pop_front();
                }
                self.marks.push_back(Mark { step, what: sentence(&what) });
            }
            Event::Finding(finding) => self.findings.add(&finding),
            Event::Thinned { total } => self.thinned = total,
            Event::Finished(summary) => {
                self.state = RunState::Finished;
                self.step = self.step.max(summary.step);
                self.summary = Some(Summary { weights_sha256: name(&summary.weights_sha256), ..summary });
            }
            Event::Failed(failure) => self.fail(&failure),
            Event::Stopped { step } => {
                if self.state != RunState::Failed {
                    self.state = RunState::Stopped;
                }
                self.step = self.step.max(step);
                self.gone = true;
            }
            Event::Inspection(inspection) => self.answers.take(*inspection),
            Event::Phase(walk) => self.walk = (walk.phase != protocol::Phase::Between).then_some(walk),
            Event::Applied { .. } | Event::Rejected { .. } => {}
        }
    }

    /// The source ended without saying so.
    pub(super) fn lost(&mut self) {
        if self.gone {
            return;
        }
        self.gone = true;
        if matches!(self.state, RunState::Loading | RunState::Running | RunState::Paused) {
            self.fail(&Failure {
                step: self.step,
                what: "the training ended without a word".into(),
                advice: "what is on the screen is all that arrived; q leaves".into(),
            });
        }
    }

    /// Bytes held by the series and by the past of the layers.
    pub fn memory(&self) -> usize {
        let curves = [&self.loss, &self.accuracy];
        self.answers.memory()
            + self.layers.memory()
            + curves.iter().map(|curves| curves.train.memory() + curves.test.memory()).sum::<usize>()
    }

    fn fail(&mut self, failure: &Failure) {
        self.state = RunState::Failed;
        self.step = self.step.max(failure.step);
        self.failure =
            Some(Failure { step: failure.step, what: sentence(&failure.what), advice: sentence(&failure.advice) });
    }

    fn hello(&mut self, hello: Hello) {
        self.name = name(&hello.run);
        self.source = Some(name(&hello.source));
        let mut capabilities = hello.capabilities;
        capabilities.truncate(32);
        self.capabilities = Some(capabilities);
    }

    fn ready(&mut self, mut info: RunInfo) {
        self.loading = None;
        self.layers = Layers::of(&info.layers);
        self.answers = Answers::default();
        info.layers.clear();
        info.layers.shrink_to_fit();
        let classes = std::mem::take(&mut info.data.classes);
        self.classes = classes.iter().take(CLASSES).map(|class| name(class)).collect();
        info.data.shape.truncate(8);
        info.data.name = name(&info.data.name);
        info.optimizer = name(&info.optimizer);
        self.info = Some(info);
    }

    fn steer(&mut self, mut controls: Controls) {
        controls.hyperparameters.retain(|parameter| parameter.key.len() <= KEY);
        controls.hyperparameters.truncate(HYPERPARAMETERS);
        controls.schedule = name(&controls.schedule);
        controls.throttle = controls.throttle.filter(|rate| rate.is_finite() && *rate > 0.0);
        self.controls = Some(controls);
    }

    fn report(&mut self, mut report: StepReport) {
        self.step = self.step.max(report.step);
        if report.epoch.is_finite() {
            self.epoch = report.epoch.max(0.0);
        }
        if !report.loss.is_finite() || !report.accuracy.is_finite() {
            self.broken = self.broken.max(Some(report.step));
        }
        self.loss.train.push(report.step, report.loss);
        self.accuracy.train.push(report.step, report.accuracy);
        if let Some(probe) = report.probe.take() {
            self.gradient_norm = Some(probe.gradient_norm);
            self.layers.probe(report.step, &probe.layers);
        }
        self.latest = Some(report);
    }
}
