//! The Data screen: what it shows, what is selected there, and what it wants to know.

mod idle_keys;
mod layout;
mod moves;
mod trends;

use super::banner::Banner;
use super::layers::ChainLayer;
use super::metric::ChartFigure;
use super::run::Run;
use super::watched::WatchedRun;
use crate::protocol::inspection::{
    ClassifiedSample, ConfusionMatrix, DecisionBoundary, FilterPictures, MAX_GRID_CELLS, MAX_UNIT_VALUES, PlanePoints,
    SampleFilter, SampleOrder, SamplePage, SplitName, UnitMaps,
};
use crate::protocol::{Answer, Inspection, LayerKind, Query};

pub use layout::{PlaneLayout, TileLayout};
pub use trends::FigureTrends;

/// Most units of a layer that are drawn in the plane.
const MAX_PLANE_UNITS: usize = 64;

/// What the Data screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataSubject {
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

impl DataSubject {
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

/// What was chosen on the Data screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct DataSelection {
    /// What to show; until it is chosen, what suits the data.
    subject: Option<DataSubject>,
    /// Which part of the data.
    pub split: SplitName,
    /// What is selected in each subject, counted in its own order; of the confusion row by row.
    selected: [usize; DataSubject::ALL.len()],
    /// Which of [`DataScreen::plane_layers`] is drawn unit by unit.
    layer: Option<usize>,
    /// Which page of its units.
    page: usize,
}

/// The newest answer that fits what is shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownAnswer<'a, T> {
    /// Minibatches completed when it was given.
    pub step: u64,
    /// How many entries it passes over.
    pub first: usize,
    /// What was answered.
    pub answer: &'a T,
}

/// The Data screen: the run as it is shown, what was chosen, and the size of the window.
#[derive(Clone, Copy, Debug)]
pub struct DataScreen<'a> {
    watched: &'a WatchedRun,
    run: &'a Run,
    view: DataSelection,
    /// Columns and rows of the window.
    size: (u16, u16),
    /// Whether the page shows the plane, the samples or the weights alone.
    expanded: bool,
}

impl<'a> DataScreen<'a> {
    pub(super) fn new(watched: &'a WatchedRun, view: DataSelection, size: (u16, u16), expanded: bool) -> Self {
        Self { watched, run: watched.shown(), view, size, expanded }
    }

    /// What can be shown of these data, the first of it without being asked for.
    pub fn subjects(&self) -> Vec<DataSubject> {
        let plane = sample_shape(self.run) == [2];
        let fits = |subject: &DataSubject| match subject {
            DataSubject::Plane => plane,
            DataSubject::Weights => find_pictured_layer(self.run).is_some(),
            DataSubject::Samples | DataSubject::Mistakes | DataSubject::Confusion => true,
        };
        DataSubject::ALL.into_iter().filter(fits).collect()
    }

    /// What is shown.
    pub fn subject(&self) -> DataSubject {
        let subjects = self.subjects();
        let chosen = self.view.subject.filter(|subject| subjects.contains(subject));
        chosen.or(subjects.first().copied()).unwrap_or(DataSubject::Samples)
    }

