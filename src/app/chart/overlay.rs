//! Curves of something else than the run where it stands, over a chart: what it did on other branches, or another run.

use std::borrow::Cow;

use super::super::axes::StepAxis;
use super::super::branches::{AbandonedFuture, Lineage};
use super::super::ghosts::{Ghost, Ghosts, places_of};
use super::super::run::{ChangeMark, Run};
use super::super::series::{Column, Extent, MeanWindow, StepRange};
use super::super::track::MetricTrack;
use super::curve::{CurveEnds, Sight};
use crate::protocol::change::EPOCHS;

/// A curve that is laid over a chart, made ready for drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// What it is, safe to show: `branch 1 · lr 0.01`.
    pub name: String,
    /// The same where there is little room: `b1`.
    pub short: String,
    /// Which of the looks it has, below [`crate::app::OVERLAY_LOOKS`]: colour and dashes.
    pub look: usize,
    /// Where its line goes in each column of the chart; smoothed where the chart is. Most columns may be empty: the line
    /// goes from one filled column to the next, but not across a broken one.
    pub values: Vec<Column>,
    /// Where it crosses the edges.
    pub ends: CurveEnds,
    /// Columns in which something was changed on it.
    pub marks: Vec<usize>,
    /// Its value at the cursor, where it is drawn there.
    pub at_cursor: Option<f64>,
}

/// What an overlay is made of. Anything that has a track can be laid over a chart whose steps mean the same.
pub(in crate::app) struct OverlaySource<'a> {
    /// [`Overlay::name`].
    pub name: String,
    /// [`Overlay::short`].
    pub short: String,
    /// [`Overlay::look`].
    pub look: usize,
    /// Its values.
    pub track: &'a MetricTrack,
    /// The way along which they are read.
    pub way: &'a Lineage,
    /// What means do not go across on it, where there are means; see [`MeanWindow::cuts`].
    pub cuts: Cow<'a, [u64]>,
    /// The last step that this way has in common with that of the chart's own curve, where it has any. What is before it
    /// is not drawn, and the curve begins on the chart's own.
    pub fork: Option<u64>,
    /// The steps at which something was changed.
    pub marks: Vec<u64>,
}

impl<'a> OverlaySource<'a> {
    /// What a run did on another branch.
    pub fn of_future(
        run: &'a Run,
        future: &'a AbandonedFuture,
        track: &'a MetricTrack,
        is_smoothed: bool,
    ) -> Option<Self> {
        let apart = |mark: &&ChangeMark| mark.at.step >= future.fork && !run.lineage().contains_change(mark.at);
        let changes: Vec<&ChangeMark> = run.marks_on(&future.way).filter(apart).collect();
        let first = changes.iter().map(|mark| &mark.change).find(|change| change.key != EPOCHS);
        Some(Self {
            name: run.branches.branch(future.branch)?.title_with_change(first),
            short: format!("b{}", future.branch.0),
            look: future.look,
            track,
            way: &future.way,
            cuts: if is_smoothed { run.cuts_on(&future.way).into() } else { Cow::default() },
            fork: Some(future.fork),
            marks: changes.into_iter().map(|mark| mark.at.step).collect(),
        })
    }
}

/// Other runs laid over a chart, by their values of the metric with this tag.
pub(super) fn ghost_overlays(ghosts: &Ghosts, tag: &str, own: Sight<'_>) -> Vec<Overlay> {
    let overlay = |ghost: &Ghost| {
        let aligned = ghost.aligned()?;
        let source = OverlaySource {
            name: ghost.name.clone(),
            short: ghost.short.clone(),
            look: ghost.look,
            track: aligned.metrics.track_with_tag(tag)?,
            way: &aligned.lineage,
            cuts: Cow::Borrowed(&aligned.cuts),
            fork: None,
            marks: Vec::new(),
        };
        let axis = StepAxis { steps: places_of(own.axis.steps), ..own.axis };
        let places = aligned.places_per_step;
        let (spacing, slack) = (places.round().max(1.0) as u64, (places / 2.0) as u64);
        let reach = |own: MeanWindow<'_>| (own.reach as f64 * places).round() as u64;
        let window = own.window.map(|own| MeanWindow { reach: reach(own), spacing, slack, cuts: &[] });
        Overlay::of(source, Sight { axis, window, cursor: own.cursor.map(places_of), ..own }, &[])
    };
    ghosts.iter().filter_map(overlay).collect()
}

