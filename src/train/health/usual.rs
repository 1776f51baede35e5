//! What is usual for a figure of the minibatches, such as their loss: its median of late, and how far it spreads.
//!
//! Losses and gradient norms differ by factors rather than by amounts, so the spread is one of logarithms: that of the
//! upper quartile over the median. For a symmetric distribution this is the median absolute deviation, and a quarter of the
//! minibatches can do as they like without moving it.

use serde::{Deserialize, Serialize};

/// Minibatches whose median is what is usual.
const WINDOW_MINIBATCHES: usize = 32;

/// Minibatches that say it until the first window is full.
const FIRST_MINIBATCHES: usize = 8;

/// Full windows after which the largest of late is known well enough to say by itself what is a spike.
const STEADY_WINDOWS: u32 = 8;

/// The least spread, as a logarithm: what is steadier still may vary that much. A few minibatches tell less of it.
const LEAST_SPREAD: f32 = 0.2;
const LEAST_FIRST_SPREAD: f32 = 0.35;

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
    /// Of the last full window, or else of the first minibatches; empty before these.
    range: Option<UsualRange>,
    /// The largest of late, which decays; 0 before anything is usual.
    largest: f32,
    /// Full windows so far.
    windows: u32,
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
            self.measure();
            (self.next, self.windows) = (0, self.windows.saturating_add(1));
        } else if self.next == FIRST_MINIBATCHES && self.range.is_none() {
            self.measure();
        }
    }

    /// Takes what is in the window for what is usual from now on.
    fn measure(&mut self) {
        let (mut newest, count) = (self.newest, self.next);
        let sorted = &mut newest[..count];
        sorted.sort_unstable_by(f32::total_cmp);
        let [median, quartile] = [count / 2, count * 3 / 4].map(|place| sorted[place]);
        // What few minibatches said is forgotten when the first window is full.
        let before = self.range.filter(|_| self.windows > 0);
        let ratio = quartile / median.max(f32::MIN_POSITIVE);
        let least = if count < WINDOW_MINIBATCHES { LEAST_FIRST_SPREAD } else { LEAST_SPREAD };
        let newest_spread = ratio.min(f32::MAX).ln().max(least);
        // A single window may be calm by chance.
        let spread = before.map_or(newest_spread, |range| {
            newest_spread.max(range.spread + NEWEST_SPREAD_SHARE * (newest_spread - range.spread))
        });
        if before.is_none() {
            // What stands out in the first window may come again, and is then to be named.
            self.largest = quartile;
        }
        let (lowest, first) = before.map_or((median, median), |range| (range.lowest.min(median), range.first));
        self.range = Some(UsualRange { median, spread, lowest, first });
    }

    /// What is usual; `None` before the first minibatches.
    pub fn median(&self) -> Option<f64> {
        self.range.map(|range| f64::from(range.median))
    }

    /// The lowest that ever was usual.
    pub fn lowest(&self) -> Option<f64> {
        self.range.map(|range| f64::from(range.lowest))
    }

    /// What was usual in the first window; `None` before it is full.
    pub fn first(&self) -> Option<f64> {
        self.range.filter(|_| self.windows > 0).map(|range| f64::from(range.first))
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

    /// Whether it is so many times farther out than a spike has to be from the largest of late: where figures spread over many
    /// powers of ten, as the losses of single samples, only that tells.
    pub fn is_far_beyond_largest(&self, figure: f64, times: f64) -> bool {
        figure > times * LARGEST_TIMES * f64::from(self.largest) && self.windows >= STEADY_WINDOWS
    }
}
