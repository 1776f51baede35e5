//! What the worker reports of minibatches, phases and evaluations.

use crate::{
    optim,
    protocol::{Event, Finding, Phase, StepReport, TroubleKind, Walk, inspection::SplitName},
    train::{
        StepError, StepOutcome, TestResult, TrainSpec, Trainer, evaluator,
        evidence::Evidence,
        health::{Circumstances, FavouriteClass, HealthMonitor, HealthSettings, chance_loss},
        link::ConsumerLink,
        measures::{LayerMeasures, StepMeasures},
        metrics,
        minibatch_means::MinibatchMeans,
        probe,
    },
};

/// Minibatches in a row with numbers that are not finite, after which a run stops that otherwise goes on with the next.
const MAX_BROKEN_MINIBATCHES: u32 = 100;
/// The class that the last evaluation of the test split predicted most often.
pub(super) fn favourite_class(trainer: &Trainer) -> FavouriteClass {
    let predicted = &trainer.predictions(SplitName::Test).predicted;
    FavouriteClass::of(predicted, trainer.data().test.labels(), &trainer.data().classes)
}

/// Reports the course of a run, and remembers what the next reports depend on.
#[derive(Debug)]
pub(super) struct RunReporter {
    /// Minibatches between two looks of the probe.
    probe_every: u64,
    monitor: HealthMonitor,
    /// When trouble is named, and when the run stops for it.
    health: HealthSettings,
    /// Kinds of trouble of which nothing is said, everywhere or of one layer; normally empty.
    silenced: Vec<(TroubleKind, Option<usize>)>,
    /// Over the minibatches whose updates were made.
    means: MinibatchMeans,
    /// Loss of guessing by the shares of the classes, in nats.
    chance_loss: f64,
    /// The last phase that was reported; [`Phase::Between`] unless there is a walk.
    last_reported_phase: Phase,
    /// The last evaluation of the test split; empty before the first.
    last_evaluation: Option<TestResult>,
}

impl RunReporter {
    /// A reporter before the first minibatch.
    pub fn new(spec: &TrainSpec, trainer: &Trainer) -> Self {
        let data = trainer.data();
        Self {
            probe_every: spec.probe_every,
            monitor: HealthMonitor::default(),
            health: spec.health.clone(),
            silenced: Vec::new(),
            means: MinibatchMeans::default(),
            chance_loss: chance_loss(data.train.labels(), data.classes.len(), spec.network.label_smoothing),
            last_reported_phase: Phase::Between,
            last_evaluation: None,
        }
    }

    /// What the rules that watch the run remember.
    pub fn monitor(&self) -> &HealthMonitor {
        &self.monitor
    }

    /// Means over the minibatches whose updates were made.
    pub fn means(&self) -> &MinibatchMeans {
        &self.means
    }

    /// The last evaluation of the test split.
    pub fn last_evaluation(&self) -> Option<&TestResult> {
        self.last_evaluation.as_ref()
    }

    /// Goes on with what the rules remembered, the means and the last evaluation that there was.
    pub fn restore(&mut self, monitor: HealthMonitor, means: MinibatchMeans, last_evaluation: Option<TestResult>) {
        (self.monitor, self.means, self.last_evaluation) = (monitor, means, last_evaluation);
    }

    /// Replaces the last evaluation by one of other weights at the same step, which is not reported.
    pub fn replace_evaluation(&mut self, evaluation: TestResult) {
        self.last_evaluation = Some(evaluation);
    }

    /// The last evaluation, if it is of that step.
    pub fn evaluation_at(&self, step: u64) -> Option<&TestResult> {
        self.last_evaluation.as_ref().filter(|evaluation| evaluation.step == step)
    }

    /// Says no more of a kind of trouble, nor stops for it unless nothing is trained any more; with a layer only where it is
    /// about that one.
    pub fn silence(&mut self, kind: TroubleKind, layer: Option<usize>) {
        if !self.silenced.contains(&(kind, layer)) {
            self.silenced.push((kind, layer));
        }
    }

    /// Reports a trouble that is not silenced; gives it back if the run is to stop for it.
    fn report_trouble(&self, link: &mut ConsumerLink, finding: Finding) -> Option<Finding> {
        let kind = finding.trouble.as_ref()?.kind;
        let is_silenced = |(silenced, layer): &(TroubleKind, Option<usize>)| {
            *silenced == kind && (layer.is_none() || *layer == finding.layer)
        };
        let trains_nothing = self.monitor.broken_minibatches() >= MAX_BROKEN_MINIBATCHES;
        if self.silenced.iter().any(is_silenced) && !trains_nothing {
            return None;
        }
        let stops = self.health.stop.contains(&kind) || trains_nothing;
        // Of several minibatches in a row only the first is news, unless the run stops at each.
        if stops || self.monitor.broken_minibatches() <= 1 {
            link.push(Event::Finding(finding.clone()));
        }
        stops.then_some(finding)
    }

    /// Reports where the walk through a minibatch stands, if that is news.
    pub fn report_phase(&mut self, trainer: &Trainer, link: &mut ConsumerLink) {
        let phase = trainer.minibatch().phase();
        if phase != self.last_reported_phase {
            self.last_reported_phase = phase;
            let (step, minibatch) = (trainer.completed(), trainer.minibatch().walked_number());
            link.push(Event::Phase(Walk { step, minibatch, phase }));
        }
    }

