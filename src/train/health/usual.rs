//! What is usual for a figure of the minibatches, such as their loss: its median of late, and how far it spreads.
//!
//! Losses and gradient norms differ by factors rather than by amounts, so the spread is one of logarithms: that of the
//! upper quartile over the median. For a symmetric distribution this is the median absolute deviation, and a quarter of the
//! minibatches can do as they like without moving it.

use serde::{Deserialize, Serialize};

/// Minibatches whose median is what is usual.
const WINDOW_MINIBATCHES: usize = 32;

/// The least spread, as a logarithm: what is steadier still may vary that much.
const LEAST_SPREAD: f32 = 0.2;

/// Share of the newest window in a spread that shrinks.
const NEWEST_SPREAD_SHARE: f32 = 0.25;

/// What the largest of late is multiplied by with each minibatch; half of it is left after 710.
const LARGEST_DECAY: f32 = 1.0 - 1.0 / 1024.0;

/// What a spike is of the largest of late, at least: outliers that come again and again are usual.
const LARGEST_TIMES: f64 = 2.0;

/// A figure of the newest minibatches, and what is usual for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct UsualFigure {
    /// Figures of whole minibatches; those before `next` are of the window that is not full yet.
    newest: [f32; WINDOW_MINIBATCHES],
    next: usize,
    /// Of the last full window; empty before it.
    range: Option<UsualRange>,
    /// The largest of late, which decays; 0 before the first window is full.
    largest: f32,
}

/// What is usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct UsualRange {
    /// Median of the last full window.
    median: f32,
    /// Logarithm of the upper quartile over the median, at least [`LEAST_SPREAD`]; it grows at once and shrinks slowly.
    spread: f32,
    /// The lowest median that there was, and the first.
    lowest: f32,
    first: f32,
}

impl UsualFigure {
    /// Takes in the figure of a whole minibatch.
    pub fn add(&mut self, figure: f64) {
        let figure = figure.min(f64::from(f32::MAX)) as f32;
        self.newest[self.next] = figure;
        self.next += 1;
        if self.range.is_some() {
            self.largest = (self.largest * LARGEST_DECAY).max(figure);
        }
        if self.next == WINDOW_MINIBATCHES {
            self.next = 0;
            self.measure();
        }
    }

    /// Takes the full window for what is usual from now on.
    fn measure(&mut self) {
        let mut sorted = self.newest;
        sorted.sort_unstable_by(f32::total_cmp);
        let [median, quartile] = [WINDOW_MINIBATCHES / 2, WINDOW_MINIBATCHES * 3 / 4].map(|place| sorted[place]);
        let ratio = quartile / median.max(f32::MIN_POSITIVE);
        let newest_spread = ratio.min(f32::MAX).ln().max(LEAST_SPREAD);
        // A single window may be calm by chance.
        let spread = self.range.map_or(newest_spread, |range| {
            newest_spread.max(range.spread + NEWEST_SPREAD_SHARE * (newest_spread - range.spread))
        });
        if self.range.is_none() {
            // What stands out in the first window may come again, and is then to be named.
            self.largest = quartile;
        }
        let (lowest, first) = self.range.map_or((median, median), |range| (range.lowest.min(median), range.first));
        self.range = Some(UsualRange { median, spread, lowest, first });
    }

    /// What is usual; `None` before the first window is full.
    pub fn median(&self) -> Option<f64> {
        self.range.map(|range| f64::from(range.median))
    }

    /// The lowest that ever was usual.
    pub fn lowest(&self) -> Option<f64> {
        self.range.map(|range| f64::from(range.lowest))
    }

    /// What was usual at the beginning.
    pub fn first(&self) -> Option<f64> {
        self.range.map(|range| f64::from(range.first))
    }

    /// A figure as it would be of a whole minibatch: one with `share` of its samples weighs as much less, as if the
    /// samples that it lacks had what is usual.
    pub fn of_whole_minibatch(&self, figure: f64, share: f64) -> f64 {
        match self.median() {
            Some(median) if share < 1.0 && figure > median => median + (figure - median) * share,
            _ => figure,
        }
    }

    /// Whether a figure of a whole minibatch is above `floor` and more than `times` usual spreads above what is usual.
    pub fn is_spike(&self, figure: f64, times: f64, floor: f64) -> bool {
        // The order matters for speed: nearly always the first comparison decides.
        figure > floor
            && figure > LARGEST_TIMES * f64::from(self.largest)
            && self.range.is_some_and(|UsualRange { median, spread, .. }| {
                figure > f64::from(median) * (times * f64::from(spread)).exp()
            })
    }
}
