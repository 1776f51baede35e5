//! The learning-rate range test: how the loss moves while the learning rate grows minibatch by minibatch.

use serde::{Deserialize, Serialize};

use super::{Range, number};

/// Learning rates that a range test may try.
pub const RANGE_TEST_RATES: Range = Range::closed(1e-12, 1e6);

/// Fewest and most minibatches of a range test.
pub const RANGE_TEST_STEPS: std::ops::RangeInclusive<u64> = 10..=10_000;

/// What a learning-rate range test tries: rates that grow by the same factor after each minibatch. It trains the run's own
/// network, which is afterwards the same as before, bit for bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeTestPlan {
    /// The first learning rate; absent leaves it to the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// The last learning rate; absent leaves it to the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Minibatches, one for each rate; absent leaves it to the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// How far a range test has come, or what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeTest {
    /// Minibatches that the run had completed; the test began with its weights.
    pub step: u64,
    /// Minibatches that the test is planned for. It ends sooner where the loss leaves all bounds.
    pub planned: u64,
    /// What was measured, in the order of the rates.
    pub points: Vec<RangeTestPoint>,
    /// Whether it is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// A learning rate to train with; absent while it is not over, or where no rate made the loss fall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<f64>,
}

/// The loss at one learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeTestPoint {
    /// The learning rate.
    pub rate: f64,
    /// Loss of the minibatch before the update with this rate.
    #[serde(with = "number")]
    pub loss: f64,
    /// The smoothed loss, by which the suggestion is made; not finite where none of the losses so far was.
    #[serde(with = "number")]
    pub smoothed: f64,
}
