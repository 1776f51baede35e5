//! The layers of the network: one row each for those that have parameters, and all of them as a chain.

use std::collections::BTreeMap;

use crate::protocol::{
    BranchId, Health, LayerEquations, LayerInfo, LayerKind, LayerProbe, LayerRole, LossInfo, MetricId, MetricInfo,
    MetricValue, MetricValues, Unit,
};

use super::branches::{Lineage, RunPosition};
use super::display::{harmless_name, harmless_sentence, shape_text};
use super::metric::MetricCatalog;
use super::series::{Column, Extent, StepRange};
use super::track::MetricTrack;

/// Most rows; a network with more layers shows its first ones.
const MAX_LAYER_ROWS: usize = 256;

/// Most layers of the chain that are kept, those without parameters included.
const MAX_CHAIN_LAYERS: usize = 1024;

/// Most dimensions of a shape that are kept.
const MAX_SHAPE_DIMENSIONS: usize = 8;

/// Most values of a probe that are kept.
const MAX_PROBE_VALUES: usize = 64;

/// Most lines of a layer's equations that are kept.
const MAX_EQUATION_LINES: usize = 8;

/// Buckets per level of a layer's values at full detail: a whole run is drawn from at least a quarter of them, about as
/// many as the widest sparkline worth drawing has columns.
const DETAILED_LEVEL_BUCKETS: usize = 768;

/// Up to this many values of all rows together are kept at full detail.
const MAX_ALWAYS_DETAILED_TRACKS: usize = 256;

/// One layer that has parameters.
#[derive(Clone, Debug)]
pub struct LayerRow {
    /// Place of the layer in the chain.
    pub index: usize,
    /// Path, kind and the activation that follows: `0 linear → relu`.
    pub name: String,
    /// The activation that follows directly: `relu`.
    pub activation: Option<String>,
    /// Shape of one sample before and after it: `784 → 256`; empty where it is unknown.
    pub shape: String,
    /// Number of trained values, where it is known.
    pub parameters: Option<u64>,
    /// What the probe saw last.
    pub last_probe: Option<ProbedLayer>,
    /// One for each quantity of [`Layers::quantities`].
    tracks: Vec<MetricTrack>,
}

/// What the probe saw of a layer at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbedLayer {
    /// When.
    pub at: RunPosition,
    /// Values of [`Layers::quantities`], those that there are; others may be among them.
    pub values: MetricValues,
    /// The verdict, where there is one.
    pub health: Option<Health>,
}

/// One column of a sparkline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SparklineCell {
    /// No sample.
    Empty,
    /// NaN or infinite.
    Broken,
    /// Height of the largest value, 0 to 1.
    Height(f64),
}

impl SparklineCell {
    /// Cells of these heights. A gap up to the column `last` keeps the height before it, which nothing has changed.
    pub(super) fn cells_of(columns: &[Column], last: usize, height: impl Fn(Extent) -> f64) -> Vec<Self> {
        let mut previous = Self::Empty;
        let cell = |(place, column): (usize, &Column)| {
            previous = match column.extent {
                _ if column.broken => Self::Broken,
                Some(extent) => Self::Height(height(extent)),
                None if place <= last && matches!(previous, Self::Height(_)) => previous,
                None => Self::Empty,
            };
            previous
        };
        columns.iter().enumerate().map(cell).collect()
    }
}

impl LayerRow {
    /// The values of a quantity over the steps.
    pub fn track(&self, quantity: usize) -> Option<&MetricTrack> {
        self.tracks.get(quantity)
    }

    /// The newest values of the quantities on a way, as far as they are kept.
    fn remembered_probe(&self, quantities: &[MetricInfo], lineage: &Lineage) -> Option<ProbedLayer> {
        let known = quantities.iter().zip(&self.tracks).take(MAX_PROBE_VALUES);
        let newest = known.filter_map(|(info, track)| Some((info.id, track.latest_value(lineage)?)));
        let newest: Vec<(MetricId, (u64, f64))> = newest.collect();
        let step = newest.iter().map(|(_, (step, _))| *step).max()?;
        let values = newest.into_iter().map(|(id, (_, value))| MetricValue(id, value)).collect();
        Some(ProbedLayer { at: lineage.position_at(step)?, values, health: None })
    }
}

/// The scale of the sparklines of all rows: equal values are equally high in any of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SparklineScale {
    /// Shares from 0 to 1.
    Shares,
    /// A log scale from one value to another, in powers of ten; nothing is known where they are infinite.
    Log {
        /// What is at the lower edge.
        low: f64,
        /// What is at the upper edge.
        high: f64,
    },
}

