//! The mathematics: layers with hand-derived gradients, the network they form, its loss, its initial weights and the
//! check of every gradient against central differences.
//!
//! A batch is always a matrix of shape (batch, features), one sample a row, in standard (row-major) layout; a sample of
//! an image is the flattened image, channel by channel, row by row. Weights are stored as `PyTorch` stores them: (out,
//! in). Everything is generic over `f32`, with which a run trains, and `f64`, with which gradients are checked.
//!
//! One training step of a small network:
//!
//! ```
//! use std::{num::NonZeroUsize, sync::Arc};
//!
//! use gradtop::nn::{Mode, Network, NetworkSpec, Pool, Shape};
//!
//! let layers = vec!["linear 8".parse()?, "relu".parse()?, "linear 2".parse()?];
//! let spec = NetworkSpec { layers, ..NetworkSpec::default() };
//! let (features, classes, max_batch, seed) = (Shape::new([3]), 2, 4, 0);
//! let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
//! let mut network = Network::<f32>::new(&spec, &features, classes, max_batch, seed, pool)?;
//!
//! network.input_mut(4).fill(0.5); // the next batch
//! network.forward(Mode::Train { step: 0 });
//! let report = network.loss(&[0_u8, 1, 0, 0]);
//! network.backward();
//! for parameter in network.parameters_mut() {
//!     parameter.value.iter_mut().zip(&parameter.gradient).for_each(|(w, g)| *w -= 0.1 * g);
//! }
//!
//! network.forward(Mode::Train { step: 1 });
//! assert!(network.loss(&[0_u8, 1, 0, 0]).loss < report.loss);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod chain;
mod erf;
mod error;
mod facts;
mod footprint;
pub mod gradcheck;
mod init;
pub mod kernels;
pub mod layers;
mod loss;
mod mode;
mod network;
mod notation;
mod padding;
mod parameter;
mod rows;
mod shape;
mod single_values;
mod spec;
mod stored;
mod window;

pub use chain::PlacedLayer;
pub use error::{BuildError, ParseError};
pub use facts::{Equations, LayerCategory, LayerFacts, LayerProperty, SettingValue};
pub use footprint::NetworkFootprint;
pub use init::Init;
#[cfg(target_os = "linux")]
pub use kernels::memory::HugePageAllocator;
pub use kernels::pool::Pool;
pub use kernels::scalar::Scalar;
pub use layers::activation::ActivationSpec;
pub use loss::{LOSS_EQUATIONS, LossReport, cross_entropy_of_sample, target_probability};
pub use mode::Mode;
pub use network::Network;
pub use padding::Padding;
pub use parameter::{Buffer, LayerPosition, Parameter};
pub use shape::Shape;
pub use single_values::{SingleValueNorm, check_minibatch, find_single_value_norm};
pub use spec::{LAYER_FORMS, LayerSpec, NetworkSpec, split_layers};
pub use stored::copy_from_f64;
