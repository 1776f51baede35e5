//! Optimizers, gradient clipping and learning-rate schedules.

mod clip;
mod equations;
mod optimizer;
mod range;
mod schedule;
mod spec;

pub use crate::range::Range;
pub use clip::{clip_scale, gradient_norm, norm};
pub use equations::UpdateFacts;
pub use optimizer::Optimizer;
pub use range::{SettingError, hyperparameter_range};
pub use schedule::{Schedule, ScheduleError};
pub use spec::OptimizerSpec;