impl SparklineScale {
    /// The scale on which the smallest and the largest value of all `rows` are at the edges; shares have their own.
    pub fn of(rows: &[Vec<Column>], unit: &Unit) -> Self {
        if *unit == Unit::Share {
            return Self::Shares;
        }
        let extents = rows.iter().flatten().filter_map(|column| column.extent);
        // Also the smallest, since the number beside a sparkline is the newest value and not the largest of its column.
        let values = extents.flat_map(|extent| [extent.min, extent.max]);
        let logs = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) =
            logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
        // Less than a factor of two between the extremes is told as less than the full height.
        let (middle, half) = (f64::midpoint(low, high), (high - low).max(2f64.log10()) / 2.0);
        Self::Log { low: middle - half, high: middle + half }
    }

    /// The values at the lower and at the upper edge; `None` where nothing positive is in sight.
    pub fn edges(self) -> Option<(f64, f64)> {
        match self {
            Self::Shares => Some((0.0, 1.0)),
            Self::Log { low, high } => {
                let edges = (10f64.powf(low), 10f64.powf(high));
                (edges.0.is_finite() && edges.1.is_finite()).then_some(edges)
            }
        }
    }

    /// The largest values of columns.
    pub fn cells(self, columns: &[Column]) -> Vec<SparklineCell> {
        let height = |extent: Extent| match self {
            Self::Shares => extent.max.clamp(0.0, 1.0),
            Self::Log { low, high } if extent.max > 0.0 => ((extent.max.log10() - low) / (high - low)).clamp(0.0, 1.0),
            Self::Log { .. } => 0.0,
        };
        SparklineCell::cells_of(columns, columns.len(), height)
    }
}

/// One layer of the network, with parameters or without. Texts in it are safe to show.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainLayer {
    /// Its place in the chain, by which the protocol names it.
    pub index: usize,
    /// Its path: `3`, `body.0.conv1`.
    pub path: String,
    /// What it computes.
    pub kind: LayerKind,
    /// The part that it plays.
    pub role: LayerRole,
    /// Its kind with its settings, to be shown: `dropout 0.2`.
    pub text: String,
    /// Shape of one sample at its input; empty where it is unknown.
    pub input: Vec<usize>,
    /// Shape of one sample at its output; empty where it is unknown.
    pub output: Vec<usize>,
    /// Number of trained values, where it is known; 0 for an activation.
    pub parameters: Option<u64>,
    /// What it computes in symbols, where the source told.
    pub equations: Option<LayerEquations>,
}

impl ChainLayer {
    pub(super) fn of(index: usize, info: &LayerInfo) -> Self {
        let dimensions =
            |shape: &Option<Vec<usize>>| shape.iter().flatten().take(MAX_SHAPE_DIMENSIONS).copied().collect::<Vec<_>>();
        let kind = match &info.kind {
            LayerKind::Other { kind, .. } => LayerKind::Other { kind: harmless_name(kind), settings: BTreeMap::new() },
            known => known.clone(),
        };
        Self {
            index,
            path: harmless_name(&info.path),
            kind,
            role: info.role,
            text: harmless_name(if info.text.is_empty() { info.kind.word() } else { &info.text }),
            input: dimensions(&info.input),
            output: dimensions(&info.output),
            parameters: info.parameters,
            equations: info.equations.as_ref().map(harmless_equations),
        }
    }

    /// Whether it has parameters, as far as is known: where their number is unknown, its role decides.
    pub fn is_trained(&self) -> bool {
        use LayerRole::{Activation, Block, Pooling, Regularization, Shape};
        let without = matches!(self.role, Activation | Pooling | Regularization | Shape | Block);
        self.parameters.map_or(!without, |count| count > 0)
    }

    /// Path and kind: `0 linear 256`.
    pub fn title(&self) -> String {
        format!("{} {}", self.path, self.text)
    }
}

/// Equations as they can be shown.
fn harmless_equations(equations: &LayerEquations) -> LayerEquations {
    let lines = |lines: &[String]| lines.iter().take(MAX_EQUATION_LINES).map(|line| harmless_sentence(line)).collect();
    LayerEquations {
        forward: lines(&equations.forward),
        backward: lines(&equations.backward),
        symbols: harmless_sentence(&equations.symbols),
    }
}

/// The layers of a network.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    rows: Vec<LayerRow>,
    chain: Vec<ChainLayer>,
    loss: Option<LossInfo>,
    quantities: MetricCatalog,
}

impl Layers {
    /// Rows for a network; what follows a layer and has no parameters of its own is named in its row.
    pub fn of(layers: &[LayerInfo], loss: Option<&LossInfo>) -> Self {
        let chain: Vec<ChainLayer> =
            layers.iter().take(MAX_CHAIN_LAYERS).enumerate().map(|(i, info)| ChainLayer::of(i, info)).collect();
        let mut rows: Vec<LayerRow> = Vec::new();
        let mut followed = false;
        for layer in &chain {
            if layer.is_trained() {
                if rows.len() == MAX_LAYER_ROWS {
                    break;
                }
                let known = !layer.input.is_empty() && !layer.output.is_empty();
                rows.push(LayerRow {
                    index: layer.index,
                    name: layer.title(),
                    activation: None,
                    shape: if known {
                        format!("{} → {}", shape_text(&layer.input), shape_text(&layer.output))
                    } else {
                        String::new()
                    },
                    parameters: layer.parameters,
                    last_probe: None,
                    tracks: Vec::new(),
                });
                followed = false;
            } else if let Some(row) = rows.last_mut().filter(|_| !followed && layer.role != LayerRole::Block) {
                row.name = format!("{} → {}", row.name, layer.text);
                row.activation = (layer.role == LayerRole::Activation).then(|| layer.text.clone());
                followed = true;
            }
        }
        let loss = loss.filter(|_| !chain.is_empty()).map(|loss| LossInfo {
            text: harmless_sentence(&loss.text),
            equations: loss.equations.as_ref().map(harmless_equations),
        });
        Self { rows, chain, loss, quantities: MetricCatalog::default() }
    }

