//! A learning-rate range test as it is shown over the screen, and the command that asks for one.

use crate::protocol::{RANGE_TEST_RATES, RANGE_TEST_STEPS, RangeTest, RangeTestPlan, RangeTestPoint};
use crate::text::short;

use super::axes::ValueScale;
use super::chart::{AxisTick, PlotSize, ValueAxis};
use super::metric::ChartFigure;
use super::typed::{parse_count, parse_number, quoted};
use super::watched::WatchedRun;

/// Multiple of the largest smoothed loss before the smallest one up to which losses are shown: beyond it training
/// diverges, and would leave no room for the rest.
const SHOWN_LOSS_RATIO: f64 = 1.5;

/// Columns from one label of a rate to the next, at least.
const LABEL_COLUMNS: usize = 8;

/// A range test that lies over the screen.
#[derive(Clone, Debug, Default)]
pub struct RangeTestPanel {
    /// What was measured so far; nothing before the first report.
    test: RangeTest,
    /// Whether a person gave it up, and the source has not answered yet.
    given_up: bool,
}

/// How far a range test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeTestStatus {
    /// It goes on, or is about to.
    Running,
    /// It was given up, and the source has not answered yet.
    GivingUp,
    /// It is over.
    Over,
}

/// A range test made ready for a plot of a given size: places are columns, counted from the left.
#[derive(Clone, Debug)]
pub struct RangeTestPlot {
    /// The axis of the losses.
    pub axis: ValueAxis,
    /// The rates that are labelled, by the place in the plot's cells.
    pub rates: Vec<AxisTick>,
    /// The place and the loss of each minibatch.
    pub losses: Vec<(usize, f64)>,
    /// The same with the smoothed losses.
    pub smoothed: Vec<(usize, f64)>,
    /// Where the suggested rate lies.
    pub suggestion: Option<usize>,
}

impl RangeTestPanel {
    /// Takes in what a source has measured; what can't be shown is left out.
    pub(super) fn take_test(&mut self, mut test: RangeTest) {
        let most = usize::try_from(*RANGE_TEST_STEPS.end()).unwrap_or(usize::MAX);
        test.points.retain(|point| RANGE_TEST_RATES.contains(point.rate));
        test.points.truncate(most);
        test.suggestion = test.suggestion.filter(|rate| RANGE_TEST_RATES.contains(*rate));
        self.test = test;
    }

