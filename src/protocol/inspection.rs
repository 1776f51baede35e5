//! Looking inside: what can be asked about the network, the current minibatch and the data, and what comes back.
//!
//! The *current minibatch* is the one that the next step trains, with the weights as they are now: its number is that
//! of the completed minibatches plus one. While a person walks through its phases, only what was computed so far is
//! there. Right after the last phase, the update, it is still the minibatch just trained.
//!
//! Looking changes nothing of the training. What is not finite travels as in [`super::number`].

use serde::{Deserialize, Serialize};

mod check;
mod data;
mod layer;
mod maps;
mod plane;
mod tensor;
mod trace;
mod update;

pub use check::{CheckVerdict, GradientCheck, GradientDifference};
pub use data::{
    ClassifiedSample, ConfusionMatrix, FilterPictures, SampleFilter, SampleOrder, SamplePage, SamplePicture, SplitName,
};
pub use layer::{Distribution, LayerView, ParameterView, UnitFigures};
pub use maps::{FeatureMap, FeatureMaps};
pub use plane::{DecisionBoundary, PlaneGrid, PlanePoints, UnitMap, UnitMaps};
pub use tensor::{ActivationSummary, ParameterElement, TensorSlice};
pub use trace::{
    LayerTrace, PassKind, SampleChoice, SampleLoss, Trace, TracedLayer, TracedParameter, TracedSample, TracedUnit,
};
pub use update::{LayerUpdate, UpdateConstant, UpdatedElement};

/// Most queries that are watched at a time.
pub const MAX_WATCHED_QUERIES: usize = 8;

/// Most cells of a grid in the plane.
pub const MAX_GRID_CELLS: usize = 40_000;

/// Most values that [`Query::Units`] gives, over all units together.
pub const MAX_UNIT_VALUES: usize = 1 << 18;

/// Most entries of a page of [`Query::Samples`], of [`Query::Filters`] and of [`Query::FeatureMaps`].
pub const MAX_PAGE_ENTRIES: usize = 512;

/// Something that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Query {
    /// Distributions and figures of a layer: [`Answer::Layer`].
    Layer {
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
    },
    /// One sample on its way forward and back, and one layer in full: [`Answer::Trace`].
    Trace {
        /// Which sample.
        sample: SampleChoice,
        /// The layer that is shown in full.
        layer: usize,
    },
    /// A layer's gradients against central differences in `f64`: [`Answer::GradientCheck`], again and again until
    /// its verdict is there. Only while paused; the next request interrupts it. It can't be watched.
    GradientCheck {
        /// Place in [`super::RunInfo::layers`] of a layer with parameters.
        layer: usize,
    },
    /// Some samples with what the network makes of them, as of the last evaluation of that part: [`Answer::Samples`].
    Samples {
        /// Which part of the data.
        split: SplitName,
        /// Which of its samples.
        show: SampleFilter,
        /// In which order.
        order: SampleOrder,
        /// How many of them are passed over.
        first: usize,
        /// How many at most, up to [`MAX_PAGE_ENTRIES`].
        count: usize,
    },
    /// How often each class was taken for each, as of the last evaluation of that part: [`Answer::Confusion`].
    Confusion {
        /// Which part of the data.
        split: SplitName,
    },
    /// Weights as pictures, of a convolution or of a linear layer that reads an image: [`Answer::Filters`].
    Filters {
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
        /// How many filters are passed over.
        first: usize,
        /// How many at most, up to [`MAX_PAGE_ENTRIES`].
        count: usize,
    },
    /// What a layer makes of one sample, channel by channel, where its output is an image: [`Answer::FeatureMaps`].
    FeatureMaps {
        /// Which sample.
        sample: SampleChoice,
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
        /// How many channels are passed over.
        first: usize,
        /// How many at most, up to [`MAX_PAGE_ENTRIES`].
        count: usize,
    },
    /// Points of the training data, which stay the same, where samples are two numbers: [`Answer::Points`].
    Points,
    /// The predicted class everywhere in the plane, where samples are two numbers: [`Answer::Boundary`].
    Boundary {
        /// Cells from left to right.
        columns: usize,
        /// Cells from top to bottom; at most [`MAX_GRID_CELLS`] in all.
        rows: usize,
    },
    /// The output of each unit of a layer everywhere in the plane, where samples are two numbers: [`Answer::Units`].
    Units {
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
        /// Cells from left to right.
        columns: usize,
        /// Cells from top to bottom; as many units are shown as [`MAX_UNIT_VALUES`] allows, and at most 64.
        rows: usize,
    },
    /// Something that this version does not know; it is refused.
    #[serde(other)]
    Unknown,
}

/// What came of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Minibatches completed when it was answered.
    pub step: u64,
    /// The query, as it was asked.
    pub query: Query,
    /// The answer.
    pub answer: Answer,
}

/// The answer to a [`Query`].
#[allow(clippy::large_enum_variant)] // An inspection travels in a box as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Layer`].
    Layer(LayerView),
    /// To [`Query::Trace`].
    Trace(Box<Trace>),
    /// To [`Query::GradientCheck`]: how far it is, or its verdict.
    GradientCheck(GradientCheck),
    /// To [`Query::Samples`].
    Samples(SamplePage),
    /// To [`Query::Confusion`].
    Confusion(ConfusionMatrix),
    /// To [`Query::Filters`].
    Filters(FilterPictures),
    /// To [`Query::FeatureMaps`].
    FeatureMaps(FeatureMaps),
    /// To [`Query::Points`].
    Points(PlanePoints),
    /// To [`Query::Boundary`].
    Boundary(DecisionBoundary),
    /// To [`Query::Units`].
    Units(UnitMaps),
    /// There is nothing to show now; a watched query is answered when there is.
    Nothing {
        /// Why, and what will change it: `no evaluation yet`.
        reason: String,
    },
    /// Something that this version does not know; it is left out and counted.
    #[serde(other)]
    Unknown,
}

/// Where a walk through the phases of a minibatch stands: what was done last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// There is no walk.
    #[default]
    Between,
    /// A layer's output was computed.
    Forward {
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
    },
    /// The loss was computed, and with it its gradient by the logits.
    Loss,
    /// The gradients of a layer's parameters and of its input were computed.
    Backward {
        /// Place in [`super::RunInfo::layers`].
        layer: usize,
    },
    /// The weights were updated: the minibatch is completed.
    Update,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A walk through the phases went on, began or was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Minibatches completed.
    pub step: u64,
    /// Number of the minibatch that is walked through, from 1.
    pub minibatch: u64,
    /// What was done last.
    #[serde(flatten)]
    pub phase: Phase,
}

#[cfg(test)]
mod tests;