    /// Takes in quantities that are new, and gives the number of those that can't be kept.
    pub fn add_quantity_infos(&mut self, quantities: Vec<MetricInfo>) -> usize {
        let refused = self.quantities.add_metric_infos(quantities);
        let count = self.quantities.infos().len();
        let few = count * self.rows.len() <= MAX_ALWAYS_DETAILED_TRACKS;
        for row in &mut self.rows {
            row.tracks.resize_with(count, MetricTrack::default);
            if few {
                row.tracks.iter_mut().for_each(|track| track.grow(DETAILED_LEVEL_BUCKETS));
            }
        }
        refused
    }

    /// Keeps a quantity at full detail from now on, because it is shown.
    pub fn keep_full_detail(&mut self, quantity: usize) {
        self.rows
            .iter_mut()
            .filter_map(|row| row.tracks.get_mut(quantity))
            .for_each(|track| track.grow(DETAILED_LEVEL_BUCKETS));
    }

    /// The step of the newest value of a quantity, of those up to a step if one is given.
    pub fn probed_step(&self, lineage: &Lineage, quantity: usize, until: Option<u64>) -> Option<u64> {
        let after = until.map_or(u64::MAX, |until| until.saturating_add(1));
        let found = |row: &LayerRow| row.track(quantity)?.before(lineage, after);
        self.rows.iter().find_map(found).map(|(step, _)| step)
    }

    /// Takes in what the probe saw at `step` on the current branch.
    pub fn record_probe(&mut self, lineage: &Lineage, step: u64, probes: Vec<LayerProbe>) {
        let newest = lineage.newest_stretch();
        let at = RunPosition { branch: newest.branch, step };
        let mut next = 0;
        for mut probe in probes.into_iter().take(MAX_LAYER_ROWS) {
            // Probes come in the order of the rows, so there is nearly nothing to search.
            let is_of = |row: &LayerRow| row.index == probe.layer;
            let expected = self.rows.get(next).is_some_and(is_of).then_some(next);
            let Some(found) = expected.or_else(|| self.rows.iter().position(is_of)) else { continue };
            next = found + 1;
            let row = &mut self.rows[found];
            for value in &probe.values {
                if let Some(place) = self.quantities.place_of(value.0) {
                    row.tracks[place].push(newest, step, value.1, 1.0);
                }
            }
            if row.last_probe.as_ref().is_none_or(|look| look.at.step < step || !lineage.contains(look.at)) {
                probe.values.truncate(MAX_PROBE_VALUES);
                probe.values.shrink_to_fit();
                let health = probe.health.filter(|health| *health != Health::Unknown);
                row.last_probe = Some(ProbedLayer { at, values: probe.values, health });
            }
        }
    }

    /// Forgets a branch.
    pub fn forget_branch(&mut self, branch: BranchId) {
        for row in &mut self.rows {
            row.tracks.iter_mut().for_each(|track| track.forget_branch(branch));
            row.last_probe.take_if(|look| look.at.branch == branch);
        }
    }

    /// Drops what the probe saw on a branch that is left, after the place where it is left. What is still known of what it
    /// saw last before takes its place, without a verdict: that was on more than these values.
    pub fn follow_lineage(&mut self, lineage: &Lineage) {
        for row in &mut self.rows {
            row.last_probe.take_if(|look| !lineage.contains(look.at));
            if row.last_probe.is_none() {
                row.last_probe = row.remembered_probe(self.quantities.infos(), lineage);
            }
        }
    }

    /// Every layer in the order of the forward pass.
    pub fn chain(&self) -> &[ChainLayer] {
        &self.chain
    }

    /// What the last layer's output is judged by, where it is known.
    pub fn loss(&self) -> Option<&LossInfo> {
        self.loss.as_ref()
    }

    /// The last place of the chain that can be selected: that of the loss, or else of the last layer.
    pub fn last_chain_place(&self) -> usize {
        if self.loss.is_some() { self.chain.len() } else { self.chain.len().saturating_sub(1) }
    }

    /// The rows in the network's order.
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// What is measured of the layers.
    pub fn quantities(&self) -> &[MetricInfo] {
        self.quantities.infos()
    }

    /// The values of a quantity of a row in `count` columns.
    pub fn quantity_columns(
        &self,
        lineage: &Lineage,
        row: &LayerRow,
        quantity: usize,
        steps: StepRange,
        count: usize,
    ) -> Vec<Column> {
        row.track(quantity).map_or_else(|| vec![Column::default(); count], |track| track.columns(lineage, steps, count))
    }

    /// Bytes held by the values.
    pub fn memory_bytes(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.tracks).map(|track| size_of::<MetricTrack>() + track.memory_bytes()).sum()
    }
}
