//! Everything that needs the whole crate or the real binary.

#![allow(clippy::unwrap_used, clippy::too_many_lines)]

mod command_line;
#[cfg(unix)]
mod compare;
#[cfg(unix)]
mod dashboard;
mod engine;
mod golden;
mod grads;
mod house;
mod inspect;
#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod leaving;
#[cfg(unix)]
mod limits;
mod lrfind;
mod mathematics;
mod memory;
mod outputs;
mod own_data;
mod predict;
mod program;
mod protocol;
mod readers;
mod reproduce;
mod rewinding;
mod runs;
mod steered;
mod sweep;
#[cfg(unix)]
mod terminal;
mod training_figures;
