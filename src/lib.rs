//! `top` for gradients: networks whose backpropagation is derived and written by hand, trained in the background,
//! shown and steered in a terminal. `ARCHITECTURE.md` describes the rooms and who may import whom.

pub mod app;
pub mod config;
pub mod dataset;
pub mod exercise;
pub mod headless;
pub mod nn;
pub mod optim;
pub mod protocol;
pub mod random;
pub mod range;
pub mod report;
pub mod tensors;
pub mod text;
pub mod train;
pub mod ui;
