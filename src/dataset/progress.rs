//! How far loading has come, and whether it goes on.

use std::ops::ControlFlow;

use super::DataError;

/// The callback that hears how far loading has come and may end it: what is being done, and the share that is done.
pub type LoadingCallback<'a> = &'a mut dyn FnMut(&str, Option<f64>) -> ControlFlow<()>;

/// Carries the share of one file to the share of the whole.
pub(super) struct Monitor<'a> {
    progress: LoadingCallback<'a>,
    what: String,
    from: f64,
    to: f64,
}

impl<'a> Monitor<'a> {
    pub fn new(progress: LoadingCallback<'a>, what: String) -> Self {
        Self { progress, what, from: 0.0, to: 1.0 }
    }

    /// Begins the part of the work that lies between two shares of the whole.
    pub fn begin_stage(&mut self, from: f64, to: f64) -> &mut Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Reports the share of this stage that is done.
    pub fn report(&mut self, fraction: f64) -> Result<(), DataError> {
        match (self.progress)(&self.what, Some(self.from + (self.to - self.from) * fraction)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(DataError::Interrupted),
        }
    }
}
