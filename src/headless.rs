//! The same events without a screen: a progress bar and a table for people, or one JSON object a line for programs.

use std::io::{self, Write};

use crate::protocol::{Event, Failure, RunSummary};

mod metrics;
mod report;
mod summary;
mod table;

pub use report::TableReport;
pub use summary::write_summary;

/// How a run ended, as its events report it.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportedEnd {
    /// All planned minibatches were trained.
    Finished(RunSummary),
    /// The source could not go on.
    Failed(Failure),
    /// It was stopped at this step.
    Stopped(u64),
}

/// A consumer of events that needs no terminal.
pub trait EventSink {
    /// Takes one event; an end means that no more are wanted.
    ///
    /// # Errors
    /// When the output can't be written; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    fn take(&mut self, event: &Event) -> io::Result<Option<ReportedEnd>>;

    /// Makes what was written so far visible.
    ///
    /// # Errors
    /// As [`EventSink::take`].
    fn flush(&mut self) -> io::Result<()>;
}

fn end_of(event: &Event) -> Option<ReportedEnd> {
    match event {
        Event::Finished(summary) => Some(ReportedEnd::Finished(summary.clone())),
        Event::Failed(failure) => Some(ReportedEnd::Failed(failure.clone())),
        Event::Stopped { step } => Some(ReportedEnd::Stopped(*step)),
        _ => None,
    }
}

/// Writes one event a line as JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// A sink that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> EventSink for JsonLines<W> {
    fn take(&mut self, event: &Event) -> io::Result<Option<ReportedEnd>> {
        serde_json::to_writer(&mut self.out, event)?;
        self.out.write_all(b"\n")?;
        Ok(end_of(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::made_up;

    #[test]
    fn json_lines_come_back_as_the_events_they_were() {
        let events = [
            Event::Step(made_up::report(1, 3.0, 0.5, 0.05)),
            Event::Evaluation(made_up::evaluation(1, f64::INFINITY, 0.25)),
            Event::Finished(made_up::summary(2, 1.5, 0.875, &"ab".repeat(32), 4.0)),
        ];
        let mut out = Vec::new();
        let mut sink = JsonLines::new(&mut out);
        let ends: Vec<bool> = events.iter().map(|event| sink.take(event).unwrap().is_some()).collect();
        assert_eq!(ends, [false, false, true]);
        let text = String::from_utf8(out).unwrap();
        let read: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events);
    }
}
