//! What screens are made of. Each widget draws at any size, down to nothing, and with any numbers, NaN included.

pub mod bars;
pub mod canvas;
pub mod chart;
pub mod dialog;
pub mod field;
pub mod footer;
pub mod heat;
pub mod histogram;
pub mod matrix;
pub mod picture;
pub mod progress;
pub mod sparkline;
pub mod step_axis;
