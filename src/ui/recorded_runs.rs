//! Where the dashboard asks for recorded runs, and what comes back.

use std::sync::mpsc::{self as std_mpsc, SyncSender, TrySendError};

use tokio::sync::mpsc;

use crate::app::{RecordedAnswer, RecordedRequest};

/// Whoever reads recorded runs for the dashboard, elsewhere: that may take a while.
#[derive(Debug)]
pub struct RecordedRuns {
    /// Takes what is asked for.
    pub requests: SyncSender<RecordedRequest>,
    /// Gives what was read.
    pub answers: mpsc::Receiver<RecordedAnswer>,
}

impl RecordedRuns {
    /// Nobody: there are no recorded runs.
    pub fn none() -> Self {
        Self { requests: std_mpsc::sync_channel(1).0, answers: mpsc::channel(1).1 }
    }

    /// Asks for something; an answer where nobody will give one.
    pub(super) fn ask(&self, request: RecordedRequest) -> Option<RecordedAnswer> {
        match self.requests.try_send(request) {
            // The list that was asked for before is still to come.
            Ok(()) | Err(TrySendError::Full(RecordedRequest::List)) => None,
            Err(TrySendError::Disconnected(RecordedRequest::List)) => Some(RecordedAnswer::List(Vec::new())),
            Err(TrySendError::Full(RecordedRequest::Load(folder))) => {
                Some(RecordedAnswer::Ghost { folder, ghost: Err("too many runs are being read already".into()) })
            }
            Err(TrySendError::Disconnected(RecordedRequest::Load(folder))) => {
                Some(RecordedAnswer::Ghost { folder, ghost: Err("nothing reads recorded runs here".into()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_waits_for_its_turn_is_not_an_empty_one() {
        let (requests, inbox) = std_mpsc::sync_channel(1);
        let runs = RecordedRuns { requests, answers: mpsc::channel(1).1 };
        for _ in 0..2 {
            assert!(runs.ask(RecordedRequest::List).is_none());
        }
        drop(inbox);
        assert!(matches!(runs.ask(RecordedRequest::List), Some(RecordedAnswer::List(list)) if list.is_empty()));
    }
}
