//! Figures as data: a source describes once what it measures, and from then on only numbers under their ids.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::number;
use crate::text::{percent_number, short};

/// Tag of the mean loss of each minibatch, in nats.
pub const TRAIN_LOSS: &str = "train/loss";

/// Tag of the share of each minibatch that was classified correctly.
pub const TRAIN_ACCURACY: &str = "train/accuracy";

/// Tag of the norm of the whole gradient before clipping, where the probe looked.
pub const TRAIN_GRADIENT_NORM: &str = "train/gradient_norm";

/// Tag of the learning rate that an update used: base rate times the schedule's factor.
pub const EFFECTIVE_LEARNING_RATE: &str = "learning_rate";

/// Tag of the mean loss on the test split, in nats.
pub const TEST_LOSS: &str = "test/loss";

/// Tag of the share of the test split that is classified correctly.
pub const TEST_ACCURACY: &str = "test/accuracy";

/// Tag of the norm of the gradient of a layer's parameters, before clipping.
pub const LAYER_GRADIENT_NORM: &str = "gradient_norm";

/// Tag of the norm of a layer's last update over the norm of its parameters; about 1e-3 is usual.
pub const LAYER_UPDATE_RATIO: &str = "update_ratio";

/// Tag of the share of a layer's units whose rectified output was 0 for the whole minibatch.
pub const LAYER_DEAD_UNITS: &str = "dead_units";

/// Tag of the norm of a layer's parameters after the update.
pub const LAYER_WEIGHT_NORM: &str = "weight_norm";

/// Number by which a source calls a metric; unique among its metrics, and a small one: dense tables are kept by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MetricId(pub u32);

/// What a metric is. The same form describes the quantities that are measured of each layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// The number under which its values come.
    pub id: MetricId,
    /// Its name for programs. `train/loss` and `test/loss` are a pair: they share what is after the slash.
    pub tag: String,
    /// Its name for people, without the part of the data: `loss`.
    pub title: String,
    /// Its name where there is little room, as above a column of a table: `norm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// What its values count.
    #[serde(default, skip_serializing_if = "Unit::is_none")]
    pub unit: Unit,
    /// The smallest value it can have, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// The largest value it can have, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
    /// Which way is up.
    #[serde(default)]
    pub better: Better,
}

impl MetricInfo {
    /// A metric of which nothing is known but what it is called: no unit, no bounds, no better end.
    pub fn new(id: u32, tag: &str, title: &str) -> Self {
        Self {
            id: MetricId(id),
            tag: tag.into(),
            title: title.into(),
            short: None,
            unit: Unit::None,
            floor: None,
            ceiling: None,
            better: Better::None,
        }
    }

    /// The same with a name for places with little room.
    #[must_use]
    pub fn short(self, short: &str) -> Self {
        Self { short: Some(short.into()), ..self }
    }

    /// The same in this unit.
    #[must_use]
    pub fn unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    /// The same with no value below `floor`.
    #[must_use]
    pub fn floor(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }

    /// The same with values from 0 to 1 only.
    #[must_use]
    pub fn share(self) -> Self {
        Self { unit: Unit::Share, floor: Some(0.0), ceiling: Some(1.0), ..self }
    }

    /// The same with a better end.
    #[must_use]
    pub fn better(self, better: Better) -> Self {
        Self { better, ..self }
    }

    /// The part of the data that it is measured on, and the name that it shares with the same on another part.
    pub fn data_part_and_name(&self) -> (DataPart, &str) {
        match self.tag.split_once('/') {
            Some(("train", name)) => (DataPart::Train, name),
            Some((part @ ("test" | "val" | "valid" | "validation" | "eval" | "dev"), name)) => {
                (DataPart::HeldOut(held_out_split_name(part)), name)
            }
            _ => (DataPart::Whole, &self.tag),
        }
    }
}

/// Parts of the data that are held out, by the words that frameworks have for them.
fn held_out_split_name(word: &str) -> &'static str {
    match word {
        "test" => "test",
        "eval" => "eval",
        "dev" => "dev",
        _ => "valid",
    }
}

/// The part of the data that a metric is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataPart {
    /// What is trained on.
    Train,
    /// What is held out, and its word for people: `test`, `valid`.
    HeldOut(&'static str),
    /// No part of the data, or an unknown one.
    Whole,
}

/// What a metric's values count. Any word is a unit; that of a share is known by name, since it is written in percent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Unit {
    /// Nothing: a plain number.
    #[default]
    None,
    /// A part of a whole: 0.25 is written as 25 %.
    Share,
    /// Something with a name, written after the number: `nats`.
    Named(String),
}

impl Unit {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// A value as it is written beside a chart: `0.0123` or `86.3 %`. A named unit belongs to the title.
    pub fn format_value(&self, value: f64) -> String {
        match self {
            Self::Share if value.is_finite() && value.abs() <= 10.0 => format!("{} %", percent_number(value, 1)),
            _ => short(value),
        }
    }
}

impl From<String> for Unit {
    fn from(text: String) -> Self {
        match text.as_str() {
            "" => Self::None,
            "share" => Self::Share,
            _ => Self::Named(text),
        }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::None => Self::new(),
            Unit::Share => "share".into(),
            Unit::Named(name) => name,
        }
    }
}

/// Which values of a metric are the better ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The small ones, as of a loss.
    Lower,
    /// The large ones, as of an accuracy.
    Higher,
    /// Neither.
    #[default]
    None,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A metric's value: `[0, 0.25]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricValue(
    /// Which metric.
    pub MetricId,
    /// Its value, which need not be finite.
    #[serde(with = "number")]
    pub f64,
);

/// The values of some metrics. A few of them take no memory of their own, so that a report of a minibatch with a look
/// at its layers is a few allocations and not dozens.
pub type MetricValues = SmallVec<[MetricValue; 4]>;

impl MetricValue {
    /// The value of the metric with this id among `values`.
    pub fn find(values: &[Self], id: MetricId) -> Option<f64> {
        values.iter().find(|value| value.0 == id).map(|value| value.1)
    }
}
