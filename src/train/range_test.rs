//! The learning-rate range test (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3): the
//! rates that it tries, the loss that it smooths, and the rate that it suggests.
//!
//! With a rate that is too small nothing happens, with one that is too large the loss rises. Between the two it falls,
//! and where it falls fastest over the logarithm of the rate is a rate to begin with: the rule of Howard and Gugger
//! (2020, "fastai: A Layered API for Deep Learning", section 4.1.3), which `PyTorch` Lightning follows too.

use crate::protocol::{RANGE_TEST_RATES, RANGE_TEST_STEPS, RangeTest, RangeTestPlan, RangeTestPoint};
use crate::text::{exact, thousands};

/// The first rate where none is asked for: so small that it leaves any network as it is.
const DEFAULT_FIRST_RATE: f64 = 1e-7;

/// The last rate where none is asked for: so large that training diverges before it.
const DEFAULT_LAST_RATE: f64 = 10.0;

/// Minibatches where no number is asked for: twelve in each power of ten between the usual rates.
const DEFAULT_STEPS: u64 = 100;

/// Shares of the test of which the smoothed loss remembers one.
const SHARES: u64 = 20;

/// Multiple of the smallest smoothed loss at which the test ends: larger rates only make it worse.
const MAX_LOSS_RATIO: f64 = 4.0;

/// Standard deviations of the smoothed loss by which it has to fall; less is what minibatches differ by.
const MIN_FALL_DEVIATIONS: f64 = 8.0;

/// Share of itself by which the loss has to fall, too.
const MIN_FALL: f64 = 0.01;

/// Makes sure that a range test can be made as planned.
///
/// # Errors
/// When it can't; the reason says what is valid.
pub fn check_range_test(plan: &RangeTestPlan) -> Result<(), String> {
    RangeTestCurve::new(plan).map(drop)
}

/// A range test as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct RangeTestCurve {
    /// The first rate and the last one.
    rates: [f64; 2],
    /// Minibatches, one for each rate.
    steps: u64,
    /// Minibatches that the smoothed loss remembers, and over which its slope is taken to each side.
    window: usize,
    points: Vec<RangeTestPoint>,
    smoothing: LossSmoothing,
    /// The smallest smoothed loss; infinite before the first.
    best: f64,
    ended: bool,
}

/// An exponential moving average whose bias towards its start is corrected, as Adam's. Values that are not finite are
/// left out.
#[derive(Clone, Copy, Debug)]
struct LossSmoothing {
    /// What remains of the average at each value.
    decay: f64,
    average: f64,
    /// Share of the average that values make up; the rest is still its start, 0.
    weight: f64,
}

impl LossSmoothing {
    /// Takes in a value, and gives the average; not a number before the first finite one.
    fn add(&mut self, value: f64) -> f64 {
        if value.is_finite() {
            self.average = self.decay * self.average + (1.0 - self.decay) * value;
            self.weight = self.decay * self.weight + (1.0 - self.decay);
        }
        self.average / self.weight
    }
}

impl RangeTestCurve {
    /// A test before its first minibatch.
    ///
    /// # Errors
    /// When the plan is invalid; the reason says what is valid.
    pub fn new(plan: &RangeTestPlan) -> Result<Self, String> {
        let (from, to) = (plan.from.unwrap_or(DEFAULT_FIRST_RATE), plan.to.unwrap_or(DEFAULT_LAST_RATE));
        let steps = plan.steps.unwrap_or(DEFAULT_STEPS);
        if let Some(rate) = [from, to].into_iter().find(|rate| !RANGE_TEST_RATES.contains(*rate)) {
            return Err(format!("a range test can't try the learning rate {rate}; valid: {RANGE_TEST_RATES}"));
        }
        if from >= to {
            let (from, to) = (exact(from), exact(to));
            return Err(format!("a range test goes from a smaller rate to a larger one, not from {from} to {to}"));
        }
        if !RANGE_TEST_STEPS.contains(&steps) {
            let (fewest, most) = (RANGE_TEST_STEPS.start(), thousands(*RANGE_TEST_STEPS.end()));
            return Err(format!("a range test can't take {steps} minibatches; valid: from {fewest} to {most}"));
        }
        let window = (steps / SHARES).max(1);
        let smoothing = LossSmoothing { decay: 1.0 - 1.0 / window as f64, average: 0.0, weight: 0.0 };
        let points = Vec::with_capacity(steps as usize);
        Ok(Self {
            rates: [from, to],
            steps,
            window: window as usize,
            points,
            smoothing,
            best: f64::INFINITY,
            ended: false,
        })
    }

