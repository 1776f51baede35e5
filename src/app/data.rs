//! The Data screen: what it shows, what is selected there, and what it wants to know.

mod moves;
mod room;

use super::layers::{ChainLayer, Spark};
use super::metric::Figure;
use super::series::{Column, StepRange};
use super::{App, Run};
use crate::protocol::inspection::{
    Boundary, Confusion, Filters, Judged, MOST_CELLS, MOST_UNIT_VALUES, Order, Page, Points, Show, Split, UnitMaps,
};
use crate::protocol::{Answer, Inspection, LayerKind, Query};

pub use room::{PlaneRoom, Tiles};

/// Most units of a layer that are drawn in the plane.
const MOST_UNITS: usize = 64;

/// What the Data screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The plane of two-dimensional data, with the boundary between the classes and what each unit has learned.
    Plane,
    /// The samples in their order.
    Samples,
    /// What is classified wrongly, the worst first.
    Mistakes,
    /// How often each class was taken for each.
    Confusion,
    /// Weights as pictures.
    Weights,
}

impl Subject {
    /// All of them, in the order of the key that switches.
    pub const ALL: [Self; 5] = [Self::Plane, Self::Samples, Self::Mistakes, Self::Confusion, Self::Weights];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Plane => "boundary",
            Self::Samples => "samples",
            Self::Mistakes => "mistakes",
            Self::Confusion => "confusion",
            Self::Weights => "weights",
        }
    }
}

/// How the data are looked at.
#[derive(Clone, Debug, Default)]
pub struct DataView {
    /// What somebody chose to see; until then what suits the data.
    subject: Option<Subject>,
    /// Which part of the data.
    pub split: Split,
    /// What is selected in each subject, counted in its own order; of the confusion row by row.
    selected: [usize; Subject::ALL.len()],
    /// Which of [`App::plane_layers`] is drawn unit by unit.
    layer: Option<usize>,
    /// Which page of its units.
    page: usize,
}

/// A view of the newest answer that fits what is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a, T> {
    /// Minibatches completed when it was given.
    pub step: u64,
    /// How many entries it passes over.
    pub first: usize,
    /// What was answered.
    pub answer: &'a T,
}

impl App {
    /// What can be shown of these data, the first of it without being asked for.
    pub fn subjects(&self) -> Vec<Subject> {
        let plane = sample_shape(self.run()) == [2];
        let fits = |subject: &Subject| match subject {
            Subject::Plane => plane,
            Subject::Weights => pictured_layer(self.run()).is_some(),
            Subject::Samples | Subject::Mistakes | Subject::Confusion => true,
        };
        Subject::ALL.into_iter().filter(fits).collect()
    }

    /// What is shown.
    pub fn subject(&self) -> Subject {
        let subjects = self.subjects();
        let chosen = self.view().data.subject.filter(|subject| subjects.contains(subject));
        chosen.or(subjects.first().copied()).unwrap_or(Subject::Samples)
    }

    /// The layers whose units can be drawn in the plane.
    pub fn plane_layers(&self) -> Vec<&ChainLayer> {
        self.run().layers.chain().iter().filter(|layer| layer.output.len() == 1).collect()
    }

    /// The layer whose units are drawn, and its place in [`App::plane_layers`]; the last hidden one unless another was
    /// chosen.
    pub fn plane_layer(&self) -> Option<(usize, &ChainLayer)> {
        let layers = self.plane_layers();
        let last = layers.len().checked_sub(1)?;
        let place = self.view().data.layer.unwrap_or(last.saturating_sub(1)).min(last);
        layers.get(place).map(|layer| (place, *layer))
    }

    /// Units of that layer which are drawn, on however many pages.
    pub fn plane_units(&self) -> usize {
        self.plane_layer().map_or(0, |(_, layer)| layer.output.iter().product::<usize>().min(MOST_UNITS))
    }

    /// Place of the first unit on the page in hand, of `page` units each.
    pub fn first_unit(&self, page: usize) -> usize {
        let pages = self.plane_units().div_ceil(page.max(1)).max(1);
        self.view().data.page % pages * page.max(1)
    }

    /// Width over height of the part of the plane that is shown; 1 until it is known.
    pub fn aspect(&self) -> f64 {
        let edges = self.points().map(|shown| (shown.answer.x, shown.answer.y));
        let ratio = edges.map_or(1.0, |(x, y)| (x[1] - x[0]) / (y[1] - y[0]));
        if ratio.is_finite() && ratio > 0.0 { ratio.clamp(0.25, 4.0) } else { 1.0 }
    }

    /// How a room of so many cells is divided for the plane.
    pub fn plane_room(&self, room: (u16, u16)) -> PlaneRoom {
        PlaneRoom::of(room, self.aspect(), self.plane_units(), self.view().expanded)
    }

