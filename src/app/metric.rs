//! The metrics that a source tells about, their values over the steps, and the figures of which charts are made.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::protocol::{Better, BranchId, DataPart, MetricId, MetricInfo, MetricValue, Unit};

use super::branches::BranchStretch;
use super::display::harmless_name;
use super::track::MetricTrack;

/// Most metrics that are kept.
const MAX_METRICS: usize = 4096;

/// Ids from this one on are not kept: tables are made by id.
const METRIC_ID_LIMIT: u32 = 1 << 16;

/// Longest tag in bytes; a metric with a longer one is not kept.
const MAX_TAG_BYTES: usize = 256;

/// Buckets per level of a series at full detail: a whole run is drawn from at least a quarter of them, two per column of
/// a large terminal.
const DETAILED_LEVEL_BUCKETS: usize = 2048;

/// Up to this many metrics are all kept at full detail.
const MAX_ALWAYS_DETAILED_METRICS: usize = 16;

/// Most metrics that are kept at full detail: those that were shown last.
const MAX_DETAILED_METRICS: usize = 2 * MAX_ALWAYS_DETAILED_METRICS;

/// What a source told about its metrics, by their ids. Texts in it are safe to show but for the tags.
#[derive(Clone, Debug, Default)]
pub struct MetricCatalog {
    infos: Vec<MetricInfo>,
    /// Place of each id among them.
    places: Vec<Option<u16>>,
}

impl MetricCatalog {
    /// Takes in metrics that are new, and gives the number of those that can't be kept.
    pub fn add_metric_infos(&mut self, infos: Vec<MetricInfo>) -> usize {
        let mut refused = 0;
        for mut info in infos {
            if self.place_of(info.id).is_some() {
                continue;
            }
            let place = u16::try_from(self.infos.len()).ok().filter(|place| usize::from(*place) < MAX_METRICS);
            let (Some(place), true) = (place, info.id.0 < METRIC_ID_LIMIT && info.tag.len() <= MAX_TAG_BYTES) else {
                refused += 1;
                continue;
            };
            info.title = harmless_name(if info.title.is_empty() { &info.tag } else { &info.title });
            info.short = info.short.map(|short| harmless_name(&short));
            if let Unit::Named(unit) = &mut info.unit {
                *unit = harmless_name(unit);
            }
            let finite = |bound: Option<f64>| bound.filter(|bound| bound.is_finite());
            (info.floor, info.ceiling) = (finite(info.floor), finite(info.ceiling));
            let id = info.id.0 as usize;
            if self.places.len() <= id {
                self.places.resize(id + 1, None);
            }
            self.places[id] = Some(place);
            self.infos.push(info);
        }
        refused
    }

    /// Place of a metric among [`Self::infos`].
    pub fn place_of(&self, id: MetricId) -> Option<usize> {
        self.places.get(id.0 as usize).copied().flatten().map(usize::from)
    }

    /// The metrics, in the order in which they were told.
    pub fn infos(&self) -> &[MetricInfo] {
        &self.infos
    }
}

/// The metrics of a run with their values over the steps.
#[derive(Clone, Debug, Default)]
pub struct MetricStore {
    index: MetricCatalog,
    tracks: Vec<MetricTrack>,
    /// Whether a metric is a mean over the samples of a minibatch, as a loss or an accuracy, which are small or large for
    /// the better.
    sample_means: Vec<bool>,
    /// Those of them that are kept at full detail, the one shown last at the end.
    sharp: VecDeque<usize>,
    figures: Vec<ChartFigure>,
}

/// What one chart shows: a metric, or the same metric on the data that are trained on and on data held out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartFigure {
    /// What it is chosen by: the metric's tag without the part of the data.
    pub name: String,
    /// Its title, safe to show.
    pub title: String,
    /// What its values count.
    pub unit: Unit,
    /// The smallest value it can have.
    pub floor: Option<f64>,
    /// The largest value it can have.
    pub ceiling: Option<f64>,
    /// Which way is up.
    pub better: Better,
    /// The curve of the minibatches.
    pub train: Option<FigureCurve>,
    /// The curve of the evaluations.
    pub test: Option<FigureCurve>,
}

impl ChartFigure {
    /// Whether its values are means over samples, as of a loss or an accuracy, and vary with them from minibatch to
    /// minibatch.
    pub fn is_sample_mean(&self) -> bool {
        self.better != Better::None && self.train.is_some_and(|curve| !curve.word.is_empty())
    }
}

