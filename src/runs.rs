//! Recorded runs: a folder for each, with what it is made of, what was done to it, what was measured, and checkpoints
//! from which it goes on to the same bits.

pub mod checkpoint;
mod event_log;
pub mod export;
pub mod finding;
pub mod folder;
pub mod history;
mod info;
pub mod ledger;
mod manifest;
mod opened;
mod placed;
pub mod playback;
mod preparation;
mod recorder;
mod step_times;
pub mod storage;
pub mod sweep;
pub mod tensorboard;
#[cfg(test)]
mod tests;
mod way;

pub use info::read_info;
pub use manifest::{Manifest, ManifestError, RunFacts};
pub use opened::{OpenRunError, OpenedRun, newest_state, open_weights};
pub use preparation::read_preparation;
pub use recorder::{RecordSettings, Recorder};
pub use step_times::read_step_times;
pub use way::changes_on_way;
