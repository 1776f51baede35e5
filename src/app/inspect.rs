//! Looking inside: what the source answered.

mod answers;
mod bounds;
mod history;

pub use answers::{Answers, LayerHistory};
pub use history::{LayerMoment, MAX_HISTORY_PARAMETERS};
