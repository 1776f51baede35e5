//! The curves of a chart: where they enter and leave the window, and means of minibatches with what they are means of.

use super::super::axes::{StepAxis, ValueScale};
use super::super::branches::Lineage;
use super::super::metric::FigureCurve;
use super::super::run::Run;
use super::super::series::{Column, Extent, MeanWindow, StepRange};
use super::super::track::MetricTrack;
use crate::protocol::{MetricValue, RECENT_MINIBATCHES};

/// A mean of several minibatches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinibatchMean {
    /// The mean.
    pub value: f64,
    /// Of which minibatches.
    pub span: MeanSpan,
}

/// Minibatches that a mean is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeanSpan {
    /// The newest ones: so many.
    Newest(u64),
    /// One and so many on either side of it, as far as there are any and nothing was changed between.
    Around(u64),
}

impl MinibatchMean {
    /// The mean of the newest minibatches, as the source tells it, or of those that are kept where it does not.
    pub(super) fn newest(run: &Run, curve: FigureCurve) -> Option<Self> {
        let id = run.metrics.curve_info(curve).id;
        let told =
            run.means.as_ref().and_then(|means| Some((MetricValue::find(&means.recent, id)?, means.minibatches)));
        let kept = || run.metrics.curve_track(curve).newest_mean(run.lineage(), RECENT_MINIBATCHES);
        let (value, count) = told.or_else(|| kept().map(|(value, count)| (value, count as u64)))?;
        Some(Self { value, span: MeanSpan::Newest(count) })
    }
}

/// Where a curve crosses the edges of the window, between a sample outside and the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveEnds {
    /// Its value in the first column, unless that has samples of its own or nothing came before.
    pub left: Option<f64>,
    /// Its value in the last column, unless that has samples of its own or nothing comes after.
    pub right: Option<f64>,
}

impl CurveEnds {
    /// The values of both.
    pub fn values(self) -> impl Iterator<Item = f64> {
        [self.left, self.right].into_iter().flatten()
    }

    /// The ends of a curve that has `values` in the columns over `steps`, a sample before and one after; each with whether
    /// its column is broken, which no line crosses.
    pub(super) fn of(
        values: impl DoubleEndedIterator<Item = (Option<f64>, bool)> + ExactSizeIterator + Clone,
        axis: StepAxis,
        scale: ValueScale,
        [before, after]: [Option<(u64, f64)>; 2],
    ) -> Self {
        let count = values.len();
        let outside = |sample: Option<(u64, f64)>| sample.map(|(step, value)| (axis.place_of(step, count), value));
        let mut broken = values.clone().enumerate().filter_map(|(column, (_, broken))| broken.then_some(column as f64));
        let (first_broken, last_broken) = (broken.next(), broken.next_back());
        let last_broken = last_broken.or(first_broken);
        let mut inside = values.enumerate().filter_map(|(column, (value, _))| Some((column as f64, value?)));
        let (before, after) = (outside(before), outside(after));
        let first = inside.next();
        let last = inside.next_back().or(first);
        let edge = count.saturating_sub(1) as f64;
        Self {
            left: first
                .or(after)
                .filter(|first| first.0 > 0.0 && first_broken.is_none_or(|broken| broken >= first.0))
                .zip(before)
                .and_then(|(a, b)| between(scale, b, a, 0.0)),
            right: last
                .or(before)
                .filter(|last| last.0 < edge && last_broken.is_none_or(|broken| broken < last.0))
                .zip(after)
                .and_then(|(a, b)| between(scale, a, b, edge)),
        }
    }
}

/// What of the curves is drawn: the steps in sight, and in how many columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub lineage: &'a Lineage,
    /// The windows of the means through which lines go; through the samples themselves where there are none.
    pub window: Option<MeanWindow<'a>>,
    pub axis: StepAxis,
    pub count: usize,
    pub scale: ValueScale,
    /// Where values are read out: a step, or the places of one.
    pub cursor: Option<StepRange>,
}

