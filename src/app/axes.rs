//! Axes: how what is measured is spread over a chart, and in which column a step is drawn.

use super::series::StepRange;

/// How values become heights, or steps distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValueScale {
    /// Equal differences, equal heights.
    #[default]
    Linear,
    /// Equal ratios, equal heights.
    Log,
}

/// The steps from the left to the right edge, and how they are spread between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepAxis {
    /// The steps.
    pub steps: StepRange,
    /// Whether equal distances are equal numbers of steps or equal ratios; these begin at step 1.
    pub scale: ValueScale,
}

impl StepAxis {
    /// An axis on which every step has the same width.
    pub fn linear(steps: StepRange) -> Self {
        Self { steps, scale: ValueScale::Linear }
    }

    /// The column of `count` in which `step` lies, if it is in sight.
    pub fn column_of(self, step: u64, count: usize) -> Option<usize> {
        match self.scale {
            ValueScale::Linear => self.steps.column_of(step, count),
            ValueScale::Log => (self.steps.contains(step) && count > 0)
                .then(|| (self.place_of(step, count).max(0.0) as usize).min(count - 1)),
        }
    }

    /// Where `step` begins, in columns from the left edge, in sight or not.
    pub(in crate::app) fn place_of(self, step: u64, count: usize) -> f64 {
        let StepRange { first, .. } = self.steps;
        match self.scale {
            ValueScale::Linear => (step as f64 - first as f64) * count as f64 / self.steps.length() as f64,
            ValueScale::Log => {
                let share = (step.max(1) as f64 / first.max(1) as f64).ln() / self.ratio().ln();
                // No column is so thin that a step has its own in all of them; a hair of it is lost in rounding.
                share * count as f64 + 1e-9
            }
        }
    }

    /// The steps of a column of `count`; `None` where none begins there.
    pub(in crate::app) fn steps_of(self, column: usize, count: usize) -> Option<StepRange> {
        let begin = |column: usize| {
            let step = self.step_at(column as f64 / count.max(1) as f64);
            // The exact place is lost in rounding.
            let before = step.saturating_sub(1);
            let is_inside = |step: &u64| self.place_of(*step, count) >= column as f64;
            [before, step, step.saturating_add(1)].into_iter().find(is_inside).unwrap_or(step)
        };
        let (first, after) = (begin(column), begin(column + 1));
        let last = if column + 1 >= count { self.steps.last } else { after.saturating_sub(1).min(self.steps.last) };
        let first = first.max(self.steps.first);
        (first <= last).then_some(StepRange { first, last })
    }

    /// The step at a place along the axis, 0 at its left end and 1 at its right.
    pub fn step_at(self, fraction: f64) -> u64 {
        let StepRange { first, last } = self.steps;
        let step = match self.scale {
            ValueScale::Linear => first as f64 + fraction * (self.steps.length() - 1) as f64,
            ValueScale::Log => first.max(1) as f64 * self.ratio().powf(fraction),
        };
        (step.round() as u64).clamp(first, last)
    }

    /// The step after the last over the first.
    fn ratio(self) -> f64 {
        let StepRange { first, last } = self.steps;
        (last.max(1) as f64 + 1.0) / first.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(first: u64, last: u64) -> StepAxis {
        StepAxis { steps: StepRange { first, last }, scale: ValueScale::Log }
    }

    #[test]
    fn equal_ratios_are_equal_distances() {
        let axis = log(1, 9_999);
        let columns: Vec<_> = [1, 10, 100, 1000].map(|step| axis.column_of(step, 400).unwrap()).into();
        assert_eq!(columns, [0, 100, 200, 300]);
        assert_eq!(axis.column_of(10_000, 400), None);
    }

    proptest! {
        #[test]
        fn the_columns_share_the_steps_among_them(first in 1u64..1000, length in 1u64..100_000, count in 1usize..500) {
            let axis = log(first, first + length - 1);
            let mut next = first;
            for column in 0..count {
                let Some(steps) = axis.steps_of(column, count) else { continue };
                prop_assert_eq!(steps.first, next, "column {}", column);
                prop_assert_eq!(axis.column_of(steps.first, count), Some(column));
                prop_assert_eq!(axis.column_of(steps.last, count), Some(column));
                next = steps.last + 1;
            }
            prop_assert_eq!(next, first + length);
        }
    }
}