    /// Takes note that the test is to be given up; whether it was not already.
    pub(super) fn give_up(&mut self) -> bool {
        !std::mem::replace(&mut self.given_up, true)
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// How far it is.
    pub fn status(&self, watched: &WatchedRun) -> RangeTestStatus {
        match (watched.tests_learning_rates() && !self.test.done, self.given_up) {
            (true, false) => RangeTestStatus::Running,
            (true, true) => RangeTestStatus::GivingUp,
            (false, _) => RangeTestStatus::Over,
        }
    }

    /// Minibatches so far, and those that are planned.
    pub fn progress(&self) -> (usize, u64) {
        (self.test.points.len(), self.test.planned)
    }

    /// The newest minibatch.
    pub fn newest(&self) -> Option<&RangeTestPoint> {
        self.test.points.last()
    }

    /// The rate to train with, where there is one.
    pub fn suggestion(&self) -> Option<f64> {
        self.test.suggestion
    }

    /// What to plot on an area of that size; `None` before there is something.
    pub fn plot(&self, size: PlotSize) -> Option<RangeTestPlot> {
        let points = &self.test.points;
        let [from, to] = self.shown_rates()?.map(f64::ln);
        let columns = size.columns.max(1);
        let place = |rate: f64| {
            let across = if to > from { (rate.ln() - from) / (to - from) } else { 0.0 };
            (across.clamp(0.0, 1.0) * (columns - 1) as f64).round() as usize
        };
        let along = |value: fn(&RangeTestPoint) -> f64| points.iter().map(|p| (place(p.rate), value(p))).collect();
        Some(RangeTestPlot {
            axis: ValueAxis::showing_all(&self.shown_losses(), &ChartFigure::default(), ValueScale::Linear, size.rows),
            rates: rate_labels([from, to], columns, place),
            losses: along(|point| point.loss),
            smoothed: along(|point| point.smoothed),
            suggestion: self.suggestion().map(place),
        })
    }

    /// The rates at the left and the right edge: while it goes on, up to where it would end.
    fn shown_rates(&self) -> Option<[f64; 2]> {
        let points = &self.test.points;
        let (first, last) = (points.first()?.rate, points.last()?.rate);
        let done = points.len() as f64 - 1.0;
        let planned = (self.test.planned as f64 - 1.0).max(done);
        let end = if self.test.done || done < 1.0 { last } else { first * (last / first).powf(planned / done) };
        Some([first, end.clamp(RANGE_TEST_RATES.min, RANGE_TEST_RATES.max)])
    }

    /// The losses that the axis has to show; larger ones lie at its upper edge.
    fn shown_losses(&self) -> Vec<f64> {
        let finite = self.test.points.iter().filter(|point| point.loss.is_finite() && point.smoothed.is_finite());
        let finite: Vec<&RangeTestPoint> = finite.collect();
        let smoothed = |point: &&RangeTestPoint| point.smoothed;
        let lowest = (0..finite.len()).min_by(|&a, &b| finite[a].smoothed.total_cmp(&finite[b].smoothed)).unwrap_or(0);
        let highest = finite.iter().take(lowest + 1).map(smoothed).fold(f64::NEG_INFINITY, f64::max);
        let most = highest * SHOWN_LOSS_RATIO;
        finite.iter().flat_map(|point| [point.loss.min(most), point.smoothed.min(most)]).collect()
    }
}

/// Labels at powers of ten, as many as there is room for; `from` and `to` are natural logarithms.
fn rate_labels([from, to]: [f64; 2], columns: usize, place: impl Fn(f64) -> usize) -> Vec<AxisTick> {
    let cells = columns.div_ceil(2);
    let [first, last] = [from, to].map(|rate| rate / std::f64::consts::LN_10);
    let room = (cells / LABEL_COLUMNS).max(1);
    let decades = (last - first).max(0.0).ceil() as usize + 1;
    let every = i32::try_from(decades.div_ceil(room)).unwrap_or(i32::MAX).max(1);
    // A hair's breadth, since rates are rounded.
    let powers = (first - 1e-9).ceil() as i32..=(last + 1e-9).floor() as i32;
    let powers = powers.filter(|power| power.rem_euclid(every) == 0);
    let label = |power| {
        let rate = 10_f64.powi(power);
        AxisTick { cell: (place(rate) / 2) as u16, label: short(rate) }
    };
    powers.map(label).collect()
}

/// The plan that was typed: `1e-6..1 200`, each part of which may be missing.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse_range_test(text: &str) -> Result<RangeTestPlan, String> {
    let mut plan = RangeTestPlan::default();
    let mut words = text.split_whitespace().peekable();
    if let Some((from, to)) = words.peek().and_then(|word| word.split_once("..")) {
        let [from, to] = [parse_rate(from)?, parse_rate(to)?];
        if from >= to {
            return Err(format!("the first rate must be smaller than the last, as in {EXAMPLE}"));
        }
        (plan.from, plan.to) = (Some(from), Some(to));
        words.next();
    }
    if let Some(word) = words.next() {
        let steps = parse_count(word, &RANGE_TEST_STEPS);
        plan.steps = Some(steps.map_err(|error| format!("{error}, as in {EXAMPLE}"))?);
    }
    match words.next() {
        Some(word) => Err(format!("{} is too much", quoted(word))),
        None => Ok(plan),
    }
}

/// What a command looks like, for errors.
const EXAMPLE: &str = ":lrfind 1e-6..1 200";

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = parse_number(text).ok_or_else(|| format!("{} is not a number; for example {EXAMPLE}", quoted(text)))?;
    if RANGE_TEST_RATES.contains(rate) {
        return Ok(rate);
    }
    Err(format!("{} is out of range; valid rates: {RANGE_TEST_RATES}", quoted(text)))
}