impl Overlay {
    /// An overlay as far as it is in sight. `own` is the sight of the chart's own curve and `drawn` where that goes.
    pub(super) fn of(source: OverlaySource<'_>, own: Sight<'_>, drawn: &[Column]) -> Option<Self> {
        let (track, axis, count) = (source.track, own.axis, own.count);
        if source.fork.is_some_and(|fork| fork >= axis.steps.last) {
            return None;
        }
        let window = own.window.map(|own| MeanWindow { cuts: &source.cuts, ..own });
        let sight = Sight { lineage: source.way, window, ..own };
        let mut values = sight.drawn(track);
        let mut around = sight.drawn_around(track);
        if let Some(fork) = source.fork {
            sight.begin_at_fork(track, fork, own, drawn, (&mut values, &mut around[0]));
        }
        let heights = values.iter().map(|column| (column.extent.map(Extent::drawn_value), column.broken));
        let ends = CurveEnds::of(heights, axis, own.scale, around);
        if values.iter().all(|column| column.extent.is_none()) && ends.values().next().is_none() {
            return None;
        }
        let at_cursor = sight.drawn_at_cursor(track, source.fork);
        let marks = source.marks.into_iter().filter_map(|step| axis.column_of(step, count)).collect();
        Some(Self { name: source.name, short: source.short, look: source.look, values, ends, marks, at_cursor })
    }

    /// The finite values that it has in sight.
    pub(super) fn heights(&self) -> impl Iterator<Item = f64> {
        let inside = self.values.iter().filter_map(|column| column.extent).map(Extent::drawn_value);
        inside.chain(self.ends.values())
    }
}

impl Sight<'_> {
    /// Leaves away what a curve has in common with the chart's own, of sight `own`, which goes as `drawn`: it begins on that
    /// one, at the last column in which both have the same samples. `before` is its sample before the steps in sight.
    fn begin_at_fork(
        &self,
        track: &MetricTrack,
        fork: u64,
        own: Sight<'_>,
        drawn: &[Column],
        (values, before): (&mut [Column], &mut Option<(u64, f64)>),
    ) {
        let column_of = |step| self.axis.column_of(step, self.count);
        let joint = track.before(self.lineage, fork.saturating_add(1)).map(|(step, _)| step);
        let column = joint.and_then(column_of);
        // The next samples of both can be in the column of the last common one.
        let next = [self.lineage, own.lineage].map(|way| track.after(way, fork).and_then(|(step, _)| column_of(step)));
        let is_mixed = next.into_iter().flatten().any(|next| column == Some(next));
        let first_own = if is_mixed { column } else { column_of(fork) };
        values[..first_own.unwrap_or(0)].fill(Column::default());
        let is_drawn = |column: &usize| drawn.get(*column).is_some_and(|own| own.extent.is_some());
        let start = column.and_then(|column| if is_mixed { (0..column).rev().find(is_drawn) } else { Some(column) });
        if let Some(start) = start {
            values[start] = Some(start).filter(is_drawn).map_or_else(Column::default, |start| drawn[start]);
            *before = None;
        } else if column.is_some() {
            *before = None;
        } else if let Some(joint) = joint
            && before.is_some_and(|(step, _)| step <= joint)
        {
            // Out of sight, too, it begins on that one.
            *before = track.drawn_at(own.lineage, StepRange::of(joint), own.window).map(|value| (joint, value));
        }
    }
}
