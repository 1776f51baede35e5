//! An interval of the numbers that a setting may take: the configuration, the engine and the protocol speak of it
//! alike.

use serde::{Deserialize, Serialize};

use crate::text::exact;

/// An interval of finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lower end.
    pub min: f64,
    /// Whether the lower end itself is valid.
    pub min_included: bool,
    /// Upper end.
    pub max: f64,
    /// Whether the upper end itself is valid.
    pub max_included: bool,
}

impl Range {
    /// The interval from `min` to `max`, both included.
    pub const fn closed(min: f64, max: f64) -> Self {
        Self { min, min_included: true, max, max_included: true }
    }

    /// The interval above `min` up to and including `max`.
    pub const fn above(min: f64, max: f64) -> Self {
        Self { min, min_included: false, max, max_included: true }
    }

    /// The interval from `min` up to but not including `max`.
    pub const fn below(min: f64, max: f64) -> Self {
        Self { min, min_included: true, max, max_included: false }
    }

    /// Whether `value` is finite and inside.
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.min_included { value >= self.min } else { value > self.min };
        let below = if self.max_included { value <= self.max } else { value < self.max };
        value.is_finite() && above && below
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from = if self.min_included { "from" } else { "above" };
        let to = if self.max_included { "to" } else { "to below" };
        write!(f, "{from} {} {to} {}", exact(self.min), exact(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_count_as_said_and_nothing_infinite_is_inside() {
        assert!(Range::closed(0.0, 1.0).contains(0.0) && Range::closed(0.0, 1.0).contains(1.0));
        assert!(!Range::above(0.0, 1.0).contains(0.0) && !Range::below(0.0, 1.0).contains(1.0));
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!Range::closed(f64::MIN, f64::INFINITY).contains(value));
        }
    }

    #[test]
    fn it_reads_as_a_phrase() {
        let ranges = [Range::above(0.0, 1e3), Range::below(0.0, 1.0), Range::closed(1e-30, 0.5)];
        assert_eq!(ranges.map(|r| r.to_string()), ["above 0 to 1000", "from 0 to below 1", "from 1e-30 to 0.5"]);
    }
}