    /// The part of the data that is shown, in words; `None` for what belongs to no chosen part.
    pub fn split_words(&self) -> Option<&'static str> {
        match (self.subject(), self.view.split) {
            (DataSubject::Plane | DataSubject::Weights, _) => None,
            (_, SplitName::Train) => Some("training data"),
            (_, SplitName::Test | SplitName::Unknown) => Some("test data"),
        }
    }

    /// The layers whose units can be drawn in the plane.
    pub fn plane_layers(&self) -> Vec<&'a ChainLayer> {
        self.run.layers.chain().iter().filter(|layer| layer.output.len() == 1).collect()
    }

    /// The layer whose units are drawn, and its place in [`DataScreen::plane_layers`]; the last hidden one unless
    /// another was chosen.
    pub fn plane_layer(&self) -> Option<(usize, &'a ChainLayer)> {
        let layers = self.plane_layers();
        let last = layers.len().checked_sub(1)?;
        let place = self.view.layer.unwrap_or(last.saturating_sub(1)).min(last);
        layers.get(place).map(|layer| (place, *layer))
    }

    /// Units of that layer which are drawn, on however many pages.
    pub fn plane_unit_count(&self) -> usize {
        self.plane_layer().map_or(0, |(_, layer)| layer.output.iter().product::<usize>().min(MAX_PLANE_UNITS))
    }

    /// Place of the first unit on the current page, of `page` units each.
    pub fn first_unit_on_page(&self, page: usize) -> usize {
        let pages = self.plane_unit_count().div_ceil(page.max(1)).max(1);
        self.view.page % pages * page.max(1)
    }

    /// Width over height of the part of the plane that is shown; 1 until it is known.
    pub fn plane_aspect(&self) -> f64 {
        let edges = self.plane_points().map(|shown| (shown.answer.x, shown.answer.y));
        let ratio = edges.map_or(1.0, |(x, y)| (x[1] - x[0]) / (y[1] - y[0]));
        if ratio.is_finite() && ratio > 0.0 { ratio.clamp(0.25, 4.0) } else { 1.0 }
    }

    /// How an `area` in cells is divided for the plane.
    pub fn plane_layout(&self, area: (u16, u16)) -> PlaneLayout {
        PlaneLayout::of(area, self.plane_aspect(), self.plane_unit_count(), self.expanded)
    }

    /// Columns and rows below the heading in the window as it is.
    fn content_area(&self) -> (u16, u16) {
        let (columns, _) = layout::area_below_heading(self.size, 0);
        let banner = Banner::of(self.watched).map_or(0, |banner| banner.lines(columns).len() as u16);
        layout::area_below_heading(self.size, banner)
    }

    /// How the page is divided for samples or weights.
    pub fn tile_layout(&self) -> TileLayout {
        let convolution = find_pictured_layer(self.run).is_some_and(|layer| is_convolution(&layer.kind));
        let picture = match (self.subject(), sample_shape(self.run)) {
            (DataSubject::Weights, _) if convolution => Some((12, 12)),
            (_, &[_, height, width]) => Some((width.min(64), height.min(64))),
            _ => None,
        };
        TileLayout::of(self.content_area(), picture, self.expanded)
    }

    /// Entries that there are in all of what is shown, as far as is known.
    pub fn entry_count(&self) -> usize {
        match self.subject() {
            DataSubject::Plane => 0,
            DataSubject::Samples => self.sample_page().map_or(0, |shown| shown.answer.samples),
            DataSubject::Mistakes => self.sample_page().map_or(0, |shown| shown.answer.mistakes),
            DataSubject::Confusion => self.confusion_matrix().map_or(0, |shown| shown.answer.classes.pow(2)),
            DataSubject::Weights => self.filter_pictures().map_or(0, |shown| shown.answer.total),
        }
    }

    /// Place of what is selected, in the order in which it is shown.
    pub fn selected_entry(&self) -> usize {
        self.view.selected[self.subject() as usize].min(self.entry_count().saturating_sub(1))
    }

    /// What the Data screen wants to know.
    pub(super) fn wanted_queries(&self) -> Vec<Query> {
        let tiles = self.tile_layout();
        let count = tiles.entries_per_page();
        let first = self.selected_entry() / count * count;
        let split = self.view.split;
        let samples = |show, order| Query::Samples { split, show, order, first, count };
        match self.subject() {
            DataSubject::Plane => self.wanted_plane_queries(),
            DataSubject::Samples => vec![samples(SampleFilter::All, SampleOrder::Index)],
            DataSubject::Mistakes => vec![samples(SampleFilter::Mistakes, SampleOrder::Loss)],
            DataSubject::Confusion => vec![Query::Confusion { split }],
            DataSubject::Weights => {
                let layer = find_pictured_layer(self.run).map(|layer| layer.index);
                layer.map(|layer| Query::Filters { layer, first, count }).into_iter().collect()
            }
        }
    }

    fn wanted_plane_queries(&self) -> Vec<Query> {
        let room = self.plane_layout(self.content_area());
        let (columns, rows) = layout::boundary_grid_size(room.plane, MAX_GRID_CELLS);
        let mut queries = vec![Query::Points, Query::Boundary { columns, rows }];
        if let Some((_, layer)) = self.plane_layer().filter(|_| room.across > 0) {
            let most = MAX_UNIT_VALUES / self.plane_unit_count().max(1);
            let (columns, rows) = layout::boundary_grid_size(room.tile, most.min(MAX_GRID_CELLS));
            queries.push(Query::Units { layer: layer.index, columns, rows });
        }
        queries
    }

    /// The points of the plane.
    pub fn plane_points(&self) -> Option<ShownAnswer<'a, PlanePoints>> {
        shown_answer(self.run.answers.answer_to(&Query::Points)?, |answer| match answer {
            Answer::Points(points) => Some(points),
            _ => None,
        })
    }

    /// The predicted class everywhere in the plane.
    pub fn decision_boundary(&self) -> Option<ShownAnswer<'a, DecisionBoundary>> {
        shown_answer(self.run.answers.answer_like(&Query::Boundary { columns: 0, rows: 0 })?, |answer| match answer {
            Answer::Boundary(boundary) => Some(boundary),
            _ => None,
        })
    }

    /// What the units of the chosen layer do in the plane.
    pub fn unit_maps(&self) -> Option<ShownAnswer<'a, UnitMaps>> {
        let layer = self.plane_layer()?.1.index;
        let inspection = self.run.answers.answer_like(&Query::Units { layer, columns: 0, rows: 0 })?;
        shown_answer(inspection, |answer| match answer {
            Answer::Units(maps) if maps.layer == layer => Some(maps),
            _ => None,
        })
    }

    /// The current page of samples, or the one before until it is there.
    pub fn sample_page(&self) -> Option<ShownAnswer<'a, SamplePage>> {
        let (split, wanted) = (self.view.split, self.subject() == DataSubject::Mistakes);
        let like = Query::Samples { split, show: SampleFilter::All, order: SampleOrder::Index, first: 0, count: 0 };
        let inspection = self.run.answers.answer_like(&like)?;
        let Query::Samples { split: of, show, .. } = inspection.query else { return None };
        shown_answer(inspection, |answer| match answer {
            Answer::Samples(page) if of == split && (show == SampleFilter::Mistakes) == wanted => Some(page),
            _ => None,
        })
    }

    /// The confusion matrix.
    pub fn confusion_matrix(&self) -> Option<ShownAnswer<'a, ConfusionMatrix>> {
        shown_answer(self.run.answers.answer_to(&Query::Confusion { split: self.view.split })?, |answer| match answer {
            Answer::Confusion(confusion) => Some(confusion),
            _ => None,
        })
    }

    /// The weights that are shown as pictures.
    pub fn filter_pictures(&self) -> Option<ShownAnswer<'a, FilterPictures>> {
        let layer = find_pictured_layer(self.run)?.index;
        let inspection = self.run.answers.answer_like(&Query::Filters { layer, first: 0, count: 0 })?;
        shown_answer(inspection, |answer| match answer {
            Answer::Filters(filters) if filters.layer == layer => Some(filters),
            _ => None,
        })
    }

    /// The layer whose weights are shown as pictures.
    pub fn pictured_layer(&self) -> Option<&'a ChainLayer> {
        find_pictured_layer(self.run)
    }

    /// The selected sample, if it is known.
    pub fn selected_sample(&self) -> Option<&'a ClassifiedSample> {
        let page = self.sample_page()?;
        page.answer.entries.get(self.selected_entry().checked_sub(page.first)?)
    }

    /// A figure over the whole planned run in `count` columns.
    pub fn figure_trends(&self, figure: &ChartFigure, count: usize) -> FigureTrends {
        trends::figure_trends(self.run, figure, count)
    }

    /// The last step of the whole planned run, which is at the right edge of [`FigureTrends`].
    pub fn last_planned_step(&self) -> u64 {
        trends::planned_steps(self.run).last
    }

    /// Why there is nothing to show, and what will change that.
    pub fn why_empty(&self) -> String {
        let wanted = self.wanted_queries();
        let every = self.run.info.as_ref().and_then(|info| info.evaluate_every).unwrap_or(0);
        let comes_later = self.view.split == SplitName::Test && every > self.run.step;
        match self.watched.empty_answer_reason(&wanted) {
            Some(reason) if comes_later && self.watched.inspection_unavailable().is_none() => {
                format!("{reason}: the first comes at step {every}, or when the run is paused")
            }
            _ => self.watched.why_unanswered(&wanted),
        }
    }

    /// The same screen after another choice.
    fn with_selection(self, view: DataSelection) -> Self {
        Self { view, ..self }
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
fn find_pictured_layer(run: &Run) -> Option<&ChainLayer> {
    if sample_shape(run).len() != 3 {
        return None;
    }
    let chain = run.layers.chain();
    let at = chain.iter().position(|layer| matches!(layer.kind, LayerKind::Conv { .. } | LayerKind::Linear { .. }))?;
    let reads_pixels = || chain[..at].iter().all(|layer| layer.role.keeps_places());
    chain.get(at).filter(|layer| is_convolution(&layer.kind) || reads_pixels())
}

fn shown_answer<'a, T>(
    inspection: &'a Inspection,
    answer: impl Fn(&'a Answer) -> Option<&'a T>,
) -> Option<ShownAnswer<'a, T>> {
    let first = match inspection.query {
        Query::Samples { first, .. } => first,
        _ => 0,
    };
    let first = if let Answer::Filters(filters) = &inspection.answer { filters.first } else { first };
    answer(&inspection.answer).map(|answer| ShownAnswer { step: inspection.step, first, answer })
}
