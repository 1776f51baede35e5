//! Looking inside: what the source answered.

mod answers;
mod bounds;
mod history;

pub use answers::{LayerHistory, NewestAnswers};
pub use history::{LayerSnapshot, MAX_HISTORY_PARAMETERS};
