//! The labelled steps of a chart.

use super::AxisTick;
use crate::app::axes::{StepAxis, ValueScale};
use crate::text::thousands;

/// Fewest powers of ten, their doubles and fives by which a logarithmic axis is labelled.
const MIN_ROUND_TICKS: usize = 3;

impl StepAxis {
    /// At most `most` labelled steps of an axis with that many columns.
    pub fn ticks(self, most: usize, columns: u16) -> Vec<AxisTick> {
        if self.scale == ValueScale::Linear {
            return self.steps.ticks(most, columns);
        }
        let powers = (0..=19).filter_map(|power| 10u64.checked_pow(power));
        let within = |rounds: &'static [u64]| {
            let steps =
                powers.clone().flat_map(move |power| rounds.iter().map(move |round| power.saturating_mul(*round)));
            steps.filter(|step| self.steps.contains(*step)).collect::<Vec<u64>>()
        };
        let candidates: [&'static [u64]; 3] = [&[1, 2, 5], &[1, 3], &[1]];
        let all = candidates.map(within);
        let steps = all.iter().find(|steps| steps.len() <= most).unwrap_or(&all[2]);
        // In a narrow window there are too few of them to read it by.
        let evenly = if steps.len() < MIN_ROUND_TICKS { self.steps.round_steps(most).collect() } else { Vec::new() };
        let steps = if evenly.is_empty() { steps } else { &evenly };
        let every = steps.len().div_ceil(most.max(1)).max(1);
        let cell = |step: u64| u16::try_from(self.column_of(step, columns.into())?).ok();
        let ticks = steps
            .iter()
            .step_by(every)
            .filter_map(|step| Some(AxisTick { cell: cell(*step)?, label: thousands(*step) }));
        ticks.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::series::StepRange;

    #[test]
    fn powers_of_ten_are_labelled_on_a_logarithmic_axis() {
        let labels = |last: u64, most: usize| -> Vec<String> {
            let axis = StepAxis { steps: StepRange { first: 1, last }, scale: ValueScale::Log };
            axis.ticks(most, 80).into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(9_999, 5), ["1", "10", "100", "1,000"]);
        assert_eq!(
            labels(9_999, 12),
            ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1,000", "2,000", "5,000"]
        );
        assert!(labels(u64::MAX, 5).len() <= 5);
        let narrow = StepAxis { steps: StepRange { first: 450, last: 800 }, scale: ValueScale::Log };
        let ticks = narrow.ticks(5, 80);
        let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["500", "600", "700", "800"]);
        let gaps: Vec<u16> = ticks.windows(2).map(|pair| pair[1].cell - pair[0].cell).collect();
        assert!(gaps[0] > gaps[1] && gaps[1] > gaps[2], "{gaps:?}");
    }
}
