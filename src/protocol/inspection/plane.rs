//! What the network does everywhere in the plane, where samples are two numbers.

use serde::{Deserialize, Serialize};

use crate::protocol::number;

/// A grid of cells over the part of the plane where the data are, with a margin, in the numbers that the network reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneGrid {
    /// Least and largest of the first number: the left and the right edge.
    pub x: [f64; 2],
    /// Least and largest of the second number: the lower and the upper edge.
    pub y: [f64; 2],
    /// Cells from left to right.
    pub columns: usize,
    /// Cells from top to bottom.
    pub rows: usize,
}

impl PlaneGrid {
    /// The middle of a cell, counted from the upper left.
    pub fn cell_center(&self, column: usize, row: usize) -> [f64; 2] {
        let along = |[low, high]: [f64; 2], cell: usize, cells: usize| {
            low + (high - low) * (cell as f64 + 0.5) / cells.max(1) as f64
        };
        [along(self.x, column, self.columns), along([self.y[1], self.y[0]], row, self.rows)]
    }
}

/// Answer to [`super::Query::Points`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanePoints {
    /// Least and largest of the first number, with the margin of every [`PlaneGrid`].
    pub x: [f64; 2],
    /// Least and largest of the second number.
    pub y: [f64; 2],
    /// At most 600 points as the network reads them.
    pub points: Vec<[f32; 2]>,
    /// The class of each.
    pub classes: Vec<u8>,
    /// Points of the training data in all.
    pub total: usize,
}

/// Answer to [`super::Query::Boundary`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionBoundary {
    /// The cells.
    pub plane: PlaneGrid,
    /// The predicted class in the middle of each cell, row by row from the upper left.
    pub classes: Vec<u8>,
    /// The probability of that class, 255 for 1.
    pub confidence: Vec<u8>,
    /// Places among [`PlanePoints::points`] of those that are classified wrongly, in their order; `None` where the
    /// source doesn't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Vec<usize>>,
}

/// Answer to [`super::Query::Units`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitMaps {
    /// Place in [`crate::protocol::RunInfo::layers`].
    pub layer: usize,
    /// How many units the layer has.
    pub total: usize,
    /// The cells.
    pub plane: PlaneGrid,
    /// The first units.
    pub units: Vec<UnitMap>,
}

/// What one unit does everywhere in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitMap {
    /// Its output in the middle of each cell, row by row from the upper left.
    #[serde(with = "number::list")]
    pub values: Vec<f32>,
}
