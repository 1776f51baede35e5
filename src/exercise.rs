//! The exercise that gradtop grew from, "MLPs, CNNs and Backpropagation": its experiments on CIFAR-10 with the figures
//! they gave, how to run one again, and how near the result came.

mod figure;
mod rows;
mod run;
mod table;

pub use figure::training_figure;
pub use rows::{AccuracyAndLoss, EXERCISE_ROWS, ExerciseRow};
pub use run::{EvaluationPoint, ExerciseRun, RunError, run};
pub use table::{RowOutcome, markdown, text_heading, text_line};