impl Sight<'_> {
    /// The samples of a track in columns.
    fn columns(&self, track: &MetricTrack) -> Vec<Column> {
        if self.axis.scale == ValueScale::Linear {
            return track.columns(self.lineage, self.axis.steps, self.count);
        }
        let one = |steps| track.columns(self.lineage, steps, 1).into_iter().next();
        (0..self.count).map(|column| self.axis.steps_of(column, self.count).and_then(one).unwrap_or_default()).collect()
    }

    /// Its means in columns.
    fn means(&self, track: &MetricTrack, window: MeanWindow<'_>) -> Vec<Option<f64>> {
        if self.axis.scale == ValueScale::Linear {
            return track.smoothed_columns(self.lineage, self.axis.steps, self.count, window);
        }
        let one = |steps| track.smoothed_columns(self.lineage, steps, 1, window).into_iter().next().flatten();
        (0..self.count).map(|column| self.axis.steps_of(column, self.count).and_then(one)).collect()
    }

    /// The samples of a curve in columns, and where it crosses the edges.
    pub fn curve(&self, track: Option<&MetricTrack>) -> (Vec<Column>, CurveEnds) {
        let Some(track) = track else { return (vec![Column::default(); self.count], CurveEnds::default()) };
        let columns = self.columns(track);
        let means = columns.iter().map(|column| (column.extent.map(Extent::drawn_value), column.broken));
        let ends = CurveEnds::of(means, self.axis, self.scale, self.around(track));
        (columns, ends)
    }

    /// The same of its means, where its samples are in these columns; nothing where there are none.
    pub fn smoothed(&self, track: Option<&MetricTrack>, samples: &[Column]) -> (Vec<Option<f64>>, CurveEnds) {
        let Some((track, window)) = track.zip(self.window) else {
            return (vec![None; self.count], CurveEnds::default());
        };
        let means = self.means(track, window);
        let broken = samples.iter().map(|column| column.broken);
        let values = means.iter().copied().zip(broken);
        let ends = CurveEnds::of(values, self.axis, self.scale, self.drawn_around(track));
        (means, ends)
    }

    /// Where the line of a curve goes in each column: at its means, or else at the samples.
    pub fn drawn(&self, track: &MetricTrack) -> Vec<Column> {
        let columns = self.columns(track);
        let Some(window) = self.window else { return columns };
        let means = self.means(track, window);
        let mean = |(column, mean): (&Column, Option<f64>)| Column {
            extent: mean.and_then(|mean| Column::of(mean).extent),
            broken: column.broken,
        };
        columns.iter().zip(means).map(mean).collect()
    }

    /// Where it goes at the sample before the steps in sight and at the one after them.
    pub fn drawn_around(&self, track: &MetricTrack) -> [Option<(u64, f64)>; 2] {
        self.around(track).map(|sample| {
            let (step, value) = sample?;
            let Some(window) = self.window else { return Some((step, value)) };
            Some((step, track.drawn_at(self.lineage, StepRange::of(step), Some(window))?))
        })
    }

    /// Where it goes at the cursor, unless it ends before, or was last measured no later than the step of `fork`.
    pub fn drawn_at_cursor(&self, track: &MetricTrack, fork: Option<u64>) -> Option<f64> {
        let cursor = self.cursor?;
        let (sampled, _) = track.value_at(self.lineage, cursor.last)?;
        if fork.is_some_and(|fork| cursor.last.min(sampled.last) <= fork) {
            return None;
        }
        let goes_on = sampled.last >= cursor.first || track.after(self.lineage, cursor.last).is_some();
        track.drawn_at(self.lineage, cursor, self.window).filter(|_| goes_on)
    }

    /// The sample before the steps in sight and the one after them.
    fn around(&self, track: &MetricTrack) -> [Option<(u64, f64)>; 2] {
        [track.before(self.lineage, self.axis.steps.first), track.after(self.lineage, self.axis.steps.last)]
    }
}

/// The value at column `x` of a line between two points, straight as the scale shows it.
fn between(scale: ValueScale, from: (f64, f64), to: (f64, f64), x: f64) -> Option<f64> {
    let share = ((x - from.0) / (to.0 - from.0)).clamp(0.0, 1.0);
    let value = if scale == ValueScale::Log && from.1 > 0.0 && to.1 > 0.0 {
        (from.1.ln() + share * (to.1.ln() - from.1.ln())).exp()
    } else {
        from.1 + share * (to.1 - from.1)
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(values: &[Option<f64>], outside: [Option<(u64, f64)>; 2]) -> CurveEnds {
        CurveEnds::of(
            values.iter().map(|value| (*value, false)),
            StepAxis::linear(StepRange { first: 11, last: 20 }),
            ValueScale::Linear,
            outside,
        )
    }

    #[test]
    fn lines_enter_and_leave_on_the_way_to_their_samples() {
        let mut values = vec![None; 10];
        let outside = [Some((1, 0.0)), Some((31, 3.0))];
        // From step 1 to step 31, with steps 11 and 20 at the edges.
        let across = ends(&values, outside);
        assert!((across.left.unwrap() - 1.0).abs() < 1e-9 && (across.right.unwrap() - 1.9).abs() < 1e-9, "{across:?}");
        values[5] = Some(3.0);
        let to_sample = ends(&values, outside);
        assert_eq!((to_sample.left, to_sample.right), (Some(2.0), Some(3.0)));
        (values[0], values[9]) = (Some(1.0), Some(1.0));
        assert_eq!(ends(&values, outside), CurveEnds::default());
        assert_eq!(ends(&[None; 10], [None, Some((31, 3.0))]), CurveEnds::default());
        assert_eq!(ends(&[None; 10], [Some((1, f64::NAN)), Some((31, 3.0))]), CurveEnds::default());
    }
}