/// One curve of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FigureCurve {
    /// The part of the data in a word, for a legend; empty where there are no parts.
    pub word: &'static str,
    /// Place of the metric in its store.
    place: usize,
}

impl MetricStore {
    /// Takes in metrics that are new, and gives the number of those that can't be kept.
    pub fn add_metric_infos(&mut self, infos: Vec<MetricInfo>) -> usize {
        let refused = self.index.add_metric_infos(infos);
        let known = self.tracks.len();
        let new = self.index.infos[known..].iter();
        self.sample_means
            .extend(new.map(|info| info.data_part_and_name().0 == DataPart::Train && info.better != Better::None));
        self.tracks.resize_with(self.index.infos.len(), MetricTrack::default);
        for place in known..self.tracks.len().min(MAX_ALWAYS_DETAILED_METRICS) {
            self.raise_detail(place);
        }
        self.figures = pair_into_figures(self.index.infos());
        refused
    }

    /// Appends values on the branch that grows; those of unknown metrics are left out. Means over
    /// the samples of a minibatch are over `share` of a full one. Whether one that is meant to be small or large was not a number.
    pub fn push_values(&mut self, newest: BranchStretch, step: u64, values: &[MetricValue], share: f64) -> bool {
        let mut broken = false;
        for MetricValue(id, value) in values {
            if let Some(place) = self.index.place_of(*id) {
                broken |=
                    !value.is_finite() && matches!(self.index.infos[place].better, Better::Lower | Better::Higher);
                let weight = if self.sample_means[place] { share } else { 1.0 };
                self.tracks[place].push(newest, step, *value, weight);
            }
        }
        broken
    }

    /// Keeps a figure at full detail while it is shown, and until many others were shown after it.
    pub fn keep_full_detail(&mut self, figure: usize) {
        let curves = self.figures.get(figure).map(|figure| [figure.train, figure.test]).unwrap_or_default();
        for curve in curves.into_iter().flatten() {
            self.raise_detail(curve.place);
        }
    }

    fn raise_detail(&mut self, place: usize) {
        if self.sharp.back() == Some(&place) {
            return;
        }
        self.sharp.retain(|other| *other != place);
        self.sharp.push_back(place);
        self.tracks[place].grow(DETAILED_LEVEL_BUCKETS);
        if self.sharp.len() > MAX_DETAILED_METRICS
            && let Some(oldest) = self.sharp.pop_front()
        {
            self.tracks[oldest].keep_newest();
        }
    }

    /// Forgets a branch.
    pub fn forget_branch(&mut self, branch: BranchId) {
        self.tracks.iter_mut().for_each(|track| track.forget_branch(branch));
    }

    /// The same values with every step somewhere else, in the same order.
    #[must_use]
    pub fn with_steps(&self, place: &impl Fn(u64) -> u64) -> Self {
        Self {
            tracks: self.tracks.iter().map(|track| track.with_steps(place)).collect(),
            index: self.index.clone(),
            sample_means: self.sample_means.clone(),
            sharp: self.sharp.clone(),
            figures: self.figures.clone(),
        }
    }

    /// All figures, those that matter most first.
    pub fn figures(&self) -> &[ChartFigure] {
        &self.figures
    }

    /// The values of a curve.
    pub fn curve_track(&self, curve: FigureCurve) -> &MetricTrack {
        &self.tracks[curve.place]
    }

    /// What the source told of the metric of a curve.
    pub fn curve_info(&self, curve: FigureCurve) -> &MetricInfo {
        &self.index.infos()[curve.place]
    }

    /// The values of the metric with this tag.
    pub fn track_with_tag(&self, tag: &str) -> Option<&MetricTrack> {
        let place = self.index.infos().iter().position(|info| info.tag == tag)?;
        self.tracks.get(place)
    }

    /// What the source told of a metric.
    pub fn metric_info(&self, id: MetricId) -> Option<&MetricInfo> {
        self.index.infos().get(self.index.place_of(id)?)
    }

    /// Bytes held by the values.
    pub fn memory_bytes(&self) -> usize {
        self.tracks.capacity() * size_of::<MetricTrack>()
            + self.tracks.iter().map(MetricTrack::memory_bytes).sum::<usize>()
    }
}

