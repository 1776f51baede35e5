//! Runs are recorded, interrupted in every way, and go on to the same bits.

mod cuts;
mod day;
mod faults;
mod folders;
mod histories;
mod model;
