//! The exercise that gradtop grew from, "MLPs, CNNs and Backpropagation": its experiments on CIFAR-10 with the figures
//! they gave, how to run one again, and how near the result came.

mod figure;
mod rows;
mod run;
mod table;

pub use figure::figure;
pub use rows::{Figures, ROWS, Row};
pub use run::{Point, Run, RunError, run};
pub use table::{Outcome, markdown, text_heading, text_line};