/// Pairs metrics on the data that are trained on and on data held out by what is after the slash of their tags; what
/// finds no partner is a figure by itself.
fn pair_into_figures(infos: &[MetricInfo]) -> Vec<ChartFigure> {
    let mut figures: Vec<ChartFigure> = Vec::new();
    // The figure that pairs values of this name, and the names by which figures are chosen.
    let mut pairs: HashMap<&str, usize> = HashMap::new();
    let mut taken: HashSet<String> = HashSet::new();
    for (place, info) in infos.iter().enumerate() {
        let (part, name) = info.data_part_and_name();
        let curve = |word| Some(FigureCurve { word, place });
        let (train, test) = match part {
            DataPart::Train => (curve("train"), None),
            DataPart::HeldOut(word) => (None, curve(word)),
            DataPart::Whole => (curve(""), None),
        };
        if part != DataPart::Whole {
            let at = *pairs.entry(name).or_insert(figures.len());
            if let Some(partner) = figures.get_mut(at)
                && !(train.is_some() && partner.train.is_some() || test.is_some() && partner.test.is_some())
            {
                (partner.train, partner.test) = (partner.train.or(train), partner.test.or(test));
                continue;
            }
        }
        // A second one of the same name is told apart by its whole tag, and one of the same tag by its id.
        let names = [name.to_owned(), info.tag.clone(), format!("{}#{}", info.tag, info.id.0)];
        let Some(name) = names.into_iter().find(|name| taken.insert(name.clone())) else { continue };
        figures.push(ChartFigure {
            name,
            title: info.title.clone(),
            unit: info.unit.clone(),
            floor: info.floor,
            ceiling: info.ceiling,
            better: info.better,
            train,
            test,
        });
    }
    figures
}

/// A place for a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChartSlot {
    /// The upper or the left one.
    First,
    /// The lower or the right one.
    Second,
}

impl ChartSlot {
    /// Both, in the order in which they are filled.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::branches::Lineage;

    fn store(tags: &[&str]) -> MetricStore {
        let mut store = MetricStore::default();
        let infos = (0u32..).zip(tags).map(|(id, tag)| MetricInfo::new(id, tag, "").better(Better::Lower));
        assert_eq!(store.add_metric_infos(infos.collect()), 0);
        store
    }

    /// A figure's name, and the places of its curves.
    type Names<'a> = (&'a str, Option<usize>, Option<usize>);

    fn figures(store: &MetricStore) -> Vec<Names<'_>> {
        let place = |curve: Option<FigureCurve>| curve.map(|curve| curve.place);
        store.figures().iter().map(|figure| (figure.name.as_str(), place(figure.train), place(figure.test))).collect()
    }

    #[test]
    fn every_metric_is_in_one_figure_and_every_figure_has_a_name_of_its_own() {
        let cases: [(&[&str], &[Names<'_>]); 4] = [
            (&["train/loss", "val/loss"], &[("loss", Some(0), Some(1))]),
            (
                &["train/loss", "loss", "test/accuracy"],
                &[("loss", Some(0), None), ("loss#1", Some(1), None), ("accuracy", None, Some(2))],
            ),
            (&["loss", "train/loss", "test/loss"], &[("loss", Some(0), None), ("train/loss", Some(1), Some(2))]),
            (
                &["val/loss", "val/loss", "val/loss"],
                &[("loss", None, Some(0)), ("val/loss", None, Some(1)), ("val/loss#2", None, Some(2))],
            ),
        ];
        for (tags, expected) in cases {
            assert_eq!(figures(&store(tags)), expected, "{tags:?}");
        }
    }

    #[test]
    fn what_was_shown_long_ago_is_no_longer_kept_at_full_detail() {
        let tags: Vec<String> = (0..200).map(|tag| format!("group/{tag}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let mut store = store(&tags);
        for figure in 0..200 {
            store.keep_full_detail(figure);
        }
        let newest = Lineage::default().newest_stretch();
        let values: Vec<MetricValue> = (0..200).map(|id| MetricValue(MetricId(id), 1.0)).collect();
        assert!((1..=4000).all(|step| !store.push_values(newest, step, &values, 1.0)));
        let held: Vec<usize> = store.tracks.iter().map(MetricTrack::memory_bytes).collect();
        assert!(held[..200 - MAX_DETAILED_METRICS].iter().all(|held| *held < 32 << 10));
        assert!(held[200 - MAX_DETAILED_METRICS..].iter().all(|held| *held > 64 << 10));
    }
}