    /// Reports the minibatch just trained, with a look of the probe where one is due or `watched` closely. Gives the trouble
    /// for which the run is to stop, if there is one.
    pub fn report_step(
        &mut self,
        trainer: &mut Trainer,
        link: &mut ConsumerLink,
        outcome: StepOutcome,
        samples_per_second: Option<f64>,
        watched: bool,
    ) -> Option<Finding> {
        let StepOutcome { loss, accuracy, gradient_norm, effective_learning_rate, samples } = outcome;
        let at = self.circumstances(trainer, gradient_norm);
        let trouble = self.monitor.judge_minibatch(&outcome, &self.health, &at, || Evidence::after_step(&mut *trainer));
        let step = trainer.completed();
        let due = step.is_multiple_of(self.probe_every) || step == 1;
        let probes = due || watched;
        let update_norms = trainer.update_rule().optimizer().update_norms();
        let mut layers = if probes { probe::measure_layers(trainer.network(), update_norms) } else { Vec::new() };
        // The rules look as often in a run that is watched closely as in any other, so that they say the same of both.
        let mut findings = Vec::new();
        if due {
            findings = self.monitor.judge_layers(&mut layers, &at);
        } else {
            self.monitor.repeat_verdicts(&mut layers);
        }
        findings.extend(self.monitor.judge_loss(loss, &at));
        let measures = StepMeasures {
            loss,
            accuracy: Some(accuracy),
            gradient_norm: probes.then_some(gradient_norm),
            effective_learning_rate,
        };
        let epochs_before = (step - 1) / trainer.minibatch().steps_per_epoch();
        self.means.record(epochs_before, samples, metrics::sample_values(&measures));
        link.push(Event::Step(self.step_report(trainer, &measures, samples, samples_per_second, &layers)));
        for finding in findings {
            link.push(Event::Finding(finding));
        }
        trouble.and_then(|trouble| self.report_trouble(link, trouble))
    }

    /// Reports a minibatch whose update was left out. Gives the trouble for which the run is to stop, if there is one.
    pub fn report_broken_step(
        &mut self,
        trainer: &mut Trainer,
        link: &mut ConsumerLink,
        error: &StepError,
        samples_per_second: Option<f64>,
    ) -> Option<Finding> {
        let gradient_norm = match *error {
            StepError::Gradient { norm, .. } => Some(norm),
            StepError::Loss { .. } | StepError::Skipped { .. } => None,
        };
        let step = trainer.completed();
        let effective_learning_rate = trainer.learning_rate_at(step - 1);
        let measures = StepMeasures { loss: error.loss(), accuracy: None, gradient_norm, effective_learning_rate };
        let samples = trainer.minibatch().samples();
        link.push(Event::Step(self.step_report(trainer, &measures, samples, samples_per_second, &[])));
        if matches!(error, StepError::Skipped { .. }) {
            return None;
        }
        let at = self.circumstances(trainer, 0.0);
        let finding = self.monitor.judge_broken_step(error, &at, Evidence::after_step(trainer));
        self.report_trouble(link, finding)
    }

    /// Reports an evaluation of the test split, in which `favourite` was predicted most often.
    pub fn report_evaluation(
        &mut self,
        trainer: &Trainer,
        link: &mut ConsumerLink,
        (evaluation, favourite): (TestResult, FavouriteClass),
    ) {
        let at = self.circumstances(trainer, 0.0);
        link.push(Event::Evaluation(evaluator::evaluation_report(&evaluation)));
        for finding in self.monitor.judge_evaluation(&evaluation, favourite, &at) {
            link.push(Event::Finding(finding));
        }
        self.last_evaluation = Some(evaluation);
    }

    /// Says so at the end of a run that was too short for the rules.
    pub fn report_end(&mut self, trainer: &Trainer, link: &mut ConsumerLink) {
        if let Some(finding) = self.monitor.judge_end(&self.circumstances(trainer, 0.0)) {
            link.push(Event::Finding(finding));
        }
    }

    /// How the run stands after an update with a gradient of that norm, for the rules.
    fn circumstances(&self, trainer: &Trainer, gradient_norm: f64) -> Circumstances {
        let (rule, step) = (trainer.update_rule(), trainer.completed());
        let factor = |step: u64| rule.schedule.factor(step, trainer.planned_steps());
        let last = step.saturating_sub(1);
        Circumstances {
            step,
            learning_rate: trainer.learning_rate_at(last),
            schedule_factor: factor(last),
            rate_rises: factor(last + 1) > factor(last),
            clip_norm: rule.clip_norm,
            clip_scale: rule.clip_norm.map_or(1.0, |max_norm| optim::clip_scale(gradient_norm, max_norm)),
            normalizes_gradient: rule.optimizer().spec().averages_squares(),
            updates: rule.optimizer().step_counts()[0],
            chance_loss: self.chance_loss,
            samples: trainer.minibatch().samples(),
            batch_size: trainer.minibatch().batch_size(),
        }
    }

    fn step_report(
        &self,
        trainer: &Trainer,
        measures: &StepMeasures,
        samples: usize,
        samples_per_second: Option<f64>,
        layers: &[LayerMeasures],
    ) -> StepReport {
        StepReport {
            step: trainer.completed(),
            epoch: Some(trainer.epoch()),
            samples: Some(samples as u64),
            values: metrics::step_values(measures),
            means: self.means.report(),
            samples_per_second,
            layers: layers.iter().map(probe::layer_report).collect(),
        }
    }
}