    /// Cells below the heading in the window as it is.
    pub(super) fn data_room(&self) -> (u16, u16) {
        let (columns, _) = room::below_heading(self.size(), 0);
        let banner = self.banner().map_or(0, |banner| banner.lines(columns).len() as u16);
        room::below_heading(self.size(), banner)
    }

    /// How the page is divided for samples or weights.
    pub fn tiles(&self) -> Tiles {
        let convolution = pictured_layer(self.run()).is_some_and(|layer| is_convolution(&layer.kind));
        let picture = match (self.subject(), sample_shape(self.run())) {
            (Subject::Weights, _) if convolution => Some((12, 12)),
            (_, &[_, height, width]) => Some((width.min(64), height.min(64))),
            _ => None,
        };
        Tiles::of(self.data_room(), picture, self.view().expanded)
    }

    /// Entries that there are in all of what is shown, as far as is known.
    pub fn total(&self) -> usize {
        match self.subject() {
            Subject::Plane => 0,
            Subject::Samples => self.page().map_or(0, |shown| shown.answer.samples),
            Subject::Mistakes => self.page().map_or(0, |shown| shown.answer.mistakes),
            Subject::Confusion => self.confusion().map_or(0, |shown| shown.answer.classes.pow(2)),
            Subject::Weights => self.filters().map_or(0, |shown| shown.answer.total),
        }
    }

    /// Place of what is selected, in the order in which it is shown.
    pub fn selected_entry(&self) -> usize {
        self.view().data.selected[self.subject() as usize].min(self.total().saturating_sub(1))
    }

    /// What the Data screen wants to know.
    pub(super) fn wanted_of_data(&self) -> Vec<Query> {
        let tiles = self.tiles();
        let count = tiles.count();
        let first = self.selected_entry() / count * count;
        let split = self.view().data.split;
        let samples = |show, order| Query::Samples { split, show, order, first, count };
        match self.subject() {
            Subject::Plane => self.wanted_of_plane(),
            Subject::Samples => vec![samples(Show::All, Order::Index)],
            Subject::Mistakes => vec![samples(Show::Mistakes, Order::Loss)],
            Subject::Confusion => vec![Query::Confusion { split }],
            Subject::Weights => {
                let layer = pictured_layer(self.run()).map(|layer| layer.index);
                layer.map(|layer| Query::Filters { layer, first, count }).into_iter().collect()
            }
        }
    }

    fn wanted_of_plane(&self) -> Vec<Query> {
        let room = self.plane_room(self.data_room());
        let (columns, rows) = room::grid(room.plane, MOST_CELLS);
        let mut queries = vec![Query::Points, Query::Boundary { columns, rows }];
        if let Some((_, layer)) = self.plane_layer().filter(|_| room.across > 0) {
            let most = MOST_UNIT_VALUES / self.plane_units().max(1);
            let (columns, rows) = room::grid(room.tile, most.min(MOST_CELLS));
            queries.push(Query::Units { layer: layer.index, columns, rows });
        }
        queries
    }

