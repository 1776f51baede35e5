//! What the worker reports of minibatches, phases and evaluations.

use crate::{
    protocol::{Event, Finding, Health, Phase, StepReport, Walk},
    train::{
        StepError, StepOutcome, TestResult, Trainer, evaluator,
        health::HealthMonitor,
        link::ConsumerLink,
        measures::{LayerMeasures, StepMeasures},
        metrics,
        minibatch_means::MinibatchMeans,
        probe,
    },
};

/// What to do about numbers that are not finite.
pub(super) const LOWER_LEARNING_RATE: &str = "lower the learning rate or clip the gradient (optimizer.clip_norm)";

/// Reports the course of a run, and remembers what the next reports depend on.
#[derive(Debug)]
pub(super) struct RunReporter {
    /// Minibatches between two looks of the probe.
    probe_every: u64,
    monitor: HealthMonitor,
    /// Over the minibatches whose updates were made.
    means: MinibatchMeans,
    /// The last phase that was reported; [`Phase::Between`] unless there is a walk.
    last_reported_phase: Phase,
    /// The last evaluation of the test split; empty before the first.
    last_evaluation: Option<TestResult>,
}

impl RunReporter {
    /// A reporter before the first minibatch.
    pub fn new(probe_every: u64) -> Self {
        Self {
            probe_every,
            monitor: HealthMonitor::default(),
            means: MinibatchMeans::default(),
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

    /// Reports where the walk through a minibatch stands, if that is news.
    pub fn report_phase(&mut self, trainer: &Trainer, link: &mut ConsumerLink) {
        let phase = trainer.minibatch().phase();
        if phase != self.last_reported_phase {
            self.last_reported_phase = phase;
            let (step, minibatch) = (trainer.completed(), trainer.minibatch().walked_number());
            link.push(Event::Phase(Walk { step, minibatch, phase }));
        }
    }

    /// Reports the minibatch just trained, with a look of the probe where one is due or `watched` closely.
    pub fn report_step(
        &mut self,
        trainer: &Trainer,
        link: &mut ConsumerLink,
        outcome: StepOutcome,
        samples_per_second: Option<f64>,
        watched: bool,
    ) {
        let StepOutcome { loss, accuracy, gradient_norm, effective_learning_rate, samples } = outcome;
        self.monitor.record_training_loss(loss);
        let step = trainer.completed();
        let probes = watched || step.is_multiple_of(self.probe_every) || step == 1;
        let update_norms = trainer.update_rule().optimizer().update_norms();
        let mut layers = if probes { probe::measure_layers(trainer.network(), update_norms) } else { Vec::new() };
        let findings = if probes { self.monitor.judge_layers(step, &mut layers) } else { Vec::new() };
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
    }

    /// Reports a minibatch with numbers that are not finite, and gives what is wrong with it.
    pub fn report_broken_step(
        &mut self,
        trainer: &Trainer,
        link: &mut ConsumerLink,
        error: &StepError,
        samples_per_second: Option<f64>,
    ) -> String {
        let (gradient_norm, layer) = match *error {
            StepError::Gradient { norm, layer, .. } => (Some(norm), Some(layer)),
            StepError::Loss { .. } => (None, None),
        };
        self.monitor.record_training_loss(error.loss());
        let step = trainer.completed();
        let effective_learning_rate = trainer.learning_rate_at(step - 1);
        let measures = StepMeasures { loss: error.loss(), accuracy: None, gradient_norm, effective_learning_rate };
        let samples = trainer.minibatch().samples();
        link.push(Event::Step(self.step_report(trainer, &measures, samples, samples_per_second, &[])));
        let what = format!("{error}; its update was left out");
        link.push(Event::Finding(Finding {
            step,
            health: Health::Bad,
            layer,
            what: what.clone(),
            advice: format!("{LOWER_LEARNING_RATE}; what the updates before did to the weights stays"),
        }));
        what
    }

    /// Reports an evaluation of the test split.
    pub fn report_evaluation(&mut self, link: &mut ConsumerLink, evaluation: TestResult) {
        let finding = self.monitor.judge_evaluation(&evaluation);
        link.push(Event::Evaluation(evaluator::evaluation_report(&evaluation)));
        if let Some(finding) = finding {
            link.push(Event::Finding(finding));
        }
        self.last_evaluation = Some(evaluation);
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
