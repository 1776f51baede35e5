//! The marks of a chart: interventions close together become one, so that its words stay readable.

use std::collections::VecDeque;

use super::ChartMark;
use crate::app::run::Mark;
use crate::app::series::StepRange;

/// Interventions no further from each other than this many columns, or than [`NEAR_STEPS`], are one.
const NEAR_COLUMNS: u64 = 8;

/// See [`NEAR_COLUMNS`].
const NEAR_STEPS: u64 = 3;

/// Longest stretch of one mark, in such distances: what goes on for longer gets a mark of its own again.
const LONGEST: u64 = 3;

/// Most settings that one mark names; the newest stay.
const NAMED: usize = 4;

/// Interventions close together, oldest first.
struct Burst<'a> {
    first: u64,
    last: u64,
    changes: Vec<&'a str>,
}

/// The marks in sight. A mark stands where its first intervention took effect, so that it stays there when more follow.
pub(super) fn in_sight(marks: &VecDeque<Mark>, steps: StepRange, count: usize) -> Vec<ChartMark> {
    let near = (steps.length() / (count as u64 / NEAR_COLUMNS).max(1)).max(NEAR_STEPS);
    let mut bursts: Vec<Burst> = Vec::new();
    for mark in marks {
        let joins = |burst: &&mut Burst| {
            mark.step.saturating_sub(burst.last) <= near
                && mark.step.saturating_sub(burst.first) <= near.saturating_mul(LONGEST)
        };
        match bursts.last_mut().filter(joins) {
            Some(burst) => {
                burst.last = burst.last.max(mark.step);
                burst.changes.push(&mark.what);
            }
            None => bursts.push(Burst { first: mark.step, last: mark.step, changes: vec![&mark.what] }),
        }
    }
    let in_sight = bursts.iter().filter_map(|burst| {
        // What was changed before the first minibatch shows there.
        let last = burst.last.max(1);
        let step = burst.first.max(1);
        let place = if last >= steps.first { step.max(steps.first) } else { step };
        let column = steps.column_of(place, count)?;
        Some(ChartMark { column, step: burst.first, what: summary(&burst.changes) })
    });
    in_sight.collect()
}

/// `lr 0.001 → 0.002` and `lr 0.002 → 0.004` become `lr 0.001 → 0.004`; different settings are listed.
fn summary(changes: &[&str]) -> String {
    if let [only] = changes {
        return (*only).to_owned();
    }
    let mut named: Vec<(&str, Option<(&str, &str)>)> = Vec::new();
    for what in changes {
        let (subject, values) = change(what).map_or((*what, None), |(subject, from, to)| (subject, Some((from, to))));
        match (named.iter_mut().find(|(earlier, _)| *earlier == subject), values) {
            (Some((_, Some((_, last)))), Some((_, to))) => *last = to,
            (Some(_), _) => {}
            (None, values) => named.push((subject, values)),
        }
    }
    let left_out = named.len().saturating_sub(NAMED);
    let words = named.iter().skip(left_out).map(|(subject, values)| match values {
        Some((from, to)) => format!("{subject} {from} → {to}"),
        None => (*subject).to_owned(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What was changed, from which value to which, of `lr 0.001 → 0.002`.
fn change(what: &str) -> Option<(&str, &str, &str)> {
    let (before, to) = what.split_once(" → ")?;
    let (subject, from) = before.split_once(' ')?;
    Some((subject, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(marks: &[(u64, &str)], first: u64, last: u64) -> Vec<(usize, u64, String)> {
        let marks = marks.iter().map(|&(step, what)| Mark { step, what: what.into() }).collect();
        let marks = in_sight(&marks, StepRange { first, last }, 100);
        marks.into_iter().map(|mark| (mark.column, mark.step, mark.what)).collect()
    }

    #[test]
    fn a_burst_is_one_mark_from_the_first_value_to_the_last() {
        let burst = [
            (500, "lr 0.001 → 0.00125"),
            (507, "lr 0.00125 → 0.00156"),
            (511, "momentum 0.9 → 0.8"),
            (516, "lr 0.00156 → 0.00195"),
            (700, "5 more epochs"),
        ];
        let expected =
            vec![(49, 500, "lr 0.001 → 0.00195, momentum 0.9 → 0.8".to_owned()), (69, 700, "5 more epochs".into())];
        assert_eq!(shown(&burst, 1, 1000), expected);
        assert_eq!(shown(&burst, 490, 529).len(), 4, "seen from near they are told apart");
        assert_eq!(shown(&burst, 505, 1504)[0].0, 0, "a burst that began before the window stands at its edge");
    }

    #[test]
    fn steady_changes_do_not_become_one_mark_for_ever() {
        let steady: Vec<(u64, &str)> = (1..=100).map(|i| (i * 10, "lr 1 → 2")).collect();
        assert_eq!(shown(&steady, 1, 1000).len(), 4);
    }

    #[test]
    fn what_came_before_the_first_step_stands_at_it() {
        assert_eq!(shown(&[(0, "schedule constant → cosine 1..9")], 1, 100)[0].0, 0);
        assert!(shown(&[(0, "lr 1 → 2")], 50, 100).is_empty());
    }
}
