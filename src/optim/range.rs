//! Which values a hyperparameter may take: the one place that says so, for the configuration and for a running run.

use std::fmt;

use crate::{
    range::Range,
    text::{Safe, nearest},
};

/// Every hyperparameter of an optimizer that is a number, and the values it may take.
const HYPERPARAMETER_RANGES: [(&str, Range); 8] = [
    // Beyond 1000 nothing learns, and `f32` weights overflow.
    ("lr", Range::above(0.0, 1e3)),
    ("momentum", Range::below(0.0, 1.0)),
    ("alpha", Range::below(0.0, 1.0)),
    ("beta1", Range::below(0.0, 1.0)),
    ("beta2", Range::below(0.0, 1.0)),
    // Smaller values vanish in `f32` and would let 0 be divided by 0.
    ("epsilon", Range::closed(1e-30, 1.0)),
    ("weight_decay", Range::closed(0.0, 10.0)),
    // Largest norm of the gradient, see `clip_scale`; 0 leaves it alone.
    ("clip_norm", Range::closed(0.0, 1e6)),
];

/// The values that the hyperparameter `key` may take; `None` if there is none of that name.
pub fn hyperparameter_range(key: &str) -> Option<Range> {
    HYPERPARAMETER_RANGES.iter().find(|(name, _)| *name == key).map(|(_, range)| *range)
}

/// Why a hyperparameter was not set.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingError {
    /// The optimizer has no hyperparameter of that name.
    Unknown {
        /// The name.
        key: String,
        /// Those it has.
        valid: Vec<&'static str>,
    },
    /// The value lies outside of the valid range.
    OutOfRange {
        /// The hyperparameter.
        key: &'static str,
        /// The value that was refused.
        value: f64,
        /// The valid ones.
        range: Range,
    },
    /// Nesterov's method needs momentum.
    NesterovWithoutMomentum,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, valid } => {
                write!(f, "this optimizer has no `{}`", Safe(key))?;
                if let Some(near) = nearest(key, valid.iter().copied()) {
                    write!(f, "; did you mean `{near}`?")?;
                }
                write!(f, " valid: {}", valid.join(", "))
            }
            Self::OutOfRange { key, value, range } => write!(f, "`{key}` is {value}, but must be {range}"),
            Self::NesterovWithoutMomentum => f.write_str("`nesterov` needs a `momentum` above 0"),
        }
    }
}

impl std::error::Error for SettingError {}

/// Checks `value` against the range of `key`.
pub(super) fn check_hyperparameter(key: &'static str, value: f64) -> Result<(), SettingError> {
    match hyperparameter_range(key) {
        Some(range) if !range.contains(value) => Err(SettingError::OutOfRange { key, value, range }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_learning_rate_is_refused() {
        let lr = hyperparameter_range("lr").unwrap();
        for value in [-1.0, 0.0, f64::NAN, f64::INFINITY, 1e38] {
            assert!(!lr.contains(value), "{value}");
        }
        assert!(lr.contains(1e-3) && lr.contains(1e3));
        assert_eq!(lr.to_string(), "above 0 to 1000");
        assert!(
            !hyperparameter_range("momentum").unwrap().contains(1.0)
                && hyperparameter_range("momentum").unwrap().contains(0.0)
        );
        assert_eq!(hyperparameter_range("learning_rate"), None);
    }
}
