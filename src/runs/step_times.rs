//! After how many seconds of training a recorded run had completed its steps.

use std::{io, ops::ControlFlow, path::Path};

use super::{ledger::read_ledger, storage::Storage, way::visit_way};

/// Seconds between two records that are taken for a pause, if they are also far more than usual.
const MIN_PAUSE_SECONDS: f64 = 60.0;

/// How many times as long as the mean before it a pause is.
const PAUSE_FACTOR: f64 = 10.0;

/// Gives steps of a run with the seconds of training until then, both ascending, as its event files tell them: the time
/// between two records, without pauses and without the time until it was resumed.
///
/// # Errors
/// When its folder can't be read.
pub fn read_step_times(storage: &dyn Storage, run: &Path) -> io::Result<Vec<(u64, f64)>> {
    let ledger = read_ledger(storage, run).unwrap_or_default();
    let mut clock = TrainingClock::default();
    visit_way(storage, run, &ledger.entries, &mut Vec::new(), &mut |event, _| {
        if !event.values.is_empty() {
            clock.add_record(event.step, event.wall_time);
        }
        ControlFlow::Continue(())
    })
    .map_err(io::Error::other)?;
    Ok(clock.times)
}

/// Adds up the time between records.
#[derive(Debug, Default)]
struct TrainingClock {
    times: Vec<(u64, f64)>,
    seconds: f64,
    /// The newest record.
    last: Option<(u64, f64)>,
}

impl TrainingClock {
    fn add_record(&mut self, step: u64, wall_time: f64) {
        let Some((before, then)) = self.last.replace((step, wall_time)) else {
            self.times.push((step, 0.0));
            return;
        };
        let newest = self.times.last().map_or(0, |last| last.0);
        let gap = wall_time - then;
        let mean = self.seconds / self.times.len().max(1) as f64;
        let is_pause = gap > MIN_PAUSE_SECONDS && gap > PAUSE_FACTOR * mean && self.seconds > 0.0;
        // A resumed run tells some steps again, and a clock may have been set back.
        if step <= newest.max(before) || !gap.is_finite() || gap <= 0.0 || is_pause {
            return;
        }
        self.seconds += gap;
        self.times.push((step, self.seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(records: &[(u64, f64)]) -> Vec<(u64, f64)> {
        let mut clock = TrainingClock::default();
        for (step, time) in records {
            clock.add_record(*step, *time);
        }
        clock.times
    }

    #[test]
    fn pauses_and_steps_that_are_told_again_take_no_time() {
        let steady = [(1, 100.0), (2, 101.0), (3, 102.0), (4, 103.0)];
        assert_eq!(times(&steady), [(1, 0.0), (2, 1.0), (3, 2.0), (4, 3.0)]);
        let paused = [steady.as_slice(), &[(5, 5000.0), (6, 5001.0)]].concat();
        assert_eq!(times(&paused)[4..], [(6, 4.0)]);
        let resumed = [steady.as_slice(), &[(3, 900.0), (4, 901.0), (5, 902.0)]].concat();
        assert_eq!(times(&resumed)[4..], [(5, 4.0)]);
    }

    #[test]
    fn a_clock_that_lies_breaks_nothing() {
        let wild = [(1, 100.0), (2, f64::NAN), (3, 90.0), (4, f64::INFINITY), (5, 91.0), (6, 92.0)];
        let told = times(&wild);
        assert!(told.iter().all(|(_, seconds)| seconds.is_finite()), "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{told:?}");
    }
}