    /// The points of the plane.
    pub fn points(&self) -> Option<Shown<'_, Points>> {
        shown(self.run().answers.to(&Query::Points)?, |answer| match answer {
            Answer::Points(points) => Some(points),
            _ => None,
        })
    }

    /// The predicted class everywhere in the plane.
    pub fn boundary(&self) -> Option<Shown<'_, Boundary>> {
        shown(self.run().answers.like(&Query::Boundary { columns: 0, rows: 0 })?, |answer| match answer {
            Answer::Boundary(boundary) => Some(boundary),
            _ => None,
        })
    }

    /// What the units of the chosen layer do in the plane.
    pub fn unit_maps(&self) -> Option<Shown<'_, UnitMaps>> {
        let layer = self.plane_layer()?.1.index;
        let inspection = self.run().answers.like(&Query::Units { layer, columns: 0, rows: 0 })?;
        shown(inspection, |answer| match answer {
            Answer::Units(maps) if maps.layer == layer => Some(maps),
            _ => None,
        })
    }

    /// The page of samples in hand, or the one before until it is there.
    pub fn page(&self) -> Option<Shown<'_, Page>> {
        let (split, wanted) = (self.view().data.split, self.subject() == Subject::Mistakes);
        let like = Query::Samples { split, show: Show::All, order: Order::Index, first: 0, count: 0 };
        let inspection = self.run().answers.like(&like)?;
        let Query::Samples { split: of, show, .. } = inspection.query else { return None };
        shown(inspection, |answer| match answer {
            Answer::Samples(page) if of == split && (show == Show::Mistakes) == wanted => Some(page),
            _ => None,
        })
    }

    /// The confusion matrix.
    pub fn confusion(&self) -> Option<Shown<'_, Confusion>> {
        shown(self.run().answers.to(&Query::Confusion { split: self.view().data.split })?, |answer| match answer {
            Answer::Confusion(confusion) => Some(confusion),
            _ => None,
        })
    }

    /// The weights that are shown as pictures.
    pub fn filters(&self) -> Option<Shown<'_, Filters>> {
        let layer = pictured_layer(self.run())?.index;
        let inspection = self.run().answers.like(&Query::Filters { layer, first: 0, count: 0 })?;
        shown(inspection, |answer| match answer {
            Answer::Filters(filters) if filters.layer == layer => Some(filters),
            _ => None,
        })
    }

    /// The layer whose weights are shown as pictures.
    pub fn pictured(&self) -> Option<&ChainLayer> {
        pictured_layer(self.run())
    }

    /// The selected sample, if it is known.
    pub fn selected_sample(&self) -> Option<&Judged> {
        let page = self.page()?;
        page.answer.entries.get(self.selected_entry().checked_sub(page.first)?)
    }

    /// The name of a class, or its number where it has none.
    pub fn class(&self, class: usize) -> String {
        self.run().classes.get(class).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| class.to_string())
    }

    /// A figure over the whole planned run in `count` columns, of the minibatches and of the tests: as a share of the
    /// largest value that it can have, or else of the largest in sight.
    pub fn trends(&self, figure: &Figure, count: usize) -> [Vec<Spark>; 2] {
        let run = self.run();
        let planned = run.controls.as_ref().and_then(|controls| controls.total_steps).unwrap_or(0);
        let steps = StepRange { first: 1, last: planned.max(run.step).max(1) };
        let columns = [figure.train, figure.test].map(|curve| {
            curve.map_or_else(
                || vec![Column::default(); count],
                |curve| run.metrics.track(curve).columns(run.lineage(), steps, count),
            )
        });
        let means = columns.iter().flatten().filter_map(|column| column.extent).map(|extent| extent.mean);
        let full = figure.ceiling.unwrap_or_else(|| means.fold(0.0, f64::max));
        let now = steps.column_of(run.step.max(1), count).unwrap_or(0);
        columns.map(|columns| {
            let mut previous = Spark::Empty;
            let spark = |(place, column): (usize, &Column)| {
                previous = match column.extent {
                    _ if column.broken => Spark::Broken,
                    Some(extent) => Spark::Height(if full > 0.0 { (extent.mean / full).clamp(0.0, 1.0) } else { 0.0 }),
                    // Between two samples the line goes on; after the newest step it does not.
                    None if place <= now && matches!(previous, Spark::Height(_)) => previous,
                    None => Spark::Empty,
                };
                previous
            };
            columns.iter().enumerate().map(spark).collect()
        })
    }

    /// Why there is nothing to show, and what will change that.
    pub fn why_no_data(&self) -> String {
        if let Some(reason) = self.why_blind() {
            return reason;
        }
        let wanted = self.wanted_of_data();
        let answers = wanted.iter().filter_map(|query| self.run().answers.to(query));
        let nothing = answers.map(|inspection| &inspection.answer).find_map(|answer| match answer {
            Answer::Nothing { reason } => Some(reason),
            _ => None,
        });
        let every = self.run().info.as_ref().and_then(|info| info.evaluate_every).unwrap_or(0);
        match nothing {
            Some(reason) if self.view().data.split == Split::Test && every > self.run().step => {
                format!("{reason}: the first comes at step {every}, or when the run is paused")
            }
            Some(reason) => reason.clone(),
            None if self.frozen_at().is_some() => "not looked at when the display was frozen; f goes on".into(),
            None => "looking inside…".into(),
        }
    }
}

/// Shape of one sample; empty where it is unknown.
fn sample_shape(run: &Run) -> &[usize] {
    let data = run.info.as_ref().and_then(|info| info.data.as_ref());
    data.and_then(|data| data.shape.as_deref()).unwrap_or_default()
}

fn is_convolution(kind: &LayerKind) -> bool {
    matches!(kind, LayerKind::Conv { .. })
}

/// The first layer whose weights are pictures: a convolution, or a linear layer that reads the pixels themselves.
fn pictured_layer(run: &Run) -> Option<&ChainLayer> {
    if sample_shape(run).len() != 3 {
        return None;
    }
    let chain = run.layers.chain();
    let at = chain.iter().position(|layer| matches!(layer.kind, LayerKind::Conv { .. } | LayerKind::Linear { .. }))?;
    let reads_pixels = || chain[..at].iter().all(|layer| layer.role.keeps_places());
    chain.get(at).filter(|layer| is_convolution(&layer.kind) || reads_pixels())
}

fn shown<'a, T>(inspection: &'a Inspection, answer: impl Fn(&'a Answer) -> Option<&'a T>) -> Option<Shown<'a, T>> {
    let first = match inspection.query {
        Query::Samples { first, .. } => first,
        _ => 0,
    };
    let first = if let Answer::Filters(filters) = &inspection.answer { filters.first } else { first };
    answer(&inspection.answer).map(|answer| Shown { step: inspection.step, first, answer })
}
