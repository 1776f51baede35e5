//! The metrics that a source tells about, their values over the steps, and the figures of which charts are made.

use std::collections::HashMap;

use crate::protocol::{Better, BranchId, DataPart, MetricId, MetricInfo, MetricValue, Unit};

use super::branches::Lineage;
use super::display::name;
use super::track::Track;

/// Most metrics that are kept.
const MAX_METRICS: usize = 4096;

/// Ids from this one on are not kept: tables are made by id.
const END_OF_IDS: u32 = 1 << 16;

/// Longest tag in bytes; a metric with a longer one is not kept.
const MAX_TAG_BYTES: usize = 256;

/// Buckets a level of a series in sight: a chart over the whole width of a large terminal stays sharp.
const SEEN: usize = 2048;

/// So many metrics are kept as if they were in sight.
const FEW: usize = 16;

/// What a source told about its metrics, by their ids. Texts in it are safe to show but for the tags.
#[derive(Clone, Debug, Default)]
pub struct MetricIndex {
    infos: Vec<MetricInfo>,
    /// Place of each id among them.
    places: Vec<Option<u16>>,
}

impl MetricIndex {
    /// Takes in metrics that are new, and gives the number of those that can't be kept.
    pub fn learn(&mut self, infos: Vec<MetricInfo>) -> usize {
        let mut refused = 0;
        for mut info in infos {
            if self.place(info.id).is_some() {
                continue;
            }
            let place = u16::try_from(self.infos.len()).ok().filter(|place| usize::from(*place) < MAX_METRICS);
            let (Some(place), true) = (place, info.id.0 < END_OF_IDS && info.tag.len() <= MAX_TAG_BYTES) else {
                refused += 1;
                continue;
            };
            info.title = name(if info.title.is_empty() { &info.tag } else { &info.title });
            info.short = info.short.map(|short| name(&short));
            if let Unit::Named(unit) = &mut info.unit {
                *unit = name(unit);
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
    pub fn place(&self, id: MetricId) -> Option<usize> {
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
    index: MetricIndex,
    tracks: Vec<Track>,
    figures: Vec<Figure>,
}

/// What one chart shows: a metric, or the same metric on the data that are trained on and on data held out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
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
    pub train: Option<Curve>,
    /// The curve of the evaluations.
    pub test: Option<Curve>,
}

/// One curve of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// The part of the data in a word, for a legend; empty where there are no parts.
    pub word: &'static str,
    /// Place of the metric in its store.
    place: usize,
}

impl MetricStore {
    /// Takes in metrics that are new, and gives the number of those that can't be kept.
    pub fn learn(&mut self, infos: Vec<MetricInfo>) -> usize {
        let refused = self.index.learn(infos);
        self.tracks.resize_with(self.index.infos.len(), Track::default);
        if self.tracks.len() <= FEW {
            self.tracks.iter_mut().for_each(|track| track.grow(SEEN));
        }
        self.figures = figures(self.index.infos());
        refused
    }

    /// Appends values on the current branch; those of unknown metrics are left out. Whether all were finite.
    pub fn push(&mut self, lineage: &Lineage, step: u64, values: &[MetricValue]) -> bool {
        let mut finite = true;
        for MetricValue(id, value) in values {
            finite &= value.is_finite();
            if let Some(place) = self.index.place(*id) {
                self.tracks[place].push(lineage, step, *value);
            }
        }
        finite
    }

    /// Keeps a figure sharp from now on, because somebody looks.
    pub fn keep_sharp(&mut self, figure: usize) {
        let curves = self.figures.get(figure).map(|figure| [figure.train, figure.test]).unwrap_or_default();
        curves.into_iter().flatten().for_each(|curve| self.tracks[curve.place].grow(SEEN));
    }

    /// Forgets a branch.
    pub fn forget(&mut self, branch: BranchId) {
        self.tracks.iter_mut().for_each(|track| track.forget(branch));
    }

    /// What the source told of its metrics.
    pub fn infos(&self) -> &[MetricInfo] {
        self.index.infos()
    }

    /// All figures, those that matter most first.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The values of a curve.
    pub fn track(&self, curve: Curve) -> &Track {
        &self.tracks[curve.place]
    }

    /// The values of the metric with this tag.
    pub fn tagged(&self, tag: &str) -> Option<&Track> {
        let place = self.index.infos().iter().position(|info| info.tag == tag)?;
        self.tracks.get(place)
    }

    /// What the source told of a metric.
    pub fn info(&self, id: MetricId) -> Option<&MetricInfo> {
        self.index.infos().get(self.index.place(id)?)
    }

    /// Bytes held by the values.
    pub fn memory(&self) -> usize {
        self.tracks.capacity() * size_of::<Track>() + self.tracks.iter().map(Track::memory).sum::<usize>()
    }
}

/// Pairs metrics by what is after the slash of their tags; what finds no partner is a figure by itself.
fn figures(infos: &[MetricInfo]) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    let mut named: HashMap<&str, usize> = HashMap::new();
    for (place, info) in infos.iter().enumerate() {
        let (part, name) = info.part();
        let curve = |word| Some(Curve { word, place });
        let at = *named.entry(name).or_insert(figures.len());
        if let Some(partner) = figures.get_mut(at) {
            let free = match part {
                DataPart::Train => Some((&mut partner.train, "train")),
                DataPart::Held(word) => Some((&mut partner.test, word)),
                DataPart::Whole => None,
            };
            if let Some((place, word)) = free.filter(|(place, _)| place.is_none()) {
                *place = curve(word);
                continue;
            }
        }
        figures.push(Figure {
            // A second one of the same name is told apart by its whole tag.
            name: if at < figures.len() { info.tag.clone() } else { name.to_owned() },
            title: info.title.clone(),
            unit: info.unit.clone(),
            floor: info.floor,
            ceiling: info.ceiling,
            better: info.better,
            train: match part {
                DataPart::Train => curve("train"),
                DataPart::Whole => curve(""),
                DataPart::Held(_) => None,
            },
            test: if let DataPart::Held(word) = part { curve(word) } else { None },
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
