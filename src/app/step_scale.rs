//! Which steps of different runs belong together: those with the same number, or those at which both had seen the same
//! share of their data, the same number of samples, or trained for the same time.

use crate::protocol::RunInfo;

/// Most points of time that are kept of a run.
const MAX_TIMES: usize = 4096;

/// By what steps of different runs are laid over each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// Minibatches.
    #[default]
    Step,
    /// Passes over the training data.
    Epoch,
    /// Training samples.
    Samples,
    /// Seconds of training.
    Time,
}

impl Alignment {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Step, Self::Epoch, Self::Samples, Self::Time];

    /// The words of all of them.
    pub(super) const WORDS: [&'static str; 4] =
        [Self::Step.word(), Self::Epoch.word(), Self::Samples.word(), Self::Time.word()];

    /// Its word: `epoch`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch => "epoch",
            Self::Samples => "samples",
            Self::Time => "time",
        }
    }

    /// The one that a person calls so.
    pub(super) fn named(typed: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().zip(Self::WORDS).find(|(_, word)| *word == typed);
        named.map(|(alignment, _)| alignment)
    }

    /// What steps amount to: `epochs`.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Step => "numbers",
            Self::Epoch => "epochs",
            Self::Samples => "samples",
            Self::Time => "times",
        }
    }
}

/// What the steps of a run amount to, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepScale {
    steps_per_epoch: Option<f64>,
    batch_size: Option<f64>,
    epoch_samples: Option<f64>,
    /// Steps with the seconds of training until then, both ascending.
    times: Vec<(u64, f64)>,
}

impl StepScale {
    /// What a run tells of its data.
    pub fn of(info: &RunInfo) -> Self {
        let mut scale = Self::default();
        scale.set_run_info(info);
        scale
    }

    /// Takes in what a run tells of its data.
    pub fn set_run_info(&mut self, info: &RunInfo) {
        let positive = |count: Option<u64>| count.filter(|count| *count > 0).map(|count| count as f64);
        self.steps_per_epoch = positive(info.steps_per_epoch);
        self.batch_size = positive(info.batch_size.map(|size| size as u64));
        self.epoch_samples = positive(info.data.as_ref().and_then(|data| data.train).map(|count| count as u64));
    }

    /// Takes in the seconds of training until some steps. Those that don't ascend are left out, and of many only every
    /// second or fourth stays, and so on.
    pub fn set_times(&mut self, times: impl IntoIterator<Item = (u64, f64)>) {
        self.times = vec![(0, 0.0)];
        let mut every = 1;
        for (place, (step, seconds)) in times.into_iter().enumerate() {
            let after = self.times.last().is_none_or(|last| step > last.0 && seconds > last.1);
            if !after || !seconds.is_finite() || place % every != 0 {
                continue;
            }
            if self.times.len() == MAX_TIMES {
                let mut place = 0;
                self.times.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                every *= 2;
            }
            self.times.push((step, seconds));
        }
    }

    /// Whether it is known what steps amount to.
    pub fn knows(&self, by: Alignment) -> bool {
        match by {
            Alignment::Step => true,
            Alignment::Epoch => self.steps_per_epoch.is_some(),
            Alignment::Samples => self.batch_size.is_some() || self.steps_per_epoch.and(self.epoch_samples).is_some(),
            Alignment::Time => self.times.len() > 1,
        }
    }

    /// What was reached after `step` minibatches: epochs, samples or seconds; `None` where that is unknown.
    pub fn amount_at(&self, step: f64, by: Alignment) -> Option<f64> {
        match by {
            Alignment::Step => Some(step),
            Alignment::Epoch => Some(step / self.steps_per_epoch?),
            Alignment::Samples => match (self.batch_size, self.steps_per_epoch, self.epoch_samples) {
                (Some(batch), Some(steps), Some(samples)) => {
                    let epochs = (step / steps).floor();
                    // The last minibatch of an epoch has what the others left.
                    Some(epochs * samples + ((step - epochs * steps) * batch).min(samples))
                }
                (Some(batch), ..) => Some(step * batch),
                (None, Some(steps), Some(samples)) => Some(step / steps * samples),
                _ => None,
            },
            Alignment::Time => interpolated(&self.times, step, |(step, seconds)| (step as f64, seconds)),
        }
    }

    /// After how many minibatches that much was reached; the inverse of [`Self::amount_at`].
    pub fn step_at(&self, amount: f64, by: Alignment) -> Option<f64> {
        match by {
            Alignment::Step => Some(amount),
            Alignment::Epoch => Some(amount * self.steps_per_epoch?),
            Alignment::Samples => match (self.batch_size, self.steps_per_epoch, self.epoch_samples) {
                (Some(batch), Some(steps), Some(samples)) => {
                    let epochs = (amount / samples).floor();
                    Some(epochs * steps + ((amount - epochs * samples) / batch).min(steps))
                }
                (Some(batch), ..) => Some(amount / batch),
                (None, Some(steps), Some(samples)) => Some(amount / samples * steps),
                _ => None,
            },
            Alignment::Time => interpolated(&self.times, amount, |(step, seconds)| (seconds, step as f64)),
        }
    }