    /// The rate of the next minibatch; `None` when the test is over.
    pub fn next_rate(&self) -> Option<f64> {
        let done = self.points.len() as u64;
        if self.ended || done >= self.steps {
            return None;
        }
        let [from, to] = self.rates;
        Some(from * (to / from).powf(done as f64 / (self.steps - 1) as f64))
    }

    /// Takes in the loss of the minibatch that was trained with `rate`, measured before its update; a loss out of all
    /// bounds ends the test.
    pub fn record(&mut self, rate: f64, loss: f64) {
        let smoothed = self.smoothing.add(loss);
        self.points.push(RangeTestPoint { rate, loss, smoothed });
        // Too few losses are not smooth yet.
        if self.points.len() > self.window {
            self.best = self.best.min(smoothed);
            self.ended |= smoothed > MAX_LOSS_RATIO * self.best;
        }
        self.ended |= !loss.is_finite();
    }

    /// Ends the test: no other rate can be tried.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Number of minibatches so far, and of all.
    pub fn progress(&self) -> [u64; 2] {
        [self.points.len() as u64, self.steps]
    }

    /// The test as it is told, begun after `step` minibatches of the run.
    pub fn report(&self, step: u64) -> RangeTest {
        let done = self.next_rate().is_none();
        let suggestion = if done { self.suggestion() } else { None };
        RangeTest { step, planned: self.steps, points: self.points.clone(), done, suggestion }
    }

    /// The rate at which the smoothed loss falls fastest over the logarithm of the rate, before its minimum; `None` if
    /// it falls by no more than minibatches differ.
    fn suggestion(&self) -> Option<f64> {
        let window = self.window;
        // A rate grows by the same factor each time, so that the slope over its logarithm is that over the place.
        let finite: Vec<&RangeTestPoint> = self.points.iter().filter(|point| point.loss.is_finite()).collect();
        let smoothed = |place: usize| finite[place].smoothed;
        // The first losses are not smooth yet.
        let lowest = (window..finite.len()).min_by(|&a, &b| smoothed(a).total_cmp(&smoothed(b)))?;
        let highest = (window..lowest).map(smoothed).reduce(f64::max)?;
        let by_chance = MIN_FALL_DEVIATIONS * self.smoothed_deviation(&finite[..lowest]);
        if highest - smoothed(lowest) <= by_chance.max(MIN_FALL * highest) {
            return None;
        }
        let fall = |before: usize| smoothed(before) - smoothed((before + 2 * window).min(lowest));
        let steepest = (window..lowest).max_by(|&a, &b| fall(a).total_cmp(&fall(b)))?;
        // The middle of that fall; the smoothed loss comes later than the losses, by what it remembers.
        let middle = (steepest + window).min(lowest) - (window - 1);
        Some(two_digits(finite[middle].rate))
    }

    /// Standard deviation of the smoothed loss, as far as minibatches differ by chance: told from neighbours, whose
    /// losses differ by little else.
    fn smoothed_deviation(&self, points: &[&RangeTestPoint]) -> f64 {
        let squares = points.windows(2).map(|pair| (pair[1].loss - pair[0].loss).powi(2));
        let variance = squares.sum::<f64>() / (2 * points.len().max(2) - 2) as f64;
        let decay = self.smoothing.decay;
        (variance * (1.0 - decay) / (1.0 + decay)).sqrt()
    }
}

/// A positive number with two digits: no more of the suggestion is known.
fn two_digits(number: f64) -> f64 {
    let exponent = number.log10().floor() as i32 - 1;
    // Only powers of ten that are whole are exact.
    let power = 10_f64.powi(exponent.abs());
    if exponent < 0 { (number * power).round() / power } else { (number / power).round() * power }
}

#[cfg(test)]
mod tests;
