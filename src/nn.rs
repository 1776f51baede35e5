//! The mathematics: layers with hand-derived gradients, the network they form, its loss, its initial weights and the
//! check of every gradient against central differences.
//!
//! A batch is always a matrix of shape (batch, features), one sample a row, in standard (row-major) layout; a sample
//! of an image is the flattened image, channel by channel, row by row. Weights are stored as `PyTorch` stores them: (out, in). Everything is generic
//! over `f32`, with which a run trains, and `f64`, with which gradients are checked.

mod build;
mod chain;
mod erf;
mod error;
mod facts;
pub mod gradcheck;
mod init;
pub mod kernels;
pub mod layers;
mod loss;
mod mode;
mod network;
mod notation;
mod parameter;
mod rows;
mod shape;
mod spec;
mod window;

pub use chain::LayerInfo;
pub use error::{BuildError, ParseError};
pub use facts::{Equations, LayerFacts, LayerRole, SettingValue};
pub use init::Init;
#[cfg(target_os = "linux")]
pub use kernels::memory::HugePages;
pub use kernels::pool::Pool;
pub use kernels::scalar::Scalar;
pub use layers::activation::ActivationSpec;
pub use loss::{LOSS_EQUATIONS, LossReport};
pub use mode::Mode;
pub use network::Network;
pub use parameter::{Buffer, Parameter, Place};
pub use shape::Shape;
pub use spec::{LAYER_FORMS, LayerSpec, NetworkSpec, split_layers};
