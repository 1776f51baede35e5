//! An axis: which values it spans, and where its ticks are.

use crate::text::short;

/// A span of values that ends on ticks.
#[derive(Clone, Debug)]
pub(super) struct PlotAxis {
    from: f64,
    to: f64,
    step: f64,
    /// Whether the values are exponents of ten.
    powers: bool,
}

/// Most ticks of an axis of powers of ten.
const MAX_POWERS: f64 = 8.0;

impl PlotAxis {
    /// An axis of the finite exponents `values`, which it ends with, and with ticks at whole ones.
    pub fn of_powers(values: &[f64]) -> Self {
        let Self { from, to, .. } = Self::new(values, 6);
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = if most > least { (least, most) } else { (from, to) };
        Self { from, to, step: ((to - from) / MAX_POWERS).ceil(), powers: true }
    }

    fn power_ticks(&self) -> Vec<(f64, String)> {
        let first = (self.from / self.step - 1e-9).ceil() * self.step;
        let places = (0..=MAX_POWERS as u32).map(|place| first + f64::from(place) * self.step);
        places.filter(|power| *power <= self.to + 1e-9).map(|power| (power, short(10_f64.powf(power)))).collect()
    }

    /// An axis that shows all of the finite `values`, with at most about `intervals` intervals of 1, 2, 2.5 or 5 times
    /// a power of 10.
    pub fn new(values: &[f64], intervals: u32) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = match most - least {
            span if span > 0.0 && span.is_finite() => (least, most),
            // Values so far apart that their difference overflows are no plot; one value needs room around it.
            _ if least == most => (least - least.abs().max(1.0) / 2.0, most + most.abs().max(1.0) / 2.0),
            _ => (0.0, 1.0),
        };
        let rough = (most - least) / f64::from(intervals);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|&step| step >= rough);
        let step = step.unwrap_or(10.0 * power);
        // A hair's breadth less, so that 0.3 / 0.1 ends at 3 and not at 4.
        let (from, to) = (step * (least / step + 1e-9).floor(), step * (most / step - 1e-9).ceil());
        Self { from, to, step, powers: false }
    }

    /// Where a value lies, from 0 at the beginning to 1 at the end.
    pub fn share_along(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    /// The values of the ticks and their texts.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        if self.powers {
            return self.power_ticks();
        }
        let count = ((self.to - self.from) / self.step).round() as u32;
        let whole = |decimals: &i32| {
            let steps = self.step * 10_f64.powi(*decimals);
            (steps - steps.round()).abs() < 1e-6
        };
        let decimals = (0..12).find(whole).unwrap_or(12) as usize;
        let plain = self.from.abs().max(self.to.abs()) < 1e6 && self.step >= 1e-6;
        let tick = |position| {
            let value = self.from + f64::from(position) * self.step;
            let text = if plain { format!("{value:.decimals$}") } else { short(value) };
            // Rounding may leave a zero with a sign.
            (value, if value.abs() < self.step / 2.0 { "0".into() } else { text })
        };
        (0..=count.min(20)).map(tick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[f64]) -> Vec<String> {
        PlotAxis::new(values, 6).ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_enclose_the_values() {
        assert_eq!(texts(&[0.0, 1500.0]), ["0", "250", "500", "750", "1000", "1250", "1500"]);
        assert_eq!(texts(&[1.43, 2.31]), ["1.4", "1.6", "1.8", "2.0", "2.2", "2.4"]);
        assert_eq!(texts(&[0.0, 0.3]), ["0", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]);
        assert_eq!(texts(&[-1.0, 1.0]), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(&[12.0, 51.0]), ["10", "20", "30", "40", "50", "60"]);
        assert_eq!(texts(&[0.0, 5e7]), ["0", "1e7", "2e7", "3e7", "4e7", "5e7"]);
    }

    #[test]
    fn one_value_and_none_have_an_axis() {
        let axis = PlotAxis::new(&[5.0], 6);
        assert!((axis.share_along(5.0) - 0.5).abs() < 1e-9, "{axis:?}");
        assert_eq!(texts(&[]).first().unwrap(), "0");
    }

    #[test]
    fn ends_of_the_axis_are_the_ends_of_the_plot() {
        let axis = PlotAxis::new(&[0.0, 3.0], 6);
        assert_eq!((axis.share_along(0.0), axis.share_along(3.0)), (0.0, 1.0));
    }
}
