//! The marks of a chart: changes close together have their words in common, so that these stay readable.

use super::ChartMark;
use crate::app::axes::StepAxis;
use crate::app::run::ChangeMark;
use crate::protocol::{Change, change::SKIP};

/// Changes no further from each other than this many columns, or than [`MERGE_DISTANCE_STEPS`], are one mark.
const MERGE_DISTANCE_COLUMNS: u64 = 8;

/// See [`MERGE_DISTANCE_COLUMNS`].
const MERGE_DISTANCE_STEPS: u64 = 3;

/// Longest stretch of one mark, in such distances: what goes on for longer gets a mark of its own again.
const MAX_MARK_SPAN_DISTANCES: u64 = 3;

/// Most settings that one mark names; the newest stay.
const MAX_NAMED_CHANGES: usize = 4;

/// Changes close together, oldest first.
struct ChangeBurst<'a> {
    first: u64,
    /// Each with its step.
    changes: Vec<(u64, &'a Change)>,
}

impl ChangeBurst<'_> {
    fn last(&self) -> u64 {
        self.changes.last().map_or(self.first, |(step, _)| *step)
    }
}

/// The marks in sight. A mark stands where its first change took effect, so that it stays there when more follow.
pub(super) fn visible_marks<'a>(
    marks: impl Iterator<Item = &'a ChangeMark>,
    axis: StepAxis,
    count: usize,
) -> Vec<ChartMark> {
    let steps = axis.steps;
    let near = (steps.length() / (count as u64 / MERGE_DISTANCE_COLUMNS).max(1)).max(MERGE_DISTANCE_STEPS);
    let mut bursts: Vec<ChangeBurst> = Vec::new();
    for ChangeMark { at, change } in marks {
        let joins = |burst: &&mut ChangeBurst| {
            at.step.saturating_sub(burst.last()) <= near
                && at.step.saturating_sub(burst.first) <= near.saturating_mul(MAX_MARK_SPAN_DISTANCES)
        };
        match bursts.last_mut().filter(joins) {
            Some(burst) => burst.changes.push((at.step, change)),
            None => bursts.push(ChangeBurst { first: at.step, changes: vec![(at.step, change)] }),
        }
    }
    let in_sight = bursts.iter().filter_map(|burst| {
        // What was changed before the first minibatch shows there.
        let last = burst.last().max(1);
        let step = burst.first.max(1);
        let place = if last >= steps.first { step.max(steps.first) } else { step };
        let column = axis.column_of(place, count)?;
        let columns = burst.changes.iter().filter_map(|(step, _)| axis.column_of((*step).max(1), count));
        let mut columns: Vec<usize> = columns.collect();
        columns.dedup();
        Some(ChartMark { column, columns, step: burst.first, text: summarize_changes(&burst.changes) })
    });
    in_sight.collect()
}

/// Changes of the same setting become one from the first value to the last; different settings, and minibatches that are left
/// out, are listed.
fn summarize_changes(changes: &[(u64, &Change)]) -> String {
    let mut named: Vec<Change> = Vec::new();
    for (_, change) in changes {
        match named.iter_mut().find(|earlier| earlier.key == change.key && change.key != SKIP) {
            Some(earlier) => *earlier = earlier.extended_to(change),
            None => named.push((*change).clone()),
        }
    }
    let left_out = named.len().saturating_sub(MAX_NAMED_CHANGES);
    named.iter().skip(left_out).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::branches::RunPosition;
    use crate::app::series::StepRange;
    use crate::protocol::{BranchId, ChangedBy, LEARNING_RATE, Setting, change::EPOCHS};

    fn changed(key: &str, from: f64, to: f64) -> Change {
        Change { key: key.into(), from: Some(Setting::of(from)), to: Setting::of(to), by: Some(ChangedBy::Viewer) }
    }

    fn marked(marks: &[(u64, Change)], first: u64, last: u64) -> Vec<ChartMark> {
        let at = |step| RunPosition { branch: BranchId(0), step };
        let marks = marks.iter().map(|(step, change)| ChangeMark { at: at(*step), change: change.clone() });
        visible_marks(marks.collect::<Vec<_>>().iter(), StepAxis::linear(StepRange { first, last }), 100)
    }

    fn shown(marks: &[(u64, Change)], first: u64, last: u64) -> Vec<(usize, u64, String)> {
        let marks = marked(marks, first, last);
        marks.into_iter().map(|mark| (mark.column, mark.step, mark.text)).collect()
    }

    #[test]
    fn a_burst_is_one_mark_from_the_first_value_to_the_last() {
        let burst = [
            (500, changed(LEARNING_RATE, 0.001, 0.00125)),
            (507, changed(LEARNING_RATE, 0.00125, 0.00156)),
            (511, changed("optimizer.momentum", 0.9, 0.8)),
            (516, changed(LEARNING_RATE, 0.00156, 0.00195)),
            (700, changed(EPOCHS, 20.0, 25.0)),
        ];
        let expected =
            vec![(49, 500, "lr 0.001 → 0.00195, momentum 0.9 → 0.8".to_owned()), (69, 700, "5 more epochs".into())];
        assert_eq!(shown(&burst, 1, 1000), expected);
        assert_eq!(shown(&burst, 490, 529).len(), 4, "seen from near they are told apart");
        let at_edge = &marked(&burst, 505, 1504)[0];
        assert_eq!((at_edge.column, &at_edge.columns[..]), (0, &[0, 1][..]), "its words stand at the edge");
        assert_eq!(marked(&burst, 517, 1516)[0].columns.len(), 1, "what is out of sight has no line");
    }

    #[test]
    fn each_change_of_a_burst_stands_where_it_took_effect() {
        let burst = [500, 507, 516, 570].map(|step| (step, changed(LEARNING_RATE, 1.0, 2.0)));
        let marks = marked(&burst, 1, 1000);
        let columns: Vec<Vec<usize>> = marks.into_iter().map(|mark| mark.columns).collect();
        assert_eq!(columns, [[49, 50, 51, 56]]);
    }

    #[test]
    fn minibatches_left_out_are_all_named() {
        let skip = |minibatch| Change { from: None, to: Setting::Count(minibatch), ..changed(SKIP, 0.0, 0.0) };
        let burst = [
            (500, changed(LEARNING_RATE, 0.001, 0.025)),
            (502, skip(503)),
            (505, changed(LEARNING_RATE, 0.025, 50.0)),
            (506, skip(507)),
        ];
        assert_eq!(shown(&burst, 1, 1000)[0].2, "lr 0.001 → 50, without minibatch 503, without minibatch 507");
    }

    #[test]
    fn steady_changes_do_not_become_one_mark_for_ever() {
        let steady: Vec<(u64, Change)> = (1..=100).map(|i| (i * 10, changed(LEARNING_RATE, 1.0, 2.0))).collect();
        assert_eq!(shown(&steady, 1, 1000).len(), 4);
    }

    #[test]
    fn what_came_before_the_first_step_stands_at_it() {
        let change = changed(LEARNING_RATE, 1.0, 2.0);
        assert_eq!(shown(&[(0, change.clone())], 1, 100)[0].0, 0);
        assert!(shown(&[(0, change)], 50, 100).is_empty());
    }
}
