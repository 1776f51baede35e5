//! The learning-rate range test on the run's own trainer: what training changes is put aside before, and put back
//! after it.

use std::time::{Duration, Instant};

use crate::{
    memory::check_memory,
    nn::{Network, Parameter},
    protocol::{Event, RangeTestPlan},
    text::thousands,
    train::{
        Trainer, averaging::WeightAverage, link::ConsumerLink, minibatch::MinibatchPosition,
        range_test::RangeTestCurve, trainer::StoredParts, update_rule::UpdateRule,
    },
};

/// Time between two reports of the progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Reports of the progress in a test, at most: each holds all that was measured.
const MAX_REPORTS: u64 = 100;

/// Trains with growing rates and reports the loss at each; the trainer is the same afterwards, bit for bit.
///
/// # Errors
/// When the plan is invalid, there is no memory to put the run aside, or a request ended it; the reason says which.
pub(super) fn test_learning_rates(
    plan: &RangeTestPlan,
    trainer: &mut Trainer,
    link: &mut ConsumerLink,
) -> Result<(), String> {
    let mut curve = RangeTestCurve::new(plan)?;
    let step = trainer.completed();
    let state = StateBeforeTest::put_aside(trainer)?;
    let done = train_with_rates(&mut curve, step, trainer, link);
    state.put_back(trainer);
    if done {
        // What it measured is no part of the run, and so of no record of it.
        link.outbox.push(Event::RangeTest(curve.report(step)));
        return Ok(());
    }
    let [done, planned] = curve.progress().map(thousands);
    Err(format!("given up after {done} of {planned} minibatches"))
}

/// Trains until the test is over; false if a request ended it before.
fn train_with_rates(curve: &mut RangeTestCurve, step: u64, trainer: &mut Trainer, link: &mut ConsumerLink) -> bool {
    let (mut reported_at, mut reported) = (Instant::now(), 0);
    while let Some(rate) = curve.next_rate() {
        if link.continue_until_cancelled(step).is_break() {
            return false;
        }
        trainer.update_rule_mut().learning_rate = rate;
        match trainer.step() {
            Ok(outcome) => curve.record(rate, outcome.loss),
            Err(error) => {
                curve.record(rate, error.loss());
                curve.end();
            }
        }
        let [done, planned] = curve.progress();
        let worth_a_report = done - reported >= planned.div_ceil(MAX_REPORTS);
        if worth_a_report && reported_at.elapsed() >= REPORT_INTERVAL && curve.next_rate().is_some() {
            (reported_at, reported) = (Instant::now(), done);
            link.outbox.push(Event::RangeTest(curve.report(step)));
        }
    }
    true
}

/// All that training changes of a trainer.
struct StateBeforeTest {
    /// Values and gradients of each parameter.
    parameters: Vec<[Vec<f32>; 2]>,
    /// The running statistics.
    buffers: Vec<Vec<f32>>,
    update_rule: UpdateRule,
    average: Option<WeightAverage>,
    position: MinibatchPosition,
    /// The minibatch whose update is to be left out.
    skipped: Option<u64>,
}

impl StateBeforeTest {
    /// Puts aside how the trainer stands. It trains on with a copy of the optimizer, a rate of its own at every step,
    /// and no average of the weights.
    ///
    /// # Errors
    /// When there is no memory for that.
    fn put_aside(trainer: &mut Trainer) -> Result<Self, String> {
        let skipped = trainer.skipped();
        let StoredParts { network, minibatch, update_rule, evaluator } = trainer.stored_parts();
        check_memory(copied_bytes(network, update_rule))
            .map_err(|shortage| format!("{shortage}: for a copy of the weights and of the optimizer's state"))?;
        let position = minibatch.position();
        minibatch.discard_passes(network);
        let copy = |parameter: &Parameter<f32>| [parameter.value.clone(), parameter.gradient.clone()];
        let for_the_test = update_rule.copy_at_constant_rate();
        let aside = Self {
            skipped,
            parameters: network.parameters().map(copy).collect(),
            buffers: network.buffers().map(|buffer| buffer.value.clone()).collect(),
            update_rule: std::mem::replace(update_rule, for_the_test),
            average: evaluator.replace_average(None),
            position,
        };
        trainer.set_skipped(None);
        Ok(aside)
    }

    /// Lets the trainer stand as it did.
    fn put_back(self, trainer: &mut Trainer) {
        trainer.set_skipped(self.skipped);
        let StoredParts { network, minibatch, update_rule, evaluator } = trainer.stored_parts();
        for (parameter, [value, gradient]) in network.parameters_mut().zip(&self.parameters) {
            parameter.value.copy_from_slice(value);
            parameter.gradient.copy_from_slice(gradient);
        }
        for (buffer, value) in network.buffers_mut().zip(&self.buffers) {
            buffer.value.copy_from_slice(value);
        }
        *update_rule = self.update_rule;
        evaluator.replace_average(self.average);
        minibatch.return_to(self.position);
    }
}

/// Bytes of what [`StateBeforeTest`] copies.
fn copied_bytes(network: &Network<f32>, update_rule: &UpdateRule) -> u64 {
    let states = |place| update_rule.optimizer().states(place).map(<[f32]>::len).iter().sum::<usize>();
    let parameters = network.parameters().enumerate();
    let parameters = parameters.map(|(place, p)| p.value.len() + p.gradient.len() + states(place)).sum::<usize>();
    let buffers = network.buffers().map(|buffer| buffer.value.len()).sum::<usize>();
    ((parameters + buffers) * size_of::<f32>()) as u64
}

#[cfg(test)]
mod tests;
