//! The worker's connection to its consumer: requests come in, events and answers go out.

use std::{ops::ControlFlow, time::Instant};

use crate::{
    protocol::{CommandId, Event},
    train::{
        inbox::Inbox,
        outbox::{Disconnected, Outbox},
        record::Recording,
    },
};

/// Both directions of the connection.
#[derive(Debug)]
pub(super) struct ConsumerLink {
    /// Requests in the order in which they came.
    pub inbox: Inbox,
    /// Events on their way.
    pub outbox: Outbox,
    /// Where the run is recorded, if it is.
    pub recording: Option<Recording>,
    /// Whether minibatches are trained that were reported before: nobody is told. Normally false.
    pub muted: bool,
}

impl ConsumerLink {
    /// Adds an event after the others, and to the record.
    pub fn push(&mut self, event: Event) {
        if self.muted {
            return;
        }
        if let Some(recording) = &mut self.recording {
            recording.record().record_event(&event);
        }
        self.outbox.push(event);
    }

    /// Sends events if the channel has room and it is time.
    ///
    /// # Errors
    /// When the consumer is gone or was given up.
    pub fn flush_if_due(&mut self) -> Result<(), Disconnected> {
        self.outbox.flush(Instant::now())
    }

    /// Answers a request: the step at which it took effect, or why it did not.
    pub fn answer(&mut self, id: CommandId, answer: Result<u64, String>) {
        self.inbox.answer(id, answer, &mut self.outbox);
    }

    /// For work that takes long: sends events, and breaks when it should end because a stop request came or the
    /// consumer is gone.
    pub fn continue_until_stop(&mut self) -> ControlFlow<()> {
        if self.flush_if_due().is_err() || self.inbox.stop_requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// As [`Self::continue_until_stop`], but a request to give the work up ends it too, and is answered: it took effect
    /// at `step`.
    pub fn continue_until_cancelled(&mut self, step: u64) -> ControlFlow<()> {
        if self.flush_if_due().is_err() || self.inbox.take_cancel(step, &mut self.outbox) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// As [`Self::continue_until_stop`], but any request ends the work.
    pub fn continue_until_request(&mut self) -> ControlFlow<()> {
        if self.flush_if_due().is_err() || self.inbox.is_waiting() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