    /// The step of another run, of this scale, that belongs to a step of the run of scale `own`.
    pub fn step_in(&self, other: &Self, step: f64, by: Alignment) -> Option<f64> {
        other.step_at(self.amount_at(step, by)?, by).filter(|step| step.is_finite())
    }
}

/// The value at `x` of the line through points of ascending `x`, going on straight beyond the last of them.
fn interpolated<T: Copy>(points: &[T], x: f64, coordinates: impl Fn(T) -> (f64, f64)) -> Option<f64> {
    let last = points.len().checked_sub(1)?;
    let after = points.partition_point(|point| coordinates(*point).0 <= x).clamp(1, last.max(1));
    // Beyond the last point at the rate of the whole run.
    let before = if x > coordinates(points[last]).0 { 0 } else { after - 1 };
    let (from, to) = (coordinates(points[before]), coordinates(*points.get(after)?));
    (to.0 > from.0).then(|| to.1 + (to.1 - from.1) / (to.0 - from.0) * (x - to.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::DataInfo;

    fn scale(batch: usize, samples: usize) -> StepScale {
        StepScale::of(&RunInfo {
            batch_size: Some(batch),
            steps_per_epoch: Some(samples.div_ceil(batch) as u64),
            data: Some(DataInfo { train: Some(samples), ..DataInfo::default() }),
            ..RunInfo::default()
        })
    }

    #[test]
    fn an_epoch_is_an_epoch_whatever_the_size_of_a_minibatch() {
        let (small, large) = (scale(10, 1000), scale(250, 1000));
        assert_eq!(small.step_in(&large, 300.0, Alignment::Epoch), Some(12.0));
        assert_eq!(small.step_in(&large, 300.0, Alignment::Step), Some(300.0));
        // Of twice as many samples an epoch is twice as long, and as many samples half of it.
        let twice = scale(250, 2000);
        assert_eq!(small.step_in(&twice, 100.0, Alignment::Epoch), Some(8.0));
        assert_eq!(small.step_in(&twice, 100.0, Alignment::Samples), Some(4.0));
    }

    #[test]
    fn the_last_minibatch_of_an_epoch_counts_what_it_has() {
        let odd = scale(64, 100);
        assert_eq!(
            [1.0, 2.0, 3.0, 4.0].map(|step| odd.amount_at(step, Alignment::Samples)),
            [64.0, 100.0, 164.0, 200.0].map(Some)
        );
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let nothing = StepScale::default();
        for by in [Alignment::Epoch, Alignment::Samples, Alignment::Time] {
            assert!(!nothing.knows(by) && nothing.amount_at(5.0, by).is_none() && nothing.step_at(5.0, by).is_none());
        }
    }

    #[test]
    fn times_are_bounded_and_ascend() {
        let wild = [(5, 1.0), (4, 2.0), (6, f64::NAN), (7, 0.5), (8, 3.0), (9, f64::INFINITY)];
        let mut scale = StepScale::default();
        scale.set_times(wild);
        assert_eq!(scale.times, [(0, 0.0), (5, 1.0), (8, 3.0)]);
        let mut long = StepScale::default();
        long.set_times((1..=100_000).map(|step| (step, step as f64 * 0.25)));
        assert!(long.times.len() <= MAX_TIMES, "{}", long.times.len());
        for step in [0.0, 1.0, 50_000.0, 99_999.0, 200_000.0] {
            let seconds = long.amount_at(step, Alignment::Time).unwrap();
            assert!((seconds - step * 0.25).abs() < 1e-6, "{step}: {seconds}");
        }
    }

    proptest! {
        #[test]
        fn the_same_place_is_the_same_share_of_the_data(
            batches in (1usize..300, 1usize..300),
            samples in (1usize..5000, 1usize..5000),
            step in 0u64..100_000,
        ) {
            let (one, other) = (scale(batches.0, samples.0), scale(batches.1, samples.1));
            for by in Alignment::ALL.into_iter().filter(|by| *by != Alignment::Time) {
                let there = one.step_in(&other, step as f64, by).unwrap();
                let (a, b) = (one.amount_at(step as f64, by).unwrap(), other.amount_at(there, by).unwrap());
                prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{by:?}: {a} {b}");
                let back = other.step_in(&one, there, by).unwrap();
                let same = one.amount_at(back, by).unwrap();
                prop_assert!((a - same).abs() <= 1e-6 * a.abs().max(1.0), "{by:?}: {a} {same}");
            }
        }
    }
}
